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
        own.for_each(|leaf| self.text(&leaf.text(json)));
    }

    /// Takes in an answer that is no JSON, or a part of one.
    pub fn text(&mut self, text: &str) {
        text.chars().for_each(|char| _ = self.seen.take(char));
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
