//! How things end: clients that go, upstreams that break, servers that stop.

use std::time::{Duration, Instant};

use super::rig::{Raw, rig, rig_with, soon};

const GET: &str = "GET /v1 HTTP/1.1\r\nHost: p\r\n\r\n";

#[tokio::test]
async fn a_client_that_goes_before_the_answer_cancels_the_upstream() {
    let (upstream, proxy) = rig().await;
    let client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    drop(client);
    assert!(server.read_out().await.0.is_empty());
}

#[tokio::test]
async fn a_client_that_goes_midway_cancels_the_upstream() {
    let (upstream, proxy) = rig().await;
    let mut client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n").await;
    client.read_to("\r\n1\r\na\r\n").await;
    drop(client);
    assert!(server.read_out().await.0.is_empty());
}

#[tokio::test]
async fn an_upstream_that_breaks_midway_does_not_look_finished() {
    let (upstream, proxy) = rig().await;
    let mut client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n").await;
    client.read_to("\r\n1\r\na\r\n").await;
    drop(server);
    assert!(!client.read_out().await.0.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn a_dead_pooled_connection_is_not_the_clients_problem() {
    let (upstream, proxy) = rig().await;
    let mut client = Raw::connect(proxy.addr()).await;
    for _ in 0..3 {
        client.write(GET).await;
        let mut server = Raw::accept(&upstream).await;
        server.read_to("\r\n\r\n").await;
        server.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        client.read_to("ok").await;
        drop(server);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_drain_lets_requests_finish_and_takes_no_new_ones() {
    let (upstream, proxy) = rig().await;
    let addr = proxy.addr();
    let mut idle = Raw::send(addr, "GET /v1/../x HTTP/1.1\r\nHost: p\r\n\r\n").await;
    idle.read_to("}}").await;
    let mut client = Raw::send(addr, GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na").await;
    client.read_to("\r\n\r\na").await;
    let drain = tokio::spawn(proxy.drain());
    assert_eq!(idle.read_out().await, (Vec::new(), true));
    soon(async { while tokio::net::TcpStream::connect(addr).await.is_ok() {} }).await;
    server.write("b").await;
    assert_eq!(client.read_out().await, (b"b".to_vec(), true));
    soon(drain).await.unwrap();
}

#[tokio::test]
async fn a_drain_does_not_wait_for_ever() {
    let (upstream, proxy) = rig_with(|config| config.server.drain = Duration::from_millis(200)).await;
    let mut client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    let start = Instant::now();
    soon(proxy.drain()).await;
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert!(client.read_out().await.0.is_empty());
    assert!(server.read_out().await.0.is_empty());
}

#[tokio::test]
async fn chunks_of_one_read_leave_in_one_write() {
    let (upstream, proxy) = rig().await;
    let mut client = Raw::send(proxy.addr(), GET).await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n").await;
    client.read_to("\r\n\r\n").await;
    assert_eq!(client.read_to("c\r\n").await, "3\r\nabc\r\n");
    server.write("1\r\nd\r\n0\r\n\r\n").await;
    assert_eq!(client.read_to("0\r\n\r\n").await, "1\r\nd\r\n0\r\n\r\n");
}
