//! Which of many patterns may start at a place, by the next few bytes: for patterns that begin with no literal, such as
//! numbers, where each digit would start a candidate of every one of them.
//!
//! For each pattern and each of the first [`DEPTH`] places behind its start the table says which bytes the automaton can
//! take there. A place's bytes rule out all patterns at once (shift-and, as in Baeza-Yates and Gonnet's bit-parallel
//! matching). It never rules out a pattern that has matched or may match.

/// So many bytes are looked at.
pub(super) const DEPTH: usize = 12;

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
    /// For each place and byte a row with a bit for each pattern.
    table: Vec<u64>,
}

impl Heads {
    pub(super) fn new(all: &[(u32, &Reach)]) -> Heads {
        let words = all.len().div_ceil(64);
        let mut table = vec![0; DEPTH * 256 * words];
        for (index, (_, reach)) in all.iter().enumerate() {
            for place in 0..DEPTH {
                for byte in 0..256 {
                    // What is not known of a pattern rules nothing out.
                    if reach.get(place).is_none_or(|bytes| bytes[byte]) {
                        table[(place * 256 + byte) * words + index / 64] |= 1 << (index % 64);
                    }
                }
            }
        }
        Heads { programs: all.iter().map(|(program, _)| *program).collect(), words, table }
    }

    /// Whether some pattern may start with this byte.
    pub(super) fn start_with(&self, byte: u8) -> bool {
        self.row(0, byte).iter().any(|&word| word != 0)
    }

    /// Reports the patterns that may start here, as far as text is there.
    pub(super) fn alive(&self, text: &[u8], mut report: impl FnMut(u32)) {
        // In place: a vector would be moved about for each byte that may start something.
        let (mut few, mut many) = ([u64::MAX; FEW], Vec::new());
        let alive = if let Some(few) = few.get_mut(..self.words) {
            few
        } else {
            many.resize(self.words, u64::MAX);
            &mut many[..]
        };
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
