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
    inside: Inside,
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
    /// Inside a string that is an element.
    Text,
    /// Behind a backslash in one.
    Escape,
    /// Inside a number or a word.
    Bare,
    /// Behind the end.
    After,
}

/// Where in an element that is an object or an array the decoder stands.
#[derive(Debug, Default)]
struct Inside {
    /// Brackets and braces that are open.
    depth: usize,
    /// Inside a string.
    text: bool,
    /// Behind a backslash in one.
    escape: bool,
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
                self.inside.depth = 1;
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
                // It ends like a number: with what follows.
                self.state = if quote { State::Bare } else { State::Escape };
            }
        }
    }

    fn skip_inside(&mut self, event: &mut impl FnMut(Event)) {
        while self.seen < self.buffer.len() {
            let rest = &self.buffer[self.seen..];
            let len = rest.len().min(BLOCK);
            let end = if let Some(block) = rest.first_chunk() {
                self.inside.end(block, len)
            } else {
                let mut block = [0; BLOCK];
                block[..len].copy_from_slice(rest);
                self.inside.end(&block, len)
            };
            self.seen += end.map_or(len, |end| end + 1);
            if end.is_some() {
                return event(self.element(self.seen));
            }
        }
    }

    fn element(&mut self, end: usize) -> Event {
        let data = self.start..end;
        self.state = if self.is_array { State::Between } else { State::After };
        Event::part(self.take(end), data, std::mem::take(&mut self.odd))
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

/// So many bytes are looked at together: a bit for each makes a word.
const BLOCK: usize = 64;

impl Inside {
    /// Goes on over a block of which the first `len` bytes count; the others are zeros. Tells where the element ends.
    fn end(&mut self, block: &[u8; BLOCK], len: usize) -> Option<usize> {
        let escaped = self.escaped(bits(block, |byte| byte == b'\\'), len);
        // Each quote turns the bits from its own on.
        let mut text = bits(block, |byte| byte == b'"') & !escaped;
        for distance in [1, 2, 4, 8, 16, 32] {
            text ^= text << distance;
        }
        if self.text {
            text = !text;
        }
        self.text = text >> (BLOCK - 1) == 1;
        if text == u64::MAX {
            return None;
        }
        // Brackets and braces are all of this form, and of what else is little stands outside of strings.
        let mut marks = bits(block, |byte| byte | 0x26 == 0x7f) & !text;
        while marks != 0 {
            let at = marks.trailing_zeros() as usize;
            marks &= marks - 1;
            match block[at] {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' => {
                    *self = Inside::default();
                    return Some(at);
                }
                _ => {}
            }
        }
        None
    }

    /// Which bytes stand behind a backslash that counts.
    fn escaped(&mut self, mut backslashes: u64, len: usize) -> u64 {
        let mut escaped = u64::from(std::mem::take(&mut self.escape));
        backslashes &= !escaped;
        while backslashes != 0 {
            let after = backslashes.trailing_zeros() + 1;
            if after as usize == len {
                self.escape = true;
                break;
            }
            escaped |= 1 << after;
            backslashes = backslashes & (backslashes - 1) & !(1 << after);
        }
        escaped
    }
}

/// A bit for each byte of which this is true, the first one lowest. Written so that compilers make vectors of it.
fn bits(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let mut ones = [0; BLOCK];
    for (one, &byte) in ones.iter_mut().zip(block) {
        *one = u8::from(is(byte));
    }
    if ones.iter().fold(0, |any, one| any | one) == 0 {
        return 0;
    }
    let mut bits = 0;
    for (place, eight) in ones.as_chunks().0.iter().enumerate() {
        // Puts the lowest bits of eight bytes next to each other: no two products meet.
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (8 * place);
    }
    bits
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

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
        let first = &events(b"[{\n  1\n}]", 3)[0];
        assert_eq!(first.with_data(&first.data()), first.raw);
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

    /// Values with much of what structure is made of, in strings and outside.
    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            "[]\\[{}\"\\\\a,:é]{0,12}".prop_map(serde_json::Value::from),
            any::<i32>().prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                proptest::collection::vec(("[a\"{\\\\]{0,8}", inner), 0..4)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn elements_are_what_a_parser_reads(values in proptest::collection::vec(value(), 0..6), step in 1usize..200) {
            let stream = serde_json::to_string(&values).unwrap();
            let read: Vec<serde_json::Value> =
                data(&stream, step).iter().map(|element| serde_json::from_str(element).unwrap()).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn no_byte_is_lost_and_no_cut_counts(stream in "[]\\[{}\"\\\\a, ]{0,160}", step in 1usize..90) {
            let told = |step| {
                let events = events(stream.as_bytes(), step);
                let odd = events.iter().any(Event::is_odd);
                (odd, events.into_iter().filter(|event| !event.is_empty()).map(|event| event.data().into_owned()).collect::<Vec<_>>())
            };
            prop_assert_eq!(told(step), told(usize::MAX));
        }
    }
}
