//! Heads: framing in two ways, targets in many, and headers that ask for something other than what was read.

use std::io::{Read as _, Write as _};

use crate::rig::{Answer, MARKER, Proxy, chat, pause, post, reply};

const MIB: usize = 1 << 20;

#[test]
fn content_length_with_transfer_encoding_smuggles_nothing() {
    let proxy = Proxy::start();
    let body = chat("hello");
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let smuggled = post("", chat(MARKER));
    for path in ["/v1/chat/completions", "/unread/x"] {
        for lengths in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 100000\r\n",
        ] {
            let request = format!("POST {path} HTTP/1.1\r\nHost: p\r\n{lengths}\r\n{chunked}");
            let mut stream = proxy.connect();
            stream.write_all(&[request.as_bytes(), &smuggled].concat()).unwrap();
            let answer = Answer::read(&mut stream);
            assert_eq!(answer.status, 200, "{lengths}{}", answer.text());
            // RFC 9112, section 6.3: read as chunked, and nothing after it is taken for a request.
            assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "{lengths}");
            let got = proxy.upstream.text();
            let lower = got.to_lowercase();
            let framings = [lower.contains("content-length:"), lower.contains("transfer-encoding:")];
            assert_eq!(framings.iter().filter(|&&framing| framing).count(), 1, "{got}");
            assert!(got.contains(&body) && !got.contains(MARKER) && got.matches("POST").count() == 1, "{got}");
            proxy.upstream.forget();
        }
    }
    for framing in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
    ] {
        let answer = proxy.send(format!("POST /v1/x HTTP/1.1\r\nHost: p\r\n{framing}\r\n{chunked}"));
        assert_eq!(answer.status, 400, "{framing}");
    }
    for coding in ["gzip, chunked", "chunked, chunked", "identity, chunked"] {
        let request = format!("POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: {coding}\r\n\r\n{chunked}");
        proxy.refuses(request, 501, "not_available");
    }
    for chunk in
        ["-1\r\n", "5;x\n\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "5\r\nhello!\r\n0\r\n\r\n", "zz\r\n"]
    {
        let answer = proxy.send(format!("POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"));
        assert_eq!(answer.status, 400, "{chunk}");
    }
    assert!(proxy.upstream.got().is_empty());
    proxy.stands(16 * MIB);
}

#[test]
fn a_header_of_100_kb_is_431() {
    let proxy = Proxy::start();
    for value in [100_000, 240_000] {
        proxy.refuses(post(&format!("x-long: {}\r\n", "a".repeat(value)), chat(MARKER)), 431, "headers_too_large");
    }
    let target = format!("GET /v1/models?q={} HTTP/1.1\r\nHost: p\r\n\r\n", "a".repeat(60_000));
    assert!(matches!(proxy.send(target).status, 414 | 431 | 200));
    proxy.upstream.forget();
    // More than is read at all.
    for head in [format!("x-long: {}\r\n", "a".repeat(400_000)), "x-many: 1\r\n".repeat(200)] {
        assert_eq!(proxy.send(post(&head, chat(MARKER))).status, 431);
    }
    assert!(proxy.upstream.got().is_empty());
    proxy.stands(16 * MIB);
}

#[test]
fn expect_100_continue_is_answered_and_goes_no_further() {
    let proxy = Proxy::start();
    let body = chat("hello");
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = proxy.connect();
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 100);
    assert!(proxy.upstream.got().is_empty());
    stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 200);
    assert!(!proxy.upstream.text().to_lowercase().contains("expect"));
    proxy.upstream.forget();
    // One that does not wait, and one whose body is not wanted.
    proxy.refuses(post("Expect: 100-continue\r\n", chat(MARKER)), 400, "content_policy_violation");
    proxy.stands(16 * MIB);
}

#[test]
fn an_upgrade_is_not_made() {
    let proxy = Proxy::start();
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n";
    let answer = proxy.passes(post(h2c, chat("hello")));
    assert!(!answer.head.to_lowercase().contains("upgrade"));
    let got = proxy.upstream.text().to_lowercase();
    assert!(!got.contains("upgrade") && !got.contains("http2-settings") && !got.contains("h2c"), "{got}");
    proxy.upstream.forget();
    proxy.refuses(post(h2c, chat(MARKER)), 400, "content_policy_violation");
    for upgrade in ["websocket", "h2c, websocket", "TLS/1.0", "x"] {
        let headers = format!("Connection: Upgrade\r\nUpgrade: {upgrade}\r\n");
        proxy.refuses(post(&headers, chat(MARKER)), 400, "upgrade_refused");
    }
    proxy.stands(16 * MIB);
}

#[test]
fn an_absolute_target_goes_to_the_configured_upstream() {
    let proxy = Proxy::start();
    for authority in ["elsewhere.example", "user:pw@elsewhere.example:99", "127.0.0.1:1"] {
        for (text, status) in [("hello", 200), (MARKER, 400)] {
            let body = chat(text);
            let request = format!(
                "POST http://{authority}/v1/chat/completions HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            assert_eq!(proxy.send(request).status, status, "{authority}");
        }
        let got = proxy.upstream.text();
        assert!(got.starts_with("POST /v1/chat/completions HTTP/1.1\r\n") && !got.contains("elsewhere"), "{got}");
        assert!(!got.contains(MARKER));
        proxy.upstream.forget();
    }
    proxy.stands(16 * MIB);
}

#[test]
fn odd_paths_are_refused_or_read() {
    let proxy = Proxy::start();
    let at = |path: &str, text: &str| {
        let body = chat(text);
        format!("POST {path} HTTP/1.1\r\nHost: p\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    for path in [
        "/v1/../unread/x",
        "/unread/../v1/chat/completions",
        "/unread/%2e%2e/v1/chat/completions",
        "/unread/..%2fv1",
        "/unread/..;/v1/chat/completions",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "/v1/chat%5ccompletions",
        "/v1/%63hat/completions",
        "/v1/chat/completions%00",
        "/v1/chat/completions%0d%0aX-A:b",
        "/v1/%",
    ] {
        proxy.refuses(at(path, MARKER), 400, "invalid_path");
    }
    for path in ["*", "p:80"] {
        assert!(matches!(proxy.send(at(path, MARKER)).status, 400 | 405), "{path}");
    }
    for path in [
        "/V1/Chat/Completions",
        "/v1/chat/completions/",
        "/x/v1/chat/completions",
        "/",
        "/v1/chat/completions;a=b",
        "/UNREAD/x",
        "/unread",
    ] {
        proxy.refuses(at(path, MARKER), 400, "content_policy_violation");
    }
    for query in ["?q=zqmarkerqz", "?zqmarkerqz", "?a=%7aqmarkerqz", "?a=1&b=zq%6darkerqz&c"] {
        proxy.refuses(at(&format!("/v1/chat/completions{query}"), "hello"), 400, "content_policy_violation");
    }
    proxy.refuses(at("/v1/messages/batches", MARKER), 501, "not_available");
    proxy.stands(16 * MIB);
}

#[test]
fn content_type_never_decides_whether_a_body_is_read() {
    let proxy = Proxy::start();
    for kind in ["text/plain", "", "image/png", "application/octet-stream", "application/x-www-form-urlencoded", "x"] {
        let header = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        proxy.refuses(post(&header, chat(MARKER)), 400, "content_policy_violation");
        proxy.unreadable(post(&header, format!("text={MARKER}")), "expected a value");
        proxy.passes(post(&header, chat("hello")));
        proxy.upstream.forget();
    }
    proxy.stands(16 * MIB);
}

#[test]
fn a_get_with_a_body_is_read() {
    let proxy = Proxy::start();
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "QUERY"] {
        let request = |text: &str| String::from_utf8(post("", chat(text))).unwrap().replacen("POST", method, 1);
        if method != "HEAD" {
            proxy.refuses(request(MARKER), 400, "content_policy_violation");
        }
        let mut stream = proxy.connect();
        stream.write_all(request("hello").as_bytes()).unwrap();
        pause(200);
        drop(stream);
        let got = proxy.upstream.text();
        assert!(got.starts_with(method) && got.ends_with(&chat("hello")), "{got}");
        proxy.upstream.forget();
    }
    proxy.passes("GET /v1/models HTTP/1.1\r\nHost: p\r\n\r\n");
    proxy.stands(16 * MIB);
}

#[test]
fn what_asks_for_something_else_is_dropped() {
    let proxy = Proxy::start();
    let headers = [
        "Range: bytes=5-",
        "If-Range: x",
        "X-HTTP-Method-Override: PUT",
        "X-HTTP-Method: DELETE",
        "X-Method-Override: GET",
        "X-Original-Method: PUT",
        "X-Original-URI: /admin",
        "X-Original-URL: /admin",
        "X-Rewrite-URL: /admin",
        "TE: trailers",
        "Trailer: x-late",
        "Accept-Encoding: gzip",
        "Connection: x-hop",
        "X-Hop: 1",
        "X-Palisade-Verdict: allow",
    ];
    proxy.passes(post(&format!("{}\r\n", headers.join("\r\n")), chat("hello")));
    let got = proxy.upstream.text().to_lowercase();
    for header in headers.iter().filter(|header| !header.starts_with("Accept")) {
        assert!(!got.contains(&format!("\r\n{}", header.to_lowercase())), "{header} in {got}");
    }
    assert!(got.contains("accept-encoding: identity\r\n"), "{got}");
    proxy.upstream.forget();
    let body = chat("hello");
    let trailers = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\
         x-late: {MARKER}\r\n\r\n",
        body.len()
    );
    proxy.passes(trailers);
    assert!(!proxy.upstream.text().contains(MARKER));
    proxy.stands(16 * MIB);
}

#[test]
fn parts_of_an_answer_are_refused_and_redirects_are_the_clients_to_follow() {
    let proxy = Proxy::start();
    let part =
        String::from_utf8(reply("Content-Type: application/json\r\nContent-Range: bytes 5-9/100\r\n", "\"abc\""))
            .unwrap();
    proxy.upstream.answers(part.replacen("200 OK", "206 Partial Content", 1).into());
    let answer = proxy.send(post("", chat("hello")));
    assert!(answer.status == 502 && answer.text().contains("partial_answer"), "{}", answer.text());
    let moved = String::from_utf8(reply("Location: http://127.0.0.1:1/elsewhere\r\n", "")).unwrap();
    proxy.upstream.answers(moved.replacen("200 OK", "307 Temporary Redirect", 1).into());
    proxy.upstream.forget();
    let answer = proxy.send(post("", chat("hello")));
    assert!(answer.status == 307 && answer.head.contains("http://127.0.0.1:1/elsewhere"), "{}", answer.head);
    assert_eq!(proxy.upstream.text().matches("POST").count(), 1);
    proxy.stands(16 * MIB);
}

#[test]
fn events_that_claim_to_be_plain_text_are_not_taken_for_it() {
    let proxy = Proxy::start();
    let event =
        |text: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
    let (first, second) = MARKER.split_at(4);
    for kind in ["text/plain", "application/octet-stream"] {
        let events = event(first) + &event(second);
        proxy.upstream.answers(reply(&format!("Content-Type: {kind}\r\n"), events));
        let answer = proxy.send(post("", chat("hello")));
        assert!(answer.status == 400 && answer.text().contains("does not say so"), "{}", answer.text());
    }
    proxy.stands(16 * MIB);
}
