//! Mistral's filling in of what stands between a prompt and a suffix.

use serde_json::json;

use super::{Sample, mistral_agents, no_events, none};

super::covered!("mistral-fim");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/fim/completions",
        stream_path: "/v1/fim/completions",
        ask: |text, stream| json!({ "model": "codestral-latest", "prompt": text, "suffix": "return a", "stream": stream }),
        call: none,
        think: none,
        call_events: no_events,
        think_events: no_events,
        ..mistral_agents::sample()
    }
}
