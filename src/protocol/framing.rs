//! How a stream is cut into events: server-sent events, a JSON value a line, or the elements of a JSON array.

pub use super::sse::{Event, TooLong};
use super::{json_array, ndjson, sse};

/// The framings that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frames {
    /// Server-sent events (WHATWG HTML, section 9.2).
    #[default]
    Sse,
    /// Newline-delimited JSON.
    Ndjson,
    /// One JSON array, whose elements are the events.
    Array,
}

impl Frames {
    /// A made-up event that comes after others.
    pub fn event(self, json: &str) -> String {
        match self {
            Frames::Sse => format!("data: {json}\n\n"),
            Frames::Ndjson => format!("{json}\n"),
            Frames::Array => format!(",\r\n{json}"),
        }
    }

    /// What comes after the last event.
    pub fn end(self) -> &'static str {
        if self == Frames::Array { "]" } else { "" }
    }

    /// What a made-up stream says of itself.
    pub fn content_type(self) -> &'static str {
        match self {
            Frames::Sse => "text/event-stream",
            Frames::Ndjson => "application/x-ndjson",
            Frames::Array => "application/json",
        }
    }

    /// Makes an event the `first` of its stream, or one that comes after others, whichever it was made for.
    pub fn place(self, event: &mut [u8], first: bool) {
        let (old, new) = if first { (b',', b'[') } else { (b'[', b',') };
        if self == Frames::Array
            && let Some(byte) = event.iter_mut().find(|byte| !byte.is_ascii_whitespace()).filter(|byte| **byte == old)
        {
            *byte = new;
        }
    }

    /// Whether others may come beside an event with these bytes: what is no element stands alone.
    pub(crate) fn is_one_of_many(self, event: &[u8]) -> bool {
        self != Frames::Array || matches!(event.trim_ascii_start(), [b'[' | b',', ..])
    }

    /// Whether these bytes end the stream: nothing can come after them.
    pub(crate) fn is_over(self, event: &Event) -> bool {
        self == Frames::Array && event.is_empty() && event.raw.contains(&b']')
    }

    /// What ends an event that came without its end.
    pub(crate) fn mend(self) -> &'static str {
        match self {
            Frames::Sse => "\n\n",
            Frames::Ndjson => "\n",
            Frames::Array => "",
        }
    }
}

/// The framing of one stream, with what has come of the next event.
#[derive(Debug)]
pub enum Framing {
    /// Server-sent events (WHATWG HTML, section 9.2).
    Sse(sse::Decoder),
    /// Newline-delimited JSON.
    Ndjson(ndjson::Decoder),
    /// One JSON array.
    Array(json_array::Decoder),
}

impl From<Frames> for Framing {
    fn from(frames: Frames) -> Framing {
        match frames {
            Frames::Sse => Framing::Sse(sse::Decoder::default()),
            Frames::Ndjson => Framing::Ndjson(ndjson::Decoder::default()),
            Frames::Array => Framing::Array(json_array::Decoder::default()),
        }
    }
}

impl Default for Framing {
    fn default() -> Framing {
        Frames::default().into()
    }
}

impl Frames {
    /// The framing that a content type names, if it names a stream's.
    pub fn of(content_type: &[u8]) -> Option<Frames> {
        let kind = content_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        if kind.eq_ignore_ascii_case(SSE) {
            Some(Frames::Sse)
        } else if NDJSON.iter().any(|name| kind.eq_ignore_ascii_case(name)) {
            Some(Frames::Ndjson)
        } else {
            None
        }
    }
}

impl Framing {
    /// Which one it is.
    pub fn frames(&self) -> Frames {
        match self {
            Framing::Sse(_) => Frames::Sse,
            Framing::Ndjson(_) => Frames::Ndjson,
            Framing::Array(_) => Frames::Array,
        }
    }

    /// Feeds the next bytes and reports the events that they complete.
    pub fn feed(&mut self, bytes: &[u8], event: impl FnMut(Event)) -> Result<(), TooLong> {
        match self {
            Framing::Sse(decoder) => decoder.feed(bytes, event),
            Framing::Ndjson(decoder) => decoder.feed(bytes, event),
            Framing::Array(decoder) => decoder.feed(bytes, event),
        }
    }

    /// The last event, if the stream ends without its last line break.
    pub fn finish(&mut self) -> Option<Event> {
        match self {
            Framing::Sse(decoder) => decoder.finish(),
            Framing::Ndjson(decoder) => decoder.finish(),
            Framing::Array(decoder) => decoder.finish(),
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
