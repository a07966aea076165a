//! Where identifiers may go unseen in Ollama's API.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["ollama-chat", "ollama-generate"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/options/#*", PARAMETER),
    request("/model", "chooses the model and is not put before it"),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/model", SERVER),
    response("/created_at", SERVER),
    response("/done_reason", SERVER),
    response("/message/tool_calls/*/id", OPAQUE),
];
