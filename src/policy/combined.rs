//! `all` and `not`: what is decided when the text has ended, by what its members have found in it.
//!
//! Each member reads the text as a channel of its own. `any` needs none of this: its members are rules beside each other.

use std::collections::HashSet;
use std::sync::Arc;

use super::channel::Channel;
use super::compile::{ChannelPlan, RuleSet};
use super::context::Context;
use super::job::{Answer, Job};
use crate::detector::Form;
use crate::finding::{Finding, Judgement, Outcome};
use crate::view::Path;

/// One such rule, compiled.
#[derive(Clone, Debug)]
pub(super) struct Combination {
    pub(super) rule: usize,
    pub(super) form: Form,
    /// What each member runs, and whether what it finds has a place in the text.
    pub(super) members: Vec<(Arc<ChannelPlan>, bool)>,
}

impl Combination {
    /// Whether it says what is not in a text.
    pub(super) fn is_not(&self) -> bool {
        self.form == Form::Not
    }

    /// Whether it may find something in a text that has no character.
    pub(super) fn judges_empty(&self) -> bool {
        self.form == Form::Not || self.members.iter().all(|(plan, _)| plan.judges_empty())
    }
}

/// One such rule over one text.
#[derive(Clone, Debug)]
pub(super) struct Combined {
    combination: Combination,
    members: Vec<Channel>,
    /// What members have asked: the text's own number, the member, and its number there.
    asked: Vec<(usize, usize, usize)>,
    is_over: bool,
}

impl Combined {
    pub(super) fn new(context: &Context, combination: &Combination) -> Combined {
        let members = combination.members.iter().map(|(plan, _)| Channel::new(context, Arc::clone(plan))).collect();
        Combined { combination: combination.clone(), members, asked: Vec::new(), is_over: false }
    }

    /// The rule.
    pub(super) fn rule(&self) -> usize {
        self.combination.rule
    }

    /// Whether it says what is not in a text.
    pub(super) fn is_not(&self) -> bool {
        self.combination.is_not()
    }

    /// Whether it may still find something in a text that has no character.
    pub(super) fn judges_empty(&self) -> bool {
        !self.is_over && self.combination.judges_empty()
    }

    /// Whether it has been decided.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn feed(&mut self, piece: &str) {
        self.members.iter_mut().for_each(|member| member.feed(piece));
    }

    pub(super) fn finish(&mut self) {
        self.members.iter_mut().for_each(Channel::finish);
    }

    /// The same for a reading of the text in which others follow.
    #[must_use]
    pub(super) fn fork(&self) -> Combined {
        Combined { members: self.members.iter().map(Channel::fork).collect(), asked: Vec::new(), ..self.clone() }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.members.iter().any(Channel::is_waiting)
    }

    /// What members ask, by the text's own numbers.
    pub(super) fn take_jobs(&mut self, next: &mut usize) -> Vec<Job> {
        let mut out = Vec::new();
        for (index, member) in self.members.iter_mut().enumerate() {
            for job in member.take_jobs() {
                self.asked.push((*next, index, job.id));
                out.push(Job { id: *next, ..job });
                *next += 1;
            }
        }
        out
    }

    /// Hands in an answer, if a member asked for it.
    pub(super) fn answer(&mut self, id: usize, answer: &Answer) -> bool {
        let Some(at) = self.asked.iter().position(|(own, ..)| *own == id) else { return false };
        let (_, member, inner) = self.asked.swap_remove(at);
        self.members[member].answer(inner, answer);
        true
    }

    /// Gives up on outstanding answers; returns whether there were any.
    pub(super) fn abandon(&mut self) -> bool {
        self.asked.clear();
        self.members.iter_mut().map(Channel::abandon).filter(|rules| !rules.is_empty()).count() > 0
    }

    /// Lets go of text that members have no use for.
    pub(super) fn forget(&mut self) {
        for member in &mut self.members {
            member.judge();
            member.forget(member.open());
        }
    }

    /// The highest scores of members' labels.
    pub(super) fn scores(&self) -> impl Iterator<Item = &(String, f32)> {
        self.members.iter().flat_map(Channel::scores)
    }

    /// Decides, once all is there: what is to be reported. A bound or a failure of a member is one of the rule's.
    pub(super) fn decide(&mut self, len: usize, rules: &RuleSet) -> Vec<Finding> {
        self.is_over = true;
        let rule = self.combination.rule;
        debug_assert!(rule < rules.rules().len());
        let found = |member: &&Channel| member.findings().iter().any(|finding| finding.outcome == Outcome::Found);
        let all = self.members.iter().flat_map(Channel::findings);
        let mut out: Vec<Finding> = all.filter(|finding| finding.outcome != Outcome::Found).cloned().collect();
        let with = self.members.iter().filter(found).count();
        let whole = || Finding {
            rule,
            label: None,
            score: None,
            range: 0..len,
            seen: Path::default(),
            head: None,
            outcome: Outcome::Found,
            judgement: Judgement::Open,
        };
        match self.combination.form {
            // What could not look does not say that nothing is there; its failure is reported.
            Form::Not if with == 0 && out.is_empty() => out.push(whole()),
            Form::All if with == self.members.len() => {
                let (before, mut known) = (out.len(), HashSet::new());
                for (member, (_, has_span)) in self.members.iter().zip(&self.combination.members) {
                    let own = member.findings().iter().filter(|finding| finding.outcome == Outcome::Found && *has_span);
                    for finding in own {
                        if known.insert((finding.label.clone(), finding.range.clone())) {
                            out.push(Finding { judgement: Judgement::Open, ..finding.clone() });
                        }
                    }
                }
                if out.len() == before {
                    out.push(whole());
                }
            }
            Form::Any | Form::All | Form::Not => {}
        }
        out
    }
}

#[cfg(test)]
mod tests;
