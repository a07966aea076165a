//! An API that a route's configuration describes: tables of shapes made of pointers, made-up answers of templates.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::framing::Frames;
use super::json::{Json, NodeId, NodeKind, fold_key};
use super::walk::{Index, Shape, Way};
use super::{Answer, Asked, Ending, Problem, Protocol, StreamView};
use crate::config::api::{Api, Events, Frame, Holds, Spot, Template};
use crate::segment::Kind;

/// The name of every API that a route describes.
pub const GENERIC: &str = "generic";

/// The adapter for a description. Equal descriptions share one, which lives as long as the program: a reload with
/// nothing new in it makes no new one.
pub fn generic(api: &Api) -> &'static dyn Protocol {
    static MADE: Mutex<Vec<&'static Generic>> = Mutex::new(Vec::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = made.iter().find(|known| known.api == *api) {
        return *known;
    }
    let new: &'static Generic = Box::leak(Box::new(Generic::new(api)));
    made.push(new);
    new
}

struct Generic {
    api: Api,
    /// Folded names on the way to what names the model, and to what asks for a stream.
    model: Option<Vec<String>>,
    stream: Option<Vec<String>>,
    request: &'static Shape,
    response: &'static Shape,
    event: &'static Shape,
}

impl Generic {
    fn new(api: &Api) -> Generic {
        let shape = |spots: &[Spot], events: Option<&Events>, alone: Option<Kind>| {
            let mut root = Tree::default();
            for spot in spots {
                root.at(&spot.at).holds = Some(spot.holds);
            }
            for (from, to) in events.iter().flat_map(|events| &events.repeats) {
                let kind = spots.iter().find(|spot| spot.at == *to).map(|spot| spot.holds);
                root.at(from).holds = kind;
                root.at(from).repeats = Some(to.clone());
            }
            &*Box::leak(Box::new(root.shape(events.is_some(), alone)))
        };
        let events = api.events.as_ref();
        let event = events.map_or(&[][..], |events| &events.spots);
        let folded =
            |path: &Option<Vec<String>>| path.as_ref().map(|path| path.iter().map(|step| fold(step)).collect());
        Generic {
            model: folded(&api.model),
            stream: folded(&api.stream),
            request: shape(&api.request, None, Some(Kind::User)),
            response: shape(&api.response, None, Some(Kind::Completion)),
            event: shape(event, events, None),
            api: api.clone(),
        }
    }

    fn frames(&self) -> Option<Frames> {
        self.api.events.as_ref().map(|events| match events.framing {
            Frame::Sse => Frames::Sse,
            Frame::Ndjson => Frames::Ndjson,
            Frame::Array => Frames::Array,
        })
    }

    fn written(&self, templates: impl Fn(&Events) -> &[Template], fill: &dyn Fn(&Template) -> String) -> String {
        let Some((events, frames)) = self.api.events.as_ref().zip(self.frames()) else { return String::new() };
        let mut out = String::new();
        for template in templates(events) {
            if let Some(name) = &template.event {
                out.extend(["event: ", name, "\n"]);
            }
            out += &frames.event(&fill(template));
        }
        out + frames.end()
    }
}

impl Protocol for Generic {
    fn name(&self) -> &'static str {
        GENERIC
    }

    /// Only routes say who speaks it.
    fn recognises(&self, _path: &str) -> bool {
        false
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (self.request, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (self.response, Kind::Completion)
    }

    fn event(&self) -> (&'static Shape, Kind) {
        (self.event, Kind::Completion)
    }

    fn asked(&self, json: &Json<'_>, _target: &http::Uri) -> Asked {
        let member = |path: &Option<Vec<String>>| {
            path.as_ref()?.iter().try_fold(0, |node, step| {
                Some(node).filter(|_| is_object(json, node)).and_then(|node| json.get(node, step))
            })
        };
        let model = member(&self.model).filter(|&node| json.kind(node) == NodeKind::String);
        let streams = member(&self.stream).is_some_and(|node: NodeId| json.kind(node) == NodeKind::True);
        Asked {
            model: model.map(|node| json.string(node).into()),
            stream: self.frames().filter(|_| streams),
            ..Asked::default()
        }
    }

    fn frames(&self, content_type: &[u8], asked: &Asked) -> Option<Frames> {
        let own = Generic::frames(self)?;
        match Frames::of(content_type) {
            Some(frames) => (frames == own).then_some(own),
            // Nothing but the question tells an array of events from a whole answer.
            None => asked.stream.filter(|frames| *frames == Frames::Array && own == Frames::Array),
        }
    }

    fn is_done(&self, data: &str) -> bool {
        self.api.events.as_ref().is_some_and(|events| events.done == data)
    }

    fn repeats(&self) -> bool {
        self.api.events.as_ref().is_some_and(|events| !events.repeats.is_empty())
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        self.api.error.fill(problem.message, problem.id, "", 0)
    }

    fn can_refuse(&self) -> bool {
        self.api.refusal.is_some()
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        let refusal = self.api.refusal.as_ref().unwrap_or(&self.api.error);
        refusal.fill(answer.message, answer.id, answer.model, answer.created)
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        let fill = |template: &Template| template.fill(answer.message, answer.id, answer.model, answer.created);
        let mut stream = self.written(|events| of(events, true), &fill).into_bytes();
        answer.frames.place(&mut stream, true);
        String::from_utf8(stream).unwrap_or_default()
    }

    fn ending(&self, view: &StreamView, ending: &Ending<'_>) -> String {
        let message = ending.refusal.unwrap_or(ending.message);
        let model = view.model.as_deref().unwrap_or_default();
        let refuses = ending.refusal.is_some();
        self.written(|events| of(events, refuses), &|template| template.fill(message, ending.id, model, ending.created))
    }

    fn failure(&self, message: &str, _frames: Frames) -> String {
        self.written(|events| &events.failure, &|template| template.fill(message, "", "", 0))
    }
}

/// What ends a stream. Without words of its own a refusal ends it like any block.
fn of(events: &Events, refuses: bool) -> &[Template] {
    if refuses && !events.refusal.is_empty() { &events.refusal } else { &events.ending }
}

/// Pointers by their steps.
#[derive(Default)]
struct Tree {
    holds: Option<Holds>,
    /// The place whose text comes again here.
    repeats: Option<Vec<String>>,
    members: BTreeMap<String, Tree>,
    elements: Option<Box<Tree>>,
}

impl Tree {
    fn at(&mut self, path: &[String]) -> &mut Tree {
        match path {
            [] => self,
            [step, rest @ ..] if step == "*" => self.elements.get_or_insert_default().at(rest),
            [step, rest @ ..] => self.members.entry(fold(step)).or_default().at(rest),
        }
    }

    /// In events, what an answer says comes in pieces. Content that stands `alone`, in no message, is one of this kind.
    fn shape(self, in_event: bool, alone: Option<Kind>) -> Shape {
        let leak = |shape: Shape| -> &'static Shape { Box::leak(Box::new(shape)) };
        let is_leaf = self.members.is_empty() && self.elements.is_none();
        let within = match self.holds {
            Some(Holds::Message | Holds::Content) => None,
            Some(Holds::Text(kind)) => alone.map(|_| kind),
            _ => alone,
        };
        let inner = if let Some(elements) = self.elements {
            Shape::Each(Index::Position, leak(elements.shape(in_event, within)))
        } else {
            let mut fields: Vec<(&'static str, Shape)> = Vec::new();
            if self.holds == Some(Holds::Message) && !self.members.contains_key("role") {
                fields.push(("role", Shape::OneOf(ROLES)));
            }
            for (name, tree) in self.members {
                fields.push((Box::leak(name.into_boxed_str()), tree.shape(in_event, within)));
            }
            Shape::Object(Box::leak(fields.into_boxed_slice()))
        };
        let text = |kind: Kind| {
            let text = Shape::Text(kind);
            let pieces = in_event && matches!(kind, Kind::Completion | Kind::Reasoning);
            if pieces { Shape::Part(leak(text)) } else { text }
        };
        let shape = match self.holds {
            None => inner,
            Some(Holds::Text(kind)) if is_leaf => text(kind),
            Some(Holds::Text(kind)) => Shape::Within(kind, leak(inner)),
            Some(Holds::Message) => Shape::Message(role_kind, leak(inner)),
            Some(Holds::Content) => {
                let content = Shape::Content(match inner {
                    _ if is_leaf => &PART,
                    Shape::Each(_, part) => part,
                    part => leak(part),
                });
                match alone {
                    Some(kind) => Shape::Prompt(kind, leak(content)),
                    None => content,
                }
            }
            // Whose call it is nobody knows: it may be anybody's.
            Some(Holds::Arguments) => Shape::Within(Kind::ToolCall, &Shape::Call(&Shape::Arguments)),
            Some(Holds::Harmless) => Shape::Harmless,
            Some(Holds::Media(media)) => Shape::Media(media),
        };
        let Some(to) = self.repeats else { return shape };
        let ways: Vec<Way> = to.iter().map(|step| Way::Member(Box::leak(fold(step).into_boxed_str()))).collect();
        Shape::Stands(Box::leak(ways.into_boxed_slice()), leak(Shape::Repeat(leak(shape))))
    }
}

fn fold(step: &str) -> String {
    String::from_utf8_lossy(fold_key(step).as_bytes()).into_owned()
}

fn is_object(json: &Json<'_>, node: NodeId) -> bool {
    json.kind(node) == NodeKind::Object
}

/// Whose words a message holds, by the names that are in use; any other is the user's.
fn role_kind(role: &str) -> Kind {
    match role {
        "system" | "developer" => Kind::System,
        "assistant" | "model" | "bot" | "ai" => Kind::Assistant,
        "tool" | "function" => Kind::ToolResult,
        _ => Kind::User,
    }
}

const ROLES: &[&str] = &["system", "developer", "user", "human", "assistant", "model", "bot", "ai", "tool", "function"];

static PART: Shape = Shape::Object(&[("type", Shape::Id), ("text", Shape::Inherit)]);
