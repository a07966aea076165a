//! The coverage matrix: for every protocol a file with samples of its messages, for every cell one test over them, with the
//! real proxy between a client and an upstream that says what the sample says.

#![expect(clippy::unwrap_used, clippy::panic, clippy::format_collect, reason = "tests")]

mod cells;
#[path = "../common/upstream.rs"]
mod upstream;

use palisade::protocol::coverage::{Cell, rows, table};
use palisade::protocol::framing::Frames;
use serde_json::Value;

/// What a protocol's messages look like.
pub(crate) struct Sample {
    pub(crate) path: &'static str,
    /// Where streams are asked for, if the path says so.
    pub(crate) stream_path: &'static str,
    /// `api` of the route, for what is no known API.
    pub(crate) api: &'static str,
    /// A request in which the user says something; as a stream or not.
    pub(crate) ask: fn(&str, bool) -> Value,
    /// A whole answer.
    pub(crate) answer: fn(&str) -> Value,
    /// The same with a call of a tool, whose arguments are this JSON.
    pub(crate) call: fn(&str) -> Value,
    /// The same with reasoning.
    pub(crate) think: fn(&str) -> Value,
    /// Events of an answer that comes in pieces, from the first to the last.
    pub(crate) events: fn(&[&str]) -> Vec<Value>,
    /// The same of a call's arguments.
    pub(crate) call_events: fn(&[&str]) -> Vec<Value>,
    /// The same of reasoning.
    pub(crate) think_events: fn(&[&str]) -> Vec<Value>,
    /// Events as they stand on the wire.
    pub(crate) frames: Frames,
    pub(crate) framed: fn(&[Value]) -> String,
    /// What the answer says in whole answers or events, put together.
    pub(crate) said: fn(&Value) -> String,
    /// Whether a body is the API's error.
    pub(crate) is_error: fn(&Value) -> bool,
    /// Whether whole answers or events are those of a model that declines.
    pub(crate) declines: fn(&[Value]) -> bool,
    /// Whether events end as those of filtered answers do.
    pub(crate) is_filtered: fn(&[Value]) -> bool,
}

/// One test for each cell of a protocol, from a function `sample` beside it.
macro_rules! covered {
    ($name:literal) => {
        pub(super) const NAME: &str = $name;
        crate::covered!(@ request Request, response Response, stream Stream, tools Tools, reasoning Reasoning, block Block,
            refuse Refuse, cut Cut, rewrite Rewrite, restore Restore);
    };
    (@ $($test:ident $cell:ident),*) => {
        $(#[tokio::test]
        async fn $test() {
            crate::cells::run(NAME, &sample(), palisade::protocol::coverage::Cell::$cell).await;
        })*
    };
}
pub(crate) use covered;

/// A line for each file.
macro_rules! protocols {
    ($($module:ident)*) => {
        $(mod $module;)*
        const NAMES: &[(&str, &str)] = &[$(($module::NAME, stringify!($module))),*];
    };
}

protocols! {
    anthropic_count_tokens
    anthropic_messages
    cohere_chat
    cohere_embed
    gemini
    gemini_count_tokens
    gemini_embeddings
    generic
    mistral_agents
    mistral_fim
    ollama_chat
    ollama_embed
    ollama_generate
    openai_chat
    openai_completions
    openai_embeddings
    openai_moderations
    openai_responses
    tgi
    vertex_predict
}

/// For cells that an API lacks.
pub(crate) fn none(_: &str) -> Value {
    Value::Null
}

/// The same for streams.
pub(crate) fn no_events(_: &[&str]) -> Vec<Value> {
    Vec::new()
}

/// Server-sent events, each with its `type` as its name if it has one.
pub(crate) fn named(events: &[Value]) -> String {
    let name = |event: &Value| event["type"].as_str().map(|name| format!("event: {name}\n")).unwrap_or_default();
    events.iter().map(|event| format!("{}data: {event}\n\n", name(event))).collect()
}

#[test]
fn every_cell_has_its_test() {
    for row in rows() {
        let module = row.protocol.replace('-', "_");
        assert!(NAMES.contains(&(row.protocol, &*module)), "tests/coverage/{module}.rs is missing, or its line here");
        for cell in Cell::ALL {
            if let Ok(test) = row.cell(cell) {
                assert_eq!(test, format!("tests/coverage/{module}.rs::{}", cell.name()));
            }
        }
    }
    assert_eq!(NAMES.len(), rows().count());
}

#[test]
fn the_documentation_shows_the_matrix() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocols.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&table()), "docs/protocols.md should show this table:\n{}", table());
}
