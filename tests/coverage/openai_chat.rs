//! Chat Completions.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::Sample;

super::covered!("openai-chat");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/chat/completions",
        stream_path: "/v1/chat/completions",
        api: "",
        ask: |text, stream| json!({ "model": "m", "stream": stream, "messages": [{ "role": "user", "content": text }] }),
        answer: |text| whole(&json!({ "role": "assistant", "content": text })),
        call: |arguments| whole(&json!({ "role": "assistant", "content": null, "tool_calls": [tool(arguments)] })),
        think: |text| whole(&json!({ "role": "assistant", "reasoning_content": text, "content": "fine" })),
        events: |pieces| events(pieces.iter().map(|piece| json!({ "content": piece }))),
        call_events: |pieces| {
            let rest = pieces.iter().map(|piece| json!({ "tool_calls": [{ "index": 0, "function": { "arguments": piece } }] }));
            events([json!({ "tool_calls": [tool("")] })].into_iter().chain(rest))
        },
        think_events: |pieces| events(pieces.iter().map(|piece| json!({ "reasoning_content": piece }))),
        frames: Frames::Sse,
        framed: |events| super::named(events) + "data: [DONE]\n\n",
        said: |value| {
            let choice = &value["choices"][0];
            [&choice["message"], &choice["delta"]].iter().filter_map(|part| part["content"].as_str()).collect()
        },
        is_error: |body| body["error"]["code"] == "content_policy_violation",
        declines: |values| values.iter().any(|value| {
            let choice = &value["choices"][0];
            choice["message"]["refusal"].is_string() || choice["delta"]["refusal"].is_string()
        }),
        is_filtered: |events| events.last().is_some_and(|last| last["choices"][0]["finish_reason"] == "content_filter"),
    }
}

fn whole(message: &Value) -> Value {
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice] })
}

fn tool(arguments: &str) -> Value {
    json!({ "index": 0, "id": "call_1", "type": "function", "function": { "name": "act", "arguments": arguments } })
}

fn events(deltas: impl Iterator<Item = Value>) -> Vec<Value> {
    let first = [json!({ "role": "assistant", "content": "" })].into_iter();
    let event = |(delta, finish): (Value, Value)| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice] })
    };
    let deltas = first.chain(deltas).map(|delta| (delta, Value::Null));
    deltas.chain([(json!({}), "stop".into())]).map(event).collect()
}
