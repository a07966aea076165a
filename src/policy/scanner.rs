//! Patterns over text that arrives in pieces: each finds what it would find alone, on every chunking.
//!
//! One shared pass over the literals of all patterns says where candidates may start. A candidate is stepped byte by
//! byte; candidates of one pattern in the same state have the same future and are stepped together. Nothing is scanned
//! twice. What may still become a finding is known at every moment ([`Scanner::open`]): all text before it is decided.
//!
//! A tracker's findings are its candidates leftmost first, then longest, not overlapping (DESIGN 12.3 and 12.4). The
//! leftmost live start is never overtaken: a finding is reported once its start is the earliest that is still open and
//! nothing longer can come.

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton, StateID as LiteralState};
use aho_corasick::{Anchored, dfa};
use smallvec::{SmallVec, smallvec};

use super::program::{Around, Entry, Program, ProgramError, State};
use crate::detector::{Pattern, Validator};

/// What one tracker looks for: the patterns of one entity of one rule.
pub(super) struct TrackerSpec<'a> {
    /// The patterns compete with each other and with nothing else.
    pub(super) patterns: Vec<&'a Pattern>,
    /// Whether text must wait for this tracker.
    pub(super) holds: bool,
    /// The longest match, in bytes.
    pub(super) max_match: usize,
}

/// The compiled patterns of all trackers that read the same text.
#[derive(Debug, Default)]
pub(super) struct ScanSet {
    programs: Vec<Compiled>,
    trackers: Vec<Tracker>,
    literals: Option<Literals>,
    /// For each byte, the programs without literals that may start with it.
    by_byte: Vec<Vec<u32>>,
}

struct Compiled {
    program: Program,
    tracker: u32,
    validator: Option<Validator>,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("tracker", &self.tracker).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Tracker {
    holds: bool,
    max_match: usize,
}

/// The prefilter: all literals of all programs in one automaton.
#[derive(Debug)]
struct Literals {
    automaton: dfa::DFA,
    /// Literal → programs that it may start.
    owners: Vec<SmallVec<[u32; 1]>>,
    /// Automaton state → length of the longest text that ends here and is the beginning of a literal: of any program,
    /// and of programs that hold text.
    depth: HashMap<LiteralState, (u32, u32)>,
}

impl ScanSet {
    pub(super) fn new(specs: &[TrackerSpec<'_>]) -> Result<ScanSet, ProgramError> {
        let mut set = ScanSet { by_byte: vec![Vec::new(); 256], ..ScanSet::default() };
        for (tracker, spec) in specs.iter().enumerate() {
            set.trackers.push(Tracker { holds: spec.holds, max_match: spec.max_match });
            for pattern in &spec.patterns {
                for program in Program::compile(&pattern.hir, spec.max_match)? {
                    let validator = pattern.validator.clone();
                    set.programs.push(Compiled { program, tracker: tracker as u32, validator });
                }
            }
        }
        for (index, compiled) in set.programs.iter().enumerate() {
            if let Entry::Bytes(bytes) = &compiled.program.entry {
                let starts = set.by_byte.iter_mut().zip(bytes.iter()).filter(|(_, starts)| **starts);
                starts.for_each(|(programs, _)| programs.push(index as u32));
            }
        }
        set.literals = Literals::new(&set);
        Ok(set)
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }
}

impl Literals {
    fn new(set: &ScanSet) -> Option<Literals> {
        let mut owners: Vec<SmallVec<[u32; 1]>> = Vec::new();
        let mut ids: HashMap<&[u8], usize> = HashMap::new();
        for (index, compiled) in set.programs.iter().enumerate() {
            let Entry::Literals(literals) = &compiled.program.entry else { continue };
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
        let mut builder = dfa::Builder::new();
        builder.ascii_case_insensitive(true).start_kind(aho_corasick::StartKind::Unanchored).prefilter(false);
        let automaton = builder.build(&literals).ok()?;
        let holds = |id: usize| {
            owners[id].iter().any(|&program| {
                let tracker = set.programs[program as usize].tracker;
                set.trackers[tracker as usize].holds
            })
        };
        let depth = Literals::depths(&automaton, &literals, holds)?;
        Some(Literals { automaton, owners, depth })
    }

    fn depths(
        automaton: &dfa::DFA,
        literals: &[&[u8]],
        holds: impl Fn(usize) -> bool,
    ) -> Option<HashMap<LiteralState, (u32, u32)>> {
        // A beginning of a literal → whether it belongs to a program that holds text. A whole literal has been handed
        // over to its programs and no longer counts as a beginning.
        let mut beginnings: HashMap<&[u8], bool> = HashMap::new();
        for (id, literal) in literals.iter().enumerate() {
            for end in 1..literal.len() {
                *beginnings.entry(&literal[..end]).or_default() |= holds(id);
            }
        }
        let mut depth = HashMap::new();
        for literal in literals {
            let mut state = automaton.start_state(Anchored::No).ok()?;
            for end in 1..=literal.len() {
                state = automaton.next_state(Anchored::No, state, literal[end - 1]);
                let longest = |wanted: bool| {
                    let tail = (0..end)
                        .find(|&start| beginnings.get(&literal[start..end]).is_some_and(|&holding| holding || !wanted));
                    tail.map_or(0, |start| (end - start) as u32)
                };
                depth.insert(state, (longest(false), longest(true)));
            }
        }
        Some(depth)
    }
}

/// What a scan found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    /// First byte, from the start of the text.
    pub(super) start: usize,
    /// After the last byte; the same as `start` for [`Outcome::OverLimit`].
    pub(super) end: usize,
    /// Index into the specs that the set was made from.
    pub(super) tracker: usize,
    /// What it is.
    pub(super) outcome: Outcome,
}

/// What a hit stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// A finding.
    Found,
    /// Nothing within the longest match that is allowed, though something longer could have matched.
    OverLimit,
}

/// The scan of one text.
#[derive(Debug)]
pub(super) struct Scanner {
    set: Arc<ScanSet>,
    /// The text from `base` on; everything before is settled.
    kept: String,
    base: usize,
    literal: Option<LiteralState>,
    runs: Vec<Run>,
    /// Trackers with something open.
    active: Vec<u32>,
    hits: Vec<Hit>,
    finished: bool,
}

/// The state of one tracker.
#[derive(Debug, Default)]
struct Run {
    groups: Vec<Group>,
    /// Sorted by start.
    starts: Vec<Start>,
    /// End of the last finding: nothing may start before.
    floor: usize,
    active: bool,
}

/// Candidates of one program in one state.
#[derive(Debug)]
struct Group {
    program: u32,
    state: State,
    /// Sorted.
    starts: SmallVec<[usize; 4]>,
}

/// A position from which something may match.
#[derive(Debug)]
struct Start {
    at: usize,
    /// End of the longest match so far.
    best: Option<usize>,
    /// Groups that it is in.
    live: u32,
    /// A candidate ran into `max_match`.
    cut: bool,
}

impl Scanner {
    pub(super) fn new(set: Arc<ScanSet>) -> Scanner {
        let literal = set.literals.as_ref().and_then(|literals| literals.automaton.start_state(Anchored::No).ok());
        let runs = set.trackers.iter().map(|_| Run::default()).collect();
        Scanner {
            set,
            kept: String::new(),
            base: 0,
            literal,
            runs,
            active: Vec::new(),
            hits: Vec::new(),
            finished: false,
        }
    }

    /// Number of bytes fed.
    pub(super) fn len(&self) -> usize {
        self.base + self.kept.len()
    }

    /// Scans the next piece. Pieces are whole characters.
    pub(super) fn feed(&mut self, piece: &str) {
        let from = self.len();
        self.kept.push_str(piece);
        let set = Arc::clone(&self.set);
        for (at, &byte) in (from..).zip(piece.as_bytes()) {
            if !self.active.is_empty() {
                self.step_active(&set, byte, at);
            }
            if let (Some(literals), Some(state)) = (&set.literals, self.literal) {
                let next = literals.automaton.next_state(Anchored::No, state, byte);
                self.literal = Some(next);
                if literals.automaton.is_special(next) && literals.automaton.is_match(next) {
                    self.spawn_literals(&set, literals, next, at);
                }
            }
            let starters = set.by_byte.get(usize::from(byte)).map_or(&[][..], Vec::as_slice);
            if !starters.is_empty() && self.kept.is_char_boundary(at - self.base) {
                for &program in starters {
                    self.spawn(&set, program, at, at);
                }
            }
            if !self.active.is_empty() {
                self.settle_active(&set, at + 1);
            }
        }
        self.forget();
    }

    /// Ends the text: everything is settled after this.
    pub(super) fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let set = Arc::clone(&self.set);
        let end = self.len();
        self.literal = None;
        for index in std::mem::take(&mut self.active) {
            let run = &mut self.runs[index as usize];
            let around = Around { kept: self.kept.as_bytes(), at: end - self.base };
            for group in std::mem::take(&mut run.groups) {
                let compiled = &set.programs[group.program as usize];
                if compiled.program.matches_at_end(&group.state, around) {
                    run.record(compiled, &group.starts, end, around, self.base, set.trackers[index as usize].max_match);
                }
            }
            run.starts.iter_mut().for_each(|start| start.live = 0);
            run.settle(index as usize, usize::MAX, &mut self.hits);
        }
    }

    /// Everything before this is decided for trackers that hold text: later findings of theirs start here or after.
    pub(super) fn open(&self) -> usize {
        if self.finished {
            return self.len();
        }
        let held = self.active.iter().filter(|&&index| self.set.trackers[index as usize].holds);
        let starts = held.filter_map(|&index| self.runs[index as usize].starts.first());
        let open = starts.map(|start| start.at).min().unwrap_or(usize::MAX).min(self.undetected(self.len()).1);
        #[cfg(test)]
        let open = sabotage::shorten(open, self.len());
        open
    }

    /// Takes what was found since the last call.
    pub(super) fn take_hits(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.hits)
    }

    /// The earliest start that the prefilter may still report, after `fed` bytes: of any tracker, of holding ones.
    fn undetected(&self, fed: usize) -> (usize, usize) {
        let depth = match (&self.set.literals, self.literal) {
            (Some(literals), Some(state)) => literals.depth.get(&state).copied().unwrap_or_default(),
            _ => (0, 0),
        };
        (fed - depth.0 as usize, fed - depth.1 as usize)
    }

    fn step_active(&mut self, set: &ScanSet, byte: u8, at: usize) {
        let around = Around { kept: self.kept.as_bytes(), at: at - self.base };
        for &index in &self.active {
            self.runs[index as usize].step(set, byte, at, around, self.base, set.trackers[index as usize].max_match);
        }
    }

    fn spawn_literals(&mut self, set: &ScanSet, literals: &Literals, state: LiteralState, at: usize) {
        for index in 0..literals.automaton.match_len(state) {
            let literal = literals.automaton.match_pattern(state, index);
            let start = at + 1 - literals.automaton.pattern_len(literal);
            for &program in &literals.owners[literal.as_usize()] {
                self.spawn(set, program, start, at);
            }
        }
    }

    /// Starts a candidate at `start` and catches up to and including the byte at `at`.
    fn spawn(&mut self, set: &ScanSet, program: u32, start: usize, at: usize) {
        let compiled = &set.programs[program as usize];
        let tracker = &set.trackers[compiled.tracker as usize];
        let run = &mut self.runs[compiled.tracker as usize];
        if start < run.floor {
            return;
        }
        let kept = self.kept.as_bytes();
        let Some(mut state) = compiled.program.start(Around { kept, at: start - self.base }) else { return };
        let mut live = true;
        run.enter(start);
        for position in start..=at {
            let around = Around { kept, at: position - self.base };
            let (next, matched) = compiled.program.step(&state, kept[around.at], around);
            if matched {
                run.record(compiled, &[start], position, around, self.base, tracker.max_match);
            }
            match next {
                Some(next) => state = next,
                None => live = false,
            }
            if !live {
                break;
            }
        }
        if live {
            run.join(program, state, start);
        } else {
            run.leave(&[start]);
        }
        if !std::mem::replace(&mut run.active, true) {
            self.active.push(compiled.tracker);
        }
    }

    fn settle_active(&mut self, set: &ScanSet, fed: usize) {
        let (any, holding) = self.undetected(fed);
        let (runs, hits) = (&mut self.runs, &mut self.hits);
        #[cfg(test)]
        sabotage::hide(runs);
        self.active.retain(|&index| {
            let run = &mut runs[index as usize];
            run.settle(index as usize, if set.trackers[index as usize].holds { holding } else { any }, hits);
            run.active = !run.starts.is_empty();
            run.active
        });
    }

    /// Drops text that no candidate, look-behind or unfinished literal needs.
    fn forget(&mut self) {
        let starts = self.active.iter().filter_map(|&index| self.runs[index as usize].starts.first());
        let needed = starts.map(|start| start.at).min().unwrap_or(usize::MAX).min(self.undetected(self.len()).0);
        // One character more, for look-behind.
        let mut cut = needed.saturating_sub(self.base + 4).min(self.kept.len());
        while !self.kept.is_char_boundary(cut) {
            cut -= 1;
        }
        if cut > 1024 || (cut > 0 && cut == self.kept.len()) {
            self.kept.drain(..cut);
            self.base += cut;
        }
    }
}

impl Run {
    fn find(&self, at: usize) -> Result<usize, usize> {
        self.starts.binary_search_by_key(&at, |start| start.at)
    }

    fn enter(&mut self, at: usize) {
        match self.find(at) {
            Ok(index) => self.starts[index].live += 1,
            Err(index) => self.starts.insert(index, Start { at, best: None, live: 1, cut: false }),
        }
    }

    fn leave(&mut self, starts: &[usize]) {
        for &at in starts {
            if let Ok(index) = self.find(at) {
                self.starts[index].live -= 1;
            }
        }
    }

    /// Puts a candidate into the group of its state.
    fn join(&mut self, program: u32, state: State, start: usize) {
        match self.groups.iter_mut().find(|group| group.program == program && group.state == state) {
            Some(group) => insert_sorted(&mut group.starts, start),
            None => self.groups.push(Group { program, state, starts: smallvec![start] }),
        }
    }

    fn step(&mut self, set: &ScanSet, byte: u8, at: usize, around: Around<'_>, base: usize, max_match: usize) {
        let mut groups = std::mem::take(&mut self.groups);
        let mut merge = false;
        groups.retain_mut(|group| {
            let compiled = &set.programs[group.program as usize];
            let (next, matched) = compiled.program.step(&group.state, byte, around);
            if matched {
                self.record(compiled, &group.starts, at, around, base, max_match);
            }
            let Some(next) = next else {
                self.leave(&group.starts);
                return false;
            };
            group.state = next;
            merge = true;
            // Inside a character nobody knows yet whether it belongs to a match.
            if around.kept.get(around.at + 1).is_none_or(|next| next & 0xc0 != 0x80) {
                self.expire(group, at, max_match);
            }
            !group.starts.is_empty()
        });
        if merge && groups.len() > 1 {
            groups = merged(groups);
        }
        self.groups = groups;
    }

    /// Takes out the starts that have consumed more than the longest match and are still alive.
    fn expire(&mut self, group: &mut Group, at: usize, max_match: usize) {
        let late = group.starts.iter().take_while(|&&start| at - start >= max_match).count();
        for start in group.starts.drain(..late) {
            if let Ok(index) = self.starts.binary_search_by_key(&start, |start| start.at) {
                self.starts[index].live -= 1;
                self.starts[index].cut = true;
            }
        }
    }

    /// Notes that the candidates at `starts` match up to `end`.
    fn record(
        &mut self,
        compiled: &Compiled,
        starts: &[usize],
        end: usize,
        around: Around<'_>,
        base: usize,
        max_match: usize,
    ) {
        if !compiled.program.end_holds(around) {
            return;
        }
        for &start in starts.iter().filter(|&&start| end - start <= max_match) {
            let valid = compiled.validator.as_ref().is_none_or(|validator| {
                let text = around.kept.get(start - base..end - base).and_then(|text| std::str::from_utf8(text).ok());
                text.is_some_and(|text| validator.0(text))
            });
            #[cfg(test)]
            sabotage::swallow(valid, end, &mut self.floor);
            if valid && let Ok(index) = self.find(start) {
                let best = &mut self.starts[index].best;
                *best = (*best).max(Some(end));
            }
        }
    }

    /// Reports what can no longer change. No start before `undetected` is still to come.
    fn settle(&mut self, tracker: usize, undetected: usize, hits: &mut Vec<Hit>) {
        while let Some(first) = self.starts.first()
            && first.at < undetected
        {
            let (at, best) = (first.at, first.best);
            if first.live > 0 {
                // The finding will be at least this long: what starts inside it has lost.
                if let Some(best) = best {
                    self.drop_between(at + 1, best);
                }
                return;
            }
            if let Some(end) = best {
                hits.push(Hit { start: at, end, tracker, outcome: Outcome::Found });
                self.floor = end;
                self.drop_between(at, end);
            } else {
                if first.cut {
                    hits.push(Hit { start: at, end: at, tracker, outcome: Outcome::OverLimit });
                }
                self.starts.remove(0);
            }
        }
        // Failed starts behind an open one need not wait for their turn.
        self.starts.retain(|start| start.live > 0 || start.best.is_some() || start.cut);
    }

    fn drop_between(&mut self, from: usize, to: usize) {
        let low = self.starts.partition_point(|start| start.at < from);
        let high = self.starts.partition_point(|start| start.at < to);
        if low == high {
            return;
        }
        self.starts.drain(low..high);
        self.groups.retain_mut(|group| {
            group.starts.retain(|start| *start < from || *start >= to);
            !group.starts.is_empty()
        });
    }
}

fn insert_sorted(starts: &mut SmallVec<[usize; 4]>, start: usize) {
    if let Err(index) = starts.binary_search(&start) {
        starts.insert(index, start);
    }
}

/// Joins groups whose futures are equal.
fn merged(groups: Vec<Group>) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::with_capacity(groups.len());
    for group in groups {
        match out.iter_mut().find(|other| other.program == group.program && other.state == group.state) {
            Some(other) => group.starts.into_iter().for_each(|start| insert_sorted(&mut other.starts, start)),
            None => out.push(group),
        }
    }
    out
}

#[cfg(test)]
pub(crate) mod sabotage;
#[cfg(test)]
pub(crate) mod tests;
