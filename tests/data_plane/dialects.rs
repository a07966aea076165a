//! Journeys through APIs that are no chat completions: what is blocked, rewritten and given back, in their own shapes.

use std::path::Path;
use std::sync::Arc;

use palisade::config::{Inspect, Source};
use palisade::guard::Guard;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Context, RuleSet};
use palisade::server::{App, Server};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::rig::{Raw, config, soon};

const POLICY: &str = "
version: 1
name: p
expose: none
rules:
  - { id: stop, scope: [input], detect: { keywords: { words: [halt] } }, action: { block: { message: Stopped } } }
  - id: decline
    scope: [input]
    detect: { keywords: { words: [decline] } }
    action: { block: { as: refusal, message: 'No, thanks' } }
  - id: names
    scope: [untrusted]
    detect: { pii: { entities: [EMAIL_ADDRESS] } }
    action: { pseudonymize: { restore: [completion, tool_call] } }
  - { id: mask, scope: [output], detect: { keywords: { words: [secret], whole: false } }, action: mask }
  - { id: cut, scope: [output], detect: { keywords: { words: [forbidden], whole: false } }, action: block }
  - id: soft
    scope: [output]
    detect: { keywords: { words: [unkind], whole: false } }
    action: { block: { as: refusal, message: 'Not that' } }
";

const MAIL: &str = "jane.doe@corp.com";

struct Rig {
    upstream: TcpListener,
    proxy: Server,
}

/// What a client got.
struct Got {
    status: u16,
    kind: String,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The JSON of each event, however they are framed.
    fn events(&self) -> Vec<Value> {
        let lines = self.body.lines().map(|line| line.strip_prefix("data:").unwrap_or(line).trim());
        lines.filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// All strings at this place of the events, one after the other.
    fn text(&self, pointer: &str) -> String {
        let texts = self.events();
        texts.iter().filter_map(|event| event.pointer(pointer)?.as_str().map(str::to_owned)).collect()
    }
}

impl Rig {
    async fn start() -> Rig {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = config(upstream.local_addr().unwrap());
        config.routes[0].inspect = Inspect::Full;
        let source = Source::new("p.yaml", POLICY);
        let (policy, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now()).unwrap();
        let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
        let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
        let app = App::new(config, Guard::of(vec![Some(context)], None)).unwrap();
        Rig { upstream, proxy: Server::start(app, Some(1)).await.unwrap() }
    }

    async fn ask(&self, path: &str, body: &Value) -> Got {
        let request = reqwest::Client::new().post(format!("http://{}{path}", self.proxy.addr())).json(body);
        let response = soon(request.send()).await.unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        Got { status: response.status().as_u16(), kind, body: soon(response.text()).await.unwrap() }
    }

    /// Asks, and lets the upstream answer to what it got, piece by piece.
    async fn talk(&self, path: &str, body: &Value, kind: &str, answer: impl Fn(&str) -> Vec<String>) -> Got {
        let upstream = async {
            let mut server = Raw::accept(&self.upstream).await;
            let head = server.read_to("\r\n\r\n").await;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let mut got = Vec::new();
            while got.len() < length.parse().unwrap() {
                got.push(soon(tokio::io::AsyncReadExt::read_u8(&mut server.0)).await.unwrap());
            }
            let got = String::from_utf8(got).unwrap();
            assert!(!got.contains(MAIL), "the provider got {got}");
            server.write(format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n")).await;
            for piece in answer(&got) {
                // A stream that is cut is not read on.
                let _ = tokio::io::AsyncWriteExt::write_all(&mut server.0, piece.as_bytes()).await;
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        };
        tokio::join!(self.ask(path, body), upstream).0
    }
}

/// A text in pieces of four characters.
fn pieces(text: &str) -> Vec<String> {
    text.chars().collect::<Vec<_>>().chunks(4).map(|piece| piece.iter().collect()).collect()
}

const NDJSON: &str = "application/x-ndjson";
const SSE: &str = "text/event-stream";
const OLLAMA: &str = "/api/chat";

fn talk(text: &str) -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": text }] })
}

fn line(text: &str) -> String {
    let message = json!({ "role": "assistant", "content": text });
    format!("{}\n", json!({ "model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": false }))
}

fn done(text: &str) -> String {
    let message = json!({ "role": "assistant", "content": text });
    format!("{}\n", json!({ "model": "m", "message": message, "done": true, "done_reason": "stop", "eval_count": 3 }))
}

fn lines(text: &str) -> Vec<String> {
    let all = pieces(text);
    all.iter().map(|piece| line(piece)).chain([done("")]).collect()
}

/// What the upstream was told in its last message.
fn told(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    let last = body["messages"].as_array().unwrap().last().unwrap();
    last["content"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ollama_blocks_a_request_as_an_error_or_a_refusal() {
    let rig = Rig::start().await;
    let got = rig.ask(OLLAMA, &talk("halt there")).await;
    assert_eq!((got.status, got.json()["error"].as_str().unwrap().starts_with("Stopped")), (400, true));
    let got = rig.ask(OLLAMA, &talk("please decline")).await;
    assert_eq!((got.status, &*got.kind), (200, NDJSON));
    assert!(got.text("/message/content").starts_with("No, thanks"), "{}", got.body);
    let last = got.events().pop().unwrap();
    assert_eq!((&last["done"], &last["done_reason"], &last["model"]), (&json!(true), &json!("stop"), &json!("m")));
    assert!(!got.body.contains("\n\n"), "clients stumble over blank lines");
    let whole = json!({ "model": "m", "prompt": "decline", "stream": false });
    let got = rig.ask("/api/generate", &whole).await;
    assert!(got.json()["response"].as_str().unwrap().starts_with("No, thanks") && got.json()["done"] == json!(true));
    // There is no other way to decline numbers.
    let got = rig.ask("/api/embed", &json!({ "model": "m", "input": ["fine", "decline"] })).await;
    assert_eq!(got.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ollama_is_rewritten_both_ways_and_gets_values_back() {
    let rig = Rig::start().await;
    let answer = |body: &str| lines(&format!("Write to {} about the secret.", told(body)));
    let got = rig.talk(OLLAMA, &talk(MAIL), NDJSON, answer).await;
    assert_eq!(got.text("/message/content"), format!("Write to {MAIL} about the ******."));
    assert_eq!(got.kind, NDJSON);
    let whole = |body: &str| vec![done(&format!("Write to {} about the secret.", told(body)))];
    let mut body = talk(MAIL);
    body["stream"] = false.into();
    let got = rig.talk(OLLAMA, &body, "application/json; charset=utf-8", whole).await;
    assert_eq!(got.json()["message"]["content"], format!("Write to {MAIL} about the ******."));
    let call = |body: &str| {
        let arguments = json!({ "to": told(body), "n": 1 });
        let message = json!({ "content": "", "tool_calls": [{ "function": { "name": "f", "arguments": arguments } }] });
        vec![format!("{}\n", json!({ "message": message, "done": false })), done("")]
    };
    let got = rig.talk(OLLAMA, &talk(MAIL), NDJSON, call).await;
    assert_eq!(got.text("/message/tool_calls/0/function/arguments/to"), MAIL);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ollama_is_cut_with_a_last_line_of_its_own() {
    let rig = Rig::start().await;
    let ends = |got: &Got| {
        assert!(!got.body.contains("\n\n") && !got.body.contains("bidden"), "{}", got.body);
        let last = got.events().pop().unwrap();
        (last["done"].clone(), last["done_reason"].clone(), last["eval_count"].clone())
    };
    let filtered = (json!(true), json!("content_filter"), json!(0));
    let got = rig.talk(OLLAMA, &talk("go on"), NDJSON, |_| lines("It is a forbidden thing")).await;
    assert_eq!((got.status, ends(&got)), (200, filtered.clone()));
    assert_eq!(got.text("/message/content"), "It is a ");
    // The very line that says that all is well.
    let got = rig.talk(OLLAMA, &talk("go on"), NDJSON, |_| vec![line("It is "), done("a forbidden thing")]).await;
    assert_eq!(ends(&got), filtered);
    assert_eq!(got.text("/message/content"), "It is ");
    let call = |_: &str| {
        let calls = json!([{ "function": { "name": "f", "arguments": { "x": "forbidden" } } }]);
        let message = json!({ "content": "", "tool_calls": calls });
        vec![line("It is "), format!("{}\n", json!({ "message": message, "done": false })), done("")]
    };
    let got = rig.talk(OLLAMA, &talk("go on"), NDJSON, call).await;
    assert_eq!(ends(&got), filtered);
    assert!(!got.body.contains("tool_calls"));
    let got = rig.talk(OLLAMA, &talk("go on"), NDJSON, |_| lines("It is an unkind thing")).await;
    assert!(got.text("/message/content").starts_with("It is an Not that"), "{}", got.body);
    assert_eq!(got.events().pop().unwrap()["done_reason"], "stop");
    // Nothing was sent yet.
    let got = rig.talk(OLLAMA, &talk("go on"), NDJSON, |_| lines("forbidden")).await;
    assert_eq!((got.status, got.json()["error"].is_string()), (400, true));
    let generate = |text: &str| format!("{}\n", json!({ "model": "m", "response": text, "done": false }));
    let body = json!({ "model": "m", "prompt": "go on" });
    let answer = |_: &str| vec![generate("It is "), generate("forbidden")];
    let got = rig.talk("/api/generate", &body, NDJSON, answer).await;
    assert_eq!((got.text("/response"), ends(&got)), ("It is ".to_owned(), filtered));
}

/// Clients read lines whatever their type says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_lines_that_do_not_say_so_are_not_taken_for_a_page() {
    let rig = Rig::start().await;
    for kind in ["text/plain", "application/json"] {
        let got = rig.talk(OLLAMA, &talk("go on"), kind, |_| lines("a secret")).await;
        assert_eq!((got.status, got.body.contains("content")), (400, false), "{}", got.body);
    }
    let got = rig.talk(OLLAMA, &talk("go on"), "text/plain", |_| vec!["a secret page\n".to_owned()]).await;
    assert_eq!((got.status, &*got.body), (200, "a ****** page\n"));
}

const COHERE: &str = "/v2/chat";

fn event(kind: &str, index: u64, message: &Value) -> String {
    format!("event: {kind}\ndata: {}\n\n", json!({ "type": kind, "index": index, "delta": { "message": message } }))
}

fn cohere_start() -> Vec<String> {
    let message = json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
    let start = json!({ "type": "message-start", "id": "c1", "delta": { "message": message } });
    vec![format!("event: message-start\ndata: {start}\n\n")]
}

fn cohere_end() -> Vec<String> {
    let end = json!({ "type": "message-end", "delta": { "finish_reason": "COMPLETE", "usage": {} } });
    vec![format!("event: message-end\ndata: {end}\n\n"), "data: [DONE]\n\n".to_owned()]
}

fn cohere(text: &str) -> Vec<String> {
    let mut events = cohere_start();
    events.push(event("content-start", 0, &json!({ "content": { "type": "text", "text": "" } })));
    events.extend(pieces(text).iter().map(|piece| event("content-delta", 0, &json!({ "content": { "text": piece } }))));
    events.push(event("content-end", 0, &json!({})));
    events.extend(cohere_end());
    events
}

fn asked(text: &str) -> Value {
    let mut body = talk(text);
    body["stream"] = true.into();
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cohere_reads_documents_blocks_rewrites_and_restores() {
    let rig = Rig::start().await;
    let got = rig.ask(COHERE, &asked("halt there")).await;
    assert_eq!((got.status, got.json()["message"].as_str().unwrap().starts_with("Stopped")), (400, true));
    let documents = json!([{ "id": "d", "data": { "title": "t", "snippet": "now halt" } }]);
    for document in [documents, json!(["now halt"])] {
        let mut body = talk("fine");
        body["documents"] = document;
        assert_eq!(rig.ask(COHERE, &body).await.status, 400);
    }
    let got = rig.ask(COHERE, &asked("decline")).await;
    assert!(got.text("/delta/message/content/text").starts_with("No, thanks"), "{}", got.body);
    assert!(got.body.ends_with("data: [DONE]\n\n") && got.body.starts_with("event: message-start\n"));
    let got = rig.ask(COHERE, &talk("decline")).await;
    assert!(got.json()["message"]["content"][0]["text"].as_str().unwrap().starts_with("No, thanks"));
    let answer = |body: &str| cohere(&format!("Write to {} about the secret.", told(body)));
    let got = rig.talk(COHERE, &asked(MAIL), SSE, answer).await;
    assert_eq!(got.text("/delta/message/content/text"), format!("Write to {MAIL} about the ******."));
    let got = rig.ask("/v2/embed", &json!({ "model": "m", "texts": ["halt"] })).await;
    assert_eq!(got.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cohere_is_cut_in_a_text_and_in_a_call() {
    let rig = Rig::start().await;
    let kinds = |got: &Got| -> Vec<String> {
        got.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let got = rig.talk(COHERE, &asked("go on"), SSE, |_| cohere("It is a forbidden thing")).await;
    assert_eq!(got.text("/delta/message/content/text"), "It is a ");
    assert_eq!(kinds(&got)[kinds(&got).len() - 2..], ["content-end", "message-end"]);
    let last = got.events().pop().unwrap();
    assert!(last["delta"]["finish_reason"] == "ERROR" && last["delta"]["error"].is_string());
    assert!(got.body.ends_with("data: [DONE]\n\n"));
    let got = rig.talk(COHERE, &asked("go on"), SSE, |_| cohere("It is an unkind thing")).await;
    assert!(got.text("/delta/message/content/text").contains("Not that"));
    let (last, kinds_of_all) = (got.events().pop().unwrap(), kinds(&got));
    assert_eq!(last["delta"]["finish_reason"], "COMPLETE");
    assert_eq!(kinds_of_all.iter().filter(|kind| *kind == "content-start").count(), 2);
    assert_eq!(kinds_of_all.iter().filter(|kind| *kind == "content-end").count(), 2);
    let call = |_: &str| {
        let mut events = cohere_start();
        events.push(event("tool-plan-delta", 0, &json!({ "tool_plan": "I will call" })));
        let function = json!({ "name": "f", "arguments": "" });
        events.push(event(
            "tool-call-start",
            0,
            &json!({ "tool_calls": { "id": "f_1", "type": "function", "function": function } }),
        ));
        for piece in pieces(r#"{"x":"forbidden"}"#) {
            events.push(event("tool-call-delta", 0, &json!({ "tool_calls": { "function": { "arguments": piece } } })));
        }
        events.push(event("tool-call-end", 0, &json!({})));
        events.extend(cohere_end());
        events
    };
    let got = rig.talk(COHERE, &asked("go on"), SSE, call).await;
    assert_eq!(kinds(&got), ["message-start", "tool-plan-delta", "message-end"], "{}", got.body);
    let got = rig.talk(COHERE, &asked("go on"), SSE, |_| cohere("forbidden")[1..].to_vec()).await;
    assert!(!got.body.contains("bidden"), "{}", got.body);
    // What the message starts with is read, too: nothing has been sent yet.
    let first = json!({ "role": "assistant", "content": [{ "type": "text", "text": "forbidden" }] });
    let first = json!({ "type": "message-start", "id": "c1", "delta": { "message": first } });
    let start = |_: &str| [vec![format!("event: message-start\ndata: {first}\n\n")], cohere_end()].concat();
    assert_eq!(rig.talk(COHERE, &asked("go on"), SSE, start).await.status, 400);
}

fn token(text: &str, whole: Option<&str>) -> String {
    let details = whole.map(|_| json!({ "finish_reason": "eos_token", "generated_tokens": 3, "seed": null }));
    let token = json!({ "id": 1, "text": text, "logprob": -0.1, "special": false });
    format!("data:{}\n\n", json!({ "index": 1, "token": token, "generated_text": whole, "details": details }))
}

fn tokens(text: &str) -> Vec<String> {
    let (last, all) = (pieces(text).pop().unwrap(), pieces(text));
    let head = all[..all.len() - 1].iter().map(|piece| token(piece, None));
    head.chain([token(&last, Some(text))]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tgi_says_the_text_twice_and_is_rewritten_twice() {
    let rig = Rig::start().await;
    let ask = |text: &str| json!({ "inputs": text, "parameters": { "stop": ["x"] } });
    let got = rig.ask("/generate", &ask("halt there")).await;
    assert_eq!((got.status, got.json()["error_type"].as_str()), (400, Some("validation")));
    let got = rig.ask("/generate_stream", &ask("decline")).await;
    assert!(got.text("/generated_text").starts_with("No, thanks") && got.kind == SSE, "{}", got.body);
    let got = rig.ask("/generate", &ask("decline")).await;
    assert!(got.json()["generated_text"].as_str().unwrap().starts_with("No, thanks"));
    // Clients that asked for details look into them.
    assert_eq!(
        (&got.json()["details"]["finish_reason"], &got.json()["details"]["tokens"]),
        (&json!("eos_token"), &json!([]))
    );

    let told = |body: &str| serde_json::from_str::<Value>(body).unwrap()["inputs"].as_str().unwrap().to_owned();
    let answer = |body: &str| tokens(&format!("Write to {} about the secret.", told(body)));
    let got = rig.talk("/generate_stream", &ask(MAIL), SSE, answer).await;
    let wanted = format!("Write to {MAIL} about the ******.");
    assert_eq!((got.text("/token/text"), got.text("/generated_text")), (wanted.clone(), wanted.clone()));
    let whole = |body: &str| {
        vec![json!([{ "generated_text": format!("Write to {} about the secret.", told(body)) }])[0].to_string()]
    };
    let got = rig.talk("/generate", &ask(MAIL), "application/json", whole).await;
    assert_eq!(got.json()["generated_text"], wanted);

    let got = rig.talk("/generate_stream", &ask("go on"), SSE, |_| tokens("It is a forbidden thing")).await;
    assert_eq!(got.text("/token/text"), "It is a ");
    assert_eq!(got.events().pop().unwrap()["error_type"], "validation", "{}", got.body);
    let got = rig.talk("/generate_stream", &ask("go on"), SSE, |_| tokens("It is an unkind thing")).await;
    // The last event says all that was said.
    assert!(got.text("/generated_text").starts_with("It is an Not that"), "{}", got.body);
    assert_eq!(got.text("/token/text"), got.text("/generated_text"));
    let got = rig.talk("/generate_stream", &ask("go on"), SSE, |_| tokens("It is so forbidden")).await;
    assert_eq!(
        (got.text("/generated_text"), got.events().pop().unwrap()["error_type"].as_str()),
        (String::new(), Some("validation"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistrals_own_calls_end_as_its_clients_know_it() {
    let rig = Rig::start().await;
    let body = json!({ "model": "m", "prompt": "def f(", "suffix": "halt", "stream": true });
    let got = rig.ask("/v1/fim/completions", &body).await;
    assert_eq!((got.status, got.json()["object"].as_str()), (400, Some("error")));
    let body = json!({ "model": "m", "prompt": "def f(", "stream": true });
    let chunk = |text: &str| {
        format!("data: {}\n\n", json!({ "id": "i", "choices": [{ "index": 0, "delta": { "content": text } }] }))
    };
    let answer = |_: &str| vec![chunk("It is "), chunk("forbidden")];
    let got = rig.talk("/v1/fim/completions", &body, SSE, answer).await;
    assert_eq!(got.text("/choices/0/delta/content"), "It is ");
    assert_eq!(got.text("/choices/0/finish_reason"), "error");
    let got = rig.talk("/v1/agents/completions", &asked("go on"), SSE, |_| vec![chunk("un"), chunk("kind")]).await;
    assert_eq!(got.status, 200, "{}", got.body);
    assert!(got.text("/choices/0/delta/content").starts_with("Not that"), "{}", got.body);
}
