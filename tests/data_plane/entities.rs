//! Names that a model tags, in a streamed answer and in a policy that asks the wrong model.

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

fn models() -> Inference {
    let ner = FixedModel::tagger("ner", &[("Jane", "PERSON"), ("Doe", "PERSON"), ("Paris", "LOCATION")]);
    Inference::fixed(&[ner, FixedModel::guard(&["ignore"])], b"key").unwrap()
}

fn loaded(detect: &str, action: &str, inference: &Inference) -> Result<palisade::policy::Context, String> {
    let policy = format!(
        "{{ version: 1, name: p, rules: [{{ id: names, scope: [output], detect: {{ {detect} }}, action: {action} }}] }}"
    );
    let source = Source::new("p.yaml", &policy);
    let loaded = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now());
    let (policy, _) = loaded.map_err(|problems| problems.to_string())?;
    let key: Arc<[u8]> = Arc::from(&b"key"[..]);
    context(vec![Arc::new(policy)], Some(inference), &key, false).map_err(|error| error.to_string())
}

#[tokio::test]
async fn names_in_a_streamed_answer_are_replaced() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(upstream.local_addr().unwrap());
    config.routes[0].inspect = Inspect::Full;
    let inference = models();
    let rule = "entities: { model: ner, labels: [PERSON, LOCATION] }";
    let context = loaded(rule, "{ replace: \"<{entity}>\" }", &inference).unwrap();
    let app = App::new(config, Guard::of(vec![Some(context)], Some(Arc::new(inference)))).unwrap();
    let proxy = Server::start(app, Some(1)).await.unwrap();

    let body = r#"{"stream":true}"#;
    let head = format!("POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut client = Raw::send(proxy.addr(), head).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to(body).await;
    server.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n").await;
    for piece in ["Your manager is Ja", "ne D", "oe, and she lives in Pa", "ris now. You can", " ask Jane there."] {
        server.write(delta(piece)).await;
    }
    server.write("data: [DONE]\n\n").await;
    let all = client.read_to("data: [DONE]\n\n").await;
    let said: String = all.split("\"content\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(said, "Your manager is <PERSON>, and she lives in <LOCATION> now. You can ask <PERSON> there.");
}

#[test]
fn what_a_model_does_not_have_is_said() {
    let inference = models();
    let refused = |detect: &str| loaded(detect, "log", &inference).err().unwrap_or_default();
    for (detect, expected) in [
        (
            "entities: { model: ner, labels: [PERSN] }",
            "model ner tags words and has no entity PERSN; it has LOCATION, PERSON",
        ),
        ("entities: { model: guard, labels: [PERSON] }", "model guard judges whole texts and has no label PERSON"),
        (
            "entities: { model: guard, labels: [injection] }",
            "tags no words with it: `classifier: { model: guard, label: injection }`",
        ),
        ("classifier: { model: ner, label: PERSON }", "`entities: { model: ner, labels: [PERSON] }` finds it"),
        ("entities: { model: other, labels: [PERSON] }", "model other is not loaded"),
        ("length: { max_tokens: 7, tokenizer: other }", "model other is not loaded"),
        ("entities: { model: ner }", "`entities` does not say which"),
        ("entities: { model: ner, labels: [] }", "`labels` is empty"),
        ("entities: { model: ner, labels: [PERSON], threshold: 0.01 }", "expected a number from 0.05 to 1"),
        ("pii: { entities: [PERSON] }", "`entities: { model: NAME, labels: [PERSON] }`"),
    ] {
        let said = refused(detect);
        assert!(said.contains(expected), "{detect}: {said}");
    }
}

#[tokio::test]
async fn tokens_of_a_model_are_counted_in_answers() {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(upstream.local_addr().unwrap());
    config.routes[0].inspect = Inspect::Full;
    let inference = models();
    // Each of its words is a token.
    let context = loaded("length: { max_tokens: 7, tokenizer: guard }", "redact", &inference).unwrap();
    let app = App::new(config, Guard::of(vec![Some(context)], Some(Arc::new(inference)))).unwrap();
    let proxy = Server::start(app, Some(1)).await.unwrap();
    for (pieces, wanted) in [
        (["One two thr", "ee four five ", "six seven"], "One two three four five six seven"),
        (["One two thr", "ee four five six sev", "en eight nine"], "One two three four five six seven "),
    ] {
        let body = r#"{"stream":true}"#;
        let head = format!("POST {CHAT} HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut client = Raw::send(proxy.addr(), head).await;
        let mut server = Raw::accept(&upstream).await;
        server.read_to(body).await;
        server.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n").await;
        for piece in pieces {
            server.write(delta(piece)).await;
        }
        server.write("data: [DONE]\n\n").await;
        let all = client.read_to("data: [DONE]\n\n").await;
        let said: String = all.split("\"content\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(said, wanted);
    }
}
