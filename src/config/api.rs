//! `api` of a route: an API of one's own, described by where its text stands and by templates for made-up answers.
//!
//! What is wrong in it is told here, with its place; `protocol::generic` makes an adapter of what is right.

use super::problem::{Problem, quoted};
use super::reader::MapReader;
use super::tree::{Entry, Node, Value};
use super::value::{self, one_of, unknown};
use crate::segment::{Kind, Media};

/// An API that a route describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    /// Member of a request that names the model, as a pointer.
    pub model: Option<Vec<String>>,
    /// Member of a request that asks for a stream by being `true`, as a pointer.
    pub stream: Option<Vec<String>>,
    /// What stands where in a request.
    pub request: Vec<Spot>,
    /// What stands where in a whole answer.
    pub response: Vec<Spot>,
    /// Its streams, if it has any.
    pub events: Option<Events>,
    /// The body of an error.
    pub error: Template,
    /// A whole answer in which the model declines.
    pub refusal: Option<Template>,
}

/// How an API streams.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// How a stream is cut into events.
    pub framing: Frame,
    /// What stands where in an event. Over events, what stands at one pointer adds up to one text.
    pub spots: Vec<Spot>,
    /// Pointers at which an event says again, whole, what others said at another one.
    pub repeats: Vec<(Vec<String>, Vec<String>)>,
    /// Data that is no JSON and says that the stream is over.
    pub done: String,
    /// What ends a stream that is blocked midway.
    pub ending: Vec<Template>,
    /// A stream in which the model declines, from its start or midway.
    pub refusal: Vec<Template>,
    /// What tells that the upstream broke off.
    pub failure: Vec<Template>,
}

/// How a stream is cut into events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Server-sent events.
    Sse,
    /// A JSON value a line.
    Ndjson,
    /// The elements of one JSON array.
    Array,
}

/// A place in a body and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Steps of a JSON pointer; `*` is every element of an array.
    pub at: Vec<String>,
    /// What stands there.
    pub holds: Holds,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text of this kind, at any depth.
    Text(Kind),
    /// A message, whose `role` says whose words it holds.
    Message,
    /// A message's content: a string, or parts that are read on as one text.
    Content,
    /// Arguments of a tool call: JSON, or JSON in a string.
    Arguments,
    /// Ids, enums and numbers.
    Harmless,
    /// What cannot be looked into.
    Media(Media),
}

/// A piece of JSON (or, in a stream, the data of an event) with `{message}`, `{id}`, `{model}` and `{created}` in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The name of the event.
    pub event: Option<String>,
    /// Its data, or the body.
    pub data: String,
}

impl Template {
    /// The data with values put in; strings are escaped for JSON, so they have to stand in quotes.
    pub fn fill(&self, message: &str, id: &str, model: &str, created: u64) -> String {
        let escape = |text: &str| {
            let quoted = serde_json::Value::from(text).to_string();
            quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
        };
        let mut out = String::with_capacity(self.data.len() + message.len());
        let mut rest = self.data.as_str();
        // Once through, so that what is put in is never looked at again.
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let known = [
                ("{message}", escape(message)),
                ("{id}", escape(id)),
                ("{model}", escape(model)),
                ("{created}", created.to_string()),
            ];
            let brace = ("{", "{".to_owned());
            let (name, value) = known.iter().find(|(name, _)| from.starts_with(name)).unwrap_or(&brace);
            out.push_str(value);
            rest = &from[name.len()..];
        }
        out + rest
    }
}

/// Reads `api`.
pub(super) fn read(reader: &mut MapReader<'_>) -> Api {
    let model = reader.optional("model", |node| path(node, &value::string(node)?));
    let stream = reader.optional("stream", |node| path(node, &value::string(node)?));
    let request = reader.map("request", spots).unwrap_or_default();
    let response = reader.map("response", spots).unwrap_or_default();
    let events = reader.map("events", events).flatten();
    if let (Some(Frame::Array), None, Some(node)) =
        (events.as_ref().map(|events| events.framing), &stream, reader.node("events"))
    {
        let title = "streams that are arrays, and no `stream`";
        let help = "nothing but the request tells such a stream from a whole answer";
        reader.problem(Problem::error(&node.at, title).label("expected `stream` beside this").help(help));
    }
    let error = reader.optional("error", body).unwrap_or_else(|| Template {
        event: None,
        data: r#"{"error":{"message":"{message}","id":"{id}"}}"#.to_owned(),
    });
    let refusal = reader.optional("refusal", body);
    Api { model, stream, request, response, events, error, refusal }
}

fn events(reader: &mut MapReader<'_>) -> Option<Events> {
    let framings = [("sse", Frame::Sse), ("ndjson", Frame::Ndjson), ("array", Frame::Array)];
    let framing = reader.required("framing", one_of(&framings))?;
    let spots = reader.map("text", spots).unwrap_or_default();
    let repeats = reader.map("repeats", repeats).unwrap_or_default();
    let done = reader.optional("done", value::filled).unwrap_or_else(|| "[DONE]".to_owned());
    let template = |node: &Node| event(node, framing, &done);
    let ending = reader.required_node("ending").and_then(|_| reader.list("ending", template));
    let refusal = reader.list("refusal", template).unwrap_or_default();
    let failure = reader.list("failure", template);
    for (index, (from, to)) in repeats.iter().enumerate() {
        let known = spots.iter().any(|spot| spot.at == *to && matches!(spot.holds, Holds::Text(_)));
        let taken =
            spots.iter().any(|spot| meet(&spot.at, from)) || repeats[..index].iter().any(|(at, _)| meet(at, from));
        if let (true, Some(node)) = (!known || taken, reader.node("repeats")) {
            let label = if known { "something else is said to stand there" } else { "repeats no text of the events" };
            reader.problem(Problem::error(&node.at, format!("wrong pointer {}", quoted(&shown(from)))).label(label));
        }
    }
    let failure = failure.or_else(|| ending.clone()).unwrap_or_default();
    Some(Events { framing, spots, repeats, done, ending: ending?, refusal, failure })
}

fn spots(reader: &mut MapReader<'_>) -> Vec<Spot> {
    let problems = reader.problems();
    let mut out: Vec<Spot> = Vec::new();
    for entry in reader.entries() {
        let Some(spot) = problems.keep(spot(entry)) else { continue };
        // Below what is text, ids or media there is nothing more to be said.
        let leaf = |holds| !matches!(holds, Holds::Message | Holds::Content | Holds::Text(_));
        let clash = out.iter().find(|other| {
            let (outer, inner) = if other.at.len() <= spot.at.len() { (*other, &spot) } else { (&spot, *other) };
            let (outer_at, inner_at) = (folded(&outer.at), folded(&inner.at));
            let shared = outer_at.iter().zip(&inner_at).take_while(|(a, b)| a == b).count();
            // An array and an object at one place.
            let both = |a: Option<&String>, b: Option<&String>| {
                a.zip(b).is_some_and(|(a, b)| a != b && (a == "*" || b == "*"))
            };
            outer_at == inner_at
                || (leaf(outer.holds) && inner_at.starts_with(&outer_at))
                || both(outer_at.get(shared), inner_at.get(shared))
        });
        if let Some(other) = clash {
            let title = format!("{} and {} cannot both be told", quoted(&shown(&other.at)), quoted(&shown(&spot.at)));
            problems.push(Problem::error(&entry.key_at, title).label("the same place, or inside of it"));
        }
        out.push(spot);
    }
    out
}

fn spot(entry: &Entry) -> Result<Spot, Problem> {
    let at = path(&entry.value, &entry.key)
        .map_err(|problem| Problem { ..Problem::error(&entry.key_at, "wrong pointer").label(problem.title) })?;
    let name = value::string(&entry.value)?;
    let kinds = Kind::ALL.into_iter().map(|kind| (kind.name(), Holds::Text(kind)));
    let media = Media::ALL.into_iter().map(|media| (media.name(), Holds::Media(media)));
    let others = [
        ("message", Holds::Message),
        ("content", Holds::Content),
        ("arguments", Holds::Arguments),
        ("harmless", Holds::Harmless),
    ];
    let all: Vec<(&str, Holds)> = kinds.chain(media).chain(others).collect();
    match all.iter().find(|(known, _)| *known == name) {
        Some(&(_, holds)) => Ok(Spot { at, holds }),
        None => Err(unknown(&entry.value, "content", &name, all.iter().map(|(known, _)| *known))),
    }
}

fn repeats(reader: &mut MapReader<'_>) -> Vec<(Vec<String>, Vec<String>)> {
    let problems = reader.problems();
    let pair = |entry: &Entry| {
        let from = path(&entry.value, &entry.key)?;
        let to = path(&entry.value, &value::string(&entry.value)?)?;
        if from.iter().chain(&to).any(|step| step == "*") {
            return Err(
                Problem::error(&entry.key_at, "wrong pointer").label("expected no `*` in a text that comes again")
            );
        }
        Ok((from, to))
    };
    reader.entries().iter().filter_map(|entry| problems.keep(pair(entry))).collect()
}

/// The steps as keys are compared: without regard to case, `_` and `-`.
fn folded(path: &[String]) -> Vec<String> {
    path.iter().map(|step| step.to_lowercase().replace(['_', '-'], "")).collect()
}

/// Whether one of two places is inside the other.
fn meet(one: &[String], other: &[String]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

fn shown(path: &[String]) -> String {
    path.iter().fold(String::new(), |shown, step| shown + "/" + step)
}

/// A JSON pointer (RFC 6901), in which `*` is every element of an array.
fn path(node: &Node, text: &str) -> Result<Vec<String>, Problem> {
    let fault = || Problem::error(&node.at, "expected a JSON pointer such as `/messages/*/content`");
    let steps = text.strip_prefix('/').ok_or_else(fault)?;
    let steps: Vec<String> = steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    if steps.iter().any(String::is_empty) || steps.len() > 16 { Err(fault()) } else { Ok(steps) }
}

/// A template for a body.
fn body(node: &Node) -> Result<Template, Problem> {
    let template = Template { event: None, data: value::filled(node)? };
    is_json(node, &template)?;
    Ok(template)
}

/// A template for an event: its data, or its name and data.
fn event(node: &Node, framing: Frame, done: &str) -> Result<Template, Problem> {
    let member = |name: &str| node.child(name).map(value::filled).transpose();
    let template = match &node.value {
        Value::Map(_) => {
            let data = member("data")?.ok_or_else(|| Problem::error(&node.at, "an event without `data`"))?;
            Template { event: member("event")?, data }
        }
        _ => Template { event: None, data: value::filled(node)? },
    };
    if template.event.as_ref().is_some_and(|name| framing != Frame::Sse || name.contains(['\r', '\n'])) {
        return Err(Problem::error(&node.at, "wrong event").label("only server-sent events have a name, of one line"));
    }
    if framing != Frame::Sse || template.data != done {
        is_json(node, &template)?;
    }
    Ok(template)
}

fn is_json(node: &Node, template: &Template) -> Result<(), Problem> {
    let filled = template.fill("a \"message\"", "id", "model", 1);
    match serde_json::from_str::<serde_json::Value>(&filled) {
        Ok(_) if !filled.contains(['\r', '\n']) => Ok(()),
        Ok(_) => Err(Problem::error(&node.at, "wrong template").label("expected JSON on one line")),
        Err(error) => Err(Problem::error(&node.at, "wrong template")
            .label(format!("no JSON once it is filled in: {error}"))
            .help("`{message}`, `{id}` and `{model}` belong in quotes; `{created}` is a number")),
    }
}
