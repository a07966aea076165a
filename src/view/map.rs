//! Which bytes of a text the bytes of a view stand for.

use std::collections::VecDeque;
use std::ops::Range;

/// From positions of a view to positions of the text that it shows. Both only go forward.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Sorted; what lies before the first one has been forgotten.
    rows: VecDeque<Row>,
    /// Length of the view, and where the text goes on behind it.
    end: (usize, usize),
}

/// Units of one size, each directly behind the other. A byte that stands for itself is one too.
#[derive(Clone, Debug)]
struct Row {
    view: Range<usize>,
    from: Range<usize>,
    /// Bytes of the text in each, and of the view.
    size: usize,
    len: usize,
}

impl Map {
    /// The next bytes stand for themselves.
    pub fn same(&mut self, from: Range<usize>) {
        self.units(from, 1, 1);
    }

    /// The text's next units, of `size` bytes each, which cannot be taken apart; `len` bytes of the view stand for each.
    pub fn units(&mut self, from: Range<usize>, size: usize, len: usize) {
        let shown = if size == len { from.len() } else { from.len() / size.max(1) * len };
        let view = self.end.0..self.end.0 + shown;
        self.end = (view.end, from.end);
        match self.rows.back_mut() {
            // Nothing is ever found inside what shows nothing.
            _ if shown == 0 => {}
            Some(last) if (last.size, last.len, last.from.end) == (size, len, from.start) => {
                last.view.end = view.end;
                last.from.end = from.end;
            }
            _ => self.rows.push_back(Row { view, from, size, len }),
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
        let index = self.rows.partition_point(|row| row.view.end <= at);
        match self.rows.get(index) {
            Some(row) => row.from.start + at.saturating_sub(row.view.start) / row.len * row.size,
            None => self.end.1,
        }
    }

    /// After the last byte of the unit that the byte before the view's `at` belongs to.
    pub fn end(&self, at: usize) -> usize {
        let index = self.rows.partition_point(|row| row.view.end < at);
        match self.rows.get(index) {
            Some(row) => row.from.start + at.saturating_sub(row.view.start).div_ceil(row.len) * row.size,
            None => self.end.1,
        }
    }

    /// Nobody will ask for bytes of the view before `at` again.
    pub fn forget(&mut self, at: usize) {
        while self.rows.front().is_some_and(|row| row.view.end < at) {
            self.rows.pop_front();
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
        map.units(3..5, 2, 0);
        map.units(5..9, 4, 3);
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
    fn units_in_a_row_are_told_apart() {
        let mut map = Map::default();
        map.units(10..18, 4, 3);
        map.units(18..26, 4, 3);
        map.units(27..31, 4, 3);
        let span = |view: Range<usize>| map.start(view.start)..map.end(view.end);
        assert_eq!((map.rows.len(), map.len()), (2, 15));
        assert_eq!(span(0..1), 10..14);
        assert_eq!(span(2..4), 10..18);
        assert_eq!(span(3..6), 14..18);
        assert_eq!(span(5..13), 14..31);
        assert_eq!(span(11..12), 22..26);
        assert_eq!(span(12..13), 27..31);
    }

    #[test]
    fn what_was_forgotten_leaves_the_rest() {
        let mut map = Map::default();
        (0..1000).for_each(|at| map.units(5 * at..5 * at + 4, 4, 3));
        map.forget(2998);
        assert!(map.rows.len() <= 2);
        assert_eq!((map.start(2998), map.end(3000)), (4995, 4999));
    }
}
