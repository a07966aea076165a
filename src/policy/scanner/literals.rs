//! The prefilter: where a literal of any pattern stands, and what has begun of one.

use std::sync::Arc;

use smallvec::SmallVec;

use super::super::program::Entry;
use super::automaton::{Automaton, State};
use super::set::ScanSet;
use super::shared::Shared;
use crate::detector::AsciiSet;

/// The prefilter: all literals of all programs in one automaton.
#[derive(Debug)]
pub(super) struct Literals {
    pub(super) automaton: Arc<Automaton>,
    /// Literal → programs that it may start.
    owners: Vec<SmallVec<[u32; 1]>>,
    /// Literal → bytes that no program lets it stand directly behind.
    refused: Vec<AsciiSet>,
    /// What has begun in each state of the automaton.
    tails: Vec<Tails>,
    /// Programs that hold text and have a literal with the same beginning. The first list is empty.
    begins: Vec<Box<[u32]>>,
}

/// The ends of a text that are beginnings of literals. A whole literal was handed over to its programs and is none.
/// There are many of them: lengths, in bytes, are those of literals, and those are short.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tails {
    /// The longest, of any program.
    pub(super) any: u8,
    /// The longest, of programs that hold text.
    pub(super) holding: u8,
    /// The state that stands for that one.
    state: u32,
    /// The programs that hold text and have a literal that begins like this state: which list.
    programs: u32,
}

impl Literals {
    pub(super) fn new(set: &ScanSet, shared: &mut Shared) -> Option<Literals> {
        let (mut owned, mut programs): (Vec<(&[u8], u32)>, Vec<_>) = Default::default();
        for (index, compiled) in set.programs.iter().enumerate() {
            let (Entry::Literals(literals), None) = (&compiled.program.entry, compiled.inner) else { continue };
            programs.push(Arc::clone(&compiled.program));
            owned.extend(literals.iter().map(|literal| (literal.as_slice(), index as u32)));
        }
        if owned.is_empty() {
            return None;
        }
        // A program of two rules adds nothing. Those of one program are sorted already.
        programs.sort_by_key(Arc::as_ptr);
        programs.dedup_by(|one, other| Arc::ptr_eq(one, other));
        owned.sort();
        let same = || owned.chunk_by(|one, next| one.0 == next.0);
        let owners = same().map(|same| same.iter().map(|&(_, program)| program).collect()).collect();
        let before = |&(_, program): &(_, u32)| set.programs[program as usize].edges.before;
        let refused = same().map(|same| same.iter().map(before).reduce(AsciiSet::intersection).unwrap_or_default());
        let refused = refused.collect();
        let literals: Vec<&[u8]> = same().map(|same| same[0].0).collect();
        let automaton = shared.prefilter(&programs, &literals)?;
        let mut all = Literals { automaton, owners, refused, tails: Vec::new(), begins: vec![Box::default()] };
        all.note_tails(|program| set.trackers[set.programs[program as usize].tracker as usize].holds);
        Some(all)
    }

    /// Reports the programs that a literal may start which ends in this state, behind `fed` bytes of `text`, and where it
    /// starts.
    pub(super) fn ended(&self, state: State, text: &[u8], fed: usize, mut report: impl FnMut(u32, usize)) {
        for (literal, length) in self.automaton.ending(state) {
            let start = fed.saturating_sub(length);
            let behind = start.checked_sub(1).and_then(|at| text.get(at));
            if behind.is_none_or(|&byte| !self.refused[literal].has(byte)) {
                self.owners[literal].iter().for_each(|&program| report(program, start));
            }
        }
    }

    /// What has begun in this state.
    pub(super) fn tails(&self, state: State) -> Tails {
        self.tails.get(self.automaton.index(state)).copied().unwrap_or_default()
    }

    /// Goes on from `state`, behind `at` bytes of `text`, to the next byte that may complete a literal, or is one of
    /// `starts`. Returns where that stands, or the end of the text, and the state before it.
    pub(super) fn skip(&self, mut state: State, text: &[u8], at: usize, starts: &[bool; 256]) -> (usize, State) {
        for (next, &byte) in text.iter().enumerate().skip(at) {
            let after = self.automaton.next(state, byte);
            if starts[usize::from(byte)] || after.is_match() {
                return (next, state);
            }
            state = after;
        }
        (text.len(), state)
    }

    /// What of programs that hold text has begun, the longest first: its length in bytes, and the programs.
    pub(super) fn begun(&self, tails: Tails) -> impl Iterator<Item = (usize, &[u32])> {
        let some = |tails: Tails| (tails.holding > 0).then_some(tails);
        let all = std::iter::successors(some(tails), move |tails| {
            some(self.tails[self.automaton.shorter(tails.state as usize)])
        });
        all.map(|tails| (usize::from(tails.holding), &*self.begins[self.tails[tails.state as usize].programs as usize]))
    }

    /// The most that the literals cost which end at one place, each of each of its programs; by its length in bytes.
    pub(super) fn most(&self, cost: impl Fn(u32, usize) -> usize) -> usize {
        let mut sums = vec![0; self.automaton.len()];
        for state in 1..sums.len() {
            let length = usize::from(self.automaton.length(state));
            let owners = self.automaton.literal(state).map_or(&[][..], |literal| &self.owners[literal][..]);
            let own: usize = owners.iter().map(|&program| cost(program, length)).sum();
            sums[state] = own + sums[self.automaton.shorter(state)];
        }
        sums.into_iter().max().unwrap_or(0)
    }

    fn note_tails(&mut self, holds: impl Fn(u32) -> bool) {
        let automaton = Arc::clone(&self.automaton);
        self.tails = vec![Tails::default(); automaton.len()];
        // Longer beginnings first: what begins like them begins like the shorter ones, too.
        for state in (1..automaton.len()).rev() {
            let children = automaton.children(state);
            let own = |child: usize| automaton.literal(child).map_or(&[][..], |literal| &self.owners[literal][..]);
            let mut programs: Vec<u32> =
                children.clone().flat_map(own).copied().filter(|&program| holds(program)).collect();
            let mut known = children.map(|child| self.tails[child].programs).filter(|&list| list > 0);
            let list = match (known.next(), programs.is_empty()) {
                (None, true) => 0,
                // Most have one child, and begin like what that begins like.
                (Some(list), true) if known.all(|other| other == list) => list,
                _ => {
                    let lists = automaton.children(state).map(|child| self.tails[child].programs);
                    lists.for_each(|list| programs.extend(&self.begins[list as usize]));
                    programs.sort_unstable();
                    programs.dedup();
                    let known = self.begins.last().is_some_and(|last| **last == *programs);
                    self.begins.extend((!known).then(|| programs.into()));
                    self.begins.len() as u32 - 1
                }
            };
            self.tails[state].programs = list;
        }
        for state in 1..automaton.len() {
            let (shorter, length) = (self.tails[automaton.shorter(state)], automaton.length(state));
            let (programs, has_begun) = (self.tails[state].programs, !automaton.children(state).is_empty());
            let any = if has_begun { length } else { shorter.any };
            let (holding, first) = if programs > 0 { (length, state as u32) } else { (shorter.holding, shorter.state) };
            self.tails[state] = Tails { any, holding, state: first, programs };
        }
        self.begins.shrink_to_fit();
    }
}
