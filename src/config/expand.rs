//! `${VAR}`, `${VAR:-default}` and `${file:PATH}` in the scalars of `palisade.yaml`. `$${` stands for `${`.
//!
//! Expansion happens in the parsed tree, so what is put in can never become structure, and every scalar that it
//! touched is marked: its text is never shown.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::problem::{Collector, Problem, quoted};
use super::scalar::Scalar;
use super::source::{At, Source};
use super::tree::{Node, Value};

/// Where the values come from.
pub(super) struct Expander<'a> {
    /// An environment variable's value.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that relative paths start from.
    pub(super) folder: &'a Path,
    /// Where problems go.
    pub(super) problems: &'a Collector,
}

impl Expander<'_> {
    /// Expands every scalar of the tree. Keys stay as they are.
    pub(super) fn expand(&self, node: &mut Node) {
        match &mut node.value {
            Value::Seq(items) => items.iter_mut().for_each(|item| self.expand(item)),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| self.expand(&mut entry.value)),
            Value::Scalar(scalar) if scalar.text.contains("${") => match self.text(&scalar.text, &node.at) {
                Ok(text) => *scalar = Scalar { text, plain: true, expanded: true },
                Err(problem) => {
                    self.problems.push(problem);
                    self.problems.settle(&node.at);
                }
            },
            Value::Scalar(_) => {}
        }
    }

    fn text(&self, mut rest: &str, at: &At) -> Result<String, Problem> {
        let mut out = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = after;
                continue;
            }
            out.push_str(before);
            let Some((reference, after)) = after.split_once('}') else {
                return Err(Problem::error(at, "`${` without `}`").help("write `$${` for a literal `${`"));
            };
            out.push_str(&self.value(reference, at)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, reference: &str, at: &At) -> Result<String, Problem> {
        if let Some(path) = reference.strip_prefix("file:") {
            return read(&self.folder.join(path))
                .map_err(|reason| Problem::error(at, format!("cannot read {}", quoted(path))).label(reason));
        }
        let (name, default) = match reference.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (reference, None),
        };
        let valid = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !valid {
            return Err(Problem::error(at, "unknown kind of reference in `${…}`")
                .label("expected `${NAME}`, `${NAME:-default}` or `${file:PATH}`"));
        }
        match ((self.variable)(name), default) {
            (Some(value), None) => Ok(value),
            (Some(value), Some(_)) if !value.is_empty() => Ok(value),
            (_, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(Problem::error(at, format!("the environment variable {} is not set", quoted(name)))
                .help(format!("set it, or give a default: `${{{name}:-…}}`"))),
        }
    }
}

/// Hides every default of `${NAME:-default}`, also where the file does not parse.
pub(super) fn hide_defaults(source: &Arc<Source>, problems: &Collector) {
    let text = source.text();
    for (start, _) in text.match_indices("${") {
        let rest = text.get(start..).unwrap_or_default();
        let line = rest.split(['\n', '}']).next().unwrap_or_default();
        if let Some(default) = line.find(":-") {
            problems.hide(&At { source: Arc::clone(source), range: start + default + 2..start + line.len() });
        }
    }
}

/// A small text file without its last line break.
fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text));
    read.map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("the file is longer than {} KiB", MAX_BYTES >> 10));
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

const MAX_BYTES: u64 = 64 << 10;

#[cfg(test)]
mod tests;
