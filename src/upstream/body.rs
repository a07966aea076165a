//! The two bodies of an exchange: what goes up, and what comes back, gathered and under its time limits.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

/// A request's body on its way up.
#[derive(Debug)]
pub struct Outgoing(Source);

#[derive(Debug)]
enum Source {
    /// Known in full; `None` once sent, or if empty.
    Full(Option<Bytes>),
    /// The client's, unread, with its trailers.
    Client { body: Incoming, progress: Arc<Progress> },
}

/// When the client last sent something.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    /// Milliseconds after `start`.
    last: AtomicU64,
}

/// A response's body, under the upstream's idle and total limits. Dropping it cancels the exchange.
///
/// hyper hands over one chunk of the transfer coding at a time, with a turn of the connection's task between two. One
/// read of the socket may hold dozens of them (each is one small event of a stream), and passing each on by itself
/// would cost a write each. So chunks are gathered as long as the connection has more of them at hand, and what one
/// read brought is passed on in one piece. Nothing waits for the network.
#[derive(Debug)]
pub struct Answer {
    body: Incoming,
    gathered: Gathered,
    /// So many bytes are passed on without asking for more.
    enough: usize,
    next: Next,
    /// Fruitless polls since the last chunk.
    asked: u8,
    idle: Duration,
    end: Instant,
    /// Since when nothing has come. Set on the first fruitless poll.
    waiting: Option<Instant>,
    /// Made on the first fruitless poll: most short answers never need a timer.
    timer: Option<Pin<Box<Sleep>>>,
}

/// What comes after the gathered bytes.
#[derive(Debug)]
enum Next {
    /// Whatever the connection has.
    Unknown,
    /// Trailers or an error.
    Frame(Result<Frame<Bytes>, AnswerError>),
    End,
}

/// Chunks on their way to becoming one; a single one is not copied.
#[derive(Debug, Default)]
struct Gathered {
    first: Bytes,
    /// Includes `first` once there was a second.
    all: BytesMut,
}

/// Why a response's body ended early.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Nothing came for too long.
    #[error("the upstream sent nothing for too long")]
    Idle,
    /// The whole exchange took too long.
    #[error("the exchange with the upstream took too long")]
    Total,
    /// The connection broke, or what came is not HTTP.
    #[error("the upstream's answer broke off")]
    Broken(#[source] hyper::Error),
}

impl Outgoing {
    /// A body that was read before, perhaps rewritten.
    pub fn full(bytes: Bytes) -> Outgoing {
        Outgoing(Source::Full(Some(bytes).filter(|b| !b.is_empty())))
    }

    /// The client's body, passed on piece by piece as it comes.
    pub fn client(body: Incoming) -> Outgoing {
        if body.is_end_stream() {
            return Outgoing(Source::Full(None));
        }
        Outgoing(Source::Client {
            body,
            progress: Arc::new(Progress { start: Instant::now(), last: AtomicU64::new(0) }),
        })
    }

    pub(super) fn progress(&self) -> Option<Arc<Progress>> {
        match &self.0 {
            Source::Full(_) => None,
            Source::Client { progress, .. } => Some(Arc::clone(progress)),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Source::Full(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Source::Client { body, progress } => {
                let frame = Pin::new(body).poll_frame(cx);
                if frame.is_ready() {
                    progress.touch();
                }
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Full(bytes) => bytes.is_none(),
            Source::Client { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Source::Client { body, .. } => body.size_hint(),
        }
    }
}

impl Progress {
    /// When the client last sent something, or ended.
    pub(super) fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }

    fn touch(&self) {
        let passed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(passed, Ordering::Relaxed);
    }
}

impl Answer {
    pub(super) fn new(body: Incoming, idle: Duration, end: Instant) -> Answer {
        Answer {
            body,
            gathered: Gathered::default(),
            enough: GATHER,
            next: Next::Unknown,
            asked: 0,
            idle,
            end,
            waiting: None,
            timer: None,
        }
    }

    /// The first piece is passed on once so many bytes have come. Each chunk more would be a turn of the connection's task
    /// for which the client waits.
    #[must_use]
    pub fn beginning_with(self, bytes: usize) -> Answer {
        Answer { enough: bytes, ..self }
    }

    fn poll_limits(&mut self, cx: &mut Context<'_>) -> Poll<AnswerError> {
        let waiting = *self.waiting.get_or_insert_with(Instant::now);
        let limit = self.end.min(waiting + self.idle);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(limit)));
        // The timer is not moved at every piece; when it rings early it is set to what is left.
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if now >= self.end {
                return Poll::Ready(AnswerError::Total);
            }
            if now >= limit {
                return Poll::Ready(AnswerError::Idle);
            }
            timer.as_mut().reset(limit);
        }
        Poll::Pending
    }
}

impl Gathered {
    /// `room`: how much there may be in the end.
    fn push(&mut self, chunk: Bytes, room: usize) {
        if self.len() == 0 {
            self.first = chunk;
            return;
        }
        if self.all.is_empty() {
            self.all.reserve(room);
            self.all.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.all.extend_from_slice(&chunk);
    }

    fn take(&mut self) -> Bytes {
        if self.all.is_empty() { std::mem::take(&mut self.first) } else { self.all.split().freeze() }
    }

    fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        match std::mem::replace(&mut self.next, Next::Unknown) {
            Next::Unknown => {}
            Next::Frame(frame) => return Poll::Ready(Some(frame)),
            Next::End => return Poll::Ready(None),
        }
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(frame) => {
                    self.waiting = None;
                    self.asked = 0;
                    let frame = match frame.map(|f| f.map_err(AnswerError::Broken).map(Frame::into_data)) {
                        Some(Ok(Ok(chunk))) => {
                            let room = self.enough.saturating_mul(2).min(GATHER);
                            self.gathered.push(chunk, room);
                            if self.gathered.len() >= self.enough || self.body.is_end_stream() {
                                break;
                            }
                            continue;
                        }
                        Some(Ok(Err(trailers))) => Some(Ok(trailers)),
                        Some(Err(error)) => Some(Err(error)),
                        None => None,
                    };
                    if self.gathered.len() == 0 {
                        return Poll::Ready(frame);
                    }
                    self.next = frame.map_or(Next::End, Next::Frame);
                    break;
                }
                Poll::Pending if self.gathered.len() == 0 => {
                    return self.poll_limits(cx).map(|error| Some(Err(error)));
                }
                Poll::Pending if self.asked == ASK => break,
                Poll::Pending => {
                    // Taking the last chunk has woken the connection, so its turn comes before this one's next.
                    self.asked += 1;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
        self.asked = 0;
        self.enough = GATHER;
        Poll::Ready(Some(Ok(Frame::data(self.gathered.take()))))
    }

    fn is_end_stream(&self) -> bool {
        self.gathered.len() == 0 && !matches!(self.next, Next::Frame(_)) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let gathered = self.gathered.len() as u64;
        let rest = self.body.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + gathered);
        }
        hint.set_lower(rest.lower() + gathered);
        hint
    }
}

/// Most that is gathered before it is passed on, in bytes.
const GATHER: usize = 16 << 10;

/// Fruitless polls after which the connection has had its turn and had nothing: hyper's HTTP/1.1 server polls a body
/// up to twice in one turn.
const ASK: u8 = 2;
