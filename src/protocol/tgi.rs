//! Hugging Face Text Generation Inference: its own `generate` calls. Its chat and completions are `OpenAI`'s.
//!
//! Source: the project's `OpenAPI` description and the types of `huggingface_hub` (November 2026). The call at `/`, which is
//! told by its body alone, is walked whole like any API that nobody knows.

use serde_json::json;

use super::coverage::Cell;
use super::framing::Frames;
use super::json::{Json, NodeId, NodeKind};
use super::walk::{self, Index, Shape, Way};
use super::{Answer, Asked, Ending, Mark, Problem, Protocol, StreamView};
use crate::segment::{Kind, Media};

/// The adapter.
pub(super) struct Tgi;

impl Protocol for Tgi {
    fn name(&self) -> &'static str {
        "tgi"
    }

    fn recognises(&self, path: &str) -> bool {
        path.ends_with("/generate_stream") || (path.ends_with("/generate") && !path.ends_with("/api/generate"))
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

    fn asked(&self, _json: &Json<'_>, target: &http::Uri) -> Asked {
        let path = target.path().trim_end_matches('/').to_ascii_lowercase();
        Asked { stream: path.ends_with("_stream").then_some(Frames::Sse), ..Asked::default() }
    }

    fn repeats(&self) -> bool {
        true
    }

    fn mark(&self, event: &Json<'_>) -> Mark {
        let is_last = event.get(0, "generatedtext").is_some_and(|text| event.kind(text) != NodeKind::Null);
        if is_last { Mark::Over } else { Mark::None }
    }

    fn joined_pointer(&self, event: &Json<'_>, node: NodeId) -> String {
        let pointer = walk::pointer(event, node, false);
        if pointer == "/token/text" { "/generated_text".to_owned() } else { pointer }
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        error(problem.message, if problem.status < 500 { "validation" } else { "overloaded" })
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        // Clients that asked for details look into them.
        let details = json!({ "finish_reason": END, "generated_tokens": 0, "seed": null, "prefill": [], "tokens": [] });
        json!({ "generated_text": answer.message, "details": details }).to_string()
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        last("", answer.message)
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        match ending.refusal {
            _ if view.over => String::new(),
            Some(message) => {
                let said = view.texts.iter().find(|(pointer, _)| pointer == "/generated_text");
                last(said.map_or("", |(_, text)| text), message)
            }
            // There is no reason for an end that says so: clients raise this.
            None => event(&error("The answer was stopped by a content filter.", "validation")),
        }
    }

    fn failure(&self, message: &str, _frames: Frames) -> String {
        event(&error(message, "generation"))
    }
}

const LACKS: &[(Cell, &str)] =
    &[(Cell::Tools, "only chat has tools"), (Cell::Reasoning, "reasoning is not told from the text")];

fn error(message: &str, kind: &str) -> String {
    json!({ "error": message, "error_type": kind }).to_string()
}

/// As the server itself spells it.
fn event(data: &str) -> String {
    format!("data:{data}\n\n")
}

/// The last event of a model that declines, after what it has said so far: it says all of it again.
fn last(said: &str, message: &str) -> String {
    let token = json!({ "id": 0, "text": message, "logprob": 0.0, "special": false });
    let details = json!({ "finish_reason": END, "generated_tokens": 0, "seed": null, "input_length": 0 });
    let whole = format!("{said}{message}");
    event(&json!({ "index": 0, "token": token, "generated_text": whole, "details": details }).to_string())
}

/// Why a model that declines has ended.
const END: &str = "eos_token";

static REQUEST: Shape = Shape::Object(&[
    ("inputs", Shape::Prompt(Kind::User, &INPUTS)),
    ("parameters", PARAMETERS),
    ("stream", Shape::Harmless),
]);

/// Pictures stand in the text, as Markdown has them; the server fetches those that are named by a URL.
static INPUTS: Shape = Shape::Chosen(|json, node| {
    let has_image = json.kind(node) == NodeKind::String && json.string(node).contains("![](");
    if has_image { &WITH_IMAGES } else { &TEXT }
});

static TEXT: Shape = Shape::Part(&Shape::Inherit);
static WITH_IMAGES: Shape = Shape::Media(Media::Image);

const PARAMETERS: Shape = Shape::Object(&[
    ("stop", Shape::Text(Kind::User)),
    ("grammar", Shape::Deep(Kind::ToolDefinition)),
    ("adapterid", Shape::Harmless),
    ("returnfulltext", Shape::Harmless),
    ("watermark", Shape::Harmless),
    ("details", Shape::Harmless),
]);

/// A whole answer, or an event of one.
static RESPONSE: Shape = Shape::Object(&[
    ("index", Shape::Harmless),
    ("token", Shape::Chosen(token)),
    ("toptokens", Shape::Echo),
    ("generatedtext", Shape::Repeat(&Shape::Stands(ANSWER, &Shape::Part(&Shape::Inherit)))),
    ("details", DETAILS),
    ("error", Shape::Text(Kind::Completion)),
    ("errortype", Shape::Harmless),
]);

/// The pieces of the text and, in the last event, all of it.
const ANSWER: &[Way] = &[Way::Member("generated_text")];

/// The text is made of all tokens but those that are special.
fn token(json: &Json<'_>, node: NodeId) -> &'static Shape {
    let is_special = json.get(node, "special").is_some_and(|special| json.kind(special) == NodeKind::True);
    if is_special { &SPECIAL } else { &TOKEN }
}

static TOKEN: Shape = Shape::Object(&[
    ("id", Shape::Harmless),
    ("text", Shape::Stands(ANSWER, &Shape::Part(&Shape::Inherit))),
    ("logprob", Shape::Harmless),
    ("special", Shape::Harmless),
]);

static SPECIAL: Shape = Shape::Object(&[("id", Shape::Harmless), ("text", Shape::Inherit)]);

const DETAILS: Shape = Shape::Object(&[
    ("finishreason", Shape::Harmless),
    ("prefill", Shape::Echo),
    ("tokens", Shape::Echo),
    ("toptokens", Shape::Echo),
    (
        "bestofsequences",
        Shape::Each(
            Index::Position,
            &Shape::Object(&[
                ("generatedtext", Shape::Inherit),
                ("finishreason", Shape::Harmless),
                ("prefill", Shape::Echo),
                ("tokens", Shape::Echo),
                ("toptokens", Shape::Echo),
            ]),
        ),
    ),
]);

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::protocol::walk::walk;
    use crate::segment::Direction;

    fn unscannable(body: &str) -> (usize, usize) {
        let json = Json::parse(body.as_bytes()).unwrap();
        let walked = walk(&json, &REQUEST, Direction::Request, Kind::User).unwrap();
        (walked.unscannable.len(), walked.texts.len())
    }

    #[test]
    fn pictures_in_the_text_are_told_of_and_the_text_is_read() {
        assert_eq!(unscannable(r#"{"inputs":"hello"}"#), (0, 1));
        assert_eq!(unscannable(r#"{"inputs":"see ![](data:image/png;base64,iVBO) now"}"#), (1, 1));
        assert_eq!(unscannable(r#"{"inputs":"data:![](https://x.example/)no,space"}"#), (1, 1));
    }

    #[test]
    fn the_path_says_whether_it_is_a_stream() {
        let json = Json::parse(b"{}").unwrap();
        let stream = |path| Tgi.asked(&json, &http::Uri::from_static(path)).stream;
        assert_eq!(stream("/generate_stream/"), Some(Frames::Sse));
        assert_eq!(stream("/generate"), None);
    }
}
