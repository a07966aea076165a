//! How many tokens messages take: what the provider says, and an estimate of what was seen for where it says nothing.

use std::borrow::Cow;

use super::{Body, Reported};
use crate::finding::Finding;
use crate::policy::{Came, OverBudget, Tokens};
use crate::protocol::json::Json;
use crate::protocol::usage::Usage;
use crate::protocol::walk::{Extent, Walked};
use crate::segment::{Direction, Kind, Segment};

/// Counts an answer that comes as events.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    said: Usage,
    seen: Tokens,
}

impl Meter {
    /// Takes the next event in.
    pub fn take(&mut self, json: &Json<'_>, walked: &Walked) {
        self.said.add(Usage::of(json));
        // What says other events again does not count again.
        let own = walked.texts.iter().filter(|leaf| leaf.kind.is_answered() && leaf.extent != Extent::Repeat);
        for leaf in own {
            count(&mut self.seen, &leaf.text(json));
            if leaf.extent != Extent::Piece {
                end_word(&mut self.seen);
            }
        }
    }

    /// What there was. `whole`: the answer came to its end.
    pub fn came(&self, whole: bool) -> Came {
        Came { input: self.said.input, output: self.said.output, seen: self.seen.count as u64, whole }
    }
}

/// What a whole answer says of itself.
pub fn reported(body: &Body<'_>) -> Came {
    let said = if let Body::Json(json, _) = body { Usage::of(json) } else { Usage::default() };
    Came { input: said.input, output: said.output, seen: 0, whole: true }
}

/// About how many tokens a whole message has, read a slice at a time.
#[derive(Debug)]
pub struct Estimate<'b> {
    /// Of an answer only what is said in it counts, and nothing that it repeats of its request.
    direction: Direction,
    tokens: Tokens,
    next: usize,
    /// A text, and how far it has been read.
    under_way: Option<(Cow<'b, str>, usize)>,
}

impl<'b> Estimate<'b> {
    /// An estimate of a message that goes this way.
    pub fn of(direction: Direction) -> Estimate<'b> {
        Estimate { direction, tokens: Tokens::default(), next: 0, under_way: None }
    }

    /// Reads on, about `budget` bytes. `false`: nothing is left to read.
    pub fn read_on(&mut self, body: &Body<'b>, budget: usize) -> bool {
        let mut left = budget.max(1);
        while left > 0 {
            let Some((text, from)) = self.under_way.take().or_else(|| self.next_text(body)) else { return false };
            let mut end = from.saturating_add(left).min(text.len());
            while !text.is_char_boundary(end) {
                end += 1;
            }
            count(&mut self.tokens, &text[from..end]);
            left = left.saturating_sub((end - from).max(1));
            if end < text.len() {
                self.under_way = Some((text, end));
            } else {
                end_word(&mut self.tokens);
            }
        }
        true
    }

    fn next_text(&mut self, body: &Body<'b>) -> Option<(Cow<'b, str>, usize)> {
        match body {
            Body::Json(json, walked) => {
                let counts = |kind: Kind| self.direction == Direction::Request || kind.is_answered();
                let ahead = walked.texts.iter().enumerate().skip(self.next);
                let (index, leaf) = ahead.into_iter().find(|(_, leaf)| counts(leaf.kind))?;
                self.next = index + 1;
                Some((leaf.text(json), 0))
            }
            Body::Plain(text, _) => (std::mem::replace(&mut self.next, 1) == 0).then_some((Cow::Borrowed(text), 0)),
        }
    }

    /// What was counted.
    pub fn tokens(&self) -> u64 {
        self.tokens.count as u64
    }
}

/// About how many tokens a request has, read at once: one at least, so that none is free.
pub fn tokens_of(body: &Body<'_>) -> u64 {
    let mut estimate = Estimate::of(Direction::Request);
    while estimate.read_on(body, usize::MAX) {}
    estimate.tokens().max(1)
}

fn count(tokens: &mut Tokens, text: &str) {
    text.chars().for_each(|char| _ = tokens.take(char));
}

/// What comes next is no part of the word before.
fn end_word(tokens: &mut Tokens) {
    tokens.take(' ');
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
        assert_eq!(tokens_of(&body("[]")), 1, "nothing is free");
        let said = "The cat sat down.";
        assert_eq!(tokens_of(&Body::Plain(said, Segment::new(Direction::Request, Kind::User, ""))), 5);
    }

    #[test]
    fn slices_of_a_text_are_one_text() {
        let body = body(r#"["Internationally \u00fcber", "", "the cat", {"a": "\n \n日本語"}]"#);
        let whole = tokens_of(&body);
        for slice in 1..40 {
            let mut estimate = Estimate::of(Direction::Request);
            let mut slices = 1;
            while estimate.read_on(&body, slice) {
                slices += 1;
            }
            assert_eq!(estimate.tokens(), whole, "by {slice}");
            assert!(slice > 3 || slices > 10, "{slices} slices of {slice}");
        }
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
