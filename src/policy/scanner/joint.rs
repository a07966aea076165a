//! The patterns that begin with no literal as one automaton. A number may be the beginning of fifty formats; where it
//! ends in text that is there, one walk tells which of them it is, if any.
//!
//! The automaton is determinised as texts need it (a lazy DFA, as in Aho, Sethi and Ullman's "lazy transition
//! evaluation"): all of it would be too large. What was made is shared by all texts that a thread reads.

use std::sync::Arc;

use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::Pool;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

use super::set::{ScanSet, Shared};

/// Most memory of what a thread has determinised, in bytes.
const CACHE: usize = 4 << 20;
/// Most memory of the automaton itself, in bytes.
const MAX_NFA: usize = 16 << 20;

/// The programs that are followed together.
#[derive(Debug)]
pub(super) struct Joint {
    union: Arc<Union>,
    /// By the automaton's number of the pattern.
    programs: Vec<u32>,
    /// No match is longer, in bytes.
    pub(super) most: usize,
}

/// Their automaton.
pub(super) struct Union {
    dfa: DFA,
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
}

impl std::fmt::Debug for Union {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Union").finish_non_exhaustive()
    }
}

impl Joint {
    /// Of the set's programs, which are marked.
    pub(super) fn new(set: &mut ScanSet, shared: &mut Shared) -> Option<Joint> {
        let (mut programs, mut cores, mut most) = (Vec::new(), Vec::new(), usize::MAX);
        for (index, compiled) in set.programs.iter().enumerate().filter(|(_, compiled)| compiled.inner.is_none()) {
            if let Some(core) = compiled.program.headless() {
                programs.push(index as u32);
                cores.push(core);
                most = most.min(set.trackers[compiled.tracker as usize].max_match);
            }
        }
        if programs.len() < super::MANY {
            return None;
        }
        let key: Vec<String> = cores.iter().map(ToString::to_string).collect();
        let union = shared.unions.entry(key).or_insert_with(|| Union::new(&cores).map(Arc::new)).clone()?;
        for &program in &programs {
            set.programs[program as usize].joint = true;
        }
        Some(Joint { union, programs, most })
    }

    /// Reports the ends of all matches that start at `at`, whatever stands around them, if nothing goes on within `most`
    /// bytes, as far as text is there. Returns how many bytes say so.
    pub(super) fn ends_within(
        &self,
        text: &[u8],
        at: usize,
        most: usize,
        mut report: impl FnMut(u32, usize),
    ) -> Option<usize> {
        let (dfa, mut guard) = (&self.union.dfa, self.union.caches.get());
        let cache = &mut *guard;
        let behind = at.checked_sub(1).and_then(|before| text.get(before)).copied();
        let mut state =
            dfa.start_state(cache, &start::Config::new().anchored(Anchored::Yes).look_behind(behind)).ok()?;
        for (steps, &byte) in text.get(at..)?.iter().take(most).enumerate() {
            state = dfa.next_state(cache, state, byte).ok()?;
            if !state.is_tagged() {
                continue;
            }
            if state.is_dead() {
                return Some(steps);
            }
            if state.is_match() {
                for index in 0..dfa.match_len(cache, state) {
                    if let Some(&program) = self.programs.get(dfa.match_pattern(cache, state, index).as_usize()) {
                        report(program, at + steps);
                    }
                }
            } else if state.is_quit() {
                return None;
            }
        }
        None
    }
}

impl Union {
    fn new(cores: &[&Hir]) -> Option<Union> {
        let config =
            thompson::Config::new().which_captures(thompson::WhichCaptures::None).nfa_size_limit(Some(MAX_NFA));
        let nfa = thompson::Compiler::new().configure(config).build_many_from_hir(cores).ok()?;
        let config = Config::new().match_kind(MatchKind::All).cache_capacity(CACHE);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let caches = {
            let dfa = dfa.clone();
            Pool::new(Box::new(move || dfa.create_cache()) as Box<dyn Fn() -> Cache + Send + Sync>)
        };
        Some(Union { dfa, caches })
    }
}
