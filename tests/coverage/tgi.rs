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
            // The last token is no text.
            let mut end = event(pieces.len() + 1, "</s>", Some(&pieces.concat()));
            end["token"]["special"] = true.into();
            pieces.iter().zip(1..).map(|(piece, index)| event(index, piece, None)).chain([end]).collect()
        },
        call_events: no_events,
        think_events: no_events,
        frames: Frames::Sse,
        framed: |events| events.iter().map(|event| format!("data:{event}\n\n")).collect(),
        said: |value| {
            let token = &value["token"];
            let text = if token.is_null() { &value["generated_text"] } else { &token["text"] };
            text.as_str().filter(|_| token["special"] != true).unwrap_or_default().to_owned()
        },
        is_error: |body| body["error"].is_string() && body["error_type"] == "validation",
        // There is no field for it: the message is the text.
        // A stream's last event says all that was sent, and the message at its end.
        declines: |values| values.last().is_some_and(|last| match last["token"]["text"].as_str() {
            Some(token) => is_notice(&last["token"]["text"]) && last["generated_text"].as_str().is_some_and(|all| all.ends_with(token)),
            None => is_notice(&last["generated_text"]),
        }),
        // There is no other end that says so.
        is_filtered: |events| {
            events.last().is_some_and(|last| last["error"].is_string() && last["error_type"] == "validation")
        },
    }
}

/// The same where an answer is as long as it may be: its last token is text.
mod length {
    use super::{NAME, Sample};

    crate::covered!(@ stream Stream, refuse Refuse, cut Cut, rewrite Rewrite, restore Restore);

    fn sample() -> Sample {
        Sample {
            events: |pieces| {
                let whole = pieces.concat();
                let whole = |index| (index == pieces.len()).then_some(&*whole);
                pieces.iter().zip(1..).map(|(piece, index)| super::event(index, piece, whole(index))).collect()
            },
            ..super::sample()
        }
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
