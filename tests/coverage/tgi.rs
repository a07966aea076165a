//! Text Generation Inference, whose streams say their text token by token and once more at the end.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::cells::is_notice;
use super::{Sample, no_events, none};

super::covered!("tgi");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/generate",
        stream_path: "/generate_stream",
        api: "",
        ask: |text, _| json!({ "inputs": text, "parameters": { "max_new_tokens": 9, "details": true } }),
        answer: |text| json!({ "generated_text": text, "details": details() }),
        call: none,
        think: none,
        events: |pieces| {
            let whole = pieces.concat();
            let tokens = pieces.iter().zip(1..).map(|(piece, index)| event(index, piece, None));
            let end = event(pieces.len() + 1, "", Some(&whole));
            tokens.chain([end]).collect()
        },
        call_events: no_events,
        think_events: no_events,
        frames: Frames::Sse,
        framed: |events| events.iter().map(|event| format!("data:{event}\n\n")).collect(),
        said: |value| {
            let text = if value["token"].is_null() { &value["generated_text"] } else { &value["token"]["text"] };
            text.as_str().unwrap_or_default().to_owned()
        },
        is_error: |body| body["error"].is_string() && body["error_type"] == "validation",
        // There is no field for it: the message is the text.
        declines: |values| values.last().is_some_and(|last| is_notice(&last["generated_text"])),
        // There is no other end that says so.
        is_filtered: |events| {
            events.last().is_some_and(|last| last["error"].is_string() && last["error_type"] == "validation")
        },
    }
}

fn details() -> Value {
    json!({ "finish_reason": "eos_token", "generated_tokens": 7, "seed": null })
}

fn event(index: usize, text: &str, whole: Option<&str>) -> Value {
    let token = json!({ "id": index, "text": text, "logprob": -0.5, "special": false });
    let details = whole.map(|_| details());
    json!({ "index": index, "token": token, "generated_text": whole, "details": details })
}
