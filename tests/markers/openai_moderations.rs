//! Where identifiers may go unseen in Moderations.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["openai-moderations"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/model", "chooses the model and is not put before it"),
    request("/input/*/image_url/url", MEDIA),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/id", SERVER),
    response("/model", SERVER),
    response("/results/**", SERVER),
];
