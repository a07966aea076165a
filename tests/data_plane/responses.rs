//! `OpenAI` Responses through the proxy: how a block ends, what is said again, what is kept at the provider.

use std::path::Path;
use std::sync::Arc;

use palisade::config::{Inspect, Source, Store};
use palisade::guard::Guard;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Context, RuleSet};
use palisade::server::{App, Server};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::rig::{Raw, config};

const POLICY: &str = "
version: 1
name: p
expose: none
unscannable: { server_state: log }
rules:
  - { id: mask, scope: [output], detect: { keywords: { words: [secret], whole: false } }, action: mask }
  - { id: cut, scope: [completion, reasoning], detect: { keywords: { words: [forbidden], whole: false } }, action: block }
  - { id: call, scope: [tool_call], detect: { keywords: { words: [forbidden], whole: false } }, action: block }
  - { id: input, scope: [user], detect: { keywords: { words: [attack], whole: false } }, action: block }
  - id: decline
    scope: [completion, reasoning]
    detect: { keywords: { words: [unwanted], whole: false } }
    action: { block: { as: refusal, message: Sorry. } }
";

async fn guarded(store: Store) -> (TcpListener, Server) {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(upstream.local_addr().unwrap());
    config.routes[0].inspect = Inspect::Full;
    config.routes[0].store = store;
    let source = Source::new("p.yaml", POLICY);
    let (policy, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now()).unwrap();
    let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
    let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
    let app = App::new(config, Guard::of(vec![Some(context)], None)).unwrap();
    (upstream, Server::start(app, Some(2)).await.unwrap())
}

/// A request, what the upstream gets of it, and what the client gets of the answer.
struct Exchange {
    got: String,
    head: String,
    body: String,
}

async fn request(proxy: &Server, head: &str, body: &str) -> Raw {
    let host = "Host: p\r\nContent-Type: application/json\r\nConnection: close";
    Raw::send(proxy.addr(), format!("{head} HTTP/1.1\r\n{host}\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await
}

async fn exchange(
    (upstream, proxy): &(TcpListener, Server),
    head: &str,
    body: &str,
    answer: &str,
    content_type: &str,
) -> Exchange {
    let mut client = request(proxy, head, body).await;
    let mut server = Raw::accept(upstream).await;
    let mut got = server.read_to("\r\n\r\n").await;
    let length =
        got.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    let mut sent = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    server.0.read_exact(&mut sent).await.unwrap();
    got += std::str::from_utf8(&sent).unwrap();
    let length = answer.len();
    server
        .write(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
        ))
        .await;
    let (bytes, _) = client.read_out().await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Exchange { got, head: head.to_owned(), body: unchunked(head, body) }
}

/// What must be answered without the upstream.
async fn refused(proxy: &Server, head: &str, body: &str) -> (String, Value) {
    let (bytes, _) = request(proxy, head, body).await.read_out().await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap())
}

fn unchunked(head: &str, mut body: &str) -> String {
    if !head.contains("transfer-encoding: chunked") {
        return body.to_owned();
    }
    let mut out = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        out += &rest[..size];
        body = rest.get(size + 2..).unwrap_or_default();
    }
    out
}

const POST: &str = "POST /v1/responses";
const SSE: &str = "text/event-stream";
const JSON: &str = "application/json";

/// The data of a stream's events.
fn events(stream: &str) -> Vec<Value> {
    let mut events = Vec::new();
    for event in stream.split_terminator("\n\n") {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str(), "clients go by the name");
        events.push(data);
    }
    let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    events
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect()
}

/// The stream of a provider: numbered, every text said as often as it says it.
struct Stream {
    text: String,
    number: u64,
    output: Vec<Value>,
}

impl Stream {
    fn new() -> Stream {
        let mut stream = Stream { text: String::new(), number: 0, output: Vec::new() };
        stream.event("created", &json!({ "response": stream.response("in_progress") }));
        stream.event("in_progress", &json!({ "response": stream.response("in_progress") }));
        stream
    }

    fn response(&self, status: &str) -> Value {
        json!({ "id": "resp_1", "object": "response", "status": status, "model": "m", "output": self.output,
                "instructions": "Be kind." })
    }

    fn event(&mut self, name: &str, rest: &Value) {
        let mut event = json!({ "type": format!("response.{name}"), "sequence_number": self.number });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.text += &format!("event: response.{name}\ndata: {event}\n\n");
        self.number += 1;
    }

    fn message(mut self, pieces: &[&str]) -> Stream {
        let index = self.output.len();
        let id = format!("msg_{index}");
        let item = |status: &str, content: Value| json!({ "id": id, "type": "message", "status": status, "role": "assistant", "content": content });
        let part = |text: &str| json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] });
        self.event("output_item.added", &json!({ "output_index": index, "item": item("in_progress", json!([])) }));
        let at = json!({ "item_id": id, "output_index": index, "content_index": 0 });
        let with = |rest: Value| {
            let mut all = at.clone();
            all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            all
        };
        self.event("content_part.added", &with(json!({ "part": part("") })));
        for piece in pieces {
            let logprobs = json!([{ "token": piece, "logprob": 0.0 }]);
            self.event("output_text.delta", &with(json!({ "delta": piece, "logprobs": logprobs })));
        }
        let text = pieces.concat();
        self.event("output_text.done", &with(json!({ "text": text, "logprobs": [] })));
        self.event("content_part.done", &with(json!({ "part": part(&text) })));
        let done = item("completed", json!([part(&text)]));
        self.event("output_item.done", &json!({ "output_index": index, "item": done }));
        self.output.push(done);
        self
    }

    /// Thoughts that are still going on.
    fn thinks(mut self, pieces: &[&str]) -> Stream {
        let index = self.output.len();
        let item = json!({ "id": "rs_1", "type": "reasoning", "summary": [] });
        self.event("output_item.added", &json!({ "output_index": index, "item": item }));
        let part = json!({ "type": "summary_text", "text": "" });
        let at = json!({ "item_id": "rs_1", "output_index": index, "summary_index": 0, "part": part });
        self.event("reasoning_summary_part.added", &at);
        for piece in pieces {
            let delta = json!({ "item_id": "rs_1", "output_index": index, "summary_index": 0, "delta": piece });
            self.event("reasoning_summary_text.delta", &delta);
        }
        self
    }

    fn call(mut self, pieces: &[&str]) -> Stream {
        let index = self.output.len();
        let item = |status: &str, arguments: &str| {
            json!({ "id": format!("fc_{index}"), "type": "function_call", "status": status, "call_id": "call_1",
                    "name": "send", "arguments": arguments })
        };
        self.event("output_item.added", &json!({ "output_index": index, "item": item("in_progress", "") }));
        for piece in pieces {
            self.event("function_call_arguments.delta", &json!({ "output_index": index, "delta": piece }));
        }
        let arguments = pieces.concat();
        self.event("function_call_arguments.done", &json!({ "output_index": index, "arguments": arguments }));
        let done = item("completed", &arguments);
        self.event("output_item.done", &json!({ "output_index": index, "item": done }));
        self.output.push(done);
        self
    }

    fn end(mut self) -> String {
        self.event("completed", &json!({ "response": self.response("completed") }));
        self.text
    }
}

#[tokio::test]
async fn a_rewrite_is_the_same_wherever_the_text_is_said() {
    let rig = guarded(Store::AsAsked).await;
    let stream = Stream::new().message(&["my sec", "ret is"]).call(&["{\"a\":\"sec", "ret\"}"]).end();
    let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream, SSE).await;
    assert!(!seen.body.contains("secret"));
    assert_eq!(seen.body.matches("my ****** is").count(), 4);
    assert_eq!(seen.body.matches(r#"{\"a\":\"******\"}"#).count(), 3);
    let events = events(&seen.body);
    let deltas: Vec<&Value> = events.iter().filter(|event| event["type"] == "response.output_text.delta").collect();
    assert_eq!(deltas.iter().map(|delta| delta["delta"].as_str().unwrap()).collect::<String>(), "my ****** is");
    // Tokens would say it yet again.
    assert!(deltas.iter().all(|delta| delta["logprobs"] == json!([])), "{deltas:?}");
    let untouched = Stream::new().message(&["nothing ", "of note"]).end();
    assert_eq!(exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &untouched, SSE).await.body, untouched);
}

#[tokio::test]
async fn a_cut_closes_what_is_open_with_what_was_sent() {
    let rig = guarded(Store::AsAsked).await;
    let stream = Stream::new().message(&["whole"]).message(&["a secret, then ", "some for", "bidden", " more"]).end();
    let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream, SSE).await;
    let events = events(&seen.body);
    let expected = ["output_text.done", "content_part.done", "output_item.done", "incomplete"];
    assert_eq!(names(&events)[events.len() - 4..], expected);
    let [text, part, item, end] = events.last_chunk::<4>().unwrap();
    assert_eq!(text["text"], "a ******, then some ");
    assert_eq!(
        (&text["item_id"], &text["output_index"], &text["content_index"]),
        (&json!("msg_1"), &json!(1), &json!(0))
    );
    assert_eq!(part["part"]["text"], text["text"]);
    assert_eq!((&item["item"]["status"], &item["item"]["content"][0]), (&json!("incomplete"), &part["part"]));
    let response = &end["response"];
    assert_eq!((&response["id"], &response["status"]), (&json!("resp_1"), &json!("incomplete")));
    assert_eq!(response["incomplete_details"], json!({ "reason": "content_filter" }));
    assert_eq!(response["output"][0]["content"][0]["text"], "whole");
    assert_eq!(response["output"][1], item["item"]);
    let deltas = events.iter().filter(|event| event["type"] == "response.output_text.delta");
    let said: String = deltas.map(|event| event["delta"].as_str().unwrap()).collect();
    assert_eq!(said, "wholea ******, then some ");
}

#[tokio::test]
async fn a_cut_as_refusal_declines_in_a_part_of_its_own() {
    let rig = guarded(Store::AsAsked).await;
    let stream = Stream::new().message(&["so far ", "unwanted"]).end();
    let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream, SSE).await;
    let events = events(&seen.body);
    let tail =
        ["content_part.added", "refusal.delta", "refusal.done", "content_part.done", "output_item.done", "completed"];
    assert_eq!(names(&events)[events.len() - 6..], tail);
    let response = &events.last().unwrap()["response"];
    let message = response["output"][0]["content"][1]["refusal"].as_str().unwrap();
    assert!(message.starts_with("Sorry."), "{message}");
    assert_eq!(response["output"][0]["content"][0]["text"], "so far ");
    assert_eq!(response["status"], "completed");
}

#[tokio::test]
async fn a_cut_in_thoughts_closes_them_and_declines_in_a_message() {
    let rig = guarded(Store::AsAsked).await;
    let stream = Stream::new().thinks(&["hm, ", "forbidden"]).text;
    let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream, SSE).await;
    let cut = events(&seen.body);
    let closed = ["reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done", "incomplete"];
    assert_eq!(names(&cut)[cut.len() - 4..], closed);
    assert_eq!(cut.last().unwrap()["response"]["output"][0]["summary"][0]["text"], "hm, ");
    let stream = Stream::new().thinks(&["hm, ", "unwanted"]).text;
    let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream, SSE).await;
    let declined = events(&seen.body);
    let response = &declined.last().unwrap()["response"];
    assert_eq!((&response["status"], &response["output"][0]["status"]), (&json!("completed"), &json!("incomplete")));
    assert!(response["output"][1]["content"][0]["refusal"].as_str().unwrap().starts_with("Sorry."), "{response}");
}

#[tokio::test]
async fn an_upstream_that_says_too_much_or_breaks_off_does_not_look_finished() {
    let rig = guarded(Store::AsAsked).await;
    let torn = Stream::new().message(&["fine"]).text + "event: response.output_text.delta\ndata: {\"type\":\n\n";
    let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &torn, SSE).await;
    let last = seen.body.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("data: {\"error\":{"), "{last}");
    // Parts that nobody announced, and an end that nobody waited for.
    let mut stream = Stream::new();
    let item = json!({ "id": "", "type": "message", "role": "assistant", "content": [] });
    stream.event("output_item.added", &json!({ "output_index": 0, "item": item }));
    for piece in ["I will ", "forbidden"] {
        let delta = json!({ "item_id": "", "output_index": 0, "content_index": 0, "delta": piece });
        stream.event("refusal.delta", &delta);
    }
    let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream.text, SSE).await;
    let cut = events(&seen.body);
    let response = &cut.last().unwrap()["response"];
    assert_eq!(response["output"][0]["content"], json!([{ "type": "refusal", "refusal": "I will " }]));
}

#[tokio::test]
async fn nothing_of_a_blocked_call_is_sent() {
    let rig = guarded(Store::AsAsked).await;
    let whole = "{\"a\":\"forbidden\"}";
    // In pieces, in one, and by a server that says arguments only in the item that ends.
    for pieces in [&["{\"a\":\"for", "bidden\"}"][..], &[whole], &[]] {
        let mut stream = Stream::new().message(&["calling"]);
        if pieces.is_empty() {
            for (event, arguments) in [("output_item.added", ""), ("output_item.done", whole)] {
                let item = json!({ "id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "send",
                                   "arguments": arguments });
                stream.event(event, &json!({ "output_index": 1, "item": item }));
            }
        } else {
            stream = stream.call(pieces);
        }
        let seen = exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream.end(), SSE).await;
        let events = events(&seen.body);
        // Clients run a call that was announced, without arguments.
        assert!(!seen.body.contains("function_call"), "{}", seen.body);
        let response = &events.last().unwrap()["response"];
        assert_eq!(events.last().unwrap()["type"], "response.incomplete");
        assert_eq!(response["output"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn calls_of_every_sort_come_through_as_they_came() {
    let rig = guarded(Store::AsAsked).await;
    let mut stream = Stream::new().call(&[]).call(&["{}"]).call(&["{\"a\":", "1}"]);
    for (event, arguments) in [("output_item.added", json!({})), ("output_item.done", json!({ "query": "tea" }))] {
        let item = json!({ "id": "ts_3", "type": "tool_search_call", "call_id": "call_3", "execution": "server",
                           "status": "completed", "arguments": arguments });
        stream.event(event, &json!({ "output_index": 3, "item": item }));
    }
    let stream = stream.end();
    assert_eq!(exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream, SSE).await.body, stream);
}

#[tokio::test]
async fn what_is_blocked_before_it_begins_is_an_error_or_a_whole_refusal() {
    let rig = guarded(Store::AsAsked).await;
    let (status, body) = refused(&rig.1, POST, r#"{"input":"an attack","stream":true}"#).await;
    assert_eq!((&*status, &body["error"]["code"]), ("HTTP/1.1 400 Bad Request", &json!("content_policy_violation")));
    let (_, body) = refused(&rig.1, "POST /openai/v1/responses", r#"{"input":"an attack"}"#).await;
    assert_eq!(body["error"]["code"], "content_filter");
    assert_eq!(body["error"]["innererror"]["code"], "ResponsibleAIPolicyViolation");
    let answer = |text: &str| {
        let part = json!({ "type": "output_text", "text": text });
        let item = json!({ "id": "msg_9", "type": "message", "role": "assistant", "content": [part] });
        json!({ "id": "resp_9", "object": "response", "status": "completed", "output": [item] }).to_string()
    };
    let seen = exchange(&rig, POST, r#"{"input":"hi"}"#, &answer("forbidden"), JSON).await;
    assert!(seen.head.starts_with("HTTP/1.1 400 "), "{}", seen.head);
    let seen = exchange(&rig, POST, r#"{"input":"hi","model":"m"}"#, &answer("unwanted"), JSON).await;
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert!(body["output"][0]["content"][0]["refusal"].as_str().unwrap().starts_with("Sorry."));
    assert_eq!(
        (&body["object"], &body["status"], &body["model"]),
        (&json!("response"), &json!("completed"), &json!("m"))
    );
}

#[tokio::test]
async fn nobody_goes_on_from_what_was_blocked_or_rewritten() {
    let rig = guarded(Store::AsAsked).await;
    let answer = |id: &str, text: &str| {
        let part = json!({ "type": "output_text", "text": text });
        let item = json!({ "id": format!("msg_of_{id}"), "type": "message", "role": "assistant", "content": [part] });
        json!({ "id": id, "object": "response", "instructions": "keep the secret", "output": [item] }).to_string()
    };
    let clean = exchange(&rig, POST, r#"{"input":"hi"}"#, &answer("resp_clean", "fine"), JSON).await;
    // What is said again of the request is the client's own.
    assert!(clean.body.contains("keep the ******"));
    let hidden = r#"{"input":"hi","conversation":"conv_1"}"#;
    exchange(&rig, POST, hidden, &answer("resp_secret", "a secret"), JSON).await;
    exchange(&rig, POST, r#"{"input":"hi"}"#, &answer("resp_cut", "forbidden"), JSON).await;
    let stream = Stream::new().message(&["a sec", "ret"]).end();
    exchange(&rig, POST, r#"{"input":"hi","stream":true}"#, &stream, SSE).await;
    // Blocked before it says what it is called.
    let hidden = r#"{"input":"hi","conversation":"conv_2","stream":true}"#;
    exchange(&rig, POST, hidden, "data: {no JSON\n\n", SSE).await;
    let previous = |id: &str| format!(r#"{{"input":"go on","previous_response_id":"{id}"}}"#);
    for body in [
        previous("resp_secret"),
        previous("resp_cut"),
        previous("resp_1"),
        r#"{"input":"go on","conversation":{"id":"conv_1"}}"#.to_owned(),
        r#"{"input":"go on","conversation":"conv_2"}"#.to_owned(),
        r#"{"input":[{"type":"item_reference","id":"msg_of_resp_secret"}]}"#.to_owned(),
        r#"{"input":[{"id":"msg_0"}]}"#.to_owned(),
    ] {
        let (status, error) = refused(&rig.1, POST, &body).await;
        assert_eq!(
            (&*status, &error["error"]["code"]),
            ("HTTP/1.1 400 Bad Request", &json!("tainted_state")),
            "{body}"
        );
    }
    exchange(&rig, POST, &previous("resp_clean"), &answer("resp_next", "fine"), JSON).await;
    // Asked for again, it is read again.
    let again = exchange(&rig, "GET /v1/responses/resp_secret", "", &answer("resp_secret", "a secret"), JSON).await;
    assert!(again.body.contains("a ******"));
}

#[tokio::test]
async fn a_route_may_forbid_storing() {
    let rig = guarded(Store::ForceOff).await;
    let sent = async |head: &str, body: &str| {
        let seen = exchange(&rig, head, body, "{}", JSON).await;
        seen.got.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    assert_eq!(sent(POST, r#"{"input":"hi"}"#).await, r#"{"store":false,"input":"hi"}"#);
    assert_eq!(sent(POST, r#"{"store":true,"input":"hi"}"#).await, r#"{"store":false,"input":"hi"}"#);
    let chat = "POST /v1/chat/completions";
    assert_eq!(sent(chat, r#"{"messages":[],"store":true}"#).await, r#"{"messages":[],"store":false}"#);
    assert_eq!(sent(chat, r#"{"messages":[]}"#).await, r#"{"messages":[]}"#);
    assert_eq!(sent("POST /v1/embeddings", r#"{"input":"hi"}"#).await, r#"{"input":"hi"}"#);
}

#[tokio::test]
async fn a_resumed_stream_is_read_from_its_start() {
    let rig = guarded(Store::AsAsked).await;
    let stream = Stream::new().message(&["a sec", "ret ", "and more"]).end();
    let target = "GET /v1/responses/resp_1?stream=true&starting_after=4";
    let seen = exchange(&rig, target, "", &stream, SSE).await;
    assert!(seen.got.starts_with("GET /v1/responses/resp_1?stream=true HTTP/1.1\r\n"), "{}", seen.got);
    let events = events(&seen.body);
    // The delta that begins the word was sent before: what stands for it was in there.
    assert_eq!(events[0]["sequence_number"], 5);
    assert_eq!(names(&events)[..2], ["output_text.delta", "output_text.delta"]);
    assert!(!seen.body.contains("ret ") && seen.body.contains("a ****** and more"));
    let (status, error) = refused(&rig.1, "GET /v1/responses/resp_1?starting_after=x", "").await;
    assert_eq!((&*status, &error["error"]["code"]), ("HTTP/1.1 400 Bad Request", &json!("invalid_starting_after")));
}

#[tokio::test]
async fn legacy_completions_are_cut_and_declined() {
    let rig = guarded(Store::AsAsked).await;
    let delta = |text: &str| {
        format!(
            "data: {{\"id\":\"cmpl-1\",\"choices\":[{{\"text\":\"{text}\",\"index\":0,\"finish_reason\":null}}]}}\n\n"
        )
    };
    let stream = format!("{}{}{}data: [DONE]\n\n", delta("a sec"), delta("ret, for"), delta("bidden"));
    let head = "POST /v1/completions";
    let seen = exchange(&rig, head, r#"{"prompt":"hi","stream":true}"#, &stream, SSE).await;
    assert!(seen.body.contains("\"finish_reason\":\"content_filter\"") && seen.body.ends_with("data: [DONE]\n\n"));
    assert!(!seen.body.contains("ret") && !seen.body.contains("bidden"), "{}", seen.body);
    let (status, _) = refused(&rig.1, head, r#"{"prompt":["fine","at","tack"]}"#).await;
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    let answer = r#"{"choices":[{"text":"unwanted","index":0,"logprobs":{"tokens":["unwanted"]},"finish_reason":"stop"},{"text":"fine","index":1}]}"#;
    let seen = exchange(&rig, head, r#"{"prompt":"hi","n":2}"#, answer, JSON).await;
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let [first, second] = [0, 1].map(|index| &body["choices"][index]);
    assert!(first["text"].as_str().unwrap().starts_with("Sorry.") && first["logprobs"].is_null(), "{first}");
    assert_eq!(second["text"], "fine");
}
