//! `topic`: what texts are about, told by how near a model's vectors of them are to those of the policy's example sentences.

use std::slice;
use std::sync::Arc;

use super::{DetectorKind, Plan};
use crate::config::value::{filled, fraction, name};
use crate::config::{Entry, MapReader, Problem, Value, quoted};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "topic",
    summary: "text about a denied topic, or about none that is allowed: what a model finds near to example sentences",
    example: "{ topic: { model: minilm, deny: { medical: [\"Which dose of ibuprofen may I take?\", \"Is this rash dangerous?\"] } } }",
    build,
    choice: None,
};

/// Unless a rule names another.
const MODEL: &str = "guard";
/// Unless a rule says otherwise.
const THRESHOLD: f32 = 0.6;
const MAX_TOPICS: usize = 64;
/// Of all topics together: each is compared with every window.
const MAX_EXAMPLES: usize = 256;
/// Longest name of a topic, in bytes.
const MAX_NAME: usize = 64;

/// `topic: { model, deny | allow, threshold }`.
#[derive(Clone, Debug)]
pub struct TopicPlan {
    /// The folder's name under `models/`.
    pub model: Arc<str>,
    /// Whether the topics are those that texts may be about: all else is a finding. Otherwise they are the findings.
    pub allow: bool,
    /// In the order of the file. Never empty.
    pub topics: Vec<Topic>,
    /// From which cosine on a text is about a topic.
    pub threshold: f32,
}

/// What texts may be about.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The label of its findings.
    pub name: Arc<str>,
    /// Never empty.
    pub examples: Vec<Example>,
}

/// A sentence that is about a topic.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it says.
    pub text: String,
    /// `file:line`.
    pub origin: String,
    /// What the model makes of it, of length one; empty until the model was asked.
    pub vector: Arc<[f32]>,
}

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    // The model's name becomes part of a path.
    let model = reader.optional("model", name(64)).unwrap_or_else(|| MODEL.to_owned());
    let threshold = reader.optional("threshold", fraction).unwrap_or(THRESHOLD);
    let deny = reader.map("deny", topics);
    let allow = reader.map("allow", topics);
    match (reader.node("deny"), reader.node("allow")) {
        (None, None) => {
            let problem = Problem::error(reader.head(), "`topic` names no topics");
            reader.problem(problem.label("expected `deny` or `allow`, each topic with example sentences"));
        }
        (Some(_), Some(node)) => {
            let problem =
                Problem::error(&node.at, "a text that is about none of the allowed topics is found by itself");
            reader.problem(problem.label("expected one of `deny` and `allow`; write two rules if both are meant"));
        }
        _ => {}
    }
    let is_allowed = allow.is_some();
    let topics = deny.or(allow)??;
    Some(Plan::Topic(TopicPlan { model: model.into(), allow: is_allowed, topics, threshold }))
}

/// The mapping under `deny` or `allow`. `None`: something in it is wrong.
fn topics(reader: &mut MapReader<'_>) -> Option<Vec<Topic>> {
    let entries = reader.entries();
    if entries.is_empty() {
        let problem = Problem::error(reader.head(), "there are no topics here");
        reader
            .problem(problem.label("expected topics with example sentences: `medical: [\"Is this rash dangerous?\"]`"));
    }
    if let Some(entry) = entries.get(MAX_TOPICS) {
        let problem = Problem::error(&entry.key_at, "there are too many topics");
        reader.problem(problem.label(format!("expected at most {MAX_TOPICS}, found {}", entries.len())));
        return None;
    }
    let topics: Vec<Topic> = entries.iter().filter_map(|entry| topic(entry, reader)).collect();
    let mut left = MAX_EXAMPLES;
    for entry in entries {
        let count = items(entry).len();
        if count > left {
            let problem = Problem::error(&items(entry)[left].at, "there are too many example sentences");
            reader.problem(problem.label(format!("expected at most {MAX_EXAMPLES} in all")));
            return None;
        }
        left -= count;
    }
    (!topics.is_empty() && topics.len() == entries.len()).then_some(topics)
}

fn topic(entry: &Entry, reader: &MapReader<'_>) -> Option<Topic> {
    let items = items(entry);
    let (name, title) = (entry.key.trim(), format!("topic {}", quoted(&entry.key)));
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        let problem = Problem::error(&entry.key_at, format!("{title} cannot have this name"));
        reader.problem(problem.label(format!("expected a name of up to {MAX_NAME} bytes")));
        return None;
    }
    if items.is_empty() {
        let problem = Problem::error(&entry.key_at, format!("{title} has no example sentences"));
        reader.problem(problem.label("expected a list of sentences that are about it"));
        return None;
    }
    let read = |node| {
        let text = reader.problems().keep(filled(node))?;
        Some(Example { text, origin: node.at.file_and_line(), vector: Arc::default() })
    };
    let examples = items.iter().map(read).collect::<Option<_>>()?;
    Some(Topic { name: name.into(), examples })
}

/// The list of a topic's examples, or the one that stands in its place.
fn items(entry: &Entry) -> &[crate::config::Node] {
    match &entry.value.value {
        Value::Seq(items) => items,
        _ => slice::from_ref(&entry.value),
    }
}
