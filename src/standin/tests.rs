#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;

use super::*;

async fn post(headers: &[(&str, &str)], body: Value) -> reqwest::Response {
    let standin = Box::leak(Box::new(spawn(([127, 0, 0, 1], 0).into()).await.unwrap()));
    let url = format!("http://{}/v1/chat/completions", standin.addr());
    let mut request = reqwest::Client::new().post(url).json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn hello(stream: bool) -> Value {
    json!({"model": "m", "stream": stream, "messages": [
        {"role": "user", "content": "earlier"},
        {"role": "assistant", "content": "…"},
        {"role": "user", "content": [{"type": "text", "text": "Grüße, "}, {"type": "text", "text": "you"}]},
    ]})
}

/// The text of choice 0 over all events, and the last finish reason.
fn gather(stream: &str) -> (String, String) {
    let (mut text, mut finish) = (String::new(), String::new());
    for data in stream.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
        let chunk: Value = serde_json::from_str(data).unwrap();
        let choice = &chunk["choices"][0];
        text += choice["delta"]["content"].as_str().unwrap_or_default();
        text += choice["delta"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap_or_default();
        finish = choice["finish_reason"].as_str().unwrap_or(&finish).to_owned();
    }
    (text, finish)
}

#[tokio::test]
async fn it_echoes_the_last_user_message() {
    let answer: Value = post(&[], hello(false)).await.json().await.unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: Grüße, you");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn a_stream_says_the_same_however_it_is_cut() {
    for headers in [&[][..], &[("x-standin-chunk", "1")], &[("x-standin-write", "3")], &[("x-standin-delay-ms", "1")]] {
        let answer = post(headers, hello(true)).await.text().await.unwrap();
        assert_eq!(gather(&answer), ("You said: Grüße, you".to_owned(), "stop".to_owned()));
        assert!(answer.ends_with("data: [DONE]\n\n"));
    }
}

#[tokio::test]
async fn tool_calls_come_whole_and_in_fragments() {
    let headers =
        [("x-standin-tool", "refund"), ("x-standin-args", "%7B%22amount%22%3A5%7D"), ("x-standin-chunk", "2")];
    let answer: Value = post(&headers, hello(false)).await.json().await.unwrap();
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call, &json!({"name": "refund", "arguments": r#"{"amount":5}"#}));
    let answer = post(&headers, hello(true)).await.text().await.unwrap();
    assert_eq!(gather(&answer), (r#"{"amount":5}"#.to_owned(), "tool_calls".to_owned()));
}

#[tokio::test]
async fn choices_and_usage_are_as_asked() {
    let mut request = hello(true);
    request["n"] = 2.into();
    request["stream_options"] = json!({"include_usage": true});
    let answer = post(&[("x-standin-events", "3")], request).await.text().await.unwrap();
    let events: Vec<&str> = answer.split_terminator("\n\n").collect();
    assert_eq!(events.len(), (1 + 3 + 1) * 2 + 2);
    assert!(events[events.len() - 2].contains(r#""choices":[],"usage":{"prompt_tokens":2"#));
}

#[tokio::test]
async fn it_misbehaves_when_asked() {
    let say = |how| [("x-standin-misbehave", how)];
    assert_eq!(post(&say("error500"), hello(false)).await.status(), 500);
    assert_eq!(post(&say("html"), hello(false)).await.headers()["content-type"], "text/html");
    assert!(post(&say("garbage"), hello(true)).await.text().await.unwrap().contains("not an event"));
    assert!(post(&say("drop"), hello(true)).await.text().await.is_err());
    assert!(post(&say("drop"), hello(false)).await.text().await.is_err());
    let cut = post(&say("truncated-json"), hello(false)).await.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&cut).is_err());
    assert!(!post(&say("truncated-json"), hello(true)).await.text().await.unwrap().ends_with("\n\n"));
    assert_eq!(post(&say("unheard-of"), hello(false)).await.status(), 400);
    assert_eq!(post(&[("x-standin-status", "429")], hello(false)).await.status(), 429);
}
