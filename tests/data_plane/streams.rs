//! Guarded streams over real sockets, told piece by piece: what waits, what overtakes, and how each ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use palisade::config::{Inspect, Source};
use palisade::guard::Guard;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Context, RuleSet};
use palisade::server::{App, Server};
use tokio::net::TcpListener;

use super::rig::{Raw, config};

/// Masks one word, and cuts at another.
const POLICY: &str = "
version: 1
name: p
expose: none
rules:
  - { id: mask, scope: [output], detect: { keywords: { words: [secret], whole: false } }, action: mask }
  - { id: cut, scope: [output], detect: { keywords: { words: [forbidden], whole: false } }, action: block }
";

async fn guarded(policy: &str) -> (TcpListener, Server) {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(upstream.local_addr().unwrap());
    config.routes[0].inspect = Inspect::Full;
    let source = Source::new("p.yaml", policy);
    let (policy, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now()).unwrap();
    let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
    let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
    let app = App::new(config, Guard::of(vec![Some(context)], None)).unwrap();
    (upstream, Server::start(app, Some(1)).await.unwrap())
}

/// Asks for a stream and lets the upstream begin one.
async fn begun(path: &str, content_type: &str) -> (Raw, Raw, Server) {
    begun_under(POLICY, path, content_type).await
}

/// The same under another policy.
pub(super) async fn begun_under(policy: &str, path: &str, content_type: &str) -> (Raw, Raw, Server) {
    let (upstream, proxy) = guarded(policy).await;
    let body = r#"{"stream":true}"#;
    let head = format!("POST {path} HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let client = Raw::send(proxy.addr(), head).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to(body).await;
    server.write(format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nConnection: close\r\n\r\n")).await;
    (client, server, proxy)
}

pub(super) fn delta(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n")
}

pub(super) const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn a_heart_beat_overtakes_what_has_waited_for_long() {
    let (mut client, mut server, _proxy) = begun(CHAT, "text/event-stream").await;
    server.write(delta("all of it ")).await;
    client.read_to("all of it \"},\"finish_reason\":null}]}\n\n").await;
    server.write(delta("sec")).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    server.write(": still here\n\n").await;
    client.read_to(": still here\n\n").await;
    server.write(delta("ret ")).await;
    assert!(!client.read_to("***").await.contains("sec"));
}

#[tokio::test]
async fn what_is_decided_of_a_long_event_goes_ahead() {
    let (mut client, mut server, _proxy) = begun(CHAT, "text/event-stream").await;
    server.write(delta(&format!("{} sec", "word ".repeat(60)))).await;
    let ahead = client.read_to("]}\n\n").await;
    assert!(ahead.contains("word word") && !ahead.contains("sec"), "{ahead}");
    server.write(delta("ond thought")).await;
    assert!(client.read_to("sec\"},\"finish_reason\":null}]}\n\n").await.contains("\"content\":\"sec\""));
    client.read_to("ond thought\"},\"finish_reason\":null}]}\n\n").await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_read_ends_with_the_providers_error() {
    let (mut client, mut server, _proxy) = begun(CHAT, "text/event-stream").await;
    server.write(delta("fine ")).await;
    client.read_to("fine \"},\"finish_reason\":null}]}\n\n").await;
    server.write("data: {\"choices\":[{\"delta\":{\"content\":\"unseen\"}}\n\n").await;
    let end = client.read_to("data: [DONE]\n\n").await;
    assert!(end.contains("data: {\"error\":{") && !end.contains("unseen"), "{end}");

    let (mut client, mut server, _proxy) = begun("/v1/messages", "text/event-stream").await;
    server.write("event: ping\ndata: {\"type\":\"ping\"}\n\n").await;
    client.read_to("{\"type\":\"ping\"}\n\n").await;
    server.write("event: message_start\ndata: oops\n\n").await;
    assert!(client.read_to("}}\n\n").await.contains("event: error\n"));
}

#[tokio::test]
async fn json_lines_are_one_text_line_by_line() {
    let (mut client, mut server, _proxy) = begun("/v1/unknown", "application/x-ndjson").await;
    server.write("{\"text\":\"a word \",\"n\":1}\n").await;
    client.read_to("{\"text\":\"a word \",\"n\":1}\n").await;
    server.write("{\"text\":\"and sec\"}\n\n{\"te").await;
    server.write("xt\":\"ret, then\"}\n").await;
    client.read_to("{\"text\":\"and ******\"}\n").await;
    client.read_to("{\"text\":\", then\"}\n").await;
    server.write("{\"text\":\" forbid\"}\n{\"text\":\"den\"}\n{\"text\":\"more\"}\n").await;
    let end = client.read_to("}}\n").await;
    assert!(end.contains("{\"error\":{") && !end.contains("forbid") && !end.contains("more"), "{end}");
}

#[tokio::test]
async fn events_that_do_not_say_so_are_not_read_apart() {
    for path in [CHAT, "/v1/unknown"] {
        let (mut client, mut server, _proxy) = begun(path, "text/plain").await;
        server.write(delta("a sec") + &delta("ret ")).await;
        drop(server);
        let out = client.read_to("}}").await;
        assert!(out.starts_with("HTTP/1.1 400") && !out.contains("ret "), "{path}: {out}");
    }
    // A page with such a line is none.
    let (mut client, mut server, _proxy) = begun("/v1/unknown", "text/plain").await;
    server.write("data: a page\ndata:\n").await;
    drop(server);
    assert!(client.read_to("a page\ndata:\n").await.starts_with("HTTP/1.1 200"));
}

/// Else its elements would be answers of their own, each with a text of its own.
#[tokio::test]
async fn an_array_of_events_is_not_read_as_a_whole_answer() {
    for kind in ["text/plain", "application/octet-stream", "text/event-stream"] {
        let (mut client, mut server, _proxy) = begun("/v1beta/models/m:streamGenerateContent", kind).await;
        let element = |text: &str| format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}}}}]}}"#);
        server.write(format!("[{},{}]", element("a sec"), element("ret "))).await;
        drop(server);
        let out = client.read_to("}}").await;
        assert!(out.starts_with("HTTP/1.1 400") && !out.contains("ret "), "{kind}: {out}");
    }
}
