//! Token counting of Anthropic Messages: a request with all of the prompt, answered with a number.

use palisade::protocol::framing::Frames;
use serde_json::json;

use super::{Sample, anthropic_messages, no_events, none};

super::covered!("anthropic-count-tokens");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/v1/messages/count_tokens",
        ask: |text, _| json!({ "model": "m", "messages": [{ "role": "user", "content": text }] }),
        answer: |_| json!({ "input_tokens": 7 }),
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        frames: Frames::Sse,
        ..anthropic_messages::sample()
    }
}
