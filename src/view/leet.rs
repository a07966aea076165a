//! The view without leetspeak: letters in the place of the figures and signs that stand for them.
//!
//! Exactly: a run is at most [`MAX_RUN`] characters of [`LETTERS`] in a row. One with an ASCII letter directly before or
//! behind it becomes letters; where no letter follows, [`SIGNS`] at its end stay, as they end sentences and cells. One or two
//! others that stand alone (`70`, `@`) become letters if another has at most [`NEAR`] bytes before. `1` is an `i`, two in a row
//! are `ll`.

use super::{Readers, Shape, Shown, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "leet",
    why: "with letters for figures",
    shape: Shape::Whole,
    readers: Readers::Asking,
    make: |at| Box::new(Leet { at, ..Leet::default() }),
    wakes: |piece, _| wakes(piece),
};

/// Figures and signs, and the letters that they stand for.
pub(super) const LETTERS: &[(u8, char)] = &[
    (b'0', 'o'),
    (b'1', 'i'),
    (b'3', 'e'),
    (b'4', 'a'),
    (b'5', 's'),
    (b'7', 't'),
    (b'8', 'b'),
    (b'9', 'g'),
    (b'@', 'a'),
    (b'$', 's'),
    (b'!', 'i'),
    (b'|', 'l'),
    (b'+', 't'),
];

/// Those that end sentences or stand between words.
pub(super) const SIGNS: [char; 3] = ['!', '|', '+'];
/// A longer run is a number or a line.
pub(super) const MAX_RUN: usize = 8;
/// How far a word in leetspeak lets figures alone be words too, in bytes.
pub(super) const NEAR: usize = 32;

/// The view of one text.
#[derive(Clone, Debug, Default)]
struct Leet {
    /// Bytes that have been shown.
    at: usize,
    /// The run that has begun.
    run: String,
    /// It has become too long: what comes of it is shown as it stands.
    long: bool,
    /// The last character before the run.
    before: Option<char>,
    /// Where the last character ends that was replaced.
    replaced: Option<usize>,
}

impl View for Leet {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        let mut rest = piece;
        while !rest.is_empty() {
            let plain = rest.bytes().take_while(|&byte| letter(byte).is_none()).count();
            if let Some(first) = rest.get(..plain).and_then(|plain| plain.chars().next()) {
                self.end(Some(first), shown);
                self.same(plain, shown);
                self.before = rest[..plain].chars().next_back();
            }
            rest = rest.get(plain..).unwrap_or_default();
            let run = rest.bytes().take_while(|&byte| letter(byte).is_some()).count();
            self.add(rest.get(..run).unwrap_or_default(), shown);
            rest = rest.get(run..).unwrap_or_default();
        }
    }

    fn finish(&mut self, shown: &mut Shown) {
        self.end(None, shown);
    }

    fn open(&self) -> usize {
        self.at
    }

    fn begins(&self, _next: char) -> bool {
        self.run.is_empty()
    }
}

impl Leet {
    fn same(&mut self, len: usize, shown: &mut Shown) {
        shown.same(self.at..self.at + len);
        self.at += len;
    }

    fn add(&mut self, part: &str, shown: &mut Shown) {
        if !self.long && self.run.len() + part.len() > MAX_RUN {
            self.long = true;
            self.same(self.run.len(), shown);
            self.run.clear();
        }
        if self.long {
            self.same(part.len(), shown);
        } else {
            self.run.push_str(part);
        }
    }

    /// The run has ended, and this comes next.
    fn end(&mut self, next: Option<char>, shown: &mut Shown) {
        let run = std::mem::take(&mut self.run);
        if run.is_empty() {
            self.long = false;
            return;
        }
        let is_letter = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphabetic());
        let in_word = is_letter(self.before) || is_letter(next);
        let stands_alone = run.len() <= 2 && !run.contains(SIGNS);
        let near = self.replaced.is_some_and(|replaced| self.at <= replaced + NEAR);
        if !(in_word || stands_alone && near) {
            return self.same(run.len(), shown);
        }
        let is_sign = |char: char| SIGNS.contains(&char);
        let word = if is_letter(next) { run.len() } else { run.trim_end_matches(is_sign).len() };
        let bytes = run.as_bytes();
        for (index, &byte) in bytes.iter().take(word).enumerate() {
            let (last, after) = (index.checked_sub(1).and_then(|last| bytes.get(last)), bytes.get(index + 1));
            let doubled = byte == b'1' && [last, after].contains(&Some(&byte));
            let plain = if doubled { 'l' } else { letter(byte).unwrap_or_default() };
            shown.unit(self.at..self.at + 1, 1, plain.encode_utf8(&mut [0; 4]));
            self.at += 1;
            self.replaced = Some(self.at);
        }
        self.same(run.len() - word, shown);
    }
}

fn letter(byte: u8) -> Option<char> {
    let letter = TABLE[usize::from(byte)];
    (letter != 0).then(|| char::from(letter))
}

/// The letter for each byte that stands for one.
static TABLE: [u8; 256] = {
    let (mut table, mut at) = ([0; 256], 0);
    while at < LETTERS.len() {
        table[LETTERS[at].0 as usize] = LETTERS[at].1 as u8;
        at += 1;
    }
    table
};

/// Whether there is a figure beside a letter, or what comes before or behind the piece may be one.
fn wakes(piece: &str) -> bool {
    let bytes = piece.as_bytes();
    let is_figure = |byte: &u8| letter(*byte).is_some();
    let beside = |pair: &[u8]| pair.iter().any(is_figure) && pair.iter().any(u8::is_ascii_alphabetic);
    bytes.first().is_some_and(is_figure) || bytes.last().is_some_and(is_figure) || bytes.windows(2).any(beside)
}
