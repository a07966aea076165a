//! Faults that tests put into the scanner to see that the property tests notice.

use std::cell::Cell;

use super::Runs;

/// A way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One byte too many is let go.
    ShortHoldBack,
    /// What starts inside another rule's match is lost.
    RuleHidesRule,
    /// What starts inside a text that failed its check is lost.
    FailedCheckSwallows,
    /// A check's answer is taken for the next text that is checked.
    StaleCheck,
    /// A classifier's window ends where a piece of the text ends.
    WindowByArrival,
    /// A placeholder is turned back before output rules have rewritten what it is part of.
    RestoredFirst,
    /// What was seen on a view is one byte off.
    ViewOffset,
}

thread_local! {
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
    static LAST: Cell<bool> = const { Cell::new(true) };
}

/// Runs `test` with a fault on this thread.
pub(crate) fn with<T>(fault: Fault, test: impl FnOnce() -> T) -> T {
    FAULT.set(Some(fault));
    let out = test();
    FAULT.set(None);
    out
}

fn is(fault: Fault) -> bool {
    FAULT.get() == Some(fault)
}

pub(super) fn shorten(open: usize, len: usize) -> usize {
    if is(Fault::ShortHoldBack) { (open + 1).min(len) } else { open }
}

pub(in crate::policy) fn shift(range: &mut std::ops::Range<usize>) {
    if is(Fault::ViewOffset) {
        range.end = range.end.saturating_sub(1).max(range.start);
    }
}

pub(super) fn swallow(valid: bool, end: usize, floor: &mut usize) {
    if is(Fault::FailedCheckSwallows) && !valid {
        *floor = (*floor).max(end);
    }
}

pub(super) fn stale(valid: bool) -> bool {
    if is(Fault::StaleCheck) { LAST.replace(valid) } else { valid }
}

pub(in crate::policy) fn cuts(at_end: bool) -> bool {
    is(Fault::WindowByArrival) && at_end
}

pub(super) fn hide(runs: &mut Runs) {
    if is(Fault::RuleHidesRule) {
        let highest = runs.iter().map(|run| run.floor).max().unwrap_or(0);
        for run in runs.iter_mut() {
            run.floor = highest;
        }
    }
    if is(Fault::RuleHidesRule) || is(Fault::FailedCheckSwallows) {
        for run in runs.iter_mut() {
            run.drop_between(0, run.floor);
        }
    }
}

/// Whether placeholders go before rewrites.
pub(crate) fn restores_first() -> bool {
    is(Fault::RestoredFirst)
}
