//! What classifiers are asked about a text, and what they answer.

use std::ops::Range;
use std::sync::Arc;

use crate::classifier::Tagged;
use crate::finding::Failure;

/// A stretch of text that one model has to judge.
#[derive(Clone, Debug)]
pub struct Job {
    /// To be handed back with the scores.
    pub id: usize,
    /// The model's name.
    pub model: Arc<str>,
    /// The text of the stretch.
    pub text: Arc<str>,
    /// Only where the model's tokens begin is asked.
    pub counts: bool,
}

/// A question that has not been answered.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: usize,
    pub(super) model: Arc<str>,
    pub(super) counts: bool,
    pub(super) range: Range<usize>,
    /// Classifier rules (indices into the plan) that want the answer.
    pub(super) rules: Vec<usize>,
}

/// Scores of one of a job's windows.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Bytes of the job's text.
    pub range: Range<usize>,
    /// Probability of each label, in the model's order.
    pub scores: Arc<[f32]>,
    /// The words that may belong to entities, by bytes of the job's text.
    pub words: Arc<[Tagged]>,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The scores of all its windows, in order.
    Scores(Vec<Scored>),
    /// The same, but a bound kept the model from reading all of it; the reason.
    Partly(Vec<Scored>, &'static str),
    /// A bound kept the model from reading all of it; the reason.
    OverLimit(&'static str),
    /// Where the model's tokens begin, in bytes of the job's text.
    Tokens(Arc<[u32]>),
    /// The model failed.
    Failed(Failure),
}

/// Keeps the highest score of each label.
pub(super) fn note_score(scores: &mut Vec<(String, f32)>, name: String, score: f32) {
    match scores.iter_mut().find(|(known, _)| *known == name) {
        Some((_, highest)) => *highest = highest.max(score),
        None => scores.push((name, score)),
    }
}
