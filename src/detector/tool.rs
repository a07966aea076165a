//! `tool`: calls of tools, by their names and what must hold of their arguments.

use std::sync::Arc;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::{DetectorKind, Plan};
use crate::condition::{About, Condition, Facts};
use crate::config::value::{string, with_help, wrong};
use crate::config::{MapReader, Node, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "tool",
    summary: "calls of tools by name, or whose arguments do not meet a condition",
    example: "{ tool: { name: \"refund*\", require: \"args.amount <= 100\" } }",
    build,
    choice: None,
};

/// `tool: { name, require, allow }`.
#[derive(Clone, Debug)]
pub struct ToolPlan {
    which: Which,
    /// What must hold of the arguments.
    require: Option<Condition>,
}

#[derive(Clone, Debug)]
enum Which {
    /// Calls of these.
    Named(Arc<[Name]>),
    /// Calls of others than these.
    Others(Arc<[Name]>),
}

/// A name as a policy writes it: `*` stands for any letters.
#[derive(Clone, Debug)]
struct Name {
    shown: Arc<str>,
    whole: String,
    /// Without its namespace, for calls that have none.
    bare: Option<String>,
}

/// Longest name of a call, in bytes, that is compared; no provider takes one as long.
const MAX_NAME: usize = 1024;
/// Longest pattern for names.
const MAX_PATTERN: usize = 256;

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let before = reader.problems().errors();
    let named = reader.list("name", name);
    let others = reader.list("allow", name);
    let require = reader.optional("require", |node| Condition::written(node, About::Require));
    if reader.problems().errors() > before {
        return None;
    }
    let problem = |title: &str, label: &str| Some(Problem::error(reader.head(), title).label(label));
    let wrong = match (&named, &others, &require) {
        (None, None, _) => {
            problem("`tool` names no tool", "expected `name`, or `allow` with the tools that may be called")
        }
        (Some(_), Some(_), _) => problem("`name` and `allow` do not go together", "expected one of the two"),
        (None, Some(_), Some(_)) => problem(
            "`require` is about the calls of a tool",
            "expected `name` beside it, not `allow`: write a rule for each",
        ),
        _ => None,
    };
    if let Some(wrong) = wrong {
        reader.problem(wrong);
        return None;
    }
    let which = match (named, others) {
        (Some(named), _) => Which::Named(named.into()),
        (None, others) => Which::Others(others?.into()),
    };
    Some(Plan::Tool(ToolPlan { which, require }))
}

fn name(node: &Node) -> Result<Name, Problem> {
    let shown = string(node)?;
    let parts = parts(&shown);
    let whole = parts.concat();
    if whole.is_empty() || shown.len() > MAX_PATTERN {
        let help = "letters and digits count, `*` stands for any of them";
        return Err(with_help(wrong(node, "the name of a tool, such as `refund*`"), Some(help.to_owned())));
    }
    let last = parts.last().filter(|last| parts.len() > 1 && last.chars().any(char::is_alphanumeric));
    Ok(Name { shown: shown.as_str().into(), whole, bare: last.cloned() })
}

/// The parts of a name between the signs that set namespaces off, each without what does not count: case, width, spaces,
/// separators. Empty ones are left out.
fn parts(name: &str) -> Vec<String> {
    let spelled = name.replace("__", "/");
    let fold = |part: &str| -> String {
        let letters = part.nfkc().flat_map(char::to_lowercase);
        letters.filter(|char| char.is_alphanumeric() || *char == '*').collect()
    };
    spelled.split(['.', '/', ':']).map(fold).filter(|part| !part.is_empty()).collect()
}

/// Whether a name is of this form, letter for letter. `*` is any number of characters.
pub(super) fn is_like(form: &str, name: &str) -> bool {
    let Some((first, rest)) = form.split_once('*') else { return form == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        let Some(at) = left.find(piece) else { return false };
        left = left.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

impl ToolPlan {
    /// Judges a whole call: `Some` is a finding, of the name that was written if it was for one. A call whose name is
    /// missing may be anybody's. `args` is `None` where arguments are missing, or are no JSON object that has one reading.
    pub fn finds(&self, name: Option<&str>, args: Option<&Value>, facts: &Facts<'_>) -> Option<Option<Arc<str>>> {
        let name = name.filter(|name| name.len() <= MAX_NAME).map(parts).filter(|parts| !parts.is_empty());
        match &self.which {
            Which::Others(allowed) => {
                let known = name.is_some_and(|parts| allowed.iter().any(|allowed| allowed.allows(&parts)));
                (!known).then_some(None)
            }
            Which::Named(names) => {
                let own = match &name {
                    Some(parts) => names.iter().find(|own| own.names(parts)),
                    None => names.first(),
                };
                let own = own?;
                let met = self.require.as_ref().is_some_and(|condition| {
                    args.is_some_and(|args| condition.holds(&Facts { args, ..*facts }) == Ok(true))
                });
                (!met).then(|| Some(Arc::clone(&own.shown)))
            }
        }
    }

    /// What must hold of the arguments.
    pub fn require(&self) -> Option<&Condition> {
        self.require.as_ref()
    }

    /// Shown in `why`.
    pub fn why(&self) -> String {
        match (&self.which, &self.require) {
            (Which::Others(_), _) => "a call of a tool that is not allowed".to_owned(),
            (Which::Named(_), None) => "a call of this tool".to_owned(),
            (Which::Named(_), Some(condition)) => format!("a call that does not meet {}", condition.source()),
        }
    }
}

impl Name {
    /// Whether a call is of this tool, wherever namespaces are written and wherever not.
    fn names(&self, parts: &[String]) -> bool {
        let ends = (0..parts.len()).map(|from| parts[from..].concat());
        let alone = self.bare.as_ref().filter(|_| parts.len() == 1);
        ends.into_iter().any(|end| is_like(&self.whole, &end)) || alone.is_some_and(|bare| is_like(bare, &parts[0]))
    }

    /// The same where that lets a call through: a namespace has to be the one that is written, or the one that models put
    /// before every name.
    fn allows(&self, parts: &[String]) -> bool {
        let parts = if parts.len() > 1 && parts[0] == "functions" { &parts[1..] } else { parts };
        is_like(&self.whole, &parts.concat())
    }
}

#[cfg(test)]
mod tests;
