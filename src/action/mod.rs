//! Actions: what a rule does with what it finds. One file each, one line in [`ACTIONS`].

mod allow;
mod block;
mod hash;
mod log;
mod mask;
mod pseudonymize;
mod redact;
mod replace;

use std::fmt;
use std::sync::Arc;

use crate::config::MapReader;
use crate::segment::Scope;

pub use block::{Block, BlockAs};
pub use pseudonymize::placeholder;

/// A kind of action, as policies name it under `action`.
pub struct ActionKind {
    /// The name: `action: NAME`, or `action: { NAME: { … } }`.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// An `action` value that works as it stands.
    pub example: &'static str,
    /// Reads the options (an empty map for the bare name, the key `value` for a scalar as in `replace: "…"`).
    /// Problems go to the reader; `None` means that there was at least one.
    pub build: fn(&mut MapReader<'_>) -> Option<Action>,
}

/// Every action that this version has.
pub const ACTIONS: &[ActionKind] =
    &[block::KIND, mask::KIND, redact::KIND, replace::KIND, hash::KIND, pseudonymize::KIND, log::KIND, allow::KIND];

/// Actions of the contract that this version refuses by name.
pub const LATER: &[&str] = &["normalize", "append", "prepend", "critique", "by_entity"];

/// What a rule does with its findings.
#[derive(Clone, Debug)]
pub enum Action {
    /// Nothing of the message gets through from the finding on.
    Block(Block),
    /// The found text is replaced.
    Rewrite(Rewrite),
    /// The finding is recorded; the text stays.
    Log,
    /// Findings of the named rules that lie wholly inside are void. Entries are rule ids or `tag:NAME`.
    Allow(Vec<String>),
}

impl Action {
    /// The name shown in verdicts.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Block(_) => "block",
            Action::Rewrite(rewrite) => rewrite.name,
            Action::Log => "log",
            Action::Allow(_) => "allow",
        }
    }

    /// Whether text has to wait until the rule has made up its mind.
    pub fn holds(&self) -> bool {
        !matches!(self, Action::Log)
    }
}

/// A replacement for found text.
#[derive(Clone)]
pub struct Rewrite {
    /// The action's name.
    pub name: &'static str,
    /// For the rest of what is too long to be replaced at once (begin + run): this for each character, or nothing.
    pub fill: Option<char>,
    /// The new text is a pseudonym, and this is where answers get the old one back. `None`: it is none.
    pub restore: Option<Scope>,
    /// Makes the new text.
    pub with: Arc<dyn Fn(&Found<'_>) -> String + Send + Sync>,
}

impl fmt::Debug for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewrite").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a replacement may depend on.
pub struct Found<'a> {
    /// The text that is replaced.
    pub text: &'a str,
    /// Whether that is all of it, and not the head of something longer.
    pub whole: bool,
    /// The finding's entity, else its label, else its rule's id.
    pub entity: &'a str,
    /// The rule's id.
    pub rule: &'a str,
    /// The key of this installation (`secret` in the configuration).
    pub key: &'a [u8],
    /// What the text is called in this conversation. Empty unless the rewrite asks for it with `restore`.
    pub pseudonym: &'a str,
}
