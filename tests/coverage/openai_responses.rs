//! `OpenAI` Responses, whose streams say every text several times.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::cells::is_notice;
use super::{Sample, openai_chat};

super::covered!("openai-responses");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/responses",
        stream_path: "/v1/responses",
        ask: |text, stream| {
            let message = json!({ "role": "user", "content": [{ "type": "input_text", "text": text }] });
            json!({ "model": "m", "stream": stream, "store": false, "input": [message] })
        },
        answer: |text| body("completed", &[message("completed", &[output_text(text)])]),
        call: |arguments| body("completed", &[call("completed", arguments)]),
        think: |text| {
            let items = [thought(&[summary_text(text)]), message("completed", &[output_text("fine")])];
            body("completed", &items)
        },
        events: |pieces| {
            let text = pieces.concat();
            let at = |event| at_part("content_index", event);
            let mut inside = vec![at(json!({ "type": "response.content_part.added", "part": output_text("") }))];
            inside.extend(pieces.iter().map(|piece| {
                at(json!({ "type": "response.output_text.delta", "delta": piece, "logprobs": [] }))
            }));
            inside.push(at(json!({ "type": "response.output_text.done", "text": text, "logprobs": [] })));
            inside.push(at(json!({ "type": "response.content_part.done", "part": output_text(&text) })));
            events(&message("in_progress", &[]), inside, &message("completed", &[output_text(&text)]))
        },
        call_events: |pieces| {
            let arguments = pieces.concat();
            let done = json!({ "type": "response.function_call_arguments.done", "name": "act", "arguments": arguments });
            let delta = |piece| json!({ "type": "response.function_call_arguments.delta", "delta": piece });
            let inside = pieces.iter().map(delta).chain([done]).collect();
            events(&call("in_progress", ""), inside, &call("completed", &arguments))
        },
        think_events: |pieces| {
            let text = pieces.concat();
            let at = |event| at_part("summary_index", event);
            let mut inside =
                vec![at(json!({ "type": "response.reasoning_summary_part.added", "part": summary_text("") }))];
            inside.extend(pieces.iter().map(|piece| {
                at(json!({ "type": "response.reasoning_summary_text.delta", "delta": piece }))
            }));
            inside.push(at(json!({ "type": "response.reasoning_summary_text.done", "text": text })));
            inside.push(at(json!({ "type": "response.reasoning_summary_part.done", "part": summary_text(&text) })));
            events(&thought(&[]), inside, &thought(&[summary_text(&text)]))
        },
        frames: Frames::Sse,
        framed: super::named,
        said: |value| {
            let delta = (value["type"] == "response.output_text.delta").then_some(&value["delta"]);
            let parts = value["output"].as_array().into_iter().flatten().map(|item| &item["content"][0]["text"]);
            parts.chain(delta).filter_map(Value::as_str).collect()
        },
        declines: |values| {
            let Some(last) = values.last() else { return false };
            let answer = if last["type"] == "response.completed" { &last["response"] } else { last };
            let parts = answer["output"].as_array().into_iter().flatten().filter_map(|item| item["content"].as_array());
            answer["status"] == "completed" && parts.flatten().any(|part| part["type"] == "refusal" && is_notice(&part["refusal"]))
        },
        is_filtered: |events| {
            let Some(last) = events.last() else { return false };
            let reason = &last["response"]["incomplete_details"]["reason"];
            last["type"] == "response.incomplete" && reason == "content_filter"
        },
        ..openai_chat::sample()
    }
}

fn body(status: &str, output: &[Value]) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "error": null, "incomplete_details": null,
        "instructions": null, "model": "m", "output": output, "parallel_tool_calls": true, "store": false,
        "temperature": 1.0, "text": { "format": { "type": "text" } }, "tool_choice": "auto", "tools": [], "metadata": {},
    })
}

fn message(status: &str, content: &[Value]) -> Value {
    json!({ "id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": content })
}

fn call(status: &str, arguments: &str) -> Value {
    json!({
        "id": "fc_1", "type": "function_call", "status": status, "call_id": "call_1", "name": "act", "arguments": arguments,
    })
}

fn thought(summary: &[Value]) -> Value {
    json!({ "id": "rs_1", "type": "reasoning", "summary": summary })
}

fn output_text(text: &str) -> Value {
    json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": text })
}

fn summary_text(text: &str) -> Value {
    json!({ "type": "summary_text", "text": text })
}

fn at_part(index: &str, mut event: Value) -> Value {
    event[index] = 0.into();
    event
}

/// A stream of one item: as it begins, what happens to it, as it ends.
fn events(begun: &Value, inside: Vec<Value>, done: &Value) -> Vec<Value> {
    let whole = |kind: &str, response: Value| json!({ "type": kind, "response": response });
    let item = |kind: &str, item: &Value| json!({ "type": kind, "output_index": 0, "item": item });
    let mut events = vec![
        whole("response.created", body("in_progress", &[])),
        whole("response.in_progress", body("in_progress", &[])),
        item("response.output_item.added", begun),
    ];
    events.extend(inside.into_iter().map(|mut event| {
        event["item_id"] = begun["id"].clone();
        event["output_index"] = 0.into();
        event
    }));
    events.push(item("response.output_item.done", done));
    events.push(whole("response.completed", body("completed", std::slice::from_ref(done))));
    for (number, event) in events.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
    events
}
