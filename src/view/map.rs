//! Which bytes of a text the bytes of a view stand for.

use std::collections::VecDeque;
use std::ops::Range;

/// From positions of a view to positions of the text that it shows. Both only go forward.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Sorted; what lies before the first one has been forgotten.
    stretches: VecDeque<Stretch>,
    /// Length of the view, and where the text goes on behind it.
    end: (usize, usize),
}

#[derive(Clone, Debug)]
struct Stretch {
    view: Range<usize>,
    from: Range<usize>,
    /// Byte by byte the same, or one unit.
    same: bool,
}

impl Map {
    /// The next bytes stand for themselves.
    pub fn same(&mut self, from: Range<usize>) {
        let view = self.end.0..self.end.0 + from.len();
        self.end = (view.end, from.end);
        match self.stretches.back_mut() {
            Some(last) if last.same && last.from.end == from.start => {
                last.view.end = view.end;
                last.from.end = from.end;
            }
            _ => self.stretches.push_back(Stretch { view, from, same: true }),
        }
    }

    /// The next `len` bytes of the view stand for `from`, which cannot be taken apart.
    pub fn unit(&mut self, from: Range<usize>, len: usize) {
        let view = self.end.0..self.end.0 + len;
        self.end = (view.end, from.end);
        // Nothing is ever found inside what shows nothing.
        if len > 0 {
            self.stretches.push_back(Stretch { view, from, same: false });
        }
    }

    /// Length of the view.
    pub fn len(&self) -> usize {
        self.end.0
    }

    /// Whether nothing was shown yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// First byte of the unit that the view's byte `at` belongs to; at the view's end, where the text goes on.
    pub fn start(&self, at: usize) -> usize {
        let index = self.stretches.partition_point(|stretch| stretch.view.end <= at);
        match self.stretches.get(index) {
            Some(stretch) if stretch.same => stretch.from.start + at.saturating_sub(stretch.view.start),
            Some(stretch) => stretch.from.start,
            None => self.end.1,
        }
    }

    /// After the last byte of the unit that the byte before the view's `at` belongs to.
    pub fn end(&self, at: usize) -> usize {
        let index = self.stretches.partition_point(|stretch| stretch.view.end < at);
        match self.stretches.get(index) {
            Some(stretch) if stretch.same => stretch.from.start + at.saturating_sub(stretch.view.start),
            Some(stretch) => stretch.from.end,
            None => self.end.1,
        }
    }

    /// Nobody will ask for bytes of the view before `at` again.
    pub fn forget(&mut self, at: usize) {
        while self.stretches.front().is_some_and(|stretch| stretch.view.end < at) {
            self.stretches.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cover_whole_units_and_no_more() {
        let mut map = Map::default();
        map.same(0..3);
        map.unit(3..5, 0);
        map.unit(5..9, 3);
        map.same(9..12);
        let span = |view: Range<usize>| map.start(view.start)..map.end(view.end);
        assert_eq!(map.len(), 9);
        assert_eq!(span(0..3), 0..3, "what shows nothing behind a finding is no part of it");
        assert_eq!(span(3..4), 5..9, "nor before one");
        assert_eq!(span(2..4), 2..9);
        assert_eq!(span(4..8), 5..11);
        assert_eq!(map.start(9), 12);
    }

    #[test]
    fn what_was_forgotten_leaves_the_rest() {
        let mut map = Map::default();
        (0..1000).for_each(|at| map.unit(4 * at..4 * at + 4, 3));
        map.forget(2998);
        assert!(map.stretches.len() <= 2);
        assert_eq!((map.start(2998), map.end(3000)), (3996, 4000));
    }
}
