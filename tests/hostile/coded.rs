//! Content codings: read in full, sent on as they came if nothing changed, as identity if something did.

use std::io::Write as _;
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::rig::{Answer, FINE, MARKER, Proxy, chat, pause, post, read_chunk, reply};

const MIB: usize = 1 << 20;

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bare(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn brotli(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(text).unwrap();
    out
}

pub(crate) fn zstd(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0; zstd_safe::compress_bound(text.len())];
    let length = zstd_safe::compress(&mut out[..], text, 3).unwrap();
    out.truncate(length);
    out
}

type Encode = fn(&[u8]) -> Vec<u8>;

const ALL: &[(&str, Encode)] = &[
    ("gzip", gzip),
    ("x-gzip", gzip),
    ("GZIP", gzip),
    ("deflate", zlib),
    ("deflate", bare),
    ("br", brotli),
    ("zstd", zstd),
    ("gzip, br", |text| brotli(&gzip(text))),
    ("deflate,\tzstd", |text| zstd(&zlib(text))),
    ("identity, gzip", gzip),
    ("gzip", |text| [gzip(&text[..9]), gzip(b""), gzip(&text[9..])].concat()),
    ("zstd", |text| [zstd(&text[..9]), zstd(&text[9..])].concat()),
];

fn coded(name: &str, body: Vec<u8>) -> Vec<u8> {
    post(&format!("Content-Encoding: {name}\r\nDigest: sha-256=x\r\n"), body)
}

#[test]
fn coded_requests_are_read() {
    let proxy = Proxy::start();
    for (name, encode) in ALL {
        let body = encode(chat("plain enough, plain enough").as_bytes());
        proxy.passes(coded(name, body.clone()));
        let got = proxy.upstream.got();
        assert!(got.ends_with(&body), "{name} did not pass as it came");
        let head = String::from_utf8_lossy(&got).to_lowercase();
        assert!(head.contains(&format!("content-encoding: {}\r\n", name.to_lowercase())), "{head}");
        proxy.upstream.forget();

        proxy.refuses(coded(name, encode(chat(MARKER).as_bytes())), 400, "content_policy_violation");

        proxy.passes(coded(name, encode(chat("please hideme now").as_bytes())));
        let got = proxy.upstream.text();
        let plain = chat("please <hidden> now");
        assert!(got.ends_with(&plain), "{got}");
        let head = got.to_lowercase();
        assert!(!head.contains("content-encoding") && !head.contains("digest"), "{got}");
        assert!(head.contains(&format!("content-length: {}\r\n", plain.len())), "{got}");
        proxy.upstream.forget();
    }
    proxy.stands(48 * MIB);
}

#[test]
fn what_cannot_be_decoded_is_unreadable() {
    let proxy = Proxy::start();
    let body = chat(MARKER);
    let whole = gzip(body.as_bytes());
    for (name, body, reason) in [
        ("compress", body.clone().into_bytes(), "none of gzip, deflate, br and zstd"),
        ("gzip;q=1", whole.clone(), "none of gzip"),
        ("gzip, gzip, gzip, gzip", whole.clone(), "more than 3 content codings"),
        ("gzip", body.clone().into_bytes(), "not well-formed gzip"),
        ("br", whole.clone(), "not well-formed br"),
        ("gzip", whole[..whole.len() - 1].to_vec(), "gzip data ends early"),
        ("gzip", [&whole[..], b"\0"].concat(), "gzip"),
        ("deflate", [0x78, 0x9c, 0x01, 0x63, 0xfe, 0x9c, 0x01].to_vec(), "deflate"),
    ] {
        proxy.unreadable(coded(name, body), reason);
    }
    // Without the header they are bytes that are no text.
    proxy.unreadable(post("", whole), "not UTF-8");
    proxy.stands(16 * MIB);
}

#[test]
fn coded_answers_are_read() {
    let proxy = Proxy::start();
    for (name, encode) in ALL {
        let headers = format!(
            "Content-Type: application/json\r\nContent-Encoding: {name}\r\nETag: \"x\"\r\nDigest: sha-256=x\r\n"
        );
        let body = encode(FINE.as_bytes());
        proxy.upstream.answers(reply(&headers, &body));
        let answer = proxy.passes(post("", chat("hello")));
        assert!(answer.body == body && answer.head.contains("ETag"), "{name}: {}", answer.head);

        proxy.upstream.answers(reply(&headers, encode(FINE.replace("fine", "this hideme that").as_bytes())));
        let answer = proxy.passes(post("", chat("hello")));
        assert_eq!(answer.text(), FINE.replace("fine", "this <hidden> that"), "{name}");
        let head = answer.head.to_lowercase();
        assert!(!head.contains("content-encoding") && !head.contains("etag") && !head.contains("digest"), "{head}");

        proxy.upstream.answers(reply(&headers, encode(FINE.replace("fine", MARKER).as_bytes())));
        let answer = proxy.send(post("", chat("hello")));
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        assert!(!answer.text().contains(MARKER));
    }
    proxy.stands(48 * MIB);
}

#[test]
fn answers_that_grow_without_end_are_refused() {
    let proxy = Proxy::start();
    let long = FINE.replace("fine", &format!("{}{MARKER}", "x".repeat(64 * MIB)));
    let event = format!("data: {}\n\n", long.replace("\"message\"", "\"delta\""));
    for (name, encode) in [("gzip", gzip as Encode), ("br", brotli), ("zstd", zstd)] {
        let headers = format!("Content-Encoding: {name}\r\n");
        proxy.upstream.answers(reply(&format!("{headers}Content-Type: application/json\r\n"), encode(long.as_bytes())));
        let answer = proxy.send(post("", chat("hello")));
        assert_eq!(answer.status, 502, "{name}");
        assert!(answer.text().contains("answer_too_long"), "{}", answer.text());
        proxy
            .upstream
            .answers(reply(&format!("{headers}Content-Type: text/event-stream\r\n"), encode(event.as_bytes())));
        let answer = proxy.send(post("", chat("hello")));
        assert!(!answer.text().contains("xxxx"), "{name}");
    }
    proxy.stands(96 * MIB);
}

fn event(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

#[test]
fn coded_streams_are_read_event_by_event() {
    let proxy = Proxy::start();
    proxy.upstream.does(|stream: &mut TcpStream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        for text in ["first. ", "second. ", "hideme. ", &MARKER[..5], &MARKER[5..], "never"] {
            encoder.write_all(event(text).as_bytes()).unwrap();
            encoder.flush().unwrap();
            let piece = std::mem::take(encoder.get_mut());
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend_from_slice(&piece);
            chunk.extend_from_slice(b"\r\n");
            // Cut off by a block, at the latest.
            if stream.write_all(&chunk).is_err() {
                return;
            }
            pause(300);
        }
    });
    let mut stream = proxy.connect();
    stream.write_all(&post("", chat("hello"))).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.contains("text/event-stream") && !head.contains("content-encoding"), "{head}");
    let start = std::time::Instant::now();
    let mut pieces = Vec::new();
    while let Some(chunk) = read_chunk(&mut stream) {
        pieces.push((start.elapsed().as_millis(), String::from_utf8(chunk).unwrap()));
    }
    let text: String = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
    assert!(text.contains("first.") && text.contains("<hidden>"), "{text}");
    assert!(!text.contains(MARKER) && !text.contains("never") && text.contains("content_filter"), "{text}");
    // The first event was there long before the last.
    let (first, last) = (pieces.first().unwrap().0, pieces.last().unwrap().0);
    assert!(last - first >= 500, "{pieces:?}");
    proxy.stands(32 * MIB);
}

#[test]
fn a_coded_stream_that_is_torn_does_not_look_finished() {
    let proxy = Proxy::start();
    let whole = gzip(format!("{}data: [DONE]\n\n", event("some text")).as_bytes());
    let headers = "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n";
    proxy.upstream.answers(reply(headers, &whole));
    let answer = proxy.passes(post("", chat("hello")));
    assert_eq!(answer.text(), format!("{}data: [DONE]\n\n", event("some text")));
    proxy.upstream.answers(reply(headers, &whole[..whole.len() - 12]));
    let answer: Answer = proxy.send(post("", chat("hello")));
    assert!(answer.text().contains("error"), "{}{}", answer.head, answer.text());
    // The same with trailers behind it, which end the answer no better.
    let torn = &whole[..whole.len() - 12];
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", torn.len());
    proxy.upstream.answers([head.as_bytes(), torn, b"\r\n0\r\nx-sum: 1\r\n\r\n"].concat());
    let answer: Answer = proxy.send(post("", chat("hello")));
    assert!(answer.text().contains("error"), "{}{}", answer.head, answer.text());
    proxy.stands(16 * MIB);
}
