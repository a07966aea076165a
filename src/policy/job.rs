//! What classifiers are asked about a text, and what they answer.

use std::ops::Range;
use std::sync::Arc;

use super::compile::ClassifierRule;
use crate::classifier::{Question, Tagged};
use crate::detector::{LengthPlan, TopicPlan};
use crate::finding::{Failure, Finding};

/// A stretch of text that one model has to judge.
#[derive(Clone, Debug)]
pub struct Job {
    /// To be handed back with the scores.
    pub id: usize,
    /// The model's name.
    pub model: Arc<str>,
    /// The text of the stretch.
    pub text: Arc<str>,
    /// What is asked about it.
    pub question: Question,
}

/// What a classifier rule looks for in the answers that it gets.
#[derive(Clone, Debug)]
pub(super) enum Sought {
    /// The score of a label.
    Label,
    /// The words of an entity.
    Entity,
    /// How many tokens there are.
    Tokens(LengthPlan),
    /// What the text is about.
    Topics(Arc<TopicPlan>),
}

impl Sought {
    /// What the model is asked for it.
    pub(super) fn question(&self) -> Question {
        match self {
            Sought::Label | Sought::Entity => Question::Scores,
            Sought::Tokens(_) => Question::Tokens,
            Sought::Topics(_) => Question::Vectors,
        }
    }

    /// Whether blank text counts as well.
    pub(super) fn counts(&self) -> bool {
        matches!(self, Sought::Tokens(_))
    }
}

impl ClassifierRule {
    /// Whether a finding is this rule's, by this label if it is about one.
    pub(super) fn has_found(&self, finding: &Finding) -> bool {
        let own = |label: &Arc<str>| self.label == *label || matches!(self.sought, Sought::Topics(_));
        self.rule == finding.rule && finding.label.as_ref().is_none_or(own)
    }

    /// Why something is a finding.
    pub(super) fn why(&self, finding: &Finding) -> String {
        let (score, threshold) = (finding.score.unwrap_or_default(), self.threshold);
        let label = finding.label.as_deref().unwrap_or(&self.label);
        match &self.sought {
            Sought::Topics(plan) if plan.allow => {
                format!("{} nearest allowed topic {score:.3} < {threshold}", self.version)
            }
            Sought::Topics(_) => format!("{} topic {label} {score:.3} >= {threshold}", self.version),
            _ => format!("{} {} {score:.3} >= {threshold}", self.version, self.label),
        }
    }
}

/// A question that has not been answered.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) id: usize,
    pub(super) model: Arc<str>,
    pub(super) question: Question,
    pub(super) text: Arc<str>,
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
    /// Its vector, of length one, if that was asked instead.
    pub vector: Arc<[f32]>,
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
