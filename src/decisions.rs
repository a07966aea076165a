//! The latest decisions, for people who ask what happened: the demo now, the admin port later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::verdict::Verdict;

/// How many decisions are kept.
const KEPT: usize = 1024;

/// A ring of the latest verdicts.
#[derive(Clone, Debug, Default)]
pub struct Decisions(Arc<Mutex<VecDeque<Arc<Verdict>>>>);

impl Decisions {
    /// Adds a verdict and logs it: what was blocked or rewritten at `info`, the rest at `debug`. Never text.
    pub fn record(&self, verdict: Arc<Verdict>) {
        let shown = (&verdict.id, verdict.direction, verdict.verdict, &verdict.policy, verdict.elapsed_us);
        let (id, direction, done, policy, elapsed_us) = shown;
        if verdict.verdict == "allow" && verdict.findings.is_empty() && verdict.skipped.is_empty() {
            tracing::debug!(%id, ?direction, verdict = done, %policy, elapsed_us, "decided");
        } else {
            let (rules, skipped) = (verdict.rules().join(","), verdict.skipped.len());
            tracing::info!(%id, ?direction, verdict = done, shadow = verdict.shadow, %policy, %rules, skipped, elapsed_us, "decided");
        }
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == KEPT {
            ring.pop_front();
        }
        ring.push_back(verdict);
    }

    /// The verdicts on the messages of one request, oldest first.
    pub fn of(&self, id: &str) -> Vec<Arc<Verdict>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().filter(|verdict| verdict.id == id).map(Arc::clone).collect()
    }
}
