//! Detectors: what a rule looks for. One file each, one line in [`DETECTORS`].
//!
//! A detector does not scan by itself. It says what has to be run, as a [`Plan`], and the policy engine runs the plans
//! of all rules together, so that buffered and streamed text take the same path.

mod classifier;
mod code;
pub(crate) mod combine;
mod disguise;
mod entities;
mod example;
mod format;
mod json_schema;
pub(crate) mod keywords;
mod language;
mod length;
mod pii;
mod rate;
pub(crate) mod regex;
mod secrets;
mod similarity;
pub(crate) mod tool;
mod topic;
mod unicode;
mod urls;
mod whole;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use regex_syntax::hir::Hir;

pub use self::combine::{CombinedPlan, Form};
pub use self::rate::{Per, Price, RatePlan};
pub use self::similarity::{Canary, Conversation};
pub use self::tool::ToolPlan;
pub use self::topic::{Example, Topic, TopicPlan};
pub use self::whole::{Place, WholeFinding, WholeReader, WholeText};
use crate::config::MapReader;

/// A kind of detector, as policies name it under `detect`.
pub struct DetectorKind {
    /// The key under `detect`.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// A `detect` value that works as it stands.
    pub example: &'static str,
    /// Reads the value under the key. Problems go to the reader; `None` means that there was at least one.
    pub build: fn(&mut MapReader<'_>) -> Option<Plan>,
    /// The option that names what is to be found, and what it may name, where there is such a choice.
    pub choice: Option<(&'static str, Choices)>,
}

/// All that an option may name.
pub type Choices = fn() -> Vec<Choice>;

/// One of the things that a detector can be told to find.
pub struct Choice {
    /// What policies call it.
    pub name: &'static str,
    /// What findings call it.
    pub label: &'static str,
    /// What it is and how it is checked.
    pub summary: &'static str,
    /// Whether it is looked for when the rule names nothing.
    pub usual: bool,
    /// A made-up text in which it is found.
    pub example: Option<String>,
    /// What finds it, whatever the score.
    pub patterns: Vec<Pattern>,
}

/// Every detector that this version has.
pub const DETECTORS: &[DetectorKind] = &[
    regex::KIND,
    keywords::KIND,
    pii::KIND,
    secrets::KIND,
    unicode::KIND,
    urls::KIND,
    length::KIND,
    language::KIND,
    code::KIND,
    json_schema::KIND,
    similarity::KIND,
    classifier::KIND,
    entities::KIND,
    topic::KIND,
    tool::KIND,
    rate::KIND,
    combine::ANY,
    combine::ALL,
    combine::NOT,
];

/// Detectors of the contract that this version refuses by name.
pub const LATER: &[&str] = &["grounding", "http", "judge"];

/// What the engine runs for one rule.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Patterns, stepped byte by byte. Findings are leftmost-longest per entity.
    Patterns(Vec<Pattern>),
    /// A label of a classifier, judged window by window.
    Classifier(ClassifierPlan),
    /// Names of people, places and the like, tagged by a model window by window.
    Entities(EntitiesPlan),
    /// What texts are about, by a model's vectors, window by window.
    Topic(TopicPlan),
    /// The number of characters, or tokens, of the whole segment.
    Length(LengthPlan),
    /// A check that is no pattern, which reads a text from its start.
    Whole(Arc<dyn WholeText>),
    /// Whole calls of tools.
    Tool(ToolPlan),
    /// What callers take in a while. It reads no text.
    Rate(RatePlan),
    /// Several of these.
    Combined(CombinedPlan),
}

/// One pattern: a regular expression and what a match must satisfy besides.
#[derive(Clone)]
pub struct Pattern {
    /// What the pattern finds, when a detector finds several things. Patterns of one entity compete for the same
    /// text; patterns of different entities do not.
    pub entity: Option<Arc<str>>,
    /// The parsed pattern. Never matches the empty text.
    pub hir: Arc<Hir>,
    /// A check over the matched text (checksum, entropy, allow-list): with one, every end of a start is tried.
    pub validator: Option<Validator>,
    /// What must not stand beside a match.
    pub edges: Edges,
    /// A check over what stands around a match (context words).
    pub surround: Option<Surround>,
    /// A byte inside every match from which its start is found, where starts are too common to be tried each.
    pub inner: Option<Inner>,
    /// Begin + run: a match may go on beyond `max_match` and is then rewritten as it comes. Such a pattern has no
    /// validator and no surround, matches ASCII alone, and is the only one of its entity.
    pub run: bool,
    /// The part of a match that a finding covers, where what stands before or behind it only tells what it is.
    pub value: Option<fn(&str) -> Range<usize>>,
    /// The value may be the match from its first byte on, so that nothing of a match goes out before it is decided.
    pub value_first: bool,
    /// What matches are called, where the match itself tells which of several things it is. Such a pattern has no entity.
    pub sorts: Option<Sorts>,
    /// Reads the text as it stands alone, not what views make of it.
    pub text_only: bool,
    /// Also reads the views that only rules read which ask for it. Not together with `text_only`.
    pub disguised: bool,
    /// How sure a match is, in thousandths; 0 where the detector knows no scores.
    pub score: u16,
    /// Shown in `why`; never contains matched text.
    pub shown: Arc<str>,
}

impl Pattern {
    /// A pattern with nothing besides.
    pub fn new(hir: impl Into<Arc<Hir>>, shown: Arc<str>) -> Pattern {
        Pattern {
            entity: None,
            hir: hir.into(),
            validator: None,
            edges: Edges::default(),
            surround: None,
            inner: None,
            run: false,
            value: None,
            value_first: false,
            sorts: None,
            text_only: false,
            disguised: false,
            score: 0,
            shown,
        }
    }
}

/// Names for what one pattern finds.
#[derive(Clone)]
pub struct Sorts {
    /// The label of each, and what `why` says of it.
    pub names: Arc<[(Arc<str>, Arc<str>)]>,
    /// Which of them a match is: an index.
    pub of: Arc<dyn Fn(&str) -> usize + Send + Sync>,
}

impl Sorts {
    /// What a match is called.
    pub fn label(&self, matched: &str) -> Option<Arc<str>> {
        self.names.get((self.of)(matched)).map(|(label, _)| Arc::clone(label))
    }

    /// What `why` says of a label.
    pub fn shown(&self, label: &str) -> Option<&Arc<str>> {
        self.names.iter().find(|(name, _)| **name == *label).map(|(_, shown)| shown)
    }
}

impl fmt::Debug for Sorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names.iter().map(|(label, _)| label)).finish()
    }
}

/// A set of ASCII bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsciiSet(u128);

impl AsciiSet {
    /// The bytes of `text`; `a-z` stands for a range, a `-` at the start for itself.
    pub const fn new(text: &str) -> AsciiSet {
        let (bytes, mut set, mut at) = (text.as_bytes(), 0u128, 0);
        while at < bytes.len() {
            let ranged = at + 2 < bytes.len() && bytes[at + 1] == b'-';
            let last = if ranged { bytes[at + 2] } else { bytes[at] };
            let mut byte = bytes[at];
            while byte <= last && byte < 128 {
                set |= 1 << byte;
                byte += 1;
            }
            at += if ranged { 3 } else { 1 };
        }
        AsciiSet(set)
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: AsciiSet) -> AsciiSet {
        AsciiSet(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: AsciiSet) -> AsciiSet {
        AsciiSet(self.0 & other.0)
    }

    /// Whether the byte is in the set.
    pub const fn has(self, byte: u8) -> bool {
        byte < 128 && self.0 >> byte & 1 == 1
    }
}

/// Bytes that rule a match out when they stand directly beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Not before the first byte.
    pub before: AsciiSet,
    /// Not after the last byte.
    pub after: AsciiSet,
}

/// A byte inside every match: a match is bytes of `class`, `min` to `max` of them, then `byte`, then the rest. `byte` is
/// not in `class`, and `class` is part of the pattern's [`Edges::before`]: so each such byte gives at most one start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inner {
    /// The byte.
    pub byte: u8,
    /// What stands before it.
    pub class: AsciiSet,
    /// At least so much of it.
    pub min: usize,
    /// At most so much of it.
    pub max: usize,
}

/// Judges what stands before and, once it is all there, after a match; `None` while that does not decide.
pub type Neighbourhood = dyn Fn(&str, Option<&str>) -> Option<bool> + Send + Sync;

/// A check over what stands around a match, as far as the windows reach.
#[derive(Clone)]
pub struct Surround {
    /// How far it looks back, in bytes.
    pub before: usize,
    /// How far it looks ahead, in bytes.
    pub after: usize,
    /// Given what stands before and, once it is all there, after. What is decided without the latter stays decided.
    pub holds: Arc<Neighbourhood>,
}

/// A check over a matched text.
#[derive(Clone)]
pub struct Validator(pub Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("entity", &self.entity).field("shown", &self.shown).finish_non_exhaustive()
    }
}

/// What part of the text a classifier's finding covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The window that was judged.
    Window,
    /// The sentence with the window's start in it.
    Sentence,
    /// All of the segment.
    Segment,
}

/// Where the line between calm and alarm comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Written in the rule: a probability in 0..=1.
    Fixed(f32),
    /// The model's own calibrated default.
    Calibrated,
    /// The calibrated line at 0.1 % false alarms.
    Low,
    /// The calibrated line at 1 % false alarms.
    Medium,
    /// The calibrated line at 5 % false alarms.
    High,
}

/// `classifier: { model, label, threshold, sensitivity, span }`.
#[derive(Clone, Debug)]
pub struct ClassifierPlan {
    /// The folder's name under `models/`.
    pub model: Arc<str>,
    /// The output label.
    pub label: Arc<str>,
    /// From which score on it is a finding.
    pub threshold: Threshold,
    /// What the finding covers.
    pub span: Span,
}

/// `entities: { model, labels, threshold }`.
#[derive(Clone, Debug)]
pub struct EntitiesPlan {
    /// The folder's name under `models/`.
    pub model: Arc<str>,
    /// The entities, as the model names them. Never empty.
    pub labels: Vec<Arc<str>>,
    /// From which probability on a word belongs to one.
    pub threshold: f32,
}

/// `length: { max_chars, min_chars, max_tokens, min_tokens, tokenizer }`: in Unicode scalar values, and in tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LengthPlan {
    /// More is a finding, which covers the text from the first character too many.
    pub max_chars: Option<usize>,
    /// Fewer is a finding, which covers the whole segment.
    pub min_chars: Option<usize>,
    /// The same as for characters, from the start of the first token too many.
    pub max_tokens: Option<usize>,
    /// The same as for characters.
    pub min_tokens: Option<usize>,
    /// The model whose tokens are counted: the folder's name under `models/`. `None`: they are estimated.
    pub tokenizer: Option<Arc<str>>,
}

/// A value of every format of personal data and of secrets, and of every kind of URL: the detector that finds it, as policies spell it; the text
/// around it; and the value.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(String, String, String)> {
    let personal = pii::tests::samples().map(|(entity, before, value)| {
        (
            format!("pii: {{ entities: [{entity}], regions: [US] }}"),
            format!("{before}{value}, please."),
            (*value).to_owned(),
        )
    });
    let secret = secrets::tests::samples()
        .into_iter()
        .map(|(format, text, value)| (format!("secrets: {{ formats: [{format}] }}"), format!("Use {text} now"), value));
    let url = urls::tests::samples()
        .map(|(kind, text, value)| (format!("urls: {{ kinds: [{kind}] }}"), (*text).to_owned(), (*value).to_owned()));
    personal.chain(secret).chain(url).collect()
}
