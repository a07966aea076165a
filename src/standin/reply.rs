//! The answer to a chat request in OpenAI-compatible shapes: one JSON body, or the events of a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::script::Script;

/// The one model that the stand-in has.
pub(super) const MODEL: &str = "stand-in";

/// When every answer was made: always the same, so that answers can be compared.
pub(super) const CREATED: u64 = 1_700_000_000;

/// What of a chat request the answer depends on.
#[derive(Debug)]
pub(super) struct Chat {
    id: String,
    model: String,
    choices: usize,
    said: String,
    pub(super) stream: bool,
    usage: bool,
}

impl Chat {
    /// Reads a request's body; `call` makes the id.
    pub(super) fn new(body: &[u8], call: u64) -> Result<Chat, String> {
        let request: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
        let last = request["messages"].as_array().and_then(|all| all.iter().rev().find(|m| m["role"] == "user"));
        Ok(Chat {
            id: format!("chatcmpl-standin-{call}"),
            model: request["model"].as_str().unwrap_or(MODEL).to_owned(),
            choices: usize::try_from(request["n"].as_u64().unwrap_or(1)).unwrap_or(1).clamp(1, MAX_CHOICES),
            said: last.map(|message| text_of(&message["content"])).unwrap_or_default(),
            stream: request["stream"] == true,
            usage: request["stream_options"]["include_usage"] == true,
        })
    }

    /// The whole answer as one JSON body.
    pub(super) fn json(&self, script: &Script) -> Bytes {
        let (message, finish) = match &script.tool {
            Some((name, arguments)) => {
                let function = json!({"name": name, "arguments": arguments});
                let call = json!({"id": "call_standin_0", "type": "function", "function": function});
                (json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]}), "tool_calls")
            }
            None => (json!({"role": "assistant", "content": self.text(script), "refusal": null}), "stop"),
        };
        let choices: Vec<Value> = (0..self.choices)
            .map(|index| json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish}))
            .collect();
        let answer = json!({
            "id": self.id, "object": "chat.completion", "created": CREATED, "model": self.model,
            "choices": choices, "usage": self.usage_of(script),
        });
        answer.to_string().into()
    }

    /// The answer as the events of a stream, `[DONE]` included. Choices take turns.
    pub(super) fn events(&self, script: &Script) -> Vec<Bytes> {
        let mut deltas =
            vec![json!({"role": "assistant", "content": if script.tool.is_some() { Value::Null } else { "".into() }})];
        if let Some((name, arguments)) = &script.tool {
            let function = json!({"name": name, "arguments": ""});
            deltas.push(
                json!({"tool_calls": [{"index": 0, "id": "call_standin_0", "type": "function", "function": function}]}),
            );
            let piece = |text| json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]});
            deltas.extend(chunks(arguments, script.chunk).map(piece));
        } else if let Some(count) = script.events {
            deltas.extend((0..count).map(|at| json!({"content": format!("word{at} ")})));
        } else {
            deltas.extend(chunks(&self.text(script), script.chunk).map(|text| json!({"content": text})));
        }
        let mut events: Vec<Bytes> = Vec::with_capacity((deltas.len() + 1) * self.choices + 2);
        for delta in &deltas {
            events.extend((0..self.choices).map(|index| self.event(index, delta, None)));
        }
        let finish = if script.tool.is_some() { "tool_calls" } else { "stop" };
        events.extend((0..self.choices).map(|index| self.event(index, &json!({}), Some(finish))));
        if self.usage {
            events.push(event(&self.chunk(&json!([]), Some(self.usage_of(script)))));
        }
        events.push(Bytes::from_static(DONE));
        events
    }

    fn event(&self, index: usize, delta: &Value, finish: Option<&str>) -> Bytes {
        let choice = json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
        event(&self.chunk(&json!([choice]), self.usage.then_some(Value::Null)))
    }

    fn chunk(&self, choices: &Value, usage: Option<Value>) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": CREATED, "model": self.model, "choices": choices,
        });
        if let (Some(usage), Some(fields)) = (usage, chunk.as_object_mut()) {
            fields.insert("usage".to_owned(), usage);
        }
        chunk
    }

    fn text(&self, script: &Script) -> String {
        script.reply.clone().unwrap_or_else(|| format!("You said: {}", self.said))
    }

    /// Words stand for tokens.
    fn usage_of(&self, script: &Script) -> Value {
        let words = |text: &str| text.split_whitespace().count();
        let (prompt, completion) = (words(&self.said), words(&self.text(script)) * self.choices);
        json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
    }
}

/// The last event of every stream.
pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";

fn event(chunk: &Value) -> Bytes {
    format!("data: {chunk}\n\n").into()
}

/// A message's text: a string, or the text parts one after the other.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// The text in pieces of `size` characters.
pub(super) fn chunks(text: &str, size: usize) -> impl Iterator<Item = String> {
    let mut characters = text.chars().peekable();
    std::iter::from_fn(move || characters.peek().is_some().then(|| characters.by_ref().take(size).collect()))
}

/// Most choices in one answer.
const MAX_CHOICES: usize = 128;
