//! Typed reading of a mapping that goes on after a problem, so that one run shows them all.
//!
//! A reader knows which keys were asked for; when it is done, every other key is a problem that names the nearest
//! valid one. Nothing that somebody wrote is ever silently ignored.

use super::nearest::{did_you_mean, either};
use super::problem::{Collector, Problem, quoted};
use super::source::At;
use super::tree::{Entry, Node, Value};
use super::value::{WRONG, with_help, wrong};

/// Reads the keys of one mapping.
pub struct MapReader<'a> {
    what: String,
    head: At,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
    later: &'static [&'static str],
    problems: &'a Collector,
}

impl<'a> MapReader<'a> {
    /// Reads a mapping node with `read`, then reports the keys that it did not ask for. A node that is no mapping is a
    /// problem, except that nothing at all counts as an empty mapping. `what` names the thing in messages. `None`: the
    /// mapping has an error.
    pub fn read<T>(
        node: &'a Node,
        what: &str,
        problems: &'a Collector,
        read: impl FnOnce(&mut MapReader<'a>) -> T,
    ) -> Option<T> {
        match &node.value {
            Value::Map(entries) => {
                let head = entries.first().map_or_else(|| node.at.clone(), |entry| entry.key_at.clone());
                MapReader::over(entries, &head, what, problems, read)
            }
            Value::Scalar(_) if node.is_null() => MapReader::over(&[], &node.at, what, problems, read),
            _ => {
                problems.push(wrong(node, "a mapping (`key: value`)"));
                None
            }
        }
    }

    /// As [`MapReader::read`], over entries that need not stand together in a file. `head` is marked when a key is
    /// missing.
    pub fn over<T>(
        entries: &'a [Entry],
        head: &At,
        what: &str,
        problems: &'a Collector,
        read: impl FnOnce(&mut MapReader<'a>) -> T,
    ) -> Option<T> {
        let before = problems.errors();
        let mut reader =
            MapReader { what: what.to_owned(), head: head.clone(), entries, asked: Vec::new(), later: &[], problems };
        let result = read(&mut reader);
        reader.finish();
        (problems.errors() == before).then_some(result)
    }

    /// The raw value of a key, if it is written.
    pub fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The value of a key that may be missing. `None` also when it is wrong, which is then reported.
    pub fn optional<T>(&mut self, key: &'static str, read: impl Fn(&Node) -> Result<T, Problem>) -> Option<T> {
        let node = self.node(key)?;
        self.keep(key, read(node))
    }

    /// The value of a key that must be there.
    pub fn required<T>(&mut self, key: &'static str, read: impl Fn(&Node) -> Result<T, Problem>) -> Option<T> {
        let node = self.required_node(key)?;
        self.keep(key, read(node))
    }

    /// The raw value of a key that must be there.
    pub fn required_node(&mut self, key: &'static str) -> Option<&'a Node> {
        let node = self.node(key);
        if node.is_none() {
            let title = format!("{} has no {}", self.what, quoted(key));
            self.problems.push(Problem::error(&self.head, title).label(format!("expected {} here", quoted(key))));
        }
        node
    }

    /// The mapping under a key, read by `read`, if it is written.
    pub fn map<T>(&mut self, key: &'static str, read: impl FnOnce(&mut MapReader<'a>) -> T) -> Option<T> {
        let node = self.node(key)?;
        MapReader::read(node, &quoted(key), self.problems, read)
    }

    /// The values of a list, or the one value that stands in its place. An empty list is a problem. `None`: not
    /// written, or wrong.
    pub fn list<T>(&mut self, key: &'static str, read: impl Fn(&Node) -> Result<T, Problem>) -> Option<Vec<T>> {
        let node = self.node(key)?;
        let items = match &node.value {
            Value::Seq(items) if items.is_empty() => {
                self.problems.push(Problem::error(&node.at, format!("{} is empty", quoted(key))));
                return None;
            }
            Value::Seq(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let read: Vec<T> = items.iter().filter_map(|item| self.keep(key, read(item))).collect();
        (read.len() == items.len()).then_some(read)
    }

    /// Names keys that belong to the format but that this version does not have.
    pub fn later(&mut self, keys: &'static [&'static str]) {
        self.later = keys;
    }

    /// Reports a problem.
    pub fn problem(&self, problem: Problem) {
        self.problems.push(problem);
    }

    /// What to mark when the mapping as a whole is wrong.
    pub fn head(&self) -> &At {
        &self.head
    }

    /// Every entry, for mappings whose keys are the author's own. No key is then unknown.
    pub fn entries(&mut self) -> &'a [Entry] {
        std::mem::take(&mut self.entries)
    }

    /// Where problems go.
    pub fn problems(&self) -> &'a Collector {
        self.problems
    }

    /// Adds the key's name to a problem with its value.
    fn keep<T>(&self, key: &str, result: Result<T, Problem>) -> Option<T> {
        self.problems.keep(result.map_err(|problem| match problem.title.as_str() {
            WRONG => Problem { title: format!("{WRONG} for {}", quoted(key)), ..problem },
            _ => problem,
        }))
    }

    fn finish(self) {
        for entry in self.entries {
            let key = entry.key.as_str();
            if self.asked.contains(&key) {
                continue;
            }
            // A scalar in place of options, see `ActionKind::build`.
            if entry.key_at.same(&entry.value.at) && !entry.value.is_null() {
                self.problems.push(wrong(&entry.value, "a mapping of options"));
                continue;
            }
            self.problems.push(if self.later.contains(&key) {
                not_available(&entry.key_at, key)
            } else {
                let title = format!("unknown key {} in {}", quoted(key), self.what);
                let names = || self.asked.iter().chain(self.later).copied();
                let problem = Problem::error(&entry.key_at, title).label(match self.asked.as_slice() {
                    [] => "expected no keys here".to_owned(),
                    asked => format!("expected {}", either(asked.iter().copied())),
                });
                with_help(problem, did_you_mean(key, names()))
            });
        }
    }
}

/// A part of the format that this version refuses rather than ignores.
pub fn not_available(at: &At, name: &str) -> Problem {
    Problem::error(at, format!("{} is not available in this version", quoted(name)))
        .label("part of the format, but not built yet")
}
