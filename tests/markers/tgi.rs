//! Where text may go unseen in Text Generation Inference.

use super::*;

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["tgi"];

pub(super) const HARMLESS: &[Harmless] = &[
    response("/**/#*", "a key: written by the server's program, not by the model"),
    response("/details/finish_reason", SERVER),
];

/// Not even sentences are seen here.
pub(super) const ECHOES: &[Harmless] =
    &[response("/details/tokens/**", REPEAT), response("/details/prefill/**", REPEAT)];

const REPEAT: &str = "the server's list of the tokens of a text that is read elsewhere; goes when that is rewritten";
