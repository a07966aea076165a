//! How a stream is cut into events: server-sent events, or a JSON value a line.

pub use super::sse::{Event, TooLong};
use super::{ndjson, sse};

/// The framing of one stream, with what has come of the next event.
#[derive(Debug)]
pub enum Framing {
    /// Server-sent events (WHATWG HTML, section 9.2).
    Sse(sse::Decoder),
    /// Newline-delimited JSON.
    Ndjson(ndjson::Decoder),
}

impl Default for Framing {
    fn default() -> Framing {
        Framing::Sse(sse::Decoder::default())
    }
}

impl Framing {
    /// The framing that a content type names, if it names a stream's.
    pub fn of(content_type: &[u8]) -> Option<Framing> {
        let kind = content_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        if kind.eq_ignore_ascii_case(SSE) {
            Some(Framing::default())
        } else if NDJSON.iter().any(|name| kind.eq_ignore_ascii_case(name)) {
            Some(Framing::Ndjson(ndjson::Decoder::default()))
        } else {
            None
        }
    }

    /// Feeds the next bytes and reports the events that they complete.
    pub fn feed(&mut self, bytes: &[u8], event: impl FnMut(Event)) -> Result<(), TooLong> {
        match self {
            Framing::Sse(decoder) => decoder.feed(bytes, event),
            Framing::Ndjson(decoder) => decoder.feed(bytes, event),
        }
    }

    /// The last event, if the stream ends without its last line break.
    pub fn finish(&mut self) -> Option<Event> {
        match self {
            Framing::Sse(decoder) => decoder.finish(),
            Framing::Ndjson(decoder) => decoder.finish(),
        }
    }

    /// A made-up event.
    pub fn event(&self, json: &str) -> String {
        match self {
            Framing::Sse(_) => format!("data: {json}\n\n"),
            Framing::Ndjson(_) => format!("{json}\n"),
        }
    }
}

const SSE: &[u8] = b"text/event-stream";

/// Names in use; none is registered with IANA.
const NDJSON: &[&[u8]] = &[
    b"application/x-ndjson",
    b"application/ndjson",
    b"application/jsonl",
    b"application/x-jsonlines",
    b"application/stream+json",
];
