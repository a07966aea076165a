//! Bounds on what a client may use: slots for requests under way, and the bytes and time of a body.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

/// Counts requests under way, over all runtimes.
#[derive(Clone, Debug)]
pub struct InFlight {
    taken: Arc<AtomicUsize>,
    max: usize,
}

/// A slot. It is free again when this is dropped, which must not happen before the response's body has ended.
#[derive(Debug)]
pub struct Permit {
    taken: Arc<AtomicUsize>,
}

/// Why a request's body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Longer than `max_body`.
    #[error("the body is longer than {0} bytes")]
    TooLong(
        /// The limit.
        usize,
    ),
    /// The client was too slow.
    #[error("the body did not come in time")]
    Timeout,
    /// The connection broke, or the framing is wrong.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
}

impl InFlight {
    /// Room for `max` requests at once.
    pub fn new(max: usize) -> InFlight {
        InFlight { taken: Arc::new(AtomicUsize::new(0)), max }
    }

    /// Takes a slot, if one is free.
    pub fn take(&self) -> Option<Permit> {
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let permit = Permit { taken: Arc::clone(&self.taken) };
        (before < self.max).then_some(permit)
    }

    /// How many slots are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads a body whole, `max` bytes at most. Its trailers are dropped.
///
/// A body that came in one piece is not copied.
pub async fn read_body(mut body: Incoming, max: usize) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > max as u64 {
        discard(body).await;
        return Err(BodyError::TooLong(max));
    }
    let end = Instant::now() + BODY_TOTAL;
    let expected = body.size_hint().exact().map_or(0, |n| usize::try_from(n).unwrap_or(max));
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = timeout_at(end.min(Instant::now() + BODY_IDLE), body.frame())
        .await
        .map_err(|_| BodyError::Timeout)?
        .transpose()
        .map_err(BodyError::Broken)?
    {
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > max {
            discard(body).await;
            return Err(BodyError::TooLong(max));
        }
        if rest.is_empty() && first.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.reserve(expected.min(RESERVE).max(first.len() + data.len()));
            rest.extend_from_slice(&std::mem::take(&mut first));
        }
        rest.extend_from_slice(&data);
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Takes a refused body off the connection for a moment, so that the client, who may still be sending, gets to read
/// the answer instead of a reset.
async fn discard(mut body: Incoming) {
    let drain = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whether it ended or not makes no difference to the answer.
    let _ = timeout(DISCARD, drain).await;
}

/// Longest pause between two pieces of a body.
const BODY_IDLE: Duration = Duration::from_secs(30);

/// Longest time for a whole body.
const BODY_TOTAL: Duration = Duration::from_secs(300);

/// How long a refused body is read on.
const DISCARD: Duration = Duration::from_secs(2);

/// Most that is set aside on the strength of a `Content-Length` alone.
const RESERVE: usize = 1 << 20;

#[cfg(test)]
mod tests;
