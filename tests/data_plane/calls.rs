//! Calls of tools through the whole proxy: an agent whose model asks for too much does not hear of it.

use std::path::Path;
use std::sync::Arc;

use palisade::config::{Inspect, Source};
use palisade::guard::Guard;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Context, RuleSet};
use palisade::server::{App, Server};
use serde_json::{Value, json};

use super::rig::config;
use super::upstream::{self, Reply};

const POLICY: &str = r#"
version: 1
name: p
expose: none
rules:
  - id: refunds-only-small
    scope: [tool_call]
    when: request.headers["x-team"] != "supervisors"
    detect: { tool: { name: "refund*", require: "args.amount <= 100" } }
    action: { block: { message: "Refunds above 100 need a person." } }
"#;

const EVENTS: &str = "text/event-stream";
const JSON: &str = "application/json";

/// An answer that calls the tool, as each provider streams it and as it sends it whole.
fn answers(amount: u32) -> Vec<(&'static str, &'static str, Value, String)> {
    let args = format!("{{\"amount\":{amount}}}");
    let (first, rest) = args.split_at(5);
    let stream = |events: Vec<Value>| -> String {
        let event = |event: &Value| match event["type"].as_str() {
            Some(name) => format!("event: {name}\ndata: {event}\n\n"),
            None => format!("data: {event}\n\n"),
        };
        events.iter().map(event).collect()
    };
    let delta = |delta: Value, finish: Value| json!({ "id": "c", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    let call = |function: Value| json!({ "tool_calls": [{ "index": 0, "id": "c1", "type": "function", "function": function }] });
    let chat = stream(vec![
        delta(json!({ "role": "assistant", "content": "One moment." }), Value::Null),
        delta(call(json!({ "name": "refund_order", "arguments": "" })), Value::Null),
        delta(call(json!({ "arguments": first })), Value::Null),
        delta(call(json!({ "arguments": rest })), Value::Null),
        delta(json!({}), "tool_calls".into()),
    ]) + "data: [DONE]\n\n";
    let whole_chat = json!({ "id": "c", "object": "chat.completion", "choices": [{ "index": 0, "finish_reason": "tool_calls",
        "message": { "role": "assistant", "content": null, "tool_calls": [
            { "id": "c1", "type": "function", "function": { "name": "refund_order", "arguments": args } }] } }] });
    let tool = json!({ "type": "tool_use", "id": "toolu_1", "name": "refund_order", "input": {} });
    let piece = |text: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": text } });
    let message =
        json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {} });
    let messages = stream(vec![
        json!({ "type": "message_start", "message": message }),
        json!({ "type": "content_block_start", "index": 0, "content_block": tool }),
        piece(first),
        piece(rest),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": {} }),
        json!({ "type": "message_stop" }),
    ]);
    let item = |arguments: &str| json!({ "id": "fc", "type": "function_call", "call_id": "c1", "name": "refund_order", "arguments": arguments });
    let response = |output: Value, status: &str| json!({ "id": "resp_1", "object": "response", "status": status, "output": output });
    let responses = stream(vec![
        json!({ "type": "response.created", "response": response(json!([]), "in_progress") }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": item("") }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc", "delta": first }),
        json!({ "type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc", "delta": rest }),
        json!({ "type": "response.function_call_arguments.done", "output_index": 0, "item_id": "fc", "arguments": args }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": item(&args) }),
        json!({ "type": "response.completed", "response": response(json!([item(&args)]), "completed") }),
    ]);
    let part = json!({ "functionCall": { "name": "refund_order", "args": { "amount": amount } } });
    let candidate = json!({ "candidates": [{ "content": { "role": "model", "parts": [part] }, "index": 0, "finishReason": "STOP" }] });
    let chat_body = json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "my money" }] });
    let gemini_body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "my money" }] }] });
    vec![
        ("/v1/chat/completions", EVENTS, chat_body.clone(), chat),
        ("/v1/chat/completions", JSON, chat_body.clone(), whole_chat.to_string()),
        ("/v1/messages", EVENTS, chat_body, messages),
        ("/v1/responses", EVENTS, json!({ "model": "m", "stream": true, "input": "my money" }), responses),
        (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            EVENTS,
            gemini_body.clone(),
            stream(vec![candidate.clone()]),
        ),
        ("/v1beta/models/m:generateContent", JSON, gemini_body, candidate.to_string()),
    ]
}

#[tokio::test]
async fn a_call_that_asks_for_too_much_never_arrives() {
    let upstream = upstream::spawn().await;
    let mut config = config(upstream.addr);
    config.routes[0].inspect = Inspect::Full;
    let source = Source::new("p.yaml", POLICY);
    let (policy, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now()).unwrap();
    let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
    let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
    let app = App::new(config, Guard::of(vec![Some(context)], None)).unwrap();
    let (proxy, http) = (Server::start(app, Some(1)).await.unwrap(), reqwest::Client::new());
    for (amount, team) in [(50, "support"), (500, "support"), (500, "supervisors")] {
        let passes = amount <= 100 || team == "supervisors";
        for (path, content_type, body, answer) in answers(amount) {
            for step in [1, 7, answer.len()] {
                let reply = Reply { status: 200, content_type, bytes: answer.clone().into_bytes(), step };
                *upstream.reply.lock().unwrap() = reply;
                let url = format!("http://{}{path}", proxy.addr());
                let got = http.post(url).header("x-team", team).json(&body).send().await.unwrap().text().await.unwrap();
                if passes {
                    assert_eq!(got, answer, "{path} by {step}");
                } else {
                    assert!(!got.contains("refund_order") && !got.contains("500"), "{path} by {step}: {got}");
                }
            }
        }
    }
}
