#![expect(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Sends the pieces, with a pause between them, to a server that reads 10 bytes at most; gives what it made of them.
async fn read(head: &str, pieces: &[&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service_fn(report)));
    client.write_all(format!("POST / HTTP/1.1\r\nHost: p\r\n{head}\r\n\r\n").as_bytes()).await.unwrap();
    for piece in pieces {
        client.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
}

async fn report(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let server = config::Server { max_body: 10, ..config::Server::default() };
    let made = match read_body(request.into_body(), &server, &mut InFlight::new(&server).buffers().share()).await {
        Ok(bytes) => bytes,
        Err(error) => error.to_string().into(),
    };
    Ok(Response::new(Full::new(made)))
}

#[tokio::test]
async fn a_body_is_read_whole_however_it_comes() {
    assert_eq!(read("Content-Length: 0", &[]).await, "");
    assert_eq!(read("Content-Length: 10", &["0123456789"]).await, "0123456789");
    assert_eq!(read("Content-Length: 10", &["0", "123", "456789"]).await, "0123456789");
    assert_eq!(
        read("Transfer-Encoding: chunked", &["2\r\n01\r\n", "1\r\n2\r\n0\r\n", "x-sum: 1\r\n\r\n"]).await,
        "012"
    );
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_and_the_answer_arrives() {
    let refused = "the body is longer than 10 bytes";
    assert_eq!(read("Content-Length: 11", &["01234567890"]).await, refused);
    assert_eq!(read("Transfer-Encoding: chunked", &["6\r\n012345\r\n", "5\r\n67890\r\n0\r\n\r\n"]).await, refused);
}

#[test]
fn a_slot_is_free_again_once_its_permit_is_gone() {
    let client = IpAddr::from([127, 0, 0, 1]);
    let server = config::Server { max_inflight: 2, max_inflight_per_client: Some(3), ..config::Server::default() };
    let slots = InFlight::new(&server);
    let first = slots.take(client).unwrap();
    let second = slots.take(client).unwrap();
    assert_eq!(slots.take(client).unwrap_err(), Busy::All);
    assert_eq!(slots.taken(), 2);
    drop(first);
    let third = slots.take(client).unwrap();
    drop((second, third));
    assert_eq!(slots.taken(), 0);
}

#[test]
fn a_slow_body_has_a_grace_and_then_a_rate() {
    let start = Instant::now();
    let limit = |rate, received| Pace { start, rate }.limit(received) - start;
    assert_eq!(limit(1000, 0), BODY_GRACE);
    assert_eq!(limit(1000, 2000), BODY_GRACE + Duration::from_secs(2));
    assert!(limit(1000, 1 << 30) >= BODY_IDLE && limit(0, 0) >= BODY_IDLE);
}
