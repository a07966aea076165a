//! What a finding does, by its rule's action, or by what the policy says of failures and bounds.

use super::compile::RuleSet;
use super::rule::Decision;
use crate::action::Action;
use crate::finding::{Failure, Finding, Outcome};

/// What a finding makes of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing of the message gets through from here on.
    Block,
    /// The text is replaced.
    Rewrite,
    /// It is recorded.
    Log,
    /// Nothing: the rule only voids others, or its failure is allowed.
    None,
}

/// What a finding would do if its rule acted (`mode` not yet applied).
pub fn effect(rules: &RuleSet, finding: &Finding) -> Effect {
    let decided = |decision: Decision| match decision {
        Decision::Block => Effect::Block,
        Decision::Log => Effect::Log,
        Decision::Allow => Effect::None,
    };
    let rule = rules.rule(finding.rule);
    // A rule that only records never turns an answer away because it could not look.
    let held = |decision: Decision| if rule.action.holds() { decision } else { Decision::Log };
    match &finding.outcome {
        Outcome::OverLimit(reason) => decided(held(rules.over_limit(finding.rule, reason))),
        Outcome::Failed(failure) => {
            let on_error = rules.on_error(finding.rule);
            decided(held(match failure {
                Failure::Timeout => on_error.timeout,
                Failure::Overload => on_error.overload,
                Failure::Error => on_error.error,
            }))
        }
        Outcome::Found => match &rule.action {
            Action::Block(_) => Effect::Block,
            Action::Rewrite(_) => Effect::Rewrite,
            Action::Log => Effect::Log,
            Action::Allow(_) => Effect::None,
        },
    }
}
