//! Hugging Face's text generation inference. Its chat is `OpenAI`'s.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::api::{Answer, Asked, Problem, text_of, words};

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    let streamed = asked.posts_to("/generate_stream");
    let root = *asked.method == Method::POST && asked.path.is_empty();
    if !(asked.posts_to("/generate") || streamed || root) {
        return Ok(None);
    }
    let request = match asked.json() {
        Ok(request) if !root || request.get("inputs").is_some() => request,
        // Others speak at the root too.
        _ if root => return Ok(None),
        other => other?,
    };
    let inputs = text_of(&request["inputs"]);
    // At the root, the body tells whether a stream is wanted, and what is whole is an array.
    Ok(Some(if streamed || root && request["stream"] == true {
        Answer::Stream("text/event-stream", events(asked, &inputs))
    } else {
        let whole = whole(asked, &request, &inputs);
        Answer::Whole(if root { json!([whole]) } else { whole })
    }))
}

fn whole(asked: &Asked<'_>, request: &Value, inputs: &str) -> Value {
    let text = asked.script.text(inputs);
    let before = if request["parameters"]["return_full_text"] == true { inputs } else { "" };
    let mut whole = json!({"generated_text": format!("{before}{text}")});
    if request["parameters"]["details"] == true {
        let tokens: Vec<Value> =
            asked.script.chunks(&text).iter().enumerate().map(|(id, text)| token(id, text)).collect();
        whole["details"] = json!({
            "finish_reason": "eos_token", "generated_tokens": tokens.len(), "seed": null, "prefill": [],
            "tokens": tokens,
        });
    }
    whole
}

/// The last event repeats the whole text.
fn events(asked: &Asked<'_>, inputs: &str) -> Vec<Bytes> {
    let texts = asked.script.deltas(inputs);
    let event = |(at, text): (usize, &String)| {
        let (whole, details) = if at + 1 == texts.len() {
            let details = json!({
                "finish_reason": "eos_token", "generated_tokens": texts.len(), "input_length": words(inputs),
                "seed": null,
            });
            (texts.concat().into(), details)
        } else {
            (Value::Null, Value::Null)
        };
        let event = json!({"index": at + 1, "token": token(at, text), "generated_text": whole, "details": details});
        // Without a space, as the server writes it.
        format!("data:{event}\n\n").into()
    };
    texts.iter().enumerate().map(event).collect()
}

fn token(id: usize, text: &str) -> Value {
    json!({"id": id, "text": text, "logprob": -0.5, "special": false})
}
