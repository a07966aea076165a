//! `OpenAI` chat completions, which Azure, Mistral and many others speak too; and Mistral's fill-in-the-middle.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::api::{Answer, Asked, CREATED, DONE, Problem, SSE, event, said, text_of, words};
use super::script::Script;

/// What of a chat request the answer depends on.
struct Chat<'a> {
    script: &'a Script,
    id: String,
    model: String,
    choices: usize,
    said: String,
    usage: bool,
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    let mistral_raw = asked.path.contains("/publishers/mistralai/")
        && (asked.posts_to(":rawPredict") || asked.posts_to(":streamRawPredict"));
    let middle = asked.posts_to("/fim/completions");
    if !(asked.posts_to("/chat/completions") || middle || mistral_raw) {
        return Ok(None);
    }
    let request = asked.json()?;
    let chat = Chat {
        script: asked.script,
        id: format!("chatcmpl-standin-{}", asked.call),
        model: asked.model(&request),
        choices: usize::try_from(request["n"].as_u64().unwrap_or(1)).unwrap_or(1).clamp(1, MAX_CHOICES),
        said: if middle { text_of(&request["prompt"]) } else { said(&request["messages"]) },
        usage: request["stream_options"]["include_usage"] == true,
    };
    Ok(Some(if request["stream"] == true { Answer::Stream(SSE, chat.events()) } else { Answer::Whole(chat.whole()) }))
}

impl Chat<'_> {
    fn whole(&self) -> Value {
        let message = match &self.script.tool {
            Some((name, arguments)) => {
                let call = json!({
                    "id": self.call_id(), "type": "function", "function": {"name": name, "arguments": arguments},
                });
                json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]})
            }
            None => json!({"role": "assistant", "content": self.script.text(&self.said), "refusal": null}),
        };
        let choices: Vec<Value> = (0..self.choices)
            .map(|index| json!({"index": index, "message": message, "logprobs": null, "finish_reason": self.finish()}))
            .collect();
        json!({
            "id": self.id, "object": "chat.completion", "created": CREATED, "model": self.model,
            "choices": choices, "usage": self.tokens(),
        })
    }

    /// `[DONE]` included. Choices take turns.
    fn events(&self) -> Vec<Bytes> {
        let deltas = self.deltas();
        let mut events: Vec<Bytes> = Vec::with_capacity((deltas.len() + 1) * self.choices + 2);
        for delta in &deltas {
            events.extend((0..self.choices).map(|index| self.delta(index, delta)));
        }
        events.extend((0..self.choices).map(|index| self.end(index)));
        if self.usage {
            events.push(event(&self.chunk(&json!([]), Some(self.tokens()))));
        }
        events.push(Bytes::from_static(DONE));
        events
    }

    fn deltas(&self) -> Vec<Value> {
        let content = if self.script.tool.is_some() { Value::Null } else { "".into() };
        let mut deltas = vec![json!({"role": "assistant", "content": content})];
        let Some((name, arguments)) = &self.script.tool else {
            deltas.extend(self.script.deltas(&self.said).into_iter().map(|text| json!({"content": text})));
            return deltas;
        };
        let begin = |arguments: &str| {
            let function = json!({"name": name, "arguments": arguments});
            json!({"tool_calls": [{"index": 0, "id": self.call_id(), "type": "function", "function": function}]})
        };
        if self.script.mistral {
            deltas.push(begin(arguments));
        } else {
            let piece = |text| json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]});
            deltas.push(begin(""));
            deltas.extend(self.script.chunks(arguments).into_iter().map(piece));
        }
        deltas
    }

    fn delta(&self, index: usize, delta: &Value) -> Bytes {
        self.event(index, delta, &Value::Null, self.usage.then_some(Value::Null))
    }

    fn end(&self, index: usize) -> Bytes {
        let is_last = index + 1 == self.choices;
        let tokens = (self.script.mistral && is_last).then(|| self.tokens());
        let usage = tokens.or_else(|| self.usage.then_some(Value::Null));
        let delta = if self.script.mistral { json!({"content": ""}) } else { Map::new().into() };
        self.event(index, &delta, &self.finish().into(), usage)
    }

    fn event(&self, index: usize, delta: &Value, finish: &Value, usage: Option<Value>) -> Bytes {
        let choice = json!({"index": index, "delta": delta, "logprobs": null, "finish_reason": finish});
        event(&self.chunk(&json!([choice]), usage))
    }

    fn chunk(&self, choices: &Value, usage: Option<Value>) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": CREATED, "model": self.model, "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        chunk
    }

    fn finish(&self) -> &'static str {
        if self.script.tool.is_some() { "tool_calls" } else { "stop" }
    }

    /// Mistral's ids are nine letters and digits.
    fn call_id(&self) -> &'static str {
        if self.script.mistral { "standin00" } else { "call_standin_0" }
    }

    fn tokens(&self) -> Value {
        let (prompt, completion) = (words(&self.said), words(&self.script.text(&self.said)) * self.choices);
        json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
    }
}

/// Most choices in one answer.
const MAX_CHOICES: usize = 128;
