//! The view of words that are spelled out: letters with spaces, dots or the like between them, put together again.
//!
//! Exactly: a run is single characters with the same one of [`BETWEEN`] between them, the first a letter or figure at whose
//! side none stands. It goes on as long as each character has no letter or figure behind it, and no white space and none of
//! what stands between is one of its characters. Two to [`MAX_GAP`] of white space and of that in a row, or another white
//! space, are the space between two words. Of runs of [`MIN_CHARS`] or more only the characters and those spaces are shown.

use std::sync::LazyLock;

use smallvec::SmallVec;

use super::table::Table;
use super::{Readers, Shape, Shown, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "apart",
    why: "with spelled words put together",
    shape: Shape::Whole,
    readers: Readers::Asking,
    make: |at| Box::new(Apart { at, word: at > 0, ..Apart::default() }),
    wakes: |piece, _| wakes(piece),
};

/// What may stand between two characters.
pub(super) const BETWEEN: [char; 9] = [' ', '.', '-', '_', '*', ',', '/', '|', '\u{b7}'];
/// Fewer characters are no run.
pub(super) const MIN_CHARS: usize = 3;
/// Most characters between two words of a run.
pub(super) const MAX_GAP: usize = 3;

/// The view of one text.
#[derive(Clone, Debug, Default)]
struct Apart {
    /// Bytes that have been shown.
    at: usize,
    /// Whether the last character before what is not shown yet is a letter or figure.
    word: bool,
    /// What is not shown yet: of a run that may still be too short all of it, else what stands behind its last character.
    begun: String,
    run: Option<Run>,
}

/// A run that has begun.
#[derive(Clone, Debug, Default)]
struct Run {
    /// Characters that belong to it for sure.
    count: usize,
    /// Of those that are not shown, in bytes: what stands before each, and each.
    certain: SmallVec<[(usize, usize); MIN_CHARS]>,
    /// What stands between two of them.
    between: Option<char>,
    /// What has come since the last of them, in characters and in bytes, and a character that may be one.
    gap: (usize, usize),
    next: Option<char>,
}

impl View for Apart {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        let mut rest = piece;
        while !rest.is_empty() {
            if self.run.is_none() {
                let plain = self.words(rest);
                self.same(plain, shown);
                rest = rest.get(plain..).unwrap_or_default();
            }
            let mut chars = rest.chars();
            if let Some(char) = chars.next() {
                self.see(char, shown);
            }
            rest = chars.as_str();
        }
    }

    fn finish(&mut self, shown: &mut Shown) {
        while let Some(run) = &mut self.run {
            if run.next.is_some() {
                self.accept(shown);
            }
            self.give_up(shown);
        }
    }

    fn open(&self) -> usize {
        self.at
    }

    fn begins(&self, _next: char) -> bool {
        self.run.is_none()
    }
}

impl Apart {
    /// How many bytes at the start of a piece begin no run, outside of one.
    fn words(&mut self, piece: &str) -> usize {
        let bytes = piece.as_bytes();
        let mut plain = 0;
        while let Some(&byte) = bytes.get(plain) {
            let (letter, len) = if byte.is_ascii() {
                (byte.is_ascii_alphanumeric(), 1)
            } else {
                let char = piece.get(plain..).and_then(|rest| rest.chars().next());
                (char.is_some_and(is_letter), char.map_or(1, char::len_utf8))
            };
            if letter && !self.word {
                let next = match bytes.get(plain + len) {
                    Some(next) if !next.is_ascii() => piece.get(plain + len..).and_then(|rest| rest.chars().next()),
                    next => next.map(|&next| char::from(next)),
                };
                if next.is_none_or(|next| BETWEEN.contains(&next)) {
                    break;
                }
            }
            self.word = letter;
            plain += len;
        }
        plain
    }

    fn see(&mut self, char: char, shown: &mut Shown) {
        let Some(run) = &mut self.run else {
            if is_letter(char) && !self.word {
                // The first one has nothing before it.
                self.run = Some(Run { next: Some(char), ..Run::default() });
                self.begun.push(char);
            } else {
                self.word = is_letter(char);
                self.same(char.len_utf8(), shown);
            }
            return;
        };
        let goes_on = match (run.next, run.between) {
            (Some(_), None) => BETWEEN.contains(&char),
            (Some(_), Some(between)) => char == between || char.is_whitespace(),
            (None, Some(between)) if char == between || char.is_whitespace() => run.count > 1 && run.gap.0 < MAX_GAP,
            (None, _) => {
                run.next = Some(char);
                self.begun.push(char);
                return;
            }
        };
        if goes_on {
            run.between = run.between.or(Some(char));
            if run.next.is_some() {
                self.accept(shown);
            }
            if let Some(run) = &mut self.run {
                run.gap = (run.gap.0 + 1, run.gap.1 + char.len_utf8());
            }
            self.begun.push(char);
        } else {
            if run.next.is_some() && run.between.is_some() && !is_letter(char) {
                self.accept(shown);
            }
            self.give_up(shown);
            self.see(char, shown);
        }
    }

    /// The character that may belong to the run does.
    fn accept(&mut self, shown: &mut Shown) {
        let Some(run) = &mut self.run else { return };
        let Some(next) = run.next.take() else { return };
        run.certain.push((run.gap.1, next.len_utf8()));
        (run.count, run.gap) = (run.count + 1, (0, 0));
        self.word = is_letter(next);
        if run.count < MIN_CHARS {
            return;
        }
        for (gap, own) in std::mem::take(&mut run.certain) {
            let stands = self.begun.get(..gap).unwrap_or_default();
            let plain = if stands.chars().eq(run.between) { "" } else { " " };
            if stands.is_empty() || stands == " " && plain == " " {
                shown.same(self.at..self.at + gap);
            } else {
                shown.unit(self.at..self.at + gap, plain.len(), plain);
            }
            shown.same(self.at + gap..self.at + gap + own);
            self.at += gap + own;
            self.begun.drain(..gap + own);
        }
    }

    /// The run has ended. What of it was not shown is read again, as something else may begin there.
    fn give_up(&mut self, shown: &mut Shown) {
        let Some(run) = self.run.take() else { return };
        let begun = std::mem::take(&mut self.begun);
        let mut rest = begun.chars();
        if run.count < MIN_CHARS {
            let first = rest.next();
            self.same(first.map_or(0, char::len_utf8), shown);
            self.word = true;
        }
        rest.for_each(|char| self.see(char, shown));
    }

    fn same(&mut self, len: usize, shown: &mut Shown) {
        shown.same(self.at..self.at + len);
        self.at += len;
    }
}

/// Whether a character is a letter or figure.
fn is_letter(char: char) -> bool {
    if char.is_ascii() {
        char.is_ascii_alphanumeric()
    } else {
        LETTERS.get(char).map_or_else(|| char.is_alphanumeric(), |letter| letter == 1)
    }
}

/// Letters and figures: every character of a text is asked about.
static LETTERS: LazyLock<Table> = LazyLock::new(|| Table::new('\u{10000}', |char| u8::from(char.is_alphanumeric())));

/// Makes the table.
pub(super) fn prepare() {
    LazyLock::force(&LETTERS);
}

/// Whether two single characters stand apart, or may do so with what comes before or behind the piece.
fn wakes(piece: &str) -> bool {
    let mut chars = piece.chars();
    // The last character was a letter or figure; a single one stands before what is next.
    let (mut word, mut single) = (false, false);
    while let Some(char) = chars.next() {
        if single && BETWEEN.contains(&char) {
            let mut ahead = chars.clone();
            let after = (ahead.next(), ahead.next());
            let is_gap = |next: char| next == char || next.is_whitespace();
            let over = match after {
                (Some(first), _) if is_gap(first) => true,
                (_, Some(second)) => is_letter(second),
                _ => false,
            };
            if !over {
                return true;
            }
        }
        single = is_letter(char) && !word;
        word = is_letter(char);
    }
    single
}
