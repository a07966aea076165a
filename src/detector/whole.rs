//! Checks that are no patterns: they read a text as it comes, from its first byte on, and say what they find in it.
//!
//! What a reader finds depends on the text alone, never on how it comes in. It says how far the text is decided, so that
//! a rule that blocks or rewrites holds no more than it needs: all of it until the end, where only the end decides. It
//! keeps bounded memory, and what it cannot see for that is over the limit.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::Conversation;

/// A check, as a rule configures it.
pub trait WholeText: fmt::Debug + Send + Sync {
    /// Starts on a text. `None`: this check does not read such texts.
    fn reader(&self, place: Place, conversation: &Conversation) -> Option<Box<dyn WholeReader>>;

    /// Why something with this label is a finding, without its text.
    fn why(&self, label: Option<&str>) -> String;

    /// What the check was made from besides what stands in the policy: a file that the policy names.
    fn source(&self) -> Option<&str> {
        None
    }

    /// Whether it compares answers with the conversation that they belong to.
    fn reads_conversation(&self) -> bool {
        false
    }

    /// Whether a token has to be put into the system prompt for it.
    fn plants_canary(&self) -> bool {
        false
    }

    /// Why only the end of a text decides, if so.
    fn needs_the_end(&self) -> Option<&'static str> {
        None
    }

    /// Whether an empty text may be a finding.
    fn judges_empty(&self) -> bool {
        false
    }
}

/// What a text is to the message that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A text as the message holds it.
    Segment,
    /// Several texts that are read on as one.
    Run,
    /// A string inside of a tool's arguments, which are a text themselves.
    Leaf,
}

/// A check under way in one text.
pub trait WholeReader: fmt::Debug + Send {
    /// Reads the next piece.
    fn feed(&mut self, piece: &str, found: &mut Vec<WholeFinding>);

    /// The text has ended.
    fn finish(&mut self, found: &mut Vec<WholeFinding>);

    /// What it still finds starts here or after. Nobody asks once the text has ended.
    fn open(&self) -> usize;

    /// Other texts follow, and are read on as one with this one, by a copy. Whether the check does that.
    fn goes_on(&mut self) -> bool;

    /// The same reader again.
    fn copy(&self) -> Box<dyn WholeReader>;
}

/// What a reader has found.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeFinding {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What it is.
    pub label: Option<Arc<str>>,
    /// How sure that is, in 0..=1.
    pub score: Option<f32>,
    /// Nothing was found, but this bound kept the check from seeing everything.
    pub bound: Option<&'static str>,
}

impl WholeFinding {
    /// A finding without a label.
    pub fn at(range: Range<usize>) -> WholeFinding {
        WholeFinding { range, label: None, score: None, bound: None }
    }
}

#[cfg(test)]
pub(super) mod tests;
