//! What a request wants the stand-in to do, told by its headers:
//!
//! | header | meaning |
//! |---|---|
//! | `x-standin-reply: TEXT` | say this (percent-encoded) in place of "You said: …" |
//! | `x-standin-chunk: N` | characters in one delta of a stream |
//! | `x-standin-write: N` | bytes in one write to the socket, whatever the events' borders |
//! | `x-standin-delay-ms: N` | pause before each event or write |
//! | `x-standin-tool: NAME`, `x-standin-args: JSON` | call this tool (both percent-encoded) |
//! | `x-standin-think: TEXT` | think this first (percent-encoded; Anthropic Messages) |
//! | `x-standin-events: N` | a stream of N small deltas |
//! | `x-standin-status: N` | the response's status |
//! | `x-standin-misbehave` | `drop`, `garbage`, `html`, `error500`, `hang`, `truncated-json` |
//! | `x-standin-fast: 1` | ready-made bytes, the request unread; with `x-standin-events` a stream (benches); `prose`: of 20 characters an event |

use std::time::Duration;

use http::{HeaderMap, StatusCode};

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
        Ok(Script {
            reply: text(headers, "x-standin-reply")?,
            chunk: number(headers, "x-standin-chunk")?.unwrap_or(CHUNK).max(1),
            write: number(headers, "x-standin-write")?.map(|n| n.max(1)),
            delay: number(headers, "x-standin-delay-ms")?.map(|n| Duration::from_millis(n as u64)),
            tool,
            think: text(headers, "x-standin-think")?,
            events: number(headers, "x-standin-events")?,
            status: u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).ok_or("no such status")?,
            misbehave: text(headers, "x-standin-misbehave")?.as_deref().map(Misbehave::new).transpose()?,
        })
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
