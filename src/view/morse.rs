//! The Morse view: texts that stand in Morse code inside a text (ITU-R M.1677-1).
//!
//! A code is up to [`MAX_SIGNS`] dots and dashes in a row, written in any of the usual ways. Codes with one space between
//! them, or with a space between words (a slash or bar, a line break, more than one space, [`MAX_GAP`] characters at most),
//! are a run. It begins where no letter, figure, dot or dash stands before it, and ends with the last code that stands for
//! something. Runs of [`MIN_CODES`] codes or more are a text of its own, in small letters; its units are the codes.

use std::ops::Range;

use smallvec::SmallVec;

use super::{Readers, Shape, Shown, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "morse",
    why: "decoded from Morse code",
    shape: Shape::Inside,
    readers: Readers::Asking,
    make: |at| Box::new(Morse { at, ..Morse::default() }),
    wakes: |piece, _| piece.bytes().any(|byte| MAY_BE_SIGN[usize::from(byte)]),
};

/// The longest code.
pub(super) const MAX_SIGNS: usize = 7;
/// A shorter run is taken for punctuation.
pub(super) const MIN_CODES: usize = 4;
/// Most characters between two codes.
pub(super) const MAX_GAP: usize = 5;

/// A code that stands for something.
#[derive(Clone, Debug)]
struct Code {
    range: Range<usize>,
    /// Where the space between words begins that stands before it.
    space: Option<usize>,
    means: char,
}

/// The view of one text.
#[derive(Clone, Debug, Default)]
struct Morse {
    /// Bytes seen.
    at: usize,
    /// The code that has begun, as dots and dashes, and where it stands. Empty where the run has come to a space.
    code: SmallVec<[u8; MAX_SIGNS]>,
    range: Range<usize>,
    /// Characters since the last code, whether they are more than one space, and where they begin.
    gap: usize,
    parts: bool,
    from: usize,
    /// Codes of the run that are not shown, as there are too few.
    codes: SmallVec<[Code; MIN_CODES]>,
    /// There were enough of them.
    shown: bool,
    inside: bool,
    /// What was seen last may be a part of a word or a sentence.
    torn: bool,
}

impl View for Morse {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        let mut rest = piece;
        while !rest.is_empty() {
            if !self.inside {
                // Nothing begins before the next sign.
                let plain = rest.bytes().position(|byte| MAY_BE_SIGN[usize::from(byte)]).unwrap_or(rest.len());
                let (plain, other) = rest.split_at_checked(plain).unwrap_or((rest, ""));
                if let Some(last) = plain.chars().next_back() {
                    self.torn = last.is_alphanumeric();
                    self.at += plain.len();
                }
                rest = other;
            }
            let mut chars = rest.chars();
            if let Some(char) = chars.next() {
                self.see(char, shown);
                self.at += char.len_utf8();
            }
            rest = chars.as_str();
        }
    }

    fn finish(&mut self, shown: &mut Shown) {
        self.decode(shown);
        self.end(shown);
    }

    fn open(&self) -> usize {
        let begun = if self.code.is_empty() { self.at } else { self.range.start };
        let gap = if self.inside && self.gap > 0 { self.from } else { begun };
        self.codes.first().map_or(gap, |code| code.range.start)
    }
}

impl Morse {
    fn see(&mut self, char: char, shown: &mut Shown) {
        if let Some(sign) = sign(char) {
            if self.code.is_empty() && self.torn && !self.inside {
                return;
            }
            if self.code.is_empty() {
                self.range = self.at..self.at;
            }
            self.inside = true;
            self.code.push(sign);
            self.range.end = self.at + char.len_utf8();
            if self.code.len() > MAX_SIGNS {
                self.end(shown);
                self.torn = true;
            }
            return;
        }
        self.decode(shown);
        let is_space = char.is_whitespace() || matches!(char, '/' | '|');
        if self.inside && is_space && self.gap < MAX_GAP {
            if self.gap == 0 {
                self.from = self.at;
            }
            self.parts |= self.gap > 0 || char != ' ';
            self.gap += 1;
        } else {
            self.end(shown);
        }
        self.torn = char.is_alphanumeric();
    }

    /// The code that has begun is all there.
    fn decode(&mut self, shown: &mut Shown) {
        if self.code.is_empty() {
            return;
        }
        let Some(means) = meaning(&self.code) else { return self.end(shown) };
        self.codes.push(Code { range: self.range.clone(), space: self.parts.then_some(self.from), means });
        (self.gap, self.parts) = (0, false);
        self.code.clear();
        if !self.shown && self.codes.len() >= MIN_CODES {
            shown.begin();
            self.shown = true;
        }
        if self.shown {
            for Code { range, space, means } in self.codes.drain(..) {
                if let Some(from) = space {
                    shown.unit(from..range.start, 1, " ");
                }
                shown.unit(range, means.len_utf8(), means.encode_utf8(&mut [0; 4]));
            }
        }
    }

    /// The run has ended.
    fn end(&mut self, shown: &mut Shown) {
        if std::mem::take(&mut self.shown) {
            shown.end();
        }
        self.code.clear();
        self.codes.clear();
        (self.gap, self.parts, self.inside) = (0, false, false);
    }
}

/// Dots and dashes as people write them.
pub(super) fn sign(char: char) -> Option<u8> {
    match char {
        '.' | '·' | '•' | '∙' => Some(b'.'),
        '-' | '−' | '‐' | '–' | '—' | '_' => Some(b'-'),
        _ => None,
    }
}

/// The bytes with which those begin.
static MAY_BE_SIGN: [bool; 256] = {
    let (mut table, mut at) = ([false; 256], 0);
    let bytes = [b'.', b'-', b'_', 0xc2, 0xe2];
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

fn meaning(code: &[u8]) -> Option<char> {
    CODES.iter().find(|(own, _)| own.as_bytes() == code).map(|(_, char)| *char)
}

/// The codes of the recommendation, and some that are common besides.
pub(super) const CODES: &[(&str, char)] = &[
    (".-", 'a'),
    ("-...", 'b'),
    ("-.-.", 'c'),
    ("-..", 'd'),
    (".", 'e'),
    ("..-.", 'f'),
    ("--.", 'g'),
    ("....", 'h'),
    ("..", 'i'),
    (".---", 'j'),
    ("-.-", 'k'),
    (".-..", 'l'),
    ("--", 'm'),
    ("-.", 'n'),
    ("---", 'o'),
    (".--.", 'p'),
    ("--.-", 'q'),
    (".-.", 'r'),
    ("...", 's'),
    ("-", 't'),
    ("..-", 'u'),
    ("...-", 'v'),
    (".--", 'w'),
    ("-..-", 'x'),
    ("-.--", 'y'),
    ("--..", 'z'),
    ("-----", '0'),
    (".----", '1'),
    ("..---", '2'),
    ("...--", '3'),
    ("....-", '4'),
    (".....", '5'),
    ("-....", '6'),
    ("--...", '7'),
    ("---..", '8'),
    ("----.", '9'),
    (".-.-.-", '.'),
    ("--..--", ','),
    ("---...", ':'),
    ("..--..", '?'),
    (".----.", '\''),
    ("-....-", '-'),
    ("-..-.", '/'),
    ("-.--.", '('),
    ("-.--.-", ')'),
    (".-..-.", '"'),
    ("-...-", '='),
    (".-.-.", '+'),
    (".--.-.", '@'),
    ("-.-.--", '!'),
    (".-...", '&'),
    ("-.-.-.", ';'),
    ("..--.-", '_'),
    ("...-..-", '$'),
];
