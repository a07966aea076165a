//! From a model's vectors to what texts are about: the topics of whose examples a window is near, or that it is near none.

use std::ops::Range;
use std::sync::Arc;

use super::compile::{ClassifierRule, CompileError, Labels, NO_LABEL};
use super::job::{Scored, Sought, Waiting, note_score};
use super::rule::{PolicySpec, RuleSpec, Window};
use crate::detector::{CombinedPlan, Plan, Span, TopicPlan};
use crate::finding::{Failure, Outcome};

/// The label of text that is about none of the allowed topics, and of what a failed model leaves open.
const OFF_TOPIC: &str = "off-topic";
const FAILED: &str = "topic";
/// Fewer words than this, in so few characters, are about nothing: "Yes, please."
const FEW_WORDS: usize = 3;
const FEW_CHARS: usize = 40;

/// Asks a model for the vector of a text of one window, of length one: (model, text).
pub type Vectors<'a> = dyn Fn(&str, &str) -> Result<Arc<[f32]>, String> + 'a;

/// The policy with the vectors of all the examples of its topics. A policy without topics is as it was.
pub fn read_examples(policy: Arc<PolicySpec>, vectors: &Vectors<'_>) -> Result<Arc<PolicySpec>, CompileError> {
    let has_topics = |rule: &RuleSpec| rule.plan.parts().iter().any(|part| matches!(part, Plan::Topic(_)));
    if !policy.rules.iter().any(has_topics) {
        return Ok(policy);
    }
    let mut policy = PolicySpec::clone(&policy);
    for rule in &mut policy.rules {
        let fault = |origin: Option<String>, message| CompileError::Classifier {
            origin: origin.unwrap_or_else(|| rule.origin.clone()),
            rule: Arc::clone(&rule.id),
            message,
        };
        read(&mut rule.plan, vectors).map_err(|(origin, message)| fault(origin, message))?;
    }
    Ok(Arc::new(policy))
}

/// The error comes with the place of the example, if one is to blame.
fn read(plan: &mut Plan, vectors: &Vectors<'_>) -> Result<(), (Option<String>, String)> {
    let topic = match plan {
        Plan::Topic(topic) => topic,
        Plan::Combined(CombinedPlan { members, .. }) => {
            return members.iter_mut().try_for_each(|(_, member)| read(member, vectors));
        }
        _ => return Ok(()),
    };
    let mut width = None;
    for of_topic in &mut topic.topics {
        for example in &mut of_topic.examples {
            let fault = |problem: &str| {
                let message = format!("an example of topic {}: model {}: {problem}", of_topic.name, topic.model);
                (Some(example.origin.clone()), message)
            };
            let vector = vectors(&topic.model, &example.text).map_err(|problem| fault(&problem))?;
            if *width.get_or_insert(vector.len()) != vector.len() {
                return Err(fault("its vectors are of different widths"));
            }
            example.vector = vector;
        }
    }
    Ok(())
}

/// A rule about topics asks its model as classifier rules do.
pub(super) fn resolve(
    index: usize,
    rule: &RuleSpec,
    plan: &TopicPlan,
    response: bool,
    labels: &Labels<'_>,
) -> Result<ClassifierRule, CompileError> {
    let fault = |message| CompileError::Classifier { origin: rule.origin.clone(), rule: Arc::clone(&rule.id), message };
    let info = labels(&plan.model, NO_LABEL).map_err(fault)?;
    Ok(ClassifierRule {
        rule: index,
        model: Arc::clone(&plan.model),
        version: info.model,
        label: FAILED.into(),
        output: 0,
        threshold: plan.threshold,
        span: Span::Window,
        sought: Sought::Topics(Arc::new(plan.clone())),
        window: if response { rule.window } else { Window::End },
    })
}

/// What is said of a stretch of text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Near {
    /// The topic, or that it is none.
    pub(super) label: Arc<str>,
    /// The cosine: to the topic, or to the nearest of those that are allowed.
    pub(super) score: Option<f32>,
    /// Bytes of the text.
    pub(super) range: Range<usize>,
    pub(super) outcome: Outcome,
}

/// What a rule finds in the windows of one stretch. Windows that overlap and are found alike are one finding. Notes how near
/// each topic came (`model/topic`, highest cosine).
pub(super) fn judge(
    plan: &TopicPlan,
    stretch: &Waiting,
    windows: &[Scored],
    scores: &mut Vec<(String, f32)>,
) -> Vec<Near> {
    let mut found = Vec::new();
    // Those of other views follow, and begin anew.
    let mut windows: Vec<&Scored> = windows.iter().collect();
    windows.sort_by_key(|window| (window.range.start, window.range.end));
    for window in windows {
        let mut nearest: f32 = 0.0;
        let range = stretch.range.start + window.range.start..stretch.range.start + window.range.end;
        for topic in &plan.topics {
            let mut cosines = topic.examples.iter().map(|example| cosine(&example.vector, &window.vector));
            let Some(score) = cosines.try_fold(0.0, |best: f32, cosine| Some(best.max(cosine?))) else {
                let outcome = Outcome::Failed(Failure::Error);
                return vec![Near { label: FAILED.into(), score: None, range: stretch.range.clone(), outcome }];
            };
            note_score(scores, format!("{}/{}", stretch.model, topic.name), score);
            nearest = nearest.max(score);
            if !plan.allow && score >= plan.threshold {
                add(&mut found, &topic.name, score, range.clone(), f32::max);
            }
        }
        let text = stretch.text.get(window.range.clone()).unwrap_or_default();
        if plan.allow && nearest < plan.threshold && !is_about_nothing(text) {
            add(&mut found, &OFF_TOPIC.into(), nearest, range, f32::min);
        }
    }
    found
}

/// Adds a finding, or makes the last one like it longer where they overlap.
fn add(found: &mut Vec<Near>, label: &Arc<str>, score: f32, range: Range<usize>, worse: fn(f32, f32) -> f32) {
    let last = found.iter_mut().rfind(|last| last.label == *label);
    if let Some(last) = last.filter(|last| range.start < last.range.end) {
        last.range.end = last.range.end.max(range.end);
        last.score = last.score.map(|known| worse(known, score));
    } else {
        found.push(Near { label: Arc::clone(label), score: Some(score), range, outcome: Outcome::Found });
    }
}

/// In 0..=1; `None` for what cannot be compared. Both have length one.
fn cosine(one: &[f32], other: &[f32]) -> Option<f32> {
    let product: f32 = one.iter().zip(other).map(|(one, other)| one * other).sum();
    (one.len() == other.len() && !one.is_empty() && product.is_finite()).then_some(product.clamp(0.0, 1.0))
}

/// Whether a text is too short to be about anything. Characters of scripts without spaces are words.
fn is_about_nothing(text: &str) -> bool {
    let text = text.trim();
    let is_short = text.chars().nth(FEW_CHARS).is_none();
    is_short && words(text).nth(FEW_WORDS - 1).is_none()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|char: char| !char.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.flat_map(|part| part.split_inclusive(|char: char| super::tokens::is_syllable(char)))
}

#[cfg(test)]
mod tests;
