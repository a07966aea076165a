//! A marker in every string of every recorded message, keys and values, one at a time: a rule that is bound to
//! everything finds it, or the place is on the list below, which says why nobody can hide anything there.
//!
//! Two markers are tried. What looks like an identifier may pass where identifiers belong; what looks like a sentence
//! is found wherever it stands.

#![expect(clippy::unwrap_used, reason = "tests")]

mod anthropic_messages;
mod cohere;
mod gemini;
mod halves;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_moderations;
mod openai_responses;
#[path = "../common/recordings.rs"]
mod recordings;
mod tgi;

use std::collections::BTreeMap;

use palisade::policy::Context;
use palisade::protocol::framing::Frames;
use palisade::segment::Direction;
use recordings::{Recording, Sort, context, judge, judge_stream, recordings};
use serde_json::Value;

/// Looks like an identifier.
const WORD: &str = "zqmarkerzq";
/// Cannot be one.
const SENTENCE: &str = "zqmarkerzq word";

const POLICY: &str = r"
version: 1
name: markers
unscannable: log
unreadable: log
rules:
  - { id: marker, scope: [all], detect: { keywords: { words: [zqmarkerzq], whole: false } }, action: log }
";

#[test]
fn every_string_is_read_or_known_to_be_harmless() {
    let context = context(POLICY);
    let recordings = recordings();
    let mut missed: BTreeMap<(Side, &str), BTreeMap<String, String>> = BTreeMap::new();
    let mut tried = 0;
    for recording in &recordings {
        let side = side(recording);
        for text in recording.texts() {
            let body: Value = serde_json::from_str(&text).unwrap();
            let mut places = Vec::new();
            strings(&body, &mut Vec::new(), &mut places);
            for place in &places {
                for marker in [WORD, SENTENCE] {
                    tried += 1;
                    let marked = replaced(&body, place, marker).to_string();
                    if !is_found(&context, recording, &marked) {
                        let example = format!("{} {}", recording.name, original(&body, place));
                        missed.entry((side, marker)).or_default().entry(pattern(place)).or_insert(example);
                    }
                }
            }
        }
    }
    let mut unknown = Vec::new();
    for ((side, marker), places) in &missed {
        for (place, example) in places {
            let echo = || tgi::ECHOES.iter().find(|entry| entry.covers(*side, WORD, place));
            match harmless().find(|entry| entry.covers(*side, marker, place)).or_else(echo) {
                Some(entry) => println!("{} {} {marker:?} {place}: {}", side.0, side.1, entry.why),
                None => unknown.push(format!("{side:?} {marker:?} {place} (as in {example})")),
            }
        }
    }
    println!("{tried} markers in {} recordings", recordings.len());
    assert!(unknown.is_empty(), "markers that nobody found:\n{}", unknown.join("\n"));
    if recordings::present() {
        for entry in harmless() {
            let used = missed
                .iter()
                .any(|((side, marker), places)| places.keys().any(|place| entry.covers(*side, marker, place)));
            assert!(used, "{} is read by now: take it off the list", entry.place);
        }
    }
}

/// Protocol and direction.
type Side = (&'static str, &'static str);

fn side(recording: &Recording) -> Side {
    let way = if recording.direction() == Direction::Request { "request" } else { "response" };
    (recording.protocol.map_or("none", |protocol| protocol.name()), way)
}

/// A place where an identifier may go unseen. What looks like a sentence never may, but in a server's own list of the
/// tokens of a text that is read as a whole.
struct Harmless {
    protocols: &'static [&'static str],
    way: &'static str,
    /// A JSON pointer; `*` is any one step, `**` any steps, `#*` a key.
    place: &'static str,
    why: &'static str,
}

impl Harmless {
    fn covers(&self, (protocol, way): Side, marker: &str, place: &str) -> bool {
        self.protocols.contains(&protocol)
            && self.way == way
            && (marker == WORD || self.why == ECHO)
            && matches(self.place, place)
    }
}

fn matches(pattern: &str, place: &str) -> bool {
    fn steps(pattern: &[&str], place: &[&str]) -> bool {
        match (pattern, place) {
            ([], []) => true,
            (["**", rest @ ..], _) => (0..=place.len()).any(|skipped| steps(rest, &place[skipped..])),
            ([first, rest @ ..], [step, others @ ..]) => {
                let fits = match *first {
                    "#*" => step.starts_with('#'),
                    "*" => !step.starts_with('#'),
                    name => name == *step,
                };
                fits && steps(rest, others)
            }
            _ => false,
        }
    }
    steps(&pattern.split('/').collect::<Vec<_>>(), &place.split('/').collect::<Vec<_>>())
}

const PARAMETER: &str = "the name of a parameter: servers act on those they know and drop or refuse the rest, and what stands under it is read";
const OPAQUE: &str = "an id; four words at most, longer ones are read";
const MEDIA: &str = "encoded data in what is unscannable: the verdict says so, and the policy decides";
const SIGNED: &str = "made by the provider, which takes it back as it was and nothing else";
const ECHO: &str = "repeats words of the answer, which are read there, and goes when the answer is rewritten";
const SERVER: &str = "written by the server; no model and no client has a hand in it";

/// Reviewed: could somebody hide text here that a model, or a person, on the other side reads?
fn harmless() -> impl Iterator<Item = &'static Harmless> {
    [
        openai_chat::HARMLESS,
        openai_completions::HARMLESS,
        openai_embeddings::HARMLESS,
        openai_moderations::HARMLESS,
        openai_responses::HARMLESS,
        anthropic_messages::HARMLESS,
        gemini::HARMLESS,
        ollama::HARMLESS,
        cohere::HARMLESS,
        tgi::HARMLESS,
    ]
    .into_iter()
    .flatten()
}

/// Where a string stands.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Element(usize),
    /// The key itself.
    Key(String),
}

fn strings(value: &Value, path: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
    match value {
        Value::String(_) => out.push(path.clone()),
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(Step::Element(index));
                strings(element, path, out);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                path.push(Step::Key(key.clone()));
                out.push(path.clone());
                path.pop();
                path.push(Step::Member(key.clone()));
                strings(value, path, out);
                path.pop();
            }
        }
        _ => {}
    }
}

fn replaced(value: &Value, place: &[Step], marker: &str) -> Value {
    match (place, value) {
        ([], _) => Value::String(marker.to_owned()),
        ([Step::Key(old)], Value::Object(members)) => members
            .iter()
            .map(|(key, value)| (if key == old { marker } else { key }.to_owned(), value.clone()))
            .collect(),
        ([Step::Member(name), rest @ ..], Value::Object(members)) => members
            .iter()
            .map(|(key, value)| (key.clone(), if key == name { replaced(value, rest, marker) } else { value.clone() }))
            .collect(),
        ([Step::Element(at), rest @ ..], Value::Array(elements)) => elements
            .iter()
            .enumerate()
            .map(|(index, value)| if index == *at { replaced(value, rest, marker) } else { value.clone() })
            .collect(),
        _ => unreachable!("places come from the value"),
    }
}

fn original(value: &Value, place: &[Step]) -> String {
    let mut at = value;
    for step in place {
        at = match step {
            Step::Member(name) => &at[name],
            Step::Element(index) => &at[index],
            Step::Key(key) => return key.clone(),
        };
    }
    at.as_str().unwrap().chars().take(40).collect()
}

fn pattern(place: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Member(name) => format!("/{name}"),
        Step::Element(_) => "/*".to_owned(),
        Step::Key(name) => format!("/#{name}"),
    };
    place.iter().map(step).collect()
}

fn is_found(context: &Context, recording: &Recording, marked: &str) -> bool {
    let (judged, sent) = if recording.sort == Sort::Stream {
        let stream = match recording.frames {
            Frames::Sse => format!("data: {marked}\n\ndata: [DONE]\n\n"),
            Frames::Ndjson => format!("{marked}\n"),
            Frames::Array => format!("[{marked}]"),
        };
        (judge_stream(context, stream.as_bytes(), recording.protocol, recording.frames, usize::MAX), stream)
    } else {
        let protocol = recording.protocol;
        (judge(context, marked.as_bytes(), protocol, recording.direction(), usize::MAX), marked.to_owned())
    };
    // The rule only logs.
    assert_eq!((judged.block, judged.bytes == sent.as_bytes()), (None, true), "{}", recording.name);
    judged.report.unreadable.is_some() || !judged.report.findings.is_empty()
}
