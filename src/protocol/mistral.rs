//! Mistral's own calls beside chat: filling in the middle, and agents. What they share with Chat Completions is read in
//! `openai_chat`, with what Mistral adds to it: the path of its chat is the same, and so nobody can tell whose it is.
//!
//! Source: the provider's API reference and SDK types (November 2026).

use serde_json::json;

use super::coverage::Cell;
use super::framing::Frames;
use super::json::{Json, NodeId};
use super::openai_chat::{self, Dialect};
use super::walk::Shape;
use super::{Answer, Ending, Problem, Protocol, StreamView};
use crate::segment::Kind;

/// The adapter.
pub(super) struct Mistral {
    /// Of agents, who get a talk; else of what stands between a prompt and a suffix.
    pub(super) agents: bool,
}

/// Its clients know no refusals, and `error` is the one of their reasons that fits.
const MISTRAL: Dialect = Dialect { says: "content", filtered: "error" };

impl Protocol for Mistral {
    fn name(&self) -> &'static str {
        if self.agents { "mistral-agents" } else { "mistral-fim" }
    }

    fn recognises(&self, path: &str) -> bool {
        path.ends_with(if self.agents { "/agents/completions" } else { "/fim/completions" })
    }

    fn lacks(&self) -> &'static [(Cell, &'static str)] {
        if self.agents { &[] } else { FIM_LACKS }
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (if self.agents { &openai_chat::REQUEST } else { &FIM }, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&openai_chat::RESPONSE, Kind::Completion)
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        let Problem { message, kind, code, .. } = problem;
        json!({ "object": "error", "message": message, "type": kind, "param": null, "code": code }).to_string()
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        MISTRAL.refusal_body(answer)
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        MISTRAL.refusal_stream(answer)
    }

    fn blocked_choice(
        &self,
        json: &Json<'_>,
        choice: NodeId,
        message: Option<&str>,
    ) -> Vec<(std::ops::Range<usize>, String)> {
        MISTRAL.blocked_choice(json, choice, message)
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        MISTRAL.ending(view, ending)
    }

    fn failure(&self, message: &str, frames: Frames) -> String {
        openai_chat::OpenAiChat.failure(message, frames)
    }
}

const FIM_LACKS: &[(Cell, &str)] =
    &[(Cell::Tools, "only talks have tools"), (Cell::Reasoning, "what fills in does not reason")];

static FIM: Shape = Shape::Object(&[
    ("model", Shape::Harmless),
    ("prompt", Shape::Prompt(Kind::User, &TEXT)),
    ("suffix", Shape::Text(Kind::User)),
    ("stop", Shape::Text(Kind::User)),
    ("metadata", Shape::Deep(Kind::Metadata)),
    ("promptcachekey", Shape::Text(Kind::Metadata)),
    ("stream", Shape::Harmless),
    ("temperature", Shape::Harmless),
    ("topp", Shape::Harmless),
    ("maxtokens", Shape::Harmless),
    ("mintokens", Shape::Harmless),
    ("randomseed", Shape::Harmless),
]);

static TEXT: Shape = Shape::Part(&Shape::Inherit);
