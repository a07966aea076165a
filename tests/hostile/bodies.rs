//! Bodies that are too much: long, deep, many, coded to grow.

use std::io::Write as _;

use crate::coded::{brotli, gzip, zlib, zstd};
use crate::rig::{MARKER, Proxy, chat, post};

const MIB: usize = 1 << 20;

#[test]
fn a_body_of_100_mb_is_413() {
    let proxy = Proxy::start();
    let long = chat(&format!("{MARKER}{}", "x".repeat(100_000_000)));
    proxy.refuses(post("", &long), 413, "body_too_large");
    let mut chunked = b"POST /v1/chat/completions HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in long.as_bytes().chunks(MIB) {
        write!(chunked, "{:x}\r\n", chunk.len()).unwrap();
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    proxy.refuses(chunked, 413, "body_too_large");
    proxy.stands(64 * MIB);
}

#[test]
fn a_compression_bomb_is_413() {
    let proxy = Proxy::start();
    let long = chat(&format!("{}{MARKER}", "x".repeat(64 * MIB)));
    for (name, bomb) in [
        ("gzip", gzip(long.as_bytes())),
        ("deflate", zlib(long.as_bytes())),
        ("br", brotli(long.as_bytes())),
        ("zstd", zstd(long.as_bytes())),
        ("gzip, gzip", gzip(&gzip(long.as_bytes()))),
    ] {
        assert!(bomb.len() < MIB);
        proxy.refuses(post(&format!("Content-Encoding: {name}\r\n"), bomb), 413, "body_too_large");
    }
    // Many members, each within the growth that is allowed, and members of nothing.
    let member = gzip(format!("{:0>4000}", 1).as_bytes());
    proxy.refuses(post("Content-Encoding: gzip\r\n", member.repeat(5000)), 413, "body_too_large");
    proxy.refuses(post("Content-Encoding: gzip\r\n", gzip(b"").repeat(100_000)), 413, "body_too_large");
    // Text that does not repeat itself, but is longer than bodies may be.
    let numbers: String = (0..3_000_000).flat_map(|number: u32| [number.to_string(), " ".to_owned()]).collect();
    proxy.refuses(post("Content-Encoding: gzip\r\n", gzip(chat(&numbers).as_bytes())), 413, "body_too_large");
    proxy.stands(80 * MIB);
}

#[test]
fn a_window_of_2_gib_is_not_taken() {
    let proxy = Proxy::start();
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0];
    proxy.unreadable(post("Content-Encoding: zstd\r\n", frame), "not well-formed zstd");
    proxy.unreadable(post("Content-Encoding: br\r\n", [0x11, 0x1e, 3]), "not well-formed br");
    proxy.stands(16 * MIB);
}

#[test]
fn json_10000_deep_is_unreadable() {
    let proxy = Proxy::start();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}\"{MARKER}\"{}", open.repeat(10_000), close.repeat(10_000));
        proxy.unreadable(post("", &deep), "nested too deeply");
        proxy.unreadable(post("", chat("x").replace("\"x\"", &deep)), "nested too deeply");
    }
    proxy.stands(16 * MIB);
}

#[test]
fn two_point_six_million_segments_are_over_limit() {
    let proxy = Proxy::start();
    let many = format!("{{\"messages\":[{}\"{MARKER}\"]}}", "\"a\",".repeat(2_600_000));
    for path in ["/v1/chat/completions", "/v1/anything"] {
        let request = String::from_utf8(post("", &many)).unwrap().replacen("/v1/chat/completions", path, 1);
        let body = proxy.refuses(request, 400, "content_policy_violation");
        assert!(body.contains("larger than can be checked"), "{body}");
    }
    // Few enough to be parsed, too many to be looked at one by one.
    let many = format!("{{\"messages\":[{}\"b\"]}}", "\"a\",".repeat(40_000));
    let body = proxy.refuses(post("", many), 400, "content_policy_violation");
    assert!(body.contains("larger than can be checked"), "{body}");
    proxy.stands(208 * MIB);
}

#[test]
fn many_strings_in_arguments_take_little_memory() {
    let proxy = Proxy::start();
    let arguments = "[".to_owned() + &"\\\"a\\\",".repeat(8_000) + "1]";
    let call = format!(
        "{{\"id\":\"c\",\"type\":\"function\",\"function\":{{\"name\":\"f\",\"arguments\":\"{arguments}\"}}}},"
    );
    let calls = call.repeat(50);
    let calls = calls.trim_end_matches(',');
    proxy.passes(post("", format!("{{\"messages\":[{{\"role\":\"assistant\",\"tool_calls\":[{calls}]}}]}}")));
    proxy.stands(64 * MIB);
}

#[test]
fn bodies_that_wait_take_no_more_than_max_buffered() {
    let proxy = Proxy::with("  max_buffered: 16MiB\n", "");
    let body = chat(&"x".repeat(6 * MIB));
    let request = post("", body);
    // Two clients that stop just before their end, and a third for whom there is no room left.
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = proxy.connect();
            stream.write_all(&request[..request.len() - 1]).unwrap();
            stream
        })
        .collect();
    crate::rig::pause(1500);
    let answer = proxy.send(request.clone());
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.head.to_lowercase().contains("\r\nretry-after: 1\r\n"), "{}", answer.head);
    drop(held);
    crate::rig::pause(300);
    proxy.passes(request);
    proxy.stands(96 * MIB);
}
