//! What every API shares: the request as it was read, the answer, and how text is found and counted.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;

use super::responses::Store;
use super::script::Script;

/// A request that asks for an answer.
pub(super) struct Asked<'a> {
    pub method: &'a Method,
    /// Without a trailing slash, its colons not coded.
    pub path: &'a str,
    pub query: &'a str,
    pub body: &'a [u8],
    /// How many came before it; makes ids.
    pub call: u64,
    pub script: &'a Script,
    pub store: &'a Store,
}

/// What is said to a request.
pub(super) enum Answer {
    Whole(Value),
    /// The content type, and one piece for each event.
    Stream(&'static str, Vec<Bytes>),
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub message: String,
}

impl Asked<'_> {
    /// Whether this is a POST whose path ends so.
    pub(super) fn posts_to(&self, end: &str) -> bool {
        *self.method == Method::POST && self.path.ends_with(end)
    }

    pub(super) fn json(&self) -> Result<Value, Problem> {
        serde_json::from_slice(self.body)
            .map_err(|error| Problem { status: StatusCode::BAD_REQUEST, message: format!("not JSON: {error}") })
    }

    /// A parameter of the query, as it stands there.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The model that the body names, else the path's deployment.
    pub(super) fn model(&self, request: &Value) -> String {
        let deployment = || self.path.split_once("/deployments/")?.1.split('/').next();
        request["model"].as_str().or_else(deployment).unwrap_or(MODEL).to_owned()
    }
}

/// What the user said last.
pub(super) fn said(messages: &Value) -> String {
    let last = messages.as_array().and_then(|all| all.iter().rev().find(|message| message["role"] == "user"));
    last.map(|message| text_of(&message["content"])).unwrap_or_default()
}

/// A message's text: a string, or the text parts one after the other.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// The strings of a string or an array.
pub(super) fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// Words stand for tokens.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// An event without a name.
pub(super) fn event(data: &Value) -> Bytes {
    format!("data: {data}\n\n").into()
}

/// An event under the name that its `type` is.
pub(super) fn named(data: &Value) -> Bytes {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()).into()
}

/// The one model that the stand-in has.
pub(super) const MODEL: &str = "stand-in";

/// When every answer was made, in seconds: always the same, so that answers can be compared.
pub(super) const CREATED: u64 = 1_700_000_000;

/// The same as RFC 3339 writes it.
pub(super) const CREATED_AT: &str = "2023-11-14T22:13:20Z";

/// A stream of server-sent events.
pub(super) const SSE: &str = "text/event-stream; charset=utf-8";

/// The last event where one says that the stream is over.
pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";
