//! The middle of the journey: a message's texts under their rules, whole ([`Buffered`]) or as they come ([`Stream`]).
//!
//! Here the protocol's view (where text stands) and the policy's (what rules make of it) meet. Nothing here waits:
//! whoever drives an inspection takes its jobs to the classifiers and brings the answers back.

mod buffered;
mod calls;
mod canary;
mod meter;
mod originals;
mod place;
mod pseudonyms;
mod restore;
mod runs;
mod splice;
mod stream;
mod text;

use std::collections::HashSet;
use std::ops::Range;

pub use buffered::{Body, Buffered, Concluded, severest};
pub use canary::{Planted, plant};
pub use meter::{Estimate, Meter, over_budget, reported, tokens_of};
pub use originals::{originals, system_texts};
pub use stream::{Notice, Stream, StreamEnd, StreamOptions};

use crate::finding::Finding;
use crate::policy::Job;
use crate::policy::rule::CONDITION;
use crate::protocol::walk::is_identifier;
use crate::segment::{Media, Segment};

/// A stretch of text for a classifier, and where its answer belongs.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Index of the text (or run) in its inspection.
    pub(super) text: usize,
    /// Which unit of it.
    pub(super) unit: usize,
    /// What is asked.
    pub job: Job,
    /// The kind of text, which models may take into account.
    pub kind: crate::segment::Kind,
}

/// Why a message does not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The rule with this index.
    Rule(usize),
    /// The body cannot be read in full.
    Unreadable,
    /// It holds what cannot be looked into.
    Unscannable(Media),
    /// A bound of the proxy itself.
    OverLimit,
}

/// A finding and where it was made.
#[derive(Clone, Debug)]
pub struct Reported {
    /// What was found.
    pub finding: Finding,
    /// In which text.
    pub segment: Segment,
    /// For a joined run: its pieces, as (pointer, bytes of that piece).
    pub pieces: Vec<(String, Range<usize>)>,
    /// The text that it covers. Goes nowhere unless the operator asked for it by name.
    pub matched: String,
    /// Why it is one, where its rule alone does not say it best.
    pub why: Option<String>,
}

impl Reported {
    fn new(finding: Finding, segment: Segment) -> Reported {
        Reported { finding, segment, pieces: Vec::new(), matched: String::new(), why: None }
    }

    fn showing(self, matched: &str) -> Reported {
        Reported { matched: matched.to_owned(), ..self }
    }
}

/// What an inspection has to say besides its decision.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The first findings of each text, judged.
    pub findings: Vec<Reported>,
    /// How many more there were.
    pub omitted: usize,
    /// What could not be looked into: pointer and kind.
    pub unscanned: Vec<(String, Media)>,
    /// Rules that did not run, or not as they should, by index, and why.
    pub skipped: Vec<(usize, &'static str)>,
    /// Highest score of each label that was consulted, as (`model/label`, probability).
    pub scores: Vec<(String, f32)>,
    /// The texts: pointer, and what they are after rewrites.
    pub texts: Vec<(String, String)>,
    /// The body could not be read in full; why.
    pub unreadable: Option<String>,
    /// How many placeholders were turned back into what they stand for.
    pub restored: usize,
    /// Parts and events of a type that the protocol does not know: pointer to the type, and its name if it looks like
    /// one.
    pub unknown: Vec<(String, Option<String>)>,
}

/// Most findings of one text that are reported one by one.
const MAX_REPORTED: usize = 1000;

/// Most unknown types that are reported.
const MAX_UNKNOWN: usize = 16;
/// Longest name of one, in bytes, that is taken for a name.
const MAX_NAME: usize = 64;

impl Report {
    /// Adds the findings of one text: the first ones, and the first of each rule.
    fn add(&mut self, findings: impl IntoIterator<Item = Reported>) {
        let mut rules = HashSet::new();
        for (index, reported) in findings.into_iter().enumerate() {
            if rules.insert((reported.finding.rule, reported.finding.judgement)) || index < MAX_REPORTED {
                self.findings.push(reported);
            } else {
                self.omitted += 1;
            }
        }
    }

    /// A rule's condition could not be judged.
    fn note_unjudged(&mut self, rule: usize) {
        if !self.skipped.contains(&(rule, CONDITION)) {
            self.skipped.push((rule, CONDITION));
        }
    }

    fn note_unknown(&mut self, pointer: String, name: &str) {
        let name = (name.len() <= MAX_NAME && is_identifier(name)).then(|| name.to_owned());
        let unknown = (pointer, name);
        if self.unknown.len() < MAX_UNKNOWN && !self.unknown.contains(&unknown) {
            self.unknown.push(unknown);
        }
    }

    fn note_scores<'a>(&mut self, scores: impl Iterator<Item = &'a (String, f32)>) {
        for (name, score) in scores {
            match self.scores.iter_mut().find(|(known, _)| known == name) {
                Some((_, highest)) => *highest = highest.max(*score),
                None => self.scores.push((name.clone(), *score)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
