//! Views in a channel: what is found, where, how much is held for it, and what it costs.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;

use crate::action::{Action, Block, BlockAs};
use crate::detector::{Pattern, Plan};
use crate::finding::{Finding, Judgement, Outcome as Found};
use crate::policy::rule::{Decision, Except, ExceptWhat, Mode, OnError, PolicySpec, RuleSpec, Unrewritable, Window};
use crate::policy::scanner::{self, ScanSet, Scanner, Shared, TrackerSpec};
use crate::policy::{Channel, Context, LabelInfo, RuleSet};
use crate::segment::{Direction, Kind, Media, Scope};
use crate::view::tests::readings;
use crate::view::{Path, Readers, encode};

fn pattern(source: &str) -> Pattern {
    Pattern::new(regex_syntax::parse(source).unwrap(), source.into())
}

fn rule(id: usize, pattern: Pattern, except: Option<&str>) -> RuleSpec {
    let except = except.map(|source| ExceptWhat::Pattern(Box::new(self::pattern(source))));
    RuleSpec {
        id: format!("r{id}").into(),
        description: None,
        tags: Arc::new([]),
        scope: Scope::ALL,
        when: None,
        detector: "test",
        plan: Plan::Patterns(vec![pattern]),
        except: except.into_iter().map(|what| Except { what, until: None, reason: None }).collect(),
        action: Action::Block(Block { message: None, status: None, as_: BlockAs::Error }),
        mode: Mode::Enforce,
        on_error: OnError::all(Decision::Block),
        unrewritable: Unrewritable::Block,
        window: Window::Sentence,
        max_match: 4096,
        origin: String::new(),
    }
}

fn context(rules: Vec<RuleSpec>) -> Context {
    let policy = PolicySpec {
        name: "p".into(),
        hash: "0".into(),
        mode: Mode::Enforce,
        on_error: OnError::all(Decision::Block),
        unreadable: Decision::Block,
        over_limit: crate::policy::rule::OverLimit::all(Decision::Block),
        unscannable: [Decision::Allow; Media::ALL.len()],
        unrewritable: Unrewritable::Block,
        expose: None,
        rules,
    };
    let labels = |_: &str, _: &str| -> Result<LabelInfo, String> { Err(String::new()) };
    let rules = Arc::new(RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap());
    Context::new(rules, Arc::new([0; 32]))
}

fn rules(sources: &[&str]) -> Context {
    context(sources.iter().enumerate().map(|(id, source)| rule(id, pattern(source), None)).collect())
}

fn channel(context: &Context) -> Channel {
    let plan = context.rules.plan_for(Scope::one(Direction::Response, Kind::Completion));
    Channel::new(context, Arc::clone(plan))
}

/// All that is found in a text that comes in such pieces.
fn findings(context: &Context, pieces: &[&str]) -> Vec<Finding> {
    let mut channel = channel(context);
    for piece in pieces {
        channel.feed(piece);
    }
    channel.finish();
    channel.judge();
    let mut findings = channel.findings().to_vec();
    findings.sort_by_key(|finding| (finding.range.start, finding.range.end, finding.rule));
    findings
}

fn found<'t>(context: &Context, text: &'t str) -> Vec<&'t str> {
    let by_char: Vec<String> = text.chars().map(String::from).collect();
    let by_char: Vec<&str> = by_char.iter().map(String::as_str).collect();
    let whole = findings(context, &[text]);
    assert_eq!(whole, findings(context, &by_char), "cut everywhere");
    whole.into_iter().map(|finding| &text[finding.range]).collect()
}

#[test]
fn a_finding_on_a_view_covers_whole_units() {
    let context = rules(&[r"EMP-\d{6}", "Zoë"]);
    assert_eq!(found(&context, "ask ＥＭＰ－１２３４５６!"), ["ＥＭＰ－１２３４５６"]);
    assert_eq!(found(&context, "E\u{200b}MP-1２3456\u{200b}"), ["E\u{200b}MP-1２3456"]);
    assert_eq!(found(&context, "for Zoe\u{308} and Zoë"), ["Zoe\u{308}", "Zoë"]);
    // "say EMP-123456 now": the finding begins and ends inside groups.
    let encoded = encode(b"say EMP-123456 now", true);
    let text = format!("run {encoded}.");
    assert_eq!(found(&context, &text), [&encoded[4..20]]);
    assert_eq!(encode(b" EMP-1234567", true).len(), 16, "twelve bytes are enough");
    assert_eq!(found(&context, &encode(b" EMP-1234567", true)).len(), 1);
}

#[test]
fn what_several_views_show_is_one_finding() {
    let context = rules(&[r"EMP-\d{6}"]);
    let text = "，EMP-123456，ＥMP-654321";
    let findings = findings(&context, &[text]);
    let seen: Vec<_> = findings.iter().map(|finding| (&text[finding.range.clone()], finding.seen.is_text())).collect();
    assert_eq!(seen, [("EMP-123456", true), ("ＥMP-654321", false)]);
    assert_eq!(context.rules.why(&findings[0]), r"EMP-\d{6}");
    assert_eq!(context.rules.why(&findings[1]), r"EMP-\d{6}, in the folded text");
}

#[test]
fn a_text_in_a_text_in_a_text() {
    let context = rules(&["secret word"]);
    let twice = encode(encode("the ｓｅｃｒｅｔ word".as_bytes(), true).as_bytes(), false);
    let findings = findings(&context, &[&twice]);
    assert_eq!(findings.len(), 1);
    let why = context.rules.why(&findings[0]);
    assert_eq!(why, "secret word, decoded from base64, decoded from base64, in the folded text");
    assert!(findings[0].range.start > 0 && findings[0].range.end <= twice.len());
}

#[test]
fn what_is_encoded_too_often_is_over_the_limit() {
    let context = rules(&["secret word"]);
    let mut text = "only a harmless text in here".to_owned();
    for depth in 0..=crate::view::MAX_DEPTH {
        let findings = findings(&context, &["see ", &text]);
        assert!(findings.is_empty(), "at depth {depth}: {findings:?}");
        text = encode(text.as_bytes(), true);
    }
    let whole = findings(&context, &["see ", &text]);
    let bounds: Vec<_> = whole.iter().map(|finding| (&finding.outcome, finding.range.clone())).collect();
    assert_eq!(bounds, [(&Found::OverLimit("views"), 4..4)]);
    found(&context, &format!("see {text}"));
}

#[test]
fn what_runs_on_in_the_text_does_so_behind_a_bound_of_views() {
    let runs = Pattern { run: true, ..pattern("BEGIN[A-Za-z0-9+/= ]+") };
    let context = context(vec![rule(0, runs, None)]);
    let deep = (0..=crate::view::MAX_DEPTH)
        .fold("only a harmless text in here".to_owned(), |text, _| encode(text.as_bytes(), true));
    let text = format!("BEGIN{} {deep} {}.", " x".repeat(3_000), "y ".repeat(6_000));
    let found = found(&context, &text);
    assert_eq!(found.len(), 2, "the run and the bound");
    assert_eq!(found[0], &text[..text.len() - 1]);
    assert_eq!(found[1], "");
}

#[test]
fn exceptions_and_those_who_want_the_text_itself() {
    let raw = Pattern { text_only: true, ..pattern("EMP") };
    let context = context(vec![rule(0, pattern(r"EMP-\d{6}"), Some("EMP-0{6}")), rule(1, raw, None)]);
    let judged = |text: &str| -> Vec<(usize, Judgement)> {
        findings(&context, &[text]).iter().map(|finding| (finding.rule, finding.judgement)).collect()
    };
    assert_eq!(judged("ＥＭＰ-000000"), [(0, Judgement::Exempt)]);
    assert_eq!(judged("ＥＭＰ-000001"), [(0, Judgement::Stands)]);
    let encoded = encode(b"   EMP-000000   ", true);
    assert_eq!(judged(&encoded), [(0, Judgement::Exempt)]);
}

const PATTERNS: &[&str] =
    &[r"EMP-\d{6}", r"\bkey\b", "é[a-z]{1,9}", "a.{0,60}z", r"(?i)secret", r"\d{3,5}", "[a-c]{2,700}1", r"x\b.{0,3}y"];

/// Every finding of one pattern by every view, each scanned whole by itself.
fn wanted(readers: Readers, source: &str, text: &str) -> Vec<(Range<usize>, bool, Path)> {
    let pattern = pattern(source);
    let spec = TrackerSpec { rule: 0, patterns: vec![&pattern], holds: true, disguised: false, max_match: 600 };
    let set = Arc::new(ScanSet::new(&[spec], &mut Shared::default()).unwrap());
    let mut out: Vec<(Range<usize>, bool, Path)> = Vec::new();
    for (path, seen) in readings(readers, text).0 {
        let mut scanner = Scanner::new(Arc::clone(&set));
        scanner.feed(&seen.text);
        scanner.finish();
        for hit in scanner.take_hits() {
            let (range, over) = (seen.span(hit.start..hit.end), hit.outcome == scanner::Outcome::OverLimit);
            if !out.iter().any(|known| (&known.0, known.1) == (&range, over)) {
                out.push((range, over, path));
            }
        }
    }
    out.sort_by_key(|(range, over, _)| (range.start, range.end, *over));
    out
}

/// Texts long enough for views to come and go in them.
fn long_texts() -> impl Strategy<Value = String> {
    let plain = ("[a-cekyx1 .]{1,12}", 20..160usize).prop_map(|(part, times)| part.repeat(times));
    let part = prop_oneof![
        3 => plain,
        3 => "(ＥMP-12345[６7]|k\u{200b}ey|e\u{301}[a-c]{1,3}|secr[ｅe]t|[，é\u{301}x１z]{1,4})",
        2 => "(EMP-123456|key|[a-c]{1,9}1| [xyz\"]{1,5})",
        1 => "[a-z é1]{12,60}".prop_map(|text| format!(" {} ", encode(text.as_bytes(), true))),
        2 => "( s\\.e\\.c\\.r\\.e\\.t|a3bc1 |k\\*e\\*y| [xyz4é] [a-c1] |<[a-z]{1,3}>x|-\\.- \\. -\\.-- / -\\. )",
    ];
    proptest::collection::vec(part, 1..9).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn views_that_come_and_go_find_what_each_finds_alone(
        text in long_texts(),
        picks in proptest::collection::vec(0..PATTERNS.len(), 1..4),
        sizes in proptest::collection::vec(1..700usize, 1..6),
        asks in 0..8u8,
    ) {
        let readers = |id: usize| if asks >> id & 1 == 1 { Readers::Asking } else { Readers::All };
        let rules = picks.iter().enumerate().map(|(id, &pick)| {
            let disguised = readers(id) == Readers::Asking;
            RuleSpec { max_match: 600, ..rule(id, Pattern { disguised, ..pattern(PATTERNS[pick]) }, None) }
        });
        let context = context(rules.collect());
        let mut channel = channel(&context);
        let (mut rest, mut sizes, mut open, mut known) = (&*text, sizes.iter().cycle(), 0, 0);
        while !rest.is_empty() {
            let mut size = (*sizes.next().unwrap()).min(rest.len());
            while !rest.is_char_boundary(size) {
                size += 1;
            }
            channel.feed(&rest[..size]);
            let late = channel.findings()[known..].iter().find(|finding| finding.range.start < open);
            prop_assert!(late.is_none(), "{:?} starts before {}, which was open", late, open);
            (rest, known, open) = (&rest[size..], channel.findings().len(), channel.open());
            channel.judge();
            channel.forget(open);
        }
        channel.finish();
        for (id, &pick) in picks.iter().enumerate() {
            let own = channel.findings().iter().filter(|finding| finding.rule == id);
            let mut found: Vec<_> =
                own.map(|finding| (finding.range.clone(), finding.outcome != Found::Found, finding.seen)).collect();
            found.sort_by_key(|(range, over, _)| (range.start, range.end, *over));
            prop_assert_eq!(found, wanted(readers(id), PATTERNS[pick], &text), "{}", PATTERNS[pick]);
        }
    }
}

#[test]
fn only_rules_that_ask_see_through_disguises() {
    let asks = Pattern { disguised: true, ..pattern("secret word") };
    let context = context(vec![rule(0, pattern("secret word"), None), rule(1, asks, Some("secret word!"))]);
    for (text, found, why) in [
        ("a s3cr3t w0rd!, no", "s3cr3t w0rd", "with letters for figures"),
        ("a s.e.c.r.e.t w.o.r.d, no", "s.e.c.r.e.t w.o.r.d", "with spelled words put together"),
        ("a s e c r e t   w o r d s", "s e c r e t   w o r d", "with spelled words put together"),
        ("a s**ec**ret <i>word</i>", "s**ec**ret <i>word", "without marks inside words"),
        ("a s**ec**ret * word, s3cret, w0rd", "", ""),
        ("a s**ec**ret w<b x=\"y\"></b>ord<!-- no -->", "s**ec**ret w<b x=\"y\"></b>ord", "without marks inside words"),
        ("a ... . -.-. .-. . - / .-- --- .-. -.. a", "... . -.-. .-. . - / .-- --- .-. -..", "decoded from Morse code"),
    ] {
        let findings = findings(&context, &[text]);
        let seen: Vec<_> =
            findings.iter().map(|one| (one.rule, &text[one.range.clone()], context.rules.why(one))).collect();
        let wanted = (1, found, format!("secret word, {why}"));
        assert_eq!(seen, if found.is_empty() { vec![] } else { vec![wanted] }, "{text}");
        self::found(&context, text);
    }
    // What is excepted is so in disguise too.
    let text = "a s.e.c.r.e.t w.o.r.d.! now";
    assert_eq!(findings(&context, &[text])[0].judgement, Judgement::Exempt);
}

#[test]
fn text_waits_for_disguises_only_where_a_rule_asks() {
    let plain = rules(&[r"EMP-\d{6}"]);
    let asks = context(vec![rule(0, Pattern { disguised: true, ..pattern("secret word") }, None)]);
    let prose =
        ["A model GPT4", " I said", " to *", "new* word", "... -", " th", "at", " of it!", " <b", ">bold", "</b>."];
    // `GPT4` and `b` wait anyway: they may begin an encoded text.
    let later = released(&plain, &prose).into_iter().zip(released(&asks, &prose)).map(|(plain, asks)| plain - asks);
    assert_eq!(later.collect::<Vec<_>>(), [0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1]);
}

/// How much of a text may go out after each piece.
fn released(context: &Context, pieces: &[&str]) -> Vec<usize> {
    let mut channel = channel(context);
    let step = |piece: &&str| {
        channel.feed(piece);
        channel.open().min(channel.len())
    };
    pieces.iter().map(step).collect()
}

#[test]
fn text_waits_no_longer_than_it_must() {
    let context = rules(&[r"EMP-\d{6}"]);
    // Ordinary text does not wait: neither letters that marks could join, nor words.
    assert_eq!(released(&context, &["Hello", " wor", "ld, "]), [5, 9, 13]);
    assert_eq!(released(&context, &["Привет", "Привет, 漢字，漢", "字"]), [12, 38, 41]);
    // Half a name waits, also where something invisible follows.
    assert_eq!(released(&context, &["an E", "M\u{200b}", "P-"]), [3, 3, 3]);
    // What looks like the beginning of an encoded text waits until it is one, then until its text is decided.
    let encoded = encode(b"nothing to say to him at all now", true);
    let steps = released(&context, &[&encoded[..12], &encoded[12..18], &encoded[18..24], &encoded[24..], "."]);
    assert_eq!((steps[0], steps[2], steps[4]), (0, 24, encoded.len() + 1));
    assert!((16..=18).contains(&steps[1]), "{steps:?}");
    let encoded = encode(b"nothing to do E", true);
    assert_eq!(released(&context, &[&encoded]), [16]);
}

/// Feeds a text in pieces as a stream does, and checks that little of it is kept.
fn cost(context: &Context, text: &str, piece: usize) -> f64 {
    let started = Instant::now();
    let mut channel = channel(context);
    let chars: Vec<char> = text.chars().collect();
    for piece in chars.chunks(piece) {
        channel.feed(&piece.iter().collect::<String>());
        channel.judge();
        let open = channel.open();
        channel.forget(open);
    }
    channel.finish();
    started.elapsed().as_secs_f64()
}

#[test]
fn hostile_texts_take_linear_time() {
    let context = rules(&[r"EMP-\d{6}", "(?i)ignore (?:all|previous)", r"[a-z]{3}@[a-z]{2,20}", "é{2,9}z"]);
    let nested = (0..9).fold("x".repeat(20_000), |text, _| encode(text.as_bytes(), true));
    let near = "QUJD".repeat(3) + "/";
    let shapes: [(&str, String); 8] = [
        ("marks", "e".to_owned() + &"\u{301}".repeat(400_000)),
        ("marks on letters", "e\u{301}\u{323}".repeat(200_000)),
        ("invisible", "E".to_owned() + &"\u{200b}".repeat(300_000)),
        ("folded and not", ("，".to_owned() + &"x".repeat(600)).repeat(1_500)),
        ("nested", nested.chars().take(1_000_000).collect()),
        ("near-base64", near.repeat(80_000)),
        ("many short texts", (encode(b"hello there, you", true) + " ").repeat(40_000)),
        ("full width", "ｉｇｎｏｒｅ　".repeat(50_000)),
    ];
    for (name, text) in shapes {
        let part: String = text.chars().take(text.chars().count() / 8).collect();
        let short = (0..3).map(|_| cost(&context, &part, 997)).fold(f64::MAX, f64::min);
        let long = cost(&context, &text, 997);
        println!("{name}: {} KB in {:.0} ms, an eighth of it in {:.0} ms", text.len() >> 10, long * 1e3, short * 1e3);
        // Eight times as long and not sixty-four times; the rest is room for a busy machine.
        assert!(long < 30.0 * short + 0.2, "{name}: {long} s, an eighth of it {short} s");
    }
}

#[test]
fn little_is_kept_of_endless_text() {
    let context = rules(&[r"EMP-\d{6}"]);
    for text in ["，x", "e\u{301} ", "ordinary words ", "QUJDREVGR0hJSktM", "aGVsbG8gdGhlcmUg"] {
        let mut channel = channel(&context);
        for _ in 0..20_000 {
            channel.feed(text);
            let open = channel.open();
            channel.forget(open);
        }
        let kept = channel.text(0..channel.len()).len();
        assert!(kept <= 48 << 10, "{kept} bytes kept of {text:?}");
    }
}
