//! What was found, before and after the policy has judged it.

use std::ops::Range;
use std::sync::Arc;

use crate::view::Path;

/// One thing that a rule found in one text, or could not look for.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Index of the rule in its [`crate::policy::RuleSet`].
    pub rule: usize,
    /// Entity or classifier label.
    pub label: Option<Arc<str>>,
    /// Probability in 0..=1, for classifiers and detectors that weigh what they find.
    pub score: Option<f32>,
    /// Bytes of the text.
    pub range: Range<usize>,
    /// By which views it was seen, if not in the text as it stands.
    pub seen: Path,
    /// For what is longer than the longest match (begin + run): bytes of the head, which is replaced as one.
    pub head: Option<usize>,
    /// What it is.
    pub outcome: Outcome,
    /// What the policy makes of it.
    pub judgement: Judgement,
}

impl Finding {
    /// A finding about a message as a whole, and no text of it.
    pub fn of_message(rule: usize, label: Arc<str>) -> Finding {
        Finding {
            rule,
            label: Some(label),
            score: None,
            range: 0..0,
            seen: Path::default(),
            head: None,
            outcome: Outcome::Found,
            judgement: Judgement::Stands,
        }
    }
}

/// What a finding says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The detector found what it looks for.
    Found,
    /// A bound stopped the detector from seeing everything; the reason.
    OverLimit(&'static str),
    /// The detector failed; how.
    Failed(Failure),
}

/// How a detector failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time.
    Timeout,
    /// No room.
    Overload,
    /// It broke.
    Error,
}

impl Failure {
    /// The reason shown in verdicts.
    pub const fn name(self) -> &'static str {
        match self {
            Failure::Timeout => "timeout",
            Failure::Overload => "overload",
            Failure::Error => "error",
        }
    }
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// Not decided yet: text that could void it is still to come.
    Open,
    /// An exception or an `allow` rule covers it.
    Exempt,
    /// It is a placeholder that this very request was given, and the client gets back what it stands for.
    Restored,
    /// It counts.
    Stands,
}

/// A range of a text and what stands there from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the original text.
    pub range: Range<usize>,
    /// The new text.
    pub text: String,
}
