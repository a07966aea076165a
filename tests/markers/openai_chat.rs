//! Where identifiers may go unseen in Chat Completions.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["openai-chat"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/response_format/#*", PARAMETER),
    request("/stream_options/#*", PARAMETER),
    request("/logit_bias/#*", "the number of a token, for the sampler; the model does not see it"),
    request("/model", "chooses the model and is not put before it"),
    request("/response_format/type", "chooses a grammar for the sampler and is not put before the model"),
    request("/messages/*/tool_call_id", OPAQUE),
    request("/messages/*/tool_calls/*/id", OPAQUE),
    request("/messages/*/content/*/image_url/url", MEDIA),
    request("/messages/*/content/*/image_url", MEDIA),
    request("/messages/*/content/*/document_url", MEDIA),
    request("/messages/*/content/*/file/file_data", MEDIA),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/id", SERVER),
    response("/object", SERVER),
    response("/model", SERVER),
    response("/provider", SERVER),
    response("/service_tier", SERVER),
    response("/system_fingerprint", SERVER),
    response("/usage/service_tier", SERVER),
    response("/user_id", SERVER),
    response("/x_groq/id", SERVER),
    response("/error/code", SERVER),
    response("/error/param", SERVER),
    response("/error/type", SERVER),
    response("/error/innererror/**", SERVER),
    response("/prompt_filter_results/**", SERVER),
    response("/choices/*/content_filter_results/**", SERVER),
    response("/choices/*/finish_reason", SERVER),
    response("/choices/*/native_finish_reason", SERVER),
    response("/obfuscation", "random padding against guessing by length"),
    response("/p", "random padding against guessing by length"),
    response("/choices/*/message/tool_calls/*/id", OPAQUE),
    response("/choices/*/delta/tool_calls/*/id", OPAQUE),
    response("/choices/*/message/audio/id", MEDIA),
    response("/choices/*/message/audio/data", MEDIA),
    response("/choices/*/delta/reasoning_details/*/signature", MEDIA),
    response("/choices/*/delta/reasoning_details/*/format", SERVER),
    response("/choices/*/delta/reasoning_details/*/type", SERVER),
];
