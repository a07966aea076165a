use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rig::{How, Rig, until};

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them() {
    let rig = Rig::start(How::default()).await;
    for say in ["hello", "a pineapple", "a banana", "sk-planted-abcdefgh12"] {
        rig.chat(say).send().await.unwrap();
    }
    let message = |direction: &str, verdict: &str| {
        format!(
            "palisade_messages_total{{policy=\"house\",protocol=\"openai-chat\",direction=\"{direction}\",verdict=\"{verdict}\"}}"
        )
    };
    assert_eq!(rig.metric(&message("request", "allow")).await, 2.0);
    assert_eq!(rig.metric(&message("request", "block")).await, 1.0);
    assert_eq!(rig.metric(&message("request", "rewrite")).await, 1.0);
    assert_eq!(rig.metric(&message("response", "allow")).await, 3.0);
    let finding =
        |rule: &str, mode: &str| format!("palisade_findings_total{{policy=\"house\",rule=\"{rule}\",mode=\"{mode}\"}}");
    assert_eq!(rig.metric(&finding("fruit", "enforce")).await, 1.0);
    assert_eq!(rig.metric(&finding("watch", "shadow")).await, 1.0);
    assert_eq!(rig.metric("palisade_responses_total{code=\"2xx\"}").await, 3.0);
    assert_eq!(rig.metric("palisade_responses_total{code=\"4xx\"}").await, 1.0);
    assert_eq!(rig.metric("palisade_added_seconds_count{direction=\"request\"}").await, 4.0);
    assert_eq!(rig.metric("palisade_in_flight").await, 0.0);
    // What is refused before it has a verdict.
    rig.http.get(format!("{}/a//b", rig.data)).send().await.unwrap();
    assert_eq!(rig.metric("palisade_refused_total{reason=\"invalid_path\"}").await, 1.0);
    // A body that cannot be read is blocked, and not because of a finding.
    let body = rig.http.post(format!("{}/v1/chat/completions", rig.data)).body("{\"model\":").send().await.unwrap();
    assert_eq!(body.status(), 400);
    assert_eq!(rig.metric("palisade_fail_closed_total").await, 1.0);
    assert_eq!(rig.metric("palisade_unreadable_total").await, 1.0);
    let broken = rig.chat("hello").header("x-standin-misbehave", "drop").send().await.unwrap();
    assert_eq!(broken.status(), 502);
    assert_eq!(rig.metric("palisade_upstream_errors_total{reason=\"broke_off\"}").await, 1.0);
}

#[tokio::test]
async fn a_streams_late_verdict_is_read_by_id() {
    let rig = Rig::start(How::default()).await;
    let response = rig.stream("some words and then a kumquat and more").send().await.unwrap();
    let id = response.headers()["x-palisade-id"].to_str().unwrap().to_owned();
    let text = response.text().await.unwrap();
    assert!(text.contains("content_filter") && !text.contains("kumquat"), "{text}");
    let path = format!("/v1/decisions/{id}");
    until("both verdicts are there", async || {
        let response = rig.ask(Method::GET, &path).send().await.unwrap();
        let value: Value = response.json().await.unwrap();
        value["decisions"].as_array().is_some_and(|all| all.len() == 2)
    })
    .await;
    let all = rig.get_json(&path).await;
    let all = &all["decisions"];
    assert_eq!((&all[0]["verdict"], &all[1]["verdict"]), (&json!("allow"), &json!("block")));
    assert_eq!(all[1]["findings"][0]["rule"], "leak");
    let blocked = rig.get_json("/v1/decisions?verdict=block&limit=5").await;
    assert_eq!(blocked["decisions"][0]["id"], json!(id));
    assert_eq!(rig.ask(Method::GET, "/v1/decisions/nobody").send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn changes_need_the_token_and_pages_are_kept_out() {
    let rig = Rig::start(How::default()).await;
    let status = |request: reqwest::RequestBuilder| async move { request.send().await.unwrap().status().as_u16() };
    let reload = || rig.ask(Method::POST, "/v1/policies/reload");
    assert_eq!(status(reload()).await, 401);
    assert_eq!(status(reload().bearer_auth("wrong")).await, 401);
    assert_eq!(status(reload().bearer_auth(&rig.token)).await, 200);
    assert_eq!(status(reload().bearer_auth(&rig.token).header("origin", "http://evil.example")).await, 403);
    assert_eq!(status(rig.ask(Method::GET, "/metrics").header("host", "evil.example")).await, 403);
    assert_eq!(status(rig.ask(Method::GET, "/healthz").header("host", "evil.example")).await, 200);
    assert_eq!(status(rig.ask(Method::GET, "/v1/policies/reload")).await, 405);
    assert_eq!(status(rig.ask(Method::GET, "/v1/decisions?limt=3")).await, 400);
    assert_eq!(status(rig.ask(Method::GET, "/v1/nothing")).await, 404);
    // None of it is on the data port: there such a path is one like any other.
    let data = rig.http.get(format!("{}/metrics", rig.data)).send().await.unwrap();
    assert!(!data.text().await.unwrap().contains("palisade_"));
    // The token that was made is printed, once, and logged nowhere.
    assert_eq!(rig.token.len(), 32);
    assert!(!rig.log().contains(&rig.token));
}

#[tokio::test]
async fn the_scan_api_gives_the_verdict_of_the_scan_command() {
    let rig = Rig::start(How::default()).await;
    let scan = async |query: &str, body: Value| {
        let response = rig.ask(Method::POST, &format!("/v1/scan{query}")).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json::<Value>().await.unwrap())
    };
    let text = "näh 😀 sk-planted-abcdefgh12";
    let (_, own) = scan("", json!({ "text": text })).await;
    let (code, printed) = rig.run(&["scan", "--policy", "policies/house.yaml", text]);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(code, 0);
    for same in ["direction", "verdict", "shadow", "policy", "findings", "texts", "skipped", "unscanned"] {
        assert_eq!(own[same], printed[same], "{same}");
    }
    let start = |(_, verdict): (u16, Value)| verdict["findings"][0]["start"].clone();
    assert_eq!(start(scan("", json!({ "text": text })).await), 10);
    assert_eq!(start(scan("?offsets=chars", json!({ "text": text })).await), 6);
    assert_eq!(start(scan("?offsets=utf16", json!({ "text": text })).await), 7);
    let (_, verdict) = scan("?as=completion", json!({ "text": "a kumquat" })).await;
    assert_eq!((&verdict["verdict"], &verdict["direction"]), (&json!("block"), &json!("response")));
    // A provider's request and response, bare or named.
    let request = json!({ "model": "m", "messages": [{ "role": "user", "content": "a pineapple" }] });
    for body in [request.clone(), json!({ "request": request })] {
        let (_, verdict) = scan("", body).await;
        assert_eq!(verdict["findings"][0]["segment"]["pointer"], "/messages/0/content");
        assert_eq!(verdict["verdict"], "block");
    }
    let response = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": "kumquat" } }] });
    let content = json!({ "role": "model", "parts": [{ "text": "kumquat" }] });
    for body in [
        response.clone(),
        json!({ "response": response }),
        json!({ "candidates": [{ "content": content }] }),
        json!({ "response": { "candidates": [{ "content": content }] } }),
    ] {
        assert_eq!(scan("", body).await.1["findings"][0]["segment"]["kind"], "completion");
    }
    // Offsets in arguments, which are JSON in a string.
    let call =
        json!({ "type": "function", "function": { "name": "f", "arguments": "{\"a\":\"é sk-planted-abcdefgh12\"}" } });
    let message = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
    let (_, verdict) = scan("?offsets=chars", json!({ "messages": [message] })).await;
    assert_eq!((&verdict["findings"][0]["start"], &verdict["findings"][0]["end"]), (&json!(2), &json!(23)));
    // Nothing reached the upstream, and nothing was counted as traffic.
    assert_eq!(rig.standin.calls(), 0);
    assert_eq!(rig.metric("palisade_added_seconds_count{direction=\"request\"}").await, 0.0);
    for (query, body) in [
        ("?as=usr", json!({ "text": "x" })),
        ("?policy=../palisade.yaml", json!({ "text": "x" })),
        ("?policy=nobodys", json!({ "text": "x" })),
        ("?offsets=words", json!({ "text": "x" })),
        ("", json!("text")),
    ] {
        assert_eq!(scan(query, body.clone()).await.0, 400, "{query} {body}");
    }
}

#[tokio::test]
async fn a_log_line_for_each_thing_with_the_requests_id() {
    let rig = Rig::start(How { args: &["--log", "trace", "--log-format", "json"], ..How::default() }).await;
    let blocked = rig.chat("a pineapple").send().await.unwrap();
    let refused = rig.http.get(format!("{}/a//b", rig.data)).send().await.unwrap();
    let broken = rig.chat("x").header("x-standin-misbehave", "drop").send().await.unwrap();
    let lines: Vec<Value> = rig.log().lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for response in [blocked, refused, broken] {
        let id = response.headers()["x-palisade-id"].to_str().unwrap();
        assert!(lines.iter().any(|line| line["id"] == id && line["message"].is_string()), "{id} in {lines:?}");
    }
    let decided = lines.iter().find(|line| line["verdict"] == "block").unwrap();
    assert_eq!(
        (&decided["level"], &decided["rules"], &decided["target"]),
        (&json!("info"), &json!("fruit"), &json!("palisade::server::recorder"))
    );
}

#[tokio::test]
async fn the_admin_port_can_be_left_out() {
    let rig = Rig::start(How { args: &["--admin", "none"], ..How::default() }).await;
    assert!(rig.read("out").contains("admin port: none"));
    assert_eq!(rig.chat("hello").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn clients_are_told_as_much_as_the_policy_says() {
    let rig = Rig::start(How::default()).await;
    let all = [
        "x-palisade-id",
        "x-palisade-policy",
        "x-palisade-rules",
        "x-palisade-shadow",
        "x-palisade-verdict",
        "server-timing",
    ];
    for (expose, told) in [("rules", &all[..]), ("id", &[all[0], all[1], all[4]]), ("none", &all[..1])] {
        rig.write("policies/house.yaml", &crate::rig::POLICY.replace("expose: rules", &format!("expose: {expose}")));
        assert_eq!(rig.reload().await.status(), 200);
        let response = rig.chat("a banana with pineapple").header("x-palisade-verdict", "allow").send().await.unwrap();
        let headers = response.headers().clone();
        for name in all {
            assert_eq!(headers.get_all(name).iter().count(), usize::from(told.contains(&name)), "{expose}: {name}");
        }
        let error: Value = response.json().await.unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert_eq!(message.contains("policy house"), expose != "none", "{message}");
        assert!(message.contains(headers["x-palisade-id"].to_str().unwrap()));
    }
}
