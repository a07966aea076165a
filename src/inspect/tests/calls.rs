//! Calls of tools, in every protocol that has them: whole and in pieces, by themselves and beside each other.

use serde_json::{Value, json};

use super::small::{compiled, concluded, make};
use super::*;
use crate::protocol::framing::Frames;
use crate::segment::Kind;

/// Whether a rule finds something in a call, and where nothing of it may go out.
fn context(detect: &str, action: &str) -> Context {
    compiled(&format!("rules: [{{ id: r, scope: [tool_call], detect: {{ tool: {detect} }}, action: {action} }}]"))
}

const SMALL: &str = r#"{ name: "refund*", require: "args.amount <= 100" }"#;
const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";
const GEMINI: &str = "/v1beta/models/m:streamGenerateContent";
const OLLAMA: &str = "/api/chat";
const COHERE: &str = "/v2/chat";
const MISTRAL: &str = "/v1/fim/completions";

fn sse(event: &Value) -> String {
    match event["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    }
}

fn chat(delta: Value) -> String {
    sse(&json!({ "id": "c", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }))
}

fn chat_end() -> String {
    sse(&json!({ "id": "c", "choices": [{ "index": 0, "delta": {}, "finish_reason": "tool_calls" }] }))
        + "data: [DONE]\n\n"
}

/// Pieces of so many characters.
fn pieces(text: &str, size: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(size).map(|piece| piece.iter().collect()).collect()
}

fn responses_item(name: &str, arguments: &str) -> Value {
    json!({ "id": "fc", "type": "function_call", "call_id": "call_1", "name": name, "arguments": arguments,
        "status": "completed" })
}

/// A stream with one call in every protocol; `args` in pieces of so many characters, where a protocol has pieces. Without
/// `name` it is left out.
fn streams(name: &str, args: &str, size: usize) -> Vec<(&'static str, String)> {
    let function = json!({ "name": name, "arguments": "" });
    let mut out = vec![(
        CHAT,
        chat(
            json!({ "role": "assistant", "content": null, "tool_calls": [{ "index": 0, "id": "c1", "type": "function",
            "function": function }] }),
        ) + &pieces(args, size)
            .iter()
            .map(|piece| chat(json!({ "tool_calls": [{ "index": 0, "function": { "arguments": piece } }] })))
            .collect::<String>()
            + &chat_end(),
    )];
    out.push((
        CHAT,
        chat(json!({ "role": "assistant", "function_call": { "name": name, "arguments": "" } }))
            + &pieces(args, size)
                .iter()
                .map(|piece| chat(json!({ "function_call": { "arguments": piece } })))
                .collect::<String>()
            + &chat_end(),
    ));
    let (at, whole) = (json!({ "output_index": 0, "item_id": "fc" }), responses_item(name, args));
    let event = |name: &str, rest: Value| {
        let mut event = json!({ "type": name });
        for part in [&at, &rest] {
            event.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        }
        sse(&event)
    };
    let response = json!({ "id": "resp_1", "object": "response", "status": "in_progress", "output": [] });
    let mut stream = sse(&json!({ "type": "response.created", "response": response }));
    stream += &event("response.output_item.added", json!({ "item": responses_item(name, "") }));
    for piece in pieces(args, size) {
        stream += &event("response.function_call_arguments.delta", json!({ "delta": piece }));
    }
    stream += &event("response.function_call_arguments.done", json!({ "arguments": args }));
    stream += &event("response.output_item.done", json!({ "item": whole }));
    let response = json!({ "id": "resp_1", "object": "response", "status": "completed", "output": [whole] });
    stream += &sse(&json!({ "type": "response.completed", "response": response }));
    out.push((RESPONSES, stream));
    let block = |name: &str, rest: Value| {
        let mut event = json!({ "type": name, "index": 0 });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        sse(&event)
    };
    let message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [] });
    let mut stream = sse(&json!({ "type": "message_start", "message": message }));
    let tool = json!({ "type": "tool_use", "id": "toolu_1", "name": name, "input": {} });
    stream += &block("content_block_start", json!({ "content_block": tool }));
    for piece in pieces(args, size) {
        stream +=
            &block("content_block_delta", json!({ "delta": { "type": "input_json_delta", "partial_json": piece } }));
    }
    stream += &block("content_block_stop", json!({}));
    stream += &sse(&json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": {} }));
    stream += &sse(&json!({ "type": "message_stop" }));
    out.push((MESSAGES, stream));
    let mut cohere = String::new();
    for (kind, call) in
        [("start", json!({ "id": "c1", "type": "function", "function": { "name": name, "arguments": "" } }))]
            .into_iter()
            .chain(pieces(args, size).iter().map(|piece| ("delta", json!({ "function": { "arguments": piece } }))))
    {
        let event = format!("tool-call-{kind}");
        cohere += &sse(&json!({ "type": event, "index": 0, "delta": { "message": { "tool_calls": call } } }));
    }
    cohere += &sse(&json!({ "type": "tool-call-end", "index": 0 }));
    cohere += &sse(&json!({ "type": "message-end", "delta": { "finish_reason": "TOOL_CALL" } }));
    out.push((COHERE, cohere));
    // These two have arguments that are JSON themselves.
    if let Some(args) = serde_json::from_str::<Value>(args).ok().filter(|args| args.is_object() && !twice(args)) {
        let part = json!({ "functionCall": { "name": name, "args": args } });
        let candidate = json!({ "content": { "role": "model", "parts": [part] }, "index": 0, "finishReason": "STOP" });
        out.push((GEMINI, sse(&json!({ "candidates": [candidate] }))));
        let call = json!({ "function": { "name": name, "arguments": args } });
        let message = json!({ "role": "assistant", "content": "", "tool_calls": [call] });
        let lines = [json!({ "model": "m", "message": message, "done": false }), json!({ "model": "m", "done": true })];
        out.push((OLLAMA, lines.map(|line| format!("{line}\n")).concat()));
    }
    out
}

/// Whether reading it lost something: the same key twice.
fn twice(args: &Value) -> bool {
    args.get("twice").is_some()
}

/// The same calls in whole answers.
fn bodies(name: &str, args: &str) -> Vec<(&'static str, String)> {
    let raw: Value = serde_json::from_str(args).unwrap_or_default();
    let chat = |message: Value| json!({ "id": "c", "choices": [{ "index": 0, "message": message }] });
    let call = |arguments: &Value| json!({ "id": "c1", "type": "function", "function": { "name": name, "arguments": arguments } });
    let mut out = vec![
        (CHAT, chat(json!({ "role": "assistant", "content": null, "tool_calls": [call(&args.into())] }))),
        (CHAT, chat(json!({ "role": "assistant", "function_call": { "name": name, "arguments": args } }))),
        (MISTRAL, chat(json!({ "role": "assistant", "content": "", "tool_calls": [call(&args.into())] }))),
        (RESPONSES, json!({ "id": "resp_1", "object": "response", "output": [responses_item(name, args)] })),
        (
            RESPONSES,
            json!({ "id": "resp_1", "object": "response", "output": [
            { "id": "m", "type": "mcp_call", "server_label": "s", "name": name, "arguments": args }] }),
        ),
        (COHERE, json!({ "id": "c", "message": { "role": "assistant", "tool_calls": [call(&args.into())] } })),
    ];
    if raw.is_object() && !twice(&raw) {
        for kind in ["tool_use", "server_tool_use", "mcp_tool_use"] {
            let content = json!([{ "type": kind, "id": "toolu_1", "name": name, "input": raw }]);
            out.push((MESSAGES, json!({ "id": "msg_1", "type": "message", "role": "assistant", "content": content })));
        }
        let part = json!({ "functionCall": { "name": name, "args": raw } });
        out.push((GEMINI, json!({ "candidates": [{ "content": { "role": "model", "parts": [part] }, "index": 0 }] })));
        let message = json!({ "role": "assistant", "content": "", "tool_calls": [{ "function": { "name": name, "arguments": raw } }] });
        out.push((OLLAMA, json!({ "model": "m", "message": message, "done": true })));
    }
    out.into_iter().map(|(path, body)| (path, body.to_string())).collect()
}

/// What comes of a stream that arrives in such pieces: whether it is blocked, and all that goes out.
fn run(context: &Context, path: &str, wire: &str, size: usize) -> (bool, String) {
    let stream = make(context, path);
    let mut stream = if path == OLLAMA { stream.framed(Frames::Ndjson) } else { stream };
    let mut out = Vec::new();
    for piece in wire.as_bytes().chunks(size) {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    (stream.blocked().is_some(), String::from_utf8(out).unwrap())
}

/// In every protocol, whole and as it comes: whether a call is let through, and if not that nothing of it is seen.
fn check(context: &Context, name: &str, args: &str, passes: bool) {
    for (size, chunk) in [(1, 7), (3, 1), (usize::MAX, usize::MAX)] {
        for (path, wire) in streams(name, args, size) {
            let (blocked, out) = run(context, path, &wire, chunk);
            assert_eq!(blocked, !passes, "{path} in {chunk}: {name} {args}\n{out}");
            if passes {
                assert_eq!(out, wire, "{path} in {chunk}");
            } else {
                assert!(!shows(&out, name), "{path} in {chunk}: {out}");
            }
        }
    }
    for (path, body) in bodies(name, args) {
        let (block, out) = concluded(context, path, &body);
        // Of several answers one is blocked by itself, be it the only one.
        assert_eq!(block.is_none() && out == body, passes, "{path}: {body}\n{out}");
        assert!(passes || block.is_some() || !shows(&out, name), "{path}: {out}");
    }
}

/// Whether anything of a call can be seen.
fn shows(out: &str, name: &str) -> bool {
    out.contains("amount") || (!name.is_empty() && out.contains(name))
}

#[test]
fn arguments_have_to_meet_what_is_required() {
    let context = context(SMALL, "block");
    for (args, passes) in [
        (r#"{"amount": 100}"#, true),
        (r#"{"order": "x", "amount": 5.5}"#, true),
        (r#"{"amount": 500}"#, false),
        (r#"{"amount": "5"}"#, false),
        (r#"{"amount": null}"#, false),
        (r#"{"amount": [5]}"#, false),
        (r#"{"Amount": 5}"#, false),
        (r"{}", false),
        (r#"{"amount": 5, "Amount": 500}"#, false),
    ] {
        check(&context, "refund_order", args, passes);
        check(&context, "Refund-Order", args, passes);
        check(&context, "functions.refund", args, passes);
        check(&context, "weather", args, true);
    }
    for args in ["", " ", "null", "5", "[5]", "amount: 5", r#"{"amount": 5"#, r#"{"amount": 5} {}"#, r#""{}""#] {
        check(&context, "refund_order", args, false);
        check(&context, "weather", args, true);
    }
    check(&context, "refund", r#"{"amount": 5, "twice": 1, "amount": 500}"#, false);
    check(&context, "refund", r#"{"amount": 500, "twice": 1, "amount": 5}"#, false);
    check(&context, "", r#"{"amount": 500}"#, false);
}

#[test]
fn what_may_be_missing_may_be_missing() {
    let context = context(r#"{ name: refund, require: "!has(args.amount) || args.amount <= 100" }"#, "block");
    check(&context, "refund", "{}", true);
    check(&context, "refund", r#"{"amount": 500}"#, false);
}

#[test]
fn tools_are_denied_and_allowed_by_name() {
    let denied = context(r#"{ name: [delete_all, "drop*"] }"#, "block");
    for name in ["delete_all", "DeleteAll", "drop_table", "db.drop"] {
        check(&denied, name, "{}", false);
    }
    check(&denied, "delete", "{}", true);
    let allowed = context("{ allow: [get_weather] }", "block");
    check(&allowed, "get_weather", r#"{"amount": 5}"#, true);
    check(&allowed, "delete_all", r#"{"amount": 5}"#, false);
}

#[test]
fn what_is_only_recorded_goes_out_as_it_comes() {
    let context = context(SMALL, "log");
    for (path, wire) in streams("refund", r#"{"amount": 500}"#, 3) {
        let mut stream = make(&context, path);
        stream = if path == OLLAMA { stream.framed(Frames::Ndjson) } else { stream };
        let mut out = Vec::new();
        stream.push(wire.as_bytes(), &mut out);
        stream.finish(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), wire, "{path}");
        let found = stream.report().findings;
        assert_eq!(found.len(), 1, "{path}");
        assert_eq!((found[0].finding.label.as_deref(), found[0].segment.kind), (Some("refund*"), Kind::ToolCall));
        assert_eq!(context.rules.why(&found[0].finding), "a call that does not meet args.amount <= 100");
    }
}

/// The events of one call may come in any order, with those of others between.
#[test]
fn parts_of_a_call_may_come_in_any_order() {
    let context = context(SMALL, "block");
    let call =
        |index: usize, function: Value| chat(json!({ "tool_calls": [{ "index": index, "function": function }] }));
    let name = |index: usize, name: &str| call(index, json!({ "name": name }));
    let args = |index: usize, args: &str| call(index, json!({ "arguments": args }));
    for (events, passes) in [
        // The name in pieces, and after the arguments.
        (vec![name(0, "ref"), name(0, "und"), args(0, r#"{"amount":5}"#)], true),
        (vec![name(0, "ref"), name(0, "und"), args(0, r#"{"amount":500}"#)], false),
        (vec![args(0, r#"{"amount":500}"#), name(0, "refund")], false),
        (vec![args(0, r#"{"amount":"#), name(0, "ref"), args(0, "500}"), name(0, "und")], false),
        (vec![args(0, r#"{"amount":5}"#), name(0, "refund")], true),
        // No name, no arguments.
        (vec![args(0, r#"{"amount":500}"#)], false),
        (vec![args(0, r#"{"amount":5}"#)], true),
        (vec![name(0, "refund")], false),
        (vec![name(0, "weather")], true),
        // Two at once.
        (vec![name(0, "weather"), name(1, "refund"), args(1, r#"{"amount""#), args(0, "{}"), args(1, ":500}")], false),
        (vec![name(0, "weather"), name(1, "refund"), args(1, r#"{"amount""#), args(0, "{}"), args(1, ":50}")], true),
        (vec![name(1, "weather"), name(0, "refund"), args(1, r#"{"amount":500}"#), args(0, r#"{"amount":5}"#)], true),
        (vec![name(0, "refund"), args(0, r#"{"amount":5}"#), name(1, "refund"), args(1, r#"{"amount":500}"#)], false),
    ] {
        let wire = events.concat() + &chat_end();
        for size in [1, 7, wire.len()] {
            let (blocked, out) = run(&context, CHAT, &wire, size);
            assert_eq!(blocked, !passes, "in {size}: {wire}");
            assert_eq!(out == wire, passes, "in {size}: {out}");
            assert!(passes || !out.contains("500"), "in {size}: {out}");
        }
    }
}

/// What comes whole in each event is a call of its own, at whatever place of the event.
#[test]
fn whole_calls_of_successive_events_are_apart() {
    let context = context(SMALL, "block");
    let gemini = |call: Value| {
        let content = json!({ "role": "model", "parts": [{ "functionCall": call }] });
        sse(&json!({ "candidates": [{ "content": content, "index": 0 }] }))
    };
    let ollama = |call: Value| {
        let message = json!({ "role": "assistant", "content": "", "tool_calls": [{ "function": call }] });
        format!("{}\n", json!({ "model": "m", "message": message, "done": false }))
    };
    for amount in [5, 500] {
        let first = json!({ "name": "weather", "args": { "amount": 500 } });
        let second = json!({ "args": { "amount": amount }, "name": "refund" });
        let wire = [first, second].map(gemini).concat();
        let (blocked, out) = run(&context, GEMINI, &wire, wire.len());
        assert_eq!((blocked, out.contains("refund")), (amount > 100, amount <= 100), "{out}");
        let calls = [
            json!({ "name": "weather", "arguments": {} }),
            json!({ "name": "refund", "arguments": { "amount": amount } }),
        ];
        let wire = calls.map(ollama).concat();
        let (blocked, out) = run(&context, OLLAMA, &wire, wire.len());
        assert_eq!((blocked, out.contains("refund")), (amount > 100, amount <= 100), "{out}");
    }
    // In pieces, value by value: what they come to is not put together, and so meets nothing.
    let pieces = [
        json!({ "name": "refund", "willContinue": true }),
        json!({ "partialArgs": [{ "jsonPath": "$.amount", "numberValue": 5 }], "willContinue": true }),
        json!({}),
    ];
    for (name, passes) in [("refund", false), ("weather", true)] {
        let wire = pieces.clone().map(gemini).concat().replace("refund", name);
        let (blocked, out) = run(&context, GEMINI, &wire, 7);
        assert_eq!((blocked, out == wire), (!passes, passes), "{out}");
    }
}

/// A provider that says another name, or other arguments, where it repeats a call.
#[test]
fn a_call_that_is_said_again_otherwise_is_another_call() {
    let context = context(SMALL, "block");
    let (_, wire) =
        streams("weather", r#"{"amount":500}"#, 5).into_iter().find(|(path, _)| *path == RESPONSES).unwrap();
    let done = wire.find("event: response.output_item.done").unwrap();
    let other = wire[..done].to_owned() + &wire[done..].replace("weather", "refund");
    for size in [1, other.len()] {
        let (blocked, out) = run(&context, RESPONSES, &other, size);
        assert!(blocked && !out.contains("refund"), "{out}");
    }
}

/// What a client sends back as history is judged as well.
#[test]
fn calls_in_requests_are_judged() {
    let context = context(SMALL, "block");
    let request = |path: &str, body: &Value| {
        let body = body.to_string();
        let json = Json::parse(body.as_bytes()).unwrap();
        let Recognised::Known(protocol) = recognise(path) else { panic!("{path}") };
        let (shape, kind) = protocol.request();
        let walked = walk(&json, shape, Direction::Request, kind).unwrap();
        let mut buffered = Buffered::new(&context, Body::Json(json, walked), Direction::Request);
        while buffered.scan(64) {}
        buffered.conclude(false).block
    };
    for amount in [5, 500] {
        let args = json!({ "amount": amount });
        let function = json!({ "name": "refund", "arguments": args.to_string() });
        let call = json!({ "id": "c1", "type": "function", "function": function });
        let chat = json!({ "messages": [{ "role": "assistant", "tool_calls": [call] }] });
        let block = json!({ "type": "tool_use", "id": "t", "name": "refund", "input": args });
        let messages = json!({ "messages": [{ "role": "assistant", "content": [block] }] });
        let responses = json!({ "input": [responses_item("refund", &args.to_string())] });
        let part = json!({ "functionCall": { "name": "refund", "args": args } });
        let gemini = json!({ "contents": [{ "role": "model", "parts": [part] }] });
        let expected = (amount > 100).then_some(Cause::Rule(0));
        for (path, body) in [(CHAT, chat), (MESSAGES, messages), (RESPONSES, responses), (GEMINI, gemini)] {
            assert_eq!(request(path, &body), expected, "{path}: {body}");
        }
    }
    let custom =
        json!({ "id": "ct", "type": "custom_tool_call", "call_id": "c", "name": "refund", "input": "amount 5" });
    assert_eq!(request(RESPONSES, &json!({ "input": [custom] })), Some(Cause::Rule(0)));
    let custom = json!({ "id": "c1", "type": "custom", "custom": { "name": "refund", "input": "amount 5" } });
    assert_eq!(
        request(CHAT, &json!({ "messages": [{ "role": "assistant", "tool_calls": [custom] }] })),
        Some(Cause::Rule(0))
    );
    // The provider's own tools have no names.
    let search = json!({ "id": "ws", "type": "web_search_call", "status": "completed", "action": { "type": "search", "query": "a" } });
    assert_eq!(request(RESPONSES, &json!({ "input": [search] })), None);
}

#[test]
fn allow_rules_and_shadow_reach_calls() {
    let policy = |mode: &str, more: &str| {
        compiled(&format!(
            "rules: [{{ id: r, mode: {mode}, detect: {{ tool: {{ name: refund }} }}, action: block }}{more}]"
        ))
    };
    let body = &bodies("refund", r#"{"amount": 5}"#)[0];
    assert!(concluded(&policy("enforce", ""), body.0, &body.1).0.is_some());
    assert!(concluded(&policy("shadow", ""), body.0, &body.1).0.is_none());
    let allow = ", { id: a, detect: { tool: { name: refund, require: \"args.amount > 100\" } }, action: { allow: { rules: r } } }";
    assert!(concluded(&policy("enforce", allow), body.0, &body.1).0.is_none());
}
