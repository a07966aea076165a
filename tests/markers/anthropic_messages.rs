//! Where identifiers may go unseen in Anthropic Messages.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["anthropic-messages", "anthropic-count-tokens"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/output_config/#*", PARAMETER),
    request("/thinking/#*", PARAMETER),
    request("/messages/*/content/*/citations/#*", PARAMETER),
    request("/model", "chooses the model and is not put before it"),
    request("/output_config/effort", "sets how much the model thinks; an unknown word is refused"),
    request("/thinking/type", "sets whether the model thinks; an unknown word is refused"),
    request("/tools/*/type", OPAQUE),
    request("/tools/*/model", OPAQUE),
    request("/container", MEDIA),
    request("/messages/*/content/*/content/*/source/*", MEDIA),
    request("/messages/*/content/*/file_id", MEDIA),
    request("/messages/*/content/*/id", OPAQUE),
    request("/messages/*/content/*/tool_use_id", OPAQUE),
    request("/messages/*/content/*/signature", SIGNED),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/id", SERVER),
    response("/role", SERVER),
    response("/model", SERVER),
    response("/request_id", SERVER),
    response("/stop_reason", SERVER),
    response("/usage/**", SERVER),
    response("/container/*", SERVER),
    response("/error/type", SERVER),
    response("/message/id", SERVER),
    response("/message/type", SERVER),
    response("/message/role", SERVER),
    response("/message/model", SERVER),
    response("/message/usage/**", SERVER),
    response("/delta/type", SERVER),
    response("/delta/stop_reason", SERVER),
    response("/delta/stop_details/*", SERVER),
    response("/content/*/id", OPAQUE),
    response("/content/*/tool_use_id", OPAQUE),
    response("/content/*/caller/type", OPAQUE),
    response("/content/*/signature", SIGNED),
    response("/content/*/content/encrypted_content", MEDIA),
    response("/content_block/id", OPAQUE),
    response("/content_block/tool_use_id", OPAQUE),
    response("/content_block/caller/type", OPAQUE),
    response("/content_block/signature", SIGNED),
    response("/content_block/data", MEDIA),
    response("/content_block/content/*/encrypted_content", MEDIA),
    response("/delta/signature", SIGNED),
    response("/delta/citation/encrypted_index", SIGNED),
    response("/delta/encrypted_content", MEDIA),
];
