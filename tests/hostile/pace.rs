//! Clients that are slow or leave, and upstreams that die, at each step.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use crate::rig::{Answer, FINE, MARKER, Proxy, chat, eventually, pause, post, reply};

const MIB: usize = 1 << 20;

#[test]
fn a_slow_body_is_408() {
    let proxy = Proxy::with("  min_body_rate: 1MiB\n", "");
    let request = post("", chat(&format!("{MARKER}{}", "x".repeat(1000))));
    let mut stream = proxy.connect();
    let start = Instant::now();
    let (head, body) = request.split_at(request.len() - 1000);
    stream.write_all(head).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    // A byte at a time, so that no pause is long.
    let mut bytes = body.iter();
    let mut first = [0];
    while stream.read(&mut first).is_err() {
        stream.write_all(&[*bytes.next().unwrap()]).unwrap();
        assert!(start.elapsed() < Duration::from_secs(20), "never refused");
    }
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let answer = Answer::read(&mut stream);
    assert!(answer.text().contains("body_timeout"), "{}", answer.text());
    assert!(start.elapsed() >= Duration::from_secs(4));
    assert!(proxy.upstream.got().is_empty());
    proxy.stands(16 * MIB);
}

#[test]
fn a_slow_head_holds_no_slot() {
    let proxy = Proxy::with("  max_inflight: 1\n", "");
    let held: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = proxy.connect();
            stream.write_all(b"POST /v1/chat/completions HT").unwrap();
            stream
        })
        .collect();
    proxy.passes(post("", chat("hello")));
    drop(held);
    proxy.stands(16 * MIB);
}

#[test]
fn a_slow_reader_holds_little() {
    let proxy = Proxy::start();
    let event =
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(1000));
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&sent);
    proxy.upstream.does(move |stream: &mut TcpStream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        while stream.write_all(event.as_bytes()).is_ok() {
            count.fetch_add(event.len(), std::sync::atomic::Ordering::Relaxed);
        }
        // Without a length, its end is the connection's.
        let _ = stream.shutdown(Shutdown::Both);
    });
    let mut stream = proxy.connect();
    stream.write_all(&post("", chat("hello"))).unwrap();
    pause(3000);
    let sent = sent.load(std::sync::atomic::Ordering::Relaxed);
    assert!(sent < 32 * MIB, "{sent} bytes taken for a client that reads nothing");
    drop(stream);
    proxy.stands(48 * MIB);
}

#[test]
fn clients_that_leave_at_each_step_leave_nothing_behind() {
    let proxy = Proxy::with("  max_inflight: 1\n", "");
    let request = post("", chat(&"x".repeat(5000)));
    let head = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    for cut in [0, 1, 30, head - 1, head, head + 1, head + 3000, request.len() - 1] {
        let mut stream = proxy.connect();
        stream.write_all(&request[..cut]).unwrap();
        pause(50);
        drop(stream);
    }
    assert!(proxy.upstream.got().is_empty());
    // While the upstream thinks, and in the middle of its stream.
    for before in [true, false] {
        proxy.upstream.does(move |stream: &mut TcpStream| {
            if !before {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"choices\":[]}\n\n";
                stream.write_all(head.as_bytes()).unwrap();
            }
            // Until the proxy has hung up.
            let _ = stream.read(&mut [0]);
        });
        let mut stream = proxy.connect();
        stream.write_all(&request).unwrap();
        pause(300);
        drop(stream);
        eventually("the slot is free", || {
            let mut probe = proxy.connect();
            probe.write_all(&post("", chat(MARKER))).unwrap();
            Answer::read(&mut probe).status == 400
        });
    }
    proxy.stands(16 * MIB);
}

#[test]
fn upstreams_that_die_at_each_step_are_told_of() {
    let proxy = Proxy::start();
    let stream_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"some\"}}]}\n\n";
    let whole = String::from_utf8(reply("Content-Type: application/json\r\n", FINE)).unwrap();
    for (sent, status) in [
        (String::new(), 502),
        ("HTTP/1.1 2".to_owned(), 502),
        ("SSH-2.0-x\r\n\r\n".to_owned(), 502),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n".to_owned(), 502),
        (whole[..whole.len() - 5].to_owned(), 502),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel".to_owned(), 502),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(), 502),
        (stream_head.to_owned(), 200),
        (format!("{stream_head}{:x}\r\n{event}\r\n", event.len()), 200),
        (format!("{stream_head}{:x}\r\n{}", event.len(), &event[..30]), 200),
    ] {
        let dying = sent.clone();
        proxy.upstream.does(move |stream: &mut TcpStream| {
            // The proxy may have hung up first.
            let _ = stream.write_all(dying.as_bytes());
            let _ = stream.shutdown(Shutdown::Both);
        });
        let answer = proxy.send(post("", chat("hello")));
        assert!(answer.status == status || answer.status == 502, "{sent}: {} {}", answer.head, answer.text());
        let text = answer.text();
        assert!(text.contains("\"error\""), "{sent}: {}{text}", answer.head);
    }
    proxy.stands(16 * MIB);
}
