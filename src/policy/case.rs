//! Tests that stand beside a policy, in `NAME.test.yaml`: what goes in, and what the policy has to make of it.

use std::sync::Arc;

use super::{Facts, shipped};
use crate::config::value::{boolean, count, filled, json, one_of, string, unknown, wrong};
use crate::config::{At, Collector, Entry, MapReader, Node, Problem, Problems, Source, Value};
use crate::segment::{Direction, Kind};

/// A file of cases.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// The policy's name or file. `None`: the policy that the file is named after.
    pub policy: Option<String>,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// For people; unique in its file.
    pub name: String,
    /// Where it stands.
    pub at: At,
    /// What conditions may ask; `None`: what they may ask of a text without a request.
    pub facts: Option<Facts>,
    /// The system prompt of the request that an answer answers.
    pub system: Option<String>,
    /// What goes in.
    pub given: Given,
    /// It comes in so many times, all at once, and is judged the last time.
    pub requests: usize,
    /// What has to come out.
    pub expect: Expect,
}

/// What a policy is tried with.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// One text of this kind.
    Text(Kind, String),
    /// The `messages` of a chat request, as JSON.
    Messages(serde_json::Value),
    /// A streamed answer, delta by delta.
    Stream(Vec<String>),
}

/// What a case expects; what is `None` may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// `allow`, `rewrite` or `block`.
    pub verdict: &'static str,
    /// Ids of all rules with a finding, sorted.
    pub rules: Option<Vec<String>>,
    /// The text after rewrites; of a blocked stream what got out; of messages the last one's.
    pub text: Option<String>,
}

impl CaseFile {
    /// Reads a file of cases, or says all that is wrong with it.
    pub fn read(source: &Arc<Source>) -> Result<CaseFile, Problems> {
        let problems = Collector::default();
        let root = Node::parse(source, &problems);
        let file = root.and_then(|root| {
            MapReader::read(&root, "the policy test", &problems, |reader| {
                reader.optional("version", one_of(&[("1", ())]));
                let policy = reader.optional("policy", filled);
                Some(CaseFile { policy, cases: cases(reader)? })
            })
        });
        file.flatten().ok_or_else(|| problems.finish())
    }
}

/// The tests of the policies that are compiled in: the policy's name and the file.
pub fn shipped() -> impl Iterator<Item = (&'static str, Arc<Source>)> {
    shipped::tests()
}

fn cases(reader: &mut MapReader<'_>) -> Option<Vec<Case>> {
    let problems = reader.problems();
    let node = reader.required_node("tests")?;
    if node.items().is_empty() {
        problems.push(wrong(node, "a list of cases, such as `- { name: …, input: …, expect: … }`"));
        return None;
    }
    let mut cases: Vec<Case> = Vec::with_capacity(node.items().len());
    for item in node.items() {
        let case = MapReader::read(item, "the case", problems, |reader| case(reader, &item.at)).flatten();
        if let Some(case) = case {
            if cases.iter().any(|other| other.name == case.name) {
                problems.push(Problem::error(&case.at, "two cases have the same name").label("the second one"));
            }
            cases.push(case);
        }
    }
    (cases.len() == node.items().len()).then_some(cases)
}

fn case(reader: &mut MapReader<'_>, at: &At) -> Option<Case> {
    let name = reader.required("name", filled);
    let given = given(reader);
    let facts = facts(reader);
    let system = reader.optional("system", filled);
    if let (Some(node), None) = (reader.node("system"), reader.node("output").or(reader.node("stream"))) {
        let problem = Problem::error(&node.at, "only answers have a system prompt beside them");
        reader.problem(problem.label("expected an `output` or a `stream`").help("`messages` hold their own"));
    }
    let expect = reader.required_node("expect").and_then(|node| {
        MapReader::read(node, "`expect`", reader.problems(), |reader| {
            let verdicts = ["allow", "rewrite", "block"].map(|name| (name, name));
            let verdict = reader.required("verdict", one_of(&verdicts));
            Some(Expect { verdict: verdict?, rules: rules(reader), text: reader.optional("text", string) })
        })
        .flatten()
    });
    let requests = reader.optional("requests", count(1..=MAX_REQUESTS));
    let is_asked = |given: &Given| match given {
        Given::Text(kind, _) => kind.usual_direction() == Direction::Request,
        Given::Messages(_) => true,
        Given::Stream(_) => false,
    };
    if let (Some(_), Some(false), Some(node)) = (requests, given.as_ref().map(is_asked), reader.node("requests")) {
        let problem = Problem::error(&node.at, "answers are no requests");
        reader.problem(problem.label("expected `requests` beside `input` or `messages`"));
    }
    let requests = requests.unwrap_or(1);
    Some(Case { name: name?, at: at.clone(), facts, system, given: given?, requests, expect: expect? })
}

/// `request` and `vars`: what the case says of the request that the text came with.
fn facts(reader: &mut MapReader<'_>) -> Option<Facts> {
    let mut facts = Facts::default();
    let vars = reader.optional("vars", |node| match &node.value {
        Value::Map(_) => json(node),
        _ => Err(wrong(node, "a mapping of names and values")),
    });
    let request = reader.map("request", |reader| {
        let mut given: Vec<(&str, serde_json::Value)> = Vec::new();
        for name in ["method", "path", "model", "tenant", "user", "protocol", "source_ip"] {
            given.extend(reader.optional(name, string).map(|text| (name, text.into())));
        }
        given.extend(reader.optional("stream", boolean).map(|stream| ("stream", stream.into())));
        let headers = reader.map("headers", |reader| {
            let problems = reader.problems();
            let entries = reader.entries().iter();
            let header =
                |entry: &Entry| Some((entry.key.to_ascii_lowercase(), problems.keep(string(&entry.value))?.into()));
            entries.filter_map(header).collect::<serde_json::Map<_, _>>()
        });
        given.extend(headers.map(|headers| ("headers", headers.into())));
        given
    });
    let said = vars.is_some() || request.is_some();
    if let Some(vars) = vars {
        facts.tenant = serde_json::json!({ "vars": vars });
    }
    if let Some(members) = facts.request.as_object_mut() {
        members.extend(request.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)));
    }
    said.then_some(facts)
}

/// The one of the four keys that is there.
fn given(reader: &mut MapReader<'_>) -> Option<Given> {
    let keys = ["input", "output", "messages", "stream"];
    let written: Vec<(&str, &Node)> =
        keys.into_iter().filter_map(|key| reader.node(key).map(|node| (key, node))).collect();
    let kind = reader.optional("as", |node| {
        let name = string(node)?;
        Kind::from_name(&name).ok_or_else(|| unknown(node, "kind", &name, Kind::ALL.map(Kind::name)))
    });
    let [(key, node)] = written.as_slice() else {
        reader.problem(
            Problem::error(reader.head(), "a case tries one thing")
                .label(format!("expected one of `input`, `output`, `messages` or `stream`, found {}", written.len())),
        );
        return None;
    };
    if kind.is_some() && *key != "input" {
        reader.problem(
            Problem::error(reader.head(), "only an `input` is of a kind that `as` names").label("expected no `as`"),
        );
    }
    let given = match *key {
        "input" => return text(node, reader.problems()).map(|text| Given::Text(kind.unwrap_or(Kind::User), text)),
        "output" => return text(node, reader.problems()).map(|text| Given::Text(Kind::Completion, text)),
        "messages" if node.items().is_empty() => Err(wrong(node, "a list of messages, each with `role` and `content`")),
        "messages" => json(node).map(Given::Messages),
        _ if node.items().is_empty() => Err(wrong(node, "a list of texts, one a delta")),
        _ => node.items().iter().map(string).collect::<Result<_, _>>().map(Given::Stream),
    };
    reader.problems().keep(given)
}

/// A text as it stands, or one that is written once and meant many times.
fn text(node: &Node, problems: &Collector) -> Option<String> {
    if !matches!(node.value, Value::Map(_)) {
        return problems.keep(string(node));
    }
    MapReader::read(node, "the repeated text", problems, |reader| {
        let text = reader.required("repeat", filled)?;
        Some(text.repeat(reader.required("times", count(1..=MAX_REPEATED / text.len()))?))
    })
    .flatten()
}

/// Unlike other lists, this one may be empty: that no rule finds anything is worth expecting.
fn rules(reader: &mut MapReader<'_>) -> Option<Vec<String>> {
    let node = reader.node("rules")?;
    let problems = reader.problems();
    let Value::Seq(items) = &node.value else {
        problems.push(wrong(node, "a list of rule ids; `[]` for none"));
        return None;
    };
    let mut rules: Vec<String> = items.iter().filter_map(|item| problems.keep(filled(item))).collect();
    rules.sort();
    Some(rules)
}

/// The longest text that a case can ask for by repeating one, in bytes.
const MAX_REPEATED: usize = 16 << 20;
/// The most requests that a case can ask for.
const MAX_REQUESTS: usize = 1_000_000;
/// How the files' names end.
pub const ENDING: &str = ".test.yaml";

#[cfg(test)]
mod tests;
