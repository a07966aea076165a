//! The items that a Responses request puts in and an answer puts out, their parts, and the tools on offer.

use super::walk::{Index, Shape};
use crate::segment::{Kind, Media};

/// What the client puts in: a string, or items.
pub(super) const INPUT: Shape = Shape::Lone(Kind::User, &ITEMS);

/// What the operator puts in: the same.
pub(super) const INSTRUCTIONS: Shape = Shape::Lone(Kind::System, &Shape::Within(Kind::System, &ITEMS));

static ITEMS: Shape = Shape::Each(Index::Position, &ITEM);

/// What the model puts out.
pub(super) const OUTPUT: Shape = Shape::Each(Index::Position, &OUTPUT_ITEM);

static ITEM: Shape = Shape::Tagged(|tag| match tag {
    // A lone id names an item that is stored.
    "" => &UNTYPED,
    "message" => &MESSAGE,
    _ => item(tag),
});

pub(super) static OUTPUT_ITEM: Shape = Shape::Tagged(|tag| match tag {
    "" | "message" => &ANSWER,
    _ => item(tag),
});

fn item(tag: &str) -> &'static Shape {
    match tag {
        "reasoning" => &REASONING,
        "function_call" | "custom_tool_call" | "mcp_call" | "mcp_approval_request" => &NAMED_CALL,
        "computer_call"
        | "local_shell_call"
        | "shell_call"
        | "apply_patch_call"
        | "code_interpreter_call"
        | "web_search_call"
        | "file_search_call"
        | "tool_search_call"
        | "image_generation_call" => &CALL,
        "function_call_output"
        | "custom_tool_call_output"
        | "computer_call_output"
        | "local_shell_call_output"
        | "shell_call_output"
        | "apply_patch_call_output"
        | "mcp_approval_response" => &RESULT,
        "mcp_list_tools" | "additional_tools" | "tool_search_output" => &LISTED_TOOLS,
        "configuration_update" => &CONFIGURATION,
        "compaction" | "context_compaction" => &COMPACTION,
        "item_reference" => &REFERENCE,
        _ => &OTHER,
    }
}

const TYPE: Shape = Shape::Type(&[
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "computer_call",
    "computer_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "shell_call",
    "shell_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "web_search_call",
    "file_search_call",
    "tool_search_call",
    "tool_search_output",
    "image_generation_call",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
    "additional_tools",
    "configuration_update",
    "compaction",
    "context_compaction",
    "item_reference",
]);

const STATUS: Shape = Shape::OneOf(&[
    "in_progress",
    "completed",
    "incomplete",
    "searching",
    "interpreting",
    "generating",
    "calling",
    "failed",
    "pending",
    "queued",
]);

const ENCRYPTED: Shape = Shape::Media(Media::EncryptedReasoning);
const STATE: Shape = Shape::Media(Media::ServerState);
const FILE: Shape = Shape::Media(Media::File);
const IMAGE: Shape = Shape::Media(Media::Image);

/// Whose words a message of the client holds; an unknown or missing role is the user's.
fn role_kind(role: &str) -> Kind {
    match role {
        "system" | "developer" => Kind::System,
        "assistant" => Kind::Assistant,
        _ => Kind::User,
    }
}

/// The same of a message in an answer.
fn answer_kind(role: &str) -> Kind {
    match role {
        "system" | "developer" => Kind::System,
        "user" => Kind::User,
        _ => Kind::Completion,
    }
}

static MESSAGE: Shape = Shape::Message(role_kind, &MESSAGE_FIELDS);

static UNTYPED: Shape = Shape::Message(
    role_kind,
    &Shape::Object(&[("id", STATE), ("role", ROLE), ("content", CONTENT), ("status", STATUS), ("phase", PHASE)]),
);

static MESSAGE_FIELDS: Shape = Shape::Object(&[
    ("type", TYPE),
    ("id", Shape::Id),
    ("role", ROLE),
    ("content", CONTENT),
    ("status", STATUS),
    ("phase", PHASE),
]);

static ANSWER: Shape = Shape::Message(answer_kind, &MESSAGE_FIELDS);

const ROLE: Shape =
    Shape::OneOf(&["system", "developer", "user", "assistant", "tool", "critic", "discriminator", "unknown"]);

const PHASE: Shape = Shape::OneOf(&["commentary", "final_answer"]);

/// A string, or parts; events count them.
pub(super) const CONTENT: Shape = Shape::Part(&Shape::Each(Index::Position, &Shape::Part(&PART)));

pub(super) static PART: Shape = Shape::Object(&[
    (
        "type",
        Shape::Type(&[
            "input_text",
            "output_text",
            "text",
            "summary_text",
            "reasoning_text",
            "refusal",
            "input_image",
            "input_file",
            "input_audio",
            "computer_screenshot",
            "output_audio",
        ]),
    ),
    ("text", Shape::Inherit),
    ("refusal", Shape::Inherit),
    ("transcript", Shape::Inherit),
    ("annotations", ANNOTATIONS),
    ("logprobs", Shape::Echo),
    ("imageurl", IMAGE),
    ("detail", Shape::OneOf(&["auto", "low", "high", "original"])),
    ("fileid", FILE),
    ("fileurl", FILE),
    ("filedata", FILE),
    ("filename", Shape::Inherit),
    ("inputaudio", Shape::Object(&[("data", Shape::Media(Media::Audio)), ("format", Shape::OneOf(&["mp3", "wav"]))])),
    ("data", Shape::Media(Media::Audio)),
    ("promptcachebreakpoint", Shape::Harmless),
]);

pub(super) const ANNOTATIONS: Shape = Shape::Each(Index::Position, &ANNOTATION);

/// What an answer quotes: of the same kind as the answer, but no part of it.
pub(super) static ANNOTATION: Shape = Shape::Object(&[
    ("type", Shape::Type(&["url_citation", "file_citation", "container_file_citation", "file_path"])),
    ("fileid", Shape::Id),
    ("containerid", Shape::Id),
]);

static REASONING: Shape = Shape::Prompt(
    Kind::Reasoning,
    &Shape::Object(&[
        ("type", TYPE),
        ("id", Shape::Id),
        ("status", STATUS),
        ("summary", CONTENT),
        ("content", CONTENT),
        ("encryptedcontent", ENCRYPTED),
    ]),
);

static COMPACTION: Shape = Shape::Within(
    Kind::Reasoning,
    &Shape::Object(&[("type", TYPE), ("id", Shape::Id), ("createdby", Shape::Id), ("encryptedcontent", ENCRYPTED)]),
);

static REFERENCE: Shape = Shape::Object(&[("type", TYPE), ("id", STATE)]);

/// What a tool is asked; where the provider runs it, also what came of it.
static NAMED_CALL: Shape = Shape::Prompt(Kind::ToolCall, &Shape::Call(&CALL_FIELDS));

/// The same of the provider's own tools, which have no names.
static CALL: Shape = Shape::Prompt(Kind::ToolCall, &CALL_FIELDS);

static CALL_FIELDS: Shape = Shape::Object(&[
    ("type", TYPE),
    ("id", Shape::Id),
    ("callid", Shape::Id),
    ("approvalrequestid", Shape::Id),
    ("containerid", Shape::Id),
    ("status", STATUS),
    ("execution", Shape::OneOf(&["server", "client"])),
    ("name", Shape::Inherit),
    ("namespace", Shape::Inherit),
    ("serverlabel", Shape::Inherit),
    ("arguments", Shape::Arguments),
    ("input", Shape::Inherit),
    ("code", Shape::Inherit),
    ("queries", Shape::Inherit),
    ("action", Shape::Object(&[("type", ACTION)])),
    ("operation", Shape::Object(&[("type", Shape::OneOf(&["create_file", "update_file", "delete_file"]))])),
    ("pendingsafetychecks", Shape::Text(Kind::ToolResult)),
    ("results", RESULTS),
    ("outputs", RESULTS),
    ("output", Shape::Text(Kind::ToolResult)),
    ("error", Shape::Text(Kind::ToolResult)),
    // An image, and the prompt that it was made from.
    ("result", IMAGE),
    ("revisedprompt", Shape::Inherit),
    ("background", Shape::OneOf(&["auto", "opaque", "transparent"])),
    ("outputformat", Shape::OneOf(&["png", "jpeg", "webp"])),
    ("quality", Shape::OneOf(&["auto", "low", "medium", "high"])),
    ("size", Shape::OneOf(&["auto", "1024x1024", "1024x1536", "1536x1024"])),
]);

const ACTION: Shape = Shape::OneOf(&[
    "search",
    "open_page",
    "find_in_page",
    "find",
    "exec",
    "click",
    "double_click",
    "drag",
    "keypress",
    "move",
    "screenshot",
    "scroll",
    "type",
    "wait",
]);

/// What a search found, or what code wrote.
const RESULTS: Shape = Shape::Within(Kind::ToolResult, &Shape::Each(Index::Position, &FOUND));

static FOUND: Shape = Shape::Object(&[
    ("type", Shape::OneOf(&["logs", "image"])),
    ("fileid", Shape::Id),
    ("filename", Shape::Inherit),
    ("text", Shape::Inherit),
    ("logs", Shape::Inherit),
    ("url", IMAGE),
    ("attributes", Shape::Deep(Kind::ToolResult)),
]);

static RESULT: Shape = Shape::Prompt(
    Kind::ToolResult,
    &Shape::Object(&[
        ("type", TYPE),
        ("id", Shape::Id),
        ("callid", Shape::Id),
        ("approvalrequestid", Shape::Id),
        ("status", STATUS),
        // A string, parts, one screenshot, or what a shell wrote.
        ("output", CONTENT),
    ]),
);

static LISTED_TOOLS: Shape = Shape::Prompt(
    Kind::ToolDefinition,
    &Shape::Object(&[
        ("type", TYPE),
        ("id", Shape::Id),
        ("callid", Shape::Id),
        ("status", STATUS),
        ("execution", Shape::OneOf(&["server", "client"])),
        ("role", ROLE),
        ("serverlabel", Shape::Inherit),
        ("error", Shape::Text(Kind::ToolResult)),
        ("tools", TOOLS),
    ]),
);

/// Changes the set-up in the middle of a conversation.
static CONFIGURATION: Shape =
    Shape::Prompt(Kind::System, &Shape::Object(&[("type", TYPE), ("id", Shape::Id), ("tools", TOOLS)]));

/// Items that nobody knows yet: what is not named here is text.
static OTHER: Shape = Shape::Object(&[
    ("type", TYPE),
    ("id", Shape::Id),
    ("callid", Shape::Id),
    ("content", CONTENT),
    ("encryptedcontent", ENCRYPTED),
]);

pub(super) const TOOLS: Shape = Shape::Each(Index::Position, &TOOL_ON_OFFER);

static TOOL_ON_OFFER: Shape = Shape::Within(Kind::ToolDefinition, &TOOL);

pub(super) static TOOL: Shape = Shape::Object(&[
    ("type", Shape::Id),
    ("name", Shape::Inherit),
    ("description", Shape::Inherit),
    ("parameters", Shape::Deep(Kind::ToolDefinition)),
    ("outputschema", Shape::Deep(Kind::ToolDefinition)),
    ("inputschema", Shape::Deep(Kind::ToolDefinition)),
    ("annotations", Shape::Deep(Kind::ToolDefinition)),
    ("format", Shape::Deep(Kind::ToolDefinition)),
    ("filters", Shape::Deep(Kind::ToolDefinition)),
    ("tools", Shape::Each(Index::Position, &TOOL_ON_OFFER)),
    ("serverlabel", Shape::Inherit),
    ("serverdescription", Shape::Inherit),
    ("serverurl", Shape::Inherit),
    ("connectorid", Shape::Id),
    // The client's, for a server that the provider calls: no model reads them.
    ("authorization", Shape::Opaque),
    ("headers", Shape::Map(&Shape::Opaque)),
    ("vectorstoreids", STATE),
    ("container", STATE),
    ("inputimagemask", IMAGE),
    ("model", Shape::Id),
]);
