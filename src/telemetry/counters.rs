//! The three kinds of number that are counted. All are atomics: counting takes no lock and never waits.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// One counter for each value of a label. The values are fixed, so no client can add one.
#[derive(Debug)]
pub struct Family<const N: usize> {
    label: &'static str,
    values: [&'static str; N],
    counters: [Counter; N],
}

/// Times, by how long they took.
#[derive(Debug)]
pub struct Histogram {
    /// One for each of [`BOUNDS`], and one for what took longer. Not cumulative.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// Upper bounds of a histogram's buckets, in microseconds: from what a rule scan takes to what a model takes.
const BOUNDS: [u64; 16] = [
    25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
];

impl Counter {
    /// Zero.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// So far.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<const N: usize> Family<N> {
    /// All zero.
    pub const fn new(label: &'static str, values: [&'static str; N]) -> Family<N> {
        Family { label, values, counters: [const { Counter::new() }; N] }
    }

    /// One more of this value. One that is not in the list is counted as the last.
    pub fn inc(&self, value: &str) {
        self.add(value, 1);
    }

    /// So many more of this value.
    pub fn add(&self, value: &str, more: u64) {
        let at = self.values.iter().position(|known| *known == value);
        if let Some(counter) = self.counters.get(at.unwrap_or(N - 1)) {
            counter.add(more);
        }
    }

    /// Of one value, so far.
    pub fn value(&self, value: &str) -> u64 {
        self.values.iter().zip(&self.counters).filter(|(known, _)| **known == value).map(|(_, c)| c.value()).sum()
    }

    pub(super) fn render(&self, name: &str, out: &mut String) {
        for (value, counter) in self.values.iter().zip(&self.counters) {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{name}{{{}=\"{value}\"}} {}", self.label, counter.value());
        }
    }
}

impl Histogram {
    /// Empty.
    pub const fn new() -> Histogram {
        Histogram { buckets: [const { AtomicU64::new(0) }; BOUNDS.len() + 1], nanos: AtomicU64::new(0) }
    }

    /// Adds a time.
    pub fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS.partition_point(|bound| *bound < micros);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// `labels` is empty or `name="value"`.
    pub(super) fn render(&self, name: &str, labels: &str, out: &mut String) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut count = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            let bound = BOUNDS.get(index).map_or_else(|| "+Inf".to_owned(), |&bound| (bound as f64 / 1e6).to_string());
            let _ = writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}");
        }
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "{name}_sum{braced} {}", self.nanos.load(Ordering::Relaxed) as f64 / 1e9);
        let _ = writeln!(out, "{name}_count{braced} {count}");
    }
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_falls_into_the_first_bucket_that_is_no_shorter() {
        let histogram = Histogram::new();
        for micros in [0, 25, 26, 1_000_000, 6_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let mut out = String::new();
        histogram.render("t", "", &mut out);
        let value = |line: &str| out.lines().find_map(|l| l.strip_prefix(line)).map(str::to_owned);
        assert_eq!(value("t_bucket{le=\"0.000025\"} ").as_deref(), Some("2"));
        assert_eq!(value("t_bucket{le=\"0.00005\"} ").as_deref(), Some("3"));
        assert_eq!(value("t_bucket{le=\"1\"} ").as_deref(), Some("4"));
        assert_eq!(value("t_bucket{le=\"5\"} ").as_deref(), Some("4"));
        assert_eq!(value("t_bucket{le=\"+Inf\"} ").as_deref(), Some("5"));
        assert_eq!(value("t_sum ").as_deref(), Some("7.000051"));
        assert_eq!(value("t_count ").as_deref(), Some("5"));
    }

    #[test]
    fn a_value_outside_the_list_is_counted_as_the_last() {
        let family = Family::new("reason", ["a", "other"]);
        family.inc("a");
        family.add("b\"} 1\nc", 2);
        let mut out = String::new();
        family.render("n", &mut out);
        assert_eq!(out, "n{reason=\"a\"} 1\nn{reason=\"other\"} 2\n");
    }
}
