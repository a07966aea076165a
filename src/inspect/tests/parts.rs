//! Content that comes as a string and in parts is read on as one text.

use serde_json::{Value, json};

use super::small::{chunk, compiled, concluded, finish, make, push};
use super::*;

const CHAT: &str = "/v1/chat/completions";

fn part(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// Sends contents of deltas, one by one or all at once, and gives what came of each.
fn streamed(context: &Context, contents: &[Value]) -> Vec<Value> {
    let events: Vec<String> = contents.iter().map(|content| chunk(&json!({ "content": content }))).collect();
    let mut stream = make(context, CHAT);
    let whole = push(&mut stream, &events.concat()) + &finish(&mut stream);
    let mut stream = make(context, CHAT);
    let out: String = events.iter().map(|event| push(&mut stream, event)).collect();
    assert_eq!(out + &finish(&mut stream), whole);
    let data = whole.lines().filter_map(|line| line.strip_prefix("data: {"));
    let events = data.map(|data| serde_json::from_str::<Value>(&format!("{{{data}")).unwrap());
    events.map(|event| event["choices"][0]["delta"]["content"].clone()).collect()
}

#[test]
fn strings_and_parts_of_content_are_one_text() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    for (sent, wanted) in [
        ([json!("a sec"), json!([part("ret b")])], [json!("a "), json!([part(" b")])]),
        ([json!([part("a sec")]), json!("ret b")], [json!([part("a ")]), json!(" b")]),
        (
            [json!([part("a s"), part("ec")]), json!([part("ret"), " b"])],
            [json!([part("a "), part("")]), json!([part(""), " b"])],
        ),
        ([json!(["a ", part("sec"), "ret"]), json!(part(" b"))], [json!(["a ", part(""), ""]), json!(part(" b"))]),
        ([json!([part("a "), part("secret")]), json!("s")], [json!([part("a "), part("secret")]), json!("s")]),
        (
            [json!([{ "type": "refusal", "refusal": "no sec" }]), json!("ret b")],
            [json!([{ "type": "refusal", "refusal": "no " }]), json!(" b")],
        ),
    ] {
        assert_eq!(streamed(&context, &sent), wanted);
    }
}

#[test]
fn reasoning_in_parts_is_a_text_of_its_own() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    let thinking = |text: &str| json!([{ "type": "thinking", "thinking": [part(text)] }]);
    let sent = [thinking("hm sec"), json!("ret"), thinking("ret so"), json!([part(" sec")]), json!("ret.")];
    let wanted = [thinking("hm "), json!("ret"), thinking(" so"), json!([part(" ")]), json!(".")];
    assert_eq!(streamed(&context, &sent), wanted);
}

#[test]
fn a_block_over_a_string_and_a_part_ends_the_answer_there() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: block }]");
    let events = [json!("a sec"), json!([part("ret b"), part("c")]), json!("d")]
        .map(|content| chunk(&json!({ "content": content })));
    let mut stream = make(&context, CHAT);
    let out = push(&mut stream, &events.concat()) + &finish(&mut stream);
    let (texts, ends) = read(out.as_bytes(), 1);
    assert_eq!((&*texts[0], ends[0].as_deref()), ("a ", Some("content_filter")));
}

#[test]
fn strings_beside_parts_of_a_whole_answer_are_read_on() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    let body = |content: &Value| json!({ "choices": [{ "index": 0, "message": { "content": content } }] }).to_string();
    for (sent, wanted) in [
        (json!(["a sec", part("ret b")]), json!(["a ", part(" b")])),
        (json!([part("a s"), "ec", part("ret b"), "c"]), json!([part("a "), "", part(" b"), "c"])),
    ] {
        assert_eq!(concluded(&context, CHAT, &body(&sent)), (None, body(&wanted)));
    }
}
