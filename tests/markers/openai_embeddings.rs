//! Where identifiers may go unseen in Embeddings.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["openai-embeddings"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/model", "chooses the model and is not put before it"),
    request("/encoding_format", "sets how the numbers of the answer are written"),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/object", SERVER),
    response("/model", SERVER),
    response("/data/*/object", SERVER),
    response("/error/code", SERVER),
    response("/error/type", SERVER),
    response("/data/*/embedding", "numbers, in base64"),
];
