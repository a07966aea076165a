//! Faults where adapters, framings and the engine meet.

use std::time::Instant;

use serde_json::{Value, json};

use super::small::{chunk, compiled, finish, make, push};
use super::*;
use crate::protocol::framing::Frames;

const RESPONSES: &str = "/v1/responses";
const GEMINI: &str = "/v1beta/models/m:streamGenerateContent";

fn event(body: &Value) -> String {
    format!("data: {body}\n\n")
}

fn candidate(text: &str) -> String {
    json!({ "candidates": [{ "content": { "parts": [{ "text": text }] } }] }).to_string()
}

/// Its end looks like a heart-beat: it says nothing.
#[test]
fn the_end_of_an_array_overtakes_nothing() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: mask }]");
    let mut stream = make(&context, GEMINI).framed(Frames::Array);
    let mut out = push(&mut stream, &format!("[{},\r\n{}]", candidate("words and "), candidate("a secre")));
    let mut more = Vec::new();
    stream.overtake(&mut more);
    out += std::str::from_utf8(&more).unwrap();
    assert!(!out.contains(']') || out.ends_with('}'), "{out}");
    out += &finish(&mut stream);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&out).unwrap().len(), 2);
}

#[test]
fn nothing_comes_after_the_end_of_an_array() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: mask }]");
    let whole = format!("[{}]", candidate("words. "));
    let mut stream = make(&context, GEMINI).framed(Frames::Array);
    let mut out = push(&mut stream, &whole).into_bytes();
    stream.fail("broken", &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), whole);
    for more in ["]", "{}", ",{}"] {
        let mut stream = make(&context, GEMINI).framed(Frames::Array);
        let out = push(&mut stream, &whole) + &push(&mut stream, more) + &finish(&mut stream);
        assert_eq!(out, whole);
        assert_eq!(stream.blocked(), Some(&Cause::Unreadable));
    }
}

#[test]
fn an_echo_after_the_end_of_its_text_is_not_let_through_unread() {
    let context =
        compiled("rules: [{ id: r, scope: [completion], detect: { keywords: { words: [secret] } }, action: block }]");
    let echo = |token: &str| {
        let logprobs = json!({ "content": [{ "token": token, "logprob": 0 }] });
        event(&json!({ "choices": [{ "index": 0, "delta": {}, "logprobs": logprobs }] }))
    };
    let mut stream = make(&context, "/v1/chat/completions");
    let bytes = [chunk(&json!({ "content": "fine. " })), echo("fine. "), event(&json!({})).replace("{}", "[DONE]")];
    let out = push(&mut stream, &bytes.concat()) + &push(&mut stream, &echo("a secret ")) + &finish(&mut stream);
    assert!(!out.contains("secret"), "{out}");
}

#[test]
fn what_stands_before_its_pieces_is_not_read_on_in_them() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: mask }]");
    let mut stream = make(&context, "/generate_stream");
    let last = |text: &str| {
        format!(
            "data:{{\"generated_text\":\"{text}\",\"token\":{{\"id\":1,\"text\":\"{text}\",\"special\":false}}}}\n\n"
        )
    };
    let out = push(&mut stream, &last("secret")) + &finish(&mut stream);
    assert_eq!(out, last("******"));
}

#[test]
fn strings_that_come_again_are_read_with_those_that_are_new() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    let mut stream = make(&context, RESPONSES);
    let item = |name: &str, queries: &[&str]| {
        let action = json!({ "type": "search", "queries": queries });
        let item = json!({ "id": "ws_1", "type": "web_search_call", "status": "completed", "action": action });
        event(&json!({ "type": name, "output_index": 0, "item": item }))
    };
    let bytes = item("response.output_item.added", &["a sec"]) + &item("response.output_item.done", &["a sec", "ret"]);
    let out = push(&mut stream, &bytes) + &finish(&mut stream);
    assert!(!out.contains("\"ret\""), "{out}");
}

/// Else a stream that never ends would be kept as a whole, item after item.
#[test]
fn what_is_too_much_to_be_kept_is_read_again() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: mask }]");
    let mut stream = make(&context, RESPONSES);
    let delta = |index: usize, text: &str| {
        event(
            &json!({ "type": "response.output_text.delta", "output_index": index, "content_index": 0, "delta": text }),
        )
    };
    let done = |index: usize, text: &str| {
        event(&json!({ "type": "response.output_text.done", "output_index": index, "content_index": 0, "text": text }))
    };
    let long = "word ".repeat(300_000);
    let bytes = [
        delta(0, &long),
        delta(0, "a secret "),
        // What was kept is not all of it.
        done(0, &long),
        delta(1, "another secret "),
        done(1, "another secret "),
    ];
    let out = push(&mut stream, &bytes.concat()) + &finish(&mut stream);
    assert_eq!(out, bytes.concat().replace("secret", "******"));
}

/// A second or two; where each place looks at all others, a minute.
#[test]
fn events_of_very_many_places_take_linear_time() {
    let context = compiled(
        "unscannable: log\nrules: [{ id: r, scope: [output], detect: { keywords: { words: [secret] } }, action: mask }]",
    );
    let took = |events: &[String]| {
        let started = Instant::now();
        let mut stream = make(&context, RESPONSES);
        for event in events {
            push(&mut stream, event);
        }
        finish(&mut stream);
        started.elapsed().as_secs_f32()
    };
    let image = json!({ "type": "input_image", "image_url": "data:," });
    let images = json!([{ "type": "message", "role": "user", "content": vec![image; 120_000] }]);
    let created = |name: &str, rest: &Value| event(&json!({ "type": name, "response": rest }));
    let response = json!({ "id": "resp_1", "instructions": images, "output": [] });
    let all = [created("response.created", &response), created("response.completed", &response)];
    let mut worst = took(&all);
    let parts: Vec<Value> = (0..8_000)
        .map(|index| json!({ "type": "output_text", "text": format!("t{index}"), "logprobs": [{ "token": "x" }] }))
        .collect();
    let output = json!([{ "type": "message", "id": "m", "role": "assistant", "content": parts }]);
    let response = json!({ "id": "resp_1", "output": output });
    let names = ["response.created", "response.in_progress", "response.completed"];
    let all: Vec<String> = names.iter().map(|name| created(name, &response)).collect();
    worst = worst.max(took(&all));
    let deltas: Vec<String> = (0..8_000)
        .map(|index| {
            event(&json!({ "type": "response.output_text.delta", "output_index": 0, "content_index": index,
                "delta": "sec", "logprobs": [{ "token": "sec" }] }))
        })
        .collect();
    worst = worst.max(took(&deltas));
    assert!(worst < 20.0, "{worst}");
}

#[test]
fn rules_that_only_record_hold_nothing() {
    let context = compiled(
        "unscannable: log\nrules: [{ id: r, detect: { keywords: { words: [secret] } }, action: log },
            { id: p, detect: { pii: { entities: [EMAIL_ADDRESS] } }, action: log }, { id: s, detect: { secrets: {} }, action: log }]",
    );
    let responses = |name: &str, rest: Value| {
        let mut body = json!({ "type": name, "output_index": 0, "content_index": 0, "sequence_number": 1 });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event(&body)
    };
    let call = json!({ "type": "function_call", "id": "f", "call_id": "c", "name": "sec", "arguments": "" });
    let line = |rest: Value| format!("{rest}\n");
    for (path, frames, events) in [
        (
            RESPONSES,
            Frames::Sse,
            vec![
                responses(
                    "response.output_text.delta",
                    json!({ "delta": "a sec", "logprobs": [{ "token": "a sec" }] }),
                ),
                responses("response.output_text.done", json!({ "text": "a sec", "logprobs": [{ "token": "a sec" }] })),
                responses("response.output_item.added", json!({ "item": call, "output_index": 1 })),
                responses(
                    "response.function_call_arguments.delta",
                    json!({ "delta": "{\"a\":\"sec", "output_index": 1 }),
                ),
            ],
        ),
        (
            GEMINI,
            Frames::Sse,
            vec![format!("data: {}\n\n", candidate("a sec")), format!("data: {}\n\n", candidate("AKIA"))],
        ),
        (
            GEMINI,
            Frames::Array,
            vec![format!("[{}", candidate("a sec")), format!(",\r\n{}", candidate("AKIA")), "]".into()],
        ),
        (
            "/api/chat",
            Frames::Ndjson,
            vec![
                line(json!({ "message": { "role": "assistant", "content": "a sec" }, "done": false })),
                line(json!({ "message": { "role": "assistant", "content": "", "tool_calls": [
                    { "function": { "name": "sec", "arguments": { "a": "sec" } } }] }, "done": false })),
            ],
        ),
    ] {
        let mut stream = make(&context, path).framed(frames);
        for event in &events {
            assert_eq!(push(&mut stream, event), *event, "{path}");
        }
    }
}
