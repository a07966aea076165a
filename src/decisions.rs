//! The latest decisions, for people who ask what happened: the admin port, the demo.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::verdict::Verdict;

/// How many decisions are kept.
pub const KEPT: usize = 1024;

/// A ring of the latest verdicts.
#[derive(Clone, Debug, Default)]
pub struct Decisions(Arc<Mutex<VecDeque<Arc<Verdict>>>>);

impl Decisions {
    /// Adds a verdict.
    pub fn push(&self, verdict: Arc<Verdict>) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = if ring.len() == KEPT { ring.pop_front() } else { None };
        ring.push_back(verdict);
        drop(ring);
        // What it holds is given back when nobody waits any more.
        drop(oldest);
    }

    /// The verdicts on the messages of one request, oldest first.
    pub fn of(&self, id: &str) -> Vec<Arc<Verdict>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().filter(|verdict| *verdict.id == *id).map(Arc::clone).collect()
    }

    /// The latest verdicts that `wanted` says yes to, latest first.
    pub fn latest(&self, most: usize, wanted: impl Fn(&Verdict) -> bool) -> Vec<Arc<Verdict>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().rev().filter(|verdict| wanted(verdict)).take(most).map(Arc::clone).collect()
    }
}
