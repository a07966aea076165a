//! Anthropic Messages, also as Vertex serves them.

use bytes::Bytes;
use serde_json::{Value, json};

use super::api::{Answer, Asked, MODEL, Problem, SSE, named, said, words};
use super::script::Script;

/// What of a request the answer depends on.
struct Messages<'a> {
    script: &'a Script,
    id: String,
    model: String,
    said: String,
}

/// One block of an answer.
enum Block {
    Thinking(String),
    Text(String),
    Tool(String, String),
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    let vertex = asked.path.contains("/publishers/anthropic/")
        && (asked.posts_to(":rawPredict") || asked.posts_to(":streamRawPredict"));
    let count = asked.posts_to("/v1/messages/count_tokens") || asked.posts_to("/models/count-tokens:rawPredict");
    if !(asked.posts_to("/v1/messages") || vertex || count) {
        return Ok(None);
    }
    let request = asked.json()?;
    let said = said(&request["messages"]);
    if count {
        return Ok(Some(Answer::Whole(json!({ "input_tokens": words(&said) }))));
    }
    let messages = Messages {
        script: asked.script,
        id: format!("msg_standin_{}", asked.call),
        model: request["model"].as_str().unwrap_or(MODEL).to_owned(),
        said,
    };
    let stream = request["stream"] == true;
    Ok(Some(if stream { Answer::Stream(SSE, messages.events()) } else { Answer::Whole(messages.whole()) }))
}

impl Messages<'_> {
    fn whole(&self) -> Value {
        let blocks = self.blocks();
        let content: Vec<Value> = blocks.iter().enumerate().map(|(index, block)| block.whole(index)).collect();
        let mut answer = self.head(&content);
        answer["stop_reason"] = stop_reason(&blocks).into();
        answer["usage"]["output_tokens"] = self.tokens().into();
        answer
    }

    fn events(&self) -> Vec<Bytes> {
        let blocks = self.blocks();
        let mut events = vec![named(&json!({ "type": "message_start", "message": self.head(&[]) }))];
        for (index, block) in blocks.iter().enumerate() {
            let begin = json!({ "type": "content_block_start", "index": index, "content_block": block.begin(index) });
            events.push(named(&begin));
            if index == 0 {
                events.push(named(&json!({ "type": "ping" })));
            }
            let delta = |delta| named(&json!({ "type": "content_block_delta", "index": index, "delta": delta }));
            events.extend(self.deltas(block).into_iter().map(delta));
            events.push(named(&json!({ "type": "content_block_stop", "index": index })));
        }
        let delta = json!({ "stop_reason": stop_reason(&blocks), "stop_sequence": null });
        let usage = json!({ "output_tokens": self.tokens() });
        events.push(named(&json!({ "type": "message_delta", "delta": delta, "usage": usage })));
        events.push(named(&json!({ "type": "message_stop" })));
        events
    }

    fn head(&self, content: &[Value]) -> Value {
        json!({
            "id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": content,
            "stop_reason": null, "stop_sequence": null,
            "usage": { "input_tokens": words(&self.said), "output_tokens": 0 },
        })
    }

    fn blocks(&self) -> Vec<Block> {
        let thought = self.script.think.clone().map(Block::Thinking);
        let answer = match &self.script.tool {
            Some((name, arguments)) => Block::Tool(name.clone(), arguments.clone()),
            None => Block::Text(self.script.text(&self.said)),
        };
        thought.into_iter().chain([answer]).collect()
    }

    fn deltas(&self, block: &Block) -> Vec<Value> {
        match block {
            Block::Thinking(text) => {
                let pieces = self.script.chunks(text).into_iter();
                pieces
                    .map(|text| json!({ "type": "thinking_delta", "thinking": text }))
                    .chain([json!({ "type": "signature_delta", "signature": SIGNATURE })])
                    .collect()
            }
            Block::Text(_) => {
                let pieces = self.script.deltas(&self.said).into_iter();
                pieces.map(|text| json!({ "type": "text_delta", "text": text })).collect()
            }
            Block::Tool(_, arguments) => [String::new()]
                .into_iter()
                .chain(self.script.chunks(arguments))
                .map(|text| json!({ "type": "input_json_delta", "partial_json": text }))
                .collect(),
        }
    }

    fn tokens(&self) -> usize {
        words(&self.script.text(&self.said))
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
}

fn stop_reason(blocks: &[Block]) -> &'static str {
    if matches!(blocks.last(), Some(Block::Tool(..))) { "tool_use" } else { "end_turn" }
}

fn id(index: usize) -> String {
    format!("toolu_standin_{index}")
}

const SIGNATURE: &str = "c2lnbmVkIGJ5IHRoZSBzdGFuZC1pbg==";
