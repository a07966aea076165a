//! Wire formats: one file each, one line in [`PROTOCOLS`]; and the JSON, the walk and the SSE framing that they share.

pub mod json;
mod openai_chat;
pub mod sse;
pub mod walk;

use serde_json::json;

use self::json::{Json, NodeId};
use self::walk::Shape;
use crate::segment::Kind;

/// One wire format.
pub trait Protocol: Send + Sync {
    /// Its name in verdicts and metrics.
    fn name(&self) -> &'static str;

    /// Whether requests to this path speak it. The path is lower case and has no trailing slash.
    fn recognises(&self, path: &str) -> bool;

    /// Where text stands in a request, and what strings in no known place count as.
    fn request(&self) -> (&'static Shape, Kind);

    /// Where text stands in a response or a stream event, and what strings in no known place count as.
    fn response(&self) -> (&'static Shape, Kind);

    /// Whether an event's data says that the stream is over.
    fn is_done(&self, data: &str) -> bool;

    /// The provider's error shape.
    fn error_body(&self, message: &str, code: &str) -> String;

    /// A whole answer in which the model declines.
    fn refusal_body(&self, answer: &Answer<'_>) -> String;

    /// The same as a stream.
    fn refusal_stream(&self, answer: &Answer<'_>) -> String;

    /// What has to be replaced in one answer of several when only that one is blocked: byte ranges and new bytes. With
    /// `message` the answer becomes a refusal, else it ends as the provider's own filter ends it.
    fn blocked_choice(
        &self,
        json: &Json<'_>,
        choice: NodeId,
        message: Option<&str>,
    ) -> Vec<(std::ops::Range<usize>, String)>;

    /// What ends answers of a started stream so that official clients finish cleanly.
    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String;

    /// What tells a client of a started stream that the upstream broke off.
    fn failure(&self, message: &str) -> String;
}

/// Every protocol that this version has.
pub static PROTOCOLS: &[&dyn Protocol] = &[&openai_chat::OpenAiChat];

/// Path endings of APIs that this version cannot read (`true`: the whole rest of the path, else an ending).
/// Source: the providers' references, November 2026.
const NOT_BUILT: &[&str] = &[
    "/responses",
    "/responses/compact",
    "/responses/input_tokens",
    "/completions",
    "/embeddings",
    "/moderations",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/messages/batches",
    "/interactions",
    "/api/chat",
    "/api/generate",
    "/api/embed",
    "/api/embeddings",
    "/v2/chat",
    "/v1/chat",
    "/fim/completions",
    "/agents/completions",
    "/conversations",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
    "/count-tokens",
    "/generate",
    "/generate_stream",
    "/realtime",
    "/realtime/calls",
    "/realtime/client_secrets",
];
const NOT_BUILT_VERBS: &[&str] = &[
    ":generatecontent",
    ":streamgeneratecontent",
    ":counttokens",
    ":embedcontent",
    ":batchembedcontents",
    ":rawpredict",
    ":streamrawpredict",
    ":predict",
];

/// Who reads a path.
#[derive(Clone, Copy)]
pub enum Recognised {
    /// This adapter.
    Known(&'static dyn Protocol),
    /// A protocol that exists and is not built.
    NotBuilt,
    /// Nobody: JSON bodies are walked whole.
    Unknown,
}

/// Recognises a request by its path: letter case and one trailing slash do not count.
pub fn recognise(path: &str) -> Recognised {
    let path = path.strip_suffix('/').unwrap_or(path).to_ascii_lowercase();
    if let Some(protocol) = PROTOCOLS.iter().find(|protocol| protocol.recognises(&path)) {
        return Recognised::Known(*protocol);
    }
    let stored_response =
        path.rsplit_once("/responses/").is_some_and(|(_, rest)| !rest.is_empty() && rest.split('/').count() <= 2);
    let ends = |list: &[&str]| list.iter().any(|ending| path.ends_with(ending));
    if stored_response || ends(NOT_BUILT) || ends(NOT_BUILT_VERBS) { Recognised::NotBuilt } else { Recognised::Unknown }
}

/// What a made-up answer needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Palisade's id of the request.
    pub id: &'a str,
    /// Seconds since 1970.
    pub created: u64,
    /// The model that the client asked for.
    pub model: &'a str,
    /// What the answer says.
    pub message: &'a str,
    /// The client asked for a last event with token counts.
    pub usage: bool,
}

/// What a stream has said about itself so far.
#[derive(Clone, Debug, Default)]
pub struct StreamView {
    /// `id` of its events.
    pub id: Option<String>,
    /// `created` of its events.
    pub created: Option<u64>,
    /// `model` of its events.
    pub model: Option<String>,
}

/// Which answers of a stream end, and how.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// Palisade's id of the request.
    pub id: &'a str,
    /// Seconds since 1970.
    pub created: u64,
    /// (index of the answer, whether anything of it was sent).
    pub choices: &'a [(u64, bool)],
    /// End as a refusal with this message.
    pub refusal: Option<&'a str>,
    /// The client asked for a last event with token counts.
    pub usage: bool,
    /// Nothing comes after: end the stream too.
    pub last: bool,
}

/// `OpenAI`'s error shape, which also serves where no protocol is known.
pub fn openai_error(message: &str, kind: &str, code: &str) -> String {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }).to_string()
}
