//! Keys are planted wherever they come by; then every output is searched for them, at trace level.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use reqwest::Method;
use serde_json::json;

use crate::rig::{How, POLICY, Rig, until};

/// Keys that no rule knows: only that nobody writes them down keeps them secret.
const UNKNOWN: &[&str] = &[
    "Plant3d-in-authorization",
    "Plant3d-in-x-api-key",
    "Plant3d-in-cookie",
    "Plant3d-in-query-key",
    "Plant3d-in-query-value",
    "Plant3d-in-path",
    "Plant3d-in-broken-json",
    "Plant3d-in-upstream-header",
    "Plant3d-in-upstream-head",
    "Plant3d-in-env-upstream",
    "Plant3d-in-env-admin-token",
    "Plant3d-in-env-secret-0123",
    "Plant3d-in-tenant-header",
    "Plant3d-in-admin-query",
    "Plant3d-in-wrong-token",
    "Plant3d-in-mcp-token",
    "Plant3d-in-mcp-header",
];

/// Keys that a rule finds: also the kept texts are without them.
const KNOWN: &[&str] = &["sk-planted-inthebody", "sk-planted-inthearguments", "sk-planted-inupstreamerror"];

const CONFIG: &str = "
secret: ${SECRET}
audit: { store: 'file:d.jsonl', text: TEXT }
upstreams: { llm: { url: 'http://UPSTREAM', headers: { authorization: 'Bearer ${UPKEY}' } } }
tenants: { from: { header: x-tenant, trusted: [127.0.0.0/8] }, list: tenants }
";

/// Callers are told apart by their keys, and by what they call their users.
const BUDGETS: &str = "  - { id: often, detect: { rate: { per: key, requests: 1, window: 1h } }, action: log }
  - { id: users, detect: { rate: { per: user, requests: 1, window: 1h } }, action: log }
";

/// Answers an error with a key in a header and in the body, or a head that is none and quotes what it got.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut got = vec![0; 64 << 10];
                let count = stream.read(&mut got).unwrap_or(0);
                let got = String::from_utf8_lossy(&got[..count]).into_owned();
                let body = json!({ "error": { "message": "no such key: sk-planted-inupstreamerror" } }).to_string();
                let answer = if got.contains("x-broken") {
                    "HTTP/1.1 Plant3d-in-upstream-head 200 \r\n\r\n".to_owned()
                } else {
                    format!(
                        "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nx-debug: Plant3d-in-upstream-header\r\n\
                         content-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    )
                };
                // The proxy may have hung up.
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    addr
}

async fn drive(rig: &Rig) -> String {
    let mut told = String::new();
    let url = format!("{}/v1/chat/completions?key=Plant3d-in-query-key&x=Plant3d-in-query-value", rig.data);
    let arguments = "{\"token\":\"sk-planted-inthearguments\"}";
    let call = json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": arguments } });
    // A model's name that speaks to terminals and begins lines.
    let model = "m\u{1b}[2J\r\n2026-01-01T00:00:00Z ERROR forged\u{202e}";
    let body = json!({ "model": model, "user": "Plant3d-in-x-api-key", "messages": [
        { "role": "user", "content": "my key is sk-planted-inthebody, keep it" },
        { "role": "assistant", "content": null, "tool_calls": [call] },
    ] });
    let tool = json!({ "type": "mcp", "server_label": "deeds", "server_url": "https://deeds.example/mcp",
        "authorization": "Plant3d-in-mcp-token", "headers": { "X-Key": "Bearer Plant3d-in-mcp-header" } });
    let ask = |url: &str| {
        rig.http
            .post(url)
            .bearer_auth("Plant3d-in-authorization")
            .header("x-api-key", "Plant3d-in-x-api-key")
            .header("cookie", "session=Plant3d-in-cookie")
            .header("x-tenant", "Plant3d-in-tenant-header")
            .header("x-palisade-id", "Plant3d-in-x-api-key")
    };
    for request in [
        ask(&url).json(&body),
        ask(&url).json(&body).header("x-broken", "1"),
        ask(&url).body("{\"model\": \"Plant3d-in-broken-json"),
        ask(&format!("{}/v1/Plant3d-in-path/../x", rig.data)).json(&body),
        ask(&format!("{}/v1/%50lant3d-in-path//x", rig.data)).json(&body),
        ask(&format!("{}/v1/messages/Plant3d-in-path", rig.data)).json(&body),
        ask(&format!("{}/v1beta/models/gemini:streamGenerateContent?alt=sse&key=Plant3d-in-query-key", rig.data))
            .json(&json!({ "contents": [{ "parts": [{ "text": "pineapple" }] }] }))
            .header("x-goog-api-key", "Plant3d-in-x-api-key"),
        ask(&format!("{}/v1/responses", rig.data)).json(&json!({ "input": "hello", "tools": [tool] })),
        ask(&format!("{}/v1/realtime?key=Plant3d-in-query-key", rig.data)).json(&body).header("upgrade", "websocket"),
    ] {
        let response = request.send().await.unwrap();
        for (name, value) in response.headers() {
            // What the upstream says is the client's.
            if name != "x-debug" {
                told.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
            }
        }
        told.push_str(&response.text().await.unwrap());
    }
    told
}

async fn leaks(text: &str, format: &str) {
    let config = CONFIG.replace("TEXT", text);
    let env = [
        ("SECRET", "Plant3d-in-env-secret-0123"),
        ("UPKEY", "Plant3d-in-env-upstream"),
        ("PALISADE_ADMIN_TOKEN", "Plant3d-in-env-admin-token"),
        ("PALISADE_LOG", "trace"),
        ("PALISADE_LOG_FORMAT", format),
    ];
    let mut rig = Rig::start(How {
        config: &config,
        env: &env,
        files: &[("tenants/acme.yaml", "{}"), ("policies/house.yaml", &format!("{POLICY}{BUDGETS}"))],
        upstream: Some(upstream()),
        ..How::default()
    })
    .await;
    let mut all = vec![("told to clients", drive(&rig).await)];
    // A configuration with a fault in every line that holds a key, reloaded.
    let good = rig.read("palisade.yaml");
    let bad = good
        .replace("secret: ${SECRET}", "secret: [${SECRET}]")
        .replace("admin: { listen: '127.0.0.1:0' }", "admin: { token: '${PALISADE_ADMIN_TOKEN} ', listen: ${UPKEY} }")
        .replace("from: {", "frm: ${SECRET}\n  from: {")
        .replace("'Bearer ${UPKEY}'", "'Bearer ${UPKEY}', host: '${UPKEY}', b: [\"${UPKEY}\"]");
    rig.write("palisade.yaml", &bad);
    let reload = rig.reload().await;
    assert_eq!(reload.status(), 422);
    all.push(("the answer to a reload", reload.text().await.unwrap()));
    rig.write("palisade.yaml", &good);
    for path in ["/metrics", "/readyz", "/v1/policies", "/v1/decisions"] {
        let response = rig.ask(Method::GET, path).bearer_auth("Plant3d-in-wrong-token").send().await.unwrap();
        all.push((path, response.text().await.unwrap()));
    }
    for (method, path) in [
        (Method::GET, "/v1/decisions?limit=Plant3d-in-admin-query"),
        (Method::GET, "/v1/Plant3d-in-admin-query"),
        (Method::POST, "/v1/scan?policy=Plant3d-in-admin-query/x"),
        (Method::POST, "/v1/policies/reload"),
    ] {
        let request = rig.ask(method, path).bearer_auth("Plant3d-in-wrong-token").json(&json!({ "text": "x" }));
        all.push((path, request.send().await.unwrap().text().await.unwrap()));
    }
    until("the records are written", async || rig.read("d.jsonl").lines().count() >= 4).await;
    rig.stop();
    all.push(("standard error", rig.log()));
    all.push(("the decision log", rig.read("d.jsonl")));
    if text == "none" {
        assert!(!rig.path("d.text.jsonl").exists());
    }
    let texts = rig.read("d.text.jsonl");
    let out = rig.read("out");
    for (name, output) in all.iter().chain([&("standard output", out)]) {
        assert!(!output.is_empty(), "{name} is empty: nothing was tested");
        for key in UNKNOWN.iter().chain(KNOWN) {
            let clear = output.find(key).map(|at| &output[at.saturating_sub(200)..(at + 60).min(output.len())]);
            assert!(clear.is_none(), "{key} is in {name} ({format}, text: {text}): …{}…", clear.unwrap_or_default());
        }
        assert!(!output.contains('\u{1b}') && !output.contains('\u{202e}'), "{name} speaks to terminals");
        assert!(!output.lines().any(|line| line.starts_with("2026-01-01T00:00:00Z ERROR forged")), "{name}");
    }
    assert_eq!(texts.contains("https://deeds.example/mcp"), text == "redacted", "{texts}");
    for key in KNOWN.iter().chain(&["Plant3d-in-mcp-token", "Plant3d-in-mcp-header"]) {
        assert!(!texts.contains(key), "{key} is in the kept texts");
    }
    assert_eq!(texts.contains("my key is <key>, keep it"), text == "redacted", "{texts}");
    assert!(rig.read("d.jsonl").contains("at most 1 (one key)"), "no budget was used up");
    // The search itself finds what is there.
    assert!(rig.log().contains("reload") && all[0].1.contains("invalid_path"), "{}", all[0].1);
}

#[tokio::test]
async fn no_planted_key_is_in_any_output_in_text() {
    leaks("none", "text").await;
}

#[tokio::test]
async fn no_planted_key_is_in_any_output_in_json() {
    leaks("redacted", "json").await;
}

const RENAMES: &str = "version: 1
name: house
expose: rules
rules:
  - { id: fruit, scope: [input], detect: { keywords: { words: [pineapple] } }, action: block }
  - { id: mail, scope: [user, assistant], detect: { pii: { entities: [EMAIL_ADDRESS] } }, action: pseudonymize }
  - { id: made-up, scope: [output], detect: { pii: { entities: [EMAIL_ADDRESS] } }, action: mask }
";

/// What is put back into an answer is the client's, and nobody else reads it.
#[tokio::test]
async fn values_that_come_back_are_in_no_output() {
    let mut rig = Rig::start(How {
        config: "audit: { store: 'file:d.jsonl', text: redacted }\n",
        env: &[("PALISADE_LOG", "trace")],
        files: &[("policies/house.yaml", RENAMES)],
        ..How::default()
    })
    .await;
    for (done, stream) in [false, true].into_iter().enumerate() {
        let body = json!({ "model": "m", "stream": stream, "messages": [{ "role": "user", "content": "I am planted.jane@corp.com" }] });
        let url = format!("{}/v1/chat/completions", rig.data);
        let response = rig.http.post(url).header("x-standin-chunk", "64").json(&body).send().await.unwrap();
        let told = response.text().await.unwrap();
        assert!(told.contains("You said: I am planted.jane@corp.com"), "{told}");
        until("the records are written", async || rig.read("d.jsonl").lines().count() >= 2 * done + 2).await;
    }
    let decisions = rig.get("/v1/decisions").await;
    assert_eq!(decisions.matches("\"restored\":1").count(), 2, "{decisions}");
    assert_eq!(decisions.matches("\"exempt\":true").count(), 2, "{decisions}");
    let metrics = rig.get("/metrics").await;
    rig.stop();
    let (log, chain, texts) = (rig.log(), rig.read("d.jsonl"), rig.read("d.text.jsonl"));
    assert!(texts.contains("I am "), "{texts}");
    for (name, output) in
        [("decisions", decisions), ("metrics", metrics), ("log", log), ("chain", chain), ("texts", texts)]
    {
        assert!(!output.is_empty() && !output.contains("planted.jane"), "{name}: {output}");
    }
}
