//! Event streams of Anthropic Messages: which blocks stand open, and what ends a stream so that official clients finish
//! cleanly. Every event has its name on a line of its own; clients skip events without it.

use serde_json::{Value, json};

use super::json::{Json, NodeKind};
use super::walk::own_index;
use super::{Mark, StreamView};

/// What an event does to its stream.
pub(super) fn mark(event: &Json<'_>) -> Mark {
    let Some(kind) = event.get(0, "type") else { return Mark::None };
    let index = own_index(event, 0).unwrap_or(0);
    match &*event.string(kind) {
        "message_start" => Mark::Message,
        "content_block_start" => Mark::Begin(index),
        "content_block_delta" => Mark::GoOn(index),
        "content_block_stop" => Mark::End(index),
        "message_delta" if stops(event) => Mark::Stop,
        "message_stop" => Mark::Over,
        "ping" => Mark::Beat,
        _ => Mark::None,
    }
}

/// Whether an event says why the answer ended.
fn stops(event: &Json<'_>) -> bool {
    let reason = event.get(0, "delta").and_then(|delta| event.get(delta, "stopreason"));
    reason.is_some_and(|reason| event.kind(reason) == NodeKind::String)
}

/// Ends an answer as the provider ends one that its model refuses; with `message`, that is said in a block of its own.
pub(super) fn ending(view: &StreamView, id: &str, message: Option<&str>) -> String {
    let mut out = String::new();
    if view.over {
        return out;
    }
    if !view.begun {
        let id = view.id.clone().unwrap_or_else(|| format!("msg_{id}"));
        let start = json!({
            "id": id,
            "type": "message",
            "role": "assistant",
            "model": view.model.as_deref().unwrap_or_default(),
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": { "input_tokens": 0, "output_tokens": 0 },
        });
        out += &event("message_start", &json!({ "type": "message_start", "message": start }));
    }
    for index in &view.open {
        out += &stop(*index);
    }
    if let Some(message) = message {
        let index = view.next;
        let block = json!({ "type": "text", "text": "" });
        let begin = json!({ "type": "content_block_start", "index": index, "content_block": block });
        out += &event("content_block_start", &begin);
        let delta = json!({ "type": "text_delta", "text": message });
        out += &event("content_block_delta", &json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        out += &stop(index);
    }
    let mut delta = json!({ "stop_reason": "refusal", "stop_sequence": null });
    if let (Some(message), Some(delta)) = (message, delta.as_object_mut()) {
        delta.insert("stop_details".to_owned(), refused(message));
    }
    // Zero: what was really used is the provider's to say, and it was cut off before it could.
    let usage = json!({ "output_tokens": 0 });
    out += &event("message_delta", &json!({ "type": "message_delta", "delta": delta, "usage": usage }));
    out += &event("message_stop", &json!({ "type": "message_stop" }));
    out
}

/// Why a model declined.
pub(super) fn refused(message: &str) -> Value {
    json!({ "type": "refusal", "category": null, "explanation": message })
}

fn stop(index: u64) -> String {
    event("content_block_stop", &json!({ "type": "content_block_stop", "index": index }))
}

/// One event with its name.
pub(super) fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
