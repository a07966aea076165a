//! `log`: the finding is recorded, the text stays.

use super::{Action, ActionKind};
use crate::config::MapReader;

pub(super) const KIND: ActionKind =
    ActionKind { name: "log", summary: "record the finding and change nothing", example: "log", build };

#[expect(clippy::unnecessary_wraps, reason = "the signature that all kinds share")]
fn build(_: &mut MapReader<'_>) -> Option<Action> {
    Some(Action::Log)
}
