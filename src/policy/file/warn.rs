//! What is valid but perhaps not meant.

use regex_syntax::hir::Look;

use crate::action::Action;
use crate::config::{Collector, Node, Problem, Severity, quoted};
use crate::detector::{Form, Pattern, Plan, Span};
use crate::policy::program::Program;
use crate::policy::rule::{Except, ExceptWhat, Mode, RuleSpec, Window};
use crate::segment::{Direction, Kind, Scope};

/// Looks over one rule. `node` is its mapping.
pub(super) fn check(rule: &RuleSpec, node: &Node, problems: &Collector) {
    let warning = |path: &[&str], title: String, label: &str, help: &str| {
        let at = path.iter().try_fold(node, |node, key| node.child(key)).or(node.child("id")).unwrap_or(node);
        let problem = Problem { severity: Severity::Warning, ..Problem::error(&at.at, title) };
        problems.push(problem.label(label).help(help));
    };
    let id = quoted(&rule.id);
    let detect = ["detect", rule.detector];
    let place = if rule.detector == "regex" { &["detect", "regex", "pattern"][..] } else { &detect[..] };
    let patterns: &[&Pattern] = &rule.plan.patterns();
    // What is shipped knows its bounds.
    for pattern in patterns.iter().filter(|pattern| pattern.entity.is_none() && pattern.sorts.is_none()) {
        let properties = pattern.hir.properties();
        if properties.minimum_len().is_some_and(|shortest| shortest > rule.max_match) {
            let label = format!("the shortest match is longer than `max_match` ({} bytes)", rule.max_match);
            warning(place, format!("rule {id} can never find anything"), &label, "raise `max_match`");
        } else if properties.maximum_len().is_none_or(|longest| longest > rule.max_match) {
            let label = format!("a match may be longer than `max_match` ({} bytes)", rule.max_match);
            let help = "text that goes on matching beyond it is `over_limit`: bound the repetition, as in `{1,64}`";
            warning(place, format!("rule {id} may hit its limit"), &label, help);
        }
    }
    for (except, item) in exceptions(rule, node) {
        if let ExceptWhat::Pattern(pattern) = &except.what
            && let Some(regex) = item.child("regex")
            // What is too large is refused where it is compiled.
            && Program::starts_anywhere(&pattern.hir, rule.max_match).unwrap_or(false)
        {
            let title = format!("an exemption makes rule {id} slow");
            let problem = Problem::warning(&regex.at, title);
            let label = "may begin with any letter, so that it is tried at each of them: up to 100 times slower";
            problems.push(
                problem.label(label).help("begin it with the words that it is to begin with, as in `ticket [0-9]{6}`"),
            );
        }
    }
    let acts_on_answers = match &rule.action {
        Action::Block(_) => true,
        Action::Rewrite(rewrite) => rewrite.restore.is_none(),
        Action::Log | Action::Allow(_) => false,
    };
    if rule.scope.meets(Scope::ANSWER)
        && acts_on_answers
        && let Some(reason) = needs_the_end(rule, &rule.plan)
    {
        let help = "narrow `scope` to what clients send, or only `log`, if answers should stream";
        warning(place, format!("rule {id} holds each answer until it is complete"), reason, help);
    }
    for (name, part) in parts(rule.detector, &rule.plan) {
        let whose = if name == rule.detector { format!("rule {id}") } else { format!("`{name}` in rule {id}") };
        if let Plan::Whole(check) = part
            && check.reads_conversation()
            && !rule.scope.meets(Scope::ANSWER)
        {
            let label = "only answers are compared with the request that they answer";
            let help = "add kinds of output to `scope`, such as `completion`";
            warning(&["scope"], format!("{whose} finds nothing in what clients send"), label, help);
        }
        if matches!(part, Plan::Tool(_)) && !rule.scope.meets(Scope::kind(Kind::ToolCall)) {
            let help = "add `tool_call` to `scope`, or leave `scope` out";
            warning(&["scope"], format!("{whose} can never run"), "tools are called in `tool_call` alone", help);
        }
    }
    let seeks_canary = |plan: &&Plan| matches!(plan, Plan::Whole(check) if check.plants_canary());
    if rule.mode == Mode::Shadow && rule.plan.parts().iter().any(seeks_canary) {
        let label = "in shadow nothing is put into system prompts";
        let help = "write `mode: enforce` and `action: log`, if nothing is to happen but a record";
        warning(&detect, format!("rule {id} has no token to find while it only watches"), label, help);
    }
    if let Action::Rewrite(rewrite) = &rule.action
        && let Some(restore) = rewrite.restore
    {
        let label = "only what clients send is given back to them";
        let help = "add kinds of input to `scope`; what answers hold is for `mask` or `replace`";
        if !rule.scope.meets(Scope::INPUT) {
            warning(&["action"], format!("rule {id} has nothing to give back"), label, help);
        } else if let Some(kind) = comes_again(rule.scope, restore) {
            let label = format!("does not read `{kind}`");
            let help = format!("answers hold the values again, and clients send them back: add `{kind}` to `scope`");
            warning(&["scope"], format!("rule {id} lets through as history what it gives back"), &label, &help);
        }
    }
    let classifier =
        rule.plan.parts().iter().any(|part| matches!(part, Plan::Classifier(_) | Plan::Entities(_) | Plan::Topic(_)));
    if !classifier && node.child("window").is_some() {
        let label = "only classifier rules judge windows";
        warning(&["window"], format!("`window` has no effect on rule {id}"), label, "remove it");
    }
    if patterns.is_empty() && node.child("max_match").is_some() {
        let label = "only rules with patterns have matches";
        warning(&["max_match"], format!("`max_match` has no effect on rule {id}"), label, "remove it");
    }
    if !matches!(rule.action, Action::Rewrite(_)) && node.child("unrewritable").is_some() {
        let label = "only rules that rewrite can hit text that must not change";
        warning(&["unrewritable"], format!("`unrewritable` has no effect on rule {id}"), label, "remove it");
    }
}

/// The exemptions of a rule, each with where it is written.
fn exceptions<'r>(rule: &'r RuleSpec, node: &'r Node) -> impl Iterator<Item = (&'r Except, &'r Node)> {
    let items = node.child("except").map(Node::items).unwrap_or_default();
    // One that cannot be read is left out, and an error.
    let all_read = items.len() == rule.except.len();
    rule.except.iter().zip(items).filter(move |_| all_read)
}

/// What a rule looks for, each detector with its name.
fn parts<'p>(name: &'static str, plan: &'p Plan) -> Vec<(&'static str, &'p Plan)> {
    match plan {
        Plan::Combined(combined) => combined.members.iter().flat_map(|(name, member)| parts(name, member)).collect(),
        plan => vec![(name, plan)],
    }
}

/// Why the rule can only be decided when the segment has ended, if so (segment-local rules).
fn needs_the_end(rule: &RuleSpec, plan: &Plan) -> Option<&'static str> {
    match plan {
        Plan::Combined(combined) => match combined.form {
            Form::Any => combined.members.iter().find_map(|(_, member)| needs_the_end(rule, member)),
            Form::All => Some("`all` is decided only at the end of the text"),
            Form::Not => Some("`not` is decided only at the end of the text"),
        },
        Plan::Patterns(patterns) => patterns
            .iter()
            .any(|pattern| pattern.hir.properties().look_set().contains(Look::End))
            .then_some("`$` or `\\z` is known only at the end of the text"),
        Plan::Length(length) if length.min_chars.is_some() => {
            Some("`min_chars` is decided only at the end of the text")
        }
        Plan::Length(length) if length.tokenizer.is_some() => Some("`tokenizer` counts the tokens of the whole text"),
        Plan::Length(length) => length.min_tokens.map(|_| "`min_tokens` is decided only at the end of the text"),
        Plan::Whole(check) => check.needs_the_end(),
        Plan::Classifier(plan) if plan.span == Span::Segment => Some("`span: segment` covers the whole text"),
        Plan::Classifier(_) | Plan::Entities(_) | Plan::Topic(_) if rule.window == Window::End => {
            Some("`window: end` judges the whole text")
        }
        // Calls are always held until they are whole.
        Plan::Classifier(_) | Plan::Entities(_) | Plan::Topic(_) | Plan::Tool(_) | Plan::Rate(_) => None,
    }
}

/// The kind of history that brings values to the provider which this rule gave back in an answer, and does not read.
fn comes_again(scope: Scope, restore: Scope) -> Option<Kind> {
    let history =
        [(Kind::Completion, Kind::Assistant), (Kind::Reasoning, Kind::Reasoning), (Kind::ToolCall, Kind::ToolCall)];
    let missing = |(answer, history): &(Kind, Kind)| {
        restore.meets(Scope::one(Direction::Response, *answer))
            && !scope.meets(Scope::one(Direction::Request, *history))
    };
    history.into_iter().find(missing).map(|(_, history)| history)
}
