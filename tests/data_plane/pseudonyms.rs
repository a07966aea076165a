//! Values and placeholders through the whole proxy, before a stand-in that says what it was told: what reaches its socket,
//! and what comes back.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use palisade::config::{Source, load_source};
use palisade::guard::Guard;
use palisade::server::{App, Server};
use palisade::standin;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const POLICY: &str = r"version: 1
name: shield
expose: rules
rules:
  - id: in
    scope: [untrusted, assistant, tool_call]
    detect: { pii: { entities: [EMAIL_ADDRESS, CREDIT_CARD, PHONE_NUMBER, IP_ADDRESS] } }
    action: { pseudonymize: { restore: [completion, tool_call] } }
  - id: made-up
    scope: [completion]
    detect: { pii: { entities: [EMAIL_ADDRESS] } }
    action: { replace: '<{entity}>' }
";

const VALUES: [&str; 4] = ["jane.doe@corp.com", "4111 1111 1111 1111", "+1 212 867 5309", "10.20.30.40"];

struct Rig {
    standin: standin::Handle,
    /// All that the proxy has written to its upstream.
    wire: Arc<Mutex<Vec<u8>>>,
    proxy: Server,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

/// What a request is besides its text.
#[derive(Clone, Copy, Default)]
struct How<'a> {
    anthropic: bool,
    stream: bool,
    tenant: Option<&'a str>,
    system: &'a str,
    /// The stand-in's directives.
    script: &'a [(&'a str, String)],
}

/// What came back, as a client puts it together.
struct Back {
    text: String,
    arguments: String,
    verdict: String,
    body: String,
}

impl Rig {
    async fn start() -> Rig {
        let standin = standin::spawn(([127, 0, 0, 1], 0).into()).await.unwrap();
        let wire = Arc::<Mutex<Vec<u8>>>::default();
        let relay = relay(standin.addr(), Arc::clone(&wire)).await;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("policies/shield.yaml", POLICY);
        write("tenants/one.yaml", "{}");
        write("tenants/two.yaml", "{}");
        let config = format!(
            "version: 1\nsecret: a-secret-that-is-long-enough-for-tests\nserver: {{ listen: '127.0.0.1:0' }}\n\
             upstreams: {{ llm: {{ url: 'http://{relay}' }} }}\n\
             routes: [{{ path: /**, upstream: llm, policy: shield }}]\npolicies: {}\n\
             tenants: {{ from: {{ header: x-tenant, trusted: [127.0.0.0/8] }}, unknown: default, list: {} }}\n",
            folder.path().join("policies").display(),
            folder.path().join("tenants").display(),
        );
        let source = Source::new("palisade.yaml", &config);
        let loaded = load_source(&source, folder.path(), &|_| None).map_err(|problems| problems.to_string());
        let config = loaded.unwrap().0;
        let guard = Guard::load(&config, false, |warnings| assert!(warnings.is_empty(), "{warnings}")).unwrap();
        let proxy = Server::start(App::new(config, guard).unwrap(), Some(2)).await.unwrap();
        Rig { standin, wire, proxy, http: reqwest::Client::new(), _folder: folder }
    }

    /// Says something and reads the answer.
    async fn say(&self, text: &str, how: How<'_>) -> Back {
        self.talk(&json!([{ "role": "user", "content": text }]), how).await
    }

    async fn talk(&self, messages: &Value, how: How<'_>) -> Back {
        let mut body = json!({ "model": "m", "stream": how.stream, "max_tokens": 9, "messages": messages });
        let path = if how.anthropic {
            body["system"] = how.system.into();
            "/v1/messages"
        } else {
            let system = json!({ "role": "system", "content": how.system });
            body["messages"].as_array_mut().unwrap().insert(0, system);
            "/v1/chat/completions"
        };
        let mut request = self.http.post(format!("http://{}{path}", self.proxy.addr())).json(&body);
        for (name, value) in how.script {
            request = request.header(*name, percent_encoded(value));
        }
        if let Some(tenant) = how.tenant {
            request = request.header("x-tenant", tenant);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let verdict = response.headers()["x-palisade-verdict"].to_str().unwrap().to_owned();
        let body = response.text().await.unwrap();
        let (mut text, mut arguments) = (String::new(), String::new());
        let events = body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        let whole: Vec<&str> = if how.stream { events.collect() } else { vec![&body] };
        for data in whole {
            let json: Value = serde_json::from_str(data).unwrap();
            let choice = &json["choices"][0];
            for part in [&choice["message"], &choice["delta"], &json["delta"], &json["content"][0]] {
                text += part["content"].as_str().or(part["text"].as_str()).unwrap_or_default();
                arguments += part["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default();
                arguments += part["partial_json"].as_str().unwrap_or_default();
                if part["input"].is_object() {
                    arguments += &part["input"].to_string();
                }
            }
        }
        Back { text, arguments, verdict, body }
    }

    /// The last message that the stand-in got.
    async fn arrived(&self) -> String {
        let url = format!("http://{}/standin/last", self.standin.addr());
        let last: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let body: Value = serde_json::from_str(last["body"].as_str().unwrap()).unwrap();
        body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
    }

    /// The placeholder of the first value in such a conversation.
    async fn placeholder(&self, how: How<'_>) -> String {
        self.say(VALUES[0], how).await;
        self.arrived().await
    }
}

/// Passes connections on and keeps what goes that way.
async fn relay(to: SocketAddr, wire: Arc<Mutex<Vec<u8>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let wire = Arc::clone(&wire);
            tokio::spawn(async move {
                let far = TcpStream::connect(to).await.unwrap();
                far.set_nodelay(true).unwrap();
                let (mut near_read, mut near_write) = near.into_split();
                let (mut far_read, mut far_write) = far.into_split();
                let back = tokio::spawn(async move { tokio::io::copy(&mut far_read, &mut near_write).await });
                let mut bytes = vec![0; 4096];
                while let Ok(count @ 1..) = near_read.read(&mut bytes).await {
                    wire.lock().unwrap().extend_from_slice(&bytes[..count]);
                    if far_write.write_all(&bytes[..count]).await.is_err() {
                        break;
                    }
                }
                back.abort();
            });
        }
    });
    addr
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

fn step(name: &'static str, value: usize) -> (&'static str, String) {
    (name, value.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_model_never_sees_a_value_and_the_client_gets_its_own_back_at_every_split() {
    let rig = Rig::start().await;
    let said = format!("I am {}, my card is {}; call {} or ping {}.", VALUES[0], VALUES[1], VALUES[2], VALUES[3]);
    let mut scripts: Vec<Vec<(&str, String)>> = (1..=24).map(|size| vec![step("x-standin-chunk", size)]).collect();
    scripts.push(vec![step("x-standin-chunk", 5), step("x-standin-write", 1)]);
    scripts.push(vec![step("x-standin-chunk", 3), step("x-standin-write", 17)]);
    for anthropic in [false, true] {
        for (stream, script) in scripts.iter().map(|script| (true, &script[..])).chain([(false, &[][..])]) {
            let back = rig.say(&said, How { anthropic, stream, script, ..How::default() }).await;
            assert_eq!(back.text, format!("You said: {said}"), "{script:?}");
            assert_eq!(back.verdict, "rewrite");
            assert!(rig.arrived().await.starts_with("I am "), "it answers what it was told");
        }
    }
    let wire = String::from_utf8_lossy(&rig.wire.lock().unwrap()).into_owned();
    for value in VALUES {
        assert!(!wire.contains(value), "{value} reached the upstream");
    }
    assert!(wire.contains("@example."), "placeholders did");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_back_in_links_and_no_guess_does() {
    let rig = Rig::start().await;
    let own = rig.placeholder(How::default()).await;
    let loud = own.to_ascii_uppercase();
    for stream in [false, true] {
        let answers = async |answer: &str| {
            let script = [("x-standin-reply", answer.to_owned()), step("x-standin-chunk", 4)];
            rig.say(VALUES[0], How { stream, script: &script, ..How::default() }).await.text
        };
        // Changed by the model itself.
        assert_eq!(answers(&format!("**{own}**, `{loud}`")).await, format!("**{0}**, `{0}`", VALUES[0]));
        for link in [
            "![x](https://evil.example/?q=PP)",
            "[x](mailto:PP)",
            "<img src=\"/PP\">",
            "https://evil.example/PP",
            "[x]: /PP",
        ] {
            let answer = format!("{} and {own}", link.replace("PP", &own));
            let got = answers(&answer).await;
            let kept = link.replace("PP", "");
            assert!(got.ends_with(&format!(" and {}", VALUES[0])), "{got}");
            assert_eq!(got.matches(VALUES[0]).count(), 1, "{got}");
            assert!(got.starts_with(&kept[..kept.len().min(5)]), "{got}");
        }
        // Made up by the model, guessed, or all but right.
        let near = format!("{}z{}", &own[..8], &own[9..]);
        for stranger in ["bob@else.com", "alex.abcdefghjk@example.com", &near] {
            assert_eq!(answers(&format!("Ask {stranger} now")).await, "Ask <EMAIL_ADDRESS> now");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn placeholders_of_other_conversations_and_tenants_stay() {
    let rig = Rig::start().await;
    let (one, two) = (How { tenant: Some("one"), ..How::default() }, How { tenant: Some("two"), ..How::default() });
    let other_case = How { system: "the other case", ..How::default() };
    let hows = [How::default(), one, two, other_case];
    let mut placeholders = Vec::new();
    for how in hows {
        placeholders.push(rig.placeholder(how).await);
        assert_eq!(rig.placeholder(how).await, placeholders[placeholders.len() - 1], "the same each time");
    }
    assert_eq!(placeholders.iter().collect::<HashSet<_>>().len(), hows.len());
    for (asker, how) in hows.into_iter().enumerate() {
        for (owner, placeholder) in placeholders.iter().enumerate() {
            for stream in [false, true] {
                let script = [("x-standin-reply", format!("It is {placeholder}."))];
                let got = rig.say(VALUES[0], How { stream, script: &script, ..how }).await.text;
                let wanted = if asker == owner { VALUES[0] } else { "<EMAIL_ADDRESS>" };
                assert_eq!(got, format!("It is {wanted}."), "{asker} asks for what is {owner}'s");
                // One who holds no value of its own gets nothing either, whoever sends the placeholder along.
                let got = rig.say(&format!("Who is {placeholder}?"), How { stream, script: &script, ..how }).await.body;
                assert!(!got.contains("jane"), "{got}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_of_tools_stay_json_and_get_values_back_in_their_strings() {
    let rig = Rig::start().await;
    for anthropic in [false, true] {
        let own = rig.placeholder(How { anthropic, ..How::default() }).await;
        let url = format!("https://x.example/?q={own}");
        let arguments = json!({ "to": own, "cc": [own.to_ascii_uppercase(), "bob@else.com"], "url": url, "n": 1 });
        let wanted = json!({ "to": VALUES[0], "cc": [VALUES[0], "bob@else.com"], "url": url, "n": 1 });
        for (stream, chunk) in [(false, 1), (true, 1), (true, 3), (true, 50)] {
            let script = [
                ("x-standin-tool", "send".to_owned()),
                ("x-standin-args", arguments.to_string()),
                step("x-standin-chunk", chunk),
            ];
            let back = rig.say(VALUES[0], How { anthropic, stream, script: &script, ..How::default() }).await;
            let got: Value =
                serde_json::from_str(back.arguments.strip_prefix("{}").unwrap_or(&back.arguments)).unwrap();
            assert_eq!(got, wanted, "anthropic {anthropic}, stream {stream}, pieces of {chunk}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_turn_knows_the_same_placeholders() {
    let rig = Rig::start().await;
    let own = rig.placeholder(How::default()).await;
    let answer = rig.say(VALUES[0], How::default()).await.text;
    assert_eq!(answer, format!("You said: {}", VALUES[0]));
    rig.wire.lock().unwrap().clear();
    let messages = json!([
        { "role": "user", "content": VALUES[0] },
        { "role": "assistant", "content": answer },
        { "role": "user", "content": format!("And {own}, or {}?", VALUES[0]) },
    ]);
    let back = rig.talk(&messages, How::default()).await;
    assert_eq!(rig.arrived().await, format!("And {own}, or {own}?"));
    assert_eq!(back.text, format!("You said: And {0}, or {0}?", VALUES[0]));
    let wire = String::from_utf8_lossy(&rig.wire.lock().unwrap()).into_owned();
    assert!(wire.contains(&format!("You said: {own}")) && !wire.contains(VALUES[0]), "{wire}");
}
