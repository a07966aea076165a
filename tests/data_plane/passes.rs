//! What passes, and that it passes unchanged.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper_util::rt::{TokioExecutor, TokioIo};
use palisade::standin;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::rig::{Raw, config, proxy, rig, rig_with};

#[tokio::test]
async fn target_headers_and_bodies_pass_byte_for_byte() {
    let (upstream, proxy) = rig().await;
    let body = "{\"a\" : \"\\u00e9\",\n\t\"a\":1 }";
    let mut client = Raw::send(
        proxy.addr(),
        format!(
            "POST /v1/x%2Fy/?q=%41&&k HTTP/1.1\r\nHost: proxy.example\r\nX-CamelCase: One  two\r\nx-dup: a\r\nX-Dup: b\r\n\
             X-DUP: c\r\nConnection: X-Hop\r\nX-Hop: gone\r\nX-Palisade-Id: gone\r\nAuthorization: Bearer t\r\n\
             Accept-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
    .await;
    let mut server = Raw::accept(&upstream).await;
    let head = server.read_to("\r\n\r\n").await;
    assert_eq!(
        head,
        format!(
            "POST /v1/x%2Fy/?q=%41&&k HTTP/1.1\r\nX-CamelCase: One  two\r\nx-dup: a\r\nX-Dup: b\r\nX-DUP: c\r\n\
             Authorization: Bearer t\r\nAccept-Encoding: gzip\r\nContent-Length: {}\r\nHost: {}\r\n\r\n",
            body.len(),
            upstream.local_addr().unwrap(),
        )
    );
    assert_eq!(server.read_to("1 }").await, body);
    server
        .write(
            "HTTP/1.1 299 Fine By Me\r\nX-ReqId: R\r\nSet-Cookie: a\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\
             set-cookie: b\r\nConnection: keep-alive, X-Hop\r\nX-Hop: gone\r\nX-Palisade-Verdict: forged\r\n\
             Content-Length: 3\r\n\r\nabc",
        )
        .await;
    let head = client.read_to("\r\n\r\n").await;
    let (head, id) = head.split_once("x-palisade-id: ").unwrap();
    assert_eq!(
        head,
        "HTTP/1.1 299 Fine By Me\r\nX-ReqId: R\r\nSet-Cookie: a\r\nset-cookie: b\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n\
         Content-Length: 3\r\n"
    );
    assert_eq!(id.trim_end().len(), 26);
    assert_eq!(client.read_to("abc").await, "abc");
}

#[tokio::test]
async fn chunked_bodies_and_trailers_pass_both_ways() {
    let (upstream, proxy) = rig().await;
    let mut client = Raw::send(
        proxy.addr(),
        "POST /v1 HTTP/1.1\r\nHost: p\r\nTE: trailers\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n\
         5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n",
    )
    .await;
    let mut server = Raw::accept(&upstream).await;
    let head = server.read_to("\r\n\r\n").await.to_lowercase();
    assert!(head.contains("te: trailers\r\n") && head.contains("trailer: x-sum\r\n"), "{head}");
    assert_eq!(server.read_to("\r\n\r\n").await, "5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n");
    server
        .write(
            "HTTP/1.1 200 OK\r\nTrailer: x-end\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-end: 2\r\n\r\n",
        )
        .await;
    client.read_to("\r\n\r\n").await;
    assert_eq!(client.read_to("\r\n\r\n").await, "3\r\nabc\r\n0\r\nx-end: 2\r\n\r\n");
}

#[tokio::test]
async fn a_body_on_get_is_not_lost() {
    let (upstream, proxy) = rig().await;
    let _client = Raw::send(
        proxy.addr(),
        "GET /v1 HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    )
    .await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    assert_eq!(server.read_to("0\r\n\r\n").await, "2\r\nhi\r\n0\r\n\r\n");
}

#[tokio::test]
async fn answers_without_a_body_end_with_their_head() {
    let (upstream, proxy) = rig().await;
    let mut client = Raw::send(proxy.addr(), "HEAD /v1 HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n").await;
    let head = client.read_to("\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("Content-Length: 42\r\n"), "{head}");
    // Nothing but the next head follows.
    client.write("GET /v1 HTTP/1.1\r\nHost: p\r\n\r\n").await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n").await;
    assert!(client.read_to("\r\n\r\n").await.starts_with("HTTP/1.1 304 Not Modified\r\nETag: x\r\n"));
}

#[tokio::test]
async fn the_route_picks_the_upstream_and_its_headers() {
    let (upstream, proxy) = rig_with(|config| {
        config.upstreams[0].headers =
            vec![(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer configured"))];
        config.upstreams[0].url = format!("{}prefix/", config.upstreams[0].url).parse().unwrap();
    })
    .await;
    let _client = Raw::send(
        proxy.addr(),
        "GET http://elsewhere.example/v1?x HTTP/1.1\r\nHost: elsewhere.example\r\nauthorization: Bearer theirs\r\n\r\n",
    )
    .await;
    let head = Raw::accept(&upstream).await.read_to("\r\n\r\n").await;
    let host = upstream.local_addr().unwrap();
    assert_eq!(head, format!("GET /prefix/v1?x HTTP/1.1\r\nauthorization: Bearer configured\r\nHost: {host}\r\n\r\n"));
}

#[tokio::test]
async fn http2_clients_are_served_on_the_same_port() {
    let standin = standin::spawn(([127, 0, 0, 1], 0).into()).await.unwrap();
    let proxy = proxy(config(standin.addr())).await;
    let stream = TokioIo::new(TcpStream::connect(proxy.addr()).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let body = r#"{"stream":true,"messages":[{"role":"user","content":"over HTTP/2"}]}"#;
    let request = http::Request::post(format!("http://{}/v1/chat/completions", proxy.addr()));
    let response = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert!(response.headers().contains_key("x-palisade-id"));
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert!(text.ends_with(b"data: [DONE]\n\n"));
}

#[tokio::test]
async fn the_client_sets_the_pace() {
    let (upstream, proxy) = rig().await;
    let _client = Raw::send(proxy.addr(), "GET /v1 HTTP/1.1\r\nHost: p\r\n\r\n").await;
    let mut server = Raw::accept(&upstream).await;
    server.read_to("\r\n\r\n").await;
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").await;
    let mut sent = 0;
    let block = vec![0; 1 << 16];
    while let Ok(written) = tokio::time::timeout(std::time::Duration::from_millis(300), server.0.write(&block)).await {
        sent += written.unwrap();
    }
    assert!(sent < 64 << 20, "{sent} bytes taken from an upstream whose client does not read");
}

#[tokio::test]
async fn an_upload_passes_as_it_comes() {
    let (upstream, proxy) = rig().await;
    let stream = TokioIo::new(TcpStream::connect(proxy.addr()).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let (pieces, receiver) = tokio::sync::mpsc::channel::<&'static str>(1);
    let body = StreamBody::new(futures_util::stream::unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from(piece))), receiver))
    }));
    let response = sender.send_request(http::Request::post("/v1").header("host", "p").body(Box::pin(body)).unwrap());
    let response = tokio::spawn(response);
    pieces.send("first").await.unwrap();
    let mut server = Raw::accept(&upstream).await;
    server.read_to("first\r\n").await;
    pieces.send("second").await.unwrap();
    server.read_to("second\r\n").await;
    drop(pieces);
    server.read_to("0\r\n\r\n").await;
    server.write("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(response.await.unwrap().unwrap().status(), 204);
}
