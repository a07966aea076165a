//! Wire formats: one file each, one line in [`PROTOCOLS`]; and the JSON, the walk and the SSE framing that they share.

mod anthropic_messages;
mod anthropic_stream;
mod cohere;
pub mod coverage;
pub mod framing;
mod gemini;
mod gemini_shapes;
mod generic;
pub(crate) mod inline;
pub mod json;
pub mod json_array;
mod mistral;
pub mod ndjson;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_moderations;
mod openai_responses;
mod openai_responses_ending;
mod openai_responses_items;
mod openai_responses_stream;
pub mod sse;
mod tgi;
pub mod usage;
pub mod walk;

use std::sync::Arc;

use serde_json::json;

use self::coverage::Cell;
use self::framing::Frames;
pub use self::generic::{GENERIC, generic};
use self::json::{Json, NodeId, NodeKind, fold_key};
use self::walk::Shape;
use crate::segment::{Direction, Kind};

/// One wire format.
pub trait Protocol: Send + Sync {
    /// Its name in verdicts and metrics.
    fn name(&self) -> &'static str;

    /// Whether requests to this path speak it. The path is lower case and has no trailing slash.
    fn recognises(&self, path: &str) -> bool;

    /// What this API has not, and why: cells of the coverage matrix that stay empty.
    fn lacks(&self) -> &'static [(Cell, &'static str)] {
        &[]
    }

    /// Where text stands in a request, and what strings in no known place count as.
    fn request(&self) -> (&'static Shape, Kind);

    /// Where text stands in a response, and what strings in no known place count as.
    fn response(&self) -> (&'static Shape, Kind);

    /// The same in a stream event.
    fn event(&self) -> (&'static Shape, Kind) {
        self.response()
    }

    /// What a request asks for: by its body, and by its target where that says so.
    fn asked(&self, json: &Json<'_>, _target: &http::Uri) -> Asked {
        Asked::in_openai_style(json)
    }

    /// How an answer of this content type is cut into events, if it is a stream.
    fn frames(&self, content_type: &[u8], _asked: &Asked) -> Option<Frames> {
        Frames::of(content_type).filter(|frames| *frames == Frames::Sse)
    }

    /// Whether an event's data, which is no JSON, says that the stream is over.
    fn is_done(&self, data: &str) -> bool {
        data == "[DONE]"
    }

    /// Whether events say again what others said: [`Shape::Repeat`].
    fn repeats(&self) -> bool {
        false
    }

    /// What an event does to the structure of its stream.
    fn mark(&self, _event: &Json<'_>) -> Mark {
        Mark::None
    }

    /// The JSON pointer of a node of an event, into the message that the events add up to.
    fn joined_pointer(&self, event: &Json<'_>, node: NodeId) -> String {
        walk::pointer(event, node, true)
    }

    /// Whether the provider keeps what it is asked and answers.
    fn keeps(&self) -> Keeps {
        Keeps::Never
    }

    /// Ids under which the provider keeps what a request asks for, and what an answer or an event of one says.
    fn kept_as(&self, _message: &Json<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Ids of what the provider keeps that a request goes on from.
    fn goes_on_from(&self, _request: &Json<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Whether calls take tokens for which somebody pays. Those that only count them do not.
    fn takes_tokens(&self) -> bool {
        true
    }

    /// The query parameter, folded, by which a client asks for the rest of a stream.
    fn resumes_by(&self) -> Option<&'static str> {
        None
    }

    /// The provider's error shape.
    fn error_body(&self, problem: &Problem<'_>) -> String;

    /// Whether an answer in which the model declines is one that its clients expect.
    fn can_refuse(&self) -> bool {
        true
    }

    /// A whole answer in which the model declines. Where there is none, nobody asks.
    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        openai_blocked(answer.message)
    }

    /// The same as a stream.
    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        self.refusal_body(answer)
    }

    /// What has to be replaced in one answer of several when only that one is blocked: byte ranges and new bytes. With
    /// `message` the answer becomes a refusal, else it ends as the provider's own filter ends it.
    fn blocked_choice(
        &self,
        _json: &Json<'_>,
        _choice: NodeId,
        _message: Option<&str>,
    ) -> Vec<(std::ops::Range<usize>, String)> {
        // Where there is only one answer, all of it is blocked.
        Vec::new()
    }

    /// What ends answers of a started stream so that official clients finish cleanly. An API that has no streams ends one
    /// that comes all the same as if it broke off.
    fn ending(&self, _view: &StreamView, ending: &Ending<'_>) -> String {
        self.failure(ending.message, ending.frames)
    }

    /// What tells a client of a started stream that the upstream broke off.
    fn failure(&self, message: &str, frames: Frames) -> String {
        frames.event(&openai_error(message, "server_error", "upstream_error")) + frames.end()
    }
}

/// Every protocol that this version has.
pub static PROTOCOLS: &[&dyn Protocol] = &[
    &openai_chat::OpenAiChat,
    &openai_completions::OpenAiCompletions,
    &openai_embeddings::OpenAiEmbeddings,
    &openai_moderations::OpenAiModerations,
    &openai_responses::OpenAiResponses { aside: false },
    &openai_responses::OpenAiResponses { aside: true },
    &anthropic_messages::AnthropicMessages { counting: false },
    &anthropic_messages::AnthropicMessages { counting: true },
    &gemini::Gemini::GenerateContent,
    &gemini::Gemini::StreamGenerateContent,
    &gemini::Gemini::CountTokens,
    &gemini::Gemini::EmbedContent,
    &gemini::Gemini::Predict,
    &ollama::Ollama(ollama::Call::Chat),
    &ollama::Ollama(ollama::Call::Generate),
    &ollama::Ollama(ollama::Call::Embed),
    &cohere::Cohere { embedding: false },
    &cohere::Cohere { embedding: true },
    &mistral::Mistral { agents: false },
    &mistral::Mistral { agents: true },
    &tgi::Tgi,
];

/// Path endings of APIs that this version cannot read (`true`: the whole rest of the path, else an ending).
/// Source: the providers' references, November 2026.
const NOT_BUILT: &[&str] = &[
    "/interactions",
    "/v1/chat",
    "/conversations",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
    "/count-tokens",
    "/realtime",
    "/realtime/calls",
    "/realtime/client_secrets",
];
const NOT_BUILT_VERBS: &[&str] = &[":rawpredict", ":streamrawpredict"];

/// Whether a provider keeps what it is asked and answers, by the request's `store`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// It does not, or there is no such member.
    Never,
    /// Where the request says so.
    IfAsked,
    /// Where the request does not say otherwise.
    UnlessToldNot,
}

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
    // Requests and results of batches are files of many messages.
    let batches =
        path.split_once("/v1/messages/batches").is_some_and(|(_, rest)| matches!(rest.get(..1), None | Some("/")));
    let ends = |list: &[&str]| list.iter().any(|ending| path.ends_with(ending));
    if batches || ends(NOT_BUILT) || ends(NOT_BUILT_VERBS) { Recognised::NotBuilt } else { Recognised::Unknown }
}

/// The model and the verb of a path that ends as Google's do, `MODEL:VERB`.
fn call_of(path: &str) -> Option<(&str, &str)> {
    let name = path.strip_suffix('/').unwrap_or(path).rsplit('/').next()?;
    let colon = name.rfind(':').map(|at| (at, 1));
    let escaped = name.rfind("%3a").max(name.rfind("%3A")).map(|at| (at, 3));
    let (at, length) = colon.max(escaped)?;
    Some((name.get(..at)?, name.get(at + length..)?))
}

/// The model that such a path names, as people write it.
fn model_of(target: &http::Uri) -> Option<Arc<str>> {
    let (model, _) = call_of(target.path())?;
    Some(model.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/").into())
}

/// What was asked for, as far as a made-up answer needs it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The model.
    pub model: Option<Arc<str>>,
    /// As a stream.
    pub stream: Option<Frames>,
    /// With a last event that counts tokens.
    pub usage: bool,
    /// So many answers.
    pub choices: u64,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked { model: None, stream: None, usage: false, choices: 1 }
    }
}

impl Asked {
    /// In the members that `OpenAI` gave these names: `model`, `stream`, `stream_options`, `n`.
    pub fn in_openai_style(json: &Json<'_>) -> Asked {
        let mut asked = Asked::default();
        let is_true = |node: NodeId| json.kind(node) == NodeKind::True;
        for (key, value) in json.members(0) {
            match fold_key(&json.string(key)).as_bytes() {
                b"model" if json.kind(value) == NodeKind::String => asked.model = Some(json.string(value).into()),
                b"stream" => asked.stream = is_true(value).then_some(Frames::Sse),
                b"streamoptions" => asked.usage = json.get(value, "includeusage").is_some_and(is_true),
                b"n" => asked.choices = json.raw(value).parse().unwrap_or(1),
                _ => {}
            }
        }
        asked
    }
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
    /// How the client wants a stream to be framed.
    pub frames: Frames,
    /// What the model declines: to answer the request, or to go on with its response.
    pub to: Direction,
}

/// What an error tells a client.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// The response's status.
    pub status: u16,
    /// For people.
    pub message: &'a str,
    /// `OpenAI`'s `type`.
    pub kind: &'a str,
    /// `OpenAI`'s `code`.
    pub code: &'a str,
    /// Palisade's id of the request.
    pub id: &'a str,
    /// The request came on one of Azure's paths.
    pub azure: bool,
}

/// What an event does to the structure of its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing, or the protocol's streams have none.
    #[default]
    None,
    /// A message begins. What came before, if anything, is another message.
    Message,
    /// The block with this index begins.
    Begin(u64),
    /// The block with this index goes on.
    GoOn(u64),
    /// The block with this index has ended, and so have its texts.
    End(u64),
    /// The answer is complete: only the end of the message follows.
    Stop,
    /// The message has ended, and so have all texts.
    Over,
    /// Nothing: it only says that the stream lives.
    Beat,
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
    /// A message has begun: this client knows of it.
    pub begun: bool,
    /// Blocks that this client saw begin and not end.
    pub open: Vec<u64>,
    /// The index after the last block that this client saw.
    pub next: u64,
    /// The client was told that the message is over.
    pub over: bool,
    /// The highest `sequence_number` of what was sent.
    pub sequence: Option<u64>,
    /// Where events repeat others: the data of those that began or ended something, as they were sent. `None` once they
    /// are too many to be kept.
    pub kept: Option<Vec<Vec<u8>>>,
    /// Where events repeat others, once the stream is to end: what was sent of each text, by the text's pointer.
    pub texts: Vec<(String, String)>,
    /// The same of kinds of which it is not known: no rule reads them.
    pub unread: Vec<Kind>,
}

impl StreamView {
    /// Takes note of an event that was sent.
    pub fn sent(&mut self, mark: Mark) {
        match mark {
            Mark::None | Mark::GoOn(_) | Mark::Stop | Mark::Beat => {}
            Mark::Message => {
                self.open.clear();
                self.kept = Some(Vec::new());
                (self.begun, self.next, self.over) = (true, 0, false);
            }
            Mark::Begin(index) => {
                // No answer has more; what does is cut for other reasons.
                if self.open.len() < 4096 {
                    self.open.push(index);
                }
                self.next = self.next.max(index.saturating_add(1));
            }
            Mark::End(index) => self.open.retain(|&open| open != index),
            Mark::Over => self.over = true,
        }
    }

    /// Keeps the data of an event that was sent, if it began or ended something.
    pub fn keep(&mut self, mark: Mark, data: &[u8]) {
        if let (Mark::Message | Mark::Begin(_) | Mark::End(_), Some(kept)) = (mark, &mut self.kept) {
            if kept.iter().map(Vec::len).sum::<usize>() + data.len() > MAX_KEPT || kept.len() >= MAX_KEPT_EVENTS {
                self.kept = None;
            } else {
                kept.push(data.to_vec());
            }
        }
    }
}

/// Most bytes of events that are kept for the ending of a stream, and most events.
const MAX_KEPT: usize = 8 << 20;
const MAX_KEPT_EVENTS: usize = 1 << 14;

/// Which answers of a stream end, and how.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// Palisade's id of the request.
    pub id: &'a str,
    /// Seconds since 1970.
    pub created: u64,
    /// (index of the answer, whether anything of it was sent).
    pub choices: &'a [(u64, bool)],
    /// What there is to say about it.
    pub message: &'a str,
    /// End as a refusal with this message.
    pub refusal: Option<&'a str>,
    /// The client asked for a last event with token counts.
    pub usage: bool,
    /// Nothing comes after: end the stream too.
    pub last: bool,
    /// How the stream is framed.
    pub frames: Frames,
}

/// The error shape of `OpenAI`'s own protocols.
fn openai_problem(problem: &Problem<'_>) -> String {
    if problem.azure && problem.code == BLOCKED {
        return azure_blocked(problem.message, problem.status);
    }
    openai_error(problem.message, problem.kind, problem.code)
}

/// The same for a message that a policy blocks.
fn openai_blocked(message: &str) -> String {
    openai_error(message, "invalid_request_error", BLOCKED)
}

/// `OpenAI`'s `code` for a message that a policy blocks.
pub const BLOCKED: &str = "content_policy_violation";

/// How Azure refuses a prompt: its clients look for this `code`.
fn azure_blocked(message: &str, status: u16) -> String {
    let inner = json!({ "code": "ResponsibleAIPolicyViolation", "content_filter_result": {} });
    json!({
        "error": {
            "message": message,
            "type": null,
            "param": "prompt",
            "code": "content_filter",
            "status": status,
            "innererror": inner,
        }
    })
    .to_string()
}

/// Whether a request's path is one of Azure's. Letter case does not count.
pub fn is_azure(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let path = path.strip_suffix('/').unwrap_or(&path);
    path.contains("/openai/deployments/")
        || path.contains("/openai/v1/")
        || path.ends_with("/models/chat/completions")
        || path.ends_with("/models/embeddings")
}

/// `OpenAI`'s error shape, which also serves where no protocol is known.
pub fn openai_error(message: &str, kind: &str, code: &str) -> String {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } }).to_string()
}
