//! `OpenAI` Chat Completions, and the many servers that speak it (Azure, Mistral, Groq, `DeepSeek`, `OpenRouter`, vLLM, …).
//!
//! Source: the provider's API reference and SDK types (November 2026); answers that official clients take well were
//! tried against them.

use serde_json::json;

use super::framing::Frames;
use super::json::{Json, NodeId, NodeKind};
use super::walk::{Index, Shape};
use super::{Answer, Ending, Keeps, Problem, Protocol, StreamView};
use crate::segment::Kind;

/// The adapter.
pub(super) struct OpenAiChat;

impl Protocol for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai-chat"
    }

    fn recognises(&self, path: &str) -> bool {
        path.ends_with("/chat/completions")
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (&REQUEST, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&RESPONSE, Kind::Completion)
    }

    fn keeps(&self) -> Keeps {
        Keeps::IfAsked
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        super::openai_problem(problem)
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        OPENAI.refusal_body(answer)
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        OPENAI.refusal_stream(answer)
    }

    fn blocked_choice(
        &self,
        json: &Json<'_>,
        choice: NodeId,
        message: Option<&str>,
    ) -> Vec<(std::ops::Range<usize>, String)> {
        OPENAI.blocked_choice(json, choice, message)
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        OPENAI.ending(view, ending)
    }

    fn failure(&self, message: &str, _frames: Frames) -> String {
        format!("data: {}\n\ndata: [DONE]\n\n", super::openai_error(message, "server_error", "upstream_error"))
    }
}

/// How a server words what its model does not say.
pub(super) struct Dialect {
    /// Where a message stands in which the model declines.
    pub(super) says: &'static str,
    /// Why an answer ends that a filter cuts.
    pub(super) filtered: &'static str,
}

const OPENAI: Dialect = Dialect { says: "refusal", filtered: "content_filter" };

impl Dialect {
    fn refusal(&self, message: Option<&str>) -> serde_json::Value {
        let mut refusal = json!({ "role": "assistant", "content": null });
        if let Some(refusal) = refusal.as_object_mut() {
            refusal.insert(self.says.to_owned(), message.into());
        }
        refusal
    }

    pub(super) fn refusal_body(&self, answer: &Answer<'_>) -> String {
        let choice = json!({
            "index": 0,
            "message": self.refusal(Some(answer.message)),
            "logprobs": null,
            "finish_reason": "stop",
        });
        json!({
            "id": format!("chatcmpl-{}", answer.id),
            "object": "chat.completion",
            "created": answer.created,
            "model": answer.model,
            "choices": [choice],
            "usage": { "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 },
        })
        .to_string()
    }

    pub(super) fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        let head =
            Head { id: format!("chatcmpl-{}", answer.id), created: answer.created, model: answer.model.to_owned() };
        let mut out = String::new();
        chunk(&mut out, &head, 0, &json!({ "role": "assistant", "content": "" }), None);
        chunk(&mut out, &head, 0, &json!({ (self.says): answer.message }), None);
        chunk(&mut out, &head, 0, &json!({}), Some("stop"));
        if answer.usage {
            usage(&mut out, &head);
        }
        out.push_str("data: [DONE]\n\n");
        out
    }

    pub(super) fn blocked_choice(
        &self,
        json: &Json<'_>,
        choice: NodeId,
        message: Option<&str>,
    ) -> Vec<(std::ops::Range<usize>, String)> {
        let mut edits = Vec::new();
        for (key, value) in json.members(choice) {
            match super::json::fold_key(&json.string(key)).as_bytes() {
                b"message" => {
                    edits.push((json.whole(value), self.refusal(message).to_string()));
                }
                b"finishreason" => {
                    let reason = if message.is_some() { "stop" } else { self.filtered };
                    edits.push((json.whole(value), format!("\"{reason}\"")));
                }
                b"index" => {}
                b"contentfilterresults" => edits.push((json.whole(value), "{}".to_owned())),
                // Wherever else text stands, nothing of the answer may stay.
                _ => edits.push((json.whole(value), "null".to_owned())),
            }
        }
        edits
    }

    pub(super) fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        let id = view.id.clone().unwrap_or_else(|| format!("chatcmpl-{}", ending.id));
        let head =
            Head { id, created: view.created.unwrap_or(ending.created), model: view.model.clone().unwrap_or_default() };
        let mut out = String::new();
        for &(index, started) in ending.choices {
            if !started {
                chunk(&mut out, &head, index, &json!({ "role": "assistant", "content": "" }), None);
            }
            match ending.refusal {
                Some(message) => {
                    chunk(&mut out, &head, index, &json!({ (self.says): message }), None);
                    chunk(&mut out, &head, index, &json!({}), Some("stop"));
                }
                None => chunk(&mut out, &head, index, &json!({}), Some(self.filtered)),
            }
        }
        if ending.last {
            if ending.usage {
                usage(&mut out, &head);
            }
            out.push_str("data: [DONE]\n\n");
        }
        out
    }
}

struct Head {
    id: String,
    created: u64,
    model: String,
}

fn chunk(out: &mut String, head: &Head, index: u64, delta: &serde_json::Value, finish: Option<&str>) {
    let choice = json!({ "index": index, "delta": delta, "logprobs": null, "finish_reason": finish });
    event(out, head, &json!([choice]), None);
}

/// Zeros: what was really used is the provider's to say, and it was cut off before it could.
fn usage(out: &mut String, head: &Head) {
    let zeros = json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 });
    event(out, head, &json!([]), Some(zeros));
}

fn event(out: &mut String, head: &Head, choices: &serde_json::Value, usage: Option<serde_json::Value>) {
    let mut body = json!({
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "choices": choices,
    });
    if let (Some(usage), Some(body)) = (usage, body.as_object_mut()) {
        body.insert("usage".to_owned(), usage);
    }
    out.push_str("data: ");
    out.push_str(&body.to_string());
    out.push_str("\n\n");
}

/// Whose words a message of the client holds; an unknown or missing role is the user's.
fn role_kind(role: &str) -> Kind {
    match role {
        "system" | "developer" => Kind::System,
        "assistant" => Kind::Assistant,
        "tool" | "function" => Kind::ToolResult,
        _ => Kind::User,
    }
}

pub(super) static REQUEST: Shape = Shape::Object(&[
    ("messages", Shape::Each(Index::Position, &Shape::Message(role_kind, &MESSAGE))),
    ("model", Shape::Harmless),
    ("stream", Shape::Harmless),
    ("streamoptions", Shape::Object(&[("includeusage", Shape::Harmless), ("includeobfuscation", Shape::Harmless)])),
    ("temperature", Shape::Harmless),
    ("topp", Shape::Harmless),
    ("topk", Shape::Harmless),
    ("minp", Shape::Harmless),
    ("n", Shape::Harmless),
    ("seed", Shape::Harmless),
    ("maxtokens", Shape::Harmless),
    ("maxcompletiontokens", Shape::Harmless),
    ("presencepenalty", Shape::Harmless),
    ("frequencypenalty", Shape::Harmless),
    ("repetitionpenalty", Shape::Harmless),
    ("logprobs", Shape::Harmless),
    ("toplogprobs", Shape::Harmless),
    ("paralleltoolcalls", Shape::Harmless),
    ("store", Shape::Harmless),
    ("servicetier", Shape::Harmless),
    ("reasoningeffort", Shape::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    ("verbosity", Shape::OneOf(&["low", "medium", "high"])),
    ("modalities", Shape::Harmless),
    ("audio", Shape::Harmless),
    ("tools", Shape::Each(Index::Position, &TOOL)),
    ("functions", Shape::Each(Index::Position, &FUNCTION)),
    ("toolchoice", Shape::Within(Kind::ToolDefinition, &TOOL)),
    ("functioncall", Shape::Within(Kind::ToolDefinition, &FUNCTION_FIELDS)),
    ("responseformat", Shape::Object(&[("type", Shape::Harmless), ("jsonschema", FUNCTION)])),
    ("prediction", Shape::Within(Kind::Assistant, &Shape::Object(&[("type", Shape::Harmless), ("content", CONTENT)]))),
    ("stop", Shape::Text(Kind::User)),
    ("logitbias", Shape::Within(Kind::Metadata, &Shape::Harmless)),
    ("websearchoptions", Shape::Text(Kind::User)),
    ("metadata", Shape::Deep(Kind::Metadata)),
    ("user", Shape::Text(Kind::Metadata)),
    ("safetyidentifier", Shape::Text(Kind::Metadata)),
    ("promptcachekey", Shape::Text(Kind::Metadata)),
    ("promptcacheretention", Shape::Harmless),
    ("moderation", Shape::Within(Kind::Metadata, &Shape::Harmless)),
    ("chattemplate", Shape::Text(Kind::System)),
    ("chattemplatekwargs", Shape::Deep(Kind::System)),
    ("documents", Shape::Deep(Kind::Document)),
    // Azure's.
    ("datasources", Shape::Each(Index::Position, &DATA_SOURCE)),
    ("usersecuritycontext", Shape::Deep(Kind::Metadata)),
]);

/// Where the provider looks up what it adds to the prompt, with the keys to it.
static DATA_SOURCE: Shape = Shape::Within(
    Kind::System,
    &Shape::Object(&[
        ("type", Shape::Id),
        (
            "parameters",
            Shape::Object(&[
                ("key", Shape::Opaque),
                ("authentication", CREDENTIALS),
                ("roleinformation", Shape::Inherit),
                (
                    "embeddingdependency",
                    Shape::Object(&[("type", Shape::Id), ("key", Shape::Opaque), ("authentication", CREDENTIALS)]),
                ),
            ]),
        ),
    ]),
);

const CREDENTIALS: Shape = Shape::Map(&Shape::Opaque);

static MESSAGE: Shape = Shape::Object(&[
    ("role", Shape::OneOf(&["system", "developer", "user", "assistant", "tool", "function"])),
    ("content", CONTENT),
    ("name", Shape::Text(Kind::User)),
    ("refusal", Shape::Inherit),
    ("toolcalls", Shape::Each(Index::Member, &TOOL_CALL)),
    ("functioncall", CALLED_FUNCTION),
    ("toolcallid", Shape::Id),
    ("audio", AUDIO),
    ("images", Shape::Media(crate::segment::Media::Image)),
    ("annotations", Shape::Inherit),
    // What Azure looked up.
    ("context", Shape::Deep(Kind::ToolResult)),
    ("reasoningcontent", Shape::Text(Kind::Reasoning)),
    ("reasoning", Shape::Text(Kind::Reasoning)),
    ("reasoningdetails", Shape::Each(Index::Member, &REASONING)),
    ("prefix", Shape::Harmless),
]);

const CONTENT: Shape = Shape::Content(&PART);

/// The last ones are Mistral's.
const PART_TYPE: Shape = Shape::Type(&[
    "text",
    "image_url",
    "input_audio",
    "file",
    "refusal",
    "thinking",
    "document_url",
    "reference",
    "resource",
    "resource_link",
]);

static PART: Shape = Shape::Object(&[
    ("type", PART_TYPE),
    ("text", Shape::Same(&Shape::Inherit)),
    ("refusal", Shape::Same(&Shape::Inherit)),
    ("imageurl", Shape::Media(crate::segment::Media::Image)),
    (
        "inputaudio",
        Shape::Chosen(|json, node| if json.kind(node) == NodeKind::String { &AUDIO_DATA } else { &INPUT_AUDIO }),
    ),
    (
        "file",
        Shape::Object(&[
            ("filename", Shape::Inherit),
            ("filedata", Shape::Media(crate::segment::Media::File)),
            ("fileid", Shape::Media(crate::segment::Media::File)),
        ]),
    ),
    ("fileid", Shape::Media(crate::segment::Media::File)),
    ("documenturl", Shape::Media(crate::segment::Media::File)),
    ("referenceids", Shape::Each(Index::Position, &Shape::Id)),
    ("resource", Shape::Object(&[("blob", Shape::Media(crate::segment::Media::File)), ("mimetype", Shape::Harmless)])),
    ("thinking", Shape::Within(Kind::Reasoning, &THINKING)),
    ("closed", Shape::Harmless),
    ("cachecontrol", Shape::Object(&[("type", Shape::OneOf(&["ephemeral"])), ("ttl", Shape::OneOf(&["5m", "1h"]))])),
]);

const AUDIO_DATA: Shape = Shape::Media(crate::segment::Media::Audio);
static INPUT_AUDIO: Shape = Shape::Object(&[("data", AUDIO_DATA), ("format", Shape::Harmless)]);

static THINKING: Shape =
    Shape::Content(&Shape::Object(&[("type", Shape::OneOf(&["text"])), ("text", Shape::Same(&Shape::Inherit))]));

const AUDIO: Shape = Shape::Object(&[
    ("id", Shape::Media(crate::segment::Media::Audio)),
    ("data", Shape::Media(crate::segment::Media::Audio)),
    ("transcript", Shape::Inherit),
    ("expiresat", Shape::Harmless),
]);

static REASONING: Shape = Shape::Within(
    Kind::Reasoning,
    &Shape::Object(&[
        ("type", Shape::Harmless),
        ("id", Shape::Harmless),
        ("format", Shape::Harmless),
        ("index", Shape::Harmless),
        ("text", Shape::Inherit),
        ("summary", Shape::Inherit),
        ("data", Shape::Media(crate::segment::Media::EncryptedReasoning)),
        ("signature", Shape::Media(crate::segment::Media::EncryptedReasoning)),
    ]),
);

pub(super) static TOOL: Shape = Shape::Within(
    Kind::ToolDefinition,
    &Shape::Object(&[
        ("type", TOOL_TYPE),
        ("function", FUNCTION),
        (
            "custom",
            Shape::Object(&[
                ("name", Shape::Inherit),
                ("description", Shape::Inherit),
                ("format", Shape::Deep(Kind::ToolDefinition)),
            ]),
        ),
    ]),
);

const TOOL_TYPE: Shape = Shape::Type(&["function", "custom"]);

/// A function on offer, or the schema that an answer must have.
const FUNCTION: Shape = Shape::Within(Kind::ToolDefinition, &FUNCTION_FIELDS);

static FUNCTION_FIELDS: Shape = Shape::Object(&[
    ("name", Shape::Inherit),
    ("description", Shape::Inherit),
    ("parameters", Shape::Deep(Kind::ToolDefinition)),
    ("schema", Shape::Deep(Kind::ToolDefinition)),
    ("strict", Shape::Harmless),
]);

static TOOL_CALL: Shape = Shape::Within(
    Kind::ToolCall,
    &Shape::Object(&[
        ("id", Shape::Id),
        ("index", Shape::Harmless),
        ("type", TOOL_TYPE),
        ("function", CALLED_FUNCTION),
        ("custom", Shape::Call(&Shape::Object(&[("name", Shape::Inherit), ("input", Shape::Inherit)]))),
    ]),
);

const CALLED_FUNCTION: Shape = Shape::Within(Kind::ToolCall, &Shape::Call(&CALLED_FUNCTION_FIELDS));

static CALLED_FUNCTION_FIELDS: Shape = Shape::Object(&[("name", Shape::Inherit), ("arguments", Shape::Arguments)]);

pub(super) static RESPONSE: Shape = Shape::Object(&[
    ("id", Shape::Harmless),
    ("object", Shape::Harmless),
    ("created", Shape::Harmless),
    ("model", Shape::Harmless),
    ("provider", Shape::Harmless),
    ("systemfingerprint", Shape::Harmless),
    ("servicetier", Shape::Harmless),
    ("choices", Shape::Each(Index::Choice, &CHOICE)),
    ("usage", Shape::Harmless),
    ("xgroq", Shape::Harmless),
    ("promptfilterresults", Shape::Harmless),
    ("moderation", Shape::Harmless),
    ("obfuscation", Shape::Harmless),
    // The same of Mistral.
    ("p", Shape::Harmless),
    ("citations", Shape::Text(Kind::Completion)),
    ("searchresults", Shape::Text(Kind::Completion)),
    ("userid", Shape::Harmless),
    ("error", ERROR),
]);

pub(super) const ERROR: Shape = Shape::Object(&[
    ("message", Shape::Text(Kind::Completion)),
    ("type", Shape::Harmless),
    ("param", Shape::Harmless),
    ("code", Shape::Harmless),
    ("innererror", Shape::Harmless),
    ("failedgeneration", Shape::Text(Kind::Completion)),
    ("metadata", Shape::Text(Kind::Completion)),
]);

static CHOICE: Shape = Shape::Object(&[
    ("index", Shape::Harmless),
    ("message", Shape::Prompt(Kind::Completion, &MESSAGE)),
    ("delta", Shape::Within(Kind::Completion, &MESSAGE)),
    ("text", Shape::Text(Kind::Completion)),
    ("finishreason", Shape::Harmless),
    ("nativefinishreason", Shape::Harmless),
    ("stopreason", Shape::Harmless),
    ("contentfilterresults", Shape::Harmless),
    ("contentfilteroffsets", Shape::Harmless),
    ("logprobs", Shape::Echo),
]);
