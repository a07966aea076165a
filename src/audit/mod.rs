//! The decision log: every verdict, append-only, each line chained to the one before by its hash ([`chain`]).
//!
//! A request reserves its [`Place`] before its upstream is called, so that nothing is forwarded whose record would find
//! no room. Records are written by a thread of their own ([`writer`]); requests never wait for a disk. Texts, where they
//! are kept at all, stand in a second file and only their salted hash is in the chain, so that they can be erased
//! ([`text`]).

pub mod chain;
pub mod verify;

mod text;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use serde::Serialize;

use crate::config::{Audit, AuditText, OnFull};
use crate::protocol::Protocol;
use crate::telemetry::metrics::METRICS;
use crate::verdict::Verdict;
use chain::Hasher;

/// A decision log that is open for writing. Clones share it.
#[derive(Clone, Debug)]
pub struct Log(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    main: Queue,
    /// Made when it is first needed.
    spill: Mutex<Option<Arc<Queue>>>,
    path: PathBuf,
    hasher: Hasher,
}

/// A file and the records on their way to it.
#[derive(Debug)]
struct Queue {
    state: Arc<State>,
    records: Mutex<Option<mpsc::Sender<Record>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What requests and the writer share.
#[derive(Debug, Default)]
struct State {
    /// Places taken: reserved, waiting, or being written.
    taken: AtomicUsize,
    /// Bytes of bodies whose texts are still to be written.
    bodies: AtomicUsize,
    /// The last write failed.
    failing: AtomicBool,
    /// The process is about to end.
    closing: AtomicBool,
    /// Requests whose records had no place, still to be noted in the file.
    dropped: AtomicUsize,
}

/// Room for the records of one request. What is not used is given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    queue: Option<(Sender, AtomicUsize)>,
}

/// Where a place's records go.
#[derive(Clone, Debug)]
struct Sender {
    state: Arc<State>,
    records: mpsc::Sender<Record>,
}

/// What is written about one message.
#[derive(Debug)]
pub struct Record {
    /// What was decided.
    pub verdict: Arc<Verdict>,
    /// How a stream went.
    pub stream: Option<Streamed>,
    /// The message, if its texts are to be kept.
    pub body: Option<Original>,
}

/// A message whose texts are to be kept.
#[derive(Clone)]
pub struct Original {
    /// As it came.
    pub bytes: Bytes,
    /// Who reads it.
    pub protocol: Option<&'static dyn Protocol>,
    /// What of the texts is kept.
    pub keep: AuditText,
}

/// How a stream went.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Streamed {
    /// Bytes that the upstream sent.
    pub received: u64,
    /// Bytes that the client was given.
    pub released: u64,
    /// `whole`, `blocked`, `broken` (by the upstream) or `left` (by the client).
    pub ended: &'static str,
}

/// Why a decision log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file.
    #[error("the decision log {0} cannot be opened: {1}")]
    File(String, #[source] io::Error),
    /// What is in it cannot be continued.
    #[error("the decision log {0} does not end in a record: {1}; `palisade audit verify` says more")]
    Chain(String, String),
}

impl Log {
    /// Opens the file, or makes it, and continues its chain. `secret` keys the chain.
    pub fn open(audit: &Audit, secret: Option<&[u8]>) -> Result<Log, OpenError> {
        let hasher = Hasher::new(secret);
        let main = Queue::open(&audit.file, &hasher)?;
        Ok(Log(Arc::new(Shared { main, spill: Mutex::default(), path: audit.file.clone(), hasher })))
    }

    /// Room for so many records. `None`: there is none, and the request must not go on.
    pub fn reserve(&self, records: usize, on_full: OnFull) -> Option<Place> {
        let place = |sender| Place { queue: Some((sender, AtomicUsize::new(records))) };
        if let Some(sender) = self.0.main.reserve(records) {
            return Some(place(sender));
        }
        match on_full {
            OnFull::Block => {
                METRICS.audit_records.inc("refused");
                None
            }
            OnFull::Spill => {
                let Some(sender) = self.spill().and_then(|spill| spill.reserve(records)) else {
                    METRICS.audit_records.inc("refused");
                    return None;
                };
                METRICS.audit_records.add("spilled", records as u64);
                Some(place(sender))
            }
            OnFull::Drop => {
                self.0.main.state.dropped.fetch_add(1, Ordering::Relaxed);
                METRICS.audit_records.inc("dropped");
                Some(Place { queue: None })
            }
        }
    }

    /// Records that wait.
    pub fn waiting(&self) -> usize {
        self.0.main.state.taken.load(Ordering::Relaxed)
    }

    /// Why the log cannot do its work now, if so.
    pub fn trouble(&self) -> Option<&'static str> {
        if self.0.main.state.failing.load(Ordering::Relaxed) {
            Some("the decision log cannot be written")
        } else if self.waiting() >= PLACES {
            Some("the decision log is full")
        } else {
            None
        }
    }

    /// Writes what waits and closes the files. What is reserved later finds no room.
    pub fn close(&self) {
        self.0.main.close();
        let spill = self.0.spill.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(spill) = spill {
            spill.close();
        }
    }

    fn spill(&self) -> Option<Arc<Queue>> {
        let mut spill = self.0.spill.lock().unwrap_or_else(PoisonError::into_inner);
        if spill.is_none() {
            let mut path = self.0.path.clone().into_os_string();
            path.push(".spill");
            match Queue::open(Path::new(&path), &self.0.hasher) {
                Ok(queue) => {
                    tracing::warn!(file = %Path::new(&path).display(), "the decision log is full: records go to a second file");
                    *spill = Some(Arc::new(queue));
                }
                Err(error) => tracing::error!(%error, "the decision log is full, and so is its spill"),
            }
        }
        spill.clone()
    }
}

impl Queue {
    fn open(path: &Path, hasher: &Hasher) -> Result<Queue, OpenError> {
        let state = Arc::new(State::default());
        let writer = writer::Writer::open(path, hasher.clone(), Arc::clone(&state))?;
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run(&receiver));
        let thread = thread.map_err(|error| OpenError::File(path.display().to_string(), error))?;
        Ok(Queue { state, records: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    fn reserve(&self, records: usize) -> Option<Sender> {
        let before = self.state.taken.fetch_add(records, Ordering::Relaxed);
        let sender = self.records.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if before + records > PLACES || sender.is_none() {
            self.state.taken.fetch_sub(records, Ordering::Relaxed);
            return None;
        }
        sender.map(|records| Sender { state: Arc::clone(&self.state), records })
    }

    fn close(&self) {
        self.state.closing.store(true, Ordering::Relaxed);
        drop(self.records.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the decision log's thread panicked");
        }
    }
}

impl Place {
    /// Room in no log: for a proxy that keeps none.
    pub fn nowhere() -> Place {
        Place { queue: None }
    }

    /// Whether a record given to it is written.
    pub fn is_real(&self) -> bool {
        self.queue.is_some()
    }

    /// Hands a record to the writer. Costs a queue entry and never waits.
    pub fn write(&self, mut record: Record) {
        let Some((sender, left)) = &self.queue else { return };
        // A request that has more to say than it thought goes over the bound by that much.
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            sender.state.taken.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(body) = &record.body {
            let len = body.bytes.len();
            if sender.state.bodies.fetch_add(len, Ordering::Relaxed) + len > MAX_BODIES {
                sender.state.bodies.fetch_sub(len, Ordering::Relaxed);
                record.body = None;
            }
        }
        // Fails only if the writer has panicked, which is then said when the log is closed.
        let _ = sender.records.send(record);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((sender, left)) = &self.queue {
            sender.state.taken.fetch_sub(left.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

impl std::fmt::Debug for Original {
    /// Leaves the bytes out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Original").field("len", &self.bytes.len()).field("keep", &self.keep).finish_non_exhaustive()
    }
}

/// Records that may be reserved, waiting or being written.
const PLACES: usize = 16 << 10;
/// Bytes of bodies that may wait for their texts to be written. What is more loses its text, which the record says.
const MAX_BODIES: usize = 64 << 20;

#[cfg(test)]
mod tests;
