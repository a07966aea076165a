//! Where identifiers may go unseen in Gemini and Vertex AI.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["gemini", "vertex-predict"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
];
