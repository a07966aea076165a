//! The three kinds of number that are counted. All are atomics: counting takes no lock and never waits. Each is kept in
//! shards, one for each of a few threads, so that threads that count the same thing do not wait for each other's cache.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter([Shard; SHARDS]);

/// A number with a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard(AtomicU64);

/// One counter for each value of a label. The values are fixed, so no client can add one.
#[derive(Debug)]
pub struct Family<const N: usize> {
    label: &'static str,
    values: [&'static str; N],
    counters: [Counter; N],
}

/// Times, by how long they took.
#[derive(Debug)]
pub struct Histogram([Times; SHARDS]);

/// One shard of a histogram.
#[derive(Debug)]
#[repr(align(64))]
struct Times {
    /// One for each of [`BOUNDS`], and one for what took longer. Not cumulative.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

/// More threads than these share.
const SHARDS: usize = 4;

/// The shard in which this thread counts.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    OWN.with(|own| *own)
}

/// Upper bounds of a histogram's buckets, in microseconds: from what a rule scan takes to what a model takes.
const BOUNDS: [u64; 16] = [
    25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
];

impl Counter {
    /// Zero.
    pub const fn new() -> Counter {
        Counter([const { Shard(AtomicU64::new(0)) }; SHARDS])
    }

    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        if let Some(Shard(own)) = self.0.get(shard()) {
            own.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// So far.
    pub fn value(&self) -> u64 {
        self.0.iter().map(|Shard(shard)| shard.load(Ordering::Relaxed)).sum()
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
        Histogram([const { Times::new() }; SHARDS])
    }

    /// Adds a time.
    pub fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS.partition_point(|bound| *bound < micros);
        let Some(own) = self.0.get(shard()) else { return };
        if let Some(bucket) = own.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        own.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// `labels` is empty or `name="value"`.
    pub(super) fn render(&self, name: &str, labels: &str, out: &mut String) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut count = 0;
        for index in 0..=BOUNDS.len() {
            count += self.0.iter().map(|times| times.buckets[index].load(Ordering::Relaxed)).sum::<u64>();
            let bound = BOUNDS.get(index).map_or_else(|| "+Inf".to_owned(), |&bound| (bound as f64 / 1e6).to_string());
            let _ = writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}");
        }
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(
            out,
            "{name}_sum{braced} {}",
            self.0.iter().map(|times| times.nanos.load(Ordering::Relaxed)).sum::<u64>() as f64 / 1e9
        );
        let _ = writeln!(out, "{name}_count{braced} {count}");
    }
}

impl Times {
    const fn new() -> Times {
        Times { buckets: [const { AtomicU64::new(0) }; BOUNDS.len() + 1], nanos: AtomicU64::new(0) }
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
