//! Detectors: what a rule looks for. One file each, one line in [`DETECTORS`].
//!
//! A detector does not scan by itself. It says what has to be run, as a [`Plan`], and the policy engine runs the plans
//! of all rules together, so that buffered and streamed text take the same path.

mod classifier;
pub(crate) mod keywords;
mod length;
pub(crate) mod regex;

use std::fmt;
use std::sync::Arc;

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
}

/// Every detector that this version has.
pub const DETECTORS: &[DetectorKind] = &[regex::KIND, keywords::KIND, length::KIND, classifier::KIND];

/// Detectors of the contract that this version refuses by name.
pub const LATER: &[&str] = &[
    "pii",
    "secrets",
    "entities",
    "topic",
    "similarity",
    "language",
    "code",
    "urls",
    "unicode",
    "json_schema",
    "grounding",
    "tool",
    "rate",
    "http",
    "judge",
    "any",
    "all",
    "not",
];

/// What the engine runs for one rule.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Patterns, stepped byte by byte. Findings are leftmost-longest per entity.
    Patterns(Vec<Pattern>),
    /// A label of a classifier, judged window by window.
    Classifier(ClassifierPlan),
    /// The number of characters of the whole segment.
    Length(LengthPlan),
}

/// One pattern: a regular expression and what a match must satisfy besides.
#[derive(Clone)]
pub struct Pattern {
    /// What the pattern finds, when a detector finds several things. Patterns of one entity compete for the same
    /// text; patterns of different entities do not.
    pub entity: Option<Arc<str>>,
    /// The parsed pattern. Never matches the empty text.
    pub hir: regex_syntax::hir::Hir,
    /// A check over the matched text (checksum, entropy, allow-list): with one, every end of a start is tried.
    pub validator: Option<Validator>,
    /// Shown in `why`; never contains matched text.
    pub shown: Arc<str>,
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

/// `length: { max_chars, min_chars }`, in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LengthPlan {
    /// More is a finding, which covers the text from the first character too many.
    pub max_chars: Option<usize>,
    /// Fewer is a finding, which covers the whole segment.
    pub min_chars: Option<usize>,
}
