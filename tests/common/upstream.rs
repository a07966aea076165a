//! An upstream that answers every request with what it was given, in pieces of a given size.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

/// What to answer.
#[derive(Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) step: usize,
}

/// A running upstream.
pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    pub(crate) reply: Arc<Mutex<Reply>>,
    /// Body of the last request.
    pub(crate) got: Arc<Mutex<Bytes>>,
}

/// Serves on the current runtime until it ends.
pub(crate) async fn spawn() -> Upstream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (reply, got) = (Arc::<Mutex<Reply>>::default(), Arc::<Mutex<Bytes>>::default());
    let (next, last) = (Arc::clone(&reply), Arc::clone(&got));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            socket.set_nodelay(true).unwrap();
            let (next, last) = (Arc::clone(&next), Arc::clone(&last));
            let service = service_fn(move |request: Request<Incoming>| {
                let (next, last) = (Arc::clone(&next), Arc::clone(&last));
                async move {
                    let body = request.into_body().collect().await?.to_bytes();
                    *last.lock().unwrap() = body;
                    let reply = next.lock().unwrap().clone();
                    Ok::<_, hyper::Error>(answer(&reply))
                }
            });
            tokio::spawn(async move {
                // A proxy that hangs up ends the connection; that is its right.
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    Upstream { addr, reply, got }
}

type Frames = StreamBody<stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

fn answer(reply: &Reply) -> Response<Frames> {
    let pieces: Vec<Bytes> = reply.bytes.chunks(reply.step).map(Bytes::copy_from_slice).collect();
    let frames = stream::unfold(pieces.into_iter(), |mut pieces| async move {
        // Else hyper would gather what is ready into one write.
        tokio::task::yield_now().await;
        pieces.next().map(|piece| (Ok(Frame::data(piece)), pieces))
    });
    let head = Response::builder().status(reply.status).header("content-type", reply.content_type);
    head.body(StreamBody::new(Box::pin(frames) as _)).unwrap()
}
