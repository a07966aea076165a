//! Ollama's embeddings.

use serde_json::json;

use super::{Sample, no_events, none, ollama_chat};

super::covered!("ollama-embed");

pub(super) fn sample() -> Sample {
    Sample {
        path: "/api/embed",
        ask: |text, _| json!({ "model": "m", "input": [text] }),
        answer: |_| {
            json!({ "model": "m", "embeddings": [[0.25, -0.5]], "total_duration": 7, "load_duration": 7, "prompt_eval_count": 7 })
        },
        call: none,
        think: none,
        events: no_events,
        call_events: no_events,
        think_events: no_events,
        ..ollama_chat::sample()
    }
}

/// The older call, with one text.
mod older {
    use serde_json::json;

    use super::{NAME, Sample};

    crate::covered!(@ request Request, block Block, refuse Refuse, rewrite Rewrite);

    fn sample() -> Sample {
        Sample {
            path: "/api/embeddings",
            ask: |text, _| json!({ "model": "m", "prompt": text }),
            answer: |_| json!({ "embedding": [0.25, -0.5] }),
            ..super::sample()
        }
    }
}
