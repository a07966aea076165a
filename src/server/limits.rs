//! Bounds on what a client may use: slots for requests under way, and the bytes and time of a body.

mod buffers;
mod clients;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

pub use buffers::{Buffers, NoRoom, Share};
pub use clients::{ClientSlot, Clients};

use crate::coding::CodingError;
use crate::config;

/// Counts requests under way and the memory that they take, over all runtimes.
#[derive(Clone, Debug)]
pub struct InFlight {
    taken: Arc<AtomicUsize>,
    max: usize,
    clients: Option<Clients>,
    buffers: Buffers,
}

/// A slot. It is free again when this is dropped, which must not happen before the response's body has ended.
#[derive(Debug)]
pub struct Permit {
    taken: Arc<AtomicUsize>,
    _client: Option<ClientSlot>,
    /// Memory for the request's bodies.
    pub share: Share,
}

/// Why there is no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// `max_inflight` is reached.
    All,
    /// `max_inflight_per_client` is reached.
    Client,
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
    /// A few bytes that stand for very many.
    #[error("the body is refused: {0}")]
    Grows(
        /// In what way.
        CodingError,
    ),
    /// `max_buffered` is reached.
    #[error("too many bodies are being read")]
    NoRoom,
    /// The client was too slow.
    #[error("the body did not come in time")]
    Timeout,
    /// The connection broke, or the framing is wrong.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
}

impl InFlight {
    /// Room as the configuration says.
    pub fn new(server: &config::Server) -> InFlight {
        InFlight {
            taken: Arc::new(AtomicUsize::new(0)),
            max: server.max_inflight,
            clients: server.max_inflight_per_client.map(Clients::new),
            buffers: Buffers::new(server.max_buffered),
        }
    }

    /// The same slots under other bounds.
    #[must_use]
    pub fn resized(&self, server: &config::Server) -> InFlight {
        let clients = server.max_inflight_per_client.map(|max| match &self.clients {
            Some(clients) => clients.resized(max),
            None => Clients::new(max),
        });
        InFlight {
            taken: Arc::clone(&self.taken),
            max: server.max_inflight,
            clients,
            buffers: self.buffers.resized(server.max_buffered),
        }
    }

    /// Takes a slot for a client, if one is free.
    pub fn take(&self, client: IpAddr) -> Result<Permit, Busy> {
        let slot = self.clients.as_ref().map(|clients| clients.take(client).ok_or(Busy::Client)).transpose()?;
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        let permit = Permit { taken: Arc::clone(&self.taken), _client: slot, share: self.buffers.share() };
        if before < self.max { Ok(permit) } else { Err(Busy::All) }
    }

    /// Memory for bodies.
    pub fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// How many slots are taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl From<NoRoom> for BodyError {
    fn from(_: NoRoom) -> BodyError {
        BodyError::NoRoom
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads a body whole, `max_body` bytes at most, each counted in `share`. Its trailers are dropped.
///
/// A body that came in one piece is not copied.
pub async fn read_body(mut body: Incoming, server: &config::Server, share: &mut Share) -> Result<Bytes, BodyError> {
    let max = server.max_body;
    if body.size_hint().lower() > max as u64 {
        discard(body).await;
        return Err(BodyError::TooLong(max));
    }
    let pace = Pace { start: Instant::now(), rate: server.min_body_rate as u64 };
    let expected = body.size_hint().exact().map_or(0, |n| usize::try_from(n).unwrap_or(max));
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = timeout_at(pace.limit(first.len() + rest.len()), body.frame())
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
        share.grow(data.len())?;
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

/// How slow a body may be.
struct Pace {
    start: Instant,
    /// Bytes a second; 0: any.
    rate: u64,
}

impl Pace {
    /// When the next piece has to be here, after so many bytes.
    fn limit(&self, received: usize) -> Instant {
        let end = (self.start + BODY_TOTAL).min(Instant::now() + BODY_IDLE);
        match (received as u64 * 1000).checked_div(self.rate) {
            None => end,
            Some(millis) => end.min(self.start + BODY_GRACE + Duration::from_millis(millis)),
        }
    }
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

/// How long a body may take to come into its stride.
const BODY_GRACE: Duration = Duration::from_secs(5);

/// Longest time for a whole body.
const BODY_TOTAL: Duration = Duration::from_secs(300);

/// How long a refused body is read on.
const DISCARD: Duration = Duration::from_secs(2);

/// Most that is set aside on the strength of a `Content-Length` alone.
const RESERVE: usize = 1 << 20;

#[cfg(test)]
mod tests;
