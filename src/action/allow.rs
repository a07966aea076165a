//! `allow`: findings of the named rules that lie inside this rule's are void.

use super::{Action, ActionKind};
use crate::config::MapReader;
use crate::config::value::filled;

pub(super) const KIND: ActionKind = ActionKind {
    name: "allow",
    summary: "void the findings of other rules that lie wholly inside this rule's",
    example: r#"{ allow: { rules: [secrets-out, "tag:pii"] } }"#,
    build,
};

fn build(reader: &mut MapReader<'_>) -> Option<Action> {
    // Whether the names exist is the policy's to know.
    reader.required_node("rules")?;
    reader.list("rules", filled).map(Action::Allow)
}
