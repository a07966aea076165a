//! The keys of a whole policy.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

use super::extends::Merged;
use super::{rule, warn};
use crate::action::Action;
use crate::config::value::{self, name, one_of, unknown};
use crate::config::{Collector, Core, MapReader, Node, Problem, Value};
use crate::detector::Plan;
use crate::policy::rule::{
    Decision, Expose, Mode, OnError, OverLimit, PolicySpec, RuleSpec, UNKNOWN_TOKENS, Unrewritable,
};
use crate::segment::Media;

/// What a decision is called.
pub(super) const DECISIONS: &[(&str, Decision)] =
    &[("block", Decision::Block), ("log", Decision::Log), ("allow", Decision::Allow)];
/// What the modes are called.
pub(super) const MODES: &[(&str, Mode)] = &[("enforce", Mode::Enforce), ("shadow", Mode::Shadow)];
/// What becomes of a rewrite that cannot be done.
pub(super) const UNREWRITABLE: &[(&str, Unrewritable)] =
    &[("block", Unrewritable::Block), ("remove", Unrewritable::Remove), ("log", Unrewritable::Log)];

/// What rules take from their policy.
pub(super) struct Defaults {
    pub(super) mode: Mode,
    pub(super) on_error: OnError,
    pub(super) unrewritable: Unrewritable,
}

/// Reads a merged policy. `stem` is its name when it gives none.
pub(super) fn read(merged: &Merged, stem: &str, today: Date, problems: &Collector) -> Option<PolicySpec> {
    let read = |reader: &mut MapReader<'_>| {
        reader.later(&["budget", "documents"]);
        reader.optional("version", one_of(&[("1", ())]));
        let policy_name = reader.optional("name", name(64)).unwrap_or_else(|| stem.to_owned());
        // These two were read before; asking makes them known.
        reader.node("extends");
        reader.node("rules");
        let defaults = Defaults {
            mode: reader.optional("mode", one_of(MODES)).unwrap_or_default(),
            on_error: on_error(reader, OnError::default()),
            unrewritable: reader.optional("unrewritable", one_of(UNREWRITABLE)).unwrap_or_default(),
        };
        let expose = [("rules", Expose::Rules), ("id", Expose::Id), ("none", Expose::None)];
        let decision = one_of(DECISIONS);
        let rules = rules(merged, &defaults, today, problems);
        Some(PolicySpec {
            hash: hash(merged, &policy_name, rules.as_deref().unwrap_or_default()),
            name: policy_name.into(),
            mode: defaults.mode,
            on_error: defaults.on_error,
            unreadable: reader.optional("unreadable", &decision).unwrap_or_default(),
            over_limit: over_limit(reader),
            unscannable: unscannable(reader),
            unrewritable: defaults.unrewritable,
            expose: reader.optional("expose", one_of(&expose)),
            rules: rules?,
        })
    };
    MapReader::over(&merged.entries, &merged.root.at, "the policy", problems, read).flatten()
}

/// `on_error`, of a policy or a rule: one decision, or one for each way to fail. What is not said is as in `default`.
pub(super) fn on_error(reader: &mut MapReader<'_>, default: OnError) -> OnError {
    let decision = one_of(DECISIONS);
    match reader.node("on_error").map(|node| &node.value) {
        None => default,
        Some(Value::Map(_)) => reader
            .map("on_error", |reader| OnError {
                timeout: reader.optional("timeout", &decision).unwrap_or(default.timeout),
                overload: reader.optional("overload", &decision).unwrap_or(default.overload),
                error: reader.optional("error", &decision).unwrap_or(default.error),
            })
            .unwrap_or(default),
        Some(_) => reader.optional("on_error", &decision).map_or(default, OnError::all),
    }
}

/// `over_limit`: one decision, or one for words that a classifier does not know and one for the other bounds.
fn over_limit(reader: &mut MapReader<'_>) -> OverLimit {
    let decision = one_of(DECISIONS);
    match reader.node("over_limit").map(|node| &node.value) {
        None => OverLimit::default(),
        Some(Value::Map(_)) => reader
            .map("over_limit", |reader| OverLimit {
                unknown_tokens: reader.optional(UNKNOWN_TOKENS, &decision).unwrap_or_default(),
                other: reader.optional("other", &decision).unwrap_or_default(),
            })
            .unwrap_or_default(),
        Some(_) => reader.optional("over_limit", &decision).map_or(OverLimit::default(), OverLimit::all),
    }
}

fn unscannable(reader: &mut MapReader<'_>) -> [Decision; Media::ALL.len()] {
    let decision = one_of(DECISIONS);
    match reader.node("unscannable").map(|node| &node.value) {
        None => [Decision::Block; Media::ALL.len()],
        Some(Value::Map(_)) => reader
            .map("unscannable", |reader| {
                Media::ALL.map(|media| reader.optional(media.name(), &decision).unwrap_or_default())
            })
            .unwrap_or_default(),
        Some(_) => [reader.optional("unscannable", &decision).unwrap_or_default(); Media::ALL.len()],
    }
}

fn rules(merged: &Merged, defaults: &Defaults, today: Date, problems: &Collector) -> Option<Vec<RuleSpec>> {
    let before = problems.errors();
    if merged.rules.len() > MAX_RULES {
        problems.push(
            Problem::error(&merged.root.at, "too many rules")
                .label(format!("expected at most {MAX_RULES}, with all bases, found {}", merged.rules.len())),
        );
        return None;
    }
    let read: Vec<(RuleSpec, bool, &Node)> = merged
        .rules
        .iter()
        .filter_map(|(id, node)| {
            let rule = rule::read(id, node, merged, defaults, today, problems);
            rule.map(|(rule, disabled)| (rule, disabled, node))
        })
        .collect();
    let mut known: Vec<String> = merged.rules.iter().map(|(id, _)| id.clone()).collect();
    known.extend(read.iter().flat_map(|(rule, ..)| rule.tags.iter()).map(|tag| format!("tag:{tag}")));
    known.sort();
    known.dedup();
    for (rule, disabled, node) in &read {
        if matches!(rule.action, Action::Allow(_)) {
            check_allow(node, &known, problems);
        }
        if !disabled {
            warn::check(rule, node, problems);
        }
    }
    let enabled = read.into_iter().filter(|(_, disabled, _)| !disabled);
    (problems.errors() == before).then(|| enabled.map(|(rule, ..)| rule).collect())
}

/// Every name that an `allow` silences has to exist, or a slip would leave a rule unsilenced unnoticed.
fn check_allow(node: &Node, known: &[String], problems: &Collector) {
    let names = node.child("action").and_then(|action| action.child("allow")).and_then(|allow| allow.child("rules"));
    let items = names.map_or(&[][..], |names| match &names.value {
        Value::Seq(items) => items.as_slice(),
        _ => std::slice::from_ref(names),
    });
    for item in items {
        if let Ok(name) = value::string(item)
            && !known.contains(&name)
        {
            problems.push(unknown(item, "rule or tag", &name, known.iter().map(String::as_str)));
        }
    }
}

/// First eight hex digits of the SHA-256 of the policy as it is in effect, comments and layout apart.
fn hash(merged: &Merged, name: &str, rules: &[RuleSpec]) -> Arc<str> {
    let mut text = format!("{name:?}");
    let mut entries: Vec<_> = merged.entries.iter().filter(|entry| entry.key != "name").collect();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    for entry in entries {
        let _ = write!(text, "{:?}:", entry.key);
        canonical(&entry.value, &mut text);
    }
    for (_, rule) in &merged.rules {
        canonical(rule, &mut text);
    }
    for plan in rules.iter().flat_map(|rule| rule.plan.parts()) {
        if let Plan::Whole(check) = plan {
            text.push_str(check.source().unwrap_or_default());
        }
    }
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(4).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")).into()
}

/// The same text for the same meaning: keys sorted, scalars by type and value.
fn canonical(node: &Node, out: &mut String) {
    match &node.value {
        Value::Scalar(scalar) => {
            let _ = match scalar.core() {
                Core::Str(text) => write!(out, "{text:?},"),
                core => write!(out, "{core:?},"),
            };
        }
        Value::Seq(items) => {
            out.push('[');
            for item in items {
                canonical(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            out.push('{');
            for entry in entries {
                let _ = write!(out, "{:?}:", entry.key);
                canonical(&entry.value, out);
            }
            out.push('}');
        }
    }
}

/// How many rules a policy may have.
pub(super) const MAX_RULES: usize = 2000;
