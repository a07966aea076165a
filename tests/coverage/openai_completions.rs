//! Legacy Completions.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::cells::is_notice;
use super::{Sample, no_events, none, openai_chat};

super::covered!("openai-completions");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/completions",
        stream_path: "/v1/completions",
        ask: |text, stream| json!({ "model": "m", "prompt": text, "max_tokens": 9, "stream": stream }),
        answer: |text| {
            let mut whole = chunk(text, Some("stop"));
            whole["usage"] = json!({ "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 });
            whole
        },
        call: none,
        think: none,
        events: |pieces| {
            let pieces = pieces.iter().map(|piece| chunk(piece, None));
            pieces.chain([chunk("", Some("stop"))]).collect()
        },
        call_events: no_events,
        think_events: no_events,
        frames: Frames::Sse,
        said: |value| value["choices"][0]["text"].as_str().unwrap_or_default().to_owned(),
        // There is no field for it: the message is the text.
        declines: |values| {
            let last = values.last().is_some_and(|last| last["choices"][0]["finish_reason"] == "content_filter");
            last && values.iter().any(|value| is_notice(&value["choices"][0]["text"]))
        },
        ..openai_chat::sample()
    }
}

fn chunk(text: &str, finish: Option<&str>) -> Value {
    let choice = json!({ "text": text, "index": 0, "logprobs": null, "finish_reason": finish });
    json!({ "id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice] })
}
