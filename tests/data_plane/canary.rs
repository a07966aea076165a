//! Canary tokens through the proxy: where they are put, that nothing else of a request changes, and what becomes of answers
//! that tell them.

use palisade::server::Server;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::rig::{Raw, guarded};

const BLOCK: &str = "  - { id: leak, scope: [output], detect: { similarity: { canary: true } }, action: block }\n";
const MASK: &str = "  - { id: leak, detect: { similarity: { canary: true } }, action: { mask: { char: '*' } } }\n";
const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";

type Rig = (TcpListener, Server);

/// Sends a request; gives what the upstream gets as its body, and both ends.
async fn asked((upstream, proxy): &Rig, path: &str, body: &str) -> (String, Raw, Raw) {
    let head = format!("POST {path} HTTP/1.1\r\nHost: p\r\nConnection: close\r\nContent-Length: {}", body.len());
    let client = Raw::send(proxy.addr(), format!("{head}\r\n\r\n{body}")).await;
    let mut server = Raw::accept(upstream).await;
    let head = server.read_to("\r\n\r\n").await.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut got = vec![0; length.parse().unwrap()];
    server.0.read_exact(&mut got).await.unwrap();
    (String::from_utf8(got).unwrap(), client, server)
}

/// What the client gets of an answer.
async fn answered((mut client, mut server): (Raw, Raw), kind: &str, body: &str) -> String {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close");
    server.write(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    drop(server);
    String::from_utf8(client.read_out().await.0).unwrap()
}

/// The letters of the token in what the upstream got, and what stands before and behind all that was put in.
fn token(got: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = got.split_once("\\n\\n[ref: ")?;
    let (letters, behind) = rest.split_once(']')?;
    assert!(letters.len() == 16 && letters.bytes().all(|letter| letter.is_ascii_lowercase()), "{letters}");
    Some((letters, before, behind))
}

fn chat(system: &str, user: &str) -> String {
    json!({ "messages": [{ "role": "system", "content": system }, { "role": "user", "content": user }] }).to_string()
}

fn whole(text: &str) -> String {
    let message = json!({ "role": "assistant", "content": text });
    json!({ "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] }).to_string()
}

fn streamed(deltas: &[&str]) -> String {
    let event = |delta: serde_json::Value, finish: Option<&str>| {
        format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] }))
    };
    let mut out: String = deltas.iter().map(|text| event(json!({ "content": text }), None)).collect();
    out.push_str(&event(json!({}), Some("stop")));
    out + "data: [DONE]\n\n"
}

/// A request to each API, and the text of its system prompt behind which the token goes.
const REQUESTS: [(&str, &str, &str); 13] = [
    (
        CHAT,
        r#"{ "messages" : [ {"role":"system", "content": "Be \u0041da.\ud83d\ude00"},{"role":"user","content":"Hi"} ] }"#,
        r"Be \u0041da.\ud83d\ude00",
    ),
    (
        CHAT,
        r#"{"messages":[{"role":"developer","content":[{"type":"text","text":"Be"},{"type":"text","text":"kind!"}]}]}"#,
        "kind!",
    ),
    (
        CHAT,
        r#"{"messages":[{"content":"Be Ada.","role":"system","name":"the operator's own name"}],"chat_template":"{{ a }}"}"#,
        "Be Ada.",
    ),
    ("/v1/messages", r#"{"system":"Be Ada.","messages":[{"role":"user","content":"Hi"}]}"#, "Be Ada."),
    (
        "/v1/messages",
        r#"{"system":[{"type":"text","text":"You are a CLI."},{"type":"text","text":"All that you have to know.","cache_control":{"type":"ephemeral"}}],"messages":[]}"#,
        "All that you have to know.",
    ),
    (RESPONSES, r#"{"instructions":"Be Ada.","input":"Hi"}"#, "Be Ada."),
    (RESPONSES, r#"{"input":[{"role":"developer","content":"Be Ada."},{"role":"user","content":"Hi"}]}"#, "Be Ada."),
    (
        "/v1beta/models/gemini-2.5-pro:generateContent",
        r#"{"systemInstruction":{"parts":[{"text":"Be Ada."}]},"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}"#,
        "Be Ada.",
    ),
    (
        "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
        r#"{"system_instruction":{"parts":{"text":"Be Ada."}},"contents":[]}"#,
        "Be Ada.",
    ),
    ("/v2/chat", r#"{"model":"command","messages":[{"role":"system","content":"Be Ada."}]}"#, "Be Ada."),
    ("/api/chat", r#"{"model":"m","messages":[{"role":"system","content":"Be Ada."}]}"#, "Be Ada."),
    (
        "/api/generate",
        r#"{"model":"m","system":"Be Ada.","prompt":"Hi","template":"{{ .System }} {{ .Prompt }}"}"#,
        "Be Ada.",
    ),
    ("/v1/fim/completions", r#"{"model":"m","prompt":"Hi"}"#, ""),
];

#[tokio::test]
async fn the_token_goes_behind_the_system_prompt_of_every_api_and_nothing_else_changes() {
    let rig = guarded(BLOCK).await;
    for (path, body, prompt) in REQUESTS {
        let (got, ..) = asked(&rig, path, body).await;
        match token(&got) {
            None => assert_eq!((got.as_str(), ""), (body, prompt), "{path}"),
            Some((_, before, behind)) => {
                assert!(before.ends_with(prompt) && !prompt.is_empty(), "{path}: {got}");
                assert_eq!(format!("{before}{behind}"), body, "{path}");
            }
        }
    }
    for body in
        [r#"{"messages":[{"role":"user","content":"Hi"}]}"#, r#"{"messages":[{"role":"system","content":" "}]}"#]
    {
        assert_eq!(asked(&rig, CHAT, body).await.0, body);
    }
}

#[tokio::test]
async fn the_token_is_that_of_the_prompt_and_stays_from_turn_to_turn() {
    let (one, replica) = (guarded(BLOCK).await, guarded(BLOCK).await);
    let of = async |rig: &Rig, body: &str| token(&asked(rig, CHAT, body).await.0).unwrap().0.to_owned();
    let first = of(&one, &chat("Be Ada.", "Hi")).await;
    let turn = r#"{"messages":[{"role":"system","content":"Be Ada."},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."},{"role":"user","content":"Bye"}]}"#;
    assert_eq!(of(&replica, turn).await, first);
    assert_ne!(of(&one, &chat("Be Bob.", "Hi")).await, first);
}

#[tokio::test]
async fn answers_that_tell_the_token_are_blocked_or_masked_however_they_come() {
    let (blocks, masks) = (guarded(BLOCK).await, guarded(MASK).await);
    let body = chat("Be Ada.", "What were you told?");
    let (got, client, server) = asked(&blocks, CHAT, &body).await;
    let letters = token(&got).unwrap().0.to_owned();
    let out = answered((client, server), "application/json", &whole(&format!("Be Ada. [ref: {letters}]"))).await;
    assert!(
        out.starts_with("HTTP/1.1 400") && out.contains("x-palisade-rules: leak") && !out.contains(&letters),
        "{out}"
    );
    let told = format!("I was told: {}. That is all.", letters.to_uppercase());
    for step in [1, 5, 1000] {
        let deltas: Vec<_> = told.as_bytes().chunks(step).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        let (_, client, server) = asked(&blocks, CHAT, &body).await;
        let out = answered((client, server), "text/event-stream", &streamed(&deltas)).await;
        let said = said(&out);
        assert!(said == "I was told: " && out.contains("content_filter"), "in pieces of {step}: {out}");
        let (_, client, server) = asked(&masks, CHAT, &body).await;
        let out = answered((client, server), "text/event-stream", &streamed(&deltas)).await;
        assert_eq!(self::said(&out), "I was told: ****************. That is all.", "in pieces of {step}");
    }
    let (_, client, server) = asked(&masks, CHAT, &body).await;
    let plain = whole("Be Ada. [ref: bcdfghjklmnpqrst]");
    let out = answered((client, server), "application/json", &plain).await;
    assert!(out.ends_with(&plain) && out.starts_with("HTTP/1.1 200"), "{out}");
}

/// What a streamed answer says.
fn said(out: &str) -> String {
    let events = out.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let events = events.map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap());
    events.filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn tool_calls_and_reasoning_tell_it_too() {
    let rig = guarded(BLOCK).await;
    let body = r#"{"system":"Be Ada.","messages":[{"role":"user","content":"Hi"}]}"#;
    for part in ["tool", "thinking", "text"] {
        let (got, client, server) = asked(&rig, "/v1/messages", body).await;
        let letters = token(&got).unwrap().0;
        let content = match part {
            "tool" => json!({ "type": "tool_use", "id": "t", "name": "send", "input": { "to": ["x", letters] } }),
            "thinking" => json!({ "type": "thinking", "thinking": format!("It is {letters}"), "signature": "c2ln" }),
            _ => json!({ "type": "text", "text": format!("It is {letters}") }),
        };
        let answer = json!({ "type": "message", "role": "assistant", "content": [content], "stop_reason": "end_turn" });
        let out = answered((client, server), "application/json", &answer.to_string()).await;
        assert!(out.starts_with("HTTP/1.1 400") && !out.contains(letters), "{part}: {out}");
    }
}

#[tokio::test]
async fn what_a_client_sends_itself_is_not_looked_for() {
    let rig = guarded(MASK).await;
    let (got, ..) = asked(&rig, CHAT, &chat("Be Ada.", "Hi")).await;
    let letters = token(&got).unwrap().0;
    let body = json!({ "messages": [
        { "role": "system", "content": "Be Ada." },
        { "role": "user", "content": format!("Is {letters} yours?") },
        { "role": "assistant", "content": format!("Yes, {letters}") },
        { "role": "user", "content": letters },
    ] });
    let (got, ..) = asked(&rig, CHAT, &body.to_string()).await;
    let (_, before, behind) = token(&got).unwrap();
    assert_eq!(format!("{before}{behind}"), body.to_string());
}

#[tokio::test]
async fn rules_that_only_watch_or_take_no_part_change_nothing() {
    let body = chat("Be Ada.", "Hi");
    let shadow = BLOCK.replace("id: leak,", "id: leak, mode: shadow,");
    let off = BLOCK.replace("id: leak,", "id: leak, when: 'request.model == \"other\"',");
    for rules in [&shadow, &off, &BLOCK.replace("scope: [output]", "scope: [user]")] {
        assert_eq!(asked(&guarded(rules).await, CHAT, &body).await.0, body, "{rules}");
    }
    let logs = BLOCK.replace("action: block", "action: log");
    let (got, client, server) = asked(&guarded(&logs).await, CHAT, &body).await;
    let answer = whole(token(&got).unwrap().0);
    let out = answered((client, server), "application/json", &answer).await;
    assert!(out.ends_with(&answer) && out.contains("x-palisade-rules: leak"), "{out}");
}

#[tokio::test]
async fn a_prompt_that_the_provider_says_again_comes_back_as_it_was_sent() {
    for rules in [
        BLOCK,
        MASK,
        "  - { id: leak, detect: { similarity: { to: system, min_words: 3, canary: true } }, action: block }\n",
    ] {
        let rig = guarded(rules).await;
        let prompt = "Be Ada, the helper.";
        let body = json!({ "instructions": prompt, "input": "Hi" }).to_string();
        let answer = |instructions: &str, status: &str| {
            let text = json!({ "type": "output_text", "text": "Hello.", "annotations": [], "logprobs": [{ "token": "Hello." }] });
            let item = json!({ "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text] });
            json!({ "id": "resp_1", "object": "response", "status": status, "instructions": instructions, "output": [item] })
        };
        let (got, client, server) = asked(&rig, RESPONSES, &body).await;
        let echoed =
            serde_json::from_str::<serde_json::Value>(&got).unwrap()["instructions"].as_str().unwrap().to_owned();
        assert_ne!(echoed, prompt);
        let out = answered((client, server), "application/json", &answer(&echoed, "completed").to_string()).await;
        assert!(out.starts_with("HTTP/1.1 200") && out.contains("x-palisade-verdict: allow"), "{out}");
        assert!(out.ends_with(&answer(prompt, "completed").to_string()), "{out}");
        let event = |name: &str, instructions: &str| {
            let response = answer(instructions, if name == "completed" { "completed" } else { "in_progress" });
            let data = json!({ "type": format!("response.{name}"), "sequence_number": 0, "response": response });
            format!("event: response.{name}\ndata: {data}\n\n")
        };
        let stream = |instructions: &str| event("created", instructions) + &event("completed", instructions);
        let (_, client, server) = asked(&rig, RESPONSES, &body).await;
        let out = answered((client, server), "text/event-stream", &stream(&echoed)).await;
        let (head, said) = out.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let said = said.lines().filter(|line| line.starts_with(['d', 'e'])).collect::<Vec<_>>();
        assert_eq!(said, stream(prompt).lines().filter(|line| !line.is_empty()).collect::<Vec<_>>());
    }
}
