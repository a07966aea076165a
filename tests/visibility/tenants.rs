use serde_json::json;

use crate::rig::{How, Rig};

const LOOSE: (&str, &str) = (
    "policies/loose.yaml",
    "version: 1\nname: loose\nrules:\n  - { id: m, detect: { keywords: { words: [mango] } }, action: block }\n",
);
const ROUTES: &str = "tenants: { from: { header: x-tenant, trusted: [NET] }, unknown: HOW, list: tenants }\n";

fn config(net: &str, how: &str) -> String {
    ROUTES.replace("NET", net).replace("HOW", how)
}

#[tokio::test]
async fn a_tenant_has_its_own_policy_and_the_routes_baseline() {
    let config = config("127.0.0.0/8", "default");
    let files = [LOOSE, ("tenants/acme.yaml", "policy: loose"), ("tenants/plain.yaml", "{}")];
    let rig = Rig::start(How { config: &config, files: &files, ..How::default() }).await;
    let yaml = rig.read("palisade.yaml");
    rig.write("palisade.yaml", &yaml.replace("policy: house }", "baseline: floor, policy: house }"));
    rig.write(
        "policies/floor.yaml",
        "version: 1\nname: floor\nrules:\n  - { id: f, detect: { keywords: { words: [durian] } }, action: block }\n",
    );
    assert_eq!(rig.reload().await.status(), 200);
    let says = async |tenant: Option<&str>, text: &str| {
        let request = rig.chat(text);
        let request = if let Some(tenant) = tenant { request.header("x-tenant", tenant) } else { request };
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!([says(Some("acme"), "mango").await, says(Some("acme"), "pineapple").await], [400, 200]);
    assert_eq!([says(Some("plain"), "mango").await, says(Some("plain"), "pineapple").await], [200, 400]);
    assert_eq!([says(None, "mango").await, says(Some("nobody"), "pineapple").await], [200, 400]);
    for tenant in [Some("acme"), Some("plain"), None] {
        assert_eq!(says(tenant, "durian").await, 400, "{tenant:?}");
    }
    let twice = rig.chat("hello").header("x-tenant", "acme").header("x-tenant", "acme").send().await.unwrap();
    assert_eq!(twice.status(), 400);
    let latest = rig.get_json("/v1/decisions?tenant=acme&limit=1").await;
    assert_eq!(latest["decisions"][0]["tenant"], "acme");
    assert!(rig.log().contains("tenant=acme"));
}

#[tokio::test]
async fn a_header_from_elsewhere_is_nothing() {
    let config = config("10.0.0.0/8", "default");
    let files = [LOOSE, ("tenants/acme.yaml", "policy: loose")];
    let rig = Rig::start(How { config: &config, files: &files, ..How::default() }).await;
    assert_eq!(rig.chat("pineapple").header("x-tenant", "acme").send().await.unwrap().status(), 400);
    assert_eq!(rig.chat("hello").header("x-tenant", "acme").send().await.unwrap().status(), 200);
    let last: serde_json::Value =
        rig.http.get(format!("http://{}/standin/last", rig.standin.addr())).send().await.unwrap().json().await.unwrap();
    assert!(!last["headers"].as_array().unwrap().iter().any(|header| header[0] == "x-tenant"), "{last}");
    assert_eq!(rig.get_json("/v1/decisions?limit=1").await["decisions"][0]["tenant"], json!(null));
}

#[tokio::test]
async fn keys_tell_tenants_apart_and_others_are_refused() {
    // printf %s sk-acme-key | sha256sum
    let hash = {
        use sha2::{Digest as _, Sha256};
        hex(&Sha256::digest("sk-acme-key"))
    };
    let tenant = format!("policy: loose\nkeys: ['sha256:{hash}']");
    let config = "tenants: { from: key, unknown: reject, list: tenants }\n";
    let files = [LOOSE, ("tenants/acme.yaml", tenant.as_str())];
    let rig = Rig::start(How { config, files: &files, ..How::default() }).await;
    assert_eq!(rig.chat("mango").bearer_auth("sk-acme-key").send().await.unwrap().status(), 400);
    assert_eq!(rig.chat("hello").bearer_auth("sk-acme-key").send().await.unwrap().status(), 200);
    let calls = rig.standin.calls();
    let other = rig.chat("hello").bearer_auth("sk-other-key").send().await.unwrap();
    assert_eq!(other.status(), 401);
    assert_eq!(other.json::<serde_json::Value>().await.unwrap()["error"]["code"], "unknown_tenant");
    assert_eq!(rig.chat("hello").send().await.unwrap().status(), 401);
    assert_eq!(rig.standin.calls(), calls);
    assert_eq!(rig.metric("palisade_refused_total{reason=\"unknown_tenant\"}").await, 2.0);
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

const CAREFUL: &str = r#"version: 1
name: careful
rules:
  - { id: team, when: 'request.headers["x-team"] != "blue"', detect: { keywords: { words: [mango] } }, action: block }
  - { id: plan, when: 'tenant.vars.plan == "free" && request.tenant == "acme"', detect: { keywords: { words: [papaya] } }, action: block }
  - { id: body, when: 'request.model == "m" && request.stream && request.user == "u1"', detect: { keywords: { words: [guava] } }, action: block }
  - { id: answers, scope: [output], when: 'request.path.endsWith("/completions") && request.protocol == "openai-chat"', detect: { keywords: { words: [lychee] } }, action: block }
"#;

#[tokio::test]
async fn conditions_ask_about_the_request_and_its_tenant() {
    let config = config("127.0.0.0/8", "default");
    let files = [
        ("policies/house.yaml", CAREFUL),
        ("tenants/acme.yaml", "vars: { plan: free }"),
        ("tenants/beta.yaml", "vars: { plan: gold }"),
    ];
    let rig = Rig::start(How { config: &config, files: &files, ..How::default() }).await;
    let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
    let team = |team: &str, say: &str| rig.chat(say).header("X-Team", team);
    assert_eq!(status(team("blue", "mango")).await, 200);
    assert_eq!(status(team("red", "mango")).await, 400);
    // Of several values none is believed alone.
    assert_eq!(status(team("blue", "mango").header("x-team", "blue")).await, 400);
    // A header that is not there: the rule stays, and it is counted.
    let before = rig.metric("palisade_condition_errors_total").await;
    assert_eq!(status(rig.chat("mango")).await, 400);
    assert!(rig.metric("palisade_condition_errors_total").await > before);
    let latest = rig.get_json("/v1/decisions?limit=1").await;
    assert_eq!(latest["decisions"][0]["skipped"][0], json!({ "rule": "team", "reason": "condition" }));
    for (tenant, expected) in [("acme", 400), ("beta", 200)] {
        assert_eq!(status(team("blue", "papaya").header("x-tenant", tenant)).await, expected, "{tenant}");
    }
    let body = |user: &str, stream: bool| {
        json!({ "model": "m", "user": user, "stream": stream,
        "messages": [{ "role": "user", "content": "guava" }] })
    };
    for (user, stream, expected) in [("u1", true, 400), ("u2", true, 200), ("u1", false, 200)] {
        let request = team("blue", "").json(&body(user, stream));
        assert_eq!(status(request).await, expected, "{user} {stream}");
    }
    assert_eq!(status(team("blue", "hello").header("x-standin-reply", "a lychee")).await, 400);
    // What conditions are told is told to nobody else.
    let key = "sk-planted-0123456789";
    assert_eq!(status(team(key, "mango").bearer_auth(key)).await, 400);
    assert!(!rig.log().contains(key) && !rig.get("/v1/decisions?limit=100").await.contains(key));
}
