//! Ollama: answers are streams of JSON lines unless `stream` is false.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::api::{Answer, Asked, CREATED_AT, MODEL, Problem, said, strings, text_of, words};
use super::embeddings::vector;
use super::script::Script;

/// What of a request the answer depends on.
struct Ollama<'a> {
    script: &'a Script,
    model: String,
    said: String,
    /// Whether a conversation is asked for, not the continuation of a text.
    chat: bool,
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    if *asked.method == Method::GET && asked.path.ends_with("/api/tags") {
        return Ok(Some(Answer::Whole(json!({"models": [tag()]}))));
    }
    let chat = asked.posts_to("/api/chat");
    if chat || asked.posts_to("/api/generate") {
        let request = asked.json()?;
        let said = if chat { said(&request["messages"]) } else { text_of(&request["prompt"]) };
        let ollama = Ollama { script: asked.script, model: asked.model(&request), said, chat };
        let stream = request["stream"] != false;
        return Ok(Some(if stream {
            Answer::Stream("application/x-ndjson", ollama.lines())
        } else {
            Answer::Whole(ollama.whole())
        }));
    }
    Ok(if asked.posts_to("/api/embed") {
        let request = asked.json()?;
        let texts = strings(&request["input"]);
        Some(Answer::Whole(json!({
            "model": asked.model(&request), "embeddings": texts.iter().map(|text| vector(text)).collect::<Vec<_>>(),
            "total_duration": 1_000_000, "load_duration": 1000,
            "prompt_eval_count": texts.iter().map(|text| words(text)).sum::<usize>(),
        })))
    } else if asked.posts_to("/api/embeddings") {
        Some(Answer::Whole(json!({"embedding": vector(&text_of(&asked.json()?["prompt"]))})))
    } else if asked.posts_to("/api/show") {
        Some(Answer::Whole(shown()))
    } else {
        None
    })
}

impl Ollama<'_> {
    fn whole(&self) -> Value {
        let thinking = self.script.think.as_deref();
        let mut whole = match self.call() {
            Some(call) => self.piece("", thinking, Some(call)),
            None => self.piece(&self.script.text(&self.said), thinking, None),
        };
        self.end(&mut whole);
        whole
    }

    fn lines(&self) -> Vec<Bytes> {
        let thoughts = self.script.think.as_ref().map(|text| self.script.chunks(text)).unwrap_or_default();
        let mut pieces: Vec<Value> = thoughts.iter().map(|text| self.piece("", Some(text), None)).collect();
        match self.call() {
            Some(call) => pieces.push(self.piece("", None, Some(call))),
            None => pieces.extend(self.script.deltas(&self.said).iter().map(|text| self.piece(text, None, None))),
        }
        let mut last = self.piece("", None, None);
        self.end(&mut last);
        pieces.push(last);
        pieces.iter().map(|piece| format!("{piece}\n").into()).collect()
    }

    /// Only a conversation has calls.
    fn call(&self) -> Option<Value> {
        let (name, arguments) = self.script.call().filter(|_| self.chat)?;
        Some(json!([{"function": {"name": name, "arguments": arguments}}]))
    }

    fn piece(&self, text: &str, thinking: Option<&str>, calls: Option<Value>) -> Value {
        let mut piece = json!({"model": self.model, "created_at": CREATED_AT});
        let (inner, field) = if self.chat {
            piece["message"] = json!({"role": "assistant"});
            (&mut piece["message"], "content")
        } else {
            (&mut piece, "response")
        };
        inner[field] = text.into();
        if let Some(thinking) = thinking {
            inner["thinking"] = thinking.into();
        }
        if let Some(calls) = calls {
            inner["tool_calls"] = calls;
        }
        piece["done"] = false.into();
        piece
    }

    fn end(&self, piece: &mut Value) {
        piece["done"] = true.into();
        piece["done_reason"] = "stop".into();
        if !self.chat {
            // The talk so far as tokens.
            piece["context"] = json!([1, 2, 3]);
        }
        for (name, value) in [
            ("total_duration", 1_000_000),
            ("load_duration", 1000),
            ("prompt_eval_count", words(&self.said)),
            ("prompt_eval_duration", 1000),
            ("eval_count", words(&self.script.text(&self.said))),
            ("eval_duration", 1000),
        ] {
            piece[name] = value.into();
        }
    }
}

fn tag() -> Value {
    json!({
        "name": MODEL, "model": MODEL, "modified_at": CREATED_AT, "size": 1, "digest": "0".repeat(64),
        "details": details(),
    })
}

fn shown() -> Value {
    json!({
        "modelfile": format!("FROM {MODEL}"), "parameters": "", "template": "{{ .Prompt }}", "details": details(),
        "model_info": {"general.architecture": MODEL}, "capabilities": ["completion", "tools", "thinking"],
        "modified_at": CREATED_AT,
    })
}

fn details() -> Value {
    json!({
        "parent_model": "", "format": "gguf", "family": MODEL, "families": [MODEL], "parameter_size": "0B",
        "quantization_level": "F32",
    })
}
