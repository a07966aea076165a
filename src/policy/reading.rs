//! A text as patterns read it: as it stands, and by each of its views. What is found on a view is taken back to the
//! bytes of the text, and what a view may still find is open like the rest: one release rule for all.
//!
//! A view of the whole costs nothing while it shows the text itself. Until then the scanner of the text stands for its
//! own; with the first difference the view gets one, which starts from the last [`Whole::checkpoint`] and is given up
//! again when both have nothing open and have read the same for a while. A text inside the text is a reading of its own,
//! with views of its own, up to [`crate::view::MAX_DEPTH`].

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::compile::{ChannelPlan, Purpose, TrackerInfo};
use super::scanner::{Hit, Outcome, Scanner};
use crate::view::{Map, Path, Readers, Shape, Shown, Step, VIEWS, View};

/// A text is read in blocks of so many bytes at most, so that views can come and go in a long one.
const BLOCK: usize = 4096;
/// So much of the text, in bytes, is read again at most when a view of the whole begins to differ, and a block.
const CHECKPOINT: usize = 16 << 10;
/// After so many bytes without a difference a view of the whole may be given up.
const QUIET: usize = 512;
/// Room for literals that have begun, in bytes.
const SLACK: usize = 64;
/// The bound of texts inside texts.
pub(super) const VIEWS_BOUND: &str = "views";
/// So much of a text inside a text, in bytes, is not worth moving.
const SPARE: usize = 1024;

/// Something that was found, in bytes of the text.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    /// Index into the plan's trackers.
    pub(super) tracker: usize,
    /// What it is called, where it tells by itself.
    pub(super) label: Option<Arc<str>>,
    pub(super) outcome: Outcome,
    pub(super) score: Option<f32>,
    pub(super) range: Range<usize>,
    /// Where the head ends of what is longer than the longest match.
    pub(super) head: Option<usize>,
    /// What stands there by the view that it was seen on.
    pub(super) value: Option<Box<str>>,
    pub(super) seen: Path,
    /// The bound that was met, if one was.
    pub(super) bound: &'static str,
}

/// The part of a text that is kept, up to what has been fed, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Kept<'t> {
    pub(super) text: &'t str,
    pub(super) base: usize,
}

impl<'t> Kept<'t> {
    fn get(self, range: Range<usize>) -> &'t str {
        let from = range.start.saturating_sub(self.base);
        self.text.get(from..range.end.saturating_sub(self.base)).unwrap_or_default()
    }
}

/// A text under the patterns of a plan.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    plan: Arc<ChannelPlan>,
    scanner: Scanner,
    seen: Path,
    /// In the order of [`VIEWS`], each with its place there.
    lenses: Vec<(usize, Lens)>,
    /// Views of the whole that have nothing to show yet.
    asleep: SmallVec<[usize; 16]>,
    /// For those that wake: the scanner at most [`CHECKPOINT`] bytes back, and a block. `None`: at the start.
    checkpoint: Option<Box<Scanner>>,
    /// The last character.
    last: Option<char>,
}

impl Reading {
    /// Of a text that nothing was fed of, and that is seen this way.
    pub(super) fn new(plan: Arc<ChannelPlan>, seen: Path) -> Reading {
        // What text waits for must not have begun with what a view that sleeps would show.
        let sleeps = |index: &usize| VIEWS[*index].shape == Shape::Inside || !plan.scan.may_hold_composed();
        let narrow = seen.is_asked_for();
        let is_read = |index: &usize| match VIEWS[*index].readers {
            Readers::All if !narrow => plan.views.any,
            _ => plan.disguises.any,
        };
        let (asleep, awake): (SmallVec<[usize; 16]>, SmallVec<_>) = (0..VIEWS.len()).filter(is_read).partition(sleeps);
        let whole = |index: usize| Whole::new(&plan, (VIEWS[index].make)(0), seen.then(index).unwrap_or_default());
        let lenses = awake.into_iter().map(|index| (index, Lens::Whole(whole(index)))).collect();
        let mut scanner = scanner_of(&plan);
        if narrow {
            scanner.narrow();
        }
        Reading { plan, scanner, seen, lenses, asleep, checkpoint: None, last: None }
    }

    /// Reads on to the end of what is kept, with which the text may have ended.
    pub(super) fn feed(&mut self, kept: Kept<'_>, ended: bool, out: &mut Vec<Sighting>) {
        let end = kept.base + kept.text.len();
        while self.scanner.len() < end {
            let from = self.scanner.len();
            let rest = kept.get(from..end);
            if self.lenses.is_empty() && self.asleep.is_empty() {
                self.scanner.feed(rest);
            } else {
                let mut size = rest.len().min(BLOCK);
                while !rest.is_char_boundary(size) {
                    size -= 1;
                }
                self.feed_block(kept, from..from + size, ended && from + size == end, out);
            }
        }
        self.take_hits(kept, out);
    }

    /// The text has ended.
    pub(super) fn finish(&mut self, kept: Kept<'_>, out: &mut Vec<Sighting>) {
        for (_, lens) in &mut self.lenses {
            match lens {
                Lens::Whole(whole) => whole.finish(kept, out),
                Lens::Inside(inside) => inside.finish(out),
            }
        }
        self.scanner.finish();
        self.take_hits(kept, out);
        self.lenses = Vec::new();
    }

    /// Everything before this is decided for trackers that hold text: later findings of theirs start here or after.
    pub(super) fn open(&self) -> usize {
        let lenses = self.lenses.iter().filter(|(index, _)| self.holds(*index));
        let lenses = lenses.map(|(_, lens)| match lens {
            Lens::Whole(whole) => whole.open(&self.plan),
            Lens::Inside(inside) => inside.open(),
        });
        lenses.min().unwrap_or(usize::MAX).min(self.scanner.open())
    }

    /// Whether text waits for what a view shows.
    fn holds(&self, index: usize) -> bool {
        let asked_for = self.seen.is_asked_for() || VIEWS[index].readers == Readers::Asking;
        if asked_for { self.plan.disguises.holding } else { self.plan.views.holding }
    }

    /// Nothing before this byte of the text is asked for again.
    pub(super) fn needed(&self) -> usize {
        let lenses = self.lenses.iter().map(|(_, lens)| match lens {
            Lens::Whole(whole) => whole.needed(),
            Lens::Inside(inside) => inside.needed(),
        });
        let checkpoint = self.checkpoint.as_ref().map_or(0, |scanner| scanner.needed().min(scanner.len()));
        let lenses = lenses.chain((!self.asleep.is_empty()).then_some(checkpoint));
        lenses.min().unwrap_or(usize::MAX).min(self.scanner.needed())
    }

    /// The views go first: from where one waits for what follows, the scanner is one step behind.
    fn feed_block(&mut self, kept: Kept<'_>, block: Range<usize>, ended: bool, out: &mut Vec<Sighting>) {
        let piece = kept.get(block.clone());
        if !self.asleep.is_empty() {
            self.rouse(piece, block.start, ended);
        }
        self.last = piece.chars().next_back();
        let mut waits = usize::MAX;
        let mut lenses = std::mem::take(&mut self.lenses);
        for (index, lens) in &mut lenses {
            match lens {
                Lens::Whole(whole) => {
                    whole.feed(kept, piece, &self.scanner, out);
                    waits = if self.holds(*index) { waits.min(whole.waits(block.end)) } else { waits };
                }
                Lens::Inside(inside) => inside.feed(piece, out),
            }
        }
        self.lenses = lenses;
        if (block.start..block.end).contains(&waits) {
            self.scanner.feed(kept.get(block.start..waits));
            let open = self.scanner.open();
            for (_, lens) in &mut self.lenses {
                if let Lens::Whole(whole) = lens {
                    whole.open_before = open;
                }
            }
            self.scanner.feed(kept.get(waits..block.end));
        } else {
            self.scanner.feed(piece);
        }
        self.take_hits(kept, out);
    }

    /// Wakes the views that may show something of the next piece differently.
    fn rouse(&mut self, piece: &str, at: usize, ended: bool) {
        let mut roused: SmallVec<[usize; 16]> = SmallVec::new();
        self.asleep.retain(|index| {
            let wakes = (VIEWS[*index].wakes)(piece, ended);
            roused.extend(wakes.then_some(*index));
            !wakes
        });
        for index in roused {
            // What comes next may be one with the last character.
            let from = at - self.last.map_or(0, char::len_utf8);
            let mut view = (VIEWS[index].make)(from);
            if let Some(last) = self.last {
                view.feed(last.encode_utf8(&mut [0; 4]), &mut Shown::default());
            }
            let (kind, seen) = (&VIEWS[index], self.seen.then(index));
            let lens = match kind.shape {
                Shape::Whole => Lens::Whole(Whole {
                    fed: at,
                    open_before: self.scanner.open().min(from),
                    checkpoint: self.checkpoint.clone(),
                    ..Whole::new(&self.plan, view, seen.unwrap_or_default())
                }),
                Shape::Inside => {
                    let narrow = self.seen.is_asked_for() || kind.readers == Readers::Asking;
                    Lens::Inside(Inside::new(&self.plan, view, seen, narrow))
                }
            };
            let place = self.lenses.partition_point(|(other, _)| *other < index);
            self.lenses.insert(place, (index, lens));
        }
        // For those that sleep on, nothing of this piece is one with what came before it.
        let since = self.checkpoint.as_ref().map_or(0, |scanner| scanner.len()) + CHECKPOINT;
        if self.asleep.is_empty() {
            self.checkpoint = None;
        } else if at >= since {
            self.checkpoint = Some(Box::new(self.scanner.clone()));
        }
    }

    fn take_hits(&mut self, kept: Kept<'_>, out: &mut Vec<Sighting>) {
        out.extend(self.scanner.take_hits().into_iter().filter_map(|hit| sight(&self.plan, self.seen, hit, kept)));
    }
}

/// How many readings of a text there can be at once that is seen this way, itself counted.
pub(super) fn most_readings(plan: &ChannelPlan, seen: Path) -> usize {
    let narrow = seen.is_asked_for();
    let read = VIEWS.iter().enumerate().filter(|(_, view)| match view.readers {
        Readers::All if !narrow => plan.views.any,
        _ => plan.disguises.any,
    });
    let more = read.map(|(index, view)| match view.shape {
        Shape::Whole => 1,
        Shape::Inside => seen.then(index).map_or(0, |inner| most_readings(plan, inner)),
    });
    1 + more.sum::<usize>()
}

fn scanner_of(plan: &ChannelPlan) -> Scanner {
    Scanner::without(Arc::clone(&plan.scan), plan.off.clone())
}

/// What a hit on a text is, in bytes of that text.
fn sight(plan: &ChannelPlan, seen: Path, hit: Hit, text: Kept<'_>) -> Option<Sighting> {
    let info = &plan.trackers[hit.tracker];
    if !info.reads(seen) {
        return None;
    }
    let mut range = hit.start..hit.end;
    let begins = matches!(hit.outcome, Outcome::Found | Outcome::Begun);
    let label = info.sorts.as_ref().filter(|_| begins).and_then(|sorts| sorts.label(text.get(range.clone())));
    if hit.outcome == Outcome::OverLimit {
        // What stands before a value may have gone out.
        let at = hit.start + plan.scan.lead(hit.tracker);
        range = at..at;
    }
    if let Some(value) = info.value.filter(|_| begins) {
        let inside = value(text.get(range.clone()));
        debug_assert!(inside.start >= plan.scan.lead(hit.tracker), "a value begins inside its pattern's literal");
        range = hit.start + inside.start..hit.start + inside.end;
    }
    let max_match = plan.scan.max_match(hit.tracker);
    let head = (begins && range.len() > max_match).then(|| range.start + max_match);
    let value = (begins && head.is_none() && !seen.is_text()).then(|| text.get(range.clone()).into());
    let (tracker, outcome, score) = (hit.tracker, hit.outcome, hit.score());
    Some(Sighting { tracker, label, outcome, score, range, head, value, seen, bound: "max_match" })
}

/// Takes sightings on a view back to the text that it shows.
fn take_back(map: &Map, sightings: &mut [Sighting]) {
    for sighting in sightings {
        let range = &mut sighting.range;
        let end = if range.start == range.end { map.start(range.start) } else { map.end(range.end) };
        *range = map.start(range.start)..end;
        sighting.head = sighting.head.map(|head| map.end(head));
        #[cfg(test)]
        super::scanner::sabotage::shift(range);
    }
}

/// How a text is seen besides itself.
#[derive(Clone, Debug)]
enum Lens {
    Whole(Whole),
    Inside(Inside),
}

/// A view of the whole text.
#[derive(Clone, Debug)]
struct Whole {
    plan: Arc<ChannelPlan>,
    view: Box<dyn View>,
    seen: Path,
    shown: Shown,
    /// What was read of the text when it was last copied. `None`: the start.
    checkpoint: Option<Box<Scanner>>,
    /// Most texts are shown as they are: what differs does not make every view larger.
    other: Option<Box<Other>>,
    /// Bytes seen.
    fed: usize,
    /// What was open of the text where the view began to wait.
    open_before: usize,
}

/// A view's text, from where it begins to differ on.
#[derive(Clone, Debug)]
struct Other {
    scanner: Scanner,
    map: Map,
    /// The text from `base` on.
    text: String,
    base: usize,
    /// End of the last unit that differs.
    differs: usize,
}

impl Whole {
    fn new(plan: &Arc<ChannelPlan>, view: Box<dyn View>, seen: Path) -> Whole {
        let (plan, shown) = (Arc::clone(plan), Shown::default());
        Whole { plan, view, seen, shown, checkpoint: None, other: None, fed: 0, open_before: 0 }
    }

    /// Sees a piece of the text, before `scanner` does.
    fn feed(&mut self, kept: Kept<'_>, piece: &str, scanner: &Scanner, out: &mut Vec<Sighting>) {
        if self.is_all_shown()
            || (self.view.plain().is_some() && piece.chars().next().is_some_and(|next| self.view.begins(next)))
        {
            self.rest(scanner);
        }
        self.fed += piece.len();
        self.shown.clear();
        self.view.feed(piece, &mut self.shown);
        self.take(kept, out, false);
    }

    fn finish(&mut self, kept: Kept<'_>, out: &mut Vec<Sighting>) {
        self.shown.clear();
        self.view.finish(&mut self.shown);
        self.take(kept, out, true);
    }

    /// Between units: notes where the text's own scanner stands, or goes back to it.
    fn rest(&mut self, scanner: &Scanner) {
        let since = match &self.other {
            None => self.checkpoint.as_ref().map_or(0, |scanner| scanner.len()) + CHECKPOINT,
            Some(other) => {
                let quiet = QUIET.max(self.plan.scan.behind() + 2 * SLACK);
                let reach = quiet - SLACK;
                let idle = |scanner: &Scanner| scanner.is_idle(reach);
                let over = scanner.len() >= other.differs + quiet && idle(scanner) && idle(&other.scanner);
                if over { 0 } else { usize::MAX }
            }
        };
        if scanner.len() >= since {
            self.checkpoint = Some(Box::new(scanner.clone()));
            self.other = None;
        }
    }

    fn take(&mut self, kept: Kept<'_>, out: &mut Vec<Sighting>, ended: bool) {
        if self.other.is_none() && self.shown.is_same() {
            return;
        }
        for step in self.shown.steps() {
            match step {
                Step::Same(range) => {
                    if let Some(other) = &mut self.other {
                        other.text.push_str(kept.get(range.clone()));
                        other.map.same(range.clone());
                    }
                }
                Step::Units(units, text) => {
                    let units = self.shown.units(units.clone());
                    let from = units.first().map_or(0, |unit| unit.from.start);
                    let (plan, checkpoint, narrow) = (&self.plan, self.checkpoint.as_deref(), self.seen.is_asked_for());
                    let new = || Box::new(Other::new(plan, checkpoint, narrow, kept, from));
                    let other = self.other.get_or_insert_with(new);
                    other.text.push_str(self.shown.text(text.clone()));
                    for row in units {
                        other.map.units(row.from.clone(), row.size, row.len);
                        other.differs = row.from.end;
                    }
                }
                Step::Begin | Step::End => {}
            }
        }
        if let Some(other) = &mut self.other {
            other.read(&self.plan, self.seen, out, ended);
        }
    }

    /// From where the view waits for what follows, as long as it shows the text itself.
    fn waits(&self, end: usize) -> usize {
        if self.other.is_none() && self.view.open() < end { self.view.open() } else { usize::MAX }
    }

    fn is_all_shown(&self) -> bool {
        self.view.open() >= self.fed
    }

    fn open(&self, plan: &ChannelPlan) -> usize {
        let open = self.view.open();
        match &self.other {
            Some(other) if other.scanner.open() < other.map.len() => open.min(other.map.start(other.scanner.open())),
            // Nothing was open where the view began to wait, and nothing begins with what it waits with.
            Some(other) => match self.view.plain() {
                Some(char) if !plan.scan.may_start_composed() && !other.scanner.may_begin_with(char) => usize::MAX,
                _ => open,
            },
            // The text's own scanner has it all.
            None if self.is_all_shown() => usize::MAX,
            // Nothing was open where the view began to wait, and what the text's scanner has not begun with that
            // character begins only with what it may be composed to.
            None if self.open_before >= open && self.view.plain().is_some() && !plan.scan.may_start_composed() => {
                usize::MAX
            }
            None => open.min(self.open_before),
        }
    }

    fn needed(&self) -> usize {
        match &self.other {
            Some(other) => self.view.open().min(other.map.start(other.scanner.needed())),
            None => self.checkpoint.as_ref().map_or(0, |scanner| scanner.needed().min(scanner.len())),
        }
    }
}

impl Other {
    /// The view's text up to `from`, where it begins to differ.
    fn new(plan: &ChannelPlan, checkpoint: Option<&Scanner>, narrow: bool, kept: Kept<'_>, from: usize) -> Other {
        let mut scanner = checkpoint.cloned().unwrap_or_else(|| scanner_of(plan));
        if narrow {
            scanner.narrow();
        }
        scanner.feed(kept.get(scanner.len()..from));
        // The text's own scanner has found all of this.
        scanner.take_hits();
        let base = scanner.needed().min(from);
        let mut map = Map::default();
        map.same(0..from);
        Other { scanner, map, text: kept.get(base..from).to_owned(), base, differs: from }
    }

    /// Reads what has been added to the text.
    fn read(&mut self, plan: &ChannelPlan, seen: Path, out: &mut Vec<Sighting>, ended: bool) {
        let text = Kept { text: &self.text, base: self.base };
        self.scanner.feed(text.get(self.scanner.len()..self.base + self.text.len()));
        if ended {
            self.scanner.finish();
        }
        let before = out.len();
        out.extend(self.scanner.take_hits().into_iter().filter_map(|hit| sight(plan, seen, hit, text)));
        take_back(&self.map, &mut out[before..]);
        let needed = self.scanner.needed();
        self.map.forget(needed);
        forget(&mut self.text, &mut self.base, needed);
    }
}

/// Texts that stand inside a text.
#[derive(Clone, Debug)]
struct Inside {
    plan: Arc<ChannelPlan>,
    view: Box<dyn View>,
    /// `None`: deeper than anybody looks.
    seen: Option<Path>,
    /// Only rules read it that ask for it.
    narrow: bool,
    shown: Shown,
    inner: Option<Box<Inner>>,
    too_deep: bool,
}

/// The text inside that has begun.
#[derive(Clone, Debug)]
struct Inner {
    reading: Reading,
    map: Map,
    /// The text from `base` on.
    text: String,
    base: usize,
}

impl Inside {
    fn new(plan: &Arc<ChannelPlan>, view: Box<dyn View>, seen: Option<Path>, narrow: bool) -> Inside {
        Inside { plan: Arc::clone(plan), view, seen, narrow, shown: Shown::default(), inner: None, too_deep: false }
    }

    fn feed(&mut self, piece: &str, out: &mut Vec<Sighting>) {
        self.shown.clear();
        self.view.feed(piece, &mut self.shown);
        self.take(out);
    }

    fn finish(&mut self, out: &mut Vec<Sighting>) {
        self.shown.clear();
        self.view.finish(&mut self.shown);
        self.take(out);
    }

    fn take(&mut self, out: &mut Vec<Sighting>) {
        for step in self.shown.steps() {
            match (step, &mut self.inner) {
                (Step::Begin, _) => {
                    self.too_deep = self.seen.is_none();
                    self.inner = self.seen.map(|seen| {
                        let reading = Reading::new(Arc::clone(&self.plan), seen);
                        Box::new(Inner { reading, map: Map::default(), text: String::new(), base: 0 })
                    });
                }
                (Step::Units(units, text), Some(inner)) => {
                    inner.text.push_str(self.shown.text(text.clone()));
                    for row in self.shown.units(units.clone()) {
                        inner.map.units(row.from.clone(), row.size, row.len);
                    }
                }
                (Step::Units(units, _), None) => {
                    let first = self.shown.units(units.clone()).first().filter(|_| self.too_deep);
                    let narrow = self.narrow;
                    out.extend(first.into_iter().flat_map(|unit| too_deep(&self.plan, narrow, unit.from.start)));
                    self.too_deep = false;
                }
                (Step::End, Some(inner)) => {
                    inner.read(out, true);
                    self.inner = None;
                }
                (Step::End, None) | (Step::Same(_), _) => {}
            }
        }
        if let Some(inner) = &mut self.inner {
            inner.read(out, false);
        }
    }

    fn open(&self) -> usize {
        let inner = self.inner.as_ref().map_or(usize::MAX, |inner| {
            let open = inner.reading.open();
            if open < inner.map.len() { inner.map.start(open) } else { usize::MAX }
        });
        inner.min(self.view.open())
    }

    fn needed(&self) -> usize {
        let inner = self.inner.as_ref().map_or(usize::MAX, |inner| inner.map.start(inner.reading.needed()));
        inner.min(self.view.open())
    }
}

impl Inner {
    fn read(&mut self, out: &mut Vec<Sighting>, ended: bool) {
        let (text, before) = (Kept { text: &self.text, base: self.base }, out.len());
        self.reading.feed(text, ended, out);
        if ended {
            self.reading.finish(text, out);
        }
        take_back(&self.map, &mut out[before..]);
        let needed = self.reading.needed();
        self.map.forget(needed);
        forget(&mut self.text, &mut self.base, needed);
    }
}

/// Each rule that reads views has met a bound at `at`.
fn too_deep(plan: &ChannelPlan, narrow: bool, at: usize) -> impl Iterator<Item = Sighting> + '_ {
    let reads = move |info: &TrackerInfo| if narrow { info.disguised } else { info.views };
    let is_on = |info: &TrackerInfo| plan.off.as_ref().is_none_or(|off| !off[info.rule]);
    let finds = move |info: &TrackerInfo| reads(info) && matches!(info.purpose, Purpose::Find(_)) && is_on(info);
    // What stands for the bound is called nothing: one tracker of a rule, whose stand together, speaks for all.
    let mut last = None;
    let speaks = move |(_, info): &(usize, &TrackerInfo)| finds(info) && last.replace(info.rule) != Some(info.rule);
    let trackers = plan.trackers.iter().enumerate().filter(speaks);
    trackers.map(move |(tracker, _)| Sighting {
        tracker,
        label: None,
        outcome: Outcome::OverLimit,
        score: None,
        range: at..at,
        head: None,
        value: None,
        seen: Path::default(),
        bound: VIEWS_BOUND,
    })
}

/// Drops text before `needed`, if it is worth it.
fn forget(text: &mut String, base: &mut usize, needed: usize) {
    let mut cut = needed.saturating_sub(*base).min(text.len());
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    if cut > SPARE {
        text.drain(..cut);
        *base += cut;
    }
}

#[cfg(test)]
mod tests;
