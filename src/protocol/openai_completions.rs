//! `OpenAI`'s legacy Completions, which many servers of open models speak too.
//!
//! Source: the provider's API reference (November 2026). With `echo` an answer begins with its prompt, which is then read
//! as part of the answer.

use serde_json::{Value, json};

use super::coverage::Cell;
use super::framing::Frames;
use super::json::{Json, NodeId, fold_key};
use super::walk::{Index, Shape};
use super::{Answer, Ending, Problem, Protocol, StreamView};
use crate::segment::{Kind, Media};

/// The adapter.
pub(super) struct OpenAiCompletions;

impl Protocol for OpenAiCompletions {
    fn name(&self) -> &'static str {
        "openai-completions"
    }

    fn recognises(&self, path: &str) -> bool {
        let others = ["/chat/completions", "/fim/completions", "/agents/completions"];
        path.ends_with("/completions") && !others.iter().any(|other| path.ends_with(other))
    }

    fn lacks(&self) -> &'static [(Cell, &'static str)] {
        LACKS
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (&REQUEST, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&RESPONSE, Kind::Completion)
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        super::openai_problem(problem)
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        let view = StreamView { model: Some(answer.model.to_owned()), ..StreamView::default() };
        let mut body = chunk(&view, answer.id, answer.created, 0, answer.message, Some("content_filter"));
        body["usage"] = zeros();
        body.to_string()
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        let view = StreamView { model: Some(answer.model.to_owned()), ..StreamView::default() };
        let ending = Ending {
            message: answer.message,
            id: answer.id,
            created: answer.created,
            choices: &[(0, false)],
            refusal: Some(answer.message),
            usage: answer.usage,
            last: true,
            frames: answer.frames,
        };
        self.ending(&view, &ending)
    }

    fn blocked_choice(
        &self,
        json: &Json<'_>,
        choice: NodeId,
        message: Option<&str>,
    ) -> Vec<(std::ops::Range<usize>, String)> {
        let new = |name: &[u8]| match name {
            b"index" => None,
            b"text" => Some(json!(message.unwrap_or_default()).to_string()),
            b"finishreason" => Some("\"content_filter\"".to_owned()),
            b"contentfilterresults" => Some("{}".to_owned()),
            // Wherever else text stands, nothing of the answer may stay.
            _ => Some("null".to_owned()),
        };
        let members = json.members(choice);
        members
            .filter_map(|(key, value)| Some((json.whole(value), new(fold_key(&json.string(key)).as_bytes())?)))
            .collect()
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        let mut out = String::new();
        let mut event = |data: &Value| out += &format!("data: {data}\n\n");
        let made =
            |index: u64, text: &str, finish: Option<&str>| chunk(view, ending.id, ending.created, index, text, finish);
        for &(index, _) in ending.choices {
            if let Some(message) = ending.refusal {
                event(&made(index, message, None));
            }
            event(&made(index, "", Some("content_filter")));
        }
        if ending.last {
            if ending.usage {
                let mut usage = made(0, "", None);
                usage["choices"] = json!([]);
                usage["usage"] = zeros();
                event(&usage);
            }
            out += "data: [DONE]\n\n";
        }
        out
    }

    fn failure(&self, message: &str, _frames: Frames) -> String {
        format!("data: {}\n\ndata: [DONE]\n\n", super::openai_error(message, "server_error", "upstream_error"))
    }
}

const LACKS: &[(Cell, &str)] =
    &[(Cell::Tools, "it came before tools"), (Cell::Reasoning, "reasoning is not told from the text")];

fn chunk(view: &StreamView, id: &str, created: u64, index: u64, text: &str, finish: Option<&str>) -> Value {
    json!({
        "id": view.id.clone().unwrap_or_else(|| format!("cmpl-{id}")),
        "object": "text_completion",
        "created": view.created.unwrap_or(created),
        "model": view.model.as_deref().unwrap_or_default(),
        "choices": [{ "text": text, "index": index, "logprobs": null, "finish_reason": finish }],
    })
}

/// Zeros: what was really used is the provider's to say, and it was cut off before it could.
fn zeros() -> Value {
    json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 })
}

/// A text, several of them, or their tokens.
pub(super) const TEXTS: Shape = Shape::Prompt(Kind::User, &Shape::Tokens(&Shape::Content(&Shape::Inherit)));

static REQUEST: Shape = Shape::Object(&[
    ("prompt", TEXTS),
    ("suffix", Shape::Prompt(Kind::User, &Shape::Inherit)),
    ("promptembeds", Shape::Media(Media::File)),
    ("model", Shape::Harmless),
    ("stream", Shape::Harmless),
    ("streamoptions", Shape::Object(&[("includeusage", Shape::Harmless), ("includeobfuscation", Shape::Harmless)])),
    ("temperature", Shape::Harmless),
    ("topp", Shape::Harmless),
    ("n", Shape::Harmless),
    ("bestof", Shape::Harmless),
    ("echo", Shape::Harmless),
    ("seed", Shape::Harmless),
    ("maxtokens", Shape::Harmless),
    ("presencepenalty", Shape::Harmless),
    ("frequencypenalty", Shape::Harmless),
    ("logprobs", Shape::Harmless),
    ("logitbias", Shape::Within(Kind::Metadata, &Shape::Harmless)),
    ("stop", Shape::Text(Kind::User)),
    ("user", Shape::Text(Kind::Metadata)),
]);

static RESPONSE: Shape = Shape::Object(&[
    ("id", Shape::Harmless),
    ("object", Shape::Harmless),
    ("created", Shape::Harmless),
    ("model", Shape::Harmless),
    ("systemfingerprint", Shape::Harmless),
    ("choices", Shape::Each(Index::Choice, &CHOICE)),
    ("usage", Shape::Harmless),
    ("obfuscation", Shape::Harmless),
    ("promptfilterresults", Shape::Harmless),
    ("error", super::openai_chat::ERROR),
]);

static CHOICE: Shape = Shape::Object(&[
    ("index", Shape::Harmless),
    ("text", Shape::Part(&Shape::Inherit)),
    ("finishreason", Shape::Harmless),
    ("stopreason", Shape::Harmless),
    ("logprobs", Shape::Echo),
    ("contentfilterresults", Shape::Harmless),
    ("contentfilteroffsets", Shape::Harmless),
]);
