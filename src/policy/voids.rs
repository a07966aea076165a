//! Where findings are void: what exceptions and `allow` rules cover of one text. Nothing is ever compared with all of it.

use std::ops::Range;

use super::compile::Purpose;
use crate::view::Path;

/// Ranges whose findings are void, by one rule.
#[derive(Clone, Debug)]
pub(super) struct Voids {
    pub(super) rule: usize,
    pub(super) purpose: Purpose,
    /// On this view, and on those of it.
    pub(super) seen: Path,
    /// None lies in another: starts and ends both ascend.
    ranges: Vec<Range<usize>>,
}

impl Voids {
    pub(super) fn new(rule: usize, purpose: Purpose, seen: Path, range: Range<usize>) -> Voids {
        Voids { rule, purpose, seen, ranges: vec![range] }
    }

    pub(super) fn is_of(&self, rule: usize, purpose: &Purpose, seen: Path) -> bool {
        self.rule == rule && self.seen == seen && self.purpose == *purpose
    }

    pub(super) fn add(&mut self, range: Range<usize>) {
        if self.cover(range.start, range.end) {
            return;
        }
        let first = self.ranges.partition_point(|known| known.start < range.start);
        let inside = self.ranges[first..].iter().take_while(|known| known.end <= range.end).count();
        self.ranges.splice(first..first + inside, [range]);
    }

    /// Whether one of the ranges covers this.
    pub(super) fn cover(&self, start: usize, end: usize) -> bool {
        let before = self.ranges.partition_point(|known| known.start <= start);
        before.checked_sub(1).is_some_and(|last| end <= self.ranges[last].end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_has_to_cover_all() {
        let mut voids = Voids::new(0, Purpose::Void(None), Path::default(), 4..6);
        for range in [8..10, 2..5, 1..3, 2..4, 8..12, 8..9, 5..9] {
            voids.add(range);
        }
        assert_eq!(voids.ranges, [1..3, 2..5, 4..6, 5..9, 8..12]);
        let covered =
            |start, end| [1..3, 2..5, 4..6, 5..9, 8..12].iter().any(|known| known.start <= start && end <= known.end);
        for start in 0..14 {
            assert!((start..14).all(|end| voids.cover(start, end) == covered(start, end)), "from {start}");
        }
        voids.add(0..20);
        assert_eq!((voids.ranges.len(), &voids.ranges[0]), (1, &(0..20)));
    }
}
