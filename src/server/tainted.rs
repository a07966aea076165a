//! Ids of answers that a provider keeps as they were, though the client got them blocked or rewritten.
//!
//! A request that goes on from one would put the original before the model again, unseen. What is kept here are keyed
//! hashes, for as long as the provider keeps answers, in this process only: replicas do not share them, a restart forgets
//! them, and of very many the oldest go first.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The ids, for all runtimes.
#[derive(Clone, Debug)]
pub(super) struct Tainted {
    hasher: RandomState,
    known: Arc<Mutex<Known>>,
    most: usize,
    lasts: Duration,
}

#[derive(Debug, Default)]
struct Known {
    hashes: HashSet<u64>,
    /// The same by age.
    ages: VecDeque<(Instant, u64)>,
}

/// Most ids: 8 MiB or so.
const MOST: usize = 1 << 18;
/// The provider keeps answers for 30 days (its data-retention page, November 2026).
const LASTS: Duration = Duration::from_secs(30 * 24 * 3600);

impl Default for Tainted {
    fn default() -> Tainted {
        Tainted::new(MOST, LASTS)
    }
}

impl Tainted {
    fn new(most: usize, lasts: Duration) -> Tainted {
        Tainted { hasher: RandomState::new(), known: Arc::default(), most, lasts }
    }

    /// Remembers an id. The lock is held for a few look-ups.
    pub(super) fn add(&self, id: &str) {
        let hash = self.hasher.hash_one(id);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(self.lasts);
        if known.hashes.insert(hash) {
            known.ages.push_back((Instant::now(), hash));
            if known.ages.len() > self.most
                && let Some((_, oldest)) = known.ages.pop_front()
            {
                known.hashes.remove(&oldest);
            }
        }
    }

    /// Whether an id is remembered.
    pub(super) fn holds(&self, id: &str) -> bool {
        let hash = self.hasher.hash_one(id);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(self.lasts);
        known.hashes.contains(&hash)
    }
}

impl Known {
    fn forget(&mut self, lasts: Duration) {
        while let Some(&(_, hash)) = self.ages.front().filter(|(since, _)| since.elapsed() > lasts) {
            self.ages.pop_front();
            self.hashes.remove(&hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_remembered_for_a_while_and_the_oldest_go_first() {
        let tainted = Tainted::new(2, Duration::from_secs(60));
        for id in ["a", "b", "b", "c"] {
            tainted.add(id);
        }
        assert_eq!(["a", "b", "c"].map(|id| tainted.clone().holds(id)), [false, true, true]);
        let brief = Tainted::new(2, Duration::ZERO);
        brief.add("a");
        assert!((0..1_000_000).any(|_| !brief.holds("a")));
    }
}
