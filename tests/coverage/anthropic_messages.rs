//! Anthropic Messages.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::Sample;

super::covered!("anthropic-messages");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/messages",
        stream_path: "/v1/messages",
        api: "",
        ask: |text, stream| {
            json!({ "model": "m", "max_tokens": 9, "stream": stream, "messages": [{ "role": "user", "content": text }] })
        },
        answer: |text| whole(&json!({ "type": "text", "text": text })),
        call: |arguments| {
            let input: Value = serde_json::from_str(arguments).unwrap();
            whole(&json!({ "type": "tool_use", "id": "toolu_1", "name": "act", "input": input }))
        },
        think: |text| whole(&json!({ "type": "thinking", "thinking": text, "signature": "c2ln" })),
        events: |pieces| {
            let delta = |piece: &&str| json!({ "type": "text_delta", "text": piece });
            events(&json!({ "type": "text", "text": "" }), pieces.iter().map(delta))
        },
        call_events: |pieces| {
            let delta = |piece: &&str| json!({ "type": "input_json_delta", "partial_json": piece });
            events(&json!({ "type": "tool_use", "id": "toolu_1", "name": "act", "input": {} }), pieces.iter().map(delta))
        },
        think_events: |pieces| {
            let delta = |piece: &&str| json!({ "type": "thinking_delta", "thinking": piece });
            let signed = json!({ "type": "signature_delta", "signature": "c2ln" });
            let block = json!({ "type": "thinking", "thinking": "", "signature": "" });
            events(&block, pieces.iter().map(delta).chain([signed]))
        },
        frames: Frames::Sse,
        framed: super::named,
        said: |value| {
            let parts = [&value["content"][0], &value["content"][1], &value["delta"]];
            parts.iter().filter_map(|part| part["text"].as_str()).collect()
        },
        is_error: |body| body["type"] == "error" && body["error"]["type"] == "invalid_request_error",
        declines: |values| {
            values.iter().any(|value| value["stop_reason"] == "refusal" || value["delta"]["stop_reason"] == "refusal")
        },
        is_filtered: |events| {
            let [.., delta, stop] = events else { return false };
            delta["delta"]["stop_reason"] == "refusal" && stop["type"] == "message_stop"
        },
    }
}

fn whole(block: &Value) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [block], "stop_reason": "end_turn",
        "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
    })
}

fn events(block: &Value, deltas: impl Iterator<Item = Value>) -> Vec<Value> {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 },
    });
    let begin = [
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
    ];
    let end = [
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 2 } }),
        json!({ "type": "message_stop" }),
    ];
    let deltas = deltas.map(|delta| json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
    begin.into_iter().chain(deltas).chain(end).collect()
}
