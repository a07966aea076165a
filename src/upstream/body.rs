//! The two bodies of an exchange: what goes up, and what comes back under its time limits.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
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
#[derive(Debug)]
pub struct Answer {
    body: Incoming,
    idle: Duration,
    end: Instant,
    /// Since when nothing has come. Set on the first fruitless poll.
    waiting: Option<Instant>,
    /// Made on the first fruitless poll: most short answers never need a timer.
    timer: Option<Pin<Box<Sleep>>>,
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
        Answer { body, idle, end, waiting: None, timer: None }
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

impl Body for Answer {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.waiting = None;
                Poll::Ready(frame.map(|f| f.map_err(AnswerError::Broken)))
            }
            Poll::Pending => self.poll_limits(cx).map(|error| Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
