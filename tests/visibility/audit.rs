use std::fs;

use reqwest::Method;
use serde_json::Value;

use crate::rig::{How, Rig, until};

const CONFIG: &str = "secret: a-secret-for-the-chain\naudit: { store: 'file:d.jsonl' }\n";

fn records(rig: &Rig) -> Vec<Value> {
    rig.read("d.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_verdict_is_in_a_chain_that_outlives_stops_and_crashes() {
    let how = How { config: CONFIG, ..How::default() };
    let mut rig = Rig::start(How { config: CONFIG, ..How::default() }).await;
    let id = |response: &reqwest::Response| response.headers()["x-palisade-id"].to_str().unwrap().to_owned();
    let allowed = id(&rig.chat("hello").send().await.unwrap());
    let blocked = id(&rig.chat("a pineapple").send().await.unwrap());
    let stream = rig.stream("some words and a kumquat or two").send().await.unwrap();
    let streamed = id(&stream);
    let sent = stream.bytes().await.unwrap().len();
    rig.stop();
    let all = records(&rig);
    let of = |id: &str| all.iter().filter(|record| record["verdict"]["id"] == id).collect::<Vec<_>>();
    assert_eq!(of(&allowed).len(), 2);
    assert_eq!(of(&blocked).len(), 1);
    let late = of(&streamed)[1];
    assert_eq!(
        (late["stream"]["ended"].as_str(), late["verdict"]["verdict"].as_str()),
        (Some("blocked"), Some("block"))
    );
    assert_eq!(late["stream"]["released"].as_u64(), Some(sent as u64));
    let (code, said) = rig.run(&["audit", "verify"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("6 lines, 5 verdicts, all keyed"), "{said}");

    rig.restart(&how);
    rig.chat("hello").send().await.unwrap();
    until("it is written", async || records(&rig).len() == 9).await;
    rig.crash();
    let whole = fs::read(rig.path("d.jsonl")).unwrap();
    fs::write(rig.path("d.jsonl"), &whole[..whole.len() - 40]).unwrap();
    rig.restart(&how);
    rig.stop();
    let (code, said) = rig.run(&["audit", "verify"]);
    assert_eq!(code, 0, "{said}");
    assert!(records(&rig).iter().any(|record| record["kind"] == "torn"));

    let text = rig.read("d.jsonl").replacen("\"block\"", "\"allow\"", 1);
    rig.write("d.jsonl", &text);
    let (code, said) = rig.run(&["audit", "verify"]);
    assert_eq!(code, 1);
    assert!(said.starts_with("d.jsonl:4: the line was changed"), "{said}");
    assert_eq!(rig.run(&["audit", "verify", "nothing.jsonl"]).0, 2);
    let (code, last) = rig.run(&["audit", "tail", "-n", "2"]);
    assert_eq!((code, last.lines().count()), (0, 2));
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_the_traffic_and_says_so() {
    let config = "audit: { store: 'file:d.jsonl' }\n";
    let rig = Rig::start(How { config, ..How::default() }).await;
    assert_eq!(rig.chat("hello").send().await.unwrap().status(), 200);
    until("it is written", async || records(&rig).len() == 3).await;
    // Somebody else writes to the file.
    let own = rig.read("d.jsonl");
    rig.write("d.jsonl", &format!("{own}x"));
    rig.chat("hello").send().await.unwrap();
    until("it is not ready", async || rig.ask(Method::GET, "/readyz").send().await.unwrap().status() == 503).await;
    let why = rig.ask(Method::GET, "/readyz").send().await.unwrap().text().await.unwrap();
    assert!(why.contains("the decision log cannot be written"), "{why}");
    assert!(rig.metric("palisade_audit_write_errors_total").await >= 1.0);
    rig.write("d.jsonl", &own);
    until("it is ready", async || rig.ask(Method::GET, "/readyz").send().await.unwrap().status() == 200).await;
    until("what waited is written", async || records(&rig).len() == 5).await;
    assert_eq!(rig.run(&["audit", "verify"]).0, 0);
}
