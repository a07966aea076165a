//! `OpenAI` Embeddings: text goes in, numbers come out.
//!
//! Source: the provider's API reference (November 2026). A rewrite of the text changes its vector.

use super::coverage::{Cell, no_text};
use super::openai_completions::TEXTS;
use super::walk::{Index, Shape};
use super::{Problem, Protocol};
use crate::segment::Kind;

/// The adapter.
pub(super) struct OpenAiEmbeddings;

impl Protocol for OpenAiEmbeddings {
    fn name(&self) -> &'static str {
        "openai-embeddings"
    }

    fn recognises(&self, path: &str) -> bool {
        path.ends_with("/embeddings") && !path.ends_with("/api/embeddings")
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

    fn can_refuse(&self) -> bool {
        false
    }
}

const LACKS: &[(Cell, &str)] = &no_text("the answer is vectors");

static REQUEST: Shape = Shape::Object(&[
    ("input", TEXTS),
    ("model", Shape::Harmless),
    ("dimensions", Shape::Harmless),
    ("encodingformat", Shape::Harmless),
    ("user", Shape::Text(Kind::Metadata)),
]);

static RESPONSE: Shape = Shape::Object(&[
    ("object", Shape::Harmless),
    ("id", Shape::Harmless),
    ("model", Shape::Harmless),
    ("data", Shape::Each(Index::Position, &EMBEDDING)),
    ("usage", Shape::Harmless),
    ("error", super::openai_chat::ERROR),
]);

/// The vector is a list of numbers, or their bytes in base64.
static EMBEDDING: Shape =
    Shape::Object(&[("object", Shape::Harmless), ("index", Shape::Harmless), ("embedding", Shape::Opaque)]);
