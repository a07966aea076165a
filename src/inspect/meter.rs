//! How many tokens messages take: what the provider says, and an estimate of what was seen for where it says nothing.

use super::{Body, Reported};
use crate::finding::Finding;
use crate::policy::{Came, OverBudget, Tokens};
use crate::protocol::json::Json;
use crate::protocol::usage::Usage;
use crate::protocol::walk::{Extent, Walked};
use crate::segment::{Direction, Kind, Segment};

/// Counts an answer, whole or event by event.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    said: Usage,
    seen: Tokens,
}

impl Meter {
    /// Takes an answer in, or the next event of one.
    pub fn take(&mut self, json: &Json<'_>, walked: &Walked) {
        self.said.add(Usage::of(json));
        // What says other events again does not count again.
        let own = walked.texts.iter().filter(|leaf| leaf.kind.is_answered() && leaf.extent != Extent::Repeat);
        for leaf in own {
            self.piece(&leaf.text(json));
            if leaf.extent != Extent::Piece {
                self.end_word();
            }
        }
    }

    /// A text, all of it.
    fn text(&mut self, text: &str) {
        self.piece(text);
        self.end_word();
    }

    fn piece(&mut self, text: &str) {
        text.chars().for_each(|char| _ = self.seen.take(char));
    }

    /// What comes next is no part of the word before.
    fn end_word(&mut self) {
        self.seen.take(' ');
    }

    /// What there was. `whole`: the answer came to its end.
    pub fn came(&self, whole: bool) -> Came {
        Came { input: self.said.input, output: self.said.output, seen: self.seen.count as u64, whole }
    }
}

/// What was found of a whole answer.
pub fn metered(body: &Body<'_>) -> Meter {
    let mut meter = Meter::default();
    match body {
        Body::Json(json, walked) => {
            meter.said = Usage::of(json);
            let own = walked.texts.iter().filter(|leaf| leaf.kind.is_answered());
            own.for_each(|leaf| meter.text(&leaf.text(json)));
        }
        Body::Plain(text, _) => meter.text(text),
    }
    meter
}

/// About how many tokens a request has: one at least, so that none is free.
pub fn tokens_of(body: &Body<'_>) -> u64 {
    let mut meter = Meter::default();
    match body {
        Body::Json(json, walked) => walked.texts.iter().for_each(|leaf| meter.text(&leaf.text(json))),
        Body::Plain(text, _) => meter.text(text),
    }
    meter.seen.count.max(1) as u64
}

/// Budgets without room, as findings about the request as a whole.
pub fn over_budget(over: Vec<OverBudget>) -> Vec<Reported> {
    let finding = |over: OverBudget| {
        let finding = Finding::of_message(over.rule, over.measure.name().into());
        let reported = Reported::new(finding, Segment::new(Direction::Request, Kind::Metadata, ""));
        Reported { why: Some(over.why), ..reported }
    };
    over.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::protocol::walk::walk_unknown;

    fn body(json: &str) -> Body<'_> {
        let json = Json::parse(json.as_bytes()).unwrap();
        let walked = walk_unknown(&json, Direction::Request);
        Body::Json(json, walked)
    }

    #[test]
    fn texts_are_counted_one_by_one() {
        assert_eq!(tokens_of(&body(r#"["The cat", "sat", ["down", "."]]"#)), 5);
        assert_eq!(
            tokens_of(&body(r#"["a", "b", "c", "d", "e", "f", "g"]"#)),
            7,
            "no word is made of other texts' letters"
        );
        assert_eq!(tokens_of(&body(r#"[]"#)), 1, "nothing is free");
        let said = "The cat sat down.";
        assert_eq!(tokens_of(&Body::Plain(said, Segment::new(Direction::Request, Kind::User, ""))), 5);
    }

    /// What is streamed counts the same however it is cut.
    #[test]
    fn pieces_of_a_word_are_one_word() {
        let chat = crate::protocol::PROTOCOLS.iter().find(|protocol| protocol.name() == "openai-chat").unwrap();
        let count = |pieces: &[&str]| {
            let mut meter = Meter::default();
            for piece in pieces {
                let event =
                    serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": piece } }] }).to_string();
                let json = Json::parse(event.as_bytes()).unwrap();
                let (shape, kind) = chat.event();
                let walked = crate::protocol::walk::walk(&json, shape, Direction::Response, kind).unwrap();
                meter.take(&json, &walked);
            }
            meter.came(true)
        };
        let whole = Came { seen: 6, whole: true, ..Came::default() };
        assert_eq!(count(&["The internationals sat."]), whole);
        assert_eq!(count(&["The inter", "n", "ationals s", "at", "."]), whole);
    }
}
