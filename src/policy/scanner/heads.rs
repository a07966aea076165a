//! Which of many patterns may start at a place, by the next few bytes: for patterns that begin with no literal, such as
//! numbers, where each digit would start a candidate of every one of them.
//!
//! For each pattern and each of the first [`DEPTH`] places behind its start the table says which bytes the automaton can
//! take there. A place's bytes rule out all patterns at once (shift-and, as in Baeza-Yates and Gonnet's bit-parallel
//! matching). It never rules out a pattern that has matched or may match.

use crate::detector::AsciiSet;

/// So many bytes are looked at.
pub(in crate::policy) const DEPTH: usize = 12;

/// As many words of patterns as usual policies have.
const FEW: usize = 8;

/// For each place behind a start, the bytes that a pattern can take there.
pub(in crate::policy) type Reach = Vec<[bool; 256]>;

/// The patterns and their bytes.
#[derive(Debug, Default)]
pub(super) struct Heads {
    programs: Vec<u32>,
    /// Words of a row.
    words: usize,
    /// For each byte a row with a bit for each pattern that may start behind it.
    behind: Vec<u64>,
    /// For each place and byte a row with a bit for each pattern.
    table: Vec<u64>,
}

impl Heads {
    /// Of patterns with the bytes that none of their matches stands directly behind.
    pub(super) fn new(all: &[(u32, &[[bool; 256]], AsciiSet)]) -> Heads {
        let words = all.len().div_ceil(64);
        let (mut behind, mut table) = (vec![0; 256 * words], vec![0; DEPTH * 256 * words]);
        for (index, (_, reach, refused)) in all.iter().enumerate() {
            for byte in 0..256 {
                if !refused.has(byte as u8) {
                    behind[byte * words + index / 64] |= 1 << (index % 64);
                }
                for place in 0..DEPTH {
                    // What is not known of a pattern rules nothing out.
                    if reach.get(place).is_none_or(|bytes| bytes[byte]) {
                        table[(place * 256 + byte) * words + index / 64] |= 1 << (index % 64);
                    }
                }
            }
        }
        Heads { programs: all.iter().map(|(program, ..)| *program).collect(), words, behind, table }
    }

    /// Whether some pattern may start with this byte.
    pub(super) fn start_with(&self, byte: u8) -> bool {
        self.row(0, byte).iter().any(|&word| word != 0)
    }

    /// Reports the patterns that may start here, `previous` before it, as far as text is there.
    pub(super) fn alive(&self, previous: Option<u8>, text: &[u8], mut report: impl FnMut(u32)) {
        // In place: a vector would be moved about for each byte that may start something.
        let (mut few, mut many) = ([u64::MAX; FEW], Vec::new());
        let alive = if let Some(few) = few.get_mut(..self.words) {
            few
        } else {
            many.resize(self.words, u64::MAX);
            &mut many[..]
        };
        if let Some(previous) = previous {
            let from = usize::from(previous) * self.words;
            let row = self.behind.get(from..from + self.words).unwrap_or_default();
            alive.iter_mut().zip(row).for_each(|(alive, &row)| *alive = row);
            if alive.iter().all(|&word| word == 0) {
                return;
            }
        }
        for (place, &byte) in text.iter().take(DEPTH).enumerate() {
            let mut any = 0;
            for (alive, row) in alive.iter_mut().zip(self.row(place, byte)) {
                *alive &= row;
                any |= *alive;
            }
            if any == 0 {
                return;
            }
        }
        for (word, bits) in alive.iter_mut().enumerate() {
            while *bits != 0 {
                let program = self.programs.get(word * 64 + bits.trailing_zeros() as usize);
                *bits &= *bits - 1;
                if let Some(&program) = program {
                    report(program);
                }
            }
        }
    }

    fn row(&self, place: usize, byte: u8) -> &[u64] {
        let from = (place * 256 + usize::from(byte)) * self.words;
        self.table.get(from..from + self.words).unwrap_or_default()
    }
}
