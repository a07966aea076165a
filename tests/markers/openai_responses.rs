//! Where identifiers may go unseen in Responses.

use super::*;

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "request", place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { protocols: PROTOCOLS, way: "response", place, why }
}

const PROTOCOLS: &[&str] = &["openai-responses"];

pub(super) const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/reasoning/#*", PARAMETER),
    request("/text/#*", PARAMETER),
    request("/model", "chooses the model and is not put before it"),
    request("/include/*", "names fields of the answer; an unknown one is refused"),
    request("/reasoning/context", "sets how much the model thinks; an unknown word is refused"),
    request("/conversation", MEDIA),
    request("/previous_response_id", MEDIA),
    request("/input/*/id", OPAQUE),
    request("/input/*/call_id", OPAQUE),
    request("/input/*/tools/*/type", OPAQUE),
    request("/tools/*/type", OPAQUE),
    request("/input/*/encrypted_content", MEDIA),
    request("/input/*/content/*/file_data", MEDIA),
    request("/input/*/content/*/file_url", MEDIA),
    request("/input/*/content/*/image_url", MEDIA),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/id", SERVER),
    response("/object", SERVER),
    response("/model", SERVER),
    response("/status", SERVER),
    response("/truncation", SERVER),
    response("/service_tier", SERVER),
    response("/previous_response_id", SERVER),
    response("/prompt_cache_retention", SERVER),
    response("/conversation/id", SERVER),
    response("/billing/payer", SERVER),
    response("/content_filters/**", SERVER),
    response("/error/code", SERVER),
    response("/error/param", SERVER),
    response("/error/type", SERVER),
    response("/reasoning/context", SERVER),
    response("/reasoning/mode", SERVER),
    response("/item_id", SERVER),
    response("/response/id", SERVER),
    response("/response/object", SERVER),
    response("/response/model", SERVER),
    response("/response/status", SERVER),
    response("/response/truncation", SERVER),
    response("/response/service_tier", SERVER),
    response("/response/prompt_cache_retention", SERVER),
    response("/response/content_filters/**", SERVER),
    response("/response/error/code", SERVER),
    response("/response/incomplete_details/reason", SERVER),
    response("/response/reasoning/context", SERVER),
    response("/response/reasoning/mode", SERVER),
    response("/obfuscation", "random padding against guessing by length"),
    response("/output/*/id", OPAQUE),
    response("/output/*/call_id", OPAQUE),
    response("/output/*/content/*/annotations/*/file_id", OPAQUE),
    response("/response/output/*/id", OPAQUE),
    response("/response/output/*/call_id", OPAQUE),
    response("/item/id", OPAQUE),
    response("/item/call_id", OPAQUE),
    response("/tools/*/type", OPAQUE),
    response("/tools/*/tools/*/type", OPAQUE),
    response("/response/tools/*/type", OPAQUE),
    response("/response/output/*/tools/*/type", OPAQUE),
    response("/item/tools/*/type", OPAQUE),
    response("/output/*/encrypted_content", MEDIA),
    response("/response/output/*/encrypted_content", MEDIA),
    response("/item/encrypted_content", MEDIA),
    response("/tools/*/vector_store_ids/*", MEDIA),
    response("/logprobs/**", ECHO),
    response("/part/logprobs/**", ECHO),
    response("/item/content/*/logprobs/**", ECHO),
    response("/response/output/*/content/*/logprobs/**", ECHO),
];
