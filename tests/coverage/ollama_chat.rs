//! Ollama's chat.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::Sample;
use super::cells::is_notice;

super::covered!("ollama-chat");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/api/chat",
        stream_path: "/api/chat",
        api: "",
        ask: |text, stream| json!({ "model": "m", "stream": stream, "messages": [{ "role": "user", "content": text }] }),
        answer: |text| last(message(json!({ "content": text }))),
        call: |arguments| last(call(arguments)),
        think: |text| last(message(json!({ "content": "fine", "thinking": text }))),
        events: |pieces| lines(pieces.iter().map(|piece| message(json!({ "content": piece })))),
        // A call comes whole.
        call_events: |pieces| lines([message(json!({ "content": "Fine. " })), call(&pieces.concat())].into_iter()),
        think_events: |pieces| {
            lines(pieces.iter().map(|piece| message(json!({ "content": "", "thinking": piece }))))
        },
        frames: Frames::Ndjson,
        framed: |events| events.iter().map(|event| format!("{event}\n")).collect(),
        said: |value| value["message"]["content"].as_str().unwrap_or_default().to_owned(),
        is_error: |body| body["error"].is_string(),
        // There is no field for it: the message is what the model says.
        declines: |values| {
            let last = values.last().is_some_and(|last| last["done"] == true && last["done_reason"] == "stop");
            last && values.iter().any(|value| is_notice(&value["message"]["content"]))
        },
        is_filtered,
    }
}

pub(super) fn is_filtered(events: &[Value]) -> bool {
    events.last().is_some_and(|last| last["done"] == true && last["done_reason"] == "content_filter")
}

/// The last line of an answer, or all of one.
pub(super) fn last(mut line: Value) -> Value {
    line["done"] = true.into();
    line["done_reason"] = "stop".into();
    for count in ["total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count"] {
        line[count] = 7.into();
    }
    line
}

fn lines(lines: impl Iterator<Item = Value>) -> Vec<Value> {
    lines.chain([last(message(json!({ "content": "" })))]).collect()
}

fn call(arguments: &str) -> Value {
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    let function = json!({ "index": 0, "name": "act", "arguments": arguments });
    message(json!({ "content": "", "tool_calls": [{ "id": "call_1", "function": function }] }))
}

fn message(mut message: Value) -> Value {
    message["role"] = "assistant".into();
    json!({ "model": "m", "created_at": "2026-11-23T10:00:00.1Z", "message": message, "done": false })
}
