//! What a body says about its conversation: which one it is, and what stood in it before the model first spoke.

use std::borrow::Cow;

use super::buffered::Body;
use crate::policy::pseudonyms::Value;
use crate::policy::{Context, Pseudonyms};
use crate::segment::Kind;

/// Names the values of a request.
///
/// Its conversation is known by its system text and its first user message, as they came; without messages by all of it.
/// What stands in it before the model's first answer cannot be a placeholder of this conversation, so none of these is taken.
pub(super) fn of(context: &Context, tenant: Option<&str>, body: &Body<'_>, values: Vec<Value>) -> Pseudonyms {
    let (first, before) = texts(body);
    let mut names = Pseudonyms::new(&context.key, tenant, first.iter().map(AsRef::as_ref));
    let before: Vec<&str> = before.iter().map(AsRef::as_ref).collect();
    names.name_all(values, &before);
    names
}

/// The texts that tell the conversation, and all those before the model's first answer.
fn texts<'b>(body: &'b Body<'_>) -> (Vec<Cow<'b, str>>, Vec<Cow<'b, str>>) {
    let (json, walked) = match body {
        Body::Plain(text, _) => return (vec![(*text).into()], vec![(*text).into()]),
        Body::Json(json, walked) => (json, walked),
    };
    let number_of = |wanted: fn(Kind) -> bool| {
        let position = walked.messages.iter().position(|&kind| wanted(kind));
        position.map_or(u32::MAX, |position| position as u32 + 1)
    };
    let user = number_of(|kind| kind == Kind::User);
    let answer = number_of(|kind| matches!(kind, Kind::Assistant | Kind::ToolCall | Kind::ToolResult));
    let of = |wanted: &dyn Fn(u32, Kind) -> bool| {
        let leaves = walked.texts.iter().filter(|leaf| wanted(leaf.message, leaf.kind));
        leaves.map(|leaf| leaf.text(json)).collect()
    };
    let by_messages = user != u32::MAX;
    let first = of(&|message, kind| !by_messages || kind == Kind::System || message == user);
    let before = of(&|message, kind| message < answer || kind == Kind::System);
    (first, before)
}
