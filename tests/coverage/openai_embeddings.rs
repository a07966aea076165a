//! Embeddings: text goes in, numbers come out.

use serde_json::json;

use super::{Sample, no_events, none, openai_chat};

super::covered!("openai-embeddings");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/embeddings",
        ask: |text, _| json!({ "model": "m", "input": text, "encoding_format": "float" }),
        answer: |_| {
            let one = json!({ "object": "embedding", "index": 0, "embedding": [0.25, -0.5] });
            json!({ "object": "list", "data": [one], "model": "m", "usage": { "prompt_tokens": 1, "total_tokens": 1 } })
        },
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        ..openai_chat::sample()
    }
}
