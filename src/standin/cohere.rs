//! Cohere, second version of its API.

use bytes::Bytes;
use serde_json::{Value, json};

use super::api::{Answer, Asked, DONE, Problem, SSE, named, said, strings, words};
use super::embeddings::{packed, vector};
use super::script::Script;

/// What of a request the answer depends on.
struct Cohere<'a> {
    script: &'a Script,
    id: String,
    said: String,
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    if asked.posts_to("/v2/embed") {
        return embed(asked).map(Some);
    }
    if !asked.posts_to("/v2/chat") {
        return Ok(None);
    }
    let request = asked.json()?;
    let id = format!("standin-{}", asked.call);
    let cohere = Cohere { script: asked.script, id, said: said(&request["messages"]) };
    let stream = request["stream"] == true;
    Ok(Some(if stream { Answer::Stream(SSE, cohere.events()) } else { Answer::Whole(cohere.whole()) }))
}

impl Cohere<'_> {
    fn whole(&self) -> Value {
        let mut content = Vec::new();
        content.extend(self.script.think.iter().map(|text| json!({"type": "thinking", "thinking": text})));
        let mut message = json!({"role": "assistant"});
        if let Some((name, arguments)) = &self.script.tool {
            message["tool_calls"] = json!([call(name, arguments)]);
        } else {
            content.push(json!({"type": "text", "text": self.script.text(&self.said)}));
        }
        if !content.is_empty() {
            message["content"] = content.into();
        }
        json!({"id": self.id, "message": message, "finish_reason": self.finish(), "usage": self.usage()})
    }

    fn events(&self) -> Vec<Bytes> {
        let message = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
        let begin = json!({"id": self.id, "type": "message-start", "delta": {"message": message}});
        let mut events = vec![begin];
        if let Some(text) = &self.script.think {
            events.extend(block(0, "thinking", &self.script.chunks(text)));
        }
        if let Some((name, arguments)) = &self.script.tool {
            let event = |kind: &str, calls: Value| json!({"type": kind, "index": 0, "delta": {"message": {"tool_calls": calls}}});
            events.push(event("tool-call-start", call(name, "")));
            let pieces = self.script.chunks(arguments).into_iter();
            events.extend(pieces.map(|text| event("tool-call-delta", json!({"function": {"arguments": text}}))));
            events.push(json!({"type": "tool-call-end", "index": 0}));
        } else {
            let index = usize::from(self.script.think.is_some());
            events.extend(block(index, "text", &self.script.deltas(&self.said)));
        }
        let delta = json!({"finish_reason": self.finish(), "usage": self.usage()});
        events.push(json!({"type": "message-end", "delta": delta}));
        events.iter().map(named).chain([Bytes::from_static(DONE)]).collect()
    }

    fn finish(&self) -> &'static str {
        if self.script.tool.is_some() { "TOOL_CALL" } else { "COMPLETE" }
    }

    fn usage(&self) -> Value {
        let tokens = json!({
            "input_tokens": words(&self.said), "output_tokens": words(&self.script.text(&self.said)),
        });
        json!({"billed_units": tokens, "tokens": tokens})
    }
}

/// The events of a block whose kind is also the name of its text.
fn block(index: usize, kind: &str, texts: &[String]) -> Vec<Value> {
    let event =
        |step: &str, content: Value| json!({"type": step, "index": index, "delta": {"message": {"content": content}}});
    let mut events = vec![event("content-start", json!({"type": kind, kind: ""}))];
    events.extend(texts.iter().map(|text| event("content-delta", json!({kind: text}))));
    events.push(json!({"type": "content-end", "index": index}));
    events
}

fn call(name: &str, arguments: &str) -> Value {
    json!({"id": "standin_0", "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn embed(asked: &Asked<'_>) -> Result<Answer, Problem> {
    let request = asked.json()?;
    let texts = strings(&request["texts"]);
    let kinds = strings(&request["embedding_types"]);
    let vectors: Vec<Vec<f32>> = texts.iter().map(|text| vector(text)).collect();
    let mut embeddings = json!({});
    if kinds.is_empty() || kinds.iter().any(|kind| kind == "float") {
        embeddings["float"] = json!(vectors);
    }
    if kinds.iter().any(|kind| kind == "base64") {
        embeddings["base64"] = vectors.iter().map(|vector| packed(vector)).collect();
    }
    let tokens: usize = texts.iter().map(|text| words(text)).sum();
    Ok(Answer::Whole(json!({
        "id": format!("standin-{}", asked.call), "embeddings": embeddings, "texts": texts,
        "response_type": "embeddings_by_type",
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}},
    })))
}
