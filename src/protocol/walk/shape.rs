//! What a protocol's table can say of a place.

use crate::protocol::json::{Json, NodeId};
use crate::segment::{Kind, Media};

/// What stands at a place of a body.
pub enum Shape {
    /// Identifiers, enums, numbers; also whole trees of them.
    Harmless,
    /// One of these words; any other string is text. For words that chat templates put before the model as they come.
    OneOf(&'static [&'static str]),
    /// The `type` of a part, an item or an event, one of these; any other is text, and told of ([`super::Walked::unknown`]).
    Type(&'static [&'static str]),
    /// An id that chat templates put before the model: text as soon as it could be read as a sentence.
    Id,
    /// Text of this kind.
    Text(Kind),
    /// Text of the surrounding kind.
    Inherit,
    /// A message's content: a string, or an array of strings and parts. Joined by the reader.
    Content(&'static Shape),
    /// A part of a message's content that comes by itself: in a stream, block by block.
    Part(&'static Shape),
    /// Text of this kind at any depth, with keys that an author chose.
    Deep(Kind),
    /// Arguments of a tool call: JSON in a string, or the JSON itself.
    Arguments,
    /// A call of a tool: the object with its `name`, and its arguments, if it has any.
    Call(&'static Shape),
    /// Reasoning that its provider has signed: text that must stay as it is.
    Signed,
    /// A credential or a signature, which no model reads: no text, as long as it looks like none.
    Opaque,
    /// What cannot be looked into. URLs are text besides.
    Media(Media),
    /// A file in base64. Text of the surrounding kind if all of it is, else one that cannot be looked into; always the
    /// latter in responses.
    Encoded,
    /// Repeats text of the same choice token by token: goes when that text is rewritten, and is itself read as text.
    Echo,
    /// Counts on what the choice has said so far, by offsets into it say: goes when any of that is rewritten. What stands
    /// in it is read as well.
    Cites(&'static Shape),
    /// An object with these fields; the names are folded ([`crate::protocol::json::fold_key`]).
    Object(&'static [(&'static str, Shape)]),
    /// An object whose keys its author chose, every value of this shape.
    Map(&'static Shape),
    /// The same with this kind as surroundings.
    Within(Kind, &'static Shape),
    /// A message: its `role` says what kind its text is.
    Message(fn(&str) -> Kind, &'static Shape),
    /// The content of a message of this kind that stands without its message.
    Prompt(Kind, &'static Shape),
    /// The same, and its members say what it is: any other is told of ([`super::Walked::unknown`]).
    Union(&'static [(&'static str, Shape)]),
    /// A lone string is a message of this kind; anything else has this shape.
    Lone(Kind, &'static Shape),
    /// An object whose `type` says what shape it has.
    Tagged(fn(&str) -> &'static Shape),
    /// Says itself what shape it has.
    Chosen(fn(&Json<'_>, NodeId) -> &'static Shape),
    /// An object whose member of this name says what shape it has: a string, or anything else as it is spelled.
    By(&'static str, fn(&str) -> &'static Shape),
    /// Token ids in place of text cannot be looked into: content as if in a file that only the model can open.
    Tokens(&'static Shape),
    /// In a stream, the same place as the field of this name; without a name, the same place as its object.
    Alias(&'static str, &'static Shape),
    /// In a stream, the same place as the object that it is a field of: parts of content are read on as one text, and so is
    /// content that comes as a string in one event and in parts in the next.
    Same(&'static Shape),
    /// Comes whole in one event of a stream: what other events have there is another text.
    Whole(&'static Shape),
    /// The last that a stream says at its place, unless the member of this name is true: what comes after is another text.
    Last(&'static str, &'static Shape),
    /// In a stream, says again what other events say at the same place, whole.
    Repeat(&'static Shape),
    /// In a stream, stands at this place of the whole answer, wherever it stands in its event.
    Stands(&'static [Way], &'static Shape),
    /// An array (or a lone element).
    Each(Index, &'static Shape),
}

/// A step on the way to a place in the whole answer.
pub enum Way {
    /// Into the member of this name.
    Member(&'static str),
    /// To the element whose number is in this member of the event's object; the first one if it does not say.
    Number(&'static str),
}

/// How elements of an array that comes in pieces are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// By their position.
    Position,
    /// By their `index` member, else their position.
    Member,
    /// As `Member`; and each element is an answer of its own.
    Choice,
    /// By the string in their member of this name.
    Name(&'static str),
}
