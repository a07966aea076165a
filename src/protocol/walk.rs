//! Walks a parsed body by the shape of its protocol and accounts for every string in it.
//!
//! A protocol is a table of [`Shape`]s. Whatever the table does not name is text all the same, of the kind of its
//! surroundings: a provider's new field is never a way round. Values that are named harmless (ids, enums) are skipped
//! only while they look like identifiers.

mod names;
mod shape;

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

pub use self::names::is_identifier;
use self::names::{MEDIA_WORDS, SCHEMA_WORDS, is_opaque, is_token};
pub use self::shape::{Index, Shape, Way};
use super::inline;
use super::json::{Folded, Json, NodeId, NodeKind, fold_key, push_pointer};
use crate::segment::{Direction, Kind, Media, Scope};

/// Why a body that is JSON is not read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// Two keys that some reader takes for the same.
    #[error("two keys that differ only by case or separators")]
    VariantKeys,
}

/// A string that is text.
#[derive(Clone, Copy, Debug)]
pub struct TextLeaf {
    /// Its node.
    pub node: NodeId,
    /// The kind shown.
    pub kind: Kind,
    /// What it counts as.
    pub scope: Scope,
    /// Names the channel that it belongs to: the same over all events of a stream.
    pub channel: u64,
    /// What it is besides text.
    pub role: LeafRole,
    /// Position of the answer that it belongs to.
    pub choice: Option<u32>,
    /// The message that it stands in, counted from 1; 0 outside messages.
    pub message: u32,
    /// The array that it is an element of.
    pub array: Option<NodeId>,
    /// How it belongs to the text of its channel.
    pub extent: Extent,
    /// The call of a tool that it is a part of.
    pub call: Option<Call>,
}

/// A part of a call of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Names the call: the same over all events of a stream.
    pub key: u64,
    /// Which part.
    pub part: CallPart,
}

/// What a text is to the call that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallPart {
    /// The tool's name, or a piece of it.
    Name,
    /// The arguments, or a piece of them.
    Arguments,
    /// Anything else.
    Other,
}

/// How much of its text a leaf is, in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What comes next of it.
    Piece,
    /// All of it: no other event has any of it.
    Whole,
    /// The last of it: what comes next at its place is another text.
    Last,
    /// All of it, which other events may have said or may say, in pieces or whole.
    Repeat,
}

/// What a text leaf is besides text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafRole {
    /// A value.
    Value,
    /// A part of its message's content, joined with the others by the reader.
    Part,
    /// A key: it cannot be rewritten.
    Key,
    /// Tool arguments: JSON inside.
    Arguments,
    /// Signed: it cannot be rewritten.
    Signed,
    /// Encoded: the text is what it decodes to.
    Encoded,
}

impl TextLeaf {
    /// The text.
    pub fn text<'t>(&self, json: &Json<'t>) -> Cow<'t, str> {
        let text = json.string(self.node);
        if self.role == LeafRole::Encoded { inline::text(&text).unwrap_or_default().into() } else { text }
    }
}

/// A value that goes when text of its answer is rewritten.
#[derive(Debug)]
pub struct Echo {
    /// Its node.
    pub node: NodeId,
    /// Position of the answer that it belongs to.
    pub choice: Option<u32>,
    /// What it repeats of that text, in order; all of it is one text. What only counts on the text has none.
    pub tokens: Vec<TextLeaf>,
}

/// What a walk collects.
#[derive(Debug, Default)]
pub struct Walked {
    /// All text, in the order of the body.
    pub texts: Vec<TextLeaf>,
    /// What could not be looked into.
    pub unscannable: Vec<(Media, NodeId)>,
    /// Values that go when text is rewritten.
    pub echoes: Vec<Echo>,
    /// Strings that were passed over as harmless.
    pub harmless: Vec<NodeId>,
    /// For each position of an answer, its own index.
    pub choices: Vec<(u32, u64, NodeId)>,
    /// Kinds of the messages, in order.
    pub messages: Vec<Kind>,
    /// Types of parts, items and events that the protocol does not know.
    pub unknown: Vec<NodeId>,
}

/// Tells texts apart that stand at the same place of different events.
static WHOLE: AtomicU64 = AtomicU64::new(0);

static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Walks `json` from its root.
pub fn walk(json: &Json<'_>, shape: &'static Shape, direction: Direction, kind: Kind) -> Result<Walked, WalkError> {
    let mut walker = Walker { json, out: Walked::default(), direction, everything: None };
    walker.shape(0, shape, Place::root(kind))?;
    Ok(walker.out)
}

/// Whether a text of this kind is what an answer says, or does: reasoning alone is no answer.
pub fn says(kind: Kind) -> bool {
    matches!(kind, Kind::Completion | Kind::ToolCall)
}

/// Walks a body that no protocol knows: every string belongs to every kind of its direction.
pub fn walk_unknown(json: &Json<'_>, direction: Direction) -> Walked {
    let (kind, scope) = match direction {
        Direction::Request => (Kind::User, Scope::INPUT),
        Direction::Response => (Kind::Completion, Scope::OUTPUT),
    };
    let mut walker = Walker { json, out: Walked::default(), direction, everything: Some(scope) };
    walker.deep(0, Place::root(kind), true);
    walker.out
}

/// The JSON pointer of a node. `joined` gives the pointer into the message that stream events add up to: elements by
/// their own index, `delta` as `message`.
pub fn pointer(json: &Json<'_>, node: NodeId, joined: bool) -> String {
    let mut path = Vec::new();
    let mut at = node;
    while let Some((parent, position)) = json.parent(at) {
        path.push((parent, at, position));
        at = parent;
    }
    let mut out = String::new();
    for (parent, at, position) in path.into_iter().rev() {
        if json.kind(parent) == NodeKind::Object {
            // Keys and values take turns; a value is named by the key before it.
            let name = json.string(if position % 2 == 0 { at } else { at - 1 });
            push_pointer(&mut out, if joined && name == "delta" { "message" } else { &name });
        } else {
            let own = joined.then(|| own_index(json, at)).flatten();
            push_pointer(&mut out, &own.unwrap_or(position as u64).to_string());
        }
    }
    out
}

/// The `index` member of an element.
pub fn own_index(json: &Json<'_>, element: NodeId) -> Option<u64> {
    json.get(element, "index").and_then(|index| json.raw(index).parse().ok())
}

#[derive(Clone, Copy)]
struct Place<'p> {
    kind: Kind,
    path: Path<'p>,
    choice: Option<u32>,
    message: u32,
    array: Option<NodeId>,
    role: LeafRole,
    extent: Extent,
    /// The call around, and whether the place is the call itself.
    call: Option<(Call, bool)>,
}

/// The way to a place from the root, kept on the stack: only text leaves need it as a whole.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Under(&'p Path<'p>, &'p [u8]),
    At(&'p Path<'p>, u64),
}

impl Path<'_> {
    /// A keyed hash: nobody can choose keys so that two channels become one.
    fn channel(self) -> u64 {
        HASHER.hash_one(self)
    }
}

impl Hash for Path<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Path::Root => {}
            Path::Under(outer, name) => {
                outer.hash(state);
                state.write_u8(0);
                name.hash(state);
            }
            Path::At(outer, index) => {
                outer.hash(state);
                state.write_u8(1);
                index.hash(state);
            }
        }
    }
}

impl Place<'_> {
    fn root(kind: Kind) -> Self {
        Place {
            kind,
            path: Path::Root,
            choice: None,
            message: 0,
            array: None,
            role: LeafRole::Value,
            extent: Extent::Piece,
            call: None,
        }
    }

    fn under<'n>(&'n self, token: &'n [u8]) -> Place<'n> {
        Place { path: Path::Under(&self.path, token), array: None, ..*self }
    }

    fn at(&self, index: u64) -> Place<'_> {
        Place { path: Path::At(&self.path, index), ..*self }
    }

    fn of(self, kind: Kind) -> Self {
        Place { kind, ..self }
    }
}

struct Walker<'j, 't> {
    json: &'j Json<'t>,
    out: Walked,
    direction: Direction,
    /// On bodies that no protocol knows: what every string counts as.
    everything: Option<Scope>,
}

impl Walker<'_, '_> {
    fn shape(&mut self, node: NodeId, shape: &'static Shape, place: Place<'_>) -> Result<(), WalkError> {
        let kind = self.json.kind(node);
        match (shape, kind) {
            (Shape::Harmless, _) => self.harmless(node, place)?,
            (Shape::OneOf(words) | Shape::Type(words), NodeKind::String)
                if words.contains(&&*self.json.string(node)) =>
            {
                self.out.harmless.push(node);
            }
            (Shape::Type(_), _) => {
                self.out.unknown.push(node);
                self.deep(node, Place { role: LeafRole::Value, ..place }, true);
            }
            (Shape::Id, NodeKind::String) if is_opaque(&self.json.string(node)) => self.out.harmless.push(node),
            (Shape::OneOf(_) | Shape::Id, _) => self.deep(node, Place { role: LeafRole::Value, ..place }, true),
            (Shape::Text(text), _) => self.deep(node, place.of(*text), false),
            (Shape::Content(part), NodeKind::Array) => {
                for element in self.json.elements(node) {
                    let place = Place { role: LeafRole::Part, ..place };
                    if self.json.kind(element) == NodeKind::String {
                        self.text(element, place);
                    } else {
                        self.shape(element, part, place)?;
                    }
                }
            }
            (Shape::Content(part), NodeKind::Object) => {
                self.shape(node, part, Place { role: LeafRole::Part, ..place })?;
            }
            (Shape::Content(_), _) => {
                self.deep(node, Place { role: LeafRole::Part, ..place }, false);
            }
            (Shape::Deep(text), _) => self.deep(node, place.of(*text), true),
            (Shape::Arguments, NodeKind::String | NodeKind::Object) => {
                self.text(node, Place { role: LeafRole::Arguments, ..place.of(Kind::ToolCall) });
            }
            (Shape::Arguments, _) => self.deep(node, place.of(Kind::ToolCall), true),
            (Shape::Call(inner), _) => {
                let call = Call { key: place.path.channel(), part: CallPart::Other };
                self.shape(node, inner, Place { call: Some((call, true)), ..place })?;
            }
            (Shape::Signed, NodeKind::String) => self.text(node, Place { role: LeafRole::Signed, ..place }),
            (Shape::Opaque, NodeKind::String) if is_token(&self.json.string(node)) => {
                self.out.harmless.push(node);
            }
            (Shape::Signed | Shape::Opaque, _) => self.deep(node, place, true),
            (Shape::Media(media), _) => self.media(node, *media, place)?,
            (Shape::Encoded, NodeKind::String)
                if self.direction == Direction::Request && inline::text(&self.json.string(node)).is_some() =>
            {
                self.text(node, Place { role: LeafRole::Encoded, ..place });
            }
            (Shape::Encoded, _) => self.media(node, Media::File, place)?,
            (Shape::Echo, NodeKind::Array) if self.json.elements(node).next().is_none() => {}
            (Shape::Echo, NodeKind::Object | NodeKind::Array) => self.echo(node, place),
            (Shape::Inherit | Shape::Echo, _) => self.deep(node, place, false),
            (Shape::Cites(inner), _) => {
                if matches!(kind, NodeKind::Object | NodeKind::Array) {
                    self.out.echoes.push(Echo { choice: place.choice, node, tokens: Vec::new() });
                }
                self.shape(node, inner, place)?;
            }
            (Shape::Chosen(shape_of), _) => self.shape(node, shape_of(self.json, node), place)?,
            (Shape::Within(kind, inner), _) => {
                self.shape(node, inner, Place { role: LeafRole::Value, ..place.of(*kind) })?;
            }
            (Shape::Tagged(shape_of), NodeKind::Object) => {
                let tag = self.json.get(node, "type").map(|tag| self.json.string(tag));
                self.shape(node, shape_of(tag.as_deref().unwrap_or_default()), place)?;
            }
            (Shape::By(name, shape_of), NodeKind::Object) => {
                let tag = self.json.get(node, name).map(|tag| match self.json.kind(tag) {
                    NodeKind::String => self.json.string(tag),
                    _ => self.json.raw(tag).into(),
                });
                self.shape(node, shape_of(tag.as_deref().unwrap_or_default()), place)?;
            }
            (Shape::Tokens(inner), _) => {
                let mut elements = self.json.elements(node);
                if elements.any(|element| matches!(self.json.kind(element), NodeKind::Number | NodeKind::Array)) {
                    self.out.unscannable.push((Media::File, node));
                }
                self.shape(node, inner, place)?;
            }
            (Shape::Part(inner), _) => self.shape(node, inner, Place { role: LeafRole::Part, ..place })?,
            (Shape::Whole(inner), _) => {
                let place = Place { extent: Extent::Whole, ..place.at(WHOLE.fetch_add(1, Ordering::Relaxed)) };
                self.shape(node, inner, place)?;
            }
            (Shape::Last(name, inner), _) => {
                let goes_on = self.json.get(node, name).is_some_and(|more| self.json.kind(more) == NodeKind::True);
                let extent = if goes_on { Extent::Piece } else { Extent::Last };
                self.shape(node, inner, Place { extent, ..place })?;
            }
            (Shape::Repeat(inner), _) => self.shape(node, inner, Place { extent: Extent::Repeat, ..place })?,
            (Shape::Stands(ways, inner), _) => {
                self.stands(node, ways, inner, Place { path: Path::Root, ..place })?;
            }
            (Shape::Lone(kind, _), NodeKind::String) => {
                self.out.messages.push(*kind);
                let message = self.out.messages.len() as u32;
                self.text(node, Place { message, role: LeafRole::Part, ..place.of(*kind) });
            }
            (Shape::Alias(_, inner) | Shape::Same(inner) | Shape::Lone(_, inner), _) => {
                self.shape(node, inner, place)?;
            }
            (Shape::Prompt(kind, inner), _) => {
                self.out.messages.push(*kind);
                let message = self.out.messages.len() as u32;
                self.shape(node, inner, Place { message, ..place.of(*kind) })?;
            }
            (Shape::Object(fields), NodeKind::Object) => self.object(node, fields, place, false)?,
            (Shape::Union(fields), NodeKind::Object) => self.object(node, fields, place, true)?,
            (Shape::Map(inner), NodeKind::Object) => {
                self.refuse_variants(node)?;
                for (key, value) in self.json.members(node) {
                    let name = self.json.string(key);
                    let under = place.under(name.as_bytes());
                    if !is_identifier(&name) {
                        self.key(key, under);
                    }
                    self.shape(value, inner, under)?;
                }
            }
            (Shape::Message(kind_of, inner), NodeKind::Object) => {
                let role = self.json.get(node, "role").map(|role| self.json.string(role));
                let kind = kind_of(role.as_deref().unwrap_or_default());
                self.out.messages.push(kind);
                let message = self.out.messages.len() as u32;
                self.shape(node, inner, Place { message, ..place.of(kind) })?;
            }
            (Shape::Each(index, inner), NodeKind::Array) => {
                for (position, element) in self.json.elements(node).enumerate() {
                    self.element(element, position, *index, inner, place)?;
                }
            }
            (Shape::Each(index, inner), NodeKind::Object) => self.element(node, 0, *index, inner, place)?,
            // Not what it should be: then it is text at any depth.
            (
                Shape::Object(_)
                | Shape::Union(_)
                | Shape::Map(_)
                | Shape::Message(..)
                | Shape::Tagged(_)
                | Shape::By(..)
                | Shape::Each(..),
                _,
            ) => {
                self.deep(node, place, true);
            }
        }
        Ok(())
    }

    fn stands(
        &mut self,
        node: NodeId,
        ways: &'static [Way],
        inner: &'static Shape,
        place: Place<'_>,
    ) -> Result<(), WalkError> {
        match ways {
            [] => self.shape(node, inner, place),
            [Way::Member(name), rest @ ..] => self.stands(node, rest, inner, place.under(name.as_bytes())),
            [Way::Number(name), rest @ ..] => {
                let number = self.json.get(node, name).and_then(|number| self.json.raw(number).parse().ok());
                self.stands(node, rest, inner, place.at(number.unwrap_or(0)))
            }
        }
    }

    fn element(
        &mut self,
        element: NodeId,
        position: usize,
        index: Index,
        inner: &'static Shape,
        place: Place<'_>,
    ) -> Result<(), WalkError> {
        let place = Place { role: LeafRole::Value, ..place };
        let own = match index {
            Index::Position => None,
            Index::Member | Index::Choice => own_index(self.json, element),
            Index::Name(name) => {
                let name = self.json.get(element, name).map(|name| self.json.string(name)).unwrap_or_default();
                return self.shape(element, inner, place.under(name.as_bytes()));
            }
        };
        let own = own.unwrap_or(position as u64);
        let mut place = place.at(own);
        if index == Index::Choice {
            let position = self.out.choices.len() as u32;
            place.choice = Some(position);
            self.out.choices.push((position, own, element));
        }
        self.shape(element, inner, place)
    }

    fn object(
        &mut self,
        node: NodeId,
        fields: &'static [(&'static str, Shape)],
        place: Place<'_>,
        is_union: bool,
    ) -> Result<(), WalkError> {
        let mut seen = 0u128;
        let mut others: HashSet<Folded> = HashSet::new();
        for (key, value) in self.json.members(node) {
            let name = self.json.string(key);
            let folded = fold_key(&name);
            if let Some(index) = fields.iter().position(|(field, _)| folded == **field) {
                let bit = 1u128 << (index % 128);
                if seen & bit != 0 {
                    return Err(WalkError::VariantKeys);
                }
                seen |= bit;
                let (name, shape) = &fields[index];
                let call = place.call.map(|(call, is_call)| match *name {
                    "name" if is_call => (Call { part: CallPart::Name, ..call }, false),
                    _ => (call, false),
                });
                let own = Place { array: None, call, ..place };
                let inner = match shape {
                    Shape::Same(_) | Shape::Alias("", _) => own,
                    Shape::Alias(name, _) => own.under(name.as_bytes()),
                    _ => own.under(name.as_bytes()),
                };
                self.shape(value, shape, inner)?;
            } else {
                if others.contains(&folded) {
                    return Err(WalkError::VariantKeys);
                }
                let inner = Place { role: LeafRole::Value, ..place.under(folded.as_bytes()) };
                if is_union {
                    self.out.unknown.push(key);
                }
                // Chat templates write whole messages and tools out for the model, unknown keys and all.
                let read =
                    self.direction == Direction::Request && (place.message > 0 || place.kind == Kind::ToolDefinition);
                if read || !is_identifier(&name) {
                    self.key(key, inner);
                }
                self.deep(value, inner, true);
                others.insert(folded);
            }
        }
        Ok(())
    }

    /// Every string below is text; with `keys`, keys are too.
    fn deep(&mut self, node: NodeId, place: Place<'_>, keys: bool) {
        match self.json.kind(node) {
            NodeKind::String => self.text(node, place),
            NodeKind::Array => {
                for (position, element) in self.json.elements(node).enumerate() {
                    self.deep(element, Place { array: Some(node), ..place.at(position as u64) }, keys);
                }
            }
            NodeKind::Object => {
                for (key, value) in self.json.members(node) {
                    let name = self.json.string(key);
                    let inner = Place { role: LeafRole::Value, ..place.under(name.as_bytes()) };
                    if if keys { !SCHEMA_WORDS.contains(&&*name) } else { !is_identifier(&name) } {
                        self.key(key, inner);
                    }
                    self.deep(value, inner, keys);
                }
            }
            _ => {}
        }
    }

    fn harmless(&mut self, node: NodeId, place: Place<'_>) -> Result<(), WalkError> {
        match self.json.kind(node) {
            NodeKind::String if is_identifier(&self.json.string(node)) => self.out.harmless.push(node),
            NodeKind::String => self.text(node, Place { role: LeafRole::Value, ..place }),
            NodeKind::Array => {
                for (position, element) in self.json.elements(node).enumerate() {
                    self.harmless(element, place.at(position as u64))?;
                }
            }
            NodeKind::Object => {
                self.refuse_variants(node)?;
                for (key, value) in self.json.members(node) {
                    let name = self.json.string(key);
                    let inner = place.under(name.as_bytes());
                    if !is_identifier(&name) {
                        self.key(key, inner);
                    }
                    self.harmless(value, inner)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn media(&mut self, node: NodeId, media: Media, place: Place<'_>) -> Result<(), WalkError> {
        let is_empty = match self.json.kind(node) {
            NodeKind::Null | NodeKind::False => true,
            NodeKind::Array => self.json.elements(node).next().is_none(),
            _ => self.json.string(node).is_empty(),
        };
        if !is_empty {
            self.out.unscannable.push((media, node));
        }
        self.beside_media(node, Place { role: LeafRole::Value, ..place })
    }

    /// What stands in unscannable content and can be read all the same: addresses, and anything that is not encoded data.
    fn beside_media(&mut self, node: NodeId, place: Place<'_>) -> Result<(), WalkError> {
        match self.json.kind(node) {
            NodeKind::String => {
                let text = self.json.string(node);
                let inline = text.starts_with("data:")
                    && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'[' | b']'));
                let encoded = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte));
                if inline || encoded {
                    self.out.harmless.push(node);
                } else {
                    self.text(node, place);
                }
            }
            NodeKind::Array => {
                for (position, element) in self.json.elements(node).enumerate() {
                    self.beside_media(element, place.at(position as u64))?;
                }
            }
            NodeKind::Object => {
                self.refuse_variants(node)?;
                for (key, value) in self.json.members(node) {
                    let name = self.json.string(key);
                    let inner = place.under(name.as_bytes());
                    if !MEDIA_WORDS.contains(&&*name) {
                        self.key(key, inner);
                    }
                    self.beside_media(value, inner)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Below what the table spells out a client's keys have to be of one reading all the same. Providers do answer with
    /// figures in two spellings.
    fn refuse_variants(&self, object: NodeId) -> Result<(), WalkError> {
        if self.direction == Direction::Response {
            return Ok(());
        }
        let mut seen = HashSet::new();
        let once = self.json.members(object).all(|(key, _)| seen.insert(fold_key(&self.json.string(key))));
        if once { Ok(()) } else { Err(WalkError::VariantKeys) }
    }

    fn echo(&mut self, node: NodeId, place: Place<'_>) {
        let (mut tokens, one) = (Vec::new(), self.leaf(node, Place { role: LeafRole::Value, ..place }));
        self.tokens(node, one, &mut tokens);
        self.out.echoes.push(Echo { node, choice: place.choice, tokens });
    }

    /// The strings at any depth, but for what might have been said instead.
    fn tokens(&self, node: NodeId, one: TextLeaf, out: &mut Vec<TextLeaf>) {
        match self.json.kind(node) {
            NodeKind::String => out.push(TextLeaf { node, ..one }),
            NodeKind::Array => self.json.elements(node).for_each(|element| self.tokens(element, one, out)),
            NodeKind::Object => {
                let is_said = |key| {
                    let key = fold_key(&self.json.string(key));
                    key != *"toplogprobs" && key != *"topcandidates"
                };
                let said = self.json.members(node).filter(|&(key, _)| is_said(key));
                said.for_each(|(_, value)| self.tokens(value, one, out));
            }
            _ => {}
        }
    }

    fn key(&mut self, node: NodeId, place: Place<'_>) {
        self.text(node, Place { role: LeafRole::Key, array: None, ..place.under(b"\0key") });
    }

    fn text(&mut self, node: NodeId, place: Place<'_>) {
        let leaf = self.leaf(node, place);
        self.out.texts.push(leaf);
    }

    fn leaf(&self, node: NodeId, place: Place<'_>) -> TextLeaf {
        TextLeaf {
            node,
            kind: place.kind,
            scope: self.everything.unwrap_or(Scope::one(self.direction, place.kind)),
            channel: place.path.channel(),
            role: place.role,
            choice: place.choice,
            message: place.message,
            array: place.array,
            extent: place.extent,
            call: place.call.map(|(call, _)| match place.role {
                LeafRole::Arguments => Call { part: CallPart::Arguments, ..call },
                _ => call,
            }),
        }
    }
}
