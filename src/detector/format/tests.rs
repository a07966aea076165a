//! Runs one rule over one text, as policies do, for the tests of detectors with formats.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::Source;
use crate::policy::file::load_policy_source;
use crate::policy::resolve::Beyond;
use crate::policy::{Channel, Context, Resolver, RuleSet};
use crate::segment::{Direction, Kind, Scope};

/// A policy with one rule, which masks what the detector finds.
pub(in crate::detector) fn context(detect: &str) -> Context {
    let text = format!("rules: [{{ id: r, detect: {{ {detect} }}, action: mask }}]");
    let loaded = load_policy_source(&Source::new("test.yaml", &text), Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let labels = |_: &str, _: &str| Err("no models here".to_owned());
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

fn channel(context: &Context) -> Channel {
    let plan = context.rules.plan_for(Scope::one(Direction::Response, Kind::Completion));
    Channel::new(context, Arc::clone(plan))
}

/// What a detector finds in a whole text, in order.
pub(in crate::detector) fn found(detect: &str, text: &str) -> Vec<String> {
    found_in(&context(detect), text)
}

/// What a compiled rule finds in a text that comes in pieces, and what it calls it, in order.
pub(in crate::detector) fn labelled(context: &Context, pieces: &[&str]) -> Vec<(Range<usize>, Option<Arc<str>>)> {
    let mut channel = channel(context);
    for piece in pieces {
        channel.feed(piece);
    }
    channel.finish();
    let mut all: Vec<_> =
        channel.findings().iter().map(|finding| (finding.range.clone(), finding.label.clone())).collect();
    all.sort_by(|one, other| (one.0.start, one.0.end, &one.1).cmp(&(other.0.start, other.0.end, &other.1)));
    all
}

/// What a compiled rule finds in a whole text, in order. What a view shows inside something adds nothing to it.
pub(in crate::detector) fn found_in(context: &Context, text: &str) -> Vec<String> {
    let mut channel = channel(context);
    channel.feed(text);
    channel.finish();
    let mut ranges: Vec<_> = channel.findings().iter().map(|finding| finding.range.clone()).collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup();
    let lies_in =
        |one: &Range<usize>, other: &Range<usize>| one != other && other.start <= one.start && one.end <= other.end;
    let own = ranges.iter().filter(|one| !ranges.iter().any(|other| lies_in(one, other)));
    own.map(|range| text[range.clone()].to_owned()).collect()
}

/// Values of one format, each of which is tried in every one of [`SURROUNDINGS`].
pub(in crate::detector) struct Table<'t> {
    /// What the rule looks for, as in `pii: { entities: [US_SSN] }`.
    pub(in crate::detector) detect: &'t str,
    /// What stands around every value, which is `{}`: a context word, the name of a variable.
    pub(in crate::detector) written: &'t str,
    /// At least ten that are found, whole and alone.
    pub(in crate::detector) valid: &'t [&'t str],
    /// At least ten that look like it and are nothing.
    pub(in crate::detector) invalid: &'t [&'t str],
}

/// Prose, punctuation, JSON, CSV, Markdown, HTML, other scripts, lines.
const SURROUNDINGS: &[&str] = &[
    "{}",
    "Here it is: {}, as you wanted.",
    "It was {}. Then I left.",
    "({})",
    "Is it '{}'?",
    r#"{"id": 7, "note": "{}", "ok": true}"#,
    "1;anna;{};x\n",
    "a,{},c",
    "**{}** and `x`",
    "| `{}` | yes |",
    "<b>{}</b>",
    "\u{ab}\u{a0}{}\u{a0}\u{bb}",
    "\u{ff08}{}\u{ff09}\u{3002}",
    "\u{1f600} {} \u{1f600}",
    "one\r\n\t{}\r\ntwo",
];

impl Table<'_> {
    /// Every valid value is found in every surrounding, no invalid one is in any.
    pub(in crate::detector) fn check(&self) {
        assert!(self.valid.len() >= 10 && self.invalid.len() >= 10, "{}: too few values", self.detect);
        self.check_in(&context(self.detect));
    }

    /// The same with a rule that is compiled.
    pub(in crate::detector) fn check_in(&self, context: &Context) {
        for surrounding in SURROUNDINGS {
            let text = |value: &str| surrounding.replacen("{}", &self.written.replacen("{}", value, 1), 1);
            for value in self.valid {
                let text = text(value);
                assert_eq!(found_in(context, &text), [*value], "{} in {text:?}", self.detect);
            }
            for value in self.invalid {
                let text = text(value);
                assert_eq!(found_in(context, &text), [""; 0], "{} in {text:?}", self.detect);
            }
        }
    }
}

/// A text with everything masked, fed so many characters at a time. Also how much was released after each piece.
pub(in crate::detector) fn released(context: &Context, pieces: &[&str]) -> (String, Vec<usize>) {
    let (mut channel, mut resolver) = (channel(context), Resolver::default());
    let whole = pieces.concat();
    let (mut out, mut at, mut edit, mut steps) = (String::new(), 0, 0, Vec::new());
    for piece in pieces.iter().map(Some).chain([None]) {
        match piece {
            Some(piece) => channel.feed(piece),
            None => channel.finish(),
        }
        for index in channel.judge() {
            let finding = channel.findings()[index].clone();
            let matched = channel.matched(index).to_owned();
            resolver.take(context, &finding, &matched, str::to_owned);
        }
        for (index, from) in channel.take_grown() {
            resolver.grow(&context.rules, &channel.findings()[index], Beyond::default(), from);
        }
        let to = resolver.advance(channel.open()).min(whole.len());
        for done in &resolver.edits()[edit..] {
            out.push_str(&whole[at..done.range.start]);
            out.push_str(&done.text);
            at = done.range.end;
        }
        edit = resolver.edits().len();
        if at < to {
            out.push_str(&whole[at..to]);
            at = to;
        }
        channel.forget(to);
        steps.push(to);
    }
    (out, steps)
}

/// A text with everything masked that a detector finds, fed so many characters at a time.
pub(in crate::detector) fn masked(detect: &str, text: &str, step: usize) -> String {
    let chars: Vec<String> =
        text.chars().collect::<Vec<_>>().chunks(step).map(|chars| chars.iter().collect()).collect();
    released(&context(detect), &chars.iter().map(String::as_str).collect::<Vec<_>>()).0
}

/// Cuts a text in two at every place: the same comes out, and of the value nothing goes out before its end is known.
pub(in crate::detector) fn cut_anywhere(detect: &str, before: &str, text: &str, value: &str, after: &str) {
    cut_anywhere_in(&context(detect), before, text, value, after);
}

/// The same with a rule that is compiled.
pub(in crate::detector) fn cut_anywhere_in(context: &Context, before: &str, text: &str, value: &str, after: &str) {
    let whole = format!("{before}{text}{after}");
    let start = whole.find(value).unwrap();
    let wanted = whole.replacen(value, &"*".repeat(value.chars().count()), 1);
    for cut in (1..whole.len()).filter(|&cut| whole.is_char_boundary(cut)) {
        let (out, steps) = released(context, &[&whole[..cut], &whole[cut..]]);
        assert_eq!(out, wanted, "{text} cut at {cut}");
        let inside = start < cut && cut <= start + value.len();
        assert!(!inside || steps[0] <= start, "{text} cut at {cut}: {} released", steps[0]);
    }
}
