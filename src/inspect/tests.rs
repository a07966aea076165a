//! Whole text, any split and the naive oracle agree: at the transport, SSE, UTF-8 and JSON level. And the test notices
//! when they do not: faults are put in and must show.
//!
//! As many cases run as fit into a minute, 100,000 at most; `PALISADE_CASES` and `PALISADE_SECONDS` say otherwise, and
//! `make property` runs them for an hour.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod arrays;
mod calls;
mod cuts;
mod disguises;
mod echoes;
mod faults;
mod halves;
mod messages;
mod parts;
mod restore;
mod seams;
mod silent;
mod small;
mod when;
mod wholes;

use std::ops::Range;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use self::messages::units;
use super::*;
use crate::action::{Action, Block, BlockAs, Rewrite};
use crate::detector::{ClassifierPlan, LengthPlan, Pattern, Plan, Span, Threshold, Validator};
use crate::finding::Judgement;
use crate::policy::rule::{
    Decision, Except, ExceptWhat, Mode, OnError, OverLimit, PolicySpec, RuleSpec, Unrewritable, Window,
};
use crate::policy::{Answer, Context, LabelInfo, RUNS, RuleSet, SPECIAL, Scored, oracle, special};
use crate::protocol::json::Json;
use crate::protocol::walk::walk;
use crate::protocol::{Recognised, recognise};
use crate::segment::{Direction, Media, Scope};
use crate::view::{Path, Readers};

const PATTERNS: &[&str] = &[
    "abc",
    "ab+c?",
    "a[ab]{0,5}",
    "(?i)key",
    r"\bab\b",
    r"a\b.b",
    "[a-c]{2,6}1",
    r"\d{1,4}",
    r"1\d+0",
    "^ab",
    "b$",
    "é+",
    "(?:ab|abab|b1)c?",
    "[a-z]+@[a-z]+",
    "a.{0,8}z",
    "😀b?",
    "\"",
    r"\\",
    "ba?b",
];

#[derive(Clone, Copy, Debug)]
enum Act {
    Block,
    Mask,
    Replace,
    Redact,
    Log,
    Allow(usize),
}

#[derive(Clone, Debug)]
enum Look {
    Patterns(Vec<usize>, bool),
    Judge(Window, Span),
    Length(usize, Option<usize>),
    Whole(wholes::Check),
}

#[derive(Clone, Debug)]
struct RuleCase {
    look: Look,
    act: Act,
    except: Option<usize>,
    shadow: bool,
    max_match: usize,
}

impl RuleCase {
    fn patterns(&self) -> Vec<Pattern> {
        match &self.look {
            Look::Patterns(picks, validated) => {
                let disguised = disguises::readers(&self.look) == Readers::Asking;
                picks.iter().map(|&pick| Pattern { disguised, ..pattern(pick, *validated) }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn runs(&self) -> bool {
        self.patterns().iter().any(|pattern| pattern.run)
    }
}

/// How one answer's text is cut and spelled on its way.
#[derive(Clone, Debug)]
struct Case {
    rules: Vec<RuleCase>,
    texts: Vec<String>,
    /// For each step: which answer goes on, by how many units, spelled how.
    steps: Vec<(usize, usize, bool)>,
    framing: usize,
    cuts: Vec<usize>,
    late: usize,
}

fn rule_case() -> impl Strategy<Value = RuleCase> {
    let window = prop_oneof![Just(Window::Sentence), (8..12usize).prop_map(Window::Tokens), Just(Window::End)];
    let look = prop_oneof![
        8 => (proptest::collection::vec(0..PATTERNS.len(), 1..3), any::<bool>()).prop_map(|(picks, valid)| Look::Patterns(picks, valid)),
        3 => proptest::collection::vec(PATTERNS.len()..PATTERNS.len() + RUNS, 1..3).prop_map(|picks| Look::Patterns(picks, false)),
        3 => (PATTERNS.len() + RUNS..PATTERNS.len() + SPECIAL).prop_map(|pick| Look::Patterns(vec![pick], false)),
        1 => (window, prop_oneof![3 => Just(Span::Window), 1 => Just(Span::Segment)]).prop_map(|(window, span)| Look::Judge(window, span)),
        1 => (0..30usize, prop::option::weighted(0.3, 1..6usize))
            .prop_map(|(max, min)| Look::Length(max, min.filter(|min| *min <= max))),
        1 => prop_oneof![1 => Just(wholes::Check::AtEnd), 2 => Just(wholes::Check::ByLine)].prop_map(Look::Whole),
    ];
    let act = prop_oneof![
        2 => Just(Act::Block),
        2 => Just(Act::Mask),
        1 => Just(Act::Replace),
        1 => Just(Act::Redact),
        1 => Just(Act::Log),
        1 => (0..3usize).prop_map(Act::Allow),
    ];
    let except = prop_oneof![4 => Just(None), 1 => (0..PATTERNS.len()).prop_map(Some)];
    let max_match = prop_oneof![4 => Just(4096usize), 1 => 2..9usize];
    (look, act, except, prop::bool::weighted(0.1), max_match).prop_map(|(look, act, except, shadow, max_match)| {
        let rule = RuleCase { look, act, except, shadow, max_match };
        // A start that no inner byte has given away is over no limit; what runs on voids nothing.
        let inner = rule.patterns().iter().any(|pattern| pattern.inner.is_some());
        let max_match = if inner { 4096 } else { max_match };
        let act = if rule.runs() && matches!(act, Act::Allow(_)) { Act::Mask } else { act };
        RuleCase { act, max_match, ..rule }
    })
}

fn case() -> impl Strategy<Value = Case> {
    let plain = || proptest::string::string_regex("[abckeyKEYzé10 @\n.\\-😀\"\\\\]{0,40}").unwrap();
    // Spelled so that only a view shows what it says, or says something else on one.
    let folded = || proptest::string::string_regex("[abeyz1é@. ａｂＫ１…ﬁ\u{301}\u{200b}]{0,24}").unwrap();
    let encoded = (prop_oneof![plain(), folded()], 1..6usize, any::<bool>());
    let encoded = encoded.prop_map(|(text, times, padded)| {
        let often = if times > 4 && text.len() > 12 { 4 } else { 1 + times % 2 };
        (0..often).fold(text, |text, _| crate::view::encode(text.as_bytes(), padded))
    });
    let around = || proptest::string::string_regex("[abk1 ,=@é\u{200b}]{0,6}").unwrap();
    let escaped = (prop_oneof![plain(), folded()], 0..5usize, any::<u64>());
    let escaped = escaped.prop_map(|(text, notation, which)| crate::view::in_escapes(&text, notation, which));
    let text = prop_oneof![
        1 => escaped,
        3 => plain(),
        2 => folded(),
        2 => disguises::texts(),
        2 => (around(), encoded, around()).prop_map(|(before, text, after)| before + &text + &after),
    ];
    (
        proptest::collection::vec(rule_case(), 1..5),
        proptest::collection::vec(text, 1..3),
        proptest::collection::vec((0..2usize, 1..9usize, any::<bool>()), 0..40),
        0..4usize,
        proptest::collection::vec(1..40usize, 0..30),
        0..4usize,
    )
        .prop_map(|(rules, texts, steps, framing, cuts, late)| Case { rules, texts, steps, framing, cuts, late })
}

/// Stands for a checksum.
fn even_ones() -> Validator {
    Validator(Arc::new(|text| text.bytes().filter(|&byte| byte == b'1').count() % 2 == 0))
}

fn pattern(pick: usize, validated: bool) -> Pattern {
    if let Some(pick) = pick.checked_sub(PATTERNS.len()) {
        return special(pick);
    }
    let source = PATTERNS[pick];
    let hir = regex_syntax::parse(source).unwrap();
    Pattern { validator: validated.then(even_ones), ..Pattern::new(hir, source.into()) }
}

/// Stands for a model: alarmed by `b1`, by `@` and by nothing else.
fn score(text: &str) -> f32 {
    if text.contains("b1") || text.contains('@') { 0.9 } else { 0.1 }
}

fn rewrite(name: &'static str) -> Action {
    Action::Rewrite(Rewrite {
        name,
        fill: (name == "mask").then_some('*'),
        restore: None,
        with: Arc::new(move |found| match name {
            "mask" => "*".repeat(found.text.chars().count()),
            "replace" => format!("<\"{}\">", found.text.len()),
            _ => String::new(),
        }),
    })
}

fn context(rules: &[RuleCase]) -> Context {
    let specs = rules.iter().enumerate().map(|(index, rule)| RuleSpec {
        id: format!("r{index}").into(),
        description: None,
        tags: Arc::new([]),
        scope: Scope::ALL,
        when: None,
        detector: "test",
        plan: match &rule.look {
            Look::Patterns(..) => Plan::Patterns(rule.patterns()),
            Look::Judge(_, span) => Plan::Classifier(ClassifierPlan {
                model: "m".into(),
                label: "l".into(),
                threshold: Threshold::Fixed(0.5),
                span: *span,
            }),
            Look::Length(max, min) => {
                Plan::Length(LengthPlan { max_chars: Some(*max), min_chars: *min, ..LengthPlan::default() })
            }
            Look::Whole(check) => Plan::Whole(Arc::new(*check)),
        },
        except: rule
            .except
            .map(|pick| Except { what: ExceptWhat::Pattern(Box::new(pattern(pick, false))), until: None, reason: None })
            .into_iter()
            .collect(),
        action: match rule.act {
            Act::Block => Action::Block(Block { message: None, status: None, as_: BlockAs::Error }),
            Act::Mask => rewrite("mask"),
            Act::Replace => rewrite("replace"),
            Act::Redact => rewrite("redact"),
            Act::Log => Action::Log,
            Act::Allow(target) => Action::Allow(vec![format!("r{target}")]),
        },
        mode: if rule.shadow { Mode::Shadow } else { Mode::Enforce },
        on_error: OnError::all(Decision::Block),
        unrewritable: Unrewritable::Block,
        window: if let Look::Judge(window, _) = rule.look { window } else { Window::default() },
        max_match: rule.max_match,
        origin: String::new(),
    });
    let policy = PolicySpec {
        name: "p".into(),
        hash: "0".into(),
        mode: Mode::Enforce,
        on_error: OnError::all(Decision::Block),
        unreadable: Decision::Block,
        over_limit: OverLimit::all(Decision::Block),
        unscannable: [Decision::Allow; Media::ALL.len()],
        unrewritable: Unrewritable::Block,
        expose: None,
        rules: specs.collect(),
    };
    let labels = |_: &str, _: &str| Ok(LabelInfo { model: "m@0".into(), index: 0, calibration: None, entity: false });
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

/// What the contract says becomes of a text: what goes out, whether it is cut, and the findings that stand or do not.
struct Expected {
    out: String,
    cut: bool,
    findings: Vec<(usize, Range<usize>, bool)>,
}

/// A finding of the oracle.
#[derive(Clone, Debug)]
struct Sight {
    rule: usize,
    range: Range<usize>,
    over: bool,
    /// By which views, and what it says there.
    seen: Path,
    value: String,
    /// End of the head of what goes on beyond the longest match.
    head: Option<usize>,
    /// In thousandths.
    doubt: u16,
    exempt: bool,
}

/// What patterns find in a text and by its views, with all that several views show.
fn sights(rule: usize, patterns: &[Pattern], (readers, max_match): (Readers, usize), text: &str) -> Vec<Sight> {
    let (readings, too_deep) = crate::view::tests::readings(readers, text);
    let mut out = Vec::new();
    for (seen, reading) in readings {
        for (range, over, score) in oracle(&patterns.iter().collect::<Vec<_>>(), max_match, &reading.text) {
            let head = (range.len() > max_match).then(|| reading.span(range.start..range.start + max_match).end);
            let value = reading.text[range.clone()].to_owned();
            // What has no score is sure.
            let doubt = if score == 0 { 0 } else { 1000 - score };
            out.push(Sight { rule, range: reading.span(range), over, seen, value, head, doubt, exempt: false });
        }
    }
    let (seen, value) = (Path::default(), String::new());
    let none = Sight { rule, range: 0..0, over: true, seen, value, head: None, doubt: 0, exempt: false };
    out.extend(too_deep.into_iter().map(|at| Sight { range: at..at, ..none.clone() }));
    out
}

/// What several views show is one finding, by the first of them.
fn once(sights: &[Sight]) -> Vec<Sight> {
    let mut out: Vec<Sight> = Vec::new();
    for sight in sights {
        let same = |other: &&mut Sight| {
            let ends = if sight.head.is_some() { other.head.is_some() } else { other.range.end == sight.range.end };
            let long = sight.head.is_some() == other.head.is_some();
            other.range.start == sight.range.start && ends && long && other.over == sight.over
        };
        match out.iter_mut().find(same) {
            Some(first) => first.range.end = first.range.end.max(sight.range.end),
            None => out.push(sight.clone()),
        }
    }
    out
}

/// What a rewrite leaves of one text: the new text, and how many bytes from where on become the fill.
struct Change {
    /// `None`: the finding began in an earlier text.
    start: Option<usize>,
    rule: usize,
    range: Range<usize>,
    shorter: usize,
    doubt: u16,
    text: String,
    fill_from: usize,
}

/// DESIGN 12, by brute force over the whole text.
fn expected(context: &Context, rules: &[RuleCase], text: &str) -> Expected {
    expected_beside(context, rules, text, Vec::new(), Vec::new())
}

fn blocks(rules: &[RuleCase], rule: usize, over: bool) -> bool {
    matches!(rules[rule].act, Act::Block) || (over && !matches!(rules[rule].act, Act::Log))
}

/// Everything that rules find in a text.
fn wanted(rules: &[RuleCase], text: &str) -> Vec<Sight> {
    let mut findings: Vec<Sight> = Vec::new();
    let mut voids: Vec<(usize, Range<usize>, Path)> = Vec::new();
    let found = |rule: usize, picks: &[usize], validated: bool| {
        let patterns: Vec<Pattern> = picks.iter().map(|&pick| pattern(pick, validated)).collect();
        sights(rule, &patterns, (disguises::readers(&rules[rule].look), rules[rule].max_match), text)
    };
    for (index, rule) in rules.iter().enumerate() {
        let plain = |range: Range<usize>| {
            let value = text[range.clone()].to_owned();
            Sight { rule: index, range, over: false, seen: Path::default(), value, head: None, doubt: 0, exempt: false }
        };
        let own = match &rule.look {
            Look::Patterns(picks, validated) => found(index, picks, *validated),
            Look::Judge(window, span) => {
                let windows = crate::policy::whole_windows(*window, text).into_iter();
                let alarming = windows.filter(|window| {
                    let window = &text[window.clone()];
                    !window.trim().is_empty() && score(window) >= 0.5
                });
                match span {
                    Span::Segment => alarming.take(1).map(|_| plain(0..text.len())).collect(),
                    _ => alarming.map(plain).collect(),
                }
            }
            Look::Whole(check) => check.ranges(text).into_iter().map(plain).collect(),
            Look::Length(max, min) => {
                let first = text.char_indices().nth(*max);
                let rewrites = matches!(rule.act, Act::Mask | Act::Replace | Act::Redact);
                let end = |at: usize, char: char| if rewrites { text.len() } else { at + char.len_utf8() };
                let short = min.is_some_and(|min| text.chars().count() < min).then(|| plain(0..text.len()));
                first.map(|(at, char)| plain(at..end(at, char))).into_iter().chain(short).collect()
            }
        };
        findings.extend(once(&own));
        if let Some(pick) = rule.except {
            let except = found(index, &[pick], false).into_iter().filter(|sight| !sight.over);
            voids.extend(except.map(|sight| (index, sight.range, sight.seen)));
        }
        if let Act::Allow(target) = rule.act {
            let silences = rules.get(target).is_some_and(|target| !rule.shadow || target.shadow);
            let allow = own.iter().filter(|sight| silences && !sight.over);
            voids.extend(allow.map(|sight| (target, sight.range.clone(), sight.seen)));
        }
    }
    for finding in &mut findings {
        let (range, seen) = (finding.range.clone(), finding.seen);
        finding.exempt = !finding.over
            && finding.head.is_none()
            && voids.iter().any(|(target, void, by)| {
                *target == finding.rule && void.start <= range.start && range.end <= void.end && seen.starts_with(*by)
            });
    }
    findings
}

/// The same for a text that is read on with others: `more` are what rewrites over several leave of it, `cuts` where
/// blocks over several begin in it.
fn expected_beside(context: &Context, rules: &[RuleCase], text: &str, more: Vec<Change>, cuts: Vec<usize>) -> Expected {
    let findings = wanted(rules, text);
    let standing = findings.iter().filter(|found| !found.exempt && !rules[found.rule].shadow);
    let own = standing.clone().filter(|found| blocks(rules, found.rule, found.over)).map(|found| found.range.start);
    let cut = own.chain(cuts).min();
    let limit = cut.unwrap_or(text.len());
    let mut changes = more;
    for found in standing.filter(|found| !found.over && !found.range.is_empty()) {
        let Action::Rewrite(rewrite) = &context.rules.rule(found.rule).action else { continue };
        // Of what runs on, the head becomes one text, and each byte of the rest up to a cut the fill.
        let said = found.head.map_or(&*found.value, |head| &text[found.range.start..head]);
        changes.push(Change {
            start: Some(found.range.start),
            rule: found.rule,
            range: found.range.clone(),
            shorter: if found.head.is_some() { 0 } else { usize::MAX - found.range.end },
            doubt: found.doubt,
            text: new_text(rewrite, said),
            fill_from: found.head.unwrap_or(found.range.end),
        });
    }
    changes.retain(|change| change.range.start < limit);
    changes.sort_by(|a, b| {
        let key = |change: &Change| (change.range.start, change.start, change.shorter, change.rule, change.doubt);
        key(a).cmp(&key(b)).then_with(|| a.text.cmp(&b.text))
    });
    let (mut out, mut at) = (String::new(), 0);
    for change in changes {
        if change.range.start < at {
            at = at.max(change.range.end);
            continue;
        }
        out.push_str(&text[at..change.range.start]);
        let Action::Rewrite(rewrite) = &context.rules.rule(change.rule).action else { continue };
        out.push_str(&change.text);
        let fill = change.range.end.min(limit).saturating_sub(change.fill_from);
        out.extend(rewrite.fill.into_iter().cycle().take(fill));
        at = change.range.end;
    }
    out.push_str(text.get(at.min(limit)..limit).unwrap_or_default());
    let mut findings: Vec<_> = findings.into_iter().map(|found| (found.rule, found.range, found.exempt)).collect();
    findings.sort_by_key(|(rule, range, exempt)| (*rule, range.start, range.end, *exempt));
    // An `allow` rule that is itself bound to nothing shows like any other finding.
    Expected { out, cut: cut.is_some(), findings }
}

fn new_text(rewrite: &Rewrite, text: &str) -> String {
    (rewrite.with)(&crate::action::Found { text, whole: true, entity: "", rule: "", key: &[], pseudonym: "" })
}

/// The stream that a provider would send.
fn wire(case: &Case) -> Vec<u8> {
    let (prefix, ending) = [("data: ", "\n"), ("data:", "\n"), ("data: ", "\r\n"), ("data: ", "\r")][case.framing];
    let mut queues: Vec<Vec<String>> = case
        .texts
        .iter()
        .enumerate()
        .map(|(index, text)| units(text, case.steps.get(index).is_some_and(|step| step.2)))
        .collect();
    let mut out = String::new();
    let mut send = |choice: usize, raw: &str| {
        let json = format!(
            r#"{{"id":"c1","created":1,"model":"m","choices":[{{"index":{choice},"delta":{{"content":"{raw}"}},"finish_reason":null}}]}}"#
        );
        out.push_str(&format!("{prefix}{json}{ending}{ending}"));
    };
    for &(choice, count, _) in &case.steps {
        let choice = choice % queues.len();
        let count = count.min(queues[choice].len());
        let piece: String = queues[choice].drain(..count).collect();
        send(choice, &piece);
    }
    for (choice, queue) in queues.iter_mut().enumerate() {
        send(choice, &std::mem::take(queue).concat());
    }
    out.push_str(&format!("{prefix}[DONE]{ending}{ending}"));
    out.into_bytes()
}

fn judge(job: &Job) -> Answer {
    let (scores, words) = (Arc::new([score(&job.text)]), Arc::default());
    Answer::Scores(vec![Scored { range: 0..job.text.len(), scores, words, vector: Arc::default() }])
}

/// Drives a stream in pieces; answers come up to `late` pieces late.
fn drive(context: &Context, path: &str, case: &Case, bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Stream) {
    let Recognised::Known(protocol) = recognise(path) else { unreachable!("the protocol exists") };
    let options = StreamOptions {
        id: "id".to_owned(),
        created: 1,
        choices: case.texts.len() as u64,
        usage: false,
        notice: Arc::new(|_| Notice { message: String::new(), refusal: false, status: 400 }),
    };
    let mut stream = Stream::new(context, Some(protocol), options);
    let (mut out, mut from, mut asked) = (Vec::new(), 0, std::collections::VecDeque::new());
    let mut sizes = cuts.iter().copied().cycle();
    let mut round = 0usize;
    while from < bytes.len() {
        let to = sizes.next().map_or(bytes.len(), |size| (from + size).min(bytes.len()));
        stream.push(&bytes[from..to], &mut out);
        asked.extend(stream.take_tickets().into_iter().map(|ticket| (round + case.late, ticket)));
        while asked.front().is_some_and(|(due, _)| *due <= round) {
            let (_, ticket): (usize, Ticket) = asked.pop_front().unwrap();
            stream.answer(&ticket, &judge(&ticket.job), &mut out);
        }
        if case.late == 3 {
            stream.overtake(&mut out);
        }
        from = to;
        round += 1;
    }
    stream.finish(&mut out);
    loop {
        asked.extend(stream.take_tickets().into_iter().map(|ticket| (0, ticket)));
        let Some((_, ticket)) = asked.pop_front() else { break };
        stream.answer(&ticket, &judge(&ticket.job), &mut out);
    }
    stream.settle();
    (out, stream)
}

/// The text of each answer in a stream as a client puts it together, and how each ended.
fn read(out: &[u8], answers: usize) -> (Vec<String>, Vec<Option<String>>) {
    let mut decoder = crate::protocol::sse::Decoder::default();
    let mut events = Vec::new();
    decoder.feed(out, |event| events.push(event)).unwrap();
    events.extend(decoder.finish());
    let (mut raws, mut ends) = (vec![String::new(); answers], vec![None; answers]);
    for event in events {
        let data = event.data().into_owned();
        if data.is_empty() || data == b"[DONE]" {
            continue;
        }
        let json = Json::parse(&data).expect("every event is JSON");
        let choices = json.get(0, "choices").unwrap();
        for choice in json.elements(choices) {
            let index: usize = json.raw(json.get(choice, "index").unwrap()).parse().unwrap();
            if let Some(content) = json.get(json.get(choice, "delta").unwrap(), "content") {
                raws[index].push_str(json.raw(content));
            }
            let end = json.get(choice, "finishreason").map(|end| json.raw(end).to_owned());
            ends[index] = ends[index].take().or(end.filter(|end| end != "null"));
        }
    }
    (raws.iter().map(|raw| crate::protocol::json::unescape(raw)).collect(), ends)
}

/// What was found below a pointer, in the oracle's order.
fn findings(stream: &Stream, pointer: &str) -> Vec<(usize, Range<usize>, bool)> {
    let report = stream.report();
    let own = |found: &&Reported| found.pieces.is_empty() && found.segment.pointer.starts_with(pointer);
    let below = report.findings.iter().filter(own);
    let mut found: Vec<_> = below
        .map(|found| (found.finding.rule, found.finding.range.clone(), found.finding.judgement == Judgement::Exempt))
        .collect();
    found.sort_by_key(|(rule, range, exempt)| (*rule, range.start, range.end, *exempt));
    found
}

/// Whether no event holds so much text that a part of it may go ahead.
fn stays_whole(case: &Case) -> bool {
    case.texts.iter().all(|text| text.len() <= stream::release::MAX_DECIDED)
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let context = context(&case.rules);
    let wanted: Vec<Expected> = case.texts.iter().map(|text| expected(&context, &case.rules, text)).collect();
    let bytes = wire(case);
    for cuts in [&[][..], &case.cuts, &[1]] {
        let (out, stream) = drive(&context, "/v1/chat/completions", case, &bytes, cuts);
        let untouched = wanted.iter().zip(&case.texts).all(|(wanted, text)| !wanted.cut && wanted.out == *text);
        if untouched && stays_whole(case) {
            prop_assert!(out == bytes, "not byte-identical at {:?}", cuts);
        }
        let all_cut_unsent = matches!(stream.end(), StreamEnd::Unsent(_));
        let (texts, ends) = read(&out, case.texts.len());
        for (index, wanted) in wanted.iter().enumerate() {
            prop_assert_eq!(&texts[index], &wanted.out, "answer {} at {:?}", index, cuts);
            let cut = all_cut_unsent || ends[index].as_deref() == Some("content_filter");
            prop_assert_eq!(cut, wanted.cut, "end of answer {} at {:?}", index, cuts);
            if !wanted.cut && wanted.findings.iter().all(|(rule, ..)| !matches!(case.rules[*rule].act, Act::Allow(_))) {
                let found = findings(&stream, &format!("/choices/{index}/"));
                prop_assert_eq!(&found, &wanted.findings, "findings of answer {} at {:?}", index, cuts);
            }
        }
    }
    buffered(&context, case, &wanted)
}

/// The same texts as one whole answer.
fn buffered(context: &Context, case: &Case, wanted: &[Expected]) -> Result<(), TestCaseError> {
    let choices: Vec<_> = case.texts.iter().enumerate().map(|(index, text)| {
        serde_json::json!({ "index": index, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" })
    }).collect();
    let body = serde_json::json!({ "id": "c1", "choices": choices }).to_string();
    let json = Json::parse(body.as_bytes()).unwrap();
    let Recognised::Known(protocol) = recognise("/chat/completions") else { unreachable!("the protocol exists") };
    let (shape, kind) = protocol.response();
    let walked = walk(&json, shape, Direction::Response, kind).unwrap();
    let mut buffered = Buffered::new(context, Body::Json(json, walked), Direction::Response);
    while buffered.scan(16) {}
    for ticket in buffered.take_tickets() {
        buffered.answer(&ticket, &judge(&ticket.job));
    }
    let concluded = buffered.conclude(false);
    let cut: Vec<u32> = (0u32..).zip(wanted).filter(|(_, wanted)| wanted.cut).map(|(index, _)| index).collect();
    let mut blocked: Vec<u32> = concluded.choices.iter().map(|(choice, _)| *choice).collect();
    blocked.sort_unstable();
    prop_assert_eq!(&blocked, &cut, "blocked answers of a whole body");
    prop_assert_eq!(concluded.block.is_some(), cut.len() == wanted.len(), "a whole body with all answers blocked");
    let new = concluded.rewritten(body.as_bytes(), Some(protocol), |_| None);
    let new: serde_json::Value = serde_json::from_slice(&new).unwrap();
    for (index, wanted) in wanted.iter().enumerate().filter(|(_, wanted)| !wanted.cut) {
        prop_assert_eq!(
            new["choices"][index]["message"]["content"].as_str(),
            Some(&*wanted.out),
            "whole answer {}",
            index
        );
    }
    Ok(())
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..ProptestConfig::default()
    })
}

/// Runs cases until there are enough or the time is over, and says how many there were.
fn run_for_a_while(check: impl Fn(Case) -> Result<(), TestCaseError> + Copy) {
    let set = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (most, seconds) = (set("PALISADE_CASES").unwrap_or(100_000), set("PALISADE_SECONDS").unwrap_or(60));
    let (started, mut cases) = (std::time::Instant::now(), 0);
    while cases < most && started.elapsed().as_secs() < seconds {
        let batch = (most - cases).min(500);
        if let Err(error) = runner(batch as u32).run(&case(), check) {
            panic!("{error}");
        }
        cases += batch;
    }
    println!("{cases} cases agree, in {:.0} s", started.elapsed().as_secs_f64());
}

#[test]
fn whole_oracle_and_any_split_agree() {
    run_for_a_while(|case| check(&case));
}
