//! A stream that is one JSON array, element by element, as Gemini sends it without `alt=sse`: bytes to elements and back.
//!
//! An element's bytes begin with what stands before it: the bracket that opens the array, or the comma. A body that is
//! no array (an error, say) is one element. What is not an array of values with one comma between them is
//! [odd](Event::is_odd).

use bytes::BytesMut;

use super::sse::{Event, MAX_EVENT, TooLong};

/// Cuts a byte stream into the elements of its array.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// Bytes already looked at.
    seen: usize,
    /// Start of the element that is being read.
    start: usize,
    state: State,
    /// Brackets and braces that are open inside the element.
    depth: usize,
    /// A comma stands before the next element, or the bracket that opens the array.
    led: bool,
    is_array: bool,
    odd: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first value.
    #[default]
    Before,
    /// Between elements.
    Between,
    /// Inside an object or an array.
    Inside,
    /// Inside a string, at any depth.
    Text,
    /// Behind a backslash.
    Escape,
    /// Inside a number or a word.
    Bare,
    /// Behind the end.
    After,
}

impl Decoder {
    /// Feeds the next bytes and reports the elements that they complete.
    pub fn feed(&mut self, bytes: &[u8], mut event: impl FnMut(Event)) -> Result<(), TooLong> {
        self.buffer.extend_from_slice(bytes);
        while let Some(&byte) = self.buffer.get(self.seen) {
            match self.state {
                State::Text => self.skip_text(),
                State::Inside => self.skip_inside(&mut event),
                State::Escape => {
                    self.seen += 1;
                    self.state = State::Text;
                }
                State::Bare if !matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n') => self.seen += 1,
                State::Bare => event(self.element(self.seen)),
                State::Before | State::Between | State::After => self.see(byte, &mut event),
            }
        }
        if self.buffer.len() > MAX_EVENT { Err(TooLong) } else { Ok(()) }
    }

    /// What is left when the stream ends: white space, or an element that is not whole.
    pub fn finish(&mut self) -> Option<Event> {
        let torn = !matches!(self.state, State::Between | State::After | State::Before);
        let end = self.buffer.len();
        match () {
            () if torn => Some(self.element(end)),
            () if end == 0 => None,
            () => Some(self.between(end)),
        }
    }

    /// One byte outside of elements.
    fn see(&mut self, byte: u8, event: &mut impl FnMut(Event)) {
        self.seen += 1;
        match (self.state, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            (State::Before, b'[') => {
                (self.is_array, self.led) = (true, true);
                self.state = State::Between;
            }
            (State::Between, b',') if !self.led => self.led = true,
            (State::Between, b']') => {
                self.state = State::After;
                event(self.between(self.seen));
            }
            (State::Before | State::Between, _) => {
                self.odd |= self.is_array && !std::mem::take(&mut self.led);
                self.start = self.seen - 1;
                self.state = match byte {
                    b'{' | b'[' => State::Inside,
                    b'"' => State::Text,
                    _ => State::Bare,
                };
                self.depth = usize::from(self.state == State::Inside);
            }
            // Behind the array.
            _ => {
                self.odd = true;
                self.start = self.seen - 1;
                self.state = State::Bare;
            }
        }
    }

    fn skip_text(&mut self) {
        let rest = &self.buffer[self.seen..];
        match memchr::memchr2(b'"', b'\\', rest) {
            None => self.seen = self.buffer.len(),
            Some(at) => {
                let quote = rest[at] == b'"';
                self.seen += at + 1;
                // A string that is an element ends like a number: with what follows.
                self.state = match (quote, self.depth) {
                    (false, _) => State::Escape,
                    (true, 0) => State::Bare,
                    (true, _) => State::Inside,
                };
            }
        }
    }

    fn skip_inside(&mut self, event: &mut impl FnMut(Event)) {
        let mut at = self.seen;
        while let Some(&byte) = self.buffer.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    self.state = State::Text;
                    break;
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.seen = at;
                        return event(self.element(at));
                    }
                }
                _ => {}
            }
        }
        self.seen = at;
    }

    fn element(&mut self, end: usize) -> Event {
        let data = self.start..end;
        self.state = if self.is_array { State::Between } else { State::After };
        let event = Event::part(self.take(end), data, std::mem::take(&mut self.odd));
        self.depth = 0;
        event
    }

    /// Bytes that belong to no element.
    fn between(&mut self, end: usize) -> Event {
        Event::part(self.take(end), 0..0, std::mem::take(&mut self.odd))
    }

    fn take(&mut self, end: usize) -> bytes::Bytes {
        (self.seen, self.start) = (0, 0);
        self.buffer.split_to(end).freeze()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn events(stream: &[u8], step: usize) -> Vec<Event> {
        let (mut decoder, mut events) = (Decoder::default(), Vec::new());
        for piece in stream.chunks(step) {
            decoder.feed(piece, |event| events.push(event)).unwrap();
        }
        events.extend(decoder.finish());
        let raw: Vec<u8> = events.iter().flat_map(|event| event.raw.to_vec()).collect();
        assert_eq!(raw, stream, "step {step}");
        events
    }

    fn data(stream: &str, step: usize) -> Vec<String> {
        let events = events(stream.as_bytes(), step);
        assert!(events.iter().all(|event| !event.is_odd()), "{stream:?} in {step}");
        let filled = events.iter().filter(|event| !event.is_empty());
        filled.map(|event| String::from_utf8(event.data().into_owned()).unwrap()).collect()
    }

    #[test]
    fn elements_are_events_at_every_cut_and_keep_their_bytes() {
        let stream = "[{\"a\":\"]},[\\\"\"}\n,\r\n{\"b\":[1,{}]},\"x\\\\\", 12 , null]\n";
        for step in 1..stream.len() {
            let elements = ["{\"a\":\"]},[\\\"\"}", "{\"b\":[1,{}]}", "\"x\\\\\"", "12", "null"];
            assert_eq!(data(stream, step), elements, "step {step}");
            assert_eq!(data("[ ]", step), [""; 0]);
            assert_eq!(data(" {\"error\":[1]} ", step), ["{\"error\":[1]}"]);
        }
        let second = &events(stream.as_bytes(), 3)[1];
        assert_eq!(second.with_data(b"{}"), b"\n,\r\n{}");
    }

    #[test]
    fn what_is_no_array_is_odd() {
        for stream in ["[{}{}]", "[{},,{}]", "[,{}]", "[{}] {}", "{} {}", "[]]"] {
            for step in 1..stream.len() {
                assert!(events(stream.as_bytes(), step).iter().any(Event::is_odd), "{stream} in {step}");
            }
        }
    }

    #[test]
    fn endless_elements_are_refused() {
        let mut decoder = Decoder::default();
        let fed = (0..=MAX_EVENT / 4096).try_for_each(|_| decoder.feed(&[b'['; 4096], |_| {}));
        assert_eq!(fed, Err(TooLong));
    }
}
