//! From words that a model tags to the entities that they make up.

use std::ops::Range;
use std::sync::Arc;

use super::compile::{ClassifierRule, CompileError, Labels};
use super::job::{Scored, Sought};
use super::rule::{RuleSpec, Window};
use crate::classifier::Tagged;
use crate::detector::{EntitiesPlan, Span};

/// A rule about an entity asks its model as classifier rules do.
pub(super) fn resolve(
    index: usize,
    rule: &RuleSpec,
    plan: &EntitiesPlan,
    label: &Arc<str>,
    response: bool,
    labels: &Labels<'_>,
) -> Result<ClassifierRule, CompileError> {
    let fault = |message| CompileError::Classifier { origin: rule.origin.clone(), rule: Arc::clone(&rule.id), message };
    let info = labels(&plan.model, label).map_err(fault)?;
    if !info.entity {
        let help = format!("`classifier: {{ model: {}, label: {label} }}` asks for it", plan.model);
        return Err(fault(format!(
            "model {} judges whole texts as {label} and tags no words with it: {help}",
            plan.model
        )));
    }
    Ok(ClassifierRule {
        rule: index,
        model: Arc::clone(&plan.model),
        version: info.model,
        label: Arc::clone(label),
        output: info.index,
        threshold: plan.threshold,
        span: Span::Window,
        sought: Sought::Entity,
        window: if response { rule.window } else { Window::End },
    })
}

/// The entities of one kind in a job's text: words in a row of which each is likely enough, from one that begins an entity to
/// the next that does. A word that several windows judged counts where it is likeliest. The score is the words' mean.
pub(super) fn entities(windows: &[Scored], entity: usize, threshold: f32) -> Vec<(Range<usize>, f32)> {
    let likely = |word: &&Tagged| word.entity == entity && word.score >= threshold;
    let mut words: Vec<&Tagged> = windows.iter().flat_map(|window| window.words.iter()).filter(likely).collect();
    words.sort_by(|one, other| one.word.cmp(&other.word).then(other.score.total_cmp(&one.score)));
    let mut runs: Vec<Run> = Vec::new();
    for word in words {
        match runs.last_mut() {
            // The same word in another window, where it may have been cut.
            Some(run) if run.last == word.word => run.cover(&word.range),
            Some(run) if run.last + 1 == word.word && !word.begins => {
                run.cover(&word.range);
                (run.last, run.sum, run.count) = (word.word, run.sum + word.score, run.count + 1.0);
            }
            _ => runs.push(Run { range: word.range.clone(), last: word.word, sum: word.score, count: 1.0 }),
        }
    }
    runs.sort_by_key(|run| (run.range.start, run.range.end));
    let mut found: Vec<(Range<usize>, f32)> = Vec::new();
    for run in runs {
        let score = run.sum / run.count;
        match found.last_mut() {
            // Two views of the text show the same.
            Some((range, highest)) if run.range.start < range.end => {
                range.end = range.end.max(run.range.end);
                *highest = highest.max(score);
            }
            _ => found.push((run.range, score)),
        }
    }
    found
}

/// How likely the likeliest word is.
pub(super) fn highest(windows: &[Scored], entity: usize) -> f32 {
    let words = windows.iter().flat_map(|window| window.words.iter());
    words.filter(|word| word.entity == entity).map(|word| word.score).fold(0.0, f32::max)
}

struct Run {
    range: Range<usize>,
    last: usize,
    sum: f32,
    count: f32,
}

impl Run {
    fn cover(&mut self, range: &Range<usize>) {
        self.range = self.range.start.min(range.start)..self.range.end.max(range.end);
    }
}

#[cfg(test)]
mod tests;
