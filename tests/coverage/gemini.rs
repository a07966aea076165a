//! Gemini, with streams of server-sent events and of the elements of a JSON array.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::Sample;
use super::cells::is_notice;

super::covered!("gemini");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1beta/models/gemini-2.5-flash:generateContent",
        stream_path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        api: "",
        ask: |text, _| json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] }),
        answer: |text| event(&[json!({ "text": text })], Some("STOP")),
        call: |arguments| event(&[function_call(arguments)], Some("STOP")),
        think: |text| event(&[thought(text), json!({ "text": "fine" })], Some("STOP")),
        events: |pieces| events(pieces.iter().map(|piece| json!({ "text": piece }))),
        // A call comes whole.
        call_events: |pieces| events([json!({ "text": "Fine. " }), function_call(&pieces.concat())].into_iter()),
        think_events: |pieces| events(pieces.iter().map(|piece| thought(piece))),
        frames: Frames::Sse,
        framed: |events| events.iter().map(|event| format!("data: {event}\r\n\r\n")).collect(),
        said: |value| {
            let parts = value["candidates"][0]["content"]["parts"].as_array().into_iter().flatten();
            parts.filter(|part| part["thought"] != true).filter_map(|part| part["text"].as_str()).collect()
        },
        is_error: |body| body["error"]["code"] == 400 && body["error"]["status"] == "INVALID_ARGUMENT",
        // Of the prompt, or of the answer.
        declines: |values| {
            let Some(last) = values.last() else { return false };
            let feedback = &last["promptFeedback"];
            feedback["blockReason"] == "PROHIBITED_CONTENT" && is_notice(&feedback["blockReasonMessage"])
                || is_filtered(last) && is_notice(&last["candidates"][0]["finishMessage"])
        },
        is_filtered: |events| events.last().is_some_and(is_filtered),
    }
}

/// Streams that nobody asked to be server-sent events.
mod array {
    use palisade::protocol::framing::Frames;

    use super::{NAME, Sample};

    crate::covered!(@ stream Stream, tools Tools, reasoning Reasoning, block Block, refuse Refuse, cut Cut, rewrite Rewrite,
        restore Restore);

    fn sample() -> Sample {
        Sample {
            stream_path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            frames: Frames::Array,
            framed: |events| {
                let events: Vec<String> = events.iter().map(|event| format!("{event}\n")).collect();
                format!("[{}]", events.join(",\r\n"))
            },
            ..super::sample()
        }
    }
}

fn is_filtered(event: &Value) -> bool {
    let candidate = &event["candidates"][0];
    candidate["finishReason"] == "SAFETY" && candidate["content"].is_null()
}

fn thought(text: &str) -> Value {
    json!({ "text": text, "thought": true })
}

fn function_call(arguments: &str) -> Value {
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    json!({ "functionCall": { "name": "act", "args": arguments, "id": "c1" }, "thoughtSignature": "c2ln" })
}

fn event(parts: &[Value], finish: Option<&str>) -> Value {
    let mut candidate = json!({ "content": { "role": "model", "parts": parts }, "index": 0 });
    if let Some(finish) = finish {
        candidate["finishReason"] = finish.into();
    }
    let usage = json!({ "promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2 });
    json!({ "candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": "r1" })
}

/// The last event has nothing but the signature of what was thought.
fn events(parts: impl Iterator<Item = Value>) -> Vec<Value> {
    let last = event(&[json!({ "text": "", "thoughtSignature": "c2ln" })], Some("STOP"));
    parts.map(|part| event(&[part], None)).chain([last]).collect()
}
