//! An answer that comes as events: driven through its inspection piece by piece, at the client's pace.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use http::Response;
use http::header::CONTENT_LENGTH;
use http::response::Parts;
use http_body::Frame;
use http_body_util::BodyExt as _;

use super::body::{Body, BoxError};
use super::guarded::{Exchange, changed};
use super::refuse;
use crate::audit::Streamed;
use crate::classifier::Priority;
use crate::coding::{CodingError, Decoder};
use crate::guard::{self, ask};
use crate::inspect::{Cause, Stream, StreamEnd, StreamOptions};
use crate::protocol::framing::Frames;
use crate::segment::Direction;
use crate::telemetry::metrics::METRICS;
use crate::upstream::Answer;

/// One guarded stream under way.
struct Guarded {
    exchange: Option<Exchange>,
    /// `None` only once the guard is dropped.
    stream: Option<Stream>,
    /// `None` once it has ended or is cut off, which cancels the upstream.
    answer: Option<Answer>,
    /// For a stream with a content coding.
    decoder: Option<Decoder>,
    asked: FuturesUnordered<guard::Asked>,
    spent: Duration,
    /// When something last went out.
    sent_at: Instant,
    /// Bytes from the upstream, and bytes for the client.
    received: u64,
    released: u64,
    /// The upstream broke off.
    broken: bool,
    /// The first piece, which came before the response's head was sent.
    first: Option<Frame<Bytes>>,
    /// What came with the first words and goes through inspection once they are on their way.
    rest: Option<Bytes>,
}

/// Answers with the stream. The head waits for the first event that may go out, so that a stream that is blocked from
/// its start is an error like any other.
pub(super) async fn respond(
    exchange: Exchange,
    mut parts: Parts,
    answer: Answer,
    frames: Frames,
    decoder: Option<Decoder>,
) -> Response<Body> {
    let (context, expose, id) = (exchange.context.clone(), exchange.expose, exchange.id.clone());
    let notice = Arc::new(move |cause: &Cause| refuse::notice(&context, expose, &id, cause, "answer"));
    let options = StreamOptions {
        id: exchange.id.to_string(),
        created: refuse::now(),
        choices: exchange.asked.choices,
        usage: exchange.asked.usage,
        notice,
    };
    let stream = Stream::new(&exchange.context, exchange.protocol, options).framed(frames).resumed(exchange.after);
    let stream = if exchange.bill.is_open() { stream.metered() } else { stream };
    let mut guarded = Guarded {
        exchange: Some(exchange),
        stream: Some(stream),
        answer: Some(answer.beginning_with(FIRST)),
        decoder,
        asked: FuturesUnordered::new(),
        spent: Duration::ZERO,
        sent_at: Instant::now(),
        received: 0,
        released: 0,
        broken: false,
        first: None,
        rest: None,
    };
    guarded.first = guarded.next().await.and_then(Result::ok);
    if let Some(stream) = &guarded.stream
        && let StreamEnd::Unsent(cause) = stream.end().clone()
        && let Some(mut exchange) = guarded.exchange.take()
    {
        exchange.settle_stream(stream, false);
        let started = Instant::now().checked_sub(guarded.spent).unwrap_or_else(Instant::now);
        return exchange.refuse_response(&cause, stream.report(), started);
    }
    if let Some(exchange) = &mut guarded.exchange {
        exchange.spent += guarded.spent;
        exchange.tell(&mut parts.headers, &[]);
    }
    // How long the stream will be is not known before it has been judged.
    parts.headers.remove(CONTENT_LENGTH);
    changed(&mut parts.headers);
    let frames = stream::unfold(guarded, |mut guarded| async move {
        let frame = match guarded.first.take() {
            Some(frame) => Some(Ok(frame)),
            None => guarded.next().await,
        };
        frame.map(|frame| (frame, guarded))
    });
    Response::from_parts(parts, Body::frames(Box::pin(frames)))
}

impl Guarded {
    /// The next piece for the client. One read of the upstream is one pass of the engine and one write, but for the first
    /// words: those do not wait until all that came with them is judged.
    async fn next(&mut self) -> Option<Result<Frame<Bytes>, BoxError>> {
        let mut out = Vec::new();
        loop {
            if !out.is_empty() {
                self.released += out.len() as u64;
                self.sent_at = Instant::now();
                return Some(Ok(Frame::data(out.into())));
            }
            let stream = self.stream.as_mut()?;
            if *stream.end() != StreamEnd::Open {
                self.answer = None;
                return None;
            }
            let came = match &mut self.answer {
                Some(_) if let Some(rest) = self.rest.take() => {
                    // Hyper writes once there is nothing more to take.
                    step_back().await;
                    Came::Frame(Some(Ok(Frame::data(rest))))
                }
                None if self.asked.is_empty() => return None,
                None => Came::Answer(self.asked.next().await),
                Some(answer) if self.asked.is_empty() => Came::Frame(answer.frame().await),
                Some(answer) => tokio::select! {
                    biased;
                    answered = self.asked.next() => Came::Answer(answered),
                    frame = answer.frame() => Came::Frame(frame),
                },
            };
            let started = Instant::now();
            match came {
                Came::Answer(answered) => {
                    if let Some((ticket, answer)) = answered {
                        stream.answer(&ticket, &answer, &mut out);
                    }
                }
                Came::Frame(None) => {
                    self.answer = None;
                    self.broken |= !ended(stream, self.decoder.as_ref(), &mut out);
                }
                Came::Frame(Some(Err(error))) => {
                    self.answer = None;
                    self.broken = true;
                    METRICS.upstream_errors.inc("broke_off");
                    let id = self.exchange.as_ref().map(|exchange| &*exchange.id);
                    tracing::warn!(id, %error, "the upstream broke off a stream");
                    stream.fail("The upstream broke off its answer.", &mut out);
                }
                Came::Frame(Some(Ok(frame))) => match frame.into_data() {
                    Ok(mut data) => {
                        // A little more than that is not worth a write of its own.
                        if self.received == 0 && data.len() > 2 * FIRST {
                            self.rest = Some(data.split_off(FIRST));
                        }
                        self.received += data.len() as u64;
                        match &mut self.decoder {
                            None => stream.push(&data, &mut out),
                            Some(decoder) => {
                                let mut sink = |piece: &[u8]| {
                                    stream.push(piece, &mut out);
                                    Ok(())
                                };
                                if let Err(error) = decoder.push(&data, &mut sink) {
                                    self.answer = None;
                                    self.broken = true;
                                    undecodable(stream, error, &mut out);
                                }
                            }
                        }
                    }
                    // Trailers come last, and nothing may overtake what is held.
                    Err(trailers) => {
                        self.answer = None;
                        self.broken |= !ended(stream, self.decoder.as_ref(), &mut out);
                        if out.is_empty() && *stream.end() == StreamEnd::Done {
                            return Some(Ok(trailers));
                        }
                    }
                },
            }
            if out.is_empty() && started - self.sent_at > SILENCE {
                stream.overtake(&mut out);
            }
            self.taint();
            self.ask();
            self.spent += started.elapsed();
        }
    }

    /// Before anything of what came of it is on its way.
    fn taint(&mut self) {
        if let (Some(exchange), Some(stream)) = (&self.exchange, &mut self.stream) {
            exchange.taint(&stream.take_tainted(), stream.blocked().is_some());
        }
    }

    fn ask(&mut self) {
        let (Some(exchange), Some(stream)) = (&self.exchange, &mut self.stream) else { return };
        for ticket in stream.take_tickets() {
            let inference = exchange.guard.inference.as_deref();
            self.asked.push(ask(inference, ticket, &exchange.caller, Priority::Gate));
        }
    }
}

/// The upstream says that this was all. Whether it was.
fn ended(stream: &mut Stream, decoder: Option<&Decoder>, out: &mut Vec<u8>) -> bool {
    match decoder.map_or(Ok(()), Decoder::finish) {
        Ok(()) => stream.finish(out),
        Err(error) => {
            undecodable(stream, error, out);
            return false;
        }
    }
    true
}

/// Ends a stream that is not what its `content-encoding` says, or grows without end.
fn undecodable(stream: &mut Stream, error: CodingError, out: &mut Vec<u8>) {
    tracing::warn!(%error, "the upstream's stream cannot be decoded");
    stream.fail("The upstream's answer cannot be decoded.", out);
}

/// Lets others go first. Unlike tokio's own this asks the system for no news in between.
async fn step_back() {
    let mut stepped = false;
    poll_fn(|context| {
        if std::mem::replace(&mut stepped, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// So many bytes are judged before anything is written.
const FIRST: usize = 512;
/// Longest time for which heart-beats wait behind text that waits itself.
const SILENCE: Duration = Duration::from_millis(200);

enum Came {
    Frame(Option<Result<Frame<Bytes>, crate::upstream::AnswerError>>),
    Answer(Option<(crate::inspect::Ticket, crate::policy::Answer)>),
}

/// Written when the stream ends, however it ends: also when the client has gone.
impl Drop for Guarded {
    fn drop(&mut self) {
        let (Some(mut exchange), Some(mut stream)) = (self.exchange.take(), self.stream.take()) else { return };
        let mut asked = std::mem::take(&mut self.asked);
        let spent = self.spent;
        let ended = match stream.end() {
            _ if stream.blocked().is_some() => "blocked",
            _ if self.broken => "broken",
            StreamEnd::Open if self.answer.is_some() => "left",
            _ => "whole",
        };
        exchange.settle_stream(&stream, ended == "whole");
        let streamed = Streamed { received: self.received, released: self.released, ended };
        let record = move |mut stream: Stream| {
            stream.settle();
            exchange.record_spent(Direction::Response, &stream.report(), stream.blocked(), spent, Some(streamed));
        };
        // Rules that only record may still wait for scores; the client does not.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !asked.is_empty() => {
                runtime.spawn(async move {
                    while let Some((ticket, answer)) = asked.next().await {
                        stream.answer(&ticket, &answer, &mut Vec::new());
                    }
                    record(stream);
                });
            }
            _ => record(stream),
        }
    }
}
