//! Gemini and the same at Vertex AI: `generateContent`, streamed or not, and the calls that send a prompt and get numbers.
//!
//! A stream ends with its last event: none says so. Clients of it take `data: ` lines and blank ones and nothing else, so no
//! comment and no name of an event is ever put in. Where text stands is in `gemini_shapes`.
//!
//! Source: the providers' API references and SDK types (November 2026); answers that official clients take well were tried
//! against them.

use http::Uri;
use serde_json::{Map, Value, json};

use super::coverage::{Cell, no_talk, no_text};
use super::framing::Frames;
use super::gemini_shapes as shapes;
use super::json::{Json, NodeId};
use super::walk::{Shape, own_index};
use super::{Answer, Asked, Ending, Problem, Protocol, StreamView, call_of, model_of};
use crate::segment::{Direction, Kind};

/// The adapter, by call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gemini {
    GenerateContent,
    StreamGenerateContent,
    CountTokens,
    /// One text or, in a batch, several.
    EmbedContent,
    /// Any other model at Vertex AI: what its texts are for is between it and its client.
    Predict,
}

impl Gemini {
    /// Behind the colon of a path, in small letters.
    fn verbs(self) -> &'static [&'static str] {
        match self {
            Gemini::GenerateContent => &["generatecontent"],
            Gemini::StreamGenerateContent => &["streamgeneratecontent"],
            Gemini::CountTokens => &["counttokens"],
            Gemini::EmbedContent => &["embedcontent", "batchembedcontents"],
            Gemini::Predict => &["predict"],
        }
    }
}

impl Protocol for Gemini {
    fn name(&self) -> &'static str {
        match self {
            Gemini::GenerateContent | Gemini::StreamGenerateContent => "gemini",
            Gemini::CountTokens => "gemini-count-tokens",
            Gemini::EmbedContent => "gemini-embeddings",
            Gemini::Predict => "vertex-predict",
        }
    }

    fn recognises(&self, path: &str) -> bool {
        call_of(path).is_some_and(|(_, verb)| self.verbs().contains(&verb))
    }

    fn lacks(&self) -> &'static [(Cell, &'static str)] {
        match self {
            Gemini::GenerateContent | Gemini::StreamGenerateContent => &[],
            Gemini::CountTokens => COUNTING_LACKS,
            Gemini::EmbedContent => EMBEDDING_LACKS,
            Gemini::Predict => PREDICT_LACKS,
        }
    }

    fn request(&self) -> (&'static Shape, Kind) {
        match self {
            Gemini::EmbedContent => (&shapes::EMBED, Kind::User),
            Gemini::Predict => (&shapes::PREDICT, Kind::User),
            _ => (&shapes::REQUEST, Kind::User),
        }
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&shapes::RESPONSE, Kind::Completion)
    }

    fn asked(&self, json: &Json<'_>, target: &Uri) -> Asked {
        let candidates = json.get(0, "generationconfig").and_then(|config| json.get(config, "candidatecount"));
        let choices = candidates.and_then(|count| json.raw(count).parse().ok()).unwrap_or(1);
        let stream = (*self == Gemini::StreamGenerateContent).then(|| framing_asked(target));
        Asked { model: model_of(target), stream, usage: false, choices }
    }

    /// Without `alt=sse` a stream is a JSON array. An error in its place is an array of one or a bare object.
    fn frames(&self, content_type: &[u8], _asked: &Asked) -> Option<Frames> {
        let kind = content_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        match Frames::of(content_type) {
            Some(Frames::Sse) => Some(Frames::Sse),
            _ if *self != Gemini::StreamGenerateContent => None,
            _ => kind.eq_ignore_ascii_case(b"application/json").then_some(Frames::Array),
        }
    }

    fn takes_tokens(&self) -> bool {
        !matches!(self, Gemini::CountTokens)
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        error(problem.status, problem.message)
    }

    fn can_refuse(&self) -> bool {
        matches!(self, Gemini::GenerateContent | Gemini::StreamGenerateContent)
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        // Zeros: what was really used is the provider's to say, and it was not asked or is not believed.
        let usage = json!({ "promptTokenCount": 0, "totalTokenCount": 0 });
        let declined = match answer.to {
            Direction::Request => {
                let feedback = json!({ "blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": answer.message });
                ("promptFeedback", feedback)
            }
            Direction::Response => ("candidates", json!([filtered(Some(0), Some(answer.message))])),
        };
        let mut body = Map::from_iter([(declined.0.to_owned(), declined.1)]);
        body.insert("usageMetadata".to_owned(), usage);
        if !answer.model.is_empty() {
            body.insert("modelVersion".to_owned(), answer.model.into());
        }
        body.insert("responseId".to_owned(), answer.id.into());
        Value::Object(body).to_string()
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        let body = self.refusal_body(answer);
        match answer.frames {
            Frames::Array => format!("[{body}]"),
            frames => event(frames, &body),
        }
    }

    fn blocked_choice(
        &self,
        json: &Json<'_>,
        choice: NodeId,
        message: Option<&str>,
    ) -> Vec<(std::ops::Range<usize>, String)> {
        let node = json.node(choice);
        let filtered = filtered(own_index(json, choice), message).to_string();
        vec![(node.start as usize..node.end as usize, filtered)]
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        let mut candidates: Vec<Value> =
            ending.choices.iter().map(|&(index, _)| filtered(Some(index), ending.refusal)).collect();
        if candidates.is_empty() {
            candidates.push(filtered(Some(0), ending.refusal));
        }
        // Token counts stay as the provider last said them.
        let mut body = Map::from_iter([("candidates".to_owned(), candidates.into())]);
        let known = [("modelVersion", &view.model), ("responseId", &view.id)];
        let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?.into())));
        body.extend(known);
        let end = if ending.last { ending.frames.end() } else { "" };
        event(ending.frames, &Value::Object(body).to_string()) + end
    }

    fn failure(&self, message: &str, frames: Frames) -> String {
        event(frames, &error(500, message)) + frames.end()
    }
}

const COUNTING_LACKS: &[(Cell, &str)] = &no_text("the answer is a number");
const EMBEDDING_LACKS: &[(Cell, &str)] = &no_text("the answer is vectors");
const PREDICT_LACKS: &[(Cell, &str)] = &no_talk("answers come whole", "each model has answers of its own");

/// How a stream is asked for.
fn framing_asked(target: &Uri) -> Frames {
    let mut parameters = target.query().unwrap_or_default().split('&');
    let is_sse = parameters.any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        matches!(name, "alt" | "$alt" | "%24alt") && value.split([';', '%']).next() == Some("sse")
    });
    if is_sse { Frames::Sse } else { Frames::Array }
}

/// An answer as the provider's filter leaves it.
fn filtered(index: Option<u64>, message: Option<&str>) -> Value {
    let mut candidate = Map::from_iter([("finishReason".to_owned(), "SAFETY".into())]);
    if let Some(message) = message {
        candidate.insert("finishMessage".to_owned(), message.into());
    }
    if let Some(index) = index {
        candidate.insert("index".to_owned(), index.into());
    }
    Value::Object(candidate)
}

/// Clients look for `error` as the first key.
fn error(code: u16, message: &str) -> String {
    let status = match code {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        501 => "UNIMPLEMENTED",
        502 | 503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    };
    json!({ "error": { "code": code, "message": message, "status": status, "details": [] } }).to_string()
}

/// Event streams have the provider's line endings.
fn event(frames: Frames, json: &str) -> String {
    match frames {
        Frames::Sse => format!("data: {json}\r\n\r\n"),
        frames => frames.event(json),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::protocol::{Recognised, recognise};

    fn name(path: &str) -> &'static str {
        match recognise(path) {
            Recognised::Known(protocol) => protocol.name(),
            Recognised::NotBuilt => "not built",
            Recognised::Unknown => "unknown",
        }
    }

    #[test]
    fn calls_are_known_by_their_verb() {
        let vertex = "/v1/projects/p/locations/us-central1";
        for (path, expected) in [
            ("/v1beta/models/gemini-2.5-flash:generateContent".to_owned(), "gemini"),
            ("/v1beta/models/gemini-2.5-flash%3AgenerateContent".to_owned(), "gemini"),
            ("/v1beta/tunedModels/a%2Fb%3Ac:streamGenerateContent/".to_owned(), "gemini"),
            (format!("{vertex}/publishers/google/models/gemini-2.5-pro:streamGenerateContent"), "gemini"),
            (format!("{vertex}/endpoints/123:generateContent"), "gemini"),
            ("/v1/publishers/google/models/gemini-2.5-pro:countTokens".to_owned(), "gemini-count-tokens"),
            ("/v1beta/models/text-embedding-004:batchEmbedContents".to_owned(), "gemini-embeddings"),
            (format!("{vertex}/publishers/google/models/text-embedding-005:predict"), "vertex-predict"),
            (format!("{vertex}/publishers/anthropic/models/claude-opus-5:rawPredict"), "anthropic-messages"),
            (format!("{vertex}/publishers/anthropic/models/claude-opus-5@1:streamRawPredict"), "anthropic-messages"),
            (format!("{vertex}/publishers/anthropic/models/count-tokens:rawPredict"), "anthropic-count-tokens"),
            (format!("{vertex}/publishers/mistralai/models/codestral:rawPredict"), "not built"),
            (format!("{vertex}/endpoints/123:rawPredict"), "not built"),
            ("/v1beta/interactions".to_owned(), "not built"),
            ("/v1beta/models/gemini-2.5-flash".to_owned(), "unknown"),
            ("/v1beta/openai/chat/completions".to_owned(), "openai-chat"),
        ] {
            assert_eq!(name(&path), expected, "{path}");
        }
    }

    #[test]
    fn the_target_says_what_is_asked_for() {
        let body = br#"{"generation_config":{"candidate_count":3}}"#;
        let json = Json::parse(body).unwrap();
        let asked = |target: &str| Gemini::StreamGenerateContent.asked(&json, &target.parse().unwrap());
        let sse = asked("/v1beta/models/gemini%3Ax:streamGenerateContent?key=secret&alt=sse");
        assert_eq!((sse.model.as_deref(), sse.stream, sse.choices), (Some("gemini:x"), Some(Frames::Sse), 3));
        let int = asked("/v1/models/m:streamGenerateContent?%24alt=sse%3Benum-encoding%3Dint");
        assert_eq!(int.stream, Some(Frames::Sse));
        assert_eq!(asked("/v1/models/m:streamGenerateContent?alt=json").stream, Some(Frames::Array));
        assert_eq!(asked("/v1/models/m:streamGenerateContent").stream, Some(Frames::Array));
    }
}
