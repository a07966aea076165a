//! The state of one tracker over one text: its candidates, those that wait for what follows, and what has begun.

use std::ops::{Index, IndexMut};

use smallvec::{SmallVec, smallvec};

use super::super::program::{Around, State};
#[cfg(test)]
use super::sabotage;
use super::set::{Compiled, ScanSet};
use super::{Hit, Outcome};
use crate::detector::Surround;

/// The state of one tracker.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub(super) groups: Vec<Group>,
    /// Sorted by start.
    pub(super) starts: Vec<Start>,
    /// Matches that wait for the text behind them.
    pub(super) pending: Vec<Pending>,
    /// When the first of them can be decided.
    pub(super) due: usize,
    /// What has outgrown the longest match.
    pub(super) running: Option<Running>,
    /// End of the last finding: nothing may start before.
    pub(super) floor: usize,
    pub(super) active: bool,
}

/// The states of all trackers. There may be hundreds, and most texts give none of them anything to do: what a tracker
/// has not begun takes no memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    trackers: usize,
    /// Empty until something begins.
    runs: Vec<Option<Box<Run>>>,
}

impl Runs {
    pub(super) fn new(trackers: usize) -> Runs {
        Runs { trackers, runs: Vec::new() }
    }

    /// Those that have begun something at some time.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().flatten().map(|run| &**run)
    }

    #[cfg(test)]
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Run> {
        self.runs.iter_mut().flatten().map(|run| &mut **run)
    }
}

impl Index<usize> for Runs {
    type Output = Run;

    fn index(&self, tracker: usize) -> &Run {
        self.runs.get(tracker).and_then(Option::as_deref).unwrap_or(&IDLE)
    }
}

impl IndexMut<usize> for Runs {
    fn index_mut(&mut self, tracker: usize) -> &mut Run {
        if self.runs.is_empty() {
            self.runs.resize(self.trackers, None);
        }
        self.runs[tracker].get_or_insert_default()
    }
}

/// What has begun nothing.
static IDLE: Run =
    Run { groups: Vec::new(), starts: Vec::new(), pending: Vec::new(), due: 0, running: None, floor: 0, active: false };

/// Candidates of one program in one state.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) program: u32,
    pub(super) state: State,
    /// Sorted.
    pub(super) starts: SmallVec<[usize; 4]>,
}

/// A position from which something may match.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) at: usize,
    /// End of the longest match so far, and its score.
    pub(super) best: Option<(usize, u16)>,
    /// Groups that it is in, and matches that wait for what follows.
    pub(super) live: u32,
    /// A candidate ran into `max_match`.
    pub(super) cut: bool,
}

/// A match whose surroundings are not all there.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) program: u32,
    /// Length of the text when it can be decided.
    pub(super) due: usize,
}

/// A match that goes on beyond the longest match. The text up to `best` belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) program: u32,
    pub(super) state: State,
    pub(super) start: usize,
    pub(super) best: usize,
    pub(super) reported: usize,
    pub(super) over: bool,
}

/// The text that is kept, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Kept<'t> {
    pub(super) text: &'t str,
    pub(super) base: usize,
}

impl<'t> Kept<'t> {
    pub(super) fn around(self, at: usize) -> Around<'t> {
        Around { kept: self.text.as_bytes(), at: at - self.base }
    }

    /// Asks about the surroundings of a match; `fed` bytes have been seen, `usize::MAX` when there are no more.
    pub(super) fn surrounded(self, surround: &Surround, start: usize, end: usize, fed: usize) -> Option<bool> {
        let (start, end) = (start - self.base, end - self.base);
        let mut from = start.saturating_sub(surround.before);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        let mut to = (end + surround.after).min(self.text.len());
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        let seen = fed == usize::MAX || fed >= self.base + end + surround.after;
        (surround.holds)(self.text.get(from..start)?, self.text.get(end..to).filter(|_| seen))
    }
}

impl Run {
    pub(super) fn find(&self, at: usize) -> Result<usize, usize> {
        self.starts.binary_search_by_key(&at, |start| start.at)
    }

    pub(super) fn enter(&mut self, at: usize) {
        match self.find(at) {
            Ok(index) => self.starts[index].live += 1,
            Err(index) => self.starts.insert(index, Start { at, best: None, live: 1, cut: false }),
        }
    }

    pub(super) fn leave(&mut self, starts: &[usize]) {
        for &at in starts {
            if let Ok(index) = self.find(at) {
                self.starts[index].live -= 1;
            }
        }
    }

    /// Puts a candidate into the group of its state.
    pub(super) fn join(&mut self, program: u32, state: State, start: usize) {
        match self.groups.iter_mut().find(|group| group.program == program && group.state == state) {
            Some(group) => insert_sorted(&mut group.starts, start),
            None => self.groups.push(Group { program, state, starts: smallvec![start] }),
        }
    }

    /// Everything before this is decided.
    pub(super) fn open(&self) -> Option<usize> {
        let running = self.running.as_ref().map(|running| running.best);
        running.or_else(|| self.starts.first().map(|start| start.at))
    }

    pub(super) fn step(&mut self, set: &ScanSet, byte: u8, at: usize, kept: Kept<'_>, max_match: usize) {
        let around = kept.around(at);
        self.step_running(set, byte, at, around);
        let mut groups = std::mem::take(&mut self.groups);
        let mut merge = false;
        groups.retain_mut(|group| {
            let compiled = &set.programs[group.program as usize];
            let (next, matched) = compiled.program.step(&group.state, byte, around);
            if matched {
                self.record(set, group.program, &group.starts, at, kept, max_match);
            }
            let Some(next) = next else {
                self.leave(&group.starts);
                return false;
            };
            group.state = next;
            merge = true;
            // Inside a character nobody knows yet whether it belongs to a match.
            if around.kept.get(around.at + 1).is_none_or(|next| next & 0xc0 != 0x80) {
                self.expire(group, at, max_match, compiled.run);
            }
            !group.starts.is_empty()
        });
        if merge && groups.len() > 1 {
            groups = merged(groups);
        }
        self.groups = groups;
    }

    /// Takes out the starts that have consumed more than the longest match and are still alive.
    /// What has begun and may run on stays.
    pub(super) fn expire(&mut self, group: &mut Group, at: usize, max_match: usize, run: bool) {
        if group.starts.first().is_none_or(|&start| at - start < max_match) {
            return;
        }
        let starts = &mut self.starts;
        group.starts.retain(|start| {
            let Ok(index) = starts.binary_search_by_key(start, |start| start.at) else { return true };
            if at - *start < max_match || (run && starts[index].best.is_some()) {
                return true;
            }
            starts[index].live -= 1;
            starts[index].cut = true;
            false
        });
    }

    pub(super) fn step_running(&mut self, set: &ScanSet, byte: u8, at: usize, around: Around<'_>) {
        let Some(running) = self.running.as_mut().filter(|running| !running.over) else { return };
        let compiled = &set.programs[running.program as usize];
        let (next, matched) = compiled.program.step(&running.state, byte, around);
        if matched && compiled.ends(around) {
            running.best = at;
        }
        match next {
            Some(next) => running.state = next,
            None => running.over = true,
        }
        if matched {
            self.floor = running.best;
            self.drop_between(0, self.floor);
        }
    }

    /// Tells how far what has begun goes by now.
    pub(super) fn report_growth(&mut self, tracker: usize, hits: &mut Vec<Hit>) {
        if let Some(running) = self.running.as_mut().filter(|running| running.best > running.reported) {
            running.reported = running.best;
            let (start, end) = (running.start, running.best);
            hits.push(Hit { start, end, tracker, outcome: Outcome::Grown, score: 0 });
        }
    }

    /// Lets the earliest candidate run on, if its pattern does. Its finding has begun.
    pub(super) fn begin(&mut self, set: &ScanSet, tracker: usize, hits: &mut Vec<Hit>) {
        let Some(&Start { at, best: Some((end, score)), .. }) = self.starts.first() else { return };
        let mut running = self.groups.iter().filter(|group| set.programs[group.program as usize].run);
        let Some(group) = running.find(|group| group.starts.contains(&at)) else { return };
        let (program, state) = (group.program, group.state.clone());
        hits.push(Hit { start: at, end, tracker, outcome: Outcome::Begun, score });
        self.running = Some(Running { program, state, start: at, best: end, reported: end, over: false });
        self.floor = end;
        self.drop_between(at, end);
    }

    /// Notes that the candidates at `starts` match up to `end`.
    pub(super) fn record(
        &mut self,
        set: &ScanSet,
        program: u32,
        starts: &[usize],
        end: usize,
        kept: Kept<'_>,
        max_match: usize,
    ) {
        let compiled = &set.programs[program as usize];
        if !compiled.ends(kept.around(end)) {
            return;
        }
        for &start in starts.iter().filter(|&&start| compiled.run || end - start <= max_match) {
            let holds = self.holds(compiled, start, end, kept);
            if holds != Some(false)
                && let Ok(index) = self.find(start)
            {
                self.take_in(index, compiled, program, end, holds.is_some());
            }
        }
    }

    /// The same of a start that has no candidate. Of what does not hold nothing is left.
    pub(super) fn record_alone(&mut self, set: &ScanSet, program: u32, start: usize, end: usize, kept: Kept<'_>) {
        let compiled = &set.programs[program as usize];
        if !compiled.ends(kept.around(end)) {
            return;
        }
        let holds = self.holds(compiled, start, end, kept);
        if holds != Some(false) {
            let index = self.find(start).unwrap_or_else(|index| {
                self.starts.insert(index, Start { at: start, best: None, live: 0, cut: false });
                index
            });
            self.take_in(index, compiled, program, end, holds.is_some());
        }
    }

    /// Whether a match is one, as far as what is there tells.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "planted faults want it"))]
    fn holds(&mut self, compiled: &Compiled, start: usize, end: usize, kept: Kept<'_>) -> Option<bool> {
        let text = || kept.text.get(start - kept.base..end - kept.base);
        let valid = compiled.validator.as_ref().is_none_or(|validator| text().is_some_and(|text| validator.0(text)));
        #[cfg(test)]
        let valid = sabotage::stale(valid);
        #[cfg(test)]
        sabotage::swallow(valid, end, &mut self.floor);
        let surround = compiled.surround.as_ref().filter(|_| valid);
        surround.map_or(Some(valid), |surround| kept.surrounded(surround, start, end, kept.base + kept.text.len()))
    }

    /// Takes in a match that is one, or that waits for what follows.
    fn take_in(&mut self, index: usize, compiled: &Compiled, program: u32, end: usize, decided: bool) {
        let start = &mut self.starts[index];
        if decided {
            start.best = start.best.max(Some((end, compiled.score)));
            return;
        }
        start.live += 1;
        let start = start.at;
        let due = end + compiled.surround.as_ref().map_or(0, |surround| surround.after);
        self.due = if self.pending.is_empty() { due } else { self.due.min(due) };
        self.pending.push(Pending { start, end, program, due });
    }

    /// Decides the matches whose surroundings are there, after `fed` bytes.
    pub(super) fn decide(&mut self, set: &ScanSet, kept: Kept<'_>, fed: usize) {
        let (starts, mut due) = (&mut self.starts, usize::MAX);
        self.pending.retain(|pending| {
            if pending.due > fed {
                due = due.min(pending.due);
                return true;
            }
            let compiled = &set.programs[pending.program as usize];
            let surround = compiled.surround.as_ref();
            let holds = surround.and_then(|surround| kept.surrounded(surround, pending.start, pending.end, fed));
            if let Ok(index) = starts.binary_search_by_key(&pending.start, |start| start.at) {
                let start = &mut starts[index];
                start.live -= 1;
                if holds == Some(true) {
                    start.best = start.best.max(Some((pending.end, compiled.score)));
                }
            }
            false
        });
        self.due = due;
    }

    /// Reports what can no longer change. No start before `undetected` is still to come.
    pub(super) fn settle(&mut self, set: &ScanSet, tracker: usize, undetected: usize, hits: &mut Vec<Hit>) {
        if let Some(over) = self.running.as_ref().map(|running| running.over) {
            if !over {
                return;
            }
            self.report_growth(tracker, hits);
            self.floor = self.running.take().map_or(self.floor, |running| running.best);
            self.drop_between(0, self.floor);
        }
        while let Some(first) = self.starts.first()
            && first.at < undetected
        {
            let (at, best) = (first.at, first.best);
            if first.live > 0 {
                // The finding will be at least this long: what starts inside it has lost.
                if let Some((best, _)) = best {
                    self.drop_between(at + 1, best);
                    if best - at > set.trackers[tracker].max_match {
                        self.begin(set, tracker, hits);
                    }
                }
                return;
            }
            if let Some((end, score)) = best {
                hits.push(Hit { start: at, end, tracker, outcome: Outcome::Found, score });
                self.floor = end;
                self.drop_between(at, end);
            } else {
                if first.cut {
                    hits.push(Hit { start: at, end: at, tracker, outcome: Outcome::OverLimit, score: 0 });
                }
                self.starts.remove(0);
            }
        }
        // Failed starts behind an open one need not wait for their turn.
        self.starts.retain(|start| start.live > 0 || start.best.is_some() || start.cut);
    }

    pub(super) fn drop_between(&mut self, from: usize, to: usize) {
        let low = self.starts.partition_point(|start| start.at < from);
        let high = self.starts.partition_point(|start| start.at < to);
        if low == high {
            return;
        }
        self.starts.drain(low..high);
        self.pending.retain(|pending| pending.start < from || pending.start >= to);
        self.groups.retain_mut(|group| {
            group.starts.retain(|start| *start < from || *start >= to);
            !group.starts.is_empty()
        });
    }
}

pub(super) fn insert_sorted(starts: &mut SmallVec<[usize; 4]>, start: usize) {
    if let Err(index) = starts.binary_search(&start) {
        starts.insert(index, start);
    }
}

/// Joins groups whose futures are equal.
pub(super) fn merged(groups: Vec<Group>) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::with_capacity(groups.len());
    for group in groups {
        match out.iter_mut().find(|other| other.program == group.program && other.state == group.state) {
            Some(other) => group.starts.into_iter().for_each(|start| insert_sorted(&mut other.starts, start)),
            None => out.push(group),
        }
    }
    out
}
