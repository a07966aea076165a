//! Anthropic Messages, and its token counting, which sends the whole prompt too.
//!
//! Source: the provider's API reference and SDK types (November 2026). What ends a stream is in `anthropic_stream`.

use serde_json::json;

use super::anthropic_stream as stream;
use super::coverage::{Cell, no_text};
use super::framing::Frames;
use super::json::{Json, NodeId};
use super::walk::{self, Index, Shape};
use super::{Answer, Asked, Ending, Mark, Problem, Protocol, StreamView};
use crate::segment::{Kind, Media};

/// The adapter.
pub(super) struct AnthropicMessages {
    /// Of `count_tokens`: the same request, answered with a number.
    pub(super) counting: bool,
}

impl Protocol for AnthropicMessages {
    fn name(&self) -> &'static str {
        if self.counting { "anthropic-count-tokens" } else { "anthropic-messages" }
    }

    fn recognises(&self, path: &str) -> bool {
        path.ends_with(if self.counting { "/v1/messages/count_tokens" } else { "/v1/messages" })
            || at_vertex(path).is_some_and(|(model, _)| (model == "count-tokens") == self.counting)
    }

    fn asked(&self, json: &Json<'_>, target: &http::Uri) -> Asked {
        let mut asked = Asked::in_openai_style(json);
        if let Some((_, verb)) = at_vertex(&target.path().to_ascii_lowercase()) {
            asked.model = super::model_of(target);
            if verb == "streamrawpredict" {
                asked.stream = Some(Frames::Sse);
            }
        }
        asked
    }

    fn lacks(&self) -> &'static [(Cell, &'static str)] {
        if self.counting { COUNTING_LACKS } else { &[] }
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (&REQUEST, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&RESPONSE, Kind::Completion)
    }

    fn mark(&self, event: &Json<'_>) -> Mark {
        stream::mark(event)
    }

    fn joined_pointer(&self, event: &Json<'_>, node: NodeId) -> String {
        let pointer = walk::pointer(event, node, false);
        let block = pointer.strip_prefix("/content_block").or_else(|| pointer.strip_prefix("/delta"));
        match (block, walk::own_index(event, 0)) {
            (Some(rest), Some(index)) => {
                let rest = if rest == "/partial_json" { "/input" } else { rest };
                format!("/content/{index}{rest}")
            }
            (Some(rest), None) => rest.to_owned(),
            (None, _) => pointer.strip_prefix("/message").map(str::to_owned).unwrap_or(pointer),
        }
    }

    fn takes_tokens(&self) -> bool {
        !self.counting
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        let kind = error_type(problem.status);
        error(kind, problem.message, Some(problem.id)).to_string()
    }

    fn can_refuse(&self) -> bool {
        !self.counting
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        json!({
            "id": format!("msg_{}", answer.id),
            "type": "message",
            "role": "assistant",
            "model": answer.model,
            "content": [{ "type": "text", "text": answer.message }],
            "stop_reason": "refusal",
            "stop_sequence": null,
            "stop_details": stream::refused(answer.message),
            "usage": { "input_tokens": 0, "output_tokens": 0 },
        })
        .to_string()
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        let view = StreamView { model: Some(answer.model.to_owned()), ..StreamView::default() };
        stream::ending(&view, answer.id, Some(answer.message))
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        stream::ending(view, ending.id, ending.refusal)
    }

    fn failure(&self, message: &str, _frames: Frames) -> String {
        stream::event("error", &error("api_error", message, None))
    }
}

const COUNTING_LACKS: &[(Cell, &str)] = &no_text("the answer is a number");

/// The model and the verb of a path of Vertex AI, which has the same bodies, without the model.
fn at_vertex(path: &str) -> Option<(&str, &str)> {
    let (publisher, call) = path.strip_suffix('/').unwrap_or(path).rsplit_once("/models/")?;
    let (model, verb) = super::call_of(call)?;
    let is_raw = matches!(verb, "rawpredict" | "streamrawpredict");
    (publisher.ends_with("/publishers/anthropic") && is_raw && !call.contains('/')).then_some((model, verb))
}

/// The provider's name for an error with this status.
fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn error(kind: &str, message: &str, id: Option<&str>) -> serde_json::Value {
    let mut body = json!({ "type": "error", "error": { "type": kind, "message": message } });
    if let (Some(id), Some(body)) = (id, body.as_object_mut()) {
        body.insert("request_id".to_owned(), id.into());
    }
    body
}

/// Whose words a message holds; an unknown or missing role is the user's.
fn role_kind(role: &str) -> Kind {
    match role {
        "system" => Kind::System,
        "assistant" => Kind::Assistant,
        _ => Kind::User,
    }
}

static REQUEST: Shape = Shape::Object(&[
    ("system", Shape::Prompt(Kind::System, &CONTENT)),
    ("messages", Shape::Each(Index::Position, &Shape::Message(role_kind, &MESSAGE))),
    ("model", Shape::Harmless),
    ("stream", Shape::Harmless),
    ("maxtokens", Shape::Harmless),
    ("temperature", Shape::Harmless),
    ("topp", Shape::Harmless),
    ("topk", Shape::Harmless),
    ("servicetier", Shape::Harmless),
    ("inferencegeo", Shape::Harmless),
    ("speed", Shape::Harmless),
    ("anthropicversion", Shape::Harmless),
    ("thinking", Shape::Harmless),
    ("stopsequences", Shape::Text(Kind::Metadata)),
    ("metadata", Shape::Deep(Kind::Metadata)),
    ("tools", Shape::Each(Index::Position, &TOOL)),
    ("toolchoice", Shape::Within(Kind::ToolDefinition, &TOOL_CHOICE)),
    ("outputconfig", Shape::Object(&[("effort", Shape::Harmless), ("format", OUTPUT_FORMAT)])),
    ("outputformat", OUTPUT_FORMAT),
    ("mcpservers", Shape::Each(Index::Position, &Shape::Within(Kind::ToolDefinition, &MCP_SERVER))),
    ("container", Shape::Within(Kind::Metadata, &CONTAINER)),
    (
        "contextmanagement",
        Shape::Within(Kind::System, &Shape::Object(&[("edits", Shape::Each(Index::Position, &EDIT))])),
    ),
    ("cachecontrol", CACHE),
]);

static MESSAGE: Shape =
    Shape::Object(&[("role", Shape::OneOf(&["user", "assistant", "system"])), ("content", CONTENT_SHAPE)]);

static CONTENT: Shape = CONTENT_SHAPE;
/// Blocks in a list come whole, each a text of its own; only the blocks of an answer come in pieces.
const CONTENT_SHAPE: Shape = Shape::Content(&Shape::Whole(&BLOCK));

static BLOCK: Shape = Shape::Tagged(block);

fn block(tag: &str) -> &'static Shape {
    match tag {
        "text" => &TEXT,
        "image" => &IMAGE,
        "document" => &DOCUMENT,
        "search_result" => &SEARCH_RESULT,
        "thinking" | "redacted_thinking" => &THINKING,
        "tool_use" | "server_tool_use" | "mcp_tool_use" => &TOOL_USE,
        _ if tag.ends_with("tool_result") => &TOOL_RESULT,
        _ => &OTHER,
    }
}

/// The blocks that the provider documents; any other `type` is text.
const TYPE: Shape = Shape::Type(&[
    "text",
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "compaction",
    "fallback",
    "container_upload",
    "tool_use",
    "server_tool_use",
    "mcp_tool_use",
    "tool_result",
    "mcp_tool_result",
    "mcp_tool_listing",
    "tool_addition",
    "tool_removal",
    "tool_reference",
    "web_search_tool_result",
    "web_search_result",
    "web_search_tool_result_error",
    "web_fetch_tool_result",
    "web_fetch_result",
    "web_fetch_tool_result_error",
    "code_execution_tool_result",
    "code_execution_result",
    "encrypted_code_execution_result",
    "code_execution_output",
    "code_execution_tool_result_error",
    "bash_code_execution_tool_result",
    "bash_code_execution_result",
    "bash_code_execution_output",
    "bash_code_execution_tool_result_error",
    "text_editor_code_execution_tool_result",
    "text_editor_code_execution_view_result",
    "text_editor_code_execution_create_result",
    "text_editor_code_execution_str_replace_result",
    "text_editor_code_execution_tool_result_error",
    "tool_search_tool_result",
    "tool_search_tool_search_result",
    "tool_search_tool_result_error",
    "advisor_tool_result",
    "advisor_result",
    "advisor_redacted_result",
    "advisor_tool_result_error",
]);

const CACHE: Shape = Shape::Object(&[
    ("type", Shape::OneOf(&["ephemeral"])),
    ("ttl", Shape::OneOf(&["5m", "1h"])),
    ("scope", Shape::OneOf(&["turn", "conversation", "global"])),
]);

const ENCRYPTED: Shape = Shape::Media(Media::EncryptedReasoning);

static TEXT: Shape = Shape::Object(&[
    ("type", TYPE),
    ("text", Shape::Inherit),
    ("citations", Shape::Each(Index::Position, &CITATION)),
    ("cachecontrol", CACHE),
]);

/// What an answer quotes: of the same kind as the answer, but no part of it.
static CITATION: Shape = Shape::Object(&[
    (
        "type",
        Shape::OneOf(&[
            "char_location",
            "page_location",
            "content_block_location",
            "web_search_result_location",
            "search_result_location",
        ]),
    ),
    ("encryptedindex", Shape::Opaque),
    ("fileid", Shape::Id),
]);

static IMAGE: Shape = Shape::Object(&[("type", TYPE), ("source", Shape::Media(Media::Image)), ("cachecontrol", CACHE)]);

static DOCUMENT: Shape = Shape::Within(
    Kind::Document,
    &Shape::Object(&[
        ("type", TYPE),
        ("source", Shape::Tagged(source)),
        ("title", Shape::Inherit),
        ("context", Shape::Inherit),
        ("citations", Shape::Harmless),
        ("cachecontrol", CACHE),
    ]),
);

fn source(tag: &str) -> &'static Shape {
    match tag {
        "text" => &TEXT_SOURCE,
        "base64" | "url" | "file" => &FILE,
        _ => &OTHER,
    }
}

/// `data` is plain text, `content` a string or blocks.
static TEXT_SOURCE: Shape = Shape::Object(&[
    ("type", TYPE),
    ("mediatype", Shape::OneOf(&["text/plain"])),
    ("data", Shape::Inherit),
    ("content", CONTENT_SHAPE),
]);

static FILE: Shape = Shape::Media(Media::File);

static SEARCH_RESULT: Shape = Shape::Within(
    Kind::Document,
    &Shape::Object(&[
        ("type", TYPE),
        ("source", Shape::Inherit),
        ("title", Shape::Inherit),
        ("content", CONTENT_SHAPE),
        ("citations", Shape::Harmless),
        ("cachecontrol", CACHE),
    ]),
);

/// The signature covers the text; the provider takes no other text with it, and none without.
static THINKING: Shape = Shape::Within(
    Kind::Reasoning,
    &Shape::Object(&[("type", TYPE), ("thinking", Shape::Signed), ("signature", Shape::Opaque), ("data", ENCRYPTED)]),
);

/// In a stream `input` begins empty and comes as pieces of JSON text.
static TOOL_USE: Shape = Shape::Within(Kind::ToolCall, &Shape::Call(&TOOL_USE_FIELDS));

static TOOL_USE_FIELDS: Shape = Shape::Object(&[
    ("type", TYPE),
    ("id", Shape::Id),
    ("name", Shape::Inherit),
    ("input", Shape::Alias("partialjson", &Shape::Arguments)),
    ("servername", Shape::Inherit),
    ("caller", Shape::Object(&[("type", Shape::Id), ("toolid", Shape::Id)])),
    ("cachecontrol", CACHE),
]);

static TOOL_RESULT: Shape = Shape::Within(
    Kind::ToolResult,
    &Shape::Object(&[
        ("type", TYPE),
        ("tooluseid", Shape::Id),
        ("content", CONTENT_SHAPE),
        ("caller", Shape::Object(&[("type", Shape::Id), ("toolid", Shape::Id)])),
        ("cachecontrol", CACHE),
    ]),
);

/// What tools of the provider return, and blocks that nobody knows yet: what is not named here is text.
static OTHER: Shape = Shape::Object(&[
    ("type", TYPE),
    ("content", CONTENT_SHAPE),
    ("source", Shape::Tagged(source)),
    ("encryptedcontent", ENCRYPTED),
    ("encryptedstdout", ENCRYPTED),
    ("signature", Shape::Opaque),
    ("fileid", FILE_ID),
    ("cachecontrol", CACHE),
]);

const FILE_ID: Shape = Shape::Media(Media::File);

static TOOL: Shape = Shape::Within(
    Kind::ToolDefinition,
    &Shape::Object(&[
        ("type", Shape::Id),
        ("name", Shape::Inherit),
        ("description", Shape::Inherit),
        ("inputschema", Shape::Deep(Kind::ToolDefinition)),
        ("inputexamples", Shape::Deep(Kind::ToolDefinition)),
        ("model", Shape::Id),
        ("allowedcallers", Shape::Each(Index::Position, &Shape::Id)),
        ("cachecontrol", CACHE),
    ]),
);

static TOOL_CHOICE: Shape =
    Shape::Object(&[("type", Shape::OneOf(&["auto", "any", "tool", "none"])), ("name", Shape::Inherit)]);

const OUTPUT_FORMAT: Shape = Shape::Within(
    Kind::ToolDefinition,
    &Shape::Object(&[("type", Shape::OneOf(&["json_schema"])), ("schema", Shape::Deep(Kind::ToolDefinition))]),
);

static MCP_SERVER: Shape = Shape::Object(&[
    ("type", Shape::OneOf(&["url"])),
    ("name", Shape::Inherit),
    ("url", Shape::Inherit),
    ("authorizationtoken", Shape::Opaque),
]);

/// Files and programs that are kept at the provider.
static CONTAINER: Shape = Shape::Media(Media::ServerState);

static EDIT: Shape = Shape::Object(&[
    ("type", Shape::Id),
    ("trigger", Shape::Harmless),
    ("keep", Shape::Harmless),
    ("clearatleast", Shape::Harmless),
    ("instructions", Shape::Inherit),
]);

/// A whole answer, or an event: `index` counts its blocks.
static RESPONSE: Shape = Shape::Each(Index::Member, &RESPONSE_FIELDS);

static RESPONSE_FIELDS: Shape = Shape::Object(&[
    ("type", EVENT_TYPE),
    ("id", Shape::Harmless),
    ("role", Shape::Harmless),
    ("model", Shape::Harmless),
    ("content", Shape::Prompt(Kind::Completion, &CONTENT)),
    ("stopreason", Shape::Harmless),
    ("stopsequence", Shape::Text(Kind::Completion)),
    ("stopdetails", STOP_DETAILS),
    ("usage", Shape::Harmless),
    ("container", Shape::Harmless),
    ("contextmanagement", Shape::Harmless),
    ("message", Shape::Whole(&ANSWER)),
    ("contentblock", Shape::Alias("block", &Shape::Part(&BLOCK))),
    ("delta", Shape::Alias("block", &Shape::Call(&DELTA))),
    ("error", ERROR),
    ("requestid", Shape::Harmless),
]);

const EVENT_TYPE: Shape = Shape::Type(&[
    "message",
    "error",
    "ping",
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
]);

/// What an event says of the whole answer.
static ANSWER: Shape = Shape::Object(&[
    ("type", Shape::Harmless),
    ("id", Shape::Harmless),
    ("role", Shape::Harmless),
    ("model", Shape::Harmless),
    ("content", Shape::Prompt(Kind::Completion, &CONTENT)),
    ("stopreason", Shape::Harmless),
    ("stopsequence", Shape::Text(Kind::Completion)),
    ("stopdetails", STOP_DETAILS),
    ("usage", Shape::Harmless),
    ("container", Shape::Harmless),
    ("contextmanagement", Shape::Harmless),
]);

const STOP_DETAILS: Shape = Shape::Object(&[
    ("type", Shape::Harmless),
    ("category", Shape::Harmless),
    ("recommendedmodel", Shape::Harmless),
    ("fallbackcredittoken", Shape::Opaque),
]);

const ERROR: Shape = Shape::Object(&[("type", Shape::Harmless), ("message", Shape::Text(Kind::Completion))]);

static DELTA: Shape = Shape::Object(&[
    ("type", Shape::Harmless),
    ("text", Shape::Part(&Shape::Inherit)),
    ("partialjson", Shape::Arguments),
    ("thinking", Shape::Within(Kind::Reasoning, &Shape::Signed)),
    ("signature", Shape::Opaque),
    ("citation", Shape::Whole(&CITATION)),
    ("content", CONTENT_SHAPE),
    ("encryptedcontent", ENCRYPTED),
    ("stopreason", Shape::Harmless),
    ("stopsequence", Shape::Text(Kind::Completion)),
    ("stopdetails", STOP_DETAILS),
    ("container", Shape::Harmless),
]);
