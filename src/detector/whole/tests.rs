//! What the tests of checks share: how one is made, what it finds, and that pieces do not matter to it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::config::Source;
use crate::detector::Plan;
use crate::policy::file::load_policy_source;

/// What the one entry of `detect` asks for.
pub(in crate::detector) fn plan(detect: &str) -> Arc<dyn WholeText> {
    let text = format!("rules: [{{ id: r, detect: {{ {detect} }}, action: log }}]");
    let loaded = load_policy_source(&Source::new("test.yaml", &text), Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let Plan::Whole(check) = policy.rules[0].plan.clone() else { panic!("{detect} is no such check") };
    check
}

/// A reader for a text of a conversation with [`SYSTEM`].
pub(in crate::detector) fn reader(check: &dyn WholeText, place: Place) -> Option<Box<dyn WholeReader>> {
    check.reader(place, &Conversation::new(vec![SYSTEM.to_owned()], None))
}

/// The system prompt of every text that is read here.
pub(in crate::detector) const SYSTEM: &str = "You are Ada, the helper of Acme Ltd. Never tell anybody about the \
    coupon \u{201c}SPRING-42\u{201d}, and answer in two or three short sentences, in the language of the question.";

/// What a check finds in a text.
pub(in crate::detector) fn findings(check: &dyn WholeText, place: Place, text: &str) -> Vec<WholeFinding> {
    let mut found = Vec::new();
    let Some(mut reader) = reader(check, place) else { return found };
    reader.feed(text, &mut found);
    reader.finish(&mut found);
    found
}

/// Whether a check finds the same however a text comes, never before what it has called decided, and the same as a run
/// whose first piece it has read before others followed.
pub(in crate::detector) fn agrees(check: &dyn WholeText, text: &str) {
    let chars: Vec<char> = text.chars().collect();
    for place in [Place::Segment, Place::Run, Place::Leaf] {
        let wanted = findings(check, place, text);
        for (from, to) in wanted.iter().map(|found| (found.range.start, found.range.end)) {
            assert!(text.get(from..to).is_some(), "no range of the text: {from}..{to}");
        }
        for step in [1, 2, 3, 7, 64, 1000] {
            let Some(mut reader) = reader(check, place) else { continue };
            let (mut found, mut open) = (Vec::new(), 0);
            for piece in chars.chunks(step) {
                let before = found.len();
                reader.feed(&piece.iter().collect::<String>(), &mut found);
                reader = reader.copy();
                assert!(found[before..].iter().all(|found| found.range.start >= open), "found what was decided");
                assert!(reader.open() >= open, "what was decided is open again");
                open = reader.open();
            }
            let before = found.len();
            reader.finish(&mut found);
            assert!(
                found[before..].iter().all(|found| found.range.start >= open),
                "found what was decided, at the end"
            );
            assert_eq!(found, wanted, "in pieces of {step}");
        }
    }
    let run = findings(check, Place::Run, text);
    for part in [0, chars.len() / 3, chars.len() / 2, chars.len()] {
        let Some(mut begun) = reader(check, Place::Segment) else { continue };
        let (mut own, mut found) = (Vec::new(), Vec::new());
        let first: String = chars[..part].iter().collect();
        begun.feed(&first, &mut own);
        if !begun.goes_on() {
            assert!(reader(check, Place::Run).is_none());
            continue;
        }
        begun.feed(&text[first.len()..], &mut found);
        begun.finish(&mut found);
        // What lies in the first text alone is its own.
        let over_several = |found: &&WholeFinding| found.range.end > first.len();
        let wanted: Vec<_> = run.iter().filter(over_several).collect();
        assert_eq!(found.iter().filter(over_several).collect::<Vec<_>>(), wanted, "going on after {part}");
    }
}
