#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn map(lines: &[(&str, &str)]) -> HeaderMap {
    lines.iter().map(|(n, v)| (n.parse::<HeaderName>().unwrap(), v.parse::<HeaderValue>().unwrap())).collect()
}

fn lines(map: &HeaderMap) -> Vec<String> {
    map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

const SENT: &[(&str, &str)] = &[
    ("host", "proxy.example"),
    ("b", "1"),
    ("connection", "keep-alive, X-Secret-Hop , content-length"),
    ("a", "2"),
    ("x-secret-hop", "3"),
    ("b", "4"),
    ("keep-alive", "timeout=5"),
    ("te", "gzip, trailers;q=1, Trailers"),
    ("transfer-encoding", "chunked"),
    ("upgrade", "h2c"),
    ("http2-settings", "AA"),
    ("proxy-authorization", "Basic x"),
    ("proxy-connection", "close"),
    ("x-palisade-id", "forged"),
    ("x-palisade-verdict", "allow"),
    ("accept-encoding", "gzip"),
    ("accept-encoding", "br"),
    ("range", "bytes=0-"),
    ("if-range", "x"),
    ("expect", "100-continue"),
    ("trailer", "x-sum"),
    ("x-http-method-override", "DELETE"),
    ("x-http-method", "DELETE"),
    ("x-method-override", "DELETE"),
    ("content-length", "5"),
    ("authorization", "Bearer t"),
];

#[test]
fn an_unread_request_loses_only_what_is_for_one_hop() {
    assert_eq!(
        lines(&request(map(SENT), Inspect::None)),
        [
            "b: 1",
            "b: 4",
            "a: 2",
            "accept-encoding: gzip",
            "accept-encoding: br",
            "range: bytes=0-",
            "if-range: x",
            "expect: 100-continue",
            "trailer: x-sum",
            "x-http-method-override: DELETE",
            "x-http-method: DELETE",
            "x-method-override: DELETE",
            "content-length: 5",
            "authorization: Bearer t",
            "te: trailers",
        ]
    );
}

#[test]
fn an_inspected_request_also_loses_what_evades_inspection() {
    assert_eq!(
        lines(&request(map(SENT), Inspect::Full)),
        ["b: 1", "b: 4", "a: 2", "content-length: 5", "authorization: Bearer t", "accept-encoding: identity"]
    );
}

#[test]
fn a_response_keeps_order_and_multiplicity() {
    let sent = map(&[
        ("set-cookie", "a"),
        ("connection", "close"),
        ("x-request-id", "r"),
        ("set-cookie", "b"),
        ("transfer-encoding", "chunked"),
        ("x-palisade-verdict", "forged"),
        ("trailer", "x-sum"),
    ]);
    assert_eq!(lines(&response(sent)), ["set-cookie: a", "set-cookie: b", "x-request-id: r", "trailer: x-sum"]);
}
