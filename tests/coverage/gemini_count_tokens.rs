//! Token counting of Gemini.

use serde_json::json;

use super::{Sample, gemini, no_events, none};

super::covered!("gemini-count-tokens");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1beta/models/gemini-2.5-flash:countTokens",
        answer: |_| json!({ "totalTokens": 7, "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 7 }] }),
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        ..gemini::sample()
    }
}
