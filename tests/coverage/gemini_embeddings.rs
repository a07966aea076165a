//! Embeddings of Gemini, of one text or of several.

use serde_json::json;

use super::{Sample, gemini, no_events, none};

super::covered!("gemini-embeddings");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1beta/models/gemini-embedding-001:embedContent",
        ask: |text, _| json!({ "model": "models/gemini-embedding-001", "content": { "parts": [{ "text": text }] } }),
        answer: |_| json!({ "embedding": { "values": [0.25, -0.5] } }),
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        ..gemini::sample()
    }
}

mod batch {
    use serde_json::json;

    use super::{NAME, Sample};

    crate::covered!(@ request Request, block Block, rewrite Rewrite);

    fn sample() -> Sample {
        Sample {
            path: "/v1beta/models/gemini-embedding-001:batchEmbedContents",
            ask: |text, stream| json!({ "requests": [(super::sample().ask)("another", stream), (super::sample().ask)(text, stream)] }),
            answer: |_| json!({ "embeddings": [{ "values": [0.25, -0.5] }, { "values": [1.0, 0.0] }] }),
            ..super::sample()
        }
    }
}
