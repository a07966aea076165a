//! What a request wants the stand-in to do, told by its headers:
//!
//! | header | meaning |
//! |---|---|
//! | `x-standin-reply: TEXT` | say this (percent-encoded) in place of "You said: …" |
//! | `x-standin-chunk: N` | characters in one delta of a stream |
//! | `x-standin-write: N` | bytes in one write to the socket, whatever the events' borders |
//! | `x-standin-delay-ms: N` | pause before each event or write |
//! | `x-standin-tool: NAME`, `x-standin-args: JSON` | call this tool (both percent-encoded) |
//! | `x-standin-think: TEXT` | think this first (percent-encoded; where the API has a place for it) |
//! | `x-standin-dialect: mistral` | chat as Mistral shapes it: calls come whole, usage with the last event |
//! | `x-standin-events: N` | a stream of N small deltas |
//! | `x-standin-status: N` | the response's status |
//! | `x-standin-misbehave` | `drop`, `garbage`, `html`, `error500`, `hang`, `truncated-json` |
//! | `x-standin-fast: 1` | ready-made bytes, the request unread; with `x-standin-events` a stream (benches); `prose`: of 20 characters an event |

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// One request's directives.
#[derive(Debug)]
pub(super) struct Script {
    pub reply: Option<String>,
    pub chunk: usize,
    pub write: Option<usize>,
    pub delay: Option<Duration>,
    /// Name and arguments.
    pub tool: Option<(String, String)>,
    pub think: Option<String>,
    pub mistral: bool,
    pub events: Option<usize>,
    pub status: StatusCode,
    pub misbehave: Option<Misbehave>,
}

/// Ways to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misbehave {
    /// Break the connection off midway.
    Drop,
    /// Send bytes that are neither events nor JSON.
    Garbage,
    /// Send a web page.
    Html,
    /// Answer 500.
    Error500,
    /// Never answer.
    Hang,
    /// End well, in the middle of a JSON text.
    TruncatedJson,
}

impl Script {
    /// Reads the headers; an unknown value is an error, so that no test passes by a slip.
    pub(super) fn new(headers: &HeaderMap) -> Result<Script, String> {
        let status = number(headers, "x-standin-status")?.unwrap_or(200);
        let tool = match text(headers, "x-standin-tool")? {
            Some(name) => Some((name, text(headers, "x-standin-args")?.unwrap_or_else(|| "{}".to_owned()))),
            None => None,
        };
        let mistral = match text(headers, "x-standin-dialect")?.as_deref() {
            None => false,
            Some("mistral") => true,
            Some(name) => return Err(format!("x-standin-dialect: unknown dialect `{name}`")),
        };
        Ok(Script {
            reply: text(headers, "x-standin-reply")?,
            chunk: number(headers, "x-standin-chunk")?.unwrap_or(CHUNK).max(1),
            write: number(headers, "x-standin-write")?.map(|n| n.max(1)),
            delay: number(headers, "x-standin-delay-ms")?.map(|n| Duration::from_millis(n as u64)),
            tool,
            think: text(headers, "x-standin-think")?,
            mistral,
            events: number(headers, "x-standin-events")?,
            status: u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).ok_or("no such status")?,
            misbehave: text(headers, "x-standin-misbehave")?.as_deref().map(Misbehave::new).transpose()?,
        })
    }

    /// The answer's text: the reply, else what the user said.
    pub(super) fn text(&self, said: &str) -> String {
        self.reply.clone().unwrap_or_else(|| format!("You said: {said}"))
    }

    /// The same as the deltas of a stream.
    pub(super) fn deltas(&self, said: &str) -> Vec<String> {
        match self.events {
            Some(count) => (0..count).map(|at| format!("word{at} ")).collect(),
            None => self.chunks(&self.text(said)),
        }
    }

    /// A text in pieces of as many characters as a delta has.
    pub(super) fn chunks(&self, text: &str) -> Vec<String> {
        let mut characters = text.chars().peekable();
        let next = || characters.peek().is_some().then(|| characters.by_ref().take(self.chunk).collect());
        std::iter::from_fn(next).collect()
    }

    /// The call's name and arguments where the API wants these as JSON, not as a string.
    pub(super) fn call(&self) -> Option<(&str, Value)> {
        let (name, arguments) = self.tool.as_ref()?;
        Some((name, serde_json::from_str(arguments).unwrap_or_else(|_| json!({}))))
    }
}

impl Misbehave {
    fn new(name: &str) -> Result<Misbehave, String> {
        Ok(match name {
            "drop" => Misbehave::Drop,
            "garbage" => Misbehave::Garbage,
            "html" => Misbehave::Html,
            "error500" => Misbehave::Error500,
            "hang" => Misbehave::Hang,
            "truncated-json" => Misbehave::TruncatedJson,
            _ => return Err(format!("x-standin-misbehave: unknown way `{name}`")),
        })
    }
}

fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, String> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    percent_decode(value.as_bytes()).map(Some).ok_or_else(|| format!("{name}: not percent-encoded UTF-8"))
}

fn percent_decode(mut encoded: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(encoded.len());
    while let [byte, rest @ ..] = encoded {
        encoded = match (byte, rest) {
            (b'%', [high, low, rest @ ..]) => {
                let digits = [*high, *low];
                decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest
            }
            (b'%', _) => return None,
            _ => {
                decoded.push(*byte);
                rest
            }
        };
    }
    String::from_utf8(decoded).ok()
}

/// A header's number, if the header is there.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<usize>, String> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| format!("{name}: not a number"))
}

/// Characters in one delta, unless told otherwise.
const CHUNK: usize = 6;
