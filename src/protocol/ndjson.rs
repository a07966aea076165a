//! Newline-delimited JSON: bytes to lines and back. A line is an event; an empty line is none, and a heart-beat at most.

use bytes::BytesMut;

use super::sse::{Event, MAX_EVENT, TooLong};

/// Cuts a byte stream into lines.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// Bytes already looked at.
    seen: usize,
}

impl Decoder {
    /// Feeds the next bytes and reports the lines that they complete.
    pub fn feed(&mut self, bytes: &[u8], mut event: impl FnMut(Event)) -> Result<(), TooLong> {
        self.buffer.extend_from_slice(bytes);
        while let Some(offset) = memchr::memchr(b'\n', &self.buffer[self.seen..]) {
            let line = self.buffer.split_to(self.seen + offset + 1);
            self.seen = 0;
            event(Event::line(line.freeze()));
        }
        self.seen = self.buffer.len();
        if self.buffer.len() > MAX_EVENT { Err(TooLong) } else { Ok(()) }
    }

    /// The last line, if it has no line break.
    pub fn finish(&mut self) -> Option<Event> {
        let line = self.buffer.split();
        self.seen = 0;
        (!line.is_empty()).then(|| Event::line(line.freeze()))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events_at_every_cut_and_keep_their_bytes() {
        let stream = b"{\"a\":1}\n\n {\"b\":2} \r\n{\"c\":3}";
        for step in 1..stream.len() {
            let (mut decoder, mut events) = (Decoder::default(), Vec::new());
            for piece in stream.chunks(step) {
                decoder.feed(piece, |event| events.push(event)).unwrap();
            }
            events.extend(decoder.finish());
            let raw: Vec<u8> = events.iter().flat_map(|event| event.raw.to_vec()).collect();
            assert_eq!(raw, stream, "step {step}");
            let filled: Vec<_> = events.iter().filter(|event| !event.is_empty()).collect();
            let data: Vec<_> = filled.iter().map(|event| event.data().into_owned()).collect();
            assert_eq!(data, [&b"{\"a\":1}"[..], b"{\"b\":2}", b"{\"c\":3}"], "step {step}");
            assert_eq!(filled[1].with_data(b"{}"), b" {} \r\n");
        }
    }

    #[test]
    fn endless_lines_are_refused() {
        let mut decoder = Decoder::default();
        let fed = (0..=MAX_EVENT / 4096).try_for_each(|_| decoder.feed(&[b'x'; 4096], |_| {}));
        assert_eq!(fed, Err(TooLong));
    }
}
