//! The answer to a request in the shapes of Anthropic Messages: one JSON body, or the events of a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::reply::{MODEL, chunks, text_of};
use super::script::Script;

/// What of a request the answer depends on.
#[derive(Debug)]
pub(super) struct Messages {
    id: String,
    model: String,
    said: String,
    pub(super) stream: bool,
}

/// One block of an answer.
enum Block {
    Thinking(String),
    Text(String),
    Tool(String, String),
}

impl Messages {
    /// Reads a request's body; `call` makes the id.
    pub(super) fn new(body: &[u8], call: u64) -> Result<Messages, String> {
        let request: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
        let last = request["messages"].as_array().and_then(|all| all.iter().rev().find(|m| m["role"] == "user"));
        Ok(Messages {
            id: format!("msg_standin_{call}"),
            model: request["model"].as_str().unwrap_or(MODEL).to_owned(),
            said: last.map(|message| text_of(&message["content"])).unwrap_or_default(),
            stream: request["stream"] == true,
        })
    }

    /// The answer to a request to count tokens: words stand for them.
    pub(super) fn count(&self) -> Bytes {
        json!({ "input_tokens": words(&self.said) }).to_string().into()
    }

    /// The whole answer as one JSON body.
    pub(super) fn json(&self, script: &Script) -> Bytes {
        let blocks = self.blocks(script);
        let content: Vec<Value> = blocks.iter().enumerate().map(|(index, block)| block.whole(index)).collect();
        let mut answer = self.head(&content);
        answer["stop_reason"] = stop_reason(&blocks).into();
        answer["usage"]["output_tokens"] = self.tokens(script).into();
        answer.to_string().into()
    }

    /// The answer as the events of a stream.
    pub(super) fn events(&self, script: &Script) -> Vec<Bytes> {
        let blocks = self.blocks(script);
        let mut events = vec![event(&json!({ "type": "message_start", "message": self.head(&[]) }))];
        for (index, block) in blocks.iter().enumerate() {
            let begin = json!({ "type": "content_block_start", "index": index, "content_block": block.begin(index) });
            events.push(event(&begin));
            if index == 0 {
                events.push(event(&json!({ "type": "ping" })));
            }
            let delta = |delta| event(&json!({ "type": "content_block_delta", "index": index, "delta": delta }));
            events.extend(block.deltas(script).into_iter().map(delta));
            events.push(event(&json!({ "type": "content_block_stop", "index": index })));
        }
        let delta = json!({ "stop_reason": stop_reason(&blocks), "stop_sequence": null });
        let usage = json!({ "output_tokens": self.tokens(script) });
        events.push(event(&json!({ "type": "message_delta", "delta": delta, "usage": usage })));
        events.push(event(&json!({ "type": "message_stop" })));
        events
    }

    fn head(&self, content: &[Value]) -> Value {
        json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": content,
            "stop_reason": null, "stop_sequence": null,
            "usage": { "input_tokens": words(&self.said), "output_tokens": 0 },
        })
    }

    fn blocks(&self, script: &Script) -> Vec<Block> {
        let thought = script.think.clone().map(Block::Thinking);
        let answer = match &script.tool {
            Some((name, arguments)) => Block::Tool(name.clone(), arguments.clone()),
            None => Block::Text(self.text(script)),
        };
        thought.into_iter().chain([answer]).collect()
    }

    fn text(&self, script: &Script) -> String {
        script.reply.clone().unwrap_or_else(|| format!("You said: {}", self.said))
    }

    fn tokens(&self, script: &Script) -> usize {
        words(&self.text(script))
    }
}

impl Block {
    fn begin(&self, index: usize) -> Value {
        match self {
            Block::Thinking(_) => json!({ "type": "thinking", "thinking": "", "signature": "" }),
            Block::Text(_) => json!({ "type": "text", "text": "" }),
            Block::Tool(name, _) => json!({ "type": "tool_use", "id": id(index), "name": name, "input": {} }),
        }
    }

    fn whole(&self, index: usize) -> Value {
        match self {
            Block::Thinking(text) => json!({ "type": "thinking", "thinking": text, "signature": SIGNATURE }),
            Block::Text(text) => json!({ "type": "text", "text": text }),
            Block::Tool(name, arguments) => {
                let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
                json!({ "type": "tool_use", "id": id(index), "name": name, "input": input })
            }
        }
    }

    fn deltas(&self, script: &Script) -> Vec<Value> {
        match self {
            Block::Thinking(text) => chunks(text, script.chunk)
                .map(|text| json!({ "type": "thinking_delta", "thinking": text }))
                .chain([json!({ "type": "signature_delta", "signature": SIGNATURE })])
                .collect(),
            Block::Text(text) => match script.events {
                Some(count) => {
                    (0..count).map(|at| json!({ "type": "text_delta", "text": format!("word{at} ") })).collect()
                }
                None => chunks(text, script.chunk).map(|text| json!({ "type": "text_delta", "text": text })).collect(),
            },
            Block::Tool(_, arguments) => [String::new()]
                .into_iter()
                .chain(chunks(arguments, script.chunk))
                .map(|text| json!({ "type": "input_json_delta", "partial_json": text }))
                .collect(),
        }
    }
}

fn stop_reason(blocks: &[Block]) -> &'static str {
    if matches!(blocks.last(), Some(Block::Tool(..))) { "tool_use" } else { "end_turn" }
}

fn id(index: usize) -> String {
    format!("toolu_standin_{index}")
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn event(data: &Value) -> Bytes {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()).into()
}

const SIGNATURE: &str = "c2lnbmVkIGJ5IHRoZSBzdGFuZC1pbg==";
