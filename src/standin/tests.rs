#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;

use super::*;

async fn post(headers: &[(&str, &str)], body: Value) -> reqwest::Response {
    Rig::new().await.post("/v1/chat/completions", headers, body).await
}

struct Rig(Handle);

impl Rig {
    async fn new() -> Rig {
        Rig(spawn(([127, 0, 0, 1], 0).into()).await.unwrap())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> reqwest::Response {
        let mut request = reqwest::Client::new().request(method, format!("http://{}{path}", self.0.addr()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = if let Some(body) = body { request.json(&body) } else { request };
        request.send().await.unwrap()
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> reqwest::Response {
        self.send(Method::POST, path, headers, Some(body)).await
    }

    async fn json(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Value {
        self.post(path, headers, body).await.json().await.unwrap()
    }

    /// The JSON of each event or line of a stream.
    async fn events(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Vec<Value> {
        lines(&self.post(path, headers, body).await.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.send(Method::GET, path, &[], None).await
    }
}

fn lines(stream: &str) -> Vec<Value> {
    let data = stream.lines().map(|line| line.strip_prefix("data:").unwrap_or(line).trim());
    data.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

/// The strings at a pointer of every event, one after the other.
fn joined(events: &[Value], pointer: &str) -> String {
    events.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

const THINK: (&str, &str) = ("x-standin-think", "Let%20me%20see.");
const TOOL: [(&str, &str); 3] =
    [("x-standin-tool", "refund"), ("x-standin-args", "%7B%22amount%22%3A5%7D"), ("x-standin-chunk", "2")];

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
    let answer: Value = post(&TOOL, hello(false)).await.json().await.unwrap();
    let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call, &json!({"name": "refund", "arguments": r#"{"amount":5}"#}));
    let answer = post(&TOOL, hello(true)).await.text().await.unwrap();
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

#[tokio::test]
async fn mistral_gets_its_calls_whole_and_its_usage_last() {
    let rig = Rig::new().await;
    let headers = [&TOOL[..], &[("x-standin-dialect", "mistral")]].concat();
    let events = rig.events("/v1/chat/completions", &headers, hello(true)).await;
    let call = &events[1]["choices"][0]["delta"]["tool_calls"][0];
    assert_eq!(call["function"], json!({"name": "refund", "arguments": r#"{"amount":5}"#}));
    assert_eq!(call["id"].as_str().unwrap().len(), 9);
    assert_eq!(events.last().unwrap()["usage"]["prompt_tokens"], 2);
    let middle = rig.json("/v1/fim/completions", &[], json!({"prompt": "def f", "suffix": "pass"})).await;
    assert_eq!(middle["choices"][0]["message"]["content"], "You said: def f");
    assert_eq!(post(&[("x-standin-dialect", "unheard-of")], hello(false)).await.status(), 400);
}

#[tokio::test]
async fn azure_has_the_model_in_the_path() {
    let rig = Rig::new().await;
    for path in ["/openai/deployments/mine/chat/completions?api-version=1", "/openai/deployments/mine/embeddings"] {
        let body = json!({"messages": [{"role": "user", "content": "hi"}], "input": "hi"});
        assert_eq!(rig.json(path, &[], body).await["model"], "mine");
    }
    assert_eq!(rig.json("/openai/v1/responses", &[], json!({"input": "hi"})).await["object"], "response");
}

#[tokio::test]
async fn events_of_responses_add_up_to_the_response() {
    let rig = Rig::new().await;
    let body = json!({"input": [{"role": "user", "content": "Grüße"}], "stream": true, "instructions": "Be brief."});
    for (headers, tail) in [
        (vec![], json!({"type": "message", "content": [{"text": "You said: Grüße"}]})),
        (vec![THINK], json!({"type": "message"})),
        (TOOL.to_vec(), json!({"type": "function_call", "name": "refund", "arguments": r#"{"amount":5}"#})),
        (vec![("x-standin-events", "3")], json!({"content": [{"text": "word0 word1 word2 "}]})),
    ] {
        let events = rig.events("/v1/responses", &headers, body.clone()).await;
        assert!(events.iter().enumerate().all(|(number, event)| event["sequence_number"] == number));
        let response = &events.last().unwrap()["response"];
        assert_eq!((&response["status"], &response["instructions"]), (&json!("completed"), &json!("Be brief.")));
        let output = response["output"].as_array().unwrap();
        for (index, item) in output.iter().enumerate() {
            let own = |kind: &str| events.iter().find(|e| e["type"] == kind && e["output_index"] == index).unwrap();
            assert_eq!(&own("response.output_item.done")["item"], item);
            let deltas: Vec<Value> =
                events.iter().filter(|e| e["output_index"] == index && !e["delta"].is_null()).cloned().collect();
            let whole = ["/summary/0/text", "/content/0/text", "/arguments"].iter().find_map(|at| item.pointer(at));
            assert_eq!(whole.unwrap(), &joined(&deltas, "/delta"));
        }
        let last = output.last().unwrap();
        for (field, value) in tail.as_object().unwrap() {
            let found = &last[field];
            assert!(found == value || found[0]["text"] == value[0]["text"] && !value[0].is_null(), "{field}: {found}");
        }
    }
}

#[tokio::test]
async fn a_stored_response_can_be_asked_for_again() {
    let rig = Rig::new().await;
    let made = rig.json("/v1/responses", &[], json!({"input": "hi", "background": true})).await;
    assert_eq!((&made["status"], &made["output"]), (&json!("queued"), &json!([])));
    let path = format!("/v1/responses/{}", made["id"].as_str().unwrap());
    let later: Value = rig.get(&path).await.json().await.unwrap();
    assert_eq!(later["output"][0]["content"][0]["text"], "You said: hi");
    let all = lines(&rig.get(&format!("{path}?stream=true")).await.text().await.unwrap());
    let rest = lines(&rig.get(&format!("{path}?stream=true&starting_after=3")).await.text().await.unwrap());
    assert_eq!(rest, all[4..]);
    let input: Value = rig.get(&format!("{path}/input_items")).await.json().await.unwrap();
    assert_eq!(input["data"][0]["content"][0], json!({"type": "input_text", "text": "hi"}));
    let cancelled = rig.json(&format!("{path}/cancel"), &[], json!({})).await;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(rig.send(Method::DELETE, &path, &[], None).await.status(), 200);
    assert_eq!(rig.get(&path).await.status(), 404);
    let unstored = rig.json("/v1/responses", &[], json!({"input": "hi", "store": false})).await;
    assert_eq!(rig.get(&format!("/v1/responses/{}", unstored["id"].as_str().unwrap())).await.status(), 404);
}

#[tokio::test]
async fn completions_answer_every_prompt() {
    let rig = Rig::new().await;
    let mut body = json!({"prompt": ["one", "two"], "n": 2, "echo": true, "stream_options": {"include_usage": true}});
    let whole = rig.json("/v1/completions", &[], body.clone()).await;
    assert_eq!(
        whole["choices"][3],
        json!({
            "text": "twoYou said: two", "index": 3, "logprobs": null, "finish_reason": "stop"
        })
    );
    body["stream"] = true.into();
    let events = rig.events("/v1/completions", &[], body).await;
    let third: Vec<Value> = events.iter().filter(|event| event["choices"][0]["index"] == 2).cloned().collect();
    assert_eq!(joined(&third, "/choices/0/text"), "twoYou said: two");
    assert_eq!(third.last().unwrap()["choices"][0]["finish_reason"], "stop");
    assert_eq!(events.last().unwrap()["usage"]["prompt_tokens"], 4);
}

#[tokio::test]
async fn embeddings_are_numbers_or_base64() {
    let rig = Rig::new().await;
    let numbers = rig.json("/v1/embeddings", &[], json!({"input": ["a", "\u{1}"]})).await;
    assert_eq!(numbers["data"][0]["embedding"], json!([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
    assert_eq!(numbers["data"][1]["embedding"], numbers["data"][0]["embedding"]);
    let packed = rig.json("/v1/embeddings", &[], json!({"input": "a", "encoding_format": "base64"})).await;
    assert_eq!(packed["data"][0]["embedding"], "AAAAAAAAgD8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

#[tokio::test]
async fn moderations_judge_strings_apart_and_parts_together() {
    let rig = Rig::new().await;
    let apart = rig.json("/v1/moderations", &[], json!({"input": ["tea", "violence"]})).await;
    assert_eq!([&apart["results"][0]["flagged"], &apart["results"][1]["flagged"]], [&json!(false), &json!(true)]);
    assert_eq!(apart["results"][1]["categories"]["violence"], true);
    let parts = json!([{"type": "text", "text": "tea"}, {"type": "text", "text": "violence"}]);
    let together = rig.json("/v1/moderations", &[], json!({"input": parts})).await;
    assert_eq!(together["results"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn gemini_streams_events_or_an_array() {
    let rig = Rig::new().await;
    let body = json!({"contents": {"parts": {"text": "Grüße"}}, "generation_config": {"candidate_count": 2}});
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/m";
    for models in ["/v1beta/models/m", vertex] {
        let whole = rig.json(&format!("{models}:generateContent"), &[], body.clone()).await;
        assert_eq!(whole["candidates"][1]["content"]["parts"], json!([{"text": "You said: Grüße"}]));
        let sse = rig.post(&format!("{models}:streamGenerateContent?alt=sse"), &[THINK], body.clone()).await;
        let sse = sse.text().await.unwrap();
        assert!(sse.ends_with("}\r\n\r\n") && !sse.replace("\r\n", "").contains('\n'));
        let array = rig.post(&format!("{models}%3AstreamGenerateContent"), &[THINK], body.clone()).await;
        let array: Vec<Value> = serde_json::from_str(&array.text().await.unwrap()).unwrap();
        for events in [lines(&sse), array] {
            let of_one = |event: &&Value| event["candidates"][0]["index"] == 1;
            let one: Vec<Value> = events.iter().filter(of_one).cloned().collect();
            assert_eq!(joined(&one, "/candidates/0/content/parts/0/text"), "Let me see.You said: Grüße");
            assert_eq!(joined(&one, "/candidates/0/finishReason"), "STOP");
        }
    }
}

#[tokio::test]
async fn gemini_calls_counts_and_embeds() {
    let rig = Rig::new().await;
    let ask = async |verb: &str, headers, body| rig.json(&format!("/v1beta/models/m:{verb}"), headers, body).await;
    let hello = json!({"role": "user", "parts": [{"text": "hello"}, {"text": " you"}]});
    let answer = ask("generateContent", &TOOL, json!({"contents": [hello]})).await;
    let call = &answer["candidates"][0]["content"]["parts"][0]["functionCall"];
    assert_eq!((&call["name"], &call["args"]), (&json!("refund"), &json!({"amount": 5})));
    let inner = json!({"generateContentRequest": {"contents": [hello]}});
    assert_eq!(ask("countTokens", &[], inner).await, json!({"totalTokens": 2}));
    let one = ask("embedContent", &[], json!({"content": hello})).await;
    let many = ask("batchEmbedContents", &[], json!({"requests": [{"content": hello}]})).await;
    assert_eq!(one["embedding"], many["embeddings"][0]);
}

#[tokio::test]
async fn vertex_serves_messages_too() {
    let rig = Rig::new().await;
    let models = "/v1/projects/p/locations/l/publishers/anthropic/models";
    let body = json!({"anthropic_version": "vertex-2023-10-16", "stream": true, "messages": [
        {"role": "user", "content": "Grüße"}
    ]});
    let events = rig.events(&format!("{models}/claude:streamRawPredict"), &[], body.clone()).await;
    assert_eq!(joined(&events, "/delta/text"), "You said: Grüße");
    assert_eq!(rig.json(&format!("{models}/count-tokens:rawPredict"), &[], body).await, json!({"input_tokens": 1}));
}

#[tokio::test]
async fn ollama_streams_lines_unless_told_not_to() {
    let rig = Rig::new().await;
    let hello = json!([{"role": "user", "content": "Grüße"}]);
    let response = rig.post("/api/chat", &[THINK], json!({"messages": hello})).await;
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let events = lines(&response.text().await.unwrap());
    assert_eq!(joined(&events, "/message/content"), "You said: Grüße");
    assert_eq!(joined(&events, "/message/thinking"), "Let me see.");
    assert_eq!(events.iter().filter(|event| event["done"] == true).count(), 1);
    let whole = rig.json("/api/chat", &TOOL, json!({"messages": hello, "stream": false})).await;
    let function = json!({"name": "refund", "arguments": {"amount": 5}});
    assert_eq!(whole["message"]["tool_calls"], json!([{"function": function}]));
    let text = rig.events("/api/generate", &[], json!({"prompt": "Grüße"})).await;
    assert_eq!(joined(&text, "/response"), "You said: Grüße");
    let embedded = rig.json("/api/embed", &[], json!({"input": "a"})).await;
    let old = rig.json("/api/embeddings", &[], json!({"prompt": "a"})).await;
    assert_eq!(embedded["embeddings"][0], old["embedding"]);
    let tags: Value = rig.get("/api/tags").await.json().await.unwrap();
    assert_eq!(tags["models"][0]["name"], "stand-in");
    assert_eq!(rig.json("/api/show", &[], json!({"model": "stand-in"})).await["details"]["format"], "gguf");
}

#[tokio::test]
async fn cohere_closes_what_it_opens() {
    let rig = Rig::new().await;
    let hello = json!({"messages": [{"role": "user", "content": "Grüße"}], "stream": true});
    let events = rig.events("/v2/chat", &[THINK], hello.clone()).await;
    let types: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let opened = |kind: &str| types.iter().filter(|name| **name == kind).count();
    assert_eq!((opened("content-start"), opened("content-end")), (2, 2));
    assert_eq!(joined(&events, "/delta/message/content/text"), "You said: Grüße");
    assert_eq!(events.last().unwrap()["delta"]["finish_reason"], "COMPLETE");
    let events = rig.events("/v2/chat", &TOOL, hello).await;
    assert_eq!(joined(&events, "/delta/message/tool_calls/function/arguments"), r#"{"amount":5}"#);
    assert_eq!(events.last().unwrap()["delta"]["finish_reason"], "TOOL_CALL");
    let embedded = rig.json("/v2/embed", &[], json!({"texts": ["a", "b"], "embedding_types": ["base64"]})).await;
    assert_eq!(embedded["embeddings"]["base64"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn tgi_repeats_the_text_at_the_end() {
    let rig = Rig::new().await;
    let inputs = json!({"inputs": "Grüße", "parameters": {"details": true}});
    let stream = rig.post("/generate_stream", &[], inputs.clone()).await.text().await.unwrap();
    assert!(stream.starts_with("data:{"));
    let events = lines(&stream);
    assert_eq!(joined(&events, "/token/text"), "You said: Grüße");
    assert_eq!(events.last().unwrap()["generated_text"], "You said: Grüße");
    let whole = rig.json("/generate", &[], inputs.clone()).await;
    assert_eq!(joined(whole["details"]["tokens"].as_array().unwrap(), "/text"), "You said: Grüße");
    assert_eq!(rig.json("/", &[], inputs).await, json!([whole]));
    assert_eq!(rig.json("/", &[], json!({"jsonrpc": "2.0"})).await, json!({"jsonrpc": "2.0"}));
}
