//! Hostile input: the invariants that the fuzz targets assert, over messages that were bent out of shape.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../fuzz/invariants.rs"]
mod invariants;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const REQUEST: &str = r#"{"model":"m","messages":[{"role":"system","content":"abc dab"},{"role":"user","content":[{"type":"text","text":"ghi"},{"type":"text","text":"jk \u00e9\ud83d\ude00"},{"type":"image_url","image_url":{"url":"data:,abc"}}]},{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"bad","arguments":"{\"cab\":\"a\\nbad \\u00e9\",\"n\":[1,\"ee\"]}"}}]},{"role":"tool","tool_call_id":"call_1","content":"dead beef"}],"tools":[{"type":"function","function":{"name":"bad","parameters":{"type":"object","properties":{"cab":{"enum":["ab","gh"]}}}}}],"metadata":{"de":"ce"},"stop":["a","b"]}"#;

const STREAM: &str = concat!(
    "data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"a\"},\"logprobs\":{\"content\":[]}}]}\n\n",
    ": ping\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"bc\\ud83d\"}},{\"index\":1,\"delta\":{\"content\":\"gh\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"ijk g\"}},{\"index\":0,\"delta\":{\"content\":\"\\ude00 \\u00e9\"}}]}\r\n\r\n",
    "event: x\ndata: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"bad\",\"arguments\":\"{\\\"a\\\": \"}}]}}]}\n\n",
    "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"cab\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
);

/// What an attacker, or a broken server, puts between the bytes.
const PIECES: &[&str] = &[
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "0",
    "-1e999",
    "\\u0061",
    "\\ud83d",
    "\\ude00",
    "\\n",
    "é",
    "😀",
    "ab",
    "gh i",
    "\u{feff}",
    "\0",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\r\r",
    "data: ",
    "data:",
    "data",
    ": ",
    "event: e\n",
    "\"content\":",
    "\"Content\":",
    "\"content\":\"ab\",",
    "\"role\":\"tool\",",
    "{\"content\":\"ab\"},",
    "\"index\":0,",
    "data: {\"choices\":[]}\n\n",
    "data: [DONE]\n\n",
    "data: {\n",
    "data: }\n",
    "\"logprobs\":{\"content\":[]},",
];

/// A message with a few places overwritten: (where, how many bytes go, what comes).
fn bent(message: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (0..message.len(), 0..6usize, select(PIECES));
    vec(edit, 0..6).prop_map(move |edits| {
        let mut bytes = message.as_bytes().to_vec();
        for (at, gone, piece) in edits {
            let at = at.min(bytes.len());
            bytes.splice(at..(at + gone).min(bytes.len()), piece.bytes());
        }
        bytes
    })
}

fn cut(stream: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (1..40u8, stream).prop_map(|(step, stream)| [vec![step], stream].concat())
}

/// About a second each, unless `PROPTEST_CASES` says otherwise.
fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases: 4000, ..default } }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn json(data in prop_oneof![bent(REQUEST), vec(any::<u8>(), 0..40)]) {
        invariants::json(&data);
    }

    #[test]
    fn sse(data in cut(prop_oneof![bent(STREAM), vec(select(PIECES), 0..20).prop_map(|p| p.concat().into_bytes())])) {
        invariants::sse(&data);
    }

    #[test]
    fn chat_request(data in bent(REQUEST)) {
        invariants::chat_request(&data);
    }

    #[test]
    fn chat_stream(data in cut(bent(STREAM))) {
        invariants::chat_stream(&data);
    }
}
