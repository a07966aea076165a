//! `redact`: the found text is taken out.

use std::sync::Arc;

use super::{Action, ActionKind, Rewrite};
use crate::config::MapReader;

pub(super) const KIND: ActionKind =
    ActionKind { name: "redact", summary: "take the found text out", example: "redact", build };

#[expect(clippy::unnecessary_wraps, reason = "the signature that all kinds share")]
fn build(_: &mut MapReader<'_>) -> Option<Action> {
    Some(Action::Rewrite(Rewrite { name: KIND.name, fill: None, restore: None, with: Arc::new(|_| String::new()) }))
}
