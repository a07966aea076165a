//! Slots, and how long each step may take.

use std::time::Duration;

use super::rig::{Raw, answer, rig_with, soon};

const GET: &str = "GET /v1 HTTP/1.1\r\nHost: p\r\n\r\n";

#[tokio::test]
async fn a_slot_is_held_until_the_body_has_ended() {
    let (upstream, proxy) = rig_with(|config| config.server.max_inflight = 1).await;
    let mut client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na").await;
    client.read_to("\r\n\r\na").await;
    let (status, response) = answer(proxy.addr(), GET).await;
    assert_eq!(status, "HTTP/1.1 503 Service Unavailable");
    assert!(response.contains("\r\nretry-after: 1\r\n") && response.contains(r#""code":"overloaded""#), "{response}");
    server.write("b").await;
    client.read_to("b").await;
    client.write(GET).await;
    server.read_to("\r\n\r\n").await;
}

#[tokio::test]
async fn a_slot_is_free_again_when_its_client_has_gone() {
    let (upstream, proxy) = rig_with(|config| config.server.max_inflight = 1).await;
    drop(Raw::send(proxy.addr(), GET).await);
    soon(async {
        loop {
            let mut client = Raw::send(proxy.addr(), GET).await;
            let refused = tokio::time::timeout(Duration::from_millis(100), client.read_to("\r\n\r\n")).await;
            if refused.is_err() {
                break;
            }
        }
    })
    .await;
    drop(upstream);
}

#[tokio::test]
async fn an_answer_that_stalls_is_broken_off() {
    let (upstream, proxy) = rig_with(|config| config.upstreams[0].timeouts.idle = Duration::from_millis(100)).await;
    let mut client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for _ in 0..4 {
        server.write("1\r\na\r\n").await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let (bytes, _) = client.read_out().await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.ends_with("1\r\na\r\n1\r\na\r\n1\r\na\r\n1\r\na\r\n"), "{text}");
}

#[tokio::test]
async fn an_exchange_that_lasts_too_long_is_broken_off() {
    let (upstream, proxy) = rig_with(|config| config.upstreams[0].timeouts.total = Duration::from_millis(200)).await;
    let mut client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let endless = async {
        use tokio::io::AsyncWriteExt as _;
        while server.0.write_all(b"1\r\na\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ((bytes, _), ()) = tokio::join!(client.read_out(), soon(endless));
    assert!(!bytes.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn a_slow_upload_does_not_count_against_the_upstream() {
    let (upstream, proxy) = rig_with(|config| config.upstreams[0].timeouts.header = Duration::from_millis(150)).await;
    let mut client = Raw::send(proxy.addr(), "POST /v1 HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\n\r\n").await;
    let mut server = Raw::accept(&upstream).await;
    for byte in ["a", "b", "c", "d"] {
        tokio::time::sleep(Duration::from_millis(90)).await;
        client.write(byte).await;
    }
    server.read_to("abcd").await;
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    assert!(client.read_to("\r\n\r\n").await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let (_upstream, proxy) = rig_with(|_| {}).await;
    let many: String = "x-many: 1\r\n".repeat(200);
    let head =
        Raw::send(proxy.addr(), format!("GET /v1 HTTP/1.1\r\nHost: p\r\n{many}\r\n")).await.read_to("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
}
