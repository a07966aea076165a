//! Budgets through the whole proxy: who is over his is told so as his provider would, and the provider hears nothing of it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use palisade::config::{Inspect, Source};
use palisade::guard::Guard;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Context, RuleSet, Spending};
use palisade::server::{App, Server};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::rig::{config, route};
use super::upstream::{self, Reply, Upstream};

const EVENTS: &str = "text/event-stream";
const JSON: &str = "application/json";

/// A proxy whose one policy has these rules, before an upstream that answers a chat.
struct Rig {
    upstream: Upstream,
    proxy: Server,
    http: Client,
}

impl Rig {
    async fn new(rules: &str) -> Rig {
        let upstream = upstream::spawn().await;
        let mut config = config(upstream.addr);
        config.routes[0].inspect = Inspect::Full;
        let source = Source::new("p.yaml", &format!("version: 1\nname: p\nrules:\n{rules}"));
        let (policy, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now()).unwrap();
        let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
        let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
        let app = App::new(config, Guard::of(vec![Some(context)], None)).unwrap();
        let rig = Rig { upstream, proxy: Server::start(app, Some(2)).await.unwrap(), http: Client::new() };
        rig.answers(JSON, &json!({ "id": "c", "choices": [] }).to_string());
        rig
    }

    fn answers(&self, content_type: &'static str, bytes: &str) {
        self.replies(200, content_type, bytes);
    }

    fn replies(&self, status: u16, content_type: &'static str, bytes: &str) {
        let bytes = bytes.as_bytes().to_vec();
        *self.upstream.reply.lock().unwrap() = Reply { status, content_type, step: bytes.len(), bytes };
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("http://{}{path}", self.proxy.addr())).json(body)
    }

    async fn ask(&self, path: &str, body: &Value) -> Response {
        self.post(path, body).send().await.unwrap()
    }

    /// Asks, reads the answer to its end, and gives the status.
    async fn status(&self, path: &str, body: &Value) -> u16 {
        ended(self.ask(path, body).await).await
    }

    /// Forgets what the upstream got.
    fn forget(&self) {
        *self.upstream.got.lock().unwrap() = Bytes::new();
    }

    fn was_asked(&self) -> bool {
        !self.upstream.got.lock().unwrap().is_empty()
    }
}

async fn ended(response: Response) -> u16 {
    let status = response.status().as_u16();
    let _ = response.bytes().await;
    status
}

fn chat(text: &str) -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": text }] })
}

fn rule(rate: &str) -> String {
    format!("  - {{ id: budget, detect: {{ rate: {{ {rate} }} }}, action: block }}\n")
}

#[tokio::test]
async fn one_request_too_many_is_refused_as_each_provider_does() {
    let gemini = json!({ "contents": [{ "parts": [{ "text": "hello" }] }] });
    for (path, body, pointer, expected) in [
        ("/v1/chat/completions", chat("hello"), "/error/type", json!("insufficient_quota")),
        ("/v1/chat/completions", chat("hello"), "/error/code", json!("insufficient_quota")),
        ("/v1/responses", json!({ "model": "m", "input": "hello" }), "/error/code", json!("insufficient_quota")),
        ("/v1/messages", chat("hello"), "/error/type", json!("rate_limit_error")),
        ("/v1beta/models/m:generateContent", gemini.clone(), "/error/status", json!("RESOURCE_EXHAUSTED")),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", gemini, "/error/code", json!(429)),
        ("/unheard/of", chat("hello"), "/error/type", json!("insufficient_quota")),
    ] {
        let rig = Rig::new(&rule("per: ip, requests: 2, window: 1h")).await;
        assert_eq!((rig.status(path, &body).await, rig.status(path, &body).await), (200, 200), "{path}");
        assert!(rig.was_asked());
        rig.forget();
        let refused = rig.ask(path, &body).await;
        assert_eq!(refused.status().as_u16(), 429, "{path}");
        let header = |name: &str| refused.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let wait: u64 = header("retry-after").unwrap().parse().unwrap();
        assert!((3500..=3900).contains(&wait), "{wait}");
        assert_eq!(header("x-should-retry").as_deref(), Some("false"), "nobody waits for an hour");
        assert_eq!(header("x-palisade-rules").as_deref(), Some("budget"));
        assert_eq!(header("x-palisade-verdict").as_deref(), Some("block"));
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body.pointer(pointer), Some(&expected), "{path}: {body}");
        assert!(body.to_string().contains("budget has room for"), "{body}");
        assert!(!rig.was_asked(), "{path}");
    }
}

#[tokio::test]
async fn whoever_waits_as_told_gets_through() {
    let rig = Rig::new(&rule("per: global, requests: 1, window: 1s")).await;
    assert_eq!(rig.status("/v1/chat/completions", &chat("hello")).await, 200);
    let refused = rig.ask("/v1/chat/completions", &chat("hello")).await;
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert!(!refused.headers().contains_key("x-should-retry"), "clients may try again by themselves");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(rig.status("/v1/chat/completions", &chat("hello")).await, 200);
}

#[tokio::test]
async fn the_last_places_go_to_as_many() {
    let rig = Rig::new(&rule("per: global, requests: 7, window: 1h")).await;
    let (path, body) = ("/v1/chat/completions", chat("hello"));
    let all = futures_util::future::join_all((0..40).map(|_| rig.status(path, &body))).await;
    assert_eq!(all.iter().filter(|status| **status == 200).count(), 7);
    assert_eq!(all.iter().filter(|status| **status == 429).count(), 33);
}

#[tokio::test]
async fn what_is_blocked_for_its_text_counts_and_what_is_over_is_not_read() {
    let rules = rule("per: global, requests: 2, window: 1h")
        + "  - { id: words, detect: { keywords: { words: [bomb] } }, action: block }\n";
    let rig = Rig::new(&rules).await;
    let path = "/v1/chat/completions";
    assert_eq!(rig.status(path, &chat("a bomb")).await, 400);
    assert_eq!(rig.status(path, &chat("hello")).await, 200);
    let refused = rig.ask(path, &chat("a bomb")).await;
    assert_eq!((refused.status().as_u16(), refused.headers()["x-palisade-rules"].to_str().unwrap()), (429, "budget"));
    let rig = Rig::new(&rule("per: global, requests: 1, window: 1h")).await;
    let url = format!("http://{}/v1/models?q=1", rig.proxy.addr());
    assert_eq!(ended(rig.http.get(&url).send().await.unwrap()).await, 200);
    assert_eq!(ended(rig.http.get(&url).send().await.unwrap()).await, 429, "requests without a body, too");
    assert_eq!(ended(rig.http.post(&url).body("{").send().await.unwrap()).await, 429, "and those that nobody can read");
}

#[tokio::test]
async fn budgets_that_watch_say_so_and_let_through() {
    let rate = "detect: { rate: { per: global, requests: 1, window: 1h } }";
    let rules =
        format!("  - {{ id: log, {rate}, action: log }}\n  - {{ id: shadow, {rate}, action: block, mode: shadow }}\n");
    let rig = Rig::new(&rules).await;
    let first = rig.ask("/v1/chat/completions", &chat("hello")).await;
    assert!(!first.headers().contains_key("x-palisade-rules"));
    for path in ["/v1/chat/completions", "/v1/models"] {
        let next = match path {
            "/v1/models" => rig.http.get(format!("http://{}{path}", rig.proxy.addr())).send().await.unwrap(),
            path => rig.ask(path, &chat("hello")).await,
        };
        assert_eq!(next.status().as_u16(), 200);
        assert_eq!(next.headers()["x-palisade-rules"].to_str().unwrap(), "log,shadow", "{path}");
        assert_eq!(next.headers()["x-palisade-shadow"].to_str().unwrap(), "block", "{path}");
    }
}

#[tokio::test]
async fn a_block_may_have_its_own_status_or_be_an_answer() {
    let block = |how: &str| {
        format!(
            "  - {{ id: b, detect: {{ rate: {{ per: global, requests: 1, window: 1h }} }}, action: {{ block: {{ {how} }} }} }}\n"
        )
    };
    let path = "/v1/chat/completions";
    let rig = Rig::new(&block("status: 403, message: Come back later.")).await;
    rig.status(path, &chat("hello")).await;
    let refused = rig.ask(path, &chat("hello")).await;
    assert_eq!(refused.status().as_u16(), 403);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.text().await.unwrap().contains("Come back later. (policy p, id "));
    let rig = Rig::new(&block("as: refusal, message: Come back later.")).await;
    rig.status(path, &chat("hello")).await;
    let refused: Value = rig.ask(path, &chat("hello")).await.json().await.unwrap();
    assert!(
        refused.pointer("/choices/0/message/refusal").is_some_and(|said| said.to_string().contains("Come back later.")),
        "{refused}"
    );
}

/// Answers that take 95 tokens by the provider's count, with the request: as it sends them whole, and as it streams them.
fn answers() -> Vec<(&'static str, Value, &'static str, String)> {
    let stream = |events: &[Value]| -> String {
        events.iter().fold(String::new(), |mut all, event| {
            match event["type"].as_str() {
                Some(name) => write!(all, "event: {name}\ndata: {event}\n\n").unwrap(),
                None => write!(all, "data: {event}\n\n").unwrap(),
            }
            all
        })
    };
    let delta = |delta: Value, finish: Value| json!({ "id": "c", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }], "usage": null });
    let usage = json!({ "prompt_tokens": 15, "completion_tokens": 80, "total_tokens": 95 });
    let message = json!({ "role": "assistant", "content": "Hi." });
    let whole =
        json!({ "id": "c", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }], "usage": usage });
    let chat_events = stream(&[
        delta(json!({ "role": "assistant", "content": "Hi." }), Value::Null),
        delta(json!({}), "stop".into()),
        json!({ "id": "c", "choices": [], "usage": usage }),
    ]) + "data: [DONE]\n\n";
    let part = json!({ "type": "text", "text": "" });
    let begun = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "usage": { "input_tokens": 5, "cache_read_input_tokens": 10, "output_tokens": 1 } });
    let messages = stream(&[
        json!({ "type": "message_start", "message": begun }),
        json!({ "type": "content_block_start", "index": 0, "content_block": part }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Hi." } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 80 } }),
        json!({ "type": "message_stop" }),
    ]);
    let text = json!({ "type": "output_text", "text": "Hi.", "annotations": [] });
    let output =
        json!([{ "id": "m", "type": "message", "role": "assistant", "status": "completed", "content": [text] }]);
    let response = |status: &str, output: &Value, usage: Value| json!({ "id": "resp_1", "object": "response", "status": status, "output": output, "usage": usage });
    let counted = json!({ "input_tokens": 15, "output_tokens": 80, "total_tokens": 95 });
    let responses = stream(&[
        json!({ "type": "response.created", "response": response("in_progress", &json!([]), Value::Null) }),
        json!({ "type": "response.completed", "response": response("completed", &output, counted) }),
    ]);
    let part = |text: &str| json!({ "content": { "role": "model", "parts": [{ "text": text }] }, "index": 0 });
    let so_far =
        |count: u64| json!({ "promptTokenCount": 15, "candidatesTokenCount": count, "thoughtsTokenCount": 70 });
    let first = json!({ "candidates": [part("H")], "usageMetadata": so_far(1) });
    let last = json!({ "candidates": [part("i.")], "usageMetadata": so_far(10) });
    let gemini = json!({ "contents": [{ "parts": [{ "text": "hello" }] }] });
    let ollama = json!({ "model": "m", "message": message, "done": true, "prompt_eval_count": 15, "eval_count": 80 });
    vec![
        ("/v1/chat/completions", chat("hello"), JSON, whole.to_string()),
        ("/v1/chat/completions", chat("hello"), EVENTS, chat_events),
        ("/v1/messages", chat("hello"), EVENTS, messages),
        ("/v1/responses", json!({ "model": "m", "input": "hello" }), EVENTS, responses),
        ("/v1beta/models/m:generateContent", gemini.clone(), JSON, last.to_string()),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", gemini, EVENTS, stream(&[first, last])),
        ("/api/chat", chat("hello"), "application/x-ndjson", format!("{ollama}\n")),
        ("/unheard/of", chat("hello"), JSON, whole.to_string()),
    ]
}

#[tokio::test]
async fn tokens_are_counted_as_the_provider_counts_them() {
    for (path, body, content_type, answer) in answers() {
        let rig = Rig::new(&rule("per: global, tokens: 100, window: 1h")).await;
        rig.answers(content_type, &answer);
        assert_eq!(rig.status(path, &body).await, 200, "{path} {content_type}");
        rig.forget();
        // Five are left, and "hello" has one.
        let long = chat("one two three four five six");
        assert_eq!(rig.status("/v1/chat/completions", &long).await, 429, "{path} {content_type}");
        assert!(!rig.was_asked());
        assert_eq!(rig.status("/v1/chat/completions", &chat("hello")).await, 200, "{path} {content_type}");
        assert_eq!(rig.status("/v1/chat/completions", &chat("hello")).await, 429, "{path} {content_type}");
    }
}

#[tokio::test]
async fn what_no_provider_counts_is_estimated() {
    let delta = |delta: Value, finish: Value| json!({ "id": "c", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    let word = delta(json!({ "content": "word " }), Value::Null);
    let stream = format!("data: {word}\n\n").repeat(90);
    let end = format!("data: {}\n\ndata: [DONE]\n\n", delta(json!({}), "stop".into()));
    let whole = json!({ "id": "c", "choices": [{ "index": 0, "message": { "role": "assistant", "content": "word ".repeat(90) }, "finish_reason": "stop" }] });
    let odd = json!({ "prompt_tokens": -5, "completion_tokens": "lots" });
    let mut hostile = whole.clone();
    hostile["usage"] = odd;
    for (content_type, answer) in [
        (EVENTS, stream.clone() + &end),
        (JSON, whole.to_string()),
        (JSON, hostile.to_string()),
        (EVENTS, stream.clone()),
    ] {
        let rig = Rig::new(&rule("per: global, tokens: 100, window: 1h")).await;
        rig.answers(content_type, &answer);
        rig.status("/v1/chat/completions", &chat("a b c d e f g h i")).await;
        assert_eq!(rig.status("/v1/chat/completions", &chat("a b")).await, 429, "{answer}");
        rig.answers(JSON, "{}");
        assert_eq!(rig.status("/v1/chat/completions", &chat("a")).await, 200, "{answer}");
    }
    // What a rule cut off was made all the same.
    let rules = rule("per: global, tokens: 100, window: 1h")
        + "  - { id: words, scope: [completion], detect: { keywords: { words: [bomb] } }, action: block }\n";
    let rig = Rig::new(&rules).await;
    let bomb = delta(json!({ "content": "bomb " }), Value::Null);
    rig.answers(EVENTS, &(stream + &format!("data: {bomb}\n\n") + &end));
    rig.status("/v1/chat/completions", &chat("a b c d e f g h i")).await;
    assert_eq!(rig.status("/v1/chat/completions", &chat("a b")).await, 429);
}

#[tokio::test]
async fn what_the_provider_refuses_costs_nothing() {
    let rig = Rig::new(&rule("per: global, tokens: 10, window: 1h")).await;
    rig.replies(500, JSON, r#"{"error":{"message":"A long story of what went wrong today, and why."}}"#);
    let body = chat("a b c d e f g h i j");
    for _ in 0..5 {
        assert_eq!(rig.status("/v1/chat/completions", &body).await, 500);
    }
    rig.answers(JSON, "{}");
    assert_eq!(rig.status("/v1/chat/completions", &body).await, 200);
    assert_eq!(rig.status("/v1/chat/completions", &chat("a")).await, 429);
    let url = format!("http://{}/v1/models", rig.proxy.addr());
    assert_eq!(ended(rig.http.get(url).send().await.unwrap()).await, 200, "it takes no tokens");
    assert_eq!(rig.status("/v1/messages/count_tokens", &body).await, 200, "nor does counting them");
    assert_eq!(rig.status("/v1/messages", &body).await, 429);
}

#[tokio::test]
async fn a_stream_that_its_client_leaves_is_paid_for() {
    let rig = Rig::new(&rule("per: global, tokens: 20, window: 1h")).await;
    let delta = json!({ "id": "c", "choices": [{ "index": 0, "delta": { "content": "word word word word " }, "finish_reason": null }] });
    rig.answers(EVENTS, &format!("data: {delta}\n\n").repeat(5));
    let mut left = rig.ask("/v1/chat/completions", &chat("a b c d e f g h i j")).await;
    left.chunk().await.unwrap();
    drop(left);
    let mut last = 200;
    for _ in 0..100 {
        last = rig.status("/v1/chat/completions", &chat("a b c d e f g h i j")).await;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn keys_have_budgets_of_their_own() {
    let rig = Rig::new(&rule("per: key, requests: 1, window: 1h")).await;
    let (path, body) = ("/v1/chat/completions", chat("hello"));
    let with = async |headers: &[(&str, &str)], query: &str| {
        let request = rig.post(&format!("{path}{query}"), &body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        ended(request.send().await.unwrap()).await
    };
    assert_eq!(with(&[("authorization", "Bearer sk-a")], "").await, 200);
    assert_eq!(with(&[("authorization", "bearer  sk-a")], "").await, 429);
    assert_eq!(with(&[("authorization", "Bearer sk-b")], "").await, 200);
    assert_eq!(with(&[("x-api-key", "junk"), ("authorization", "Bearer sk-b")], "").await, 429, "no way out");
    assert_eq!(with(&[("x-goog-api-key", "sk-c")], "").await, 200);
    assert_eq!(with(&[], "?key=sk-c").await, 429, "wherever it stands");
    assert_eq!(with(&[], "?%6Bey=sk%2Dc").await, 429, "however it is written");
    assert_eq!((with(&[], "").await, with(&[], "").await), (200, 429), "those without a key");
}

#[tokio::test]
async fn palisades_own_key_tells_its_clients_apart() {
    use sha2::{Digest as _, Sha256};
    let upstream = upstream::spawn().await;
    *upstream.reply.lock().unwrap() = Reply { status: 200, content_type: JSON, bytes: b"{}".to_vec(), step: 2 };
    let mut config = config(upstream.addr);
    config.routes[0].inspect = Inspect::Full;
    config.server.keys = [b"pk-1", b"pk-2"].map(|key| Sha256::digest(key).into()).to_vec();
    let source = Source::new("p.yaml", &format!("name: p\nrules:\n{}", rule("per: key, requests: 1, window: 1h")));
    let (policy, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now()).unwrap();
    let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
    let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
    let proxy = Server::start(App::new(config, Guard::of(vec![Some(context)], None)).unwrap(), Some(1)).await.unwrap();
    let http = Client::new();
    let ask = async |own: &str| {
        let request = http.post(format!("http://{}/v1/chat/completions", proxy.addr())).json(&chat("hello"));
        // All of them use one key of the provider.
        ended(request.header("authorization", "Bearer sk-shared").header("x-api-key", own).send().await.unwrap()).await
    };
    assert_eq!((ask("pk-1").await, ask("pk-2").await, ask("pk-1").await, ask("pk-2").await), (200, 200, 429, 429));
}

/// A reload keeps what callers took, unless the rule is another one.
#[test]
fn budgets_outlive_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let write = |requests: u32, words: &str| {
        let words = format!("  - {{ id: words, detect: {{ keywords: {{ words: [{words}] }} }}, action: log }}\n");
        let rate = rule(&format!("per: global, requests: {requests}, window: 1h"));
        std::fs::write(folder.path().join("p.yaml"), format!("rules:\n{rate}{words}")).unwrap();
    };
    let mut config = config(([127, 0, 0, 1], 9).into());
    config.routes = ["/a/**", "/**"].map(route).to_vec();
    for route in &mut config.routes {
        (route.inspect, route.policy) = (Inspect::Full, vec!["p".to_owned()]);
    }
    config.policies = folder.path().to_owned();
    let passes = |guard: &Guard, route: usize| {
        let spending = Spending { keys: &[], route: "", tokens: None, now: Instant::now() };
        guard.context(route, None).unwrap().admit(&spending).blocked.is_none()
    };
    write(2, "a");
    let first = Guard::load(&config, false, |_| {}).unwrap();
    assert!(passes(&first, 0) && passes(&first, 1) && !passes(&first, 0), "two routes under one policy");
    write(2, "b");
    let second = first.reload(&config, |_| {}).unwrap();
    assert!(!passes(&second, 0) && !passes(&second, 1), "another rule of the policy changed");
    write(3, "b");
    let third = second.reload(&config, |_| {}).unwrap();
    assert!(passes(&third, 0) && passes(&third, 1) && passes(&third, 1) && !passes(&third, 0), "this one did");
}
