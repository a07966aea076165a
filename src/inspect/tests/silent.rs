//! Answers of which no text comes, or an empty one: streamed and whole they are judged alike.

use serde_json::{Value, json};

use super::small::{begin, block_event, chunk, compiled, concluded, finish, make, push};
use super::*;

fn short(action: &str) -> Context {
    compiled(&format!(
        "rules: [{{ id: r, scope: [completion], detect: {{ length: {{ min_chars: 3 }} }}, action: {action} }}]"
    ))
}

const CHAT: &str = "/v1/chat/completions";

fn ended() -> String {
    let choice = json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
    format!("data: {}\n\n", json!({ "choices": [choice] }))
}

/// What becomes of deltas, in one piece and event by event: what blocked it, and what went out.
fn streamed(context: &Context, path: &str, events: &[String]) -> (Option<Cause>, String) {
    let mut stream = make(context, path);
    let whole = push(&mut stream, &events.concat()) + &finish(&mut stream);
    let blocked = stream.blocked().cloned();
    let mut stream = make(context, path);
    let out: String = events.iter().map(|event| push(&mut stream, event)).collect();
    assert_eq!(out + &finish(&mut stream), whole);
    assert_eq!(stream.blocked().cloned(), blocked);
    (blocked, whole)
}

/// Each with what it is as a whole answer, and whether it is too short.
fn answers() -> Vec<(Vec<Value>, Value, bool)> {
    let call = json!([{ "index": 0, "id": "c", "function": { "name": "f", "arguments": "{}" } }]);
    let thought = json!({ "reasoning": "hm, hm" });
    vec![
        (vec![json!({ "content": "" })], json!({ "content": "" }), true),
        (vec![json!({ "role": "assistant", "content": "" }), json!({})], json!({ "content": "" }), true),
        (vec![json!({ "role": "assistant" })], json!({ "content": null }), true),
        (vec![json!({ "role": "assistant", "content": null })], json!({}), true),
        (vec![thought.clone()], thought, true),
        (vec![json!({ "content": "" }), json!({ "content": "ab" })], json!({ "content": "ab" }), true),
        (vec![json!({ "content": "" }), json!({ "content": "abc" })], json!({ "content": "abc" }), false),
        (vec![json!({ "content": null, "tool_calls": call })], json!({ "content": null, "tool_calls": call }), false),
    ]
}

#[test]
fn an_empty_answer_is_too_short_streamed_or_not() {
    let context = short("block");
    for (deltas, message, is_short) in answers() {
        let events: Vec<String> = deltas.iter().map(chunk).chain([ended(), "data: [DONE]\n\n".to_owned()]).collect();
        let (blocked, out) = streamed(&context, CHAT, &events);
        assert_eq!(blocked, is_short.then_some(Cause::Rule(0)), "{deltas:?}");
        assert!(if is_short { !out.contains("\"stop\"") } else { out == events.concat() }, "{out}");
        let body = json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] }).to_string();
        assert_eq!(concluded(&context, CHAT, &body).0, blocked, "{message}");
    }
}

#[test]
fn nothing_of_an_empty_answer_goes_out_as_an_end() {
    let context = short("block");
    let mut stream = make(&context, CHAT);
    // It says no character that could wait, and waits all the same.
    assert_eq!(push(&mut stream, &chunk(&json!({ "content": "" }))), "");
    assert_eq!(push(&mut stream, &ended()), "");
    assert_eq!(push(&mut stream, "data: [DONE]\n\n"), "");
    assert_eq!(stream.end(), &StreamEnd::Unsent(Cause::Rule(0)));
    // Without a reason that it ended for, it ends with the stream.
    let (blocked, out) =
        streamed(&context, CHAT, &[chunk(&json!({ "role": "assistant" })), "data: [DONE]\n\n".to_owned()]);
    assert_eq!(blocked, Some(Cause::Rule(0)));
    assert!(out.contains("content_filter"), "{out}");
}

#[test]
fn only_the_silent_one_of_several_answers_is_cut() {
    let context = short("block");
    let event = |index: usize, delta: &Value, end: &Value| {
        format!("data: {}\n\n", json!({ "choices": [{ "index": index, "delta": delta, "finish_reason": end }] }))
    };
    let end = json!("stop");
    let events = [
        event(0, &json!({ "role": "assistant" }), &Value::Null),
        event(1, &json!({ "content": "abc" }), &Value::Null),
        event(0, &json!({}), &end),
        event(1, &json!({}), &end),
        "data: [DONE]\n\n".to_owned(),
    ];
    let (_, out) = streamed(&context, CHAT, &events);
    let (texts, ends) = read(out.as_bytes(), 2);
    assert_eq!((&*texts[1], ends[0].as_deref(), ends[1].as_deref()), ("abc", Some("content_filter"), Some("stop")));
    let choice = |index: usize, content: &Value| json!({ "index": index, "message": { "content": content }, "finish_reason": "stop" });
    let body = json!({ "choices": [choice(0, &Value::Null), choice(1, &json!("abc"))] }).to_string();
    let (block, new) = concluded(&context, CHAT, &body);
    let new: Value = serde_json::from_str(&new).unwrap();
    assert_eq!((block, &new["choices"][0]["finish_reason"]), (None, &json!("content_filter")));
    assert_eq!(new["choices"][1]["message"]["content"], "abc");
}

#[test]
fn a_rewrite_of_nothing_changes_nothing() {
    for action in ["mask", "redact", "{ replace: x }", "log"] {
        let context = short(action);
        for (deltas, message, is_short) in answers().into_iter().filter(|(_, message, _)| message["content"] != "ab") {
            let events: Vec<String> = deltas.iter().map(chunk).chain([ended()]).collect();
            assert_eq!(streamed(&context, CHAT, &events), (None, events.concat()), "{action}");
            let mut stream = make(&context, CHAT);
            push(&mut stream, &events.concat());
            finish(&mut stream);
            stream.settle();
            assert_eq!(stream.report().findings.len(), usize::from(is_short), "{action} {deltas:?}");
            let body = json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] }).to_string();
            assert_eq!(concluded(&context, CHAT, &body), (None, body));
        }
    }
}

#[test]
fn a_message_of_no_block_or_an_empty_one_is_too_short() {
    let context = short("block");
    let start = block_event("message_start", r#""message":{"id":"m","role":"assistant","content":[]}"#);
    let stop = block_event("content_block_stop", r#""index":0"#);
    let end = block_event("message_delta", r#""delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}"#);
    let over = block_event("message_stop", r#""a":1"#);
    for (blocks, content) in [(vec![], json!([])), (vec![begin(0), stop], json!([{ "type": "text", "text": "" }]))] {
        let events = [vec![start.clone()], blocks, vec![end.clone(), over.clone()]].concat();
        let (blocked, out) = streamed(&context, "/v1/messages", &events);
        assert_eq!(blocked, Some(Cause::Rule(0)), "{content}");
        assert!(out.contains("refusal") && !out.contains("end_turn"), "{out}");
        let body = json!({ "type": "message", "content": content, "stop_reason": "end_turn" }).to_string();
        assert_eq!(concluded(&context, "/v1/messages", &body).0, blocked, "{content}");
    }
}
