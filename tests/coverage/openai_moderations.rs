//! Moderations: text goes in, scores come out.

use serde_json::json;

use super::{Sample, no_events, none, openai_chat};

super::covered!("openai-moderations");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/moderations",
        ask: |text, _| json!({ "model": "omni-moderation-latest", "input": text }),
        answer: |_| {
            let result = json!({
                "flagged": true, "categories": { "violence": true, "violence/graphic": false },
                "category_scores": { "violence": 0.97, "violence/graphic": 0.01 },
                "category_applied_input_types": { "violence": ["text"], "violence/graphic": ["text"] },
            });
            json!({ "id": "modr-1", "model": "omni-moderation-latest", "results": [result] })
        },
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        ..openai_chat::sample()
    }
}
