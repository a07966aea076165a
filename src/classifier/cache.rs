//! Raw scores and vectors of windows that were judged before. Never verdicts, never errors.
//!
//! Keys are a keyed hash, so that nobody who can read or time the cache learns whose text is in it.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, Mac};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::Question;
use super::tags::Judged;
use super::windows::Window;
use crate::segment::Kind;

/// Windows that are remembered: some 10 MB with a few labels each.
const ENTRIES: usize = 64 << 10;
/// Windows whose vectors are remembered: some 12 MB with the usual 384 numbers each.
const VECTORS: usize = 8 << 10;

/// A bounded cache for all models of an [`Inference`](super::Inference).
pub(super) struct ScoreCache {
    keyed: Hmac<Sha256>,
    scores: Cache<Key, Judged>,
    vectors: Cache<Key, Judged>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// HMAC-SHA-256, the first 128 bits (RFC 2104, section 5).
type Key = [u8; 16];

impl ScoreCache {
    /// Keyed by the installation's secret, of any length.
    pub(super) fn new(secret: &[u8]) -> ScoreCache {
        // A digest first, as a key of exactly one block cannot be refused.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&Sha256::digest(secret));
        ScoreCache {
            keyed: Hmac::new(&block.into()),
            scores: Cache::new(ENTRIES),
            vectors: Cache::new(VECTORS),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// What the scores of a window depend on. The ids are in it because the same text, begun in the middle of a word,
    /// has others.
    pub(super) fn key(&self, model: &[u8; 32], kind: Kind, tenant: Option<&str>, window: &Window, text: &str) -> Key {
        let mut mac = self.keyed.clone();
        mac.update(model);
        mac.update(&[kind as u8, window.view as u8, u8::from(tenant.is_some())]);
        if let Some(tenant) = tenant {
            mac.update(&(tenant.len() as u64).to_le_bytes());
            mac.update(tenant.as_bytes());
        }
        mac.update(&(text.len() as u64).to_le_bytes());
        mac.update(text.as_bytes());
        for id in &window.ids {
            mac.update(&id.to_le_bytes());
        }
        let mut key = Key::default();
        key.copy_from_slice(&mac.finalize().into_bytes()[..16]);
        key
    }

    pub(super) fn get(&self, question: Question, key: &Key) -> Option<Judged> {
        let found = self.answers(question).get(key);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn insert(&self, question: Question, key: Key, judged: Judged) {
        self.answers(question).insert(key, judged);
    }

    fn answers(&self, question: Question) -> &Cache<Key, Judged> {
        if question == Question::Vectors { &self.vectors } else { &self.scores }
    }

    /// Hits and misses so far.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}
