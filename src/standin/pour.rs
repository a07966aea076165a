//! Getting an answer onto the wire: in one go, event by event, or cut anywhere.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Either, Full, StreamBody, combinators::MapErr};

use super::api::{Answer, DONE};
use super::script::{Misbehave, Script, number};

type Frames = Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>>;

/// All at once, or piece by piece.
pub(super) type Body = Either<MapErr<Full<Bytes>, fn(Infallible) -> io::Error>, StreamBody<Frames>>;

/// A body of known length.
pub(super) fn whole(status: StatusCode, kind: &'static str, bytes: Bytes) -> Response<Body> {
    let never: fn(Infallible) -> io::Error = |never| match never {};
    head(status, kind, Either::Left(Full::new(bytes).map_err(never)))
}

/// An answer: the script's status, pace and cuts.
pub(super) fn answer(script: &Script, answer: Answer) -> Response<Body> {
    let truncated = script.misbehave == Some(Misbehave::TruncatedJson);
    let (kind, mut events) = match answer {
        Answer::Whole(json) => {
            let mut bytes = Bytes::from(json.to_string());
            if truncated {
                bytes.truncate(bytes.len() / 2);
            }
            if script.misbehave.is_none() && script.write.is_none() && script.delay.is_none() || truncated {
                return whole(script.status, "application/json", bytes);
            }
            return pieces(script, vec![bytes]);
        }
        Answer::Stream(kind, events) => (kind, events),
    };
    if truncated {
        events.truncate(events.len().div_ceil(2));
        if let Some(last) = events.last_mut() {
            last.truncate(last.len() / 2);
        }
    }
    let mut response = pieces(script, events);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The pieces one after the other, cut again and paced as the script says.
pub(super) fn pieces(script: &Script, pieces: Vec<Bytes>) -> Response<Body> {
    let dropped = script.misbehave == Some(Misbehave::Drop);
    let mut pieces = match script.write {
        Some(size) => cut(pieces.concat().into(), size),
        None if dropped && pieces.len() == 1 => cut(pieces.concat().into(), 16),
        None => pieces,
    };
    if dropped {
        pieces.truncate(pieces.len().div_ceil(2));
    }
    // Without a pause hyper would gather what is ready into one write.
    let pause = script.delay.or((script.write.is_some() || dropped).then_some(Duration::ZERO));
    let end = dropped.then(|| Err(io::Error::from(io::ErrorKind::ConnectionReset)));
    let frames = stream::iter(pieces.into_iter().map(|piece| Ok(Frame::data(piece))).chain(end));
    let frames: Frames = match pause {
        None => frames.boxed(),
        Some(pause) => frames.then(move |frame| paced(pause, frame)).boxed(),
    };
    head(script.status, "application/json", Either::Right(StreamBody::new(frames)))
}

/// Ready-made bytes, for benches: one completion of 1 KB, or as many events as `x-standin-events` says, of one word each or
/// of 20 characters of prose.
pub(super) fn fixed(headers: &HeaderMap) -> Response<Body> {
    let Ok(Some(count)) = number(headers, "x-standin-events") else {
        return whole(StatusCode::OK, "application/json", Bytes::from_static(COMPLETION));
    };
    let is_prose = headers.get("x-standin-fast").is_some_and(|how| how == "prose");
    let text = if is_prose { &*PROSE } else { &*WORD };
    let events = text.iter().cycle().take(count).cloned().chain([Bytes::from_static(DONE)]);
    let frames: Frames = stream::iter(events.map(|event| Ok(Frame::data(event)))).boxed();
    head(StatusCode::OK, "text/event-stream", Either::Right(StreamBody::new(frames)))
}

fn event(text: &str) -> Bytes {
    EVENT.replace("TEXT", text).into()
}

fn head(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn cut(mut bytes: Bytes, size: usize) -> Vec<Bytes> {
    let mut pieces = Vec::with_capacity(bytes.len() / size + 1);
    while !bytes.is_empty() {
        pieces.push(bytes.split_to(size.min(bytes.len())));
    }
    pieces
}

async fn paced<T>(pause: Duration, item: T) -> T {
    if pause.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(pause).await;
    }
    item
}

const COMPLETION: &[u8] = br#"{"id":"chatcmpl-standin","object":"chat.completion","created":1700000000,"model":"stand-in","choices":[{"index":0,"message":{"role":"assistant","content":"Paris has a mild climate without extremes. Winters are cool and often grey, with temperatures a little above freezing and a few days of snow in most years. Spring comes early: parks are green in April, though a coat is still welcome in the evening. Summers are warm rather than hot, around twenty-five degrees in the afternoon, with a thunderstorm now and then and, lately, a heat wave or two. Autumn starts golden and ends in rain. It rains on about a hundred and ten days a year, mostly little at a time, so a small umbrella is a good companion in any month.","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":133,"total_tokens":145}}"#;

const EVENT: &str = "data: {\"id\":\"chatcmpl-standin\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"stand-in\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"TEXT\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

static WORD: LazyLock<Vec<Bytes>> = LazyLock::new(|| vec![event("hello ")]);

/// The completion's text in events of 20 characters.
static PROSE: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let completion: serde_json::Value = serde_json::from_slice(COMPLETION).unwrap_or_default();
    let text = completion.pointer("/choices/0/message/content").and_then(serde_json::Value::as_str).unwrap_or_default();
    let chars: Vec<char> = text.chars().chain([' ']).collect();
    chars.chunks(20).map(|piece| event(&piece.iter().collect::<String>())).collect()
});
