//! Cohere's chat.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::Sample;
use super::cells::is_notice;

super::covered!("cohere-chat");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v2/chat",
        stream_path: "/v2/chat",
        api: "",
        ask: |text, stream| json!({ "model": "m", "stream": stream, "messages": [{ "role": "user", "content": text }] }),
        answer: |text| whole(json!({ "content": [{ "type": "text", "text": text }] }), "COMPLETE"),
        call: |arguments| whole(json!({ "tool_calls": [tool(arguments)] }), "TOOL_CALL"),
        think: |text| {
            let content = json!([{ "type": "thinking", "thinking": text }, { "type": "text", "text": "fine" }]);
            whole(json!({ "content": content }), "COMPLETE")
        },
        events: |pieces| events(content("text", pieces), "COMPLETE"),
        call_events: |pieces| {
            let call = |kind: &str, call: Value| {
                json!({ "type": kind, "index": 0, "delta": { "message": { "tool_calls": call } } })
            };
            let mut inside = vec![call("tool-call-start", tool(""))];
            inside.extend(pieces.iter().map(|piece| call("tool-call-delta", json!({ "function": { "arguments": piece } }))));
            inside.push(json!({ "type": "tool-call-end", "index": 0 }));
            events(inside, "TOOL_CALL")
        },
        think_events: |pieces| events(content("thinking", pieces), "COMPLETE"),
        frames: Frames::Sse,
        framed: |events| super::named(events) + "data: [DONE]\n\n",
        said: |value| {
            let parts = [&value["message"]["content"][0], &value["delta"]["message"]["content"]];
            parts.iter().filter_map(|part| part["text"].as_str()).collect()
        },
        is_error: |body| body["id"].is_string() && body["message"].is_string(),
        // There is no field for it: the message is what the model says.
        declines: |values| {
            let [.., last] = values else { return false };
            let reason = if last["type"] == "message-end" { &last["delta"]["finish_reason"] } else { &last["finish_reason"] };
            let says = |value: &Value| {
                let parts = [&value["message"]["content"][0], &value["delta"]["message"]["content"]];
                parts.iter().any(|part| is_notice(&part["text"]))
            };
            reason == "COMPLETE" && values.iter().any(says)
        },
        is_filtered: |events| {
            let Some(last) = events.last() else { return false };
            let delta = &last["delta"];
            last["type"] == "message-end" && delta["finish_reason"] == "ERROR" && delta["error"].is_string()
        },
    }
}

fn whole(mut message: Value, finish: &str) -> Value {
    message["role"] = "assistant".into();
    json!({ "id": "c1", "message": message, "finish_reason": finish, "usage": usage() })
}

fn usage() -> Value {
    json!({ "billed_units": { "input_tokens": 1, "output_tokens": 1 }, "tokens": { "input_tokens": 1, "output_tokens": 1 } })
}

fn tool(arguments: &str) -> Value {
    json!({ "id": "act_1", "type": "function", "function": { "name": "act", "arguments": arguments } })
}

/// A content whose type is also the name of its text.
fn content(kind: &str, pieces: &[&str]) -> Vec<Value> {
    let event = |step: &str, content: Value| {
        json!({ "type": step, "index": 0, "delta": { "message": { "content": content } } })
    };
    let mut events = vec![event("content-start", json!({ "type": kind, kind: "" }))];
    events.extend(pieces.iter().map(|piece| event("content-delta", json!({ kind: piece }))));
    events.push(json!({ "type": "content-end", "index": 0 }));
    events
}

fn events(inside: Vec<Value>, finish: &str) -> Vec<Value> {
    let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
    let begin = json!({ "id": "c1", "type": "message-start", "delta": { "message": message } });
    let end = json!({ "type": "message-end", "delta": { "finish_reason": finish, "usage": usage() } });
    [begin].into_iter().chain(inside).chain([end]).collect()
}
