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

const SHIPPED: &[(&str, &str)] =
    &[("default", include_str!("../../policies/default.yaml")), ("demo", include_str!("../../policies/demo.yaml"))];
