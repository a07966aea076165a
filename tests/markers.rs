//! A marker in every string of every recorded message, keys and values, one at a time: a rule that is bound to
//! everything finds it, or the place is on the list below, which says why nobody can hide anything there.
//!
//! Two markers are tried. What looks like an identifier may pass where identifiers belong; what looks like a sentence
//! is found wherever it stands.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/recordings.rs"]
mod recordings;

use std::collections::BTreeMap;

use palisade::policy::Context;
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
    let mut missed: BTreeMap<(Where, &str), BTreeMap<String, String>> = BTreeMap::new();
    let mut tried = 0;
    for recording in &recordings {
        let side = Where::of(recording);
        for text in recording.texts() {
            let body: Value = serde_json::from_str(text).unwrap();
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
            match HARMLESS.iter().find(|entry| entry.covers(*side, marker, place)) {
                Some(entry) => println!("{side:?} {marker:?} {place}: {}", entry.why),
                None => unknown.push(format!("{side:?} {marker:?} {place} (as in {example})")),
            }
        }
    }
    println!("{tried} markers in {} recordings", recordings.len());
    assert!(unknown.is_empty(), "markers that nobody found:\n{}", unknown.join("\n"));
    if recordings::present() {
        for entry in HARMLESS {
            let used = missed
                .iter()
                .any(|((side, marker), places)| places.keys().any(|place| entry.covers(*side, marker, place)));
            assert!(used, "{} is read by now: take it off the list", entry.place);
        }
    }
}

/// Which side of which API a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Where {
    ChatRequest,
    ChatResponse,
    MessagesRequest,
    MessagesResponse,
    Unknown,
}

impl Where {
    fn of(recording: &Recording) -> Where {
        let Some(protocol) = recording.protocol else { return Where::Unknown };
        match (protocol.name(), recording.direction()) {
            ("openai-chat", Direction::Request) => Where::ChatRequest,
            ("openai-chat", Direction::Response) => Where::ChatResponse,
            ("anthropic-messages" | "anthropic-count-tokens", Direction::Request) => Where::MessagesRequest,
            ("anthropic-messages" | "anthropic-count-tokens", Direction::Response) => Where::MessagesResponse,
            (other, _) => unreachable!("no list for {other}"),
        }
    }
}

/// A place where an identifier may go unseen. What looks like a sentence never may.
struct Harmless {
    side: Where,
    /// A JSON pointer; `*` is any one step, `**` any steps, `#*` a key.
    place: &'static str,
    why: &'static str,
}

impl Harmless {
    fn covers(&self, side: Where, marker: &str, place: &str) -> bool {
        self.side == side && marker == WORD && matches(self.place, place)
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

const fn request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { side: Where::ChatRequest, place, why }
}

const fn response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { side: Where::ChatResponse, place, why }
}

const fn messages_request(place: &'static str, why: &'static str) -> Harmless {
    Harmless { side: Where::MessagesRequest, place, why }
}

const fn messages_response(place: &'static str, why: &'static str) -> Harmless {
    Harmless { side: Where::MessagesResponse, place, why }
}

const PARAMETER: &str = "the name of a parameter: servers act on those they know and drop or refuse the rest, and what stands under it is read";
const OPAQUE: &str = "an id; four words at most, longer ones are read";
const MEDIA: &str = "encoded data in what is unscannable: the verdict says so, and the policy decides";
const SIGNED: &str = "made by the provider, which takes it back as it was and nothing else";
const SERVER: &str = "written by the server; no model and no client has a hand in it";

/// Reviewed: could somebody hide text here that a model, or a person, on the other side reads?
const HARMLESS: &[Harmless] = &[
    request("/#*", PARAMETER),
    request("/response_format/#*", PARAMETER),
    request("/stream_options/#*", PARAMETER),
    request("/logit_bias/#*", "the number of a token, for the sampler; the model does not see it"),
    request("/model", "chooses the model and is not put before it"),
    request("/response_format/type", "chooses a grammar for the sampler and is not put before the model"),
    request("/messages/*/tool_call_id", OPAQUE),
    request("/messages/*/tool_calls/*/id", OPAQUE),
    request("/messages/*/content/*/image_url/url", MEDIA),
    request("/messages/*/content/*/file/file_data", MEDIA),
    response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    response("/id", SERVER),
    response("/object", SERVER),
    response("/model", SERVER),
    response("/provider", SERVER),
    response("/service_tier", SERVER),
    response("/system_fingerprint", SERVER),
    response("/user_id", SERVER),
    response("/x_groq/id", SERVER),
    response("/error/code", SERVER),
    response("/error/param", SERVER),
    response("/error/type", SERVER),
    response("/prompt_filter_results/**", SERVER),
    response("/choices/*/content_filter_results/**", SERVER),
    response("/choices/*/finish_reason", SERVER),
    response("/choices/*/native_finish_reason", SERVER),
    response("/obfuscation", "random padding against guessing by length"),
    response("/choices/*/message/tool_calls/*/id", OPAQUE),
    response("/choices/*/delta/tool_calls/*/id", OPAQUE),
    response("/choices/*/message/audio/id", MEDIA),
    response("/choices/*/message/audio/data", MEDIA),
    response("/choices/*/delta/reasoning_details/*/signature", MEDIA),
    response("/choices/*/delta/reasoning_details/*/format", SERVER),
    response("/choices/*/delta/reasoning_details/*/type", SERVER),
    messages_request("/#*", PARAMETER),
    messages_request("/output_config/#*", PARAMETER),
    messages_request("/thinking/#*", PARAMETER),
    messages_request("/messages/*/content/*/citations/#*", PARAMETER),
    messages_request("/model", "chooses the model and is not put before it"),
    messages_request("/output_config/effort", "sets how much the model thinks; an unknown word is refused"),
    messages_request("/thinking/type", "sets whether the model thinks; an unknown word is refused"),
    messages_request("/tools/*/type", OPAQUE),
    messages_request("/tools/*/model", OPAQUE),
    messages_request("/container", MEDIA),
    messages_request("/messages/*/content/*/content/*/source/*", MEDIA),
    messages_request("/messages/*/content/*/file_id", MEDIA),
    messages_request("/messages/*/content/*/id", OPAQUE),
    messages_request("/messages/*/content/*/tool_use_id", OPAQUE),
    messages_request("/messages/*/content/*/signature", SIGNED),
    messages_response("/**/#*", "a key outside of tool arguments: written by the server's program, not by the model"),
    messages_response("/id", SERVER),
    messages_response("/type", SERVER),
    messages_response("/role", SERVER),
    messages_response("/model", SERVER),
    messages_response("/request_id", SERVER),
    messages_response("/stop_reason", SERVER),
    messages_response("/usage/**", SERVER),
    messages_response("/container/*", SERVER),
    messages_response("/error/type", SERVER),
    messages_response("/message/id", SERVER),
    messages_response("/message/type", SERVER),
    messages_response("/message/role", SERVER),
    messages_response("/message/model", SERVER),
    messages_response("/message/usage/**", SERVER),
    messages_response("/delta/type", SERVER),
    messages_response("/delta/stop_reason", SERVER),
    messages_response("/delta/stop_details/*", SERVER),
    messages_response("/content/*/id", OPAQUE),
    messages_response("/content/*/tool_use_id", OPAQUE),
    messages_response("/content/*/caller/type", OPAQUE),
    messages_response("/content/*/signature", SIGNED),
    messages_response("/content/*/content/encrypted_content", MEDIA),
    messages_response("/content_block/id", OPAQUE),
    messages_response("/content_block/tool_use_id", OPAQUE),
    messages_response("/content_block/caller/type", OPAQUE),
    messages_response("/content_block/signature", SIGNED),
    messages_response("/content_block/data", MEDIA),
    messages_response("/content_block/content/*/encrypted_content", MEDIA),
    messages_response("/delta/signature", SIGNED),
    messages_response("/delta/citation/encrypted_index", SIGNED),
    messages_response("/delta/encrypted_content", MEDIA),
];

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
        let stream = format!("data: {marked}\n\ndata: [DONE]\n\n");
        (judge_stream(context, stream.as_bytes(), recording.protocol, usize::MAX), stream)
    } else {
        let protocol = recording.protocol;
        (judge(context, marked.as_bytes(), protocol, recording.direction(), usize::MAX), marked.to_owned())
    };
    // The rule only logs.
    assert_eq!((judged.block, judged.bytes == sent.as_bytes()), (None, true), "{}", recording.name);
    judged.report.unreadable.is_some() || !judged.report.findings.is_empty()
}
