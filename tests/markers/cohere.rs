//! Where identifiers may go unseen in Cohere's chat.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["cohere-chat"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/documents/*/#*", PARAMETER),
    request("/model", "chooses the model and is not put before it"),
    request("/documents/*/id", OPAQUE),
    request("/messages/*/tool_call_id", OPAQUE),
    request("/messages/*/tool_calls/*/id", OPAQUE),
    request("/messages/*/content/*/document/id", OPAQUE),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/id", SERVER),
    response("/error_type", SERVER),
    response("/finish_reason", SERVER),
    response("/message/role", SERVER),
    response("/message/tool_calls/*/id", OPAQUE),
    response("/message/citations/*/sources/*/id", OPAQUE),
    response("/delta/finish_reason", SERVER),
    response("/delta/message/role", SERVER),
    response("/delta/message/tool_calls/id", OPAQUE),
    response("/delta/message/citations/sources/*/id", OPAQUE),
];
