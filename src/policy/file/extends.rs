//! `extends`: a policy and its bases become one tree, in which every node still knows the file it came from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::policy::MAX_RULES;
use super::{Found, find, is_path, names};
use crate::config::value::{filled, name, unknown, wrong};
use crate::config::{Collector, Entry, Node, Problem, Source, Value, quoted};

/// A policy with all that it extends.
pub(super) struct Merged {
    /// Every key but `extends`, `name` and `rules`; the policy's own `name` is last.
    pub(super) entries: Vec<Entry>,
    /// Each rule's id and its mapping, in the order in which files and rules came.
    pub(super) rules: Vec<(String, Node)>,
    /// What to mark when the policy as a whole is wrong.
    pub(super) root: Node,
}

/// Reads the source and everything that it extends. `None`: the problems say why.
pub(super) fn merged(source: &Arc<Source>, folder: &Path, problems: &Collector) -> Option<Merged> {
    Loader { folder, problems, open: Vec::new(), files: 0 }.load(source)
}

struct Loader<'a> {
    folder: &'a Path,
    problems: &'a Collector,
    /// The names of the files on the way from the first one to here.
    open: Vec<String>,
    files: usize,
}

impl Loader<'_> {
    fn load(&mut self, source: &Arc<Source>) -> Option<Merged> {
        let root = Node::parse(source, self.problems)?;
        let Value::Map(entries) = &root.value else {
            self.problems.push(wrong(&root, "a mapping with `rules`"));
            return None;
        };
        let mut merged = Merged { entries: Vec::new(), rules: Vec::new(), root: root.clone() };
        self.open.push(source.name().to_owned());
        for base in root.child("extends").into_iter().flat_map(one_or_many) {
            if let Some(base) = self.base(source, base) {
                let own = base.entries.into_iter().filter(|entry| entry.key != "name");
                merge_entries(&mut merged.entries, own.collect());
                merge_rules(&mut merged.rules, base.rules);
            }
        }
        self.open.pop();
        let own = entries.iter().filter(|entry| !matches!(entry.key.as_str(), "extends" | "rules"));
        merge_entries(&mut merged.entries, own.cloned().collect());
        if let Some(rules) = root.child("rules") {
            let own = self.rules(rules);
            merge_rules(&mut merged.rules, own);
        }
        Some(merged)
    }

    fn base(&mut self, source: &Arc<Source>, node: &Node) -> Option<Merged> {
        let base = self.problems.keep(filled(node).and_then(|name| self.find(source, node, &name)))?;
        if self.open.iter().any(|open| open == base.name()) {
            let way = format!("{} -> {}", self.open.join(" -> "), base.name());
            self.problems.push(Problem::error(&node.at, "policies extend each other in a circle").label(way));
            return None;
        }
        self.files += 1;
        if self.files > MAX_FILES || self.open.len() > MAX_DEPTH {
            self.problems.push(
                Problem::error(&node.at, "too many policies extend each other")
                    .label(format!("expected at most {MAX_FILES} files, {MAX_DEPTH} deep")),
            );
            return None;
        }
        self.load(&base)
    }

    fn find(&self, source: &Arc<Source>, node: &Node, name: &str) -> Result<Arc<Source>, Problem> {
        if is_path(name) {
            let path: PathBuf = Path::new(source.name()).parent().unwrap_or(Path::new("")).join(name);
            return Source::read(&path).map_err(|error| Problem::error(&node.at, error.title).label("named here"));
        }
        match find(name, self.folder) {
            // A policy may refine the shipped one whose name it bears.
            Some(Found::File(path)) if path.display().to_string() == source.name() => super::shipped::source(name)
                .ok_or_else(|| {
                    Problem::error(&node.at, "a policy extends itself").label("expected the name of another policy")
                }),
            Some(Found::File(path)) => {
                Source::read(&path).map_err(|error| Problem::error(&node.at, error.title).label("named here"))
            }
            Some(Found::Shipped(source)) => Ok(source),
            None => {
                let names = names(self.folder);
                Err(unknown(node, "policy", name, names.iter().map(String::as_str)))
            }
        }
    }

    /// The rules of one file by their ids, which are unique in it.
    fn rules(&self, list: &Node) -> Vec<(String, Node)> {
        if !matches!(list.value, Value::Seq(_)) && !list.is_null() {
            self.problems.push(wrong(list, "a list of rules"));
        }
        let mut rules: Vec<(String, Node)> = Vec::new();
        // One more than allowed is enough to be refused later, and bounds the search for duplicates.
        for node in list.items().iter().take(MAX_RULES + 1) {
            let Value::Map(entries) = &node.value else {
                self.problems.push(wrong(node, "a rule (a mapping with `id`, `detect` and `action`)"));
                continue;
            };
            let Some(id) = node.child("id") else {
                let head = entries.first().map_or(&node.at, |entry| &entry.key_at);
                self.problems.push(Problem::error(head, "a rule has no `id`").label("expected `id` in this rule"));
                continue;
            };
            let Some(name) = self.problems.keep(name(MAX_ID)(id)) else { continue };
            if let Some((_, first)) = rules.iter().find(|(known, _)| *known == name) {
                let first = first.at.file_and_line();
                let title = format!("two rules have the id {}", quoted(&name));
                self.problems.push(Problem::error(&id.at, title).label(format!("the first is at {first}")));
                continue;
            }
            rules.push((name, node.clone()));
        }
        rules
    }
}

fn merge_rules(base: &mut Vec<(String, Node)>, over: Vec<(String, Node)>) {
    for (id, node) in over {
        match base.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => merge(known, node),
            None => base.push((id, node)),
        }
    }
}

fn merge_entries(base: &mut Vec<Entry>, over: Vec<Entry>) {
    for entry in over {
        match base.iter_mut().find(|known| known.key == entry.key) {
            // The one key of these maps says what the rest means, so another key replaces it all.
            Some(known) if matches!(entry.key.as_str(), "detect" | "action") && differ(&known.value, &entry.value) => {
                *known = entry;
            }
            Some(known) => {
                known.key_at = entry.key_at;
                merge(&mut known.value, entry.value);
            }
            None => base.push(entry),
        }
    }
}

/// Maps deeply; lists and scalars are replaced.
fn merge(base: &mut Node, over: Node) {
    match (&mut base.value, over.value) {
        (Value::Map(base_entries), Value::Map(over_entries)) => {
            base.at = over.at;
            merge_entries(base_entries, over_entries);
        }
        (_, value) => *base = Node { at: over.at, value },
    }
}

fn differ(base: &Node, over: &Node) -> bool {
    match (&base.value, &over.value) {
        (Value::Map(base), Value::Map(over)) => {
            base.first().map(|entry| &entry.key) != over.first().map(|entry| &entry.key)
        }
        _ => true,
    }
}

fn one_or_many(node: &Node) -> &[Node] {
    match &node.value {
        Value::Seq(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// The longest id of a rule.
const MAX_ID: usize = 64;
/// How many files may take part in one policy, each counted as often as it is named.
const MAX_FILES: usize = 64;
/// How long a chain of them may be.
const MAX_DEPTH: usize = 16;
