//! The prefilter: where a literal of any pattern stands, and what has begun of one.

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton, StateID as LiteralState};
use aho_corasick::{Anchored, dfa};
use smallvec::SmallVec;

use super::super::program::Entry;
use super::set::{ScanSet, Shared};
use crate::detector::AsciiSet;

/// The prefilter: all literals of all programs in one automaton.
#[derive(Debug)]
pub(super) struct Literals {
    pub(super) automaton: Arc<dfa::DFA>,
    /// Literal → programs that it may start.
    owners: Vec<SmallVec<[u32; 1]>>,
    /// Literal → bytes that no program lets it stand directly behind.
    refused: Vec<AsciiSet>,
    /// What has begun in each state of the automaton, by its number.
    tails: Vec<Tails>,
    /// From a state's identifier to its number.
    shift: u32,
    /// For each state what of programs that hold text has begun, the longest first.
    begun: Vec<Begun>,
    /// The programs that hold text and have a literal with the same beginning.
    begins: Vec<Box<[u32]>>,
}

/// The ends of a text that are beginnings of literals. A whole literal was handed over to its programs and is none.
/// There are many of them: lengths, in bytes, are those of literals, and those are short.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tails {
    /// The longest, of any program.
    pub(super) any: u8,
    /// Of programs that hold text: the longest, how many there are, and where they stand.
    pub(super) holding: u8,
    count: u8,
    begun: u32,
}

/// The beginning of a literal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// In bytes.
    pub(super) length: u32,
    /// Whose literals begin like this: index into the lists.
    programs: u32,
}

impl Literals {
    pub(super) fn new(set: &ScanSet, shared: &mut Shared) -> Option<Literals> {
        let mut owners: Vec<SmallVec<[u32; 1]>> = Vec::new();
        let mut ids: HashMap<&[u8], usize> = HashMap::new();
        for (index, compiled) in set.programs.iter().enumerate() {
            let (Entry::Literals(literals), None) = (&compiled.program.entry, compiled.inner) else { continue };
            for literal in literals {
                let id = *ids.entry(literal).or_insert_with(|| {
                    owners.push(SmallVec::new());
                    owners.len() - 1
                });
                owners[id].push(index as u32);
            }
        }
        let mut literals = vec![&[][..]; owners.len()];
        for (literal, id) in ids {
            literals[id] = literal;
        }
        if literals.is_empty() {
            return None;
        }
        let automaton = shared.prefilter(&literals)?;
        let holds = |program: u32| set.trackers[set.programs[program as usize].tracker as usize].holds;
        let (tails, begun, begins) = (Vec::new(), Vec::new(), Vec::new());
        let before = |&program: &u32| set.programs[program as usize].edges.before;
        let refused = owners.iter().map(|owners| owners.iter().map(before).reduce(AsciiSet::intersection));
        let refused = refused.map(Option::unwrap_or_default).collect();
        let mut all = Literals { automaton, owners, refused, tails, shift: 0, begun, begins };
        all.note_tails(&literals, holds)?;
        Some(all)
    }

    /// Reports the programs that a literal may start which ends in this state, behind `fed` bytes of `text`, and where it starts.
    pub(super) fn ended(&self, state: LiteralState, text: &[u8], fed: usize, mut report: impl FnMut(u32, usize)) {
        for index in 0..self.automaton.match_len(state) {
            let literal = self.automaton.match_pattern(state, index);
            let start = fed.saturating_sub(self.automaton.pattern_len(literal));
            let behind = start.checked_sub(1).and_then(|at| text.get(at));
            if behind.is_none_or(|&byte| !self.refused[literal.as_usize()].has(byte)) {
                self.owners[literal.as_usize()].iter().for_each(|&program| report(program, start));
            }
        }
    }

    /// What has begun in this state. The start state has a number too, and nothing has begun there.
    pub(super) fn tails(&self, state: LiteralState) -> Tails {
        self.tails.get((state.as_u32() >> self.shift) as usize).copied().unwrap_or_default()
    }

    /// Goes on from `state`, behind `at` bytes of `text`, to the next byte that may complete a literal, or is one of
    /// `starts`. Returns where that stands, or the end of the text, and the state before it.
    pub(super) fn skip(
        &self,
        mut state: LiteralState,
        text: &[u8],
        at: usize,
        starts: &[bool; 256],
    ) -> (usize, LiteralState) {
        for (next, &byte) in text.iter().enumerate().skip(at) {
            let after = self.automaton.next_state(Anchored::No, state, byte);
            if starts[usize::from(byte)] || self.automaton.is_special(after) {
                return (next, state);
            }
            state = after;
        }
        (text.len(), state)
    }

    /// What of programs that hold text has begun, the longest first.
    pub(super) fn begun(&self, tails: Tails) -> &[Begun] {
        let from = tails.begun as usize;
        self.begun.get(from..from + usize::from(tails.count)).unwrap_or_default()
    }

    /// The programs that hold text and have a literal that begins like this.
    pub(super) fn begins(&self, begun: Begun) -> &[u32] {
        self.begins.get(begun.programs as usize).map_or(&[], |programs| programs)
    }

    fn note_tails(&mut self, literals: &[&[u8]], holds: impl Fn(u32) -> bool) -> Option<()> {
        // A beginning of a literal → the list of the programs that it belongs to and that hold text.
        let mut beginnings: HashMap<&[u8], u32> = HashMap::new();
        let mut lists: Vec<Vec<u32>> = Vec::new();
        for (literal, owners) in literals.iter().zip(&self.owners) {
            for end in 1..literal.len() {
                let list = *beginnings.entry(&literal[..end]).or_insert(lists.len() as u32) as usize;
                if list == lists.len() {
                    lists.push(Vec::new());
                }
                lists[list].extend(owners.iter().copied().filter(|&program| holds(program)));
            }
        }
        for programs in &mut lists {
            programs.sort_unstable();
            programs.dedup();
        }
        let mut known: HashMap<LiteralState, Tails> = HashMap::new();
        for literal in literals {
            let mut state = self.automaton.start_state(Anchored::No).ok()?;
            for end in 1..=literal.len() {
                state = self.automaton.next_state(Anchored::No, state, literal[end - 1]);
                if known.contains_key(&state) {
                    continue;
                }
                let tails = (0..end).filter_map(|start| {
                    let programs = *beginnings.get(&literal[start..end])?;
                    Some(Begun { length: (end - start) as u32, programs })
                });
                let any = tails.clone().next().map_or(0, |begun| begun.length as u8);
                let from = self.begun.len();
                self.begun.extend(tails.filter(|begun| !lists[begun.programs as usize].is_empty()));
                let own = &self.begun[from..];
                let holding = own.first().map_or(0, |begun| begun.length as u8);
                let (count, begun) = (own.len() as u8, from as u32);
                known.insert(state, Tails { any, holding, count, begun });
            }
        }
        // Identifiers are multiples of a power of two.
        let root = self.automaton.start_state(Anchored::No).ok()?;
        let all = known.keys().fold(root.as_u32(), |all, state| all | state.as_u32());
        self.shift = all.trailing_zeros().min(31);
        self.tails.resize(
            (known.keys().map(LiteralState::as_u32).max().unwrap_or(0) >> self.shift) as usize + 1,
            Tails::default(),
        );
        for (state, tails) in known {
            self.tails[(state.as_u32() >> self.shift) as usize] = tails;
        }
        self.begun.shrink_to_fit();
        self.begins = lists.into_iter().map(Vec::into_boxed_slice).collect();
        Some(())
    }
}
