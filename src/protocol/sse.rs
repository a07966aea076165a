//! Server-sent events (WHATWG HTML, section 9.2): bytes to events and back, any line ending, cut anywhere.
//!
//! An event keeps its bytes as they came, so that an event that nobody changes goes out as it was.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

/// Longest event that is read, in bytes.
pub const MAX_EVENT: usize = 8 << 20;

/// Longest line that is not data, in bytes: a comment, an event's name, an id. Nobody reads them as text.
pub const MAX_FRAMING: usize = 256;

/// May stand before the first line.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// An event was longer than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {MAX_EVENT} bytes")]
pub struct TooLong;

/// One event with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// As it came, the blank line included; shares its memory with the events around it.
    pub raw: Bytes,
    data: Lines,
    odd: bool,
    /// Each line of the data is spelled by itself.
    by_line: bool,
}

/// Where the values of an event's `data` lines stand in its bytes.
type Lines = SmallVec<[Range<usize>; 1]>;

impl Event {
    /// A line that is all data, but for the white space around it.
    pub(super) fn line(raw: Bytes) -> Event {
        let start = raw.len() - raw.trim_ascii_start().len();
        let end = start + raw.trim_ascii().len();
        let data = (start < end).then_some(start..end).into_iter().collect();
        Event { raw, data, odd: false, by_line: false }
    }

    /// Bytes of which these are the data; none if there are none.
    pub(super) fn part(raw: Bytes, data: Range<usize>, odd: bool) -> Event {
        Event { raw, data: (!data.is_empty()).then_some(data).into_iter().collect(), odd, by_line: false }
    }

    /// Whether there is a line in it that is no event's: of another field than the standard's four, or, other than
    /// data, longer than [`MAX_FRAMING`].
    pub fn is_odd(&self) -> bool {
        self.odd
    }

    /// Whether it has no data: a comment, a heart-beat, a bare id.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The data: its lines joined with LF.
    pub fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        match self.data.as_slice() {
            [] => (&[][..]).into(),
            [line] => self.raw[line.clone()].into(),
            lines => lines.iter().map(|line| &self.raw[line.clone()]).collect::<Vec<_>>().join(&b'\n').into(),
        }
    }

    /// The event's bytes with other data. The spelling of its lines and their endings stay.
    pub fn with_data(&self, data: &[u8]) -> Vec<u8> {
        let Some((first, last)) = self.data.first().zip(self.data.last()) else { return self.raw.to_vec() };
        let mut out = Vec::with_capacity(self.raw.len() + data.len());
        out.extend_from_slice(&self.raw[..first.start]);
        if !self.by_line {
            out.extend_from_slice(data);
            out.extend_from_slice(&self.raw[last.end..]);
            return out;
        }
        // A line break inside the new data needs a `data:` of its own, spelled as the event spells it.
        let field = &self.raw[..first.start];
        let line_start = field.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
        let ending = match &self.raw[first.end..] {
            [b'\r', b'\n', ..] => &b"\r\n"[..],
            [b'\r', ..] => b"\r",
            _ => b"\n",
        };
        // A line that says just `data` has no colon yet.
        let colon = if field.ends_with(b"data") { &b":"[..] } else { b"" };
        for (index, line) in data.split(|&byte| byte == b'\n').enumerate() {
            if index > 0 {
                out.extend_from_slice(ending);
                let field = &field[line_start..];
                out.extend_from_slice(field.strip_prefix(BOM).unwrap_or(field));
            }
            out.extend_from_slice(colon);
            out.extend_from_slice(line);
        }
        out.extend_from_slice(&self.raw[last.end..]);
        out
    }
}

/// Cuts a byte stream into events.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// Start of the line that is being read.
    line: usize,
    /// Bytes already looked at.
    seen: usize,
    data: Lines,
    odd: bool,
    started: bool,
    /// The last event ended with a CR: an LF right after belongs to it.
    after_cr: bool,
}

impl Decoder {
    /// Feeds the next bytes and reports the events that they complete.
    pub fn feed(&mut self, bytes: &[u8], mut event: impl FnMut(Event)) -> Result<(), TooLong> {
        self.buffer.extend_from_slice(bytes);
        while let Some(offset) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.seen..]) {
            let end = self.seen + offset;
            if self.after_cr && end == 0 && self.buffer[0] == b'\n' {
                // The second half of a CRLF whose CR already ended an event.
                self.after_cr = false;
                event(Event { raw: self.take(1), data: Lines::new(), odd: false, by_line: true });
                continue;
            }
            self.after_cr = false;
            let mut next = end + 1;
            if self.buffer[end] == b'\r' {
                match self.buffer.get(next) {
                    Some(b'\n') => next += 1,
                    Some(_) => {}
                    // A CR that ends a blank line ends the event: nobody should wait for what may be an LF. After any
                    // other line there is more to come anyway, and after a line that ended in an LF this one will:
                    // what is said in between (a stream's end) would tear the CRLF, which not every client survives.
                    None if end > self.line || self.buffer[..end].ends_with(b"\n") => {
                        self.seen = end;
                        break;
                    }
                    None => self.after_cr = true,
                }
            }
            if end == self.line {
                event(self.event(next));
            } else {
                self.end_line(end);
                self.line = next;
                self.seen = next;
            }
        }
        if self.buffer.len() > MAX_EVENT {
            return Err(TooLong);
        }
        if memchr::memchr2(b'\n', b'\r', &self.buffer[self.seen..]).is_none() {
            self.seen = self.buffer.len();
        }
        Ok(())
    }

    /// The last event, if the stream ends without a blank line. Most clients dispatch it.
    pub fn finish(&mut self) -> Option<Event> {
        if self.buffer.is_empty() {
            return None;
        }
        let mut end = self.buffer.len();
        if end > self.line {
            while end > self.line && matches!(self.buffer[end - 1], b'\r' | b'\n') {
                end -= 1;
            }
            self.end_line(end);
        }
        Some(self.event(self.buffer.len()))
    }

    fn event(&mut self, len: usize) -> Event {
        let (data, odd) = (std::mem::take(&mut self.data), std::mem::take(&mut self.odd));
        Event { data, odd, raw: self.take(len), by_line: true }
    }

    fn take(&mut self, len: usize) -> Bytes {
        self.line = 0;
        self.seen = 0;
        self.buffer.split_to(len).freeze()
    }

    fn end_line(&mut self, end: usize) {
        let mut line = &self.buffer[self.line..end];
        let mut start = self.line;
        if !std::mem::replace(&mut self.started, true)
            && let Some(rest) = line.strip_prefix(BOM)
        {
            line = rest;
            start += 3;
        }
        match line {
            b"data" => self.data.push(end..end),
            [b'd', b'a', b't', b'a', b':', b' ', ..] => self.data.push(start + 6..end),
            [b'd', b'a', b't', b'a', b':', ..] => self.data.push(start + 5..end),
            _ => {
                let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
                self.odd |= !matches!(name, b"" | b"event" | b"id" | b"retry") || line.len() > MAX_FRAMING;
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(bytes: &[u8], step: usize) -> Vec<Event> {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for piece in bytes.chunks(step) {
            decoder.feed(piece, |event| out.push(event)).unwrap();
        }
        out.extend(decoder.finish());
        out
    }

    fn data(bytes: &[u8], step: usize) -> Vec<String> {
        let events = events(bytes, step);
        let filled = events.iter().filter(|event| !event.is_empty());
        filled.map(|event| String::from_utf8(event.data().into_owned()).unwrap()).collect()
    }

    #[test]
    fn reads_every_spelling_at_every_cut() {
        let stream = b"\xef\xbb\xbfdata: a\n\n: comment\r\n\r\nevent: x\r\ndata:b\r\ndata: c\r\n\r\ndata: d\r\rdata\n\nid: 1\n\ndata: [DONE]";
        for step in 1..stream.len() {
            assert_eq!(data(stream, step), ["a", "b\nc", "d", "", "[DONE]"], "step {step}");
            let raw: Vec<u8> = events(stream, step).into_iter().flat_map(|event| event.raw).collect();
            assert_eq!(raw, stream, "step {step}");
        }
    }

    #[test]
    fn no_event_ends_inside_a_crlf() {
        let stream = b"data: a\r\n\r\n: b\r\n\r\nevent: c\r\ndata: c\r\n\r\n";
        for step in 1..stream.len() {
            assert_eq!(events(stream, step), events(stream, stream.len()), "step {step}");
        }
        assert_eq!(events(b"data: a\r\n\r", 1)[0].raw.as_ref(), b"data: a\r\n\r");
    }

    #[test]
    fn new_data_keeps_the_spelling() {
        let event = &events(b"event: m\r\ndata:{\"a\":1}\r\nid: 7\r\n\r\n", 100)[0];
        assert_eq!(event.with_data(b"{}"), b"event: m\r\ndata:{}\r\nid: 7\r\n\r\n");
        assert_eq!(event.with_data(b"{\n}"), b"event: m\r\ndata:{\r\ndata:}\r\nid: 7\r\n\r\n");
        assert_eq!(events(b"data\ndata: 1\n\n", 100)[0].with_data(b"\n2"), b"data:\ndata:2\n\n");
    }

    #[test]
    fn tells_what_is_no_event() {
        let odd = |stream: &[u8]| events(stream, 3).iter().map(Event::is_odd).collect::<Vec<_>>();
        assert_eq!(odd(b": ping\n\nevent: a\nid\ndata: x\nretry: 1\n\n\n"), [false; 3]);
        assert_eq!(odd(b"{\"error\": 1}\n\n: ping\n\n<html>"), [true, false, true]);
        assert_eq!(odd(b"dataset: x\n\n"), [true]);
        assert_eq!(odd(format!(": {}\n\n", "x".repeat(MAX_FRAMING)).as_bytes()), [true]);
    }

    #[test]
    fn refuses_endless_events() {
        let mut decoder = Decoder::default();
        let mut result = Ok(());
        for _ in 0..=MAX_EVENT / 4096 {
            result = result.and_then(|()| decoder.feed(&[b'x'; 4096], |_| {}));
        }
        assert_eq!(result, Err(TooLong));
    }

    proptest! {
        #[test]
        fn loses_no_byte(stream in "[dat: x\\r\\n]{0,60}", step in 1usize..9) {
            let raw: Vec<u8> = events(stream.as_bytes(), step).into_iter().flat_map(|event| event.raw).collect();
            prop_assert_eq!(raw, stream.as_bytes());
            prop_assert_eq!(data(stream.as_bytes(), step), data(stream.as_bytes(), 100));
        }
    }
}
