//! `OpenAI` Moderations: text and pictures go in, scores come out.
//!
//! Source: the provider's API reference (November 2026).

use super::coverage::{Cell, no_text};
use super::walk::Shape;
use super::{Problem, Protocol};
use crate::segment::{Kind, Media};

/// The adapter.
pub(super) struct OpenAiModerations;

impl Protocol for OpenAiModerations {
    fn name(&self) -> &'static str {
        "openai-moderations"
    }

    fn recognises(&self, path: &str) -> bool {
        path.ends_with("/moderations")
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

    fn takes_tokens(&self) -> bool {
        false
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        super::openai_problem(problem)
    }

    fn can_refuse(&self) -> bool {
        false
    }
}

const LACKS: &[(Cell, &str)] = &no_text("the answer is scores");

/// A list of texts has a result for each; a list of parts is one text with its pictures.
static REQUEST: Shape =
    Shape::Object(&[("input", Shape::Prompt(Kind::User, &Shape::Content(&PART))), ("model", Shape::Harmless)]);

static PART: Shape = Shape::Object(&[
    ("type", Shape::Type(&["text", "image_url"])),
    ("text", Shape::Inherit),
    ("imageurl", Shape::Media(Media::Image)),
]);

static RESPONSE: Shape = Shape::Object(&[
    ("id", Shape::Harmless),
    ("model", Shape::Harmless),
    ("results", Shape::Harmless),
    ("usage", Shape::Harmless),
    ("error", super::openai_chat::ERROR),
]);
