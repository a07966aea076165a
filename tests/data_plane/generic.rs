//! An API that only the configuration knows, through the whole proxy: every action, whole and in each framing.

use std::path::Path;

use palisade::config::{Source, load_source};
use palisade::guard::Guard;
use palisade::server::{App, Server};
use serde_json::{Value, json};

use super::upstream::{self, Reply, Upstream};

const POLICY: &str = r"version: 1
name: own
expose: rules
rules:
  - { id: bad-in, scope: [user], detect: { keywords: { words: [forbidden] } }, action: block }
  - { id: no-in, scope: [user], detect: { keywords: { words: [impolite] } }, action: { block: { as: refusal } } }
  - { id: doc, scope: [document], detect: { keywords: { words: [poison] } }, action: { replace: honey } }
  - { id: word, scope: [completion], detect: { keywords: { words: [falcon] } }, action: { replace: bird } }
  - { id: bad-out, scope: [completion], detect: { keywords: { words: [launch code] } }, action: block }
  - { id: no-out, scope: [completion], detect: { keywords: { words: [rude word] } }, action: { block: { as: refusal } } }
  - { id: calls, scope: [tool_call], detect: { keywords: { words: [wipe] } }, action: block }
  - { id: person, scope: [user], detect: { pii: { entities: [EMAIL_ADDRESS] } }, action: { pseudonymize: { restore: [completion] } } }
";

const API: &str = r#"
    api:
      model: /engine/name
      stream: /live
      request:
        /turns/*: message
        /turns/*/said: content
        /question: user
        /asked: content
        /context/*/passage: document
        /engine: harmless
      response:
        /reply/text: completion
        /reply/parts: content
        /calls/*/args: arguments
        /id: harmless
      events:
        framing: FRAMING
        text:
          /delta/text: completion
          /call/args: arguments
          /id: harmless
        repeats: { /reply/text: /delta/text }
        ending: ['{"id":"{id}","over":"filtered"}', '[DONE]']
        refusal: ['{"delta":{"text":"{message}"},"over":"declined"}']
        failure: ['{"fault":"{message}"}']
      error: '{"fault":{"text":"{message}","id":"{id}"}}'
      refusal: '{"reply":{"text":"{message}"},"model":"{model}"}'
"#;

struct Rig {
    upstream: Upstream,
    proxy: Server,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Rig {
    async fn start(framing: &str) -> Rig {
        let upstream = upstream::spawn().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("policies")).unwrap();
        std::fs::write(folder.path().join("policies/own.yaml"), POLICY).unwrap();
        let mut api = API.replace("FRAMING", framing);
        if framing != "sse" {
            api = api.replace(", '[DONE]']", "]");
        }
        let config = format!(
            "version: 1\nserver: {{ listen: '127.0.0.1:0' }}\nadmin: {{ listen: none }}\npolicies: policies\n\
             upstreams: {{ own: {{ url: 'http://{}' }} }}\nroutes:\n  - path: /ask\n    upstream: own\n    policy: own{api}",
            upstream.addr
        );
        let loaded = load_source(&Source::new("palisade.yaml", &config), folder.path(), &|_| None);
        let (config, _) = loaded.map_err(|problems| problems.to_string()).unwrap();
        let guard = Guard::load(&config, false, |_| ()).unwrap();
        let proxy = Server::start(App::new(config, guard).unwrap(), Some(1)).await.unwrap();
        Rig { upstream, proxy, http: reqwest::Client::new(), _folder: folder }
    }

    /// Status, verdict and body.
    async fn ask(&self, request: &Value, content_type: &'static str, answer: &str) -> (u16, String, String) {
        self.upstream.got.lock().unwrap().clear();
        *self.upstream.reply.lock().unwrap() = Reply { status: 200, content_type, bytes: answer.into(), step: 5 };
        let url = format!("http://{}/ask", self.proxy.addr());
        let answer = self.http.post(url).header("content-type", "application/json").body(request.to_string());
        let answer = answer.send().await.unwrap();
        let verdict = answer.headers()["x-palisade-verdict"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), verdict, answer.text().await.unwrap())
    }

    fn got(&self) -> String {
        String::from_utf8(self.upstream.got.lock().unwrap().to_vec()).unwrap()
    }
}

const JSON: &str = "application/json";

fn question(text: &str) -> Value {
    json!({ "engine": { "name": "e-1" }, "question": text })
}

#[tokio::test]
async fn whole_answers() {
    let rig = Rig::start("sse").await;
    let plain = r#"{"id":"a1","reply":{"text":"All is well."}}"#;
    let (status, verdict, body) = rig.ask(&question("How are you?"), JSON, plain).await;
    assert_eq!((status, &*verdict, &*body), (200, "allow", plain));

    let (status, verdict, body) = rig.ask(&question("a forbidden \"thing\""), JSON, plain).await;
    assert_eq!((status, &*verdict, &*rig.got()), (400, "block", ""));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(body["fault"]["text"].as_str().unwrap().contains("policy own"), "{body}");

    let (status, _, body) = rig.ask(&question("so impolite"), JSON, plain).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["model"]), (200, &json!("e-1")));
    assert!(body["reply"]["text"].as_str().unwrap().contains("blocked"), "{body}");

    let context = json!({ "question": "q", "context": [{ "passage": "a poison pill" }] });
    let (_, verdict, body) = rig.ask(&context, JSON, r#"{"reply":{"text":"A falcon."}}"#).await;
    assert_eq!((&*verdict, &*body), ("rewrite", r#"{"reply":{"text":"A bird."}}"#));
    assert!(rig.got().contains("a honey pill"), "{}", rig.got());

    // Parts of a message are read on as one, roles say whose words they are, and what is not described is read too.
    let parts =
        json!({ "turns": [{ "role": "user", "said": [{ "type": "text", "text": "forbid" }, { "text": "den" }] }] });
    assert_eq!(rig.ask(&parts, JSON, plain).await.0, 400);
    // So are those that stand in no message.
    assert_eq!(rig.ask(&json!({ "asked": [{ "text": "forbid" }, { "text": "den" }] }), JSON, plain).await.0, 400);
    let parts = r#"{"reply":{"parts":[{"text":"the laun"},{"text":"ch code"}]}}"#;
    assert_eq!(rig.ask(&question("q"), JSON, parts).await.0, 400);
    let bot = json!({ "turns": [{ "role": "assistant", "said": "forbidden" }] });
    assert_eq!(rig.ask(&bot, JSON, plain).await.0, 200);
    assert_eq!(rig.ask(&json!({ "new_field": ["forbidden"] }), JSON, plain).await.0, 400);
    assert_eq!(rig.ask(&question("q"), JSON, r#"{"aside":"the launch code"}"#).await.0, 400);
    assert_eq!(rig.ask(&question("q"), JSON, r#"{"calls":[{"args":{"do":"wipe"}}]}"#).await.0, 400);
    assert_eq!(rig.ask(&question("q"), JSON, r#"{"calls":[{"args":"{\"do\":\"wipe\"}"}]}"#).await.0, 400);
    assert_eq!(rig.ask(&question("q"), JSON, r#"{"reply":"#).await.0, 400);
}

#[tokio::test]
async fn values_come_back() {
    let rig = Rig::start("ndjson").await;
    rig.ask(&question("Write to jane.doe@corp.com"), JSON, r#"{"reply":{"text":"ok"}}"#).await;
    let sent: Value = serde_json::from_str(&rig.got()).unwrap();
    let name = sent["question"].as_str().unwrap().strip_prefix("Write to ").unwrap().to_owned();
    assert_ne!(name, "jane.doe@corp.com");
    let request = question("Write to jane.doe@corp.com");
    let whole = rig.ask(&request, JSON, &format!(r#"{{"reply":{{"text":"To {name}!"}}}}"#)).await.2;
    assert_eq!(whole, r#"{"reply":{"text":"To jane.doe@corp.com!"}}"#);
    let (head, tail) = name.split_at(6);
    let lines = format!("{{\"delta\":{{\"text\":\"To {head}\"}}}}\n{{\"delta\":{{\"text\":\"{tail}!\"}}}}\n");
    let stream = rig.ask(&request, "application/x-ndjson", &lines).await.2;
    let texts = stream.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["delta"]["text"].clone());
    assert_eq!(texts.map(|text| text.as_str().unwrap().to_owned()).collect::<String>(), "To jane.doe@corp.com!");
}

/// An event in a framing; the first one, or one that comes after.
fn framed(framing: &str, first: bool, data: &str) -> String {
    match (framing, first) {
        ("sse", _) => format!("data: {data}\n\n"),
        ("ndjson", _) => format!("{data}\n"),
        (_, true) => format!("[{data}"),
        _ => format!(",\r\n{data}"),
    }
}

#[tokio::test]
async fn streams_in_every_framing() {
    for (framing, kind) in [("sse", "text/event-stream"), ("ndjson", "application/x-ndjson"), ("array", JSON)] {
        let rig = Rig::start(framing).await;
        let live = json!({ "live": true, "question": "q" });
        let end = if framing == "array" { "]" } else { "" };
        let stream = |events: &[&str]| {
            let framed = events.iter().enumerate().map(|(at, data)| framed(framing, at == 0, data));
            framed.collect::<String>() + end
        };
        let (said, rest) = (r#"{"delta":{"text":"a fal"}}"#, r#"{"delta":{"text":"con flew. Bye"}}"#);
        let whole = r#"{"id":"z","reply":{"text":"a falcon flew. Bye"}}"#;

        let plain = stream(&[said, r#"{"delta":{"text":"con-like one"}}"#]);
        assert_eq!(rig.ask(&live, kind, &plain.replace("fal", "ph")).await.2, plain.replace("fal", "ph"), "{framing}");

        // What was said comes again whole, and gets the same rewrite.
        let (_, _, body) = rig.ask(&live, kind, &stream(&[said, rest, whole])).await;
        let (new, new_whole) = (r#"{"delta":{"text":" flew. Bye"}}"#, whole.replace("falcon", "bird"));
        assert_eq!(body, stream(&[r#"{"delta":{"text":"a bird"}}"#, new, &new_whole]), "{framing}");
        // Something else at its place is a text of its own.
        let (_, _, body) = rig.ask(&live, kind, &stream(&[rest, r#"{"reply":{"text":"no falcon"}}"#])).await;
        assert_eq!(body, stream(&[rest, r#"{"reply":{"text":"no bird"}}"#]), "{framing}");

        // From its start: an error, or a refusal in the framing that was asked for.
        let (status, _, body) = rig.ask(&live, kind, &stream(&[r#"{"delta":{"text":"launch code"}}"#])).await;
        assert_eq!(status, 400, "{framing}: {body}");
        assert!(body.starts_with(r#"{"fault":{"text":""#), "{body}");
        let (status, _, body) = rig.ask(&live, kind, &stream(&[r#"{"delta":{"text":"rude word"}}"#])).await;
        assert_eq!(status, 200, "{framing}");
        let start = framed(framing, true, r#"{"delta":{"text":"The answer was blocked"#);
        assert!(
            body.replace("[\r\n", "[").starts_with(start.trim_end()) && body.contains("declined"),
            "{framing}: {body}"
        );

        // Midway: what is safe, then the ending.
        let begun = r#"{"delta":{"text":"It is fine. "}}"#;
        let cut = stream(&[begun, r#"{"delta":{"text":"the laun"}}"#, r#"{"delta":{"text":"ch code 7"}}"#]);
        let (status, _, body) = rig.ask(&live, kind, &cut).await;
        assert_eq!(status, 200);
        assert!(body.starts_with(&framed(framing, true, begun)), "{framing}: {body}");
        assert!(!body.contains("laun") && !body.contains("code"), "{framing}: {body}");
        let done = if framing == "sse" { "data: [DONE]\n\n" } else { end };
        assert!(body.contains(r#""over":"filtered"}"#) && body.ends_with(done), "{framing}: {body}");
        if framing == "array" {
            assert!(serde_json::from_str::<Vec<Value>>(&body).is_ok(), "{body}");
        }

        // Whatever its type says, pieces of a text are never read apart.
        for kind in ["text/plain", "application/octet-stream"] {
            let (_, _, body) = rig.ask(&live, kind, &cut).await;
            assert!(!body.contains("laun"), "{framing} as {kind}: {body}");
        }

        // In a call: nothing of it.
        let call = stream(&[begun, r#"{"call":{"args":"{\"do\":\"wi"}}"#, r#"{"call":{"args":"pe\"}"}}"#]);
        let (_, _, body) = rig.ask(&live, kind, &call).await;
        assert!(!body.contains("args") && body.contains("filtered"), "{framing}: {body}");

        // Not what its framing says.
        let (_, _, body) = rig.ask(&live, kind, &format!("{}{{not json", framed(framing, true, begun))).await;
        assert!(body.contains(r#"{"fault":""#), "{framing}: {body}");
    }
}

#[test]
fn a_wrong_description_is_told() {
    let problems = |api: &str| {
        let config = format!(
            "version: 1\nupstreams: {{ own: {{ url: 'http://127.0.0.1:1' }} }}\n\
             routes:\n  - path: /ask\n    upstream: own{api}"
        );
        let loaded = load_source(&Source::new("palisade.yaml", &config), Path::new("."), &|_| None);
        loaded.map(|_| ()).map_err(|problems| problems.to_string())
    };
    let right = API.replace("FRAMING", "sse");
    assert_eq!(problems(&right), Ok(()));
    // Only what asks for it tells a stream that is an array from a whole answer, in which texts stand apart.
    let array = API.replace("FRAMING", "array").replace(", '[DONE]']", "]");
    assert_eq!(problems(&array), Ok(()));
    assert!(problems(&array.replace("stream: /live", "")).unwrap_err().contains("no `stream`"));
    for (change, told) in [
        (("/question: user", "/question: usr"), "did you mean `user`"),
        (("/question: user", "question: user"), "JSON pointer"),
        (("/id: harmless", "/id: harmless\n        /id/x: user"), "cannot both be told"),
        (("/question: user", "/question: user\n        /Quest_ion: harmless"), "cannot both be told"),
        (("/question: user", "/question: user\n        /turns/first: system"), "cannot both be told"),
        ((r#"'{"fault":"{message}"}'"#, r#"'{"fault":{message}}'"#), "no JSON once it is filled in"),
        (("/delta/text }", "/delta/txt }"), "repeats no text"),
        (("ending:", "endings:"), "did you mean `ending`"),
        (("framing: sse", "framing: ndjson"), "no JSON once it is filled in"),
    ] {
        let problems = problems(&right.replace(change.0, change.1)).unwrap_err();
        assert!(problems.contains(told), "{change:?}: {problems}");
    }
}
