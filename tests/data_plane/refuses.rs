//! What is refused, and what the client is told.

use std::time::{Duration, Instant};

use palisade::config::Inspect;

use super::rig::{Raw, answer, config, proxy, rig, rig_with, route};

#[tokio::test]
async fn targets_with_two_readings_never_reach_the_upstream() {
    let (upstream, proxy) = rig().await;
    for (line, status) in [
        ("GET /v1/../admin HTTP/1.1", "400 Bad Request"),
        ("GET /v1/%2e%2e/admin HTTP/1.1", "400 Bad Request"),
        ("GET //v1 HTTP/1.1", "400 Bad Request"),
        ("GET /v1%5cx HTTP/1.1", "400 Bad Request"),
        ("GET /v1/%61 HTTP/1.1", "400 Bad Request"),
        ("GET /v1/%zz HTTP/1.1", "400 Bad Request"),
        ("OPTIONS * HTTP/1.1", "405 Method Not Allowed"),
        ("CONNECT p:80 HTTP/1.1", "405 Method Not Allowed"),
        ("GET /v1 HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket", "400 Bad Request"),
    ] {
        let (got, response) = answer(proxy.addr(), &format!("{line}\r\nHost: p\r\n\r\n")).await;
        assert_eq!(got, format!("HTTP/1.1 {status}"), "{line}");
        assert!(response.contains("\r\nx-palisade-id: 0"), "{response}");
        assert!(response.contains(r#""type":"invalid_request_error","param":null"#), "{response}");
    }
    let raw = Raw::send(proxy.addr(), "GET /v1\\x HTTP/1.1\r\nHost: p\r\n\r\n").await.read_to("\r\n\r\n").await;
    assert!(raw.starts_with("HTTP/1.1 400 "), "{raw}");
    assert!(tokio::time::timeout(Duration::from_millis(50), upstream.accept()).await.is_err());
}

#[tokio::test]
async fn a_path_without_a_route_is_not_found() {
    let (_upstream, proxy) = rig_with(|config| config.routes = vec![route("/v1/**")]).await;
    let (status, response) = answer(proxy.addr(), "GET /v2?key=sk-planted HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(status, "HTTP/1.1 404 Not Found");
    assert!(response.ends_with(
        r#"{"error":{"message":"no route for this path","type":"invalid_request_error","param":null,"code":"no_route"}}"#
    ));
}

#[tokio::test]
async fn an_inspected_route_never_passes_unread() {
    let (upstream, proxy) = rig_with(|config| config.routes[0].inspect = Inspect::Full).await;
    let request = "POST /v1/unheard-of HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\n\r\n{";
    let (status, response) = answer(proxy.addr(), request).await;
    assert!(!status.starts_with("HTTP/1.1 2"), "{response}");
    assert!(tokio::time::timeout(Duration::from_millis(50), upstream.accept()).await.is_err());
}

#[tokio::test]
async fn a_closed_port_is_told_within_a_second() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = proxy(config(closed)).await;
    let start = Instant::now();
    let (status, response) = answer(proxy.addr(), "GET /v1 HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(status, "HTTP/1.1 502 Bad Gateway");
    assert!(response.contains(r#""code":"upstream_unreachable""#), "{response}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn an_upstream_that_says_nothing_is_a_gateway_timeout() {
    let (_upstream, proxy) = rig_with(|config| config.upstreams[0].timeouts.header = Duration::from_millis(100)).await;
    let (status, response) = answer(proxy.addr(), "GET /v1 HTTP/1.1\r\nHost: p\r\n\r\n").await;
    assert_eq!(status, "HTTP/1.1 504 Gateway Timeout");
    assert!(response.contains(r#""code":"upstream_timeout""#), "{response}");
}

#[tokio::test]
async fn an_upstream_that_speaks_no_http_is_a_bad_gateway() {
    let (upstream, proxy) = rig().await;
    let mut client = Raw::send(proxy.addr(), "GET /v1 HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("SSH-2.0-OpenSSH_9.6 and a key: sk-planted\r\n\r\n").await;
    let head = client.read_to("}").await;
    assert!(head.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{head}");
    assert!(!head.contains("sk-planted"), "{head}");
}
