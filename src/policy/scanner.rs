//! Patterns over text that arrives in pieces: each finds what it would find alone, on every chunking.
//!
//! One shared pass over the literals of all patterns says where candidates may start. A candidate is stepped byte by
//! byte; candidates of one pattern in the same state have the same future and are stepped together. Nothing is scanned
//! twice. What may still become a finding is known at every moment ([`Scanner::open`]): all text before it is decided.
//!
//! A tracker's findings are its candidates leftmost first, then longest, not overlapping (DESIGN 12.3 and 12.4). The
//! leftmost live start is never overtaken: a finding is reported once its start is the earliest that is still open and
//! nothing longer can come.

mod automaton;
mod bound;
mod heads;
mod joint;
mod literals;
mod run;
mod set;
mod shared;

use std::sync::Arc;

use smallvec::SmallVec;

use self::automaton::State as LiteralState;
use self::literals::{Literals, Tails};
use self::run::{Kept, Runs};
use self::set::{Compiled, Tracker, class_before, start_of};
use crate::detector::AsciiSet;

#[cfg(test)]
pub(super) use self::bound::steps;
pub(super) use self::heads::{DEPTH, Reach};
pub(super) use self::set::{ScanSet, TrackerSpec};
pub use self::shared::Shared;

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
    /// How sure the pattern is, in thousandths; 0 if it says nothing.
    pub(super) score: u16,
}

impl Hit {
    /// How sure the pattern is, in 0..=1.
    pub(super) fn score(&self) -> Option<f32> {
        (self.score > 0).then(|| f32::from(self.score) / 1000.0)
    }
}

/// What a hit stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// A finding.
    Found,
    /// A finding that has outgrown the longest match and goes on (begin + run).
    Begun,
    /// What had begun goes on to here.
    Grown,
    /// Nothing within the longest match that is allowed, though something longer could have matched.
    OverLimit,
}

/// The scan of one text.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    set: Arc<ScanSet>,
    /// By rule: those that take no part, if there are any.
    off: Option<Arc<[bool]>>,
    /// The text from `base` on; everything before is settled.
    kept: String,
    base: usize,
    literal: Option<LiteralState>,
    runs: Runs,
    /// Trackers with something open.
    active: Vec<u32>,
    hits: Vec<Hit>,
    /// How many bytes may be looked at ahead of their turn, to see whether candidates fail.
    ahead: usize,
    finished: bool,
    /// Runs those trackers alone that read what rules have to ask for.
    narrow: bool,
}

/// For each byte of the text so many may be looked at ahead of their turn: a bound on the work that does not hang on the text.
const AHEAD: usize = 4;
/// So many bytes of text, at the most, give room to look ahead later on.
const MOST_AHEAD: usize = 4096;
/// So far ahead a candidate is followed to its end before it is taken in, in bytes, and [`DEPTH`].
const MAX_AHEAD: usize = 240;
/// So many patterns without literal beginnings that may start at one place are worth following together.
const MANY: usize = 3;

/// Ends of matches with one start: whose, and where in the text that is kept.
type Ends = SmallVec<[(u32, usize); 8]>;

impl Scanner {
    /// Without the rules that are off.
    pub(super) fn without(set: Arc<ScanSet>, off: Option<Arc<[bool]>>) -> Scanner {
        Scanner { off, ..Scanner::new(set) }
    }

    pub(super) fn new(set: Arc<ScanSet>) -> Scanner {
        let literal = set.literals.as_ref().map(|_| LiteralState::default());
        let runs = Runs::new(set.trackers.len());
        Scanner {
            set,
            off: None,
            kept: String::new(),
            base: 0,
            literal,
            runs,
            active: Vec::new(),
            hits: Vec::new(),
            ahead: 0,
            finished: false,
            narrow: false,
        }
    }

    /// From here on, only trackers run that read what rules have to ask for. Others leave no trace.
    pub(super) fn narrow(&mut self) {
        self.narrow = true;
        let trackers = &self.set.trackers;
        let runs = &mut self.runs;
        self.active.retain(|&index| {
            let stays = trackers[index as usize].disguised;
            if !stays {
                runs[index as usize] = run::Run::default();
            }
            stays
        });
    }

    /// Whether this tracker runs.
    fn runs(&self, tracker: u32) -> bool {
        let tracker = &self.set.trackers[tracker as usize];
        (!self.narrow || tracker.disguised) && self.off.as_ref().is_none_or(|off| !off[tracker.rule])
    }

    /// The trackers that run and whose patterns are started by an inner byte.
    fn inner(&self) -> impl Iterator<Item = &Tracker> {
        self.set.inner.iter().filter(|&&index| self.runs(index)).map(|&index| &self.set.trackers[index as usize])
    }

    /// Number of bytes fed.
    pub(super) fn len(&self) -> usize {
        self.base + self.kept.len()
    }

    /// Scans the next piece. Pieces are whole characters.
    pub(super) fn feed(&mut self, piece: &str) {
        let before = self.kept.len();
        self.kept.push_str(piece);
        self.ahead = (self.ahead + AHEAD * piece.len()).min(AHEAD * MOST_AHEAD);
        let mut next = self.skip(before);
        if next < self.kept.len() {
            let set = Arc::clone(&self.set);
            while let Some(&byte) = self.kept.as_bytes().get(next) {
                self.scan(&set, byte, self.base + next);
                next = self.skip(next + 1);
            }
        }
        for &index in &self.active {
            self.runs[index as usize].report_growth(index as usize, &mut self.hits);
        }
        self.forget();
    }

    /// While nothing is open, goes on to the next byte with which something may start, behind `at` bytes of what is kept.
    /// Returns where that stands.
    fn skip(&mut self, at: usize) -> usize {
        if !self.active.is_empty() {
            return at;
        }
        let (text, starts) = (self.kept.as_bytes(), &self.set.starts(self.narrow).0);
        let (Some(literals), Some(state)) = (&self.set.literals, self.literal) else {
            let starts_here = |byte: &u8| starts[usize::from(*byte)];
            return text[at..].iter().position(starts_here).map_or(text.len(), |skipped| at + skipped);
        };
        let (next, state) = literals.skip(state, text, at, starts);
        self.literal = Some(state);
        next
    }

    fn scan(&mut self, set: &ScanSet, byte: u8, at: usize) {
        if !self.active.is_empty() {
            self.step_active(set, byte, at);
        }
        if let (Some(literals), Some(state)) = (&set.literals, self.literal) {
            let next = literals.automaton.next(state, byte);
            self.literal = Some(next);
            if next.is_match() {
                self.spawn_literals(set, literals, next, at);
            }
        }
        let here = at - self.base;
        if set.starts(self.narrow).0[usize::from(byte)] && self.kept.is_char_boundary(here) {
            for &program in &set.by_byte[usize::from(byte)] {
                let inner = set.programs[program as usize].inner.as_ref();
                if let Some(start) = inner.and_then(|inner| start_of(inner, self.kept.as_bytes(), here)) {
                    self.spawn(set, program, self.base + start, at);
                }
            }
            self.spawn_headless(set, at);
        }
        if !self.active.is_empty() {
            self.settle_active(set, at + 1);
        }
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
            let (run, tracker) = (&mut self.runs[index as usize], &set.trackers[index as usize]);
            let kept = Kept { text: &self.kept, base: self.base };
            if let Some(running) = &mut run.running {
                let compiled = &set.programs[running.program as usize];
                if compiled.program.matches_at_end(&running.state, kept.around(end)) {
                    running.best = end;
                }
                running.over = true;
            }
            for group in std::mem::take(&mut run.groups) {
                let compiled = &set.programs[group.program as usize];
                if compiled.program.matches_at_end(&group.state, kept.around(end)) {
                    run.record(&set, group.program, &group.starts, end, kept, tracker.max_match);
                }
            }
            run.decide(&set, kept, usize::MAX);
            run.starts.iter_mut().for_each(|start| start.live = 0);
            run.settle(&set, index as usize, usize::MAX, &mut self.hits);
        }
        // Nobody asks again, and a body may be made of many texts.
        (self.runs, self.kept, self.base) = (Runs::default(), String::new(), end);
    }

    /// Everything before this is decided for trackers that hold text: later findings of theirs start here or after.
    pub(super) fn open(&self) -> usize {
        if self.finished {
            return self.len();
        }
        let held = self.active.iter().filter(|&&index| self.set.trackers[index as usize].holds);
        let live = held.filter_map(|&index| {
            self.runs[index as usize].open().map(|open| open + self.set.trackers[index as usize].lead)
        });
        let live = live.min().unwrap_or(usize::MAX);
        let inner = self.inner().filter(|inner| inner.holds);
        let inner = inner.map(|tracker| self.undetected_inner(tracker, self.len())).min().unwrap_or(usize::MAX);
        let open = live.min(inner).min(self.begun());
        #[cfg(test)]
        let open = sabotage::shorten(open, self.len());
        open
    }

    /// Everything before this is decided for all trackers, and no check looks at it again but those that look back.
    pub(super) fn needed(&self) -> usize {
        let live = self.active.iter().filter_map(|&index| self.runs[index as usize].open()).min();
        let inner = self.inner().filter(|_| !self.finished);
        let inner = inner.map(|tracker| self.undetected_inner(tracker, self.len())).min();
        live.unwrap_or(usize::MAX).min(inner.unwrap_or(usize::MAX)).min(self.undetected(self.len()).0)
    }

    /// Whether nothing is open, and nothing was found in the last `reach` bytes.
    pub(super) fn is_idle(&self, reach: usize) -> bool {
        self.active.is_empty() && self.runs.iter().all(|run| run.floor + reach <= self.len())
    }

    /// Takes what was found since the last call.
    pub(super) fn take_hits(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.hits)
    }

    /// The earliest start that the prefilter may still report, after `fed` bytes: of any tracker, of holding ones.
    fn undetected(&self, fed: usize) -> (usize, usize) {
        self.tails().map_or((fed, fed), |tails| (fed - usize::from(tails.any), fed - usize::from(tails.holding)))
    }

    fn tails(&self) -> Option<Tails> {
        Some(self.set.literals.as_ref()?.tails(self.literal?))
    }

    /// The earliest place that a finding may cover of what has begun with a literal and holds text. Unlike
    /// [`Scanner::undetected`] this asks
    /// the programs: most of what begins like a literal stands in the middle of a word, or is spelled in another case.
    fn begun(&self) -> usize {
        let (Some(literals), Some(tails)) = (&self.set.literals, self.tails()) else { return self.len() };
        // The longest have begun first.
        literals.begun(tails).fold(self.len(), |open, (length, programs)| {
            let start = self.len() - length;
            programs.iter().fold(open, |open, &program| {
                let lead = self.set.trackers[self.set.programs[program as usize].tracker as usize].lead;
                if start + lead < open && self.may_begin(program, start) { start + lead } else { open }
            })
        })
    }

    /// Whether something may begin with this character, if it comes next.
    pub(super) fn may_begin_with(&self, char: char) -> bool {
        let mut utf8 = [0; 4];
        let bytes = char.encode_utf8(&mut utf8).as_bytes();
        let inner = self.set.inner.iter().flat_map(|&tracker| &self.set.trackers[tracker as usize].inner);
        let classes = inner.map(|inner| inner.class).fold(AsciiSet::default(), AsciiSet::union);
        if bytes.iter().any(|&byte| classes.has(byte) || self.set.starts(self.narrow).0[usize::from(byte)]) {
            return true;
        }
        let (Some(literals), Some(mut state)) = (&self.set.literals, self.literal) else { return false };
        bytes.iter().any(|&byte| {
            state = literals.automaton.next(state, byte);
            state.is_match() || literals.tails(state).any > 0
        })
    }

    /// Whether a candidate that starts here could live.
    fn may_begin(&self, program: u32, start: usize) -> bool {
        let compiled = &self.set.programs[program as usize];
        let kept = Kept { text: &self.kept, base: self.base };
        let floor = self.runs[compiled.tracker as usize].floor;
        if start < floor || !self.runs(compiled.tracker) || !compiled.begins(kept.around(start)) {
            return false;
        }
        compiled.program.may_begin(self.kept.as_bytes(), start - self.base, self.len() - start)
    }

    /// The earliest start that an inner byte may still give this tracker, after `fed` bytes.
    fn undetected_inner(&self, tracker: &Tracker, fed: usize) -> usize {
        let lengths = tracker.inner.iter().map(|inner| {
            let length = class_before(inner, self.kept.as_bytes(), fed - self.base);
            if length > inner.max { 0 } else { length }
        });
        fed - lengths.max().unwrap_or(0)
    }

    fn step_active(&mut self, set: &ScanSet, byte: u8, at: usize) {
        let kept = Kept { text: &self.kept, base: self.base };
        for &index in &self.active {
            self.runs[index as usize].step(set, byte, at, kept, set.trackers[index as usize].max_match);
        }
    }

    fn spawn_literals(&mut self, set: &ScanSet, literals: &Literals, state: LiteralState, at: usize) {
        let mut begun: SmallVec<[(u32, usize); 8]> = SmallVec::new();
        let fed = at + 1 - self.base;
        literals.ended(state, self.kept.as_bytes(), fed, |program, start| begun.push((program, start)));
        begun.into_iter().for_each(|(program, start)| self.spawn(set, program, self.base + start, at));
    }

    /// Starts candidates of the patterns that begin with no literal.
    fn spawn_headless(&mut self, set: &ScanSet, at: usize) {
        let (text, here) = (self.kept.as_bytes(), at - self.base);
        let previous = here.checked_sub(1).map(|before| text[before]);
        let mut alive: SmallVec<[u32; 4]> = SmallVec::new();
        set.heads.alive(previous, &text[here..], |program| alive.push(program));
        if let Some(joint) = set.joint.as_ref().filter(|_| alive.len() >= MANY) {
            let most = self.sight(joint.most);
            let mut ends: Ends = SmallVec::new();
            let looked = joint.ends_within(text, here, most, |program, end| ends.push((program, end)));
            self.looked(looked.unwrap_or(most));
            if looked.is_some() {
                let kept = Kept { text: &self.kept, base: self.base };
                ends.retain(|(program, _)| {
                    let compiled = &set.programs[*program as usize];
                    self.takes(compiled, at) && compiled.program.start_holds(kept.around(at))
                });
                self.note(set, at, &ends);
                alive.retain(|program| !set.programs[*program as usize].joint);
            }
        }
        alive.into_iter().for_each(|program| self.spawn(set, program, at, at));
    }

    /// So far a candidate may be followed ahead of its turn.
    fn sight(&self, max_match: usize) -> usize {
        (DEPTH + self.ahead.min(MAX_AHEAD)).min(max_match)
    }

    fn looked(&mut self, ahead: usize) {
        self.ahead = self.ahead.saturating_sub(ahead.saturating_sub(DEPTH));
    }

    /// Whether a candidate that starts here is worth a look.
    fn takes(&self, compiled: &Compiled, start: usize) -> bool {
        let kept = Kept { text: &self.kept, base: self.base };
        self.runs(compiled.tracker)
            && compiled.begins(kept.around(start))
            && start >= self.runs[compiled.tracker as usize].floor
    }

    /// Takes in all matches that start here, of whatever patterns, by their ends in the text that is kept.
    fn note(&mut self, set: &ScanSet, start: usize, ends: &[(u32, usize)]) {
        let kept = Kept { text: &self.kept, base: self.base };
        for &(program, end) in ends {
            let index = set.programs[program as usize].tracker;
            let run = &mut self.runs[index as usize];
            run.record_alone(set, program, start, self.base + end, kept);
            if !run.starts.is_empty() && !std::mem::replace(&mut run.active, true) {
                self.active.push(index);
            }
        }
    }

    /// Starts a candidate at `start` and catches up to and including the byte at `at`.
    fn spawn(&mut self, set: &ScanSet, program: u32, start: usize, at: usize) {
        let compiled = &set.programs[program as usize];
        let tracker = &set.trackers[compiled.tracker as usize];
        let kept = Kept { text: &self.kept, base: self.base };
        if !self.takes(compiled, start) {
            return;
        }
        let Some(mut state) = compiled.program.start(kept.around(start)) else { return };
        // Most candidates end soon. One that does so in text that is there need not be stepped with the others.
        let most = self.sight(tracker.max_match);
        let mut ends: Ends = SmallVec::new();
        let looked = compiled.program.ends_within(&state, kept.around(start), most, |end| ends.push((program, end)));
        self.looked(looked.unwrap_or(most));
        if looked.is_some() {
            self.note(set, start, &ends);
            return;
        }
        let kept = Kept { text: &self.kept, base: self.base };
        let mut live = true;
        let run = &mut self.runs[compiled.tracker as usize];
        run.enter(start);
        for position in start..=at {
            let around = kept.around(position);
            let (next, matched) = compiled.program.step(&state, around.kept[around.at], around);
            if matched {
                run.record(set, program, &[start], position, kept, tracker.max_match);
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
        #[cfg(test)]
        sabotage::hide(&mut self.runs);
        let mut active = std::mem::take(&mut self.active);
        active.retain(|&index| {
            let tracker = &set.trackers[index as usize];
            let mut undetected = if tracker.holds { holding } else { any };
            if !tracker.inner.is_empty() {
                undetected = undetected.min(self.undetected_inner(tracker, fed));
            }
            let run = &mut self.runs[index as usize];
            if run.due <= fed && !run.pending.is_empty() {
                run.decide(set, Kept { text: &self.kept, base: self.base }, fed);
            }
            run.settle(set, index as usize, undetected, &mut self.hits);
            run.active = !run.starts.is_empty() || run.running.is_some();
            run.active
        });
        self.active = active;
    }

    /// Drops text that no candidate, look-behind or unfinished literal needs.
    fn forget(&mut self) {
        let live = self.active.iter().filter_map(|&index| self.runs[index as usize].open());
        let needed = live.min().unwrap_or(usize::MAX).min(self.undetected(self.len()).0);
        // One character more, for look-behind.
        let mut cut = needed.saturating_sub(self.base + self.set.behind + 8).min(self.kept.len());
        while !self.kept.is_char_boundary(cut) {
            cut -= 1;
        }
        if cut > 1024 || (cut > 0 && cut == self.kept.len()) {
            self.kept.drain(..cut);
            self.base += cut;
        }
    }
}

#[cfg(test)]
pub(crate) mod sabotage;
#[cfg(test)]
pub(crate) mod tests;
