//! Ollama's own API: chat, generation and embeddings. Answers are streams of JSON lines unless a request says otherwise.
//!
//! Source: the project's API reference and its Python and JavaScript clients (November 2026). Those stumble over blank
//! lines and comments, so none are made here.

use serde_json::{Value, json};

use super::coverage::{Cell, no_text};
use super::framing::Frames;
use super::json::{Json, NodeKind};
use super::openai_chat;
use super::walk::{self, Index, Shape};
use super::{Answer, Asked, Ending, Mark, Problem, Protocol, StreamView};
use crate::segment::{Kind, Media};

/// The adapter.
pub(super) struct Ollama(pub(super) Call);

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// The next message of a talk.
    Chat,
    /// What comes after a prompt.
    Generate,
    /// Numbers for texts.
    Embed,
}

impl Protocol for Ollama {
    fn name(&self) -> &'static str {
        match self.0 {
            Call::Chat => "ollama-chat",
            Call::Generate => "ollama-generate",
            Call::Embed => "ollama-embed",
        }
    }

    fn recognises(&self, path: &str) -> bool {
        match self.0 {
            Call::Chat => path.ends_with("/api/chat"),
            Call::Generate => path.ends_with("/api/generate"),
            Call::Embed => path.ends_with("/api/embed") || path.ends_with("/api/embeddings"),
        }
    }

    fn lacks(&self) -> &'static [(Cell, &'static str)] {
        match self.0 {
            Call::Chat => &[],
            Call::Generate => GENERATE_LACKS,
            Call::Embed => EMBED_LACKS,
        }
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (&REQUEST, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&RESPONSE, Kind::Completion)
    }

    fn asked(&self, json: &Json<'_>, _target: &http::Uri) -> Asked {
        let whole =
            self.0 == Call::Embed || json.get(0, "stream").is_some_and(|node| json.kind(node) == NodeKind::False);
        Asked { stream: (!whole).then_some(Frames::Ndjson), choices: 1, ..Asked::in_openai_style(json) }
    }

    fn frames(&self, content_type: &[u8], _asked: &Asked) -> Option<Frames> {
        Frames::of(content_type)
    }

    fn mark(&self, event: &Json<'_>) -> Mark {
        let is_done = event.get(0, "done").is_some_and(|done| event.kind(done) == NodeKind::True);
        if is_done { Mark::Over } else { Mark::None }
    }

    fn joined_pointer(&self, event: &Json<'_>, node: usize) -> String {
        walk::pointer(event, node, false)
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        json!({ "error": problem.message }).to_string()
    }

    fn can_refuse(&self) -> bool {
        self.0 != Call::Embed
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        self.line(answer.model, answer.created, answer.message, Some("stop")).to_string()
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        let said = self.line(answer.model, answer.created, answer.message, None);
        let over = self.line(answer.model, answer.created, "", Some("stop"));
        answer.frames.event(&said.to_string()) + &answer.frames.event(&over.to_string())
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        if view.over {
            return String::new();
        }
        let model = view.model.as_deref().unwrap_or_default();
        let line = |text, done| ending.frames.event(&self.line(model, ending.created, text, done).to_string());
        match ending.refusal {
            Some(message) => line(message, None) + &line("", Some("stop")),
            // No word of the API's own: clients take any.
            None => line("", Some("content_filter")),
        }
    }

    fn failure(&self, message: &str, frames: Frames) -> String {
        frames.event(&json!({ "error": message }).to_string())
    }
}

impl Ollama {
    /// One line of an answer, or all of one; `done`: why it is the last.
    fn line(&self, model: &str, created: u64, text: &str, done: Option<&str>) -> Value {
        let created = i64::try_from(created).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        let mut line = json!({ "model": model, "created_at": created.unwrap_or_default().to_string() });
        if self.0 == Call::Chat {
            line["message"] = json!({ "role": "assistant", "content": text });
        } else {
            line["response"] = text.into();
        }
        line["done"] = done.is_some().into();
        if let Some(reason) = done {
            line["done_reason"] = reason.into();
            // What was really used is the server's to say, and it was cut off before it could.
            for count in COUNTS {
                line[*count] = 0.into();
            }
        }
        line
    }
}

const GENERATE_LACKS: &[(Cell, &str)] = &[(Cell::Tools, "only chat has tools")];
const EMBED_LACKS: &[(Cell, &str)] = &no_text("the answer is vectors");

const COUNTS: &[&str] =
    &["total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"];

/// Whose words a message of the client holds; an unknown or missing role is the user's.
fn role_kind(role: &str) -> Kind {
    match role {
        "system" => Kind::System,
        "assistant" => Kind::Assistant,
        "tool" => Kind::ToolResult,
        _ => Kind::User,
    }
}

static REQUEST: Shape = Shape::Object(&[
    ("model", Shape::Harmless),
    ("messages", Shape::Each(Index::Position, &Shape::Message(role_kind, &MESSAGE))),
    ("prompt", Shape::Prompt(Kind::User, &TEXT)),
    ("suffix", Shape::Text(Kind::User)),
    ("input", Shape::Text(Kind::User)),
    ("system", Shape::Prompt(Kind::System, &TEXT)),
    // Says how everything else is put before the model.
    ("template", Shape::Text(Kind::System)),
    // Earlier talk, as numbers of tokens.
    ("context", Shape::Media(Media::ServerState)),
    ("images", IMAGES),
    ("tools", Shape::Each(Index::Position, &openai_chat::TOOL)),
    ("format", Shape::Within(Kind::ToolDefinition, &Shape::OneOf(&["json", ""]))),
    ("options", Shape::Object(&[("stop", Shape::Text(Kind::User))])),
    ("think", Shape::OneOf(&["low", "medium", "high", "max"])),
    ("stream", Shape::Harmless),
    ("raw", Shape::Harmless),
    ("keepalive", Shape::Harmless),
    ("truncate", Shape::Harmless),
    ("shift", Shape::Harmless),
    ("dimensions", Shape::Harmless),
    ("logprobs", Shape::Harmless),
    ("toplogprobs", Shape::Harmless),
]);

static TEXT: Shape = Shape::Part(&Shape::Inherit);

const IMAGES: Shape = Shape::Each(Index::Position, &Shape::Media(Media::Image));

static MESSAGE: Shape = Shape::Object(&[
    ("role", Shape::OneOf(&["system", "user", "assistant", "tool"])),
    ("content", Shape::Part(&Shape::Inherit)),
    ("thinking", Shape::Text(Kind::Reasoning)),
    ("images", IMAGES),
    // Each line of a stream brings calls of its own, all of them whole.
    ("toolcalls", Shape::Each(Index::Position, &Shape::Whole(&TOOL_CALL))),
    ("toolname", Shape::Inherit),
    ("toolcallid", Shape::Id),
]);

static TOOL_CALL: Shape = Shape::Within(
    Kind::ToolCall,
    &Shape::Object(&[
        ("id", Shape::Id),
        ("type", Shape::Type(&["function"])),
        ("function", Shape::Call(&CALLED_FUNCTION)),
    ]),
);

static CALLED_FUNCTION: Shape = Shape::Object(&[
    ("index", Shape::Harmless),
    ("name", Shape::Inherit),
    ("description", Shape::Inherit),
    ("arguments", Shape::Arguments),
]);

/// A whole answer, or a line of one.
static RESPONSE: Shape = Shape::Object(&[
    ("model", Shape::Harmless),
    ("createdat", Shape::Harmless),
    ("remotemodel", Shape::Harmless),
    ("remotehost", Shape::Harmless),
    ("message", Shape::Prompt(Kind::Completion, &MESSAGE)),
    ("response", Shape::Prompt(Kind::Completion, &TEXT)),
    ("thinking", Shape::Text(Kind::Reasoning)),
    ("image", Shape::Media(Media::Image)),
    // The whole talk again, as numbers of tokens.
    ("context", Shape::Cites(&Shape::Harmless)),
    ("logprobs", Shape::Echo),
    ("done", Shape::Harmless),
    ("donereason", Shape::Harmless),
    ("embedding", Shape::Harmless),
    ("embeddings", Shape::Harmless),
    ("error", Shape::Text(Kind::Completion)),
]);

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn answers_are_streams_unless_a_request_says_no() {
        let stream = |call, body: &str| {
            let json = Json::parse(body.as_bytes()).unwrap();
            Ollama(call).asked(&json, &http::Uri::from_static("/api/chat")).stream
        };
        assert_eq!(stream(Call::Chat, r#"{"model":"m"}"#), Some(Frames::Ndjson));
        assert_eq!(stream(Call::Generate, r#"{"stream":null}"#), Some(Frames::Ndjson));
        assert_eq!(stream(Call::Chat, r#"{"stream":false}"#), None);
        assert_eq!(stream(Call::Embed, r#"{"model":"m"}"#), None);
    }
}
