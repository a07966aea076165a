//! `pseudonymize`: a made-up value of the same kind in place of the found one. Whoever sent it gets it back in the answer.

mod forms;

use std::sync::Arc;

use super::{Action, ActionKind, Found, Rewrite};
use crate::config::value::{string, unknown};
use crate::config::{MapReader, Node, Problem, Value};
use crate::segment::{Direction, Kind, Scope};

pub use forms::placeholder;

pub(super) const KIND: ActionKind = ActionKind {
    name: "pseudonymize",
    summary: "put a made-up value in place of the found one, and put it back in answers",
    example: "{ pseudonymize: { restore: [completion] } }",
    build,
};

fn build(reader: &mut MapReader<'_>) -> Option<Action> {
    let restore = match reader.node("restore") {
        None => Scope::one(Direction::Response, Kind::Completion),
        // Unlike elsewhere an empty list means something: never.
        Some(Node { value: Value::Seq(items), .. }) if items.is_empty() => Scope::EMPTY,
        Some(_) => reader.list("restore", kind)?.into_iter().fold(Scope::EMPTY, Scope::union),
    };
    let with = Arc::new(|found: &Found<'_>| found.pseudonym.to_owned());
    Some(Action::Rewrite(Rewrite { name: KIND.name, fill: None, restore: Some(restore), with }))
}

/// A kind of text that models write.
fn kind(node: &Node) -> Result<Scope, Problem> {
    let name = string(node)?;
    match (Kind::from_name(&name), &*name) {
        (Some(kind @ (Kind::Completion | Kind::Reasoning | Kind::ToolCall)), _) => {
            Ok(Scope::one(Direction::Response, kind))
        }
        (None, "output") => Ok(Scope::ANSWER),
        _ => Err(unknown(node, "kind of output", &name, ["completion", "reasoning", "tool_call", "output"])),
    }
}
