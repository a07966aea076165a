//! Gemini through the whole proxy: blocks, rewrites and restored values, whole and in both framings of its streams.

use std::path::Path;
use std::sync::Arc;

use palisade::config::{Inspect, Source};
use palisade::guard::Guard;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Context, RuleSet};
use palisade::server::{App, Server};
use serde_json::{Value, json};

use super::rig::{Raw, config};
use super::upstream::{self, Reply, Upstream};

const POLICY: &str = "
version: 1
name: p
expose: none
unscannable: log
rules:
  - { id: block, scope: [all], detect: { keywords: { words: [forbidden] } }, action: block }
  - { id: decline, scope: [all], detect: { keywords: { words: [unwanted] } }, action: { block: { as: refusal } } }
  - { id: mask, scope: [all], detect: { keywords: { words: [secret], whole: false } }, action: { replace: '[gone]' } }
  - id: people
    scope: [input]
    detect: { pii: { entities: [EMAIL_ADDRESS] } }
    action: { pseudonymize: { restore: [completion, tool_call] } }
";

const WHOLE: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const STREAM: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
const SSE: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const JSON: &str = "application/json";

struct Rig {
    upstream: Upstream,
    proxy: Server,
    http: reqwest::Client,
}

impl Rig {
    async fn start() -> Rig {
        let upstream = upstream::spawn().await;
        let mut config = config(upstream.addr);
        config.routes[0].inspect = Inspect::Full;
        let source = Source::new("p.yaml", POLICY);
        let (policy, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now()).unwrap();
        let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
        let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
        let app = App::new(config, Guard::of(vec![Some(context)], None)).unwrap();
        Rig { upstream, proxy: Server::start(app, Some(1)).await.unwrap(), http: reqwest::Client::new() }
    }

    /// What the upstream will answer, in pieces of 7 bytes.
    fn will_say(&self, content_type: &'static str, body: impl Into<Vec<u8>>) {
        let reply = Reply { status: 200, content_type, bytes: body.into(), step: 7 };
        *self.upstream.reply.lock().unwrap() = reply;
    }

    async fn ask(&self, path: &str, body: &Value) -> (u16, String, String) {
        let url = format!("http://{}{path}", self.proxy.addr());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    }

    fn got(&self) -> Value {
        serde_json::from_slice(&self.upstream.got.lock().unwrap()).unwrap()
    }

    /// Whether the upstream has been asked since this was called last.
    fn was_asked(&self) -> bool {
        !std::mem::take(&mut *self.upstream.got.lock().unwrap()).is_empty()
    }
}

fn prompt(text: &str) -> Value {
    json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] })
}

fn event(parts: &Value, finish: Option<&str>) -> Value {
    let content = json!({ "role": "model", "parts": parts });
    let candidate = json!({ "content": content, "finishReason": finish, "index": 0 });
    json!({ "candidates": [candidate], "usageMetadata": { "totalTokenCount": 9 }, "modelVersion": "g-1", "responseId": "r" })
}

fn text(text: &str) -> Value {
    event(&json!([{ "text": text }]), None)
}

fn sse(events: &[Value]) -> String {
    let events: Vec<String> = events.iter().map(|event| format!("data: {event}\r\n\r\n")).collect();
    events.concat()
}

fn array(events: &[Value]) -> String {
    let events: Vec<String> = events.iter().map(Value::to_string).collect();
    format!("[{}\n]\n", events.join("\n,\r\n"))
}

/// The events of a stream as a client reads them, strictly: for server-sent events nothing but `data: ` lines.
fn events(kind: &str, body: &str) -> Vec<Value> {
    if kind == JSON {
        return serde_json::from_str(body).unwrap();
    }
    assert_eq!(kind, "text/event-stream");
    let lines = body.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

/// What an official client shows as the answer's text.
fn said(events: &[Value]) -> String {
    let parts = events.iter().filter_map(|event| event["candidates"][0]["content"]["parts"].as_array());
    parts.flatten().filter(|part| part["thought"] != true).filter_map(|part| part["text"].as_str()).collect()
}

/// Asks for the same stream in both framings.
async fn both(rig: &Rig, body: &Value, said: &[Value]) -> [Vec<Value>; 2] {
    rig.will_say("text/event-stream", sse(said));
    let (status, kind, out) = rig.ask(SSE, body).await;
    assert_eq!(status, 200, "{out}");
    let first = events(&kind, &out);
    rig.will_say("application/json; charset=UTF-8", array(said));
    let (status, _, out) = rig.ask(STREAM, body).await;
    assert_eq!(status, 200, "{out}");
    [first, events(JSON, &out)]
}

#[tokio::test]
async fn a_blocked_prompt_is_an_error_or_blocked_as_the_provider_blocks() {
    let rig = Rig::start().await;
    for path in [WHOLE, SSE, STREAM, "/v1beta/models/g:countTokens", "/v1beta/models/g:embedContent"] {
        let body = if path.ends_with("embedContent") {
            json!({ "content": { "parts": [{ "text": "a forbidden word" }] } })
        } else {
            prompt("a forbidden word")
        };
        let (status, kind, out) = rig.ask(path, &body).await;
        assert_eq!((status, &*kind), (400, JSON), "{path}");
        let error: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&error["error"]["code"], &error["error"]["status"]), (&json!(400), &json!("INVALID_ARGUMENT")));
    }
    for (path, kind) in [(WHOLE, JSON), (SSE, "text/event-stream"), (STREAM, JSON)] {
        let (status, told, out) = rig.ask(path, &prompt("an unwanted word")).await;
        assert_eq!((status, &*told), (200, kind), "{path}");
        let events = if path == WHOLE { vec![serde_json::from_str(&out).unwrap()] } else { events(kind, &out) };
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
        assert_eq!(events[0]["modelVersion"], "gemini-2.5-flash");
        assert_eq!(events[0].get("candidates"), None);
    }
    assert!(!rig.was_asked());
}

#[tokio::test]
async fn a_blocked_answer_is_an_error_or_a_filtered_candidate() {
    let rig = Rig::start().await;
    let answer = |text: &str| event(&json!([{ "text": text }]), Some("STOP")).to_string();
    rig.will_say(JSON, answer("a forbidden word"));
    assert_eq!(rig.ask(WHOLE, &prompt("hi")).await.0, 400);
    rig.will_say(JSON, answer("an unwanted word"));
    let (status, _, out) = rig.ask(WHOLE, &prompt("hi")).await;
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &out["candidates"][0]["finishReason"]), (200, &json!("SAFETY")));
    assert_eq!((out["candidates"][0].get("content"), out.get("promptFeedback")), (None, None));

    let candidate = |index: u64, text: &str| {
        let content = json!({ "parts": [{ "text": text }], "role": "model" });
        json!({ "index": index, "content": content, "finishReason": "STOP", "logprobsResult": { "chosenCandidates": [{ "token": text }] } })
    };
    let two = json!({ "candidates": [candidate(0, "all fine"), candidate(1, "so forbidden")], "modelVersion": "g" });
    rig.will_say(JSON, two.to_string());
    let (_, _, out) = rig.ask(WHOLE, &prompt("hi")).await;
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["candidates"][0], two["candidates"][0]);
    assert_eq!(out["candidates"][1], json!({ "finishReason": "SAFETY", "index": 1 }));
}

#[tokio::test]
async fn a_stream_that_is_blocked_from_its_start_is_an_answer_like_any_other() {
    let rig = Rig::start().await;
    let forbidden = [text("forbidden words"), text(" and more")];
    rig.will_say("text/event-stream", sse(&forbidden));
    assert_eq!(rig.ask(SSE, &prompt("hi")).await.0, 400);
    rig.will_say(JSON, array(&forbidden));
    assert_eq!(rig.ask(STREAM, &prompt("hi")).await.0, 400);
    for events in both(&rig, &prompt("hi"), &[text("unwanted words")]).await {
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["candidates"][0]["finishReason"], "SAFETY");
    }
}

#[tokio::test]
async fn a_stream_is_cut_midway_and_ends_as_a_filtered_one() {
    let rig = Rig::start().await;
    let stream = [
        text("fine words and "),
        text("a forb"),
        text("idden word"),
        text(" and more"),
        event(&json!([]), Some("STOP")),
    ];
    for events in both(&rig, &prompt("hi"), &stream).await {
        assert_eq!(said(&events), "fine words and a ");
        let last = &events[events.len() - 1];
        let filtered = json!([{ "finishReason": "SAFETY", "index": 0 }]);
        assert_eq!(
            (&last["candidates"], &last["modelVersion"], &last["responseId"]),
            (&filtered, &json!("g-1"), &json!("r"))
        );
    }
    let call =
        json!([{ "functionCall": { "name": "send", "args": { "text": "forbidden" } }, "thoughtSignature": "c2ln" }]);
    for events in both(&rig, &prompt("hi"), &[text("fine "), event(&call, Some("STOP"))]).await {
        assert_eq!(said(&events), "fine ");
        let last = &events[events.len() - 1];
        assert_eq!(last["candidates"][0]["finishReason"], "SAFETY");
        assert!(!json!(events).to_string().contains("functionCall"));
    }
}

#[tokio::test]
async fn words_are_rewritten_both_ways_over_events_and_parts() {
    let rig = Rig::start().await;
    // "a secret file", in the alphabet for URLs and without padding.
    let file = json!({ "mime_type": "text/plain", "data": "YSBzZWNyZXQgZmlsZQ" });
    let body = json!({
        "system_instruction": { "parts": { "text": "no secret" } },
        "contents": { "parts": [{ "inline_data": file }, { "functionResponse": { "name": "f", "response": { "r": "secret" } } }] },
    });
    let thought = json!([{ "text": "sec", "thought": true }, { "text": "A sec" }]);
    let rest = json!([{ "text": "ret" }, { "text": " word." }, { "functionCall": { "name": "f", "args": { "a": "secret" } } }]);
    let mut last = event(&json!([{ "text": "ret", "thought": true }]), Some("STOP"));
    last["candidates"][0]["groundingMetadata"] = json!({
        "groundingChunks": [{ "web": { "title": "secret", "uri": "https://a.b/c" } }],
        "groundingSupports": [{ "segment": { "endIndex": 14, "text": "A secret word." } }],
    });
    for events in both(&rig, &body, &[event(&thought, None), event(&rest, None), last]).await {
        assert_eq!(said(&events), "A [gone] word.");
        let out = json!(events).to_string();
        assert!(!out.contains("secret") && out.contains(r#"{"a":"[gone]"}"#), "{out}");
        let grounding = &events[events.len() - 1]["candidates"][0]["groundingMetadata"];
        assert_eq!(
            (&grounding["groundingSupports"], &grounding["groundingChunks"][0]["web"]["title"]),
            (&json!([]), &json!("[gone]"))
        );
        let got = rig.got();
        assert_eq!(got["system_instruction"]["parts"]["text"], "no [gone]");
        // "a [gone] file".
        assert_eq!(got["contents"]["parts"][0]["inline_data"]["data"], "YSBbZ29uZV0gZmlsZQ==");
        assert_eq!(got["contents"]["parts"][1]["functionResponse"]["response"]["r"], "[gone]");
    }
}

#[tokio::test]
async fn arguments_in_pieces_are_read_on_by_their_path() {
    let rig = Rig::start().await;
    let call = |call: Value| event(&json!([{ "functionCall": call }]), None);
    let piece = |path: &str, text: &str, more: bool| {
        call(
            json!({ "partialArgs": [{ "jsonPath": path, "stringValue": text, "willContinue": more }], "willContinue": true }),
        )
    };
    let stream = [
        call(json!({ "name": "f", "willContinue": true })),
        piece("$.a", "the sec", true),
        piece("$.b", "ret", true),
        piece("$.a", "ret word", false),
        piece("$.b", "s", false),
        call(json!({})),
        call(json!({ "name": "g", "willContinue": true })),
        piece("$.a", "sec", false),
        piece("$.a", "ret", false),
        call(json!({})),
    ];
    for events in both(&rig, &prompt("hi"), &stream).await {
        let parts = events.iter().flat_map(|event| event["candidates"][0]["content"]["parts"].as_array().unwrap());
        let pieces = parts.map(|part| &part["functionCall"]["partialArgs"][0]).filter(|piece| !piece.is_null());
        let texts: Vec<&str> = pieces.map(|piece| piece["stringValue"].as_str().unwrap()).collect();
        assert_eq!(texts, ["the [gone]", "ret", " word", "s", "sec", "ret"]);
    }
}

#[tokio::test]
async fn placeholders_come_back_as_what_they_stand_for() {
    let rig = Rig::start().await;
    let body = prompt("Write to jane.doe@corp.com.");
    rig.will_say(JSON, event(&json!([{ "text": "ok" }]), Some("STOP")).to_string());
    rig.ask(WHOLE, &body).await;
    let got = rig.got();
    let sent = got["contents"][0]["parts"][0]["text"].as_str().unwrap();
    let placeholder = sent.strip_prefix("Write to ").unwrap().strip_suffix('.').unwrap();
    assert!(!placeholder.contains("jane"));
    let (head, tail) = placeholder.split_at(4);
    let call = json!([{ "functionCall": { "name": "mail", "args": { "to": placeholder } } }]);
    let stream = [text(&format!("I write to {head}")), text(&format!("{tail}, yes")), event(&call, Some("STOP"))];
    for events in both(&rig, &body, &stream).await {
        assert_eq!(said(&events), "I write to jane.doe@corp.com, yes");
        assert_eq!(
            events[2]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"]["to"],
            "jane.doe@corp.com"
        );
    }
}

#[tokio::test]
async fn an_error_in_place_of_a_stream_passes_as_it_is() {
    let rig = Rig::start().await;
    let error = r#"{"error":{"code":429,"message":"Slow down.","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"34s"}]}}"#;
    for body in [error.to_owned(), format!("[{error}\n]\n")] {
        *rig.upstream.reply.lock().unwrap() =
            Reply { status: 429, content_type: "application/json; charset=UTF-8", bytes: body.clone().into(), step: 9 };
        let (status, _, out) = rig.ask(STREAM, &prompt("hi")).await;
        assert_eq!((status, out), (429, body));
    }
}

#[tokio::test]
async fn claude_at_vertex_speaks_messages() {
    let rig = Rig::start().await;
    let path = "/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-5@1";
    let body = json!({ "anthropic_version": "vertex-2023-10-16", "max_tokens": 9, "messages": [{ "role": "user", "content": "unwanted" }] });
    let (status, _, out) = rig.ask(&format!("{path}:rawPredict"), &body).await;
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &out["stop_reason"], &out["model"]), (200, &json!("refusal"), &json!("claude-opus-5@1")));
    let (_, kind, out) = rig.ask(&format!("{path}:streamRawPredict"), &body).await;
    assert!(kind == "text/event-stream" && out.starts_with("event: message_start\n"), "{out}");
    assert!(!rig.was_asked());
}

#[tokio::test]
async fn keys_reach_the_provider_as_they_came() {
    let upstream = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = super::rig::proxy(config(upstream.local_addr().unwrap())).await;
    let head =
        format!("POST {SSE}&key=AIza-SECRET HTTP/1.1\r\nHost: p\r\nX-Goog-Api-Key: k\r\nX-Goog-User-Project: u\r\n");
    let _client = Raw::send(proxy.addr(), format!("{head}Content-Length: 2\r\n\r\n{{}}")).await;
    let got = Raw::accept(&upstream).await.read_to("\r\n\r\n").await;
    for line in [&*format!("POST {SSE}&key=AIza-SECRET HTTP/1.1"), "X-Goog-Api-Key: k", "X-Goog-User-Project: u"] {
        assert!(got.lines().any(|known| known == line), "{got}");
    }
}
