//! What conversations are about: a question turned away, a streamed answer cut, and models that cannot tell.

use std::path::Path;
use std::sync::Arc;

use palisade::classifier::{FixedModel, Inference};
use palisade::config::{Inspect, Source};
use palisade::guard::{Guard, context};
use palisade::policy::file::load_policy_source;
use palisade::server::{App, Server};
use tokio::net::TcpListener;

use super::rig::{Raw, config};
use super::streams::{CHAT, delta};

const WORDS: &[(&str, usize)] = &[("doctor", 0), ("rash", 0), ("pills", 0), ("order", 1), ("parcel", 1), ("refund", 1)];

fn models() -> Inference {
    let topics = FixedModel::embedder("topics", WORDS);
    Inference::fixed(&[topics, FixedModel::guard(&["ignore"])], b"key").unwrap()
}

fn loaded(rules: &str, inference: &Inference) -> Result<palisade::policy::Context, String> {
    let source = Source::new("p.yaml", &format!("{{ version: 1, name: p, rules: [{rules}] }}"));
    let loaded = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now());
    let (policy, _) = loaded.map_err(|problems| problems.to_string())?;
    let key: Arc<[u8]> = Arc::from(&b"key"[..]);
    context(vec![Arc::new(policy)], Some(inference), &key, false).map_err(|error| error.to_string())
}

// Policies are loaded where nobody may wait for an answer, too.
#[tokio::test]
async fn answers_about_a_denied_topic_are_taken_out_and_questions_off_topic_refused() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(upstream.local_addr().unwrap());
    config.routes[0].inspect = Inspect::Full;
    let inference = models();
    let context = loaded(
        "{ id: shop-only, scope: [user], action: block,
           detect: { topic: { model: topics, allow: { shop: [order, parcel refund] }, threshold: 0.3 } } },
         { id: no-medicine, scope: [completion], action: { replace: \"<{entity}> \" },
           detect: { topic: { model: topics, deny: { medical: [\"doctor, rash\"] }, threshold: 0.5 } } }",
        &inference,
    )
    .unwrap();
    let app = App::new(config, Guard::of(vec![Some(context)], Some(Arc::new(inference)))).unwrap();
    let proxy = Server::start(app, Some(1)).await.unwrap();
    let send = |question: &str| {
        let body = format!(r#"{{"stream":true,"messages":[{{"role":"user","content":"{question}"}}]}}"#);
        let head = format!("POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        (Raw::send(proxy.addr(), head), body)
    };

    let (client, _) = send("Please write a poem about the sea");
    let mut client = client.await;
    let refused = client.read_to("content_policy_violation").await;
    assert!(refused.starts_with("HTTP/1.1 400"), "{refused}");

    for question in ["Where is my order?", "Yes, please."] {
        let (client, body) = send(question);
        let mut client = client.await;
        let mut server = Raw::accept(&upstream).await;
        server.read_to(&body).await;
        server.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n").await;
        for piece in
            ["Your order and par", "cel are under way. For a ra", "sh a doctor gives pills. Your ref", "und is paid."]
        {
            server.write(delta(piece)).await;
        }
        server.write("data: [DONE]\n\n").await;
        let all = client.read_to("data: [DONE]\n\n").await;
        let said: String = all.split("\"content\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(said, "Your order and parcel are under way. <medical> Your refund is paid.");
    }
}

#[test]
fn what_a_model_cannot_tell_is_said_with_its_place() {
    let inference = models();
    let refused = |detect: &str| {
        loaded(&format!("\n{{ id: r, action: log, detect: {{ {detect} }} }}"), &inference).err().unwrap_or_default()
    };
    for (detect, expected) in [
        (
            "topic: { deny: { a: [x] } }",
            "p.yaml:2: rule r: an example of topic a: model guard: it gives no vectors of texts",
        ),
        ("topic: { model: other, deny: { a: [x] } }", "model other is not loaded"),
        ("any: [{ topic: { model: other, deny: { a: [x] } } }]", "model other is not loaded"),
        (
            "classifier: { model: topics, label: medical, threshold: 0.5 }",
            "model topics gives vectors, for `topic`, and has no label or entity",
        ),
    ] {
        let said = refused(detect);
        assert!(said.contains(expected), "{detect}: {said}");
    }
    let long = "pills ".repeat(200);
    let said = refused(&format!("topic: {{ model: topics, deny: {{ a: [x,\n\"{long}\"] }} }}"));
    assert!(said.starts_with("p.yaml:3: ") && said.contains("longer than one window of the model"), "{said}");
}
