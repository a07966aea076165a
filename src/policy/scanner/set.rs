//! The compiled patterns of all trackers that read the same text, and what they have in common.

use std::sync::Arc;

use regex_syntax::hir::{Class, Hir, HirKind};
use smallvec::SmallVec;

use super::super::program::{Around, Entry, Program, ProgramError};
use super::heads::Heads;
use super::joint::Joint;
use super::literals::Literals;
use super::shared::Shared;
use crate::detector::{Edges, Inner, Pattern, Surround, Validator};
use crate::view;

/// What one tracker looks for: the patterns of one entity of one rule.
pub(in crate::policy) struct TrackerSpec<'a> {
    /// Whose it is.
    pub(in crate::policy) rule: usize,
    /// The patterns compete with each other and with nothing else.
    pub(in crate::policy) patterns: Vec<&'a Pattern>,
    /// Whether text must wait for this tracker.
    pub(in crate::policy) holds: bool,
    /// Whether it reads what only rules read that ask for it.
    pub(in crate::policy) disguised: bool,
    /// The longest match, in bytes.
    pub(in crate::policy) max_match: usize,
}

/// The compiled patterns of all trackers that read the same text.
#[derive(Debug, Default)]
pub(in crate::policy) struct ScanSet {
    pub(super) programs: Vec<Compiled>,
    pub(super) trackers: Vec<Tracker>,
    pub(super) literals: Option<Literals>,
    /// For each byte, the programs whose inner byte it is.
    pub(super) by_byte: Vec<Vec<u32>>,
    /// The others without literals.
    pub(super) heads: Heads,
    /// The same, to be followed together.
    pub(super) joint: Option<Joint>,
    /// For each byte, whether there are such programs.
    starts: Starts,
    /// For each byte, whether there are such programs that a narrow scanner runs.
    narrow: Starts,
    /// The trackers with patterns that are started by an inner byte.
    pub(super) inner: Vec<u32>,
    /// How much settled text is kept for checks that look back, in bytes.
    pub(super) behind: usize,
    /// Whether something that text waits for may start, on a view, with a character composed of several.
    composed: bool,
    /// Whether something that text waits for may hold such a character.
    holds_composed: bool,
}

/// A flag for each byte.
#[derive(Debug)]
pub(super) struct Starts(pub(super) [bool; 256]);

impl Default for Starts {
    fn default() -> Starts {
        Starts([false; 256])
    }
}

pub(super) struct Compiled {
    pub(super) program: Arc<Program>,
    pub(super) tracker: u32,
    pub(super) validator: Option<Validator>,
    pub(super) edges: Edges,
    pub(super) surround: Option<Surround>,
    pub(super) inner: Option<Inner>,
    pub(super) run: bool,
    pub(super) score: u16,
    /// Whether it is one of those that are followed together.
    pub(super) joint: bool,
}

impl Compiled {
    /// Whether a match may begin at this place, as far as the byte before it says.
    pub(super) fn begins(&self, around: Around<'_>) -> bool {
        let previous = around.at.checked_sub(1).and_then(|at| around.kept.get(at));
        previous.is_none_or(|&byte| !self.edges.before.has(byte))
    }

    /// Whether a match may end at this place.
    pub(super) fn ends(&self, around: Around<'_>) -> bool {
        self.program.end_holds(around) && around.kept.get(around.at).is_none_or(|&byte| !self.edges.after.has(byte))
    }
}

/// The start that the inner byte at `at` of `text` gives.
pub(super) fn start_of(inner: &Inner, text: &[u8], at: usize) -> Option<usize> {
    let length = class_before(inner, text, at);
    (inner.min..=inner.max).contains(&length).then(|| at - length)
}

/// How many bytes of the class stand before `at`; looks no further than needed.
pub(super) fn class_before(inner: &Inner, text: &[u8], at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default().iter().rev();
    before.take(inner.max + 1).take_while(|&&byte| inner.class.has(byte)).count()
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").field("tracker", &self.tracker).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Tracker {
    /// Whose it is.
    pub(super) rule: usize,
    pub(super) holds: bool,
    /// Whether a narrow scanner runs it.
    pub(super) disguised: bool,
    /// So many bytes at least stand in a match before what a finding covers: the literals of patterns with a value.
    pub(super) lead: usize,
    pub(super) max_match: usize,
    pub(super) inner: SmallVec<[Inner; 1]>,
}

impl ScanSet {
    pub(in crate::policy) fn new(specs: &[TrackerSpec<'_>], shared: &mut Shared) -> Result<ScanSet, ProgramError> {
        let mut set = ScanSet { by_byte: vec![Vec::new(); 256], ..ScanSet::default() };
        for (tracker, spec) in specs.iter().enumerate() {
            let inner: SmallVec<[Inner; 1]> = spec.patterns.iter().filter_map(|pattern| pattern.inner).collect();
            set.inner.extend((!inner.is_empty()).then_some(tracker as u32));
            let mut lead = usize::MAX;
            for pattern in &spec.patterns {
                let reads_views = spec.holds && !pattern.text_only;
                set.holds_composed = set.holds_composed || (reads_views && may_hold(&pattern.hir, view::composed()));
                let reach = pattern.surround.as_ref().map_or(0, |surround| surround.before);
                set.behind = set.behind.max(reach + pattern.inner.map_or(0, |inner| inner.max));
                for program in shared.programs(&pattern.hir, spec.max_match)? {
                    let behind = pattern.value.is_some() && !pattern.value_first;
                    lead = lead.min(if behind { program.shortest_literal() } else { 0 });
                    set.composed = set.composed || (reads_views && program.may_start_composed());
                    set.programs.push(Compiled {
                        program,
                        tracker: tracker as u32,
                        validator: pattern.validator.clone(),
                        edges: pattern.edges,
                        surround: pattern.surround.clone(),
                        inner: pattern.inner,
                        run: pattern.run,
                        score: pattern.score,
                        joint: false,
                    });
                }
            }
            let lead = if lead == usize::MAX { 0 } else { lead };
            set.trackers.push(Tracker {
                rule: spec.rule,
                holds: spec.holds,
                disguised: spec.disguised,
                lead,
                max_match: spec.max_match,
                inner,
            });
        }
        let mut heads = Vec::new();
        for (index, compiled) in set.programs.iter().enumerate() {
            if let Some(inner) = &compiled.inner {
                set.by_byte[usize::from(inner.byte)].push(index as u32);
            } else if let Entry::Bytes(_) = compiled.program.entry {
                let max_match = set.trackers[compiled.tracker as usize].max_match;
                let reach = compiled.program.reach();
                let reach = &reach[..reach.len().min(max_match)];
                heads.push((index as u32, reach, compiled.edges.before));
            }
        }
        set.heads = Heads::new(&heads);
        let starts = |runs: &dyn Fn(u32) -> bool, byte: usize| {
            let inner = set.by_byte[byte].iter().any(|&program| runs(program));
            let begins = |reach: &[[bool; 256]]| reach.first().is_none_or(|bytes| bytes[byte]);
            inner || heads.iter().any(|(program, reach, _)| runs(*program) && begins(reach))
        };
        let is_disguised = |program| set.trackers[set.programs[program as usize].tracker as usize].disguised;
        let all = Starts(std::array::from_fn(|byte| starts(&|_| true, byte)));
        let narrow = Starts(std::array::from_fn(|byte| starts(&is_disguised, byte)));
        (set.starts, set.narrow) = (all, narrow);
        set.joint = Joint::new(&mut set, shared);
        set.literals = Literals::new(&set, shared);
        Ok(set)
    }

    /// The bytes with which something may start that has no literal; of all trackers, or of those that a narrow scanner runs.
    pub(super) fn starts(&self, narrow: bool) -> &Starts {
        if narrow { &self.narrow } else { &self.starts }
    }

    /// How far back checks look, in bytes.
    pub(in crate::policy) fn behind(&self) -> usize {
        self.behind
    }

    /// The longest match of a tracker, in bytes.
    pub(in crate::policy) fn max_match(&self, tracker: usize) -> usize {
        self.trackers[tracker].max_match
    }

    /// How many bytes at least of a tracker's matches stand before what its findings cover.
    pub(in crate::policy) fn lead(&self, tracker: usize) -> usize {
        self.trackers[tracker].lead
    }

    /// Whether something that text waits for may start, on a view, with a character composed of several.
    pub(in crate::policy) fn may_start_composed(&self) -> bool {
        self.composed
    }

    /// Whether something that text waits for may hold, on a view, a character composed of several.
    pub(in crate::policy) fn may_hold_composed(&self) -> bool {
        self.holds_composed
    }

    /// Whether there is nothing to look for.
    pub(in crate::policy) fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }
}

/// Whether a pattern may match one of these characters anywhere. They are sorted.
fn may_hold(hir: &Hir, chars: &[char]) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => text.chars().any(|char| chars.binary_search(&char).is_ok()),
            Err(_) => true,
        },
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().any(|range| {
            let next = chars.partition_point(|&char| char < range.start());
            chars.get(next).is_some_and(|&char| char <= range.end())
        }),
        HirKind::Class(Class::Bytes(class)) => !class.is_ascii(),
        HirKind::Repetition(repetition) => may_hold(&repetition.sub, chars),
        HirKind::Capture(capture) => may_hold(&capture.sub, chars),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(|part| may_hold(part, chars)),
    }
}
