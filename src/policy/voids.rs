//! What exceptions and `allow` rules have found: findings inside it are void.

use std::ops::Range;

use crate::view::Path;

/// Whose findings are void: the rule's own, by an exception until a day (days since 1970-01-01, UTC), or those of the
/// rules that it silences, by an `allow` rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// An exception of the rule.
    Exception(Option<i32>),
    /// The rule allows.
    Allow,
}

/// The voids of one text.
#[derive(Clone, Debug, Default)]
pub(super) struct Voids(Vec<Group>);

/// Voids of one origin, seen in one way.
#[derive(Clone, Debug)]
struct Group {
    rule: usize,
    by: By,
    seen: Path,
    /// None lies in another, so that starts and ends both rise: the last that starts before a place reaches farthest.
    ranges: Vec<Range<usize>>,
}

impl Voids {
    /// Adds a range, which voids findings on this view and on those of it.
    pub(super) fn add(&mut self, rule: usize, by: By, seen: Path, range: Range<usize>) {
        let own = self.0.iter().position(|group| (group.rule, group.by, group.seen) == (rule, by, seen));
        let own = own.unwrap_or_else(|| {
            self.0.push(Group { rule, by, seen, ranges: Vec::new() });
            self.0.len() - 1
        });
        self.0[own].add(range);
    }

    /// Whether a finding of this range, seen like this, lies in a void; `applies` says which rules' voids count.
    pub(super) fn cover(&self, range: &Range<usize>, seen: Path, applies: impl Fn(usize, By) -> bool) -> bool {
        let groups = self.0.iter().filter(|group| seen.starts_with(group.seen) && applies(group.rule, group.by));
        groups.into_iter().any(|group| group.covers(range))
    }
}

impl Group {
    fn add(&mut self, range: Range<usize>) {
        if self.covers(&range) {
            return;
        }
        let from = self.ranges.partition_point(|other| other.start < range.start);
        let inside = self.ranges[from..].iter().take_while(|other| other.end <= range.end).count();
        self.ranges.splice(from..from + inside, [range]);
    }

    fn covers(&self, range: &Range<usize>) -> bool {
        let after = self.ranges.partition_point(|other| other.start <= range.start);
        after.checked_sub(1).is_some_and(|last| range.end <= self.ranges[last].end)
    }
}

/// Days since 1970-01-01, UTC.
pub(super) fn today() -> i32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i32::try_from(now.as_secs() / 86_400).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_lies_in_one_of_them_is_covered(
            voids in proptest::collection::vec((0..40usize, 0..12usize), 0..20),
            start in 0..40usize,
            length in 0..12usize,
        ) {
            let mut all = Voids::default();
            for (start, length) in &voids {
                all.add(7, By::Allow, Path::default(), *start..start + length);
            }
            let range = start..start + length;
            let expected = voids.iter().any(|(from, length)| *from <= range.start && range.end <= from + length);
            prop_assert_eq!(all.cover(&range, Path::default(), |rule, _| rule == 7), expected);
            prop_assert!(!all.cover(&range, Path::default(), |rule, _| rule == 8));
        }
    }
}
