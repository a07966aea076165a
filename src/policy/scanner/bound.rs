//! How much work a set of patterns makes of a byte at most, whatever the text.
//!
//! A step takes one candidate over one byte. Candidates of one pattern in the same state are one, so after a byte there
//! are no more of them than the states that this byte leads to; and no more than starts find room in the longest match.

use super::set::{Compiled, ScanSet};
use super::{AHEAD, DEPTH};
use crate::policy::program::Entry;

/// A match may go on over so many bytes of a character before its candidate is given up.
const CHARACTER: usize = 4;
/// Of patterns with more literals than this, any two may stand one byte apart for all that is known.
const MANY: usize = 64;

impl ScanSet {
    /// Most steps for a byte of text, on average over a text: work ahead of its turn is paid for by the bytes before.
    pub(in crate::policy) fn most_steps(&self) -> usize {
        let (mut live, mut started) = ([0usize; 256], [0usize; 256]);
        let mut running = vec![0; self.trackers.len()];
        for compiled in &self.programs {
            let work = Work::of(compiled, self.trackers[compiled.tracker as usize].max_match);
            for (live, &states) in live.iter_mut().zip(&*work.states) {
                *live += states.min(work.starts) * work.step;
            }
            if compiled.run {
                let running = &mut running[compiled.tracker as usize];
                *running = work.step.max(*running);
            }
            match (&compiled.inner, &compiled.program.entry) {
                (Some(inner), _) => started[usize::from(inner.byte)] += work.start(inner.max + 1),
                (None, Entry::Bytes(first)) => {
                    let bytes = (0..256).filter(|&byte| first[byte]);
                    bytes.for_each(|byte| started[byte] += work.start(1));
                }
                // They are counted together, below.
                (None, Entry::Literals(_)) => {}
            }
        }
        let most = |counts: [usize; 256]| counts.into_iter().max().unwrap_or(0);
        let literals = self.literals.as_ref().map_or(0, |literals| {
            literals.most(|program, length| {
                let compiled = &self.programs[program as usize];
                Work::step(compiled) * length + DEPTH + 1
            })
        });
        let joint = if self.joint.is_some() { DEPTH + 1 } else { 0 };
        most(live) + most(started) + joint + literals + running.iter().sum::<usize>() + AHEAD
    }
}

/// What one pattern can make of a byte.
struct Work {
    /// States that a byte leads to.
    states: Box<[usize; 256]>,
    /// Starts within the longest match.
    starts: usize,
    /// What taking one candidate over one byte costs.
    step: usize,
}

impl Work {
    fn of(compiled: &Compiled, max_match: usize) -> Work {
        let program = &compiled.program;
        // It takes one byte more to see that a match is over.
        let longest = program.longest().map_or(usize::MAX, |longest| longest + 1).min(max_match + CHARACTER);
        let starts = if compiled.run { usize::MAX } else { longest.div_ceil(apart(compiled)) };
        Work { states: program.states_after(), starts, step: Work::step(compiled) }
    }

    fn step(compiled: &Compiled) -> usize {
        compiled.program.slowness()
    }

    /// What it costs to begin a candidate and to catch up over `length` bytes.
    fn start(&self, length: usize) -> usize {
        self.step * length + DEPTH + 1
    }
}

/// So many bytes lie at least between two starts of a pattern.
fn apart(compiled: &Compiled) -> usize {
    // A literal stands for capitals as well.
    let bars = |byte: u8| [byte, byte.to_ascii_uppercase()].iter().all(|&byte| compiled.edges.before.has(byte));
    match &compiled.program.entry {
        _ if compiled.inner.is_some() => 1,
        Entry::Bytes(first) => {
            let barred =
                (0..=255u8).filter(|&byte| first[usize::from(byte)]).all(|byte| compiled.edges.before.has(byte));
            1 + usize::from(barred)
        }
        Entry::Literals(literals) if literals.len() > MANY => 1,
        Entry::Literals(literals) => {
            let next = |literal: &Vec<u8>| {
                let overlaps = |at: &usize| {
                    let rest = &literal[*at..];
                    let agrees = |other: &Vec<u8>| rest.iter().zip(other).all(|(one, other)| one == other);
                    !bars(literal[at - 1]) && literals.iter().any(agrees)
                };
                (1..=literal.len()).find(overlaps).unwrap_or(literal.len() + 1)
            };
            literals.iter().map(next).min().unwrap_or(1)
        }
    }
}

#[cfg(test)]
pub(in crate::policy) mod steps {
    //! Counts the steps of this thread.

    use std::cell::Cell;

    thread_local! {
        static TAKEN: Cell<usize> = const { Cell::new(0) };
    }

    pub(in crate::policy) fn count(steps: usize) {
        TAKEN.with(|taken| taken.set(taken.get() + steps));
    }

    /// Those since the last call.
    pub(in crate::policy) fn take() -> usize {
        TAKEN.with(Cell::take)
    }
}

#[cfg(test)]
mod tests;
