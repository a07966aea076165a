//! Cohere's API, version 2: chat with documents and citations, and embeddings.
//!
//! Source: the provider's API reference and SDK types (November 2026). Streams are server-sent events, each with its name
//! on a line of its own.

use serde_json::{Value, json};

use super::coverage::{Cell, no_talk};
use super::framing::Frames;
use super::json::{Json, NodeId};
use super::openai_chat;
use super::walk::{self, Index, Shape, own_index};
use super::{Answer, Ending, Mark, Problem, Protocol, StreamView};
use crate::segment::{Kind, Media};

/// The adapter.
pub(super) struct Cohere {
    /// Of `embed`, which answers with numbers.
    pub(super) embedding: bool,
}

impl Protocol for Cohere {
    fn name(&self) -> &'static str {
        if self.embedding { "cohere-embed" } else { "cohere-chat" }
    }

    fn recognises(&self, path: &str) -> bool {
        path.ends_with(if self.embedding { "/v2/embed" } else { "/v2/chat" })
    }

    fn lacks(&self) -> &'static [(Cell, &'static str)] {
        if self.embedding { EMBED_LACKS } else { &[] }
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (if self.embedding { &EMBED } else { &REQUEST }, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&RESPONSE, Kind::Completion)
    }

    fn mark(&self, event: &Json<'_>) -> Mark {
        let Some(kind) = event.get(0, "type") else { return Mark::None };
        let index = own_index(event, 0).unwrap_or(0).min(MAX_INDEX);
        match &*event.string(kind) {
            "message-start" => Mark::Message,
            "content-start" => Mark::Begin(content(index)),
            "content-delta" => Mark::GoOn(content(index)),
            "content-end" => Mark::End(content(index)),
            "tool-call-start" => Mark::Begin(tool_call(index)),
            "tool-call-delta" => Mark::GoOn(tool_call(index)),
            "tool-call-end" => Mark::End(tool_call(index)),
            "message-end" => Mark::Over,
            _ => Mark::None,
        }
    }

    fn joined_pointer(&self, event: &Json<'_>, node: NodeId) -> String {
        let pointer = walk::pointer(event, node, false);
        let Some(rest) = pointer.strip_prefix("/delta") else { return pointer };
        let index = own_index(event, 0).unwrap_or(0);
        for list in ["/message/content", "/message/tool_calls", "/message/citations"] {
            if let Some(rest) = rest.strip_prefix(list).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                return format!("{list}/{index}{rest}");
            }
        }
        rest.to_owned()
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        json!({ "id": problem.id, "message": problem.message }).to_string()
    }

    fn can_refuse(&self) -> bool {
        !self.embedding
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        json!({
            "id": answer.id,
            "message": { "role": "assistant", "content": [{ "type": "text", "text": answer.message }] },
            "finish_reason": "COMPLETE",
            "usage": usage(),
        })
        .to_string()
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        start(answer.id) + &refusal(0, answer.message)
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        let mut out = String::new();
        if view.over {
            return out;
        }
        if !view.begun {
            out += &start(view.id.as_deref().unwrap_or(ending.id));
        }
        // Calls of tools stay open: what is torn must not look whole.
        for index in view.open.iter().filter(|mark| *mark % 2 == 0).map(|mark| mark / 2) {
            out += &event(&json!({ "type": "content-end", "index": index }));
        }
        match ending.refusal {
            Some(message) => out + &refusal(view.next.div_ceil(2), message),
            None => out + &end("ERROR", Some(ending.message)),
        }
    }

    fn failure(&self, message: &str, _frames: Frames) -> String {
        end("ERROR", Some(message))
    }
}

/// The answer says again what was asked, beside the vectors.
const EMBED_LACKS: &[(Cell, &str)] = &no_talk("answers come whole", "no model speaks in the answer");

/// Contents and calls of tools are counted apart; their marks are one series.
fn content(index: u64) -> u64 {
    index * 2
}

fn tool_call(index: u64) -> u64 {
    index * 2 + 1
}

/// No answer has as many contents or calls.
const MAX_INDEX: u64 = 1 << 32;

fn start(id: &str) -> String {
    let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
    event(&json!({ "type": "message-start", "id": id, "delta": { "message": message } }))
}

/// What a model says that declines, as the content with this index, and the end of its answer.
fn refusal(index: u64, text: &str) -> String {
    let content = |kind: &str, content: Value| {
        event(&json!({ "type": kind, "index": index, "delta": { "message": { "content": content } } }))
    };
    content("content-start", json!({ "type": "text", "text": "" }))
        + &content("content-delta", json!({ "text": text }))
        + &event(&json!({ "type": "content-end", "index": index }))
        + &end("COMPLETE", None)
}

fn end(reason: &str, error: Option<&str>) -> String {
    let mut delta = json!({ "finish_reason": reason, "usage": usage() });
    if let (Some(error), Some(delta)) = (error, delta.as_object_mut()) {
        delta.insert("error".to_owned(), error.into());
    }
    event(&json!({ "type": "message-end", "delta": delta })) + "data: [DONE]\n\n"
}

/// Zeros: what was really used is the provider's to say, and it was cut off before it could.
fn usage() -> Value {
    let zeros = json!({ "input_tokens": 0, "output_tokens": 0 });
    json!({ "billed_units": zeros, "tokens": zeros })
}

/// One event with its name.
fn event(data: &Value) -> String {
    let name = data.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

/// Whose words a message of the client holds; an unknown or missing role is the user's.
fn role_kind(role: &str) -> Kind {
    match role {
        "system" | "developer" => Kind::System,
        "assistant" => Kind::Assistant,
        "tool" => Kind::ToolResult,
        _ => Kind::User,
    }
}

static REQUEST: Shape = Shape::Object(&[
    ("model", Shape::Harmless),
    ("messages", Shape::Each(Index::Position, &Shape::Chosen(message))),
    ("documents", Shape::Each(Index::Position, &DOCUMENT)),
    ("tools", Shape::Each(Index::Position, &openai_chat::TOOL)),
    ("stricttools", Shape::Harmless),
    ("toolchoice", Shape::OneOf(&["REQUIRED", "NONE"])),
    ("citationoptions", Shape::Harmless),
    (
        "responseformat",
        Shape::Within(
            Kind::ToolDefinition,
            &Shape::Object(&[
                ("type", Shape::OneOf(&["text", "json_object"])),
                ("jsonschema", SCHEMA),
                ("schema", SCHEMA),
            ]),
        ),
    ),
    ("safetymode", Shape::Harmless),
    ("stopsequences", Shape::Text(Kind::User)),
    ("thinking", Shape::Object(&[("type", Shape::OneOf(&["enabled", "disabled"])), ("tokenbudget", Shape::Harmless)])),
    ("stream", Shape::Harmless),
    ("maxtokens", Shape::Harmless),
    ("temperature", Shape::Harmless),
    ("seed", Shape::Harmless),
    ("frequencypenalty", Shape::Harmless),
    ("presencepenalty", Shape::Harmless),
    ("k", Shape::Harmless),
    ("p", Shape::Harmless),
    ("logprobs", Shape::Harmless),
    ("rawprompting", Shape::Harmless),
    ("priority", Shape::Harmless),
]);

const SCHEMA: Shape = Shape::Deep(Kind::ToolDefinition);

/// Documents are what was looked up, but for those that a tool has returned.
fn message(json: &Json<'_>, node: NodeId) -> &'static Shape {
    let is_tool = json.get(node, "role").is_some_and(|role| json.string(role) == "tool");
    if is_tool { &TOOL_MESSAGE } else { &TALK_MESSAGE }
}

static TALK_MESSAGE: Shape = Shape::Message(role_kind, &MESSAGE);
static TOOL_MESSAGE: Shape = Shape::Message(role_kind, &TOOL_RESULT);

static MESSAGE: Shape = Shape::Object(&[
    ("role", ROLE),
    ("content", Shape::Content(&BLOCK)),
    ("toolplan", Shape::Text(Kind::Reasoning)),
    ("toolcalls", Shape::Each(Index::Position, &TOOL_CALL)),
    ("citations", Shape::Each(Index::Position, &CITATION)),
]);

static TOOL_RESULT: Shape =
    Shape::Object(&[("role", ROLE), ("toolcallid", Shape::Id), ("content", Shape::Content(&RESULT_BLOCK))]);

const ROLE: Shape = Shape::OneOf(&["user", "assistant", "system", "developer", "tool"]);

const TYPE: Shape = Shape::Type(&["text", "thinking", "image_url", "document"]);

/// A part of a message; in a stream, its beginning or a piece of it.
static BLOCK: Shape = Shape::Object(&[
    ("type", TYPE),
    ("text", Shape::Inherit),
    ("thinking", Shape::Within(Kind::Reasoning, &Shape::Part(&Shape::Inherit))),
    ("imageurl", Shape::Media(Media::Image)),
    ("document", DOCUMENT),
]);

static RESULT_BLOCK: Shape = Shape::Object(&[
    ("type", TYPE),
    ("text", Shape::Inherit),
    ("imageurl", Shape::Media(Media::Image)),
    ("document", RESULT),
]);

/// A string, or data with keys that an author chose.
const DOCUMENT: Shape =
    Shape::Within(Kind::Document, &Shape::Object(&[("id", Shape::Id), ("data", Shape::Deep(Kind::Document))]));

const RESULT: Shape =
    Shape::Within(Kind::ToolResult, &Shape::Object(&[("id", Shape::Id), ("data", Shape::Deep(Kind::ToolResult))]));

static TOOL_CALL: Shape = Shape::Within(
    Kind::ToolCall,
    &Shape::Object(&[
        ("id", Shape::Id),
        ("type", Shape::Type(&["function"])),
        ("function", Shape::Call(&CALLED_FUNCTION)),
    ]),
);

static CALLED_FUNCTION: Shape = Shape::Object(&[("name", Shape::Inherit), ("arguments", Shape::Arguments)]);

/// What a stretch of the answer rests on: says the stretch again, and the document.
static CITATION: Shape = Shape::Object(&[
    ("text", Shape::Inherit),
    ("type", Shape::OneOf(&["TEXT_CONTENT", "THINKING_CONTENT", "PLAN"])),
    (
        "sources",
        Shape::Each(
            Index::Position,
            &Shape::Object(&[("type", Shape::OneOf(&["document", "tool"])), ("id", Shape::Id)]),
        ),
    ),
]);

static EMBED: Shape = Shape::Object(&[
    ("model", Shape::Harmless),
    ("inputtype", Shape::Harmless),
    ("texts", Shape::Text(Kind::User)),
    ("images", Shape::Each(Index::Position, &Shape::Media(Media::Image))),
    ("inputs", Shape::Each(Index::Position, &Shape::Object(&[("content", Shape::Prompt(Kind::User, &CONTENT))]))),
    ("embeddingtypes", Shape::Each(Index::Position, &Shape::Harmless)),
    ("truncate", Shape::Harmless),
    ("maxtokens", Shape::Harmless),
    ("outputdimension", Shape::Harmless),
]);

static CONTENT: Shape = Shape::Content(&BLOCK);

/// A whole answer, or an event: `index` counts its contents, and calls, and citations.
static RESPONSE: Shape = Shape::Each(Index::Member, &RESPONSE_FIELDS);

static RESPONSE_FIELDS: Shape = Shape::Object(&[
    ("type", EVENT_TYPE),
    ("id", Shape::Harmless),
    ("index", Shape::Harmless),
    // An error says here what is wrong.
    ("message", Shape::Prompt(Kind::Completion, &ANSWER)),
    (
        "delta",
        Shape::Object(&[
            ("message", Shape::Within(Kind::Completion, &EVENT_MESSAGE)),
            ("finishreason", Shape::Harmless),
            ("error", Shape::Text(Kind::Completion)),
            ("usage", Shape::Harmless),
        ]),
    ),
    ("finishreason", Shape::Harmless),
    ("usage", Shape::Harmless),
    ("logprobs", Shape::Echo),
    ("errortype", Shape::Harmless),
    ("embeddings", Shape::Object(&[("base64", Shape::Each(Index::Position, &Shape::Opaque))])),
    ("meta", Shape::Harmless),
    ("responsetype", Shape::Harmless),
]);

const EVENT_TYPE: Shape = Shape::Type(&[
    "message-start",
    "content-start",
    "content-delta",
    "content-end",
    "tool-plan-delta",
    "tool-call-start",
    "tool-call-delta",
    "tool-call-end",
    "citation-start",
    "citation-end",
    "message-end",
    "debug",
]);

static ANSWER: Shape = Shape::Object(&[
    ("role", Shape::Harmless),
    ("content", Shape::Content(&Shape::Whole(&BLOCK))),
    ("toolplan", Shape::Text(Kind::Reasoning)),
    ("toolcalls", Shape::Each(Index::Position, &TOOL_CALL)),
    ("citations", CITATIONS),
]);

/// The same where each event has a piece of one.
static EVENT_MESSAGE: Shape = Shape::Object(&[
    ("role", Shape::Harmless),
    // Where the message starts, a list.
    ("content", Shape::Content(&BLOCK)),
    ("toolplan", Shape::Text(Kind::Reasoning)),
    ("toolcalls", Shape::Each(Index::Position, &TOOL_CALL)),
    ("citations", CITATIONS),
]);

/// Their offsets are into the answer.
const CITATIONS: Shape = Shape::Cites(&Shape::Each(Index::Position, &Shape::Whole(&CITATION)));

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const COHERE: Cohere = Cohere { embedding: false };

    #[test]
    fn places_of_events_are_those_of_the_answer() {
        let pointer = |event: &str, text: &str| {
            let json = Json::parse(event.as_bytes()).unwrap();
            let node = (0..json.len()).find(|&node| json.string(node) == text).unwrap();
            COHERE.joined_pointer(&json, node)
        };
        let text = r#"{"index":2,"delta":{"message":{"content":{"text":"a"}}}}"#;
        assert_eq!(pointer(text, "a"), "/message/content/2/text");
        let plan = r#"{"delta":{"message":{"tool_plan":"a"}}}"#;
        assert_eq!(pointer(plan, "a"), "/message/tool_plan");
        let call = r#"{"index":1,"delta":{"message":{"tool_calls":{"function":{"name":"a"}}}}}"#;
        assert_eq!(pointer(call, "a"), "/message/tool_calls/1/function/name");
        assert_eq!(pointer(r#"{"message":"a"}"#, "a"), "/message");
    }

    #[test]
    fn an_ending_closes_contents_and_leaves_torn_calls_open() {
        let mut view = StreamView::default();
        for mark in [Mark::Message, Mark::Begin(content(0)), Mark::Begin(tool_call(0))] {
            view.sent(mark);
        }
        let ending = |refusal| Ending {
            message: "",
            id: "i",
            created: 0,
            choices: &[],
            refusal,
            usage: false,
            last: true,
            frames: Frames::Sse,
        };
        let cut = COHERE.ending(&view, &ending(None));
        let kinds: Vec<&str> = cut.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        assert_eq!(kinds, ["content-end", "message-end"]);
        assert!(COHERE.ending(&view, &ending(Some("no"))).contains(r#""index":1"#));
        view.sent(Mark::Over);
        assert_eq!(COHERE.ending(&view, &ending(None)), "");
    }
}
