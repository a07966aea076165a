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
    ("default", include_str!("../../policies/default.yaml")),
    ("demo", include_str!("../../policies/demo.yaml")),
    ("injection", include_str!("../../policies/injection.yaml")),
    ("pii-shield", include_str!("../../policies/pii-shield.yaml")),
];

const TESTS: &[(&str, &str)] = &[
    ("default", include_str!("../../policies/default.test.yaml")),
    ("demo", include_str!("../../policies/demo.test.yaml")),
    ("injection", include_str!("../../policies/injection.test.yaml")),
    ("pii-shield", include_str!("../../policies/pii-shield.test.yaml")),
];
