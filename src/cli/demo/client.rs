//! A chat client of the demo's proxy, which may also look behind it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::StreamExt as _;
use reqwest::Response;
use serde_json::{Value, json};

use crate::cli::deltas::Deltas;
use crate::decisions::Decisions;
use crate::verdict::Verdict;

/// See the module.
pub(super) struct Client {
    pub(super) proxy: SocketAddr,
    pub(super) standin: SocketAddr,
    pub(super) http: reqwest::Client,
    pub(super) decisions: Decisions,
}

/// What came of one message.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// What the model said, or the error's message.
    pub(super) text: String,
    /// `finish_reason`, or the error's `code`.
    pub(super) ended: String,
    /// The verdict on the request, then, if there was one, on the answer.
    pub(super) verdicts: Vec<Arc<Verdict>>,
    /// What the stand-in got of the message; `None`: it was not called.
    pub(super) arrived: Option<String>,
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message {
    /// What the user says.
    pub(super) say: &'static str,
    /// What the model answers; `None`: what it was told.
    pub(super) reply: Option<&'static str>,
    /// Whether the answer is streamed.
    pub(super) stream: bool,
}

impl Client {
    /// Sends a message; `show` gets the deltas of a streamed answer as they arrive.
    pub(super) async fn chat(&self, message: &Message, mut show: impl FnMut(&str)) -> anyhow::Result<Reply> {
        let calls = self.last().await?["calls"].clone();
        let mut request = self.http.post(format!("http://{}/v1/chat/completions", self.proxy));
        if let Some(reply) = message.reply {
            request = request.header("x-standin-reply", percent_encoded(reply));
        }
        let response = request
            .header("x-standin-delay-ms", if message.stream { "40" } else { "0" })
            .json(&json!({
                "model": "stand-in", "stream": message.stream, "messages": [{"role": "user", "content": message.say}],
            }))
            .send()
            .await
            .context("cannot reach the proxy")?;
        let id = response.headers().get("x-palisade-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let mut reply = Reply { status: response.status().as_u16(), ..Reply::default() };
        if message.stream && reply.status == 200 {
            stream(response, &mut reply, &mut show).await?;
        } else {
            whole(response, &mut reply).await?;
        }
        let last = self.last().await?;
        if last["calls"] != calls {
            let body: Value = serde_json::from_str(last["body"].as_str().unwrap_or_default())?;
            reply.arrived = Some(string(&body["messages"][0]["content"]));
        }
        reply.verdicts = self.verdicts(&id, if reply.arrived.is_some() { 2 } else { 1 }).await;
        Ok(reply)
    }

    /// What the stand-in got last.
    async fn last(&self) -> anyhow::Result<Value> {
        let response = self.http.get(format!("http://{}/standin/last", self.standin)).send().await;
        response.context("cannot reach the stand-in LLM")?.json().await.context("the stand-in LLM said no JSON")
    }

    /// A stream's verdict comes when the stream has ended, which the client may know a moment earlier.
    async fn verdicts(&self, id: &str, count: usize) -> Vec<Arc<Verdict>> {
        for _ in 0..200 {
            if self.decisions.of(id).len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.decisions.of(id)
    }
}

async fn whole(response: Response, reply: &mut Reply) -> anyhow::Result<()> {
    let body: Value = response.json().await.context("the answer is no JSON")?;
    let choice = &body["choices"][0];
    (reply.text, reply.ended) = match &body["error"] {
        Value::Null => (string(&choice["message"]["content"]), string(&choice["finish_reason"])),
        error => (string(&error["message"]), string(&error["code"])),
    };
    Ok(())
}

async fn stream(response: Response, reply: &mut Reply, show: &mut impl FnMut(&str)) -> anyhow::Result<()> {
    let mut deltas = Deltas::default();
    let mut bytes = response.bytes_stream();
    while let Some(bytes) = bytes.next().await {
        for delta in deltas.feed(&bytes.context("the stream broke off")?) {
            show(&delta);
        }
    }
    (reply.text, reply.ended) = (deltas.text, deltas.finish.unwrap_or_default());
    Ok(())
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// For a header: everything but letters and digits as `%XX`.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ =
            if byte.is_ascii_alphanumeric() { write!(out, "{}", char::from(byte)) } else { write!(out, "%{byte:02X}") };
        out
    })
}
