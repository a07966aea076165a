//! What a rule with `rate` cannot have: it reads no text.

use crate::action::Action;
use crate::condition::Condition;
use crate::config::{MapReader, Problem};

/// Refuses the keys that are about texts, in a rule with `rate`.
pub(super) fn check(reader: &mut MapReader<'_>, action: Option<&Action>, when: Option<&Condition>) {
    for (key, help) in [
        ("scope", "remove `scope`; `when` says for which requests the rule counts"),
        ("except", "remove `except`; `when` says for which requests the rule counts"),
    ] {
        if let Some(node) = reader.node(key) {
            let problem = Problem::error(&node.at, "a budget reads no text");
            reader.problem(problem.label(format!("`rate` has no use for `{key}`")).help(help));
        }
    }
    if let (Some(Action::Rewrite(_) | Action::Allow(_)), Some(node)) = (action, reader.node("action")) {
        let problem = Problem::error(&node.at, "a budget finds no text");
        reader.problem(problem.label("only `block` and `log` may follow `rate`"));
    }
    if let (true, Some(node)) = (when.is_some_and(|when| when.uses().segment), reader.node("when")) {
        let problem = Problem::error(&node.at, "a budget reads no text");
        let help = "ask about `request` and `tenant`";
        reader.problem(problem.label("asks about `segment`, and `rate` counts requests as a whole").help(help));
    }
}
