//! Mistral's agents.

use serde_json::{Value, json};

use super::cells::is_notice;
use super::{Sample, openai_chat};

super::covered!("mistral-agents");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/agents/completions",
        stream_path: "/v1/agents/completions",
        ask: |text, stream| {
            json!({ "agent_id": "ag_1", "stream": stream, "messages": [{ "role": "user", "content": text }] })
        },
        answer: |text| whole(json!({ "content": text }), "stop"),
        call: |arguments| whole(json!({ "content": "", "tool_calls": [tool("act", arguments)] }), "tool_calls"),
        think: |text| whole(json!({ "content": [thinking(text), { "type": "text", "text": "fine" }] }), "stop"),
        events: |pieces| events(pieces.iter().map(|piece| json!({ "content": piece })), "stop"),
        call_events: |pieces| {
            let rest = pieces.iter().map(|piece| json!({ "content": "", "tool_calls": [tool("", piece)] }));
            events([json!({ "content": "", "tool_calls": [tool("act", "")] })].into_iter().chain(rest), "tool_calls")
        },
        // The content is a list of parts while the model thinks.
        think_events: |pieces| events(pieces.iter().map(|piece| json!({ "content": [thinking(piece)] })), "stop"),
        is_error: |body| body["object"] == "error" && body["message"].is_string(),
        // There is no field for it: the message is what the model says.
        declines: |values| {
            let last = values.last().is_some_and(|last| last["choices"][0]["finish_reason"] == "stop");
            let says = |value: &Value| {
                let choice = &value["choices"][0];
                is_notice(&choice["message"]["content"]) || is_notice(&choice["delta"]["content"])
            };
            last && values.iter().any(says)
        },
        is_filtered: |events| events.last().is_some_and(|last| last["choices"][0]["finish_reason"] == "error"),
        ..openai_chat::sample()
    }
}

/// The same where a call comes whole, as it mostly does.
mod whole_calls {
    use serde_json::json;

    use super::{NAME, Sample};

    crate::covered!(@ tools Tools);

    fn sample() -> Sample {
        Sample {
            call_events: |pieces| {
                let call = json!({ "content": "", "tool_calls": [super::tool("act", &pieces.concat())] });
                super::events([call].into_iter(), "tool_calls")
            },
            ..super::sample()
        }
    }
}

fn thinking(text: &str) -> Value {
    json!({ "type": "thinking", "thinking": [{ "type": "text", "text": text }] })
}

fn tool(name: &str, arguments: &str) -> Value {
    json!({ "id": "D681PevKs", "index": 0, "type": "function", "function": { "name": name, "arguments": arguments } })
}

fn usage() -> Value {
    json!({ "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 })
}

fn whole(mut message: Value, finish: &str) -> Value {
    message["role"] = "assistant".into();
    let choice = json!({ "index": 0, "message": message, "finish_reason": finish });
    json!({ "id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage() })
}

fn events(deltas: impl Iterator<Item = Value>, finish: &str) -> Vec<Value> {
    let event = |delta: Value, finish: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice] })
    };
    let first = event(json!({ "role": "assistant", "content": "" }), None);
    let mut last = event(json!({ "content": "" }), Some(finish));
    last["usage"] = usage();
    [first].into_iter().chain(deltas.map(|delta| event(delta, None))).chain([last]).collect()
}
