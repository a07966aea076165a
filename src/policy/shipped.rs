//! The policies that are compiled in.

use std::sync::Arc;

use crate::config::Source;

/// The names of all shipped policies.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The shipped policy of this name.
pub(super) fn source(name: &str) -> Option<Arc<Source>> {
    let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
    Some(Source::new(format!("shipped/{name}.yaml"), text))
}

/// The tests of the shipped policies, each with its policy's name.
pub(super) fn tests() -> impl Iterator<Item = (&'static str, Arc<Source>)> {
    TESTS.iter().map(|(name, text)| (*name, Source::new(format!("shipped/{name}.test.yaml"), text)))
}

const SHIPPED: &[(&str, &str)] = &[
    ("agent", include_str!("../../policies/agent.yaml")),
    ("coding-assistant", include_str!("../../policies/coding-assistant.yaml")),
    ("default", include_str!("../../policies/default.yaml")),
    ("demo", include_str!("../../policies/demo.yaml")),
    ("healthcare", include_str!("../../policies/healthcare.yaml")),
    ("injection", include_str!("../../policies/injection.yaml")),
    ("observe", include_str!("../../policies/observe.yaml")),
    ("output-safety", include_str!("../../policies/output-safety.yaml")),
    ("pii-shield", include_str!("../../policies/pii-shield.yaml")),
    ("rag", include_str!("../../policies/rag.yaml")),
    ("saas", include_str!("../../policies/saas.yaml")),
    ("secrets", include_str!("../../policies/secrets.yaml")),
    ("strict", include_str!("../../policies/strict.yaml")),
    ("support-bot", include_str!("../../policies/support-bot.yaml")),
];

const TESTS: &[(&str, &str)] = &[
    ("agent", include_str!("../../policies/agent.test.yaml")),
    ("coding-assistant", include_str!("../../policies/coding-assistant.test.yaml")),
    ("default", include_str!("../../policies/default.test.yaml")),
    ("demo", include_str!("../../policies/demo.test.yaml")),
    ("healthcare", include_str!("../../policies/healthcare.test.yaml")),
    ("injection", include_str!("../../policies/injection.test.yaml")),
    ("observe", include_str!("../../policies/observe.test.yaml")),
    ("output-safety", include_str!("../../policies/output-safety.test.yaml")),
    ("pii-shield", include_str!("../../policies/pii-shield.test.yaml")),
    ("rag", include_str!("../../policies/rag.test.yaml")),
    ("saas", include_str!("../../policies/saas.test.yaml")),
    ("secrets", include_str!("../../policies/secrets.test.yaml")),
    ("strict", include_str!("../../policies/strict.test.yaml")),
    ("support-bot", include_str!("../../policies/support-bot.test.yaml")),
];
