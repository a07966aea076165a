//! A file as a tree in which everything knows its place.

use super::problem::quoted;
use super::scalar::{Core, Scalar};
use super::source::At;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands. A mapping or list begins at its first entry or bracket.
    pub at: At,
    /// What it is.
    pub value: Value,
}

/// What a node can be.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text, number, boolean or nothing.
    Scalar(Scalar),
    /// A list.
    Seq(Vec<Node>),
    /// A mapping, in file order, without duplicates.
    Map(Vec<Entry>),
}

/// One key of a mapping and what belongs to it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_at: At,
    /// The value.
    pub value: Node,
}

impl Node {
    /// What was found, for messages. Never the text of what came from `${…}`.
    pub fn found(&self) -> String {
        match &self.value {
            Value::Seq(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Scalar(scalar) if scalar.expanded => "a value from `${…}`, not shown".to_owned(),
            Value::Scalar(scalar) => match scalar.core() {
                Core::Null => "nothing".to_owned(),
                Core::Bool(value) => format!("the boolean `{value}`"),
                Core::Int(_) | Core::Float(_) => format!("the number {}", quoted(&scalar.text)),
                Core::Str(text) => format!("the text {}", quoted(text)),
            },
        }
    }

    /// Whether nothing is written there.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.core() == Core::Null)
    }

    /// The value of a key, if this is a mapping that has it.
    pub fn child(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The items of a list; anything else has none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The place of bytes `start..end` of the scalar's text; the whole scalar where escapes make that unclear.
    pub fn within(&self, start: usize, end: usize) -> At {
        let Value::Scalar(scalar) = &self.value else { return self.at.clone() };
        let mut at = self.at.clone();
        if let Some(offset) = at.raw().find(&scalar.text).filter(|_| !scalar.text.is_empty() && !scalar.expanded) {
            let base = at.range.start + offset;
            at.range = base + start..base + end.max(start);
        }
        at
    }
}
