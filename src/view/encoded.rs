//! What the views of encoded text have in common: base64, base32 and hex differ by their [`Alphabet`] alone.
//!
//! A run is characters of the alphabet that follow each other. It is decoded from its first character on in groups;
//! padding, or anything that is not of the alphabet, ends it. What may stand between groups belongs to it: line breaks
//! (MIME, PEM), and so do invisible characters. Groups in a row that decode to text (UTF-8 without control characters but
//! white space), at least [`MIN_CHARS`] characters of them, are a text of its own, whose units are the groups. A group that
//! does not decode to text ends it. Another one begins after [`MIN_CHARS`] characters of the run at the earliest, and so
//! does the first one where the run begins inside a word: else every ordinary word would have to wait for its end.

use std::ops::Range;

use smallvec::SmallVec;

use super::{Shown, Units, View, is_invisible};

/// What bytes are written with.
#[derive(Debug)]
pub(super) struct Alphabet {
    /// What each character stands for; [`NONE`] for what is not of the alphabet.
    values: [u8; 256],
    /// What ends a run whatever comes next: no padding, nothing that may stand between groups, no part of an invisible
    /// character.
    ends: [bool; 256],
    /// Bits of a character.
    bits: usize,
    /// Characters of a group, which is whole bytes.
    group: usize,
    /// Whether groups are filled up with `=`.
    padded: bool,
    /// What may stand between two groups besides a line break, one at a time.
    between: &'static str,
    /// Of the bytes that end a run the first and the last of a row in which the most common ones of prose stand.
    common: (u8, u8),
}

impl Alphabet {
    /// `chars` in the order of their values, and others that stand for the same.
    pub(super) const fn new(
        chars: &str,
        same: &[(u8, u8)],
        padded: bool,
        between: &'static str,
        common: (u8, u8),
    ) -> Alphabet {
        let (chars, mut values, mut at) = (chars.as_bytes(), [NONE; 256], 0);
        while at < chars.len() {
            values[chars[at] as usize] = at as u8;
            at += 1;
        }
        at = 0;
        while at < same.len() {
            values[same[at].0 as usize] = values[same[at].1 as usize];
            at += 1;
        }
        let mut ends = [false; 256];
        at = 0;
        while at < 128 {
            ends[at] = values[at] == NONE && !matches!(at as u8, b'=' | b'\r' | b'\n');
            at += 1;
        }
        at = 0;
        while at < between.len() {
            ends[between.as_bytes()[at] as usize] = false;
            at += 1;
        }
        let bits = chars.len().ilog2() as usize;
        let group = match bits {
            6 => 4,
            5 => 8,
            _ => 2,
        };
        let mut byte = common.0;
        while byte <= common.1 {
            assert!(ends[byte as usize]);
            byte += 1;
        }
        Alphabet { values, ends, bits, group, padded, between, common }
    }

    fn has(&self, byte: u8) -> bool {
        self.values[usize::from(byte)] != NONE
    }

    /// What the characters of a group stand for.
    fn values(&self, group: &[u8]) -> Option<u64> {
        let (mut bits, mut all) = (0, 0);
        for &byte in group {
            let value = self.values[usize::from(byte)];
            all |= value;
            bits = bits << self.bits | u64::from(value);
        }
        (all & 0x80 == 0).then_some(bits)
    }

    /// Bytes of a group.
    fn bytes(&self) -> usize {
        self.bits * self.group / 8
    }

    fn value(&self, char: char) -> Option<u64> {
        let value = u8::try_from(char).ok().map(|byte| self.values[usize::from(byte)]);
        value.filter(|&value| value != NONE).map(u64::from)
    }
}

const NONE: u8 = 0xff;

/// A shorter stretch is taken for a word. In characters, padding counted.
const MIN_CHARS: usize = 16;
/// Most characters in a row inside a run that are skipped: invisible ones, line breaks.
const MAX_SKIPPED: usize = 64;
/// Most bytes that are decoded at a time.
const BLOCK: usize = 240;

/// The view of one text.
#[derive(Clone, Debug)]
pub(super) struct Encoded {
    alphabet: &'static Alphabet,
    /// Bytes seen.
    at: usize,
    /// The bits of each character of the group that has begun, how many there are, and where they stand.
    bits: u64,
    count: usize,
    group: Range<usize>,
    /// Characters of the run before the group, from what last stood between two groups on.
    before: usize,
    /// Padding characters of the group.
    padding: usize,
    /// Characters skipped in a row.
    skipped: usize,
    /// Line breaks in a row.
    breaks: usize,
    inside: bool,
    /// The run begins inside a word.
    torn: bool,
    /// The last byte.
    last: u8,
    stretch: Stretch,
}

/// Groups in a row that decode to text.
#[derive(Clone, Debug, Default)]
struct Stretch {
    /// Groups that were not shown, as there are too few.
    units: SmallVec<[Units; 1]>,
    /// What they decode to, or after that the beginning of a character.
    bytes: SmallVec<[u8; 24]>,
    /// Characters of all groups.
    chars: usize,
    shown: bool,
}

impl View for Encoded {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        let mut rest = piece;
        while !rest.is_empty() {
            let short = if self.inside { 0 } else { words(self.alphabet, rest.as_bytes()) };
            self.at += short;
            self.note_last(&rest[..short]);
            rest = rest.get(short..).unwrap_or_default();
            rest = self.skip(rest);
            rest = self.read_groups(rest, shown);
            // What is no whole group, character by character.
            let mut seen = 0;
            for char in rest.chars() {
                self.see(char, self.at + seen, shown);
                self.note_last(char.encode_utf8(&mut [0; 4]));
                seen += char.len_utf8();
                if !self.inside || self.count + self.padding == 0 || self.is_barren() {
                    break;
                }
            }
            self.at += seen;
            rest = rest.get(seen..).unwrap_or_default();
        }
    }

    fn finish(&mut self, shown: &mut Shown) {
        self.end(shown);
    }

    fn open(&self) -> usize {
        let begun = if self.count > 0 { self.group.start } else { self.at };
        let goes_on = !self.stretch.is_empty() && self.may_follow(&self.stretch.bytes);
        if self.count == 0 || goes_on {
            self.stretch.units.first().map_or(begun, |unit| unit.from.start)
        } else if self.may_begin() && self.may_follow(&[]) {
            begun
        } else {
            self.at
        }
    }
}

impl Encoded {
    pub(super) fn new(alphabet: &'static Alphabet, at: usize) -> Encoded {
        Encoded {
            alphabet,
            at,
            bits: 0,
            count: 0,
            group: at..at,
            before: 0,
            padding: 0,
            skipped: 0,
            breaks: 0,
            inside: false,
            torn: false,
            last: 0,
            stretch: Stretch::default(),
        }
    }

    /// The bytes of the group that has begun, filled up with zeros.
    fn known(&self) -> [u8; 8] {
        let filled = self.alphabet.bits * self.alphabet.group;
        (self.bits << (self.alphabet.bits * (self.alphabet.group - self.count)) << (64 - filled)).to_be_bytes()
    }

    /// How many bytes of it are whole.
    fn whole(&self) -> usize {
        self.count * self.alphabet.bits / 8
    }

    /// Skips the characters of a run in which no text may begin yet. Returns the rest.
    fn skip<'p>(&mut self, piece: &'p str) -> &'p str {
        if !self.is_barren() {
            return piece;
        }
        let seen = self.before + self.count;
        let run = piece.bytes().take(MIN_CHARS - seen).take_while(|&byte| self.alphabet.has(byte)).count();
        if run > 0 {
            let group = self.alphabet.group;
            (self.before, self.count) = ((seen + run) / group * group, (seen + run) % group);
            self.at += run;
            self.group = self.at - self.count..self.at;
            (self.bits, self.skipped, self.breaks) = (0, 0, 0);
            self.note_last(&piece[..run]);
        }
        piece.get(run..).unwrap_or_default()
    }

    /// Whether the next characters of the run cannot belong to a text.
    fn is_barren(&self) -> bool {
        self.inside && self.padding == 0 && !self.may_begin() && self.stretch.is_empty()
    }

    /// Reads the groups of a run that stand there whole, with nothing between them. Returns the rest.
    fn read_groups<'p>(&mut self, piece: &'p str, shown: &mut Shown) -> &'p str {
        if !self.inside || self.count + self.padding > 0 || self.is_barren() {
            return piece;
        }
        let (begun, mut rest) = (self.at, piece);
        loop {
            rest = self.read_plain(rest, shown);
            let group = rest.as_bytes().get(..self.alphabet.group);
            let Some(bits) = group.and_then(|group| self.alphabet.values(group)) else { break };
            (self.bits, self.count) = (bits, self.alphabet.group);
            self.group = self.at..self.at + self.count;
            self.at = self.group.end;
            rest = rest.get(self.count..).unwrap_or_default();
            self.decode(shown);
            if self.is_barren() {
                break;
            }
        }
        if self.at > begun {
            (self.skipped, self.breaks) = (0, 0);
            self.note_last(&piece[..self.at - begun]);
        }
        rest
    }

    /// The same of groups that go on with a text that is shown, and are whole ASCII characters.
    fn read_plain<'p>(&mut self, piece: &'p str, shown: &mut Shown) -> &'p str {
        if !self.stretch.shown || !self.stretch.bytes.is_empty() {
            return piece;
        }
        let (size, len) = (self.alphabet.group, self.alphabet.bytes());
        let mut rest = piece;
        loop {
            let (mut block, mut known) = ([0; BLOCK], 0);
            for (group, bytes) in rest.as_bytes().chunks_exact(size).zip(block.chunks_exact_mut(len)) {
                let Some(bits) = self.alphabet.values(group) else { break };
                bytes.copy_from_slice(&(bits << (64 - 8 * len)).to_be_bytes()[..len]);
                if !bytes.iter().all(|&byte| is_plain(byte)) {
                    break;
                }
                known += len;
            }
            let text = std::str::from_utf8(&block[..known]).unwrap_or_default();
            if text.is_empty() {
                return rest;
            }
            let chars = known / len * size;
            shown.row(Units { from: self.at..self.at + chars, size, len }, text);
            self.stretch.chars += chars;
            self.before = self.before.saturating_add(chars);
            self.at += chars;
            rest = rest.get(chars..).unwrap_or_default();
        }
    }

    fn see(&mut self, char: char, at: usize, shown: &mut Shown) {
        if let Some(value) = self.alphabet.value(char) {
            if self.padding > 0 {
                self.end(shown);
            }
            if self.count == 0 {
                self.group = at..at;
            }
            if !self.inside {
                // `0x` stands before hex digits.
                self.torn = self.last.is_ascii_alphanumeric() && !matches!(self.last, b'x' | b'X');
            }
            (self.inside, self.skipped, self.breaks) = (true, 0, 0);
            self.bits = self.bits << self.alphabet.bits | value;
            self.count += 1;
            self.group.end = at + 1;
            if self.count == self.alphabet.group {
                self.decode(shown);
            }
        } else if self.inside {
            self.see_other(char, at, shown);
        }
    }

    fn see_other(&mut self, char: char, at: usize, shown: &mut Shown) {
        let between = self.count == 0 && self.padding == 0;
        match char {
            '=' if self.alphabet.padded && self.count >= 2 && self.count + self.padding < self.alphabet.group => {
                self.padding += 1;
                self.group.end = at + 1;
                if self.count + self.padding == self.alphabet.group {
                    self.end(shown);
                }
            }
            '\r' | '\n' if between && self.breaks < 2 => self.breaks += 1,
            // A word of such characters may stand before it: another text may begin here.
            _ if between && self.breaks == 0 && self.alphabet.between.contains(char) => {
                (self.breaks, self.before, self.torn) = (2, 0, false);
            }
            _ if self.padding == 0 && self.skipped < MAX_SKIPPED && is_invisible(char) => self.skipped += 1,
            _ => self.end(shown),
        }
    }

    /// The run has ended, perhaps inside a group.
    fn end(&mut self, shown: &mut Shown) {
        if self.whole() > 0 {
            self.decode(shown);
        }
        self.stretch.end(shown);
        (self.count, self.padding, self.inside, self.skipped, self.breaks) = (0, 0, false, 0, 0);
        self.before = 0;
    }

    fn note_last(&mut self, seen: &str) {
        self.last = seen.as_bytes().last().copied().unwrap_or(self.last);
    }

    /// Whether a text may begin with the group.
    fn may_begin(&self) -> bool {
        (self.before == 0 && !self.torn) || self.before >= MIN_CHARS
    }

    /// Decodes the group that has begun.
    fn decode(&mut self, shown: &mut Shown) {
        let bytes = self.known();
        let bytes = &bytes[..self.whole()];
        let chars = self.count + self.padding;
        let goes_on = !self.stretch.is_empty() && self.stretch.add(self.group.clone(), bytes, chars, shown);
        if !goes_on {
            self.stretch.end(shown);
            if self.may_begin() {
                self.stretch.add(self.group.clone(), bytes, chars, shown);
            }
        }
        self.before = self.before.saturating_add(chars);
        (self.bits, self.count, self.padding) = (0, 0, 0);
    }

    /// Whether the group that has begun may still decode to text behind these bytes.
    fn may_follow(&self, before: &[u8]) -> bool {
        let known = self.known();
        let (whole, begun) = (self.whole(), self.count * self.alphabet.bits % 8);
        let mut bytes: SmallVec<[u8; 24]> = before.into();
        bytes.extend_from_slice(&known[..whole]);
        // What there is of a group at the end of a run is one too.
        if whole > 0 && is_text(&bytes) {
            return true;
        }
        if self.padding > 0 {
            return false;
        }
        // What the byte may become that has begun. Bytes that text may go on with come in ranges; one that begins inside
        // is as good as any.
        let (low, high) = (known[whole], known[whole] | 0xff >> begun);
        let begins =
            [b'\t', b'\r', b' ', 0x80, 0x90, 0xa0, 0xc2].into_iter().filter(|begin| (low..=high).contains(begin));
        std::iter::once(low).chain(begins).any(|byte| {
            bytes.truncate(before.len() + whole);
            bytes.push(byte);
            is_text(&bytes)
        })
    }
}

impl Stretch {
    fn is_empty(&self) -> bool {
        self.chars == 0
    }

    /// Adds a group, unless the stretch is no text with it.
    fn add(&mut self, from: Range<usize>, bytes: &[u8], chars: usize, shown: &mut Shown) -> bool {
        if bytes.iter().any(|&byte| is_control(byte)) {
            return false;
        }
        let before = self.bytes.len();
        let plain = self.bytes.last().is_none_or(u8::is_ascii) && bytes.is_ascii();
        self.bytes.extend_from_slice(bytes);
        if !plain && !is_text(&self.bytes) {
            self.bytes.truncate(before);
            return false;
        }
        self.chars += chars;
        let row = Units { size: from.len(), from, len: bytes.len() };
        if !self.units.last_mut().is_some_and(|last| last.goes_on(&row)) {
            self.units.push(row);
        }
        if !self.shown && self.chars >= MIN_CHARS {
            shown.begin();
            self.shown = true;
        }
        if self.shown {
            let whole = whole_chars(&self.bytes);
            let mut text = std::str::from_utf8(&self.bytes[..whole]).unwrap_or_default();
            for row in self.units.drain(..) {
                shown.row(row, std::mem::take(&mut text));
            }
            self.bytes.drain(..whole);
        }
        true
    }

    fn end(&mut self, shown: &mut Shown) {
        if self.shown {
            shown.end();
        }
        self.units.clear();
        self.bytes.clear();
        (self.chars, self.shown) = (0, false);
    }
}

/// Whether this is a character of ASCII that texts have.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii() && !is_control(byte)
}

/// Whether this is a character that no text has.
fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// The length of the whole characters.
fn whole_chars(bytes: &[u8]) -> usize {
    std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Whether these are characters of a text, the last one perhaps not all there.
fn is_text(bytes: &[u8]) -> bool {
    let good = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    good.is_some_and(|text| !text.chars().any(|char| char.is_control() && !matches!(char, '\t' | '\n' | '\r')))
}

/// Whether a piece, behind what has no run at its end, has a run that is long enough or may become so.
pub(super) fn wakes(alphabet: &Alphabet, piece: &str, ended: bool) -> bool {
    let short = words(alphabet, piece.as_bytes());
    let rest = piece.len() - short;
    rest >= MIN_CHARS || (rest > 0 && !ended)
}

/// How many bytes at the start of a piece are nothing but runs that are too short, and what lies between.
fn words(alphabet: &Alphabet, piece: &[u8]) -> usize {
    let mut at = 0;
    while at < piece.len() {
        at += prose(alphabet.common, &piece[at..]);
        let window = &piece[at..piece.len().min(at + MIN_CHARS)];
        // Before the last end of a run in here, none is long enough: from there on looking once is enough.
        if let Some(last) = window.iter().rposition(|&byte| alphabet.ends[usize::from(byte)]) {
            at += last + 1;
            continue;
        }
        let other = piece[at..].iter().take_while(|&&byte| !alphabet.has(byte)).count();
        if other == 0 {
            return at;
        }
        at += other;
    }
    at
}

/// The same of blocks that each have one of these bytes, which end runs: a few steps for a block, whatever stands in it.
fn prose(common: (u8, u8), piece: &[u8]) -> usize {
    // Where the run begins that goes on into the next block, and how many bytes before that block.
    let (mut calm, mut short) = (0, 0);
    for (index, block) in piece.as_chunks::<MIN_CHARS>().0.iter().enumerate() {
        let ends = within(common, block);
        let (first, behind) = (ends.trailing_zeros() as usize / 8, ends.leading_zeros() as usize / 8);
        if ends == 0 || short + first >= MIN_CHARS {
            break;
        }
        (calm, short) = ((index + 1) * MIN_CHARS - behind, behind);
    }
    calm
}

/// The highest bit of each byte that lies within these two, which are ASCII; the first byte is the lowest.
fn within((low, high): (u8, u8), block: &[u8; MIN_CHARS]) -> u128 {
    const ONES: u128 = u128::MAX / 255;
    let bytes = u128::from_le_bytes(*block);
    // No sum of two such bytes carries into the next.
    let ascii = bytes & (0x7f * ONES);
    let from_low = ascii + u128::from(0x80 - low) * ONES;
    let above_high = ascii + u128::from(0x7f - high) * ONES;
    from_low & !above_high & !bytes & (0x80 * ONES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_apart() {
        for (low, high) in [(b' ', b'*'), (b'g', b'z'), (0, 0x7f), (b'a', b'a')] {
            for byte in 0..=255 {
                for place in 0..MIN_CHARS {
                    let mut block = [0xff; MIN_CHARS];
                    block[place] = byte;
                    let expected = u128::from((low..=high).contains(&byte)) << (8 * place + 7);
                    assert_eq!(within((low, high), &block), expected, "{byte} at {place}");
                }
            }
        }
    }
}
