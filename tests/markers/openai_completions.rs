//! Where identifiers may go unseen in legacy Completions.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["openai-completions"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/stream_options/#*", PARAMETER),
    request("/model", "chooses the model and is not put before it"),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/id", SERVER),
    response("/object", SERVER),
    response("/model", SERVER),
    response("/system_fingerprint", SERVER),
    response("/error/code", SERVER),
    response("/error/type", SERVER),
    response("/choices/*/finish_reason", SERVER),
    response("/choices/*/content_filter_results/*/severity", SERVER),
    response("/prompt_filter_results/**", SERVER),
];
