//! Other models at Vertex AI, each with fields of its own.

use serde_json::json;

use super::{Sample, gemini, no_events, none};

super::covered!("vertex-predict");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/projects/p/locations/us-central1/publishers/google/models/text-bison:predict",
        ask: |text, _| json!({ "instances": [{ "prompt": text }], "parameters": { "maxOutputTokens": 9 } }),
        answer: |text| {
            let safety = json!({ "blocked": false, "categories": [], "scores": [] });
            json!({ "predictions": [{ "content": text, "safetyAttributes": safety }] })
        },
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        said: |value| value["predictions"][0]["content"].as_str().unwrap_or_default().to_owned(),
        ..gemini::sample()
    }
}
