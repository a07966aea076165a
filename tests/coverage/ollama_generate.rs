//! Ollama's generation: what comes after a prompt.

use serde_json::{Value, json};

use super::cells::is_notice;
use super::{Sample, no_events, none, ollama_chat};

super::covered!("ollama-generate");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/api/generate",
        stream_path: "/api/generate",
        ask: |text, stream| json!({ "model": "m", "prompt": text, "stream": stream }),
        answer: |text| last(line(text)),
        call: none,
        think: |text| last(thinking("fine", text)),
        events: |pieces| pieces.iter().map(|piece| line(piece)).chain([last(line(""))]).collect(),
        call_events: no_events,
        think_events: |pieces| pieces.iter().map(|piece| thinking("", piece)).chain([last(line("fine"))]).collect(),
        said: |value| value["response"].as_str().unwrap_or_default().to_owned(),
        declines: |values| {
            let last = values.last().is_some_and(|last| last["done"] == true && last["done_reason"] == "stop");
            last && values.iter().any(|value| is_notice(&value["response"]))
        },
        ..ollama_chat::sample()
    }
}

fn line(text: &str) -> Value {
    json!({ "model": "m", "created_at": "2026-11-23T10:00:00.1Z", "response": text, "done": false })
}

fn thinking(text: &str, thought: &str) -> Value {
    let mut line = line(text);
    line["thinking"] = thought.into();
    line
}

fn last(line: Value) -> Value {
    ollama_chat::last(line)
}
