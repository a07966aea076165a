//! An API that a route describes.

use palisade::protocol::framing::Frames;
use serde_json::{Value, json};

use super::Sample;

super::covered!("generic");

const API: &str = r#"
    api:
      stream: /live
      request: { /question: user }
      response: { /answer: completion, /thought: reasoning, /args: arguments, /error: completion }
      events:
        framing: ndjson
        text: { /answer: completion, /thought: reasoning, /args: arguments }
        ending: ['{"over":"filtered"}']
        refusal: ['{"declined":"{message}"}']
      error: '{"fault":"{message}"}'
      refusal: '{"declined":"{message}"}'
"#;

pub(super) fn sample() -> Sample {
    Sample {
        path: "/ask",
        stream_path: "/ask",
        api: API,
        ask: |text, stream| json!({ "question": text, "live": stream }),
        answer: |text| json!({ "answer": text }),
        call: |arguments| json!({ "args": arguments }),
        think: |text| json!({ "thought": text }),
        events: |pieces| events("answer", pieces),
        call_events: |pieces| events("args", pieces),
        think_events: |pieces| events("thought", pieces),
        frames: Frames::Ndjson,
        framed: |events| events.iter().map(|event| format!("{event}\n")).collect(),
        said: |value| value["answer"].as_str().unwrap_or_default().to_owned(),
        is_error: |body| body["fault"].is_string(),
        declines: |values| values.iter().any(|value| value["declined"].is_string()),
        is_filtered: |events| events.last().is_some_and(|last| last["over"] == "filtered"),
    }
}

fn events(member: &str, pieces: &[&str]) -> Vec<Value> {
    pieces.iter().map(|piece| json!({ member: piece })).collect()
}
