//! What a rewrite of one word must come to, worked out without the code under test: on values that `serde_json` read.

use std::collections::BTreeMap;

use palisade::protocol::framing::Frames;
use serde_json::Value;

use super::recordings::{Recording, Sort, datas};

/// Stands for the word. Occurs nowhere in a recording and needs no escapes.
const NEW: &str = "zqnewzq";

/// Rewrites `word` everywhere.
pub(crate) fn policy(word: &str) -> String {
    format!(
        "version: 1\nname: rewrite\nunscannable: log\nrules:\n  - id: word\n    \
         detect: {{ keywords: {{ words: ['{word}'], case: true }} }}\n    action: {{ replace: '{NEW}' }}\n"
    )
}

/// Words of the recording, one of the text proper and one inside tool arguments, as far as there are any. None of them
/// occurs in a key or in a string that is no text: those must not change, so rewriting would block or say nothing.
pub(crate) fn words(recording: &Recording) -> Vec<String> {
    let channels = channels(recording);
    let harmless = |name: &str| (recording.protocol.is_some() && is_harmless(name)) || is_whole(recording, name);
    let mut banned = keys(recording);
    banned.extend(channels.iter().filter(|(name, _)| harmless(name)).map(|(_, text)| text.clone()));
    let pick = |of: &dyn Fn(&str) -> bool| {
        let texts = channels.iter().filter(|(name, _)| !harmless(name) && !is_echo(recording, name) && of(name));
        let words = texts.flat_map(|(_, text)| plain_words(text));
        // The longest: most often cut over several events.
        let free = words.filter(|word| !banned.iter().any(|text| text.contains(word)));
        free.max_by_key(|word| word.len()).map(str::to_owned)
    };
    let mut words: Vec<String> =
        [pick(&|name| !is_arguments(name)), pick(&is_arguments)].into_iter().flatten().collect();
    words.dedup();
    words
}

/// The words of a text that no escape touches.
fn plain_words(text: &str) -> impl Iterator<Item = &str> {
    let word = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    text.split(|char: char| !(char.is_alphanumeric() || char == '_' || char == '\\')).filter(word)
}

/// Whether a channel is no text in a chat completion: ids, enums, and what cannot be looked into.
fn is_harmless(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    let names = "id object model role type code param finish_reason native_finish_reason stop_reason provider format \
                 system_fingerprint service_tier signature obfuscation tool_call_id user_id severity data file_data \
                 tool_use_id file_id media_type thinking encrypted_content encrypted_index category container effort \
                 recommended_model fallback_credit_token request_id ttl p created_at done_reason error_type \
                 document_url image_url thoughtSignature thought_signature mimeType fileUri modelVersion responseId \
                 createTime finishReason toolType tool_type promptTemplateName mime_type file_uri responseMimeType \
                 item_id call_id previous_response_id status truncation summary verbosity file_url detail phase payer \
                 authorization reason execution conversation prompt_cache_retention generate_summary mode context \
                 embedding encoding_format";
    names.split_whitespace().any(|known| known == last)
        || [
            "/category_applied_input_types/",
            "/include/",
            "/vector_store_ids/",
            "/content_filters/",
            "/billing/",
            "image_url/url",
            "/usage/",
            "tool_choice",
            "reasoning_effort",
            "/container/",
            "/citation/",
            "/usageMetadata/",
            "/safetyRatings/",
            "/safetySettings/",
            "/thinkingConfig/",
            "/responseModalities/",
            "/videoMetadata/",
        ]
        .iter()
        .any(|part| name.contains(part))
}

/// Members that repeat the answer or count on it: from its first rewrite on they are gone.
fn echoes(recording: &Recording) -> &'static [&'static str] {
    match recording.protocol.map_or("", |protocol| protocol.name()) {
        "cohere-chat" => &["citations", "logprobs"],
        "ollama-generate" => &["context", "logprobs"],
        "tgi" => &["tokens", "prefill", "top_tokens"],
        _ => &["logprobs", "logprobsResult", "groundingSupports"],
    }
}

fn is_echo(recording: &Recording, name: &str) -> bool {
    echoes(recording).iter().any(|echo| name.contains(&format!("/{echo}/")))
}

fn has_echo(recording: &Recording, value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| has_echo(recording, element)),
        Value::Object(members) => members.iter().any(|(key, value)| {
            let is_empty = value.is_null() || *value == serde_json::json!([]);
            (echoes(recording).contains(&key.as_str()) && !is_empty) || has_echo(recording, value)
        }),
        _ => false,
    }
}

/// What comes whole in each event: over several it adds up to nothing.
fn is_whole(recording: &Recording, name: &str) -> bool {
    recording.sort == Sort::Stream && name.contains("/functionCall/")
}

fn is_arguments(name: &str) -> bool {
    name.ends_with("/arguments")
        || name.contains("/arguments/")
        || name.contains("_call_arguments.")
        || name.ends_with("/partial_json")
        || name.contains("/input/")
        || name.contains("/args/")
}

/// The recording's strings by where they stand; over the events of a stream, what they add up to.
fn channels(recording: &Recording) -> BTreeMap<String, String> {
    let mut channels = BTreeMap::new();
    for text in recording.texts() {
        strings(&serde_json::from_str(&text).unwrap(), recording.protocol.is_some(), &mut |name, text| {
            channels.entry(name.to_owned()).or_insert_with(String::new).push_str(text);
        });
    }
    channels
}

fn keys(recording: &Recording) -> Vec<String> {
    fn collect(value: &Value, keys: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    keys.push(key.clone());
                    collect(value, keys);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| collect(element, keys)),
            // Keys inside tool arguments are keys too.
            Value::String(text) if text.starts_with('{') => {
                if let Ok(inner) = serde_json::from_str(text) {
                    collect(&inner, keys);
                }
            }
            _ => {}
        }
    }
    let mut keys = Vec::new();
    for text in recording.texts() {
        collect(&serde_json::from_str(&text).unwrap(), &mut keys);
    }
    for text in channels(recording).into_values().filter(|text| text.starts_with('{')) {
        if let Ok(inner) = serde_json::from_str(&text) {
            collect(&inner, &mut keys);
        }
    }
    keys
}

/// Every string value with the name of its channel, in order. Where the protocol counts elements by their `index`, so
/// does the name.
fn strings(value: &Value, by_index: bool, visit: &mut dyn FnMut(&str, &str)) {
    fn inner(value: &Value, name: &str, by_index: bool, visit: &mut dyn FnMut(&str, &str)) {
        match value {
            // A delta's content is a string, or parts of the same text.
            Value::String(text) if by_index && is_content(name) => visit(&format!("{name}/text"), text),
            Value::String(text) => visit(name, text),
            Value::Array(elements) if by_index && is_content(name) => {
                for element in elements {
                    inner(element, name, by_index, visit);
                }
            }
            Value::Array(elements) => {
                for (position, part) in elements.iter().enumerate() {
                    inner(part, &element(name, part, position, by_index), by_index, visit);
                }
            }
            Value::Object(members) => {
                for (key, value) in members {
                    inner(value, &format!("{name}/{}", place(name, key)), by_index, visit);
                }
            }
            _ => {}
        }
    }
    let root = root(value, by_index);
    inner(value, &root, by_index && !is_named(&root), visit);
}

/// The name of an element. All parts of an answer of Gemini's are one text, and all that it thinks another.
fn element(name: &str, value: &Value, position: usize, by_index: bool) -> String {
    if by_index && name.ends_with("/content/parts") {
        let thought = value["thought"] == true;
        return format!("{name}/{}", if thought { "thought" } else { "part" });
    }
    let own = value.get("index").and_then(Value::as_u64).filter(|_| by_index);
    format!("{name}/{}", own.unwrap_or(position as u64))
}

fn is_content(name: &str) -> bool {
    name.starts_with("/choices/") && name.ends_with("/delta/content")
}

/// Whether events have names and places, and list elements none but their position.
fn is_named(root: &str) -> bool {
    root.starts_with("/response.")
}

/// Where a body begins. Events may say which block they belong to; where they have names, one of each says by itself
/// what it says at a place, and only those of pieces are several.
fn root(value: &Value, by_index: bool) -> String {
    if let Some(name) = value["type"].as_str().filter(|name| by_index && name.starts_with("response.")) {
        let names = ["output_index", "content_index", "summary_index", "annotation_index"];
        let index = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
        return format!("/{name} {:?}", names.map(index));
    }
    let own = value.get("index").and_then(Value::as_u64).filter(|_| by_index);
    own.map(|own| format!("/block{own}")).unwrap_or_default()
}

/// The name of a member: a block is one thing, however its events call it.
fn place<'k>(name: &str, key: &'k str) -> &'k str {
    if name.starts_with("/block") && matches!(key, "content_block" | "delta") && !name[1..].contains('/') {
        ""
    } else {
        key
    }
}

/// Where `word` stands in `text` as a whole word.
fn occurrences(text: &str, word: &str) -> Vec<usize> {
    let inside = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    let all = text.match_indices(word).map(|(at, _)| at);
    all.filter(|&at| !inside(text[..at].chars().next_back()) && !inside(text[at + word.len()..].chars().next()))
        .collect()
}

fn replaced(text: &str, word: &str) -> String {
    let mut out = text.to_owned();
    for at in occurrences(text, word).into_iter().rev() {
        out.replace_range(at..at + word.len(), NEW);
    }
    out
}

/// Checks what became of a recording.
pub(crate) fn check(recording: &Recording, word: &str, got: &[u8], place: &str) {
    let got = std::str::from_utf8(got).unwrap();
    let before = std::str::from_utf8(&recording.bytes).unwrap();
    assert!(got.contains(NEW), "{place}: nothing was rewritten");
    if recording.sort == Sort::Stream {
        check_stream(recording, word, before, got, place);
        return;
    }
    let mut expected = Vec::new();
    strings(&serde_json::from_str(before).unwrap(), false, &mut |name, text| {
        expected.push((name.to_owned(), replaced(text, word)));
    });
    let mut after = Vec::new();
    strings(&serde_json::from_str(got).unwrap(), false, &mut |name, text| {
        after.push((name.to_owned(), text.to_owned()));
    });
    expected.retain(|(name, _)| !is_echo(recording, name));
    after.retain(|(name, _)| !is_echo(recording, name));
    assert_eq!(after, expected, "{place}");
    if !has_echo(recording, &serde_json::from_str(before).unwrap()) {
        assert_eq!(got.replace(NEW, word), before, "{place}: other bytes changed");
    }
}

fn check_stream(recording: &Recording, word: &str, before: &str, got: &str, place: &str) {
    let by_index = recording.protocol.is_some();
    let whole = channels(recording);
    let hits: BTreeMap<&str, Vec<usize>> =
        whole.iter().map(|(name, text)| (name.as_str(), occurrences(text, word))).collect();
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut after: BTreeMap<String, String> = BTreeMap::new();
    let mut rewritten = false;
    let pieces = |stream: &str| match recording.frames {
        Frames::Array => datas(stream.as_bytes(), recording.frames),
        _ => stream.lines().map(str::to_owned).collect(),
    };
    let (old_pieces, new_pieces) = (pieces(before), pieces(got));
    assert_eq!(new_pieces.len(), old_pieces.len(), "{place}");
    let events = |stream: &str| datas(stream.as_bytes(), recording.frames).into_iter();
    let mut events = events(before).zip(events(got));
    for (old_line, new_line) in old_pieces.iter().zip(&new_pieces) {
        let framing = recording.frames == Frames::Sse && !old_line.starts_with("data:");
        if framing || old_line.ends_with("[DONE]") || old_line.is_empty() {
            assert_eq!(new_line, old_line, "{place}");
            continue;
        }
        let (old, new) = events.next().unwrap();
        let (mut old, mut new): (Value, Value) =
            (serde_json::from_str(&old).unwrap(), serde_json::from_str(&new).unwrap());
        let mut touched = Vec::new();
        strings(&old, by_index, &mut |name, text| {
            let start = ends.entry(name.to_owned()).or_default();
            let range = *start..*start + text.len();
            *start = range.end;
            if hits[name].iter().any(|&at| at < range.end && range.start < at + word.len()) {
                touched.push(name.to_owned());
            }
        });
        rewritten |= !touched.is_empty();
        if touched.is_empty() && !(rewritten && has_echo(recording, &old)) {
            assert_eq!(new_line, old_line, "{place}: an event that has nothing of the word");
        }
        strings(&new, by_index, &mut |name, text| after.entry(name.to_owned()).or_default().push_str(text));
        for value in [&mut old, &mut new] {
            let root = root(value, by_index);
            blank(recording, value, &root, by_index && !is_named(&root), &touched, rewritten);
        }
        assert_eq!(new, old, "{place}: another part of the event");
    }
    for (name, text) in &whole {
        if !is_echo(recording, name) && !is_whole(recording, name) {
            assert_eq!(after.get(name), Some(&replaced(text, word)), "{place}: {name}");
        }
    }
}

/// Empties the strings of these names, and if anything has been rewritten the repeats of text.
fn blank(recording: &Recording, value: &mut Value, name: &str, by_index: bool, names: &[String], rewritten: bool) {
    match value {
        Value::String(text) if by_index && is_content(name) && names.contains(&format!("{name}/text")) => text.clear(),
        Value::String(text) if names.iter().any(|touched| touched == name) => text.clear(),
        Value::Array(elements) if by_index && is_content(name) => {
            for element in elements {
                blank(recording, element, name, by_index, names, rewritten);
            }
        }
        Value::Array(elements) => {
            for (position, part) in elements.iter_mut().enumerate() {
                let name = element(name, part, position, by_index);
                blank(recording, part, &name, by_index, names, rewritten);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                if echoes(recording).contains(&key.as_str()) && rewritten {
                    // Empty, as far as its type can be; which does not matter here.
                    *value = Value::Null;
                } else {
                    blank(recording, value, &format!("{name}/{}", place(name, key)), by_index, names, rewritten);
                }
            }
        }
        _ => {}
    }
}
