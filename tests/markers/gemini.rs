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
    request("/generationConfig/#*", PARAMETER),
    request("/generationConfig/thinkingConfig/#*", PARAMETER),
    request("/safetySettings/*/#*", PARAMETER),
    request("/modelArmorConfig/#*", PARAMETER),
    request("/contents/*/parts/*/videoMetadata/#*", PARAMETER),
    request("/contents/*/parts/*/videoMetadata/*", "times; an unknown form is refused"),
    request("/contents/*/parts/*/*/id", OPAQUE),
    request("/contents/*/parts/*/*/tool_type", OPAQUE),
    request("/contents/*/parts/*/inlineData/mimeType", FORMAT),
    request("/contents/*/parts/*/inline_data/mime_type", FORMAT),
    request("/contents/*/parts/*/fileData/mimeType", FORMAT),
    request("/contents/*/parts/*/function_response/parts/*/file_data/mime_type", FORMAT),
    request("/contents/*/parts/*/inlineData/data", MEDIA),
    request("/contents/*/parts/*/inline_data/data", MEDIA),
    request("/contents/*/parts/*/fileData/fileUri", MEDIA),
    request("/contents/*/parts/*/function_response/parts/*/file_data/file_uri", MEDIA),
    request("/contents/*/parts/*/thoughtSignature", SIGNED),
    request("/contents/*/parts/*/thought_signature", SIGNED),
    request("/generationConfig/responseMimeType", FORMAT),
    request("/generationConfig/responseModalities/*", "chooses text or speech; an unknown word is refused"),
    request(
        "/generationConfig/thinkingConfig/thinkingLevel",
        "sets how much the model thinks; an unknown word is refused",
    ),
    request("/safetySettings/*/*", "sets the provider's own filter; the model does not see it"),
    request("/modelArmorConfig/promptTemplateName", "names a filter at the provider; the model does not see it"),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/candidates/*/content/role", SERVER),
    response("/candidates/*/content/parts/*/functionCall/id", OPAQUE),
    response("/candidates/*/content/parts/*/thoughtSignature", SIGNED),
    response("/candidates/*/finishReason", SERVER),
    response("/candidates/*/safetyRatings/*/*", SERVER),
    response("/candidates/*/groundingMetadata/groundingSupports/**", ECHO),
    response("/candidates/*/logprobsResult/**", ECHO),
    response("/createTime", SERVER),
    response("/error/status", SERVER),
    response("/modelVersion", SERVER),
    response("/responseId", SERVER),
    response("/usageMetadata/**", SERVER),
];

const FORMAT: &str = "names a format; the model does not see it, and an unknown one is refused";
