//! The thread that writes the decision log.
//!
//! Records are written in batches: the first wakes the thread, which waits a moment for more. A write that fails is cut
//! off the file again and retried, with its places taken all the while, so that a full disk becomes a full log. The file
//! is synced at most once a second and at the end: a crash of the machine may lose the last second, a crash of the
//! process nothing that was written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::chain::{Hasher, Link, hex, split, unhex};
use super::verify::text_path;
use super::{OpenError, Record, State, text};
use crate::telemetry::escape::json_line;
use crate::telemetry::metrics::METRICS;

/// An open log and the end of its chain.
pub(super) struct Writer {
    path: PathBuf,
    file: File,
    /// Its length: what is after it is a failed write.
    len: u64,
    link: Link,
    hasher: Hasher,
    state: Arc<State>,
    /// Opened when there is a first text.
    texts: Option<File>,
    synced: Instant,
    dirty: bool,
}

impl Writer {
    /// Opens the file, cuts a torn last line off, and notes the start.
    pub(super) fn open(path: &Path, hasher: Hasher, state: Arc<State>) -> Result<Writer, OpenError> {
        let name = || path.display().to_string();
        let fault = |error| OpenError::File(name(), error);
        let mut file = options().read(true).open(path).map_err(fault)?;
        let tail = Tail::read(&mut file).map_err(fault)?;
        let link = match &tail.last {
            None => Link::default(),
            Some(line) => link_after(line)
                .ok_or_else(|| OpenError::Chain(name(), "its last line has no number or no hash".to_owned()))?,
        };
        let len = tail.end;
        let mut writer = Writer {
            path: path.to_owned(),
            file,
            len,
            link,
            hasher,
            state,
            texts: None,
            synced: Instant::now(),
            dirty: false,
        };
        let time = now();
        let mut out = Vec::new();
        let start = json!({ "kind": "start", "time": time, "chain": writer.hasher.name(), "version": env!("CARGO_PKG_VERSION") });
        writer.link.append(inner(&start.to_string()), &writer.hasher, &mut out);
        if !tail.torn.is_empty() {
            tracing::warn!(file = %path.display(), bytes = tail.torn.len(), "the decision log's last line was torn: noted");
            let shown = tail.torn.get(..MAX_TORN).unwrap_or(&tail.torn);
            let torn = json!({ "kind": "torn", "time": time, "bytes": tail.torn.len(), "line": String::from_utf8_lossy(shown) });
            writer.link.append(inner(&json_line(torn.to_string())), &writer.hasher, &mut out);
        }
        writer.file.set_len(len).map_err(fault)?;
        writer.write(&out).map_err(fault)?;
        Ok(writer)
    }

    /// Writes until nobody can send any more and all is written.
    pub(super) fn run(mut self, records: &Receiver<Record>) {
        let mut batch = Vec::new();
        loop {
            let wait = if self.dirty { SYNC } else { Duration::from_secs(3600) };
            match records.recv_timeout(wait) {
                Ok(first) => batch.push(first),
                Err(RecvTimeoutError::Timeout) => {
                    self.sync();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
            pause(BATCH);
            batch.extend(records.try_iter().take(MAX_BATCH));
            self.write_all(&mut batch);
            if self.synced.elapsed() >= SYNC {
                self.sync();
            }
        }
        self.sync();
    }

    fn write_all(&mut self, batch: &mut Vec<Record>) {
        let (mut texts, mut out) = (Vec::new(), Vec::new());
        let before = self.link;
        let count = batch.len();
        let dropped = self.state.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let note = json!({ "kind": "dropped", "time": now(), "requests": dropped });
            self.link.append(inner(&note.to_string()), &self.hasher, &mut out);
        }
        let mut bodies = 0;
        for record in batch.drain(..) {
            bodies += record.body.as_ref().map_or(0, |body| body.bytes.len());
            let fields = fields(&record, &mut texts);
            self.link.append(&fields, &self.hasher, &mut out);
        }
        let mut said = false;
        // The texts first: a record never speaks of a text that is not there.
        while let Err(error) = self.write_texts(&texts).and_then(|()| self.write(&out)) {
            METRICS.audit_errors.inc();
            if !std::mem::replace(&mut said, true) {
                tracing::error!(file = %self.path.display(), %error, "the decision log cannot be written; trying on");
            }
            self.state.failing.store(true, Ordering::Relaxed);
            pause(RETRY);
            if self.state.closing.load(Ordering::Relaxed) {
                // The process ends and cannot wait for the disk.
                tracing::error!(file = %self.path.display(), records = count, "the decision log lost its last records");
                self.link = before;
                return;
            }
        }
        if said {
            tracing::info!(file = %self.path.display(), "the decision log is written again");
        }
        self.state.failing.store(false, Ordering::Relaxed);
        self.state.taken.fetch_sub(count, Ordering::Relaxed);
        self.state.bodies.fetch_sub(bodies, Ordering::Relaxed);
        METRICS.audit_records.add("written", count as u64);
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.metadata()?.len() != self.len {
            return Err(io::Error::other("somebody else has written to it, or cut it"));
        }
        let written = self.file.seek(SeekFrom::Start(self.len)).and_then(|_| self.file.write_all(bytes));
        if let Err(error) = written {
            self.file.set_len(self.len)?;
            return Err(error);
        }
        self.len += bytes.len() as u64;
        self.dirty = true;
        Ok(())
    }

    fn write_texts(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let file = match &mut self.texts {
            Some(file) => file,
            None => self.texts.insert(options().append(true).open(text_path(&self.path))?),
        };
        file.write_all(lines)
    }

    fn sync(&mut self) {
        self.synced = Instant::now();
        self.dirty = false;
        let texts = self.texts.as_ref().map_or(Ok(()), File::sync_data);
        if let Err(error) = texts.and_then(|()| self.file.sync_data()) {
            METRICS.audit_errors.inc();
            tracing::error!(file = %self.path.display(), %error, "the decision log cannot be synced");
        }
    }
}

/// What stands in a record's line between `prev` and `hash`. Its text, if it is kept, goes to `texts`.
fn fields(record: &Record, texts: &mut Vec<u8>) -> String {
    let mut fields = String::from("\"kind\":\"verdict\"");
    // A verdict is plain data: serialising it does not fail.
    let verdict = json_line(serde_json::to_string(&*record.verdict).unwrap_or_else(|_| "null".to_owned()));
    fields.extend([",\"verdict\":", &verdict]);
    if let Some(stream) = &record.stream {
        let stream = serde_json::to_string(stream).unwrap_or_else(|_| "null".to_owned());
        fields.extend([",\"stream\":", &stream]);
    }
    if let Some((line, hash)) = record.body.as_ref().and_then(|body| text::line(&record.verdict, body)) {
        texts.extend_from_slice(line.as_bytes());
        texts.push(b'\n');
        fields.extend([",\"text\":\"", &hex(&hash), "\""]);
    }
    fields
}

/// The end of a file.
struct Tail {
    /// Its last whole line, without the line end.
    last: Option<Vec<u8>>,
    /// Bytes up to and with the last line end.
    end: u64,
    /// What stands after that.
    torn: Vec<u8>,
}

impl Tail {
    /// Reads backwards, as the file may be long.
    fn read(file: &mut File) -> io::Result<Tail> {
        let len = file.metadata()?.len();
        let (mut tail, mut start) = (Vec::new(), len);
        let breaks = |tail: &[u8]| tail.split(|byte| *byte == b'\n').count() - 1;
        while start > 0 && breaks(&tail) < 2 {
            let step = CHUNK.min(start);
            start -= step;
            file.seek(SeekFrom::Start(start))?;
            let mut chunk = vec![0; usize::try_from(step).unwrap_or_default()];
            file.read_exact(&mut chunk)?;
            chunk.extend_from_slice(&tail);
            tail = chunk;
        }
        let Some(last) = tail.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Tail { last: None, end: 0, torn: tail });
        };
        let torn = tail.split_off(last + 1);
        tail.pop();
        let line = tail.rsplit(|byte| *byte == b'\n').next().map(<[u8]>::to_vec);
        Ok(Tail { last: line, end: len - torn.len() as u64, torn })
    }
}

fn link_after(line: &[u8]) -> Option<Link> {
    let (_, hash) = split(line)?;
    let line: Value = serde_json::from_slice(line).ok()?;
    unhex(line["prev"].as_str()?)?;
    Some(Link { next: line["seq"].as_u64()?.checked_add(1)?, hash })
}

/// A JSON object without its braces.
fn inner(object: &str) -> &str {
    object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default()
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// For its owner alone: what clients were blocked for is nobody else's business.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).mode(0o600);
    options
}

#[expect(clippy::disallowed_methods, reason = "this thread serves nobody else")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// How long a first record waits for company.
const BATCH: Duration = Duration::from_millis(5);
/// Most records that are written at once.
const MAX_BATCH: usize = 4096;
/// Longest time between a write and its sync.
const SYNC: Duration = Duration::from_secs(1);
/// Pause before a failed write is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// How much is read at a time when the end is looked for.
const CHUNK: u64 = 64 << 10;
/// Most bytes of a torn line that are kept.
const MAX_TORN: usize = 4 << 10;
