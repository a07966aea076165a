#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::config::Source;
use crate::finding::{Failure, Outcome};
use crate::policy::compile::LabelInfo;
use crate::policy::file::load_policy_source;
use crate::policy::{Answer, Channel, Context, RuleSet, Scored};
use crate::segment::{Direction, Kind, Scope};

fn context(rules: &str) -> Context {
    let source = Source::new("p.yaml", &format!("rules: [{rules}]"));
    let loaded = load_policy_source(&source, Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let (policy, _) = loaded.map_err(|problems| problems.to_string()).unwrap();
    let labels = |_: &str, _: &str| Ok(LabelInfo { model: "m@0".into(), index: 0, calibration: None, entity: false });
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

fn channel(context: &Context) -> Channel {
    Channel::new(context, Arc::clone(context.plan_for(Scope::one(Direction::Response, Kind::Completion))))
}

type Found = BTreeSet<(usize, usize)>;

/// What each rule finds in a text that comes in such pieces, and whether anything was decided before its end.
fn found(context: &Context, text: &str, sizes: &[usize], rules: usize) -> (Vec<Found>, bool) {
    let (mut channel, mut rest, mut sizes) = (channel(context), text, sizes.iter().cycle());
    let mut early = false;
    while !rest.is_empty() {
        let mut size = (*sizes.next().unwrap()).min(rest.len());
        while !rest.is_char_boundary(size) {
            size += 1;
        }
        channel.feed(&rest[..size]);
        rest = &rest[size..];
        channel.judge();
        early |= channel.open() > 0;
    }
    channel.finish();
    channel.judge();
    assert_eq!(channel.open(), usize::MAX);
    let of_rule = |rule: usize| {
        let own = channel.findings().iter().filter(|found| found.rule == rule && found.outcome == Outcome::Found);
        own.map(|found| (found.range.start, found.range.end)).collect()
    };
    ((0..rules).map(of_rule).collect(), early)
}

const A: &str = "regex: { pattern: '[0-9]{2,4}' }";
const B: &str = "keywords: { words: [abc], whole: false }";
const C: &str = "length: { max_chars: 12 }";

proptest! {
    /// `any`, `all` and `not` are what they are called, by what their members find alone, however the text comes.
    #[test]
    fn combinations_are_what_their_members_make_them(
        text in "[abc0-9 é]{0,24}",
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let rules = [
            A.to_owned(), B.to_owned(), C.to_owned(),
            format!("any: [{{ {A} }}, {{ {B} }}, {{ {C} }}]"),
            format!("all: [{{ {A} }}, {{ {B} }}]"),
            format!("not: {{ {A} }}"),
            format!("all: [{{ {A} }}, {{ not: {{ {B} }} }}]"),
            format!("any: [{{ {A} }}, {{ not: {{ any: [{{ {B} }}, {{ {C} }}] }} }}]"),
            format!("all: [{{ not: {{ {A} }} }}, {{ not: {{ {B} }} }}]"),
        ];
        let written: Vec<String> = rules
            .iter()
            .enumerate()
            .map(|(index, detect)| format!("{{ id: r{index}, detect: {{ {detect} }}, action: log }}"))
            .collect();
        let context = context(&written.join(", "));
        let (found, _) = found(&context, &text, &sizes, rules.len());
        let (a, b, c) = (&found[0], &found[1], &found[2]);
        let whole: Found = std::iter::once((0, text.len())).collect();
        let if_so = |so: bool, found: &Found| if so { found.clone() } else { Found::new() };
        let both: Found = a | b;
        prop_assert_eq!(&found[3], &(&both | c));
        prop_assert_eq!(&found[4], &if_so(!a.is_empty() && !b.is_empty(), &both));
        prop_assert_eq!(&found[5], &if_so(a.is_empty(), &whole));
        prop_assert_eq!(&found[6], &if_so(b.is_empty(), a));
        prop_assert_eq!(&found[7], &(a | &if_so(b.is_empty() && c.is_empty(), &whole)));
        prop_assert_eq!(&found[8], &if_so(a.is_empty() && b.is_empty(), &whole));
    }
}

#[test]
fn what_needs_the_end_holds_all_of_the_text() {
    for (detect, waits) in [
        (format!("any: [{{ {A} }}, {{ {B} }}]"), false),
        (format!("all: [{{ {A} }}, {{ {B} }}]"), true),
        (format!("not: {{ {A} }}"), true),
    ] {
        for (action, holds) in [("block", true), ("log", false)] {
            let context = context(&format!("{{ id: r, detect: {{ {detect} }}, action: {action} }}"));
            let (_, early) = found(&context, "some words, and no more", &[3], 1);
            assert_eq!(early, !(waits && holds), "{detect} {action}");
        }
    }
}

const JUDGED: &str = "classifier: { model: m, label: l, threshold: 0.5 }";

/// What a rule makes of a text whose only window gets this answer.
fn judged(detect: &str, answer: &Answer) -> Vec<(Outcome, Range<usize>)> {
    let context = context(&format!("{{ id: r, detect: {{ {detect} }}, action: block }}"));
    let mut channel = channel(&context);
    channel.feed("what is said about 42");
    channel.finish();
    let jobs = channel.take_jobs();
    assert_eq!(jobs.len(), 1);
    assert!(channel.is_waiting() && channel.open() == 0 && channel.judge().is_empty());
    channel.answer(jobs[0].id, answer);
    channel.judge();
    channel.findings().iter().map(|found| (found.outcome.clone(), found.range.clone())).collect()
}

#[test]
fn members_may_be_classifiers() {
    let scores = |score: f32| {
        Answer::Scores(vec![Scored {
            range: 0..21,
            scores: Arc::new([score]),
            words: Arc::default(),
            vector: Arc::default(),
        }])
    };
    let both = format!("all: [{{ {A} }}, {{ {JUDGED} }}]");
    assert_eq!(judged(&both, &scores(0.9)), [(Outcome::Found, 19..21), (Outcome::Found, 0..21)]);
    assert_eq!(judged(&both, &scores(0.1)), []);
    let neither = format!("not: {{ {JUDGED} }}");
    assert_eq!(judged(&neither, &scores(0.1)), [(Outcome::Found, 0..21)]);
    assert_eq!(judged(&neither, &scores(0.9)), []);
    // What could not look says so, and `on_error` decides.
    for detect in [both, neither] {
        let failed = judged(&detect, &Answer::Failed(Failure::Timeout));
        assert_eq!(failed, [(Outcome::Failed(Failure::Timeout), 0..21)], "{detect}");
        let over = judged(&detect, &Answer::OverLimit("windows"));
        assert_eq!(over, [(Outcome::OverLimit("windows"), 0..21)], "{detect}");
    }
}
