//! Connections: accepting them, their limits, and how they end.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::journey::{self, App};
use super::stall::Impatient;
use crate::config;

/// A connection on its way to the runtime that will serve it.
pub(super) type Accepted = (std::net::TcpStream, SocketAddr);

/// Accepts until `stop`, and deals connections to the runtimes in turn, so that each gets its share.
pub(super) async fn accept(
    listener: TcpListener,
    runtimes: Vec<mpsc::Sender<Accepted>>,
    mut stop: watch::Receiver<bool>,
) {
    for runtime in runtimes.iter().cycle() {
        let accepted = tokio::select! {
            accepted = next(&listener) => accepted,
            _ = stop.wait_for(|&stop| stop) => return,
        };
        if runtime.send(accepted).await.is_err() {
            return;
        }
    }
}

async fn next(listener: &TcpListener) -> Accepted {
    loop {
        match listener.accept().await.and_then(|(stream, peer)| Ok((detach(stream)?, peer))) {
            Ok(accepted) => return accepted,
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: the connection stays in the queue, so asking again at once would spin.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn detach(stream: TcpStream) -> io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    stream.into_std()
}

/// Whether accepting failed because a client had gone again.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}

/// Serves connections until no more come and all have ended, or `drain` has passed since the last came.
pub(super) async fn serve(
    slot: Arc<ArcSwap<App>>,
    mut connections: mpsc::Receiver<Accepted>,
    stop: watch::Receiver<bool>,
) {
    let http = Arc::new(builder(&slot.load().config.server));
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            accepted = connections.recv() => match accepted {
                Some((stream, peer)) => match TcpStream::from_std(stream) {
                    Ok(stream) => {
                        tasks.spawn(connection(Arc::clone(&http), Arc::clone(&slot), stream, peer, stop.clone()));
                    }
                    Err(error) => tracing::warn!(%error, "cannot serve a connection"),
                },
                None => break,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
    let app = slot.load_full();
    let drain = app.config.server.drain;
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(drain, ended).await.is_err() {
        tracing::warn!(requests = app.inflight.taken(), "still under way after the drain time: broken off");
    }
}

fn builder(server: &config::Server) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .preserve_header_case(true)
        // A stream is many small pieces: copied into one buffer they go out in one write.
        .writev(false)
        // A client that has closed its side has gone: its request ends, and the upstream's with it.
        .half_close(false);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(H2_PING)
        .max_header_list_size(u32::try_from(server.max_head).unwrap_or(u32::MAX))
        .max_concurrent_streams(u32::try_from(server.http2.max_streams).unwrap_or(u32::MAX))
        // Requests that are taken back at once cost the client nothing: a few are bad luck, many an attack.
        .max_pending_accept_reset_streams(server.http2.max_resets)
        .max_send_buf_size(H2_SEND_BUFFER);
    http
}

async fn connection(
    http: Arc<Builder<TokioExecutor>>,
    slot: Arc<ArcSwap<App>>,
    stream: TcpStream,
    peer: SocketAddr,
    mut stop: watch::Receiver<bool>,
) {
    let spoken = Arc::new(AtomicBool::new(false));
    let service = {
        let spoken = Arc::clone(&spoken);
        service_fn(move |request| {
            spoken.store(true, Ordering::Relaxed);
            // What is served when a request begins serves it to its end.
            journey::handle(slot.load_full(), peer, request)
        })
    };
    let stream = TokioIo::new(Impatient::new(stream, WRITE_TIMEOUT));
    let mut connection = pin!(http.serve_connection(stream, service));
    let mut stopping = false;
    let mut opening = true;
    let mut opened = pin!(tokio::time::sleep(HEAD_TIMEOUT));
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "connection broke off");
                }
                return;
            }
            // Ends too when whoever could say so has gone.
            _ = stop.wait_for(|&stop| stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            // hyper's own limit on a head starts only once it knows the version from the first bytes.
            () = opened.as_mut(), if opening => {
                if !spoken.load(Ordering::Relaxed) {
                    return;
                }
                opening = false;
            }
        }
    }
}

/// Longest wait for a request's head, on a fresh connection or between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may leave its answer unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// How often an HTTP/2 connection is asked whether it still lives.
const H2_PING: Duration = Duration::from_secs(30);

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Most header fields of a request. For more hyper would need the heap for each head that it reads.
const MAX_HEADERS: usize = 100;

/// Longest head of an HTTP/1.1 request that is answered with more than its status (`max_head` is less), and most that is read ahead, in bytes.
const MAX_HEAD: usize = 256 << 10;

/// Most that is written ahead for one HTTP/2 request, in bytes.
const H2_SEND_BUFFER: usize = 128 << 10;
