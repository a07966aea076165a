//! Cohere's embeddings, which say again what they are of.

use serde_json::json;

use super::{Sample, cohere_chat, no_events, none};

super::covered!("cohere-embed");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v2/embed",
        ask: |text, _| json!({ "model": "m", "input_type": "search_query", "texts": [text], "embedding_types": ["float"] }),
        answer: |text| {
            json!({
                "id": "c1", "embeddings": { "float": [[0.25, -0.5]] }, "texts": [text],
                "meta": { "api_version": { "version": "2" }, "billed_units": { "input_tokens": 1 } },
                "response_type": "embeddings_by_type",
            })
        },
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        said: |value| value["texts"][0].as_str().unwrap_or_default().to_owned(),
        ..cohere_chat::sample()
    }
}
