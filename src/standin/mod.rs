//! A stand-in for an LLM that speaks what the providers speak, for `palisade demo`, tests and benches.
//!
//! It answers, streamed or not, with what the last user message said, or as the request's
//! `x-standin-*` headers say ([`script`]), misbehaving if asked. `GET /standin/last` tells what arrived last.
//! One file for each API, one line in [`APIS`].

mod api;
mod chat;
mod cohere;
mod completions;
mod embeddings;
mod gemini;
mod messages;
mod moderations;
mod ollama;
mod pour;
mod responses;
mod script;
mod tgi;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use api::{Answer, Asked, Problem};
use pour::Body;
use script::{Misbehave, Script};

/// A running stand-in. Dropping it stops accepting.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    state: Arc<State>,
    accepting: AbortHandle,
}

/// What the stand-in remembers.
#[derive(Debug, Default)]
struct State {
    calls: AtomicU64,
    last: Mutex<Option<(Parts, Bytes)>>,
    store: responses::Store,
}

/// What answers a request if the path is its own.
type Api = fn(&Asked<'_>) -> Result<Option<Answer>, Problem>;

/// Everything that the stand-in speaks.
const APIS: &[Api] = &[
    chat::answer,
    messages::answer,
    responses::answer,
    completions::answer,
    embeddings::answer,
    moderations::answer,
    gemini::answer,
    ollama::answer,
    cohere::answer,
    tgi::answer,
];

/// Binds `addr` (port 0: any) and serves on the current runtime.
pub async fn spawn(addr: SocketAddr) -> io::Result<Handle> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let state = Arc::new(State::default());
    let accepting = tokio::spawn(accept(listener, Arc::clone(&state))).abort_handle();
    Ok(Handle { addr, state, accepting })
}

impl Handle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many requests it got, other than for `/standin/…`.
    pub fn calls(&self) -> u64 {
        self.state.calls.load(Ordering::Relaxed)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        // Only costs time if it fails.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&state), request));
            let http = auto::Builder::new(TokioExecutor::new());
            // A client that hangs up, and a script that drops the connection, both end here.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(state: Arc<State>, request: http::Request<Incoming>) -> Result<Response<Body>, hyper::Error> {
    let path = request.uri().path();
    if path == "/standin/last" {
        return Ok(state.last());
    }
    let call = state.calls.fetch_add(1, Ordering::Relaxed);
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await.map(http_body_util::Collected::to_bytes) else {
        return Ok(problem(StatusCode::BAD_REQUEST, "the body did not come whole"));
    };
    if parts.headers.contains_key("x-standin-fast") {
        return Ok(pour::fixed(&parts.headers));
    }
    let script = match Script::new(&parts.headers) {
        Ok(script) => script,
        Err(message) => return Ok(problem(StatusCode::BAD_REQUEST, &message)),
    };
    let response = match find(&state, &script, &parts, &body, call) {
        Ok(Some(answer)) => perform(&script, answer).await,
        Ok(None) => other(&parts, &body, &script),
        Err(Problem { status, message }) => problem(status, &message),
    };
    *state.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((parts, body));
    Ok(response)
}

/// The answer of the API whose path this is, if it is any's.
fn find(state: &State, script: &Script, parts: &Parts, body: &[u8], call: u64) -> Result<Option<Answer>, Problem> {
    // Some clients write the colon before a verb coded.
    let path = parts.uri.path().trim_end_matches('/').replace("%3A", ":");
    let query = parts.uri.query().unwrap_or_default();
    let asked = Asked { method: &parts.method, path: &path, query, body, call, script, store: &state.store };
    for api in APIS {
        if let Some(answer) = api(&asked)? {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

/// An answer, as the script wants it.
async fn perform(script: &Script, answer: Answer) -> Response<Body> {
    match script.misbehave {
        Some(Misbehave::Hang) => std::future::pending().await,
        Some(Misbehave::Error500) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the stand-in was told to fail"),
        Some(Misbehave::Html) => pour::whole(StatusCode::OK, "text/html", Bytes::from_static(HTML)),
        Some(Misbehave::Garbage) => {
            let kind = match answer {
                Answer::Whole(_) => "application/json",
                Answer::Stream(kind, _) => kind,
            };
            pour::whole(StatusCode::OK, kind, Bytes::from_static(GARBAGE))
        }
        Some(Misbehave::Drop | Misbehave::TruncatedJson) | None => pour::answer(script, answer),
    }
}

/// Whatever else is asked: the list of models, else the request's own body.
fn other(parts: &Parts, body: &Bytes, script: &Script) -> Response<Body> {
    let path = parts.uri.path();
    if parts.method == Method::GET && path.trim_end_matches('/').ends_with("/models") {
        let list = json!({"object": "list", "data": [
            {"id": api::MODEL, "object": "model", "created": api::CREATED, "owned_by": "palisade"}
        ]});
        return pour::whole(script.status, "application/json", list.to_string().into());
    }
    let text = script.reply.clone().map_or_else(|| body.clone(), Bytes::from);
    let mut response = pour::pieces(script, vec![text]);
    let kind = parts.headers.get(CONTENT_TYPE).cloned();
    response.headers_mut().insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    response
}

fn problem(status: StatusCode, message: &str) -> Response<Body> {
    let error = json!({"error": {"message": message, "type": "standin_error", "param": null, "code": null}});
    pour::whole(status, "application/json", error.to_string().into())
}

impl State {
    fn last(&self) -> Response<Body> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = self.calls.load(Ordering::Relaxed);
        let Some((parts, body)) = last.as_ref() else {
            return pour::whole(StatusCode::OK, "application/json", json!({"calls": calls}).to_string().into());
        };
        let headers: Vec<[String; 2]> = parts
            .headers
            .iter()
            .map(|(name, value)| [name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()])
            .collect();
        let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
        let hex: String = body.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        let last = json!({
            "calls": calls, "method": parts.method.as_str(), "path": parts.uri.to_string(), "headers": headers,
            "body": String::from_utf8_lossy(body), "body_hex": hex,
        });
        pour::whole(StatusCode::OK, "application/json", last.to_string().into())
    }
}

const HTML: &[u8] = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>\n";

const GARBAGE: &[u8] = b"\x00\x01\xff\xfe not an event, not JSON \r\r\n{{{\"\xc3\x28\n";

/// Longest request body.
const MAX_BODY: usize = 64 << 20;

#[cfg(test)]
mod tests;
