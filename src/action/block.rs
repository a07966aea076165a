//! `block`: nothing of the message gets through from the finding on.

use super::{Action, ActionKind};
use crate::config::value::{filled, one_of, wrong};
use crate::config::{Core, MapReader, Node, Problem, Value, not_available};

pub(super) const KIND: ActionKind = ActionKind {
    name: "block",
    summary: "let nothing of the message through from the finding on",
    example: r#"{ block: { message: "Refunds above 100 need a person." } }"#,
    build,
};

/// How a block looks to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the client reads. `None`: a sentence that names the policy, as `expose` allows.
    pub message: Option<String>,
    /// The status of an error that is sent before anything else, in 400..=499. `None`: 400.
    pub status: Option<u16>,
    /// An error, or an answer that refuses.
    pub as_: BlockAs,
}

/// What a client gets in place of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum BlockAs {
    /// The provider's error.
    #[default]
    Error,
    /// A well-formed answer with the provider's content-filter reason.
    Refusal,
}

#[expect(clippy::unnecessary_wraps, reason = "the signature that all kinds share")]
fn build(reader: &mut MapReader<'_>) -> Option<Action> {
    let message = reader.optional("message", message);
    let status = reader.optional("status", status);
    let as_ = match reader.node("as") {
        Some(node) if is_text(node, "tool_error") => {
            reader.problem(not_available(&node.at, "tool_error"));
            None
        }
        _ => reader.optional("as", one_of(&[("error", BlockAs::Error), ("refusal", BlockAs::Refusal)])),
    };
    let as_ = as_.unwrap_or_default();
    if as_ == BlockAs::Refusal
        && let Some(node) = reader.node("status")
    {
        reader.problem(
            Problem::error(&node.at, "a refusal has no status of its own").label("has no effect with `as: refusal`"),
        );
    }
    Some(Action::Block(Block { message, status, as_ }))
}

fn message(node: &Node) -> Result<String, Problem> {
    let text = filled(node)?;
    if text.chars().count() > MAX_MESSAGE {
        return Err(Problem::error(&node.at, "the message is too long")
            .label(format!("expected at most {MAX_MESSAGE} characters")));
    }
    Ok(text)
}

/// Client libraries try again after 408, 409 and 429, renew credentials after 401, and read 404 as a wrong model.
fn status(node: &Node) -> Result<u16, Problem> {
    let expected = "a status from 400 to 499 that clients neither retry nor misread";
    let found = match &node.value {
        Value::Scalar(scalar) => match scalar.core() {
            Core::Int(value) => u16::try_from(value).ok(),
            _ => None,
        },
        _ => None,
    };
    found.filter(|status| (400..=499).contains(status) && ![401, 404, 408, 409, 429].contains(status)).ok_or_else(
        || wrong(node, expected).help("401, 404, 408, 409 and 429 mean other things to clients; 400 is usual"),
    )
}

fn is_text(node: &Node, text: &str) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if scalar.text == text)
}

/// The longest message, in characters.
const MAX_MESSAGE: usize = 1000;
