//! Gemini, also as Vertex serves it: `…/models/MODEL:VERB`.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::api::{Answer, Asked, Problem, SSE, text_of, words};
use super::embeddings::vector;
use super::script::Script;

/// What of a request the answer depends on.
struct Gemini<'a> {
    script: &'a Script,
    id: String,
    model: &'a str,
    candidates: usize,
    said: String,
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    let Some((path, verb)) = asked.path.rsplit_once(':') else { return Ok(None) };
    let Some((_, model)) = path.rsplit_once("/models/") else { return Ok(None) };
    if *asked.method != Method::POST || !VERBS.contains(&verb) {
        return Ok(None);
    }
    let request = asked.json()?;
    let gemini = Gemini {
        script: asked.script,
        id: format!("standin-{}", asked.call),
        model,
        candidates: candidates(&request),
        said: said(&request),
    };
    Ok(Some(match verb {
        "generateContent" => Answer::Whole(gemini.whole()),
        "streamGenerateContent" if asked.parameter("alt") == Some("sse") => {
            let event = |chunk: &Value| format!("data: {chunk}\r\n\r\n").into();
            Answer::Stream(SSE, gemini.chunks().iter().map(event).collect())
        }
        "streamGenerateContent" => Answer::Stream("application/json; charset=UTF-8", array(&gemini.chunks())),
        "countTokens" => Answer::Whole(json!({"totalTokens": words(&gemini.said)})),
        "embedContent" => Answer::Whole(json!({"embedding": {"values": vector(&content_text(&request["content"]))}})),
        _ => {
            let requests = request["requests"].as_array().map(Vec::as_slice).unwrap_or_default();
            let one = |request: &Value| json!({"values": vector(&content_text(&request["content"]))});
            Answer::Whole(json!({"embeddings": requests.iter().map(one).collect::<Vec<_>>()}))
        }
    }))
}

impl Gemini<'_> {
    fn whole(&self) -> Value {
        let thought = self.script.think.iter().map(|text| thought(text));
        let answer = self.call().unwrap_or_else(|| json!({"text": self.script.text(&self.said)}));
        let parts: Vec<Value> = thought.chain([answer]).collect();
        let one = |index| candidate(index, &json!(parts), true);
        self.response((0..self.candidates).map(one).collect())
    }

    /// Candidates take turns; the last chunk of each bears the reason why it ends.
    fn chunks(&self) -> Vec<Value> {
        let mut parts: Vec<Value> = Vec::new();
        if let Some(text) = &self.script.think {
            parts.extend(self.script.chunks(text).iter().map(|text| thought(text)));
        }
        if let Some(call) = self.call() {
            parts.push(call);
        } else {
            parts.extend(self.script.deltas(&self.said).into_iter().map(|text| json!({"text": text})));
            if self.script.think.is_some() {
                parts.push(json!({"text": "", "thoughtSignature": SIGNATURE}));
            }
        }
        let last = parts.len().saturating_sub(1);
        let chunk = |(at, index): (usize, usize)| {
            let part = parts.get(at).into_iter().collect::<Vec<_>>();
            self.response(vec![candidate(index, &json!(part), at == last)])
        };
        (0..=last).flat_map(|at| (0..self.candidates).map(move |index| (at, index))).map(chunk).collect()
    }

    fn call(&self) -> Option<Value> {
        let (name, arguments) = self.script.call()?;
        let mut part = json!({"functionCall": {"name": name, "args": arguments, "id": "standin0"}});
        if self.script.think.is_some() {
            part["thoughtSignature"] = SIGNATURE.into();
        }
        Some(part)
    }

    fn response(&self, candidates: Vec<Value>) -> Value {
        let (prompt, answer) = (words(&self.said), words(&self.script.text(&self.said)));
        let usage = json!({
            "promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": prompt + answer,
        });
        json!({
            "candidates": candidates, "usageMetadata": usage, "modelVersion": self.model, "responseId": self.id,
        })
    }
}

fn candidate(index: usize, parts: &Value, is_last: bool) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
    if is_last {
        candidate["finishReason"] = "STOP".into();
    }
    candidate["index"] = index.into();
    candidate
}

/// The stream as one JSON array.
fn array(chunks: &[Value]) -> Vec<Bytes> {
    let piece = |(index, chunk): (usize, &Value)| {
        let before = if index == 0 { "[" } else { ",\r\n" };
        format!("{before}{chunk}\n").into()
    };
    chunks.iter().enumerate().map(piece).chain([Bytes::from_static(b"]")]).collect()
}

fn candidates(request: &Value) -> usize {
    let config = either(request, "generationConfig", "generation_config");
    let count = either(config, "candidateCount", "candidate_count").as_u64().unwrap_or(1);
    usize::try_from(count).unwrap_or(1).clamp(1, MAX_CANDIDATES)
}

/// What the user said last. One content may stand for an array of them, and one without a role is the user's.
fn said(request: &Value) -> String {
    let inner = either(request, "generateContentRequest", "generate_content_request");
    let contents = if inner.is_null() { &request["contents"] } else { &inner["contents"] };
    let all = contents.as_array().map_or_else(|| std::slice::from_ref(contents), Vec::as_slice);
    let last = all.iter().rev().find(|content| content["role"].as_str().is_none_or(|role| role == "user"));
    last.map(content_text).unwrap_or_default()
}

fn content_text(content: &Value) -> String {
    match &content["parts"] {
        part @ Value::Object(_) => text_of(&part["text"]),
        parts => text_of(parts),
    }
}

/// A field, which may be written in either case.
fn either<'a>(object: &'a Value, camel: &str, snake: &str) -> &'a Value {
    if object[camel].is_null() { &object[snake] } else { &object[camel] }
}

fn thought(text: &str) -> Value {
    json!({"text": text, "thought": true})
}

const VERBS: &[&str] =
    &["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"];

const SIGNATURE: &str = "c2lnbmVkIGJ5IHRoZSBzdGFuZC1pbg==";

/// Most candidates in one answer; the API's own limit.
const MAX_CANDIDATES: usize = 8;
