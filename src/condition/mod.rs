//! Conditions: what `when` and `require` say, in CEL (<https://cel.dev>) over facts about a request.
//!
//! The `cel` crate reads them ([`cel`] is the only file that names it); they are checked when a policy loads and judged by
//! `eval`. The crate judges too, but without a bound on what that costs. A condition never panics and never waits; what it
//! costs is bounded ([`MAX_SOURCE`], [`MAX_COST`]), whatever values it meets; when it cannot be judged it says so, and
//! whoever asked decides what that means.

mod cel;
mod eval;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use self::eval::{Expr, Judge};
use crate::config::value::string;
use crate::config::{Node, Problem};

/// Longest source of a condition, in bytes.
pub const MAX_SOURCE: usize = 4 << 10;
/// Most steps that judging one condition may take. A step is an operator, or 32 bytes of text that are looked at.
pub const MAX_COST: u32 = 1 << 16;

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Whether a rule takes part: `request`, `segment` and `tenant`, as CEL judges.
    When,
    /// What must hold of a tool's arguments: `args`, `request` and `tenant`, strictly. Values of different types are not
    /// merely unequal, and what cannot be told is not made up for by what stands beside it.
    Require,
}

/// A condition that has been checked.
#[derive(Clone)]
pub struct Condition {
    source: Arc<str>,
    root: Arc<Expr>,
    strict: bool,
    uses: Uses,
}

/// Which facts a condition asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Anything about the text.
    pub segment: bool,
    /// How long the text is, which is known at its end.
    pub length: bool,
}

/// What is wrong with a condition, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// One line.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What conditions are judged by. What is not there is `null` here, and asking for it an error.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'v> {
    /// `request`: a mapping.
    pub request: &'v Value,
    /// `segment`: a mapping.
    pub segment: &'v Value,
    /// `tenant`: a mapping with `vars`.
    pub tenant: &'v Value,
    /// `args`: a mapping.
    pub args: &'v Value,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        Facts { request: &Value::Null, segment: &Value::Null, tenant: &Value::Null, args: &Value::Null }
    }
}

/// Why a condition cannot be judged. Says nothing of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unjudged {
    /// It asks for something that is not there.
    #[error("a field that is not there")]
    Missing,
    /// A value is of a type that the operator does not take.
    #[error("a value of another type")]
    Type,
    /// Numbers that are too large, or a division by zero.
    #[error("arithmetic without a result")]
    Arithmetic,
    /// More than [`MAX_COST`].
    #[error("too many steps")]
    Cost,
}

impl Condition {
    /// Reads and checks a condition.
    pub fn new(source: &str, about: About) -> Result<Condition, Fault> {
        let (root, uses) = cel::read(source, about)?;
        let (source, root, strict) = (source.trim().into(), Arc::new(root), about == About::Require);
        Ok(Condition { source, root, strict, uses })
    }

    /// The same of what stands in a file. Problems mark the part that is wrong.
    pub fn written(node: &Node, about: About) -> Result<Condition, Problem> {
        let source = string(node)?;
        Condition::new(&source, about).map_err(|fault| {
            let problem =
                Problem::error(&node.within(fault.range.start, fault.range.end), "the condition cannot be used");
            let problem = problem.label(fault.message);
            if let Some(help) = fault.help { problem.help(help) } else { problem }
        })
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, Unjudged> {
        Judge::new(facts, self.strict).holds(&self.root)
    }

    /// As its author wrote it.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// What it asks for.
    pub fn uses(&self) -> Uses {
        self.uses
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests;
