//! Who is let in: keys, hosts and origins, and how many at once.

use std::io::Write as _;

use crate::rig::{MARKER, Proxy, chat, eventually, pause, post};

const MIB: usize = 1 << 20;
const CREDENTIAL: &str = "    headers: { authorization: \"Bearer sk-provider\" }\n";

#[test]
fn without_a_key_nobody_is_let_in() {
    // Of `pk-client`, as `printf %s pk-client | sha256sum` prints it.
    let hash = "f0fe9ec6fe3bdf25682c6b0bb5464354bd9fc168f1e8ab4c0f74238cbb81e5e1";
    let proxy = Proxy::with(&format!("  keys: ['sha256:{hash}']\n"), CREDENTIAL);
    for headers in ["", "Authorization: Bearer pk-other\r\n", "x-api-key: \r\n", "Authorization: Basic pk-client\r\n"] {
        let told = proxy.refuses(post(headers, chat("hello")), 401, "invalid_api_key");
        assert!(!told.contains("pk-"), "{told}");
        proxy.refuses(format!("POST /unread/x HTTP/1.1\r\nHost: p\r\n{headers}\r\n"), 401, "invalid_api_key");
    }
    for header in
        ["Authorization: Bearer pk-client", "x-api-key: pk-client", "api-key: pk-client", "x-goog-api-key: pk-client"]
    {
        proxy.passes(post(&format!("{header}\r\n"), chat("hello")));
        let got = proxy.upstream.text();
        assert!(!got.contains("pk-client") && got.contains("Bearer sk-provider"), "{got}");
        proxy.upstream.forget();
    }
    proxy.stands(16 * MIB);
}

#[test]
fn pages_of_other_sites_cannot_spend_the_credential() {
    let proxy = Proxy::with("  hosts: [palisade.internal]\n  origins: ['https://chat.acme.com']\n", CREDENTIAL);
    let from = |host: &str, headers: &str| {
        let body = chat("hello");
        format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    for host in ["rebound.example:8080", "localhost.rebound.example", ""] {
        proxy.refuses(from(host, ""), 403, "forbidden_host");
    }
    for headers in ["Origin: https://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        proxy.refuses(from("127.0.0.1", headers), 403, "forbidden_origin");
    }
    for (host, headers) in [
        ("localhost:1", ""),
        ("palisade.internal", ""),
        ("127.0.0.1", "Origin: https://chat.acme.com\r\n"),
        ("localhost:8080", "Origin: http://localhost:8080\r\n"),
    ] {
        proxy.passes(from(host, headers));
    }
    proxy.stands(16 * MIB);
}

#[test]
fn one_client_does_not_take_every_slot() {
    let proxy = Proxy::with("  max_inflight_per_client: 2\n", "");
    let request = post("", chat("hello"));
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = proxy.connect();
            stream.write_all(&request[..request.len() - 1]).unwrap();
            stream
        })
        .collect();
    pause(300);
    let answer = proxy.send(post("", chat(MARKER)));
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert!(answer.head.to_lowercase().contains("retry-after: 1\r\n") && answer.text().contains("too_many_requests"));
    drop(held);
    eventually("a slot is free", || proxy.send(request.clone()).status == 200);
    proxy.stands(16 * MIB);
}
