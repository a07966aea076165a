//! `POST /v1/scan`: a policy over text, a conversation, or a provider's whole request or response, without any proxying.
//! Answers with the verdict that `palisade scan` prints.
//!
//! The body is `{"text": …}`; or `{"request": …}` or `{"response": …}` with what a provider gets or gives; or that itself.
//! The query says how: `as`, `policy`, `path` (whose protocol the message speaks), `offsets`, `scores`, `show_text`.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use hyper::body::Bytes;
use ulid::Ulid;

use super::answer::Fault;
use super::query::Query;
use crate::classifier::Priority;
use crate::guard::judge;
use crate::inspect::{Body, Buffered, originals};
use crate::policy::Context;
use crate::policy::file::is_path;
use crate::protocol::json::{Json, NodeId, NodeKind};
use crate::protocol::walk::{walk, walk_unknown};
use crate::protocol::{Protocol, Recognised, recognise};
use crate::segment::{Direction, Kind, Segment};
use crate::server::App;
use crate::server::route::RouteTable;
use crate::verdict::{About, Verdict};

/// What was brought.
enum Given<'b> {
    /// One text of this kind.
    Text(Cow<'b, str>, Kind),
    /// A message in a provider's shape.
    Message(&'b str, Direction, Option<&'static dyn Protocol>),
}

/// The unit of `start` and `end`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Offsets {
    Bytes,
    Chars,
    Utf16,
}

/// Judges the body.
pub(super) async fn scan(app: &App, query: &Query, bytes: Bytes) -> Result<Verdict, Fault> {
    query.takes(&["as", "policy", "path", "offsets", "scores", "show_text"])?;
    let offsets = match query.value("offsets").unwrap_or("bytes") {
        "bytes" => Offsets::Bytes,
        "chars" => Offsets::Chars,
        "utf16" => Offsets::Utf16,
        _ => return Err(Fault::Bad("`offsets` is bytes, chars or utf16".to_owned())),
    };
    let json = Json::parse(&bytes).map_err(|error| Fault::Bad(error.to_string()))?;
    let given = given(&json, query)?;
    let context = context(app, query)?;
    let started = Instant::now();
    let (body, direction) = body(&given)?;
    let mut buffered = Buffered::new(&context, body, direction);
    judge(&mut buffered, app.guard.inference.as_deref(), CLIENT, Priority::Bulk).await;
    let concluded = buffered.conclude(true);
    let about = About {
        id: Ulid::new().to_string().into(),
        elapsed_us: started.elapsed().as_micros() as u64,
        show_text: query.is_on("show_text"),
        show_scores: query.is_on("scores"),
        show_texts: true,
        ..About::default()
    };
    let mut verdict = Verdict::new(&context, direction, &concluded.report, concluded.block.as_ref(), about);
    if offsets != Offsets::Bytes {
        convert(&mut verdict, &texts(&given), offsets);
    }
    Ok(verdict)
}

fn given<'b>(json: &Json<'b>, query: &Query) -> Result<Given<'b>, Fault> {
    if json.kind(0) != NodeKind::Object {
        return Err(Fault::Bad("expected an object: {\"text\": …}, or a provider's request or response".to_owned()));
    }
    let member = |name: &str| json.members(0).find(|&(key, _)| json.string(key) == name).map(|(_, value)| value);
    let only = |name: &str| member(name).filter(|_| json.members(0).count() == 1);
    let object = |name: &str| only(name).filter(|&node| json.kind(node) == NodeKind::Object);
    if let Some(node) = only("text").filter(|&node| json.kind(node) == NodeKind::String) {
        let kind = query.value("as").map_or(Some(Kind::User), Kind::from_name);
        let names = || Kind::ALL.map(Kind::name).join(", ");
        let kind = kind.ok_or_else(|| Fault::Bad(format!("`as` is one of {}", names())))?;
        return Ok(Given::Text(json.string(node), kind));
    }
    if query.value("as").is_some() {
        return Err(Fault::Bad("`as` says what a text is; the parts of a message say it themselves".to_owned()));
    }
    let (node, direction) = match (object("request"), object("response")) {
        (Some(node), _) => (node, Direction::Request),
        (_, Some(node)) => (node, Direction::Response),
        _ if ["choices", "stop_reason", "candidates", "output"].iter().any(|name| member(name).is_some()) => {
            (0, Direction::Response)
        }
        _ => (0, Direction::Request),
    };
    Ok(Given::Message(json.raw(node), direction, protocol(json, node, query)?))
}

/// By the path, if it is given, else by the message's shape; what nobody knows is walked whole.
fn protocol(json: &Json<'_>, node: NodeId, query: &Query) -> Result<Option<&'static dyn Protocol>, Fault> {
    let has = |name: &str| json.members(node).any(|(key, _)| json.string(key) == name);
    let path = match query.value("path") {
        Some(path) => path,
        None if has("choices") => CHAT,
        None if has("stop_reason") || has("system") || has("max_tokens") && has("stop_sequences") => MESSAGES,
        None if has("messages") => CHAT,
        None if has("contents") || has("candidates") => GEMINI,
        None if has("instructions") || has("output") || has("previous_response_id") => RESPONSES,
        None => return Ok(None),
    };
    match recognise(path) {
        Recognised::Known(protocol) => Ok(Some(protocol)),
        Recognised::Unknown => Ok(None),
        Recognised::NotBuilt if query.value("path").is_none() => Ok(None),
        Recognised::NotBuilt => Err(Fault::Bad("this API is not available in this version".to_owned())),
    }
}

/// A policy by its name, else that of the route for the path.
fn context(app: &App, query: &Query) -> Result<Context, Fault> {
    if let Some(name) = query.value("policy") {
        let alone = app
            .guard
            .contexts()
            .find(|context| matches!(context.rules.policies(), [policy] if *policy.name == *name && !is_path(name)));
        return match alone {
            Some(context) => Ok(context.clone()),
            // Files are the operator's to name, in the configuration.
            None if is_path(name) => Err(Fault::Bad("`policy` is a policy's name".to_owned())),
            None => app.guard.add(name, Path::new(&app.config.policies)).map_err(|error| Fault::Bad(error.to_string())),
        };
    }
    let table: &RouteTable = &app.routes;
    let of_path = table.find(query.value("path").unwrap_or(CHAT)).and_then(|route| app.guard.context(route, None));
    let first = || app.guard.routes.iter().flatten().next();
    let found = of_path.or_else(first).cloned();
    found.ok_or_else(|| Fault::Bad("no route is inspected: name a `policy`".to_owned()))
}

fn body<'g>(given: &'g Given<'_>) -> Result<(Body<'g>, Direction), Fault> {
    match given {
        Given::Text(text, kind) => {
            let direction = kind.usual_direction();
            Ok((Body::Plain(text, Segment::new(direction, *kind, "")), direction))
        }
        Given::Message(raw, direction, protocol) => {
            let json = Json::parse(raw.as_bytes()).map_err(|error| Fault::Bad(error.to_string()))?;
            let walked = match protocol {
                None => walk_unknown(&json, *direction),
                Some(protocol) => {
                    let of_request = *direction == Direction::Request;
                    let (shape, kind) = if of_request { protocol.request() } else { protocol.response() };
                    walk(&json, shape, *direction, kind).map_err(|error| Fault::Bad(error.to_string()))?
                }
            };
            Ok((Body::Json(json, walked), *direction))
        }
    }
}

fn texts(given: &Given<'_>) -> Vec<(String, String)> {
    match given {
        Given::Text(text, _) => vec![(String::new(), text.to_string())],
        Given::Message(raw, direction, protocol) => originals(raw.as_bytes(), *protocol, *direction),
    }
}

/// Counts offsets in another unit.
fn convert(verdict: &mut Verdict, texts: &[(String, String)], to: Offsets) {
    let count = |text: Option<&str>, at: usize| {
        let before = text.and_then(|text| text.get(..at));
        before.map_or(at, |before| match to {
            Offsets::Bytes => at,
            Offsets::Chars => before.chars().count(),
            Offsets::Utf16 => before.encode_utf16().count(),
        })
    };
    for finding in &mut verdict.findings {
        let text = text_at(texts, &finding.segment.pointer);
        (finding.start, finding.end) = (count(text.as_deref(), finding.start), count(text.as_deref(), finding.end));
        for piece in &mut finding.pieces {
            let text = text_at(texts, &piece.pointer);
            (piece.start, piece.end) = (count(text.as_deref(), piece.start), count(text.as_deref(), piece.end));
        }
    }
}

/// The text at a pointer, which may lead on into arguments that are JSON in a string.
fn text_at<'t>(texts: &'t [(String, String)], pointer: &str) -> Option<Cow<'t, str>> {
    if let Some((_, text)) = texts.iter().find(|(own, _)| own == pointer) {
        return Some(text.into());
    }
    let (inner, text) = texts.iter().find_map(|(own, text)| {
        pointer.strip_prefix(own.as_str()).filter(|inner| inner.starts_with('/')).map(|inner| (inner, text))
    })?;
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    value.pointer(inner)?.as_str().map(|text| text.to_owned().into())
}

/// Whose protocol a message speaks that has `messages` or `choices` and says nothing else.
const CHAT: &str = "/v1/chat/completions";
/// Whose protocol a message speaks that has `output`, or what only requests for that have.
const RESPONSES: &str = "/v1/responses";
/// Whose protocol a message speaks that has what only this one has.
const MESSAGES: &str = "/v1/messages";
/// The same of this one.
const GEMINI: &str = "/v1beta/models/any:generateContent";
/// Scans through this port take turns with each other, not with requests.
const CLIENT: u64 = 0;
