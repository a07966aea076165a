//! The one body type of every response.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use super::limits::Permit;
use crate::upstream::Answer;

/// Whatever broke a body off.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A stream of body pieces, and perhaps trailers at its end.
pub type FrameStream = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, BoxError>> + Send>>;

/// A response's body. It holds the request's slot until it has ended or is dropped.
#[derive(Debug)]
pub struct Body {
    source: Source,
    permit: Option<Permit>,
}

#[expect(clippy::large_enum_variant, reason = "most bodies are answers; boxing them costs each an allocation")]
enum Source {
    /// Known in full; `None` once sent, or if empty.
    Full(Option<Bytes>),
    /// The upstream's, as it comes.
    Answer(Answer),
    /// Made piece by piece.
    Frames(FrameStream),
}

impl Body {
    /// All of it, at once.
    pub fn full(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body { source: Source::Full((!bytes.is_empty()).then_some(bytes)), permit: None }
    }

    /// All of it, and the trailers that came after.
    pub fn whole(bytes: Bytes, trailers: Option<HeaderMap>) -> Body {
        match trailers {
            None => Body::full(bytes),
            Some(trailers) => {
                let frames = [Frame::data(bytes), Frame::trailers(trailers)];
                Body::frames(Box::pin(futures_util::stream::iter(frames.map(Ok))))
            }
        }
    }

    /// The upstream's body, unread.
    pub fn answer(answer: Answer) -> Body {
        Body { source: Source::Answer(answer), permit: None }
    }

    /// Pieces as the stream makes them. An error breaks the connection off, so that nobody takes the rest for whole.
    pub fn frames(frames: FrameStream) -> Body {
        Body { source: Source::Frames(frames), permit: None }
    }

    /// Keeps the slot until the body has ended.
    #[must_use]
    pub fn holding(self, permit: Permit) -> Body {
        Body { permit: Some(permit), ..self }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.source {
            Source::Full(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Source::Answer(answer) => Pin::new(answer).poll_frame(cx).map_err(BoxError::from),
            Source::Frames(frames) => frames.as_mut().poll_next(cx),
        };
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.permit = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Full(bytes) => bytes.is_none(),
            Source::Answer(answer) => answer.is_end_stream(),
            Source::Frames(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Source::Answer(answer) => answer.size_hint(),
            Source::Frames(_) => SizeHint::default(),
        }
    }
}

impl std::fmt::Debug for Source {
    /// Says which kind it is, never what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Source::Full(_) => "Full",
            Source::Answer(_) => "Answer",
            Source::Frames(_) => "Frames",
        })
    }
}
