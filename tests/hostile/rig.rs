//! The binary, the upstream behind it, and clients that speak raw bytes.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What no text may bring to the upstream: the policy blocks it wherever it is read.
pub(crate) const MARKER: &str = "zqmarkerqz";

/// What every answer that is not scripted says.
pub(crate) const FINE: &str =
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}]}"#;

/// A chat request with this text.
pub(crate) fn chat(text: &str) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#)
}

/// A request with these headers and this body, `Content-Length` included.
pub(crate) fn post(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head =
        format!("POST /v1/chat/completions HTTP/1.1\r\nHost: p\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A response with these headers and this body.
pub(crate) fn reply(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A running proxy and its upstream.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) addr: SocketAddr,
    errors: Arc<Mutex<String>>,
    pub(crate) upstream: Upstream,
    /// `VmHWM` once it had served its first request.
    before: usize,
    _folder: TempDir,
}

/// An upstream that writes down every byte it is sent.
pub(crate) struct Upstream {
    got: Arc<Mutex<Vec<u8>>>,
    reply: Arc<Mutex<Reply>>,
}

type Reply = Arc<dyn Fn(&mut TcpStream) + Send + Sync>;

/// What came back for one request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Proxy {
    pub(crate) fn start() -> Proxy {
        Proxy::with("", "")
    }

    /// With these lines under `server` and these under the upstream.
    pub(crate) fn with(server: &str, upstream_lines: &str) -> Proxy {
        let folder = tempfile::tempdir().unwrap();
        let (upstream, to) = Upstream::start();
        let config = format!(
            "server:\n  listen: 127.0.0.1:0\n  drain: 1s\n{server}\nupstreams:\n  u:\n    url: http://{to}\n{upstream_lines}\n\
             routes:\n  - {{ path: /unread/**, upstream: u, inspect: none }}\n  - {{ path: /**, upstream: u, policy: hostile }}\n"
        );
        let policy = format!(
            "version: 1\nname: hostile\nunscannable: log\nrules:\n  - {{ id: marker, detect: {{ keywords: {{ words: [{MARKER}], whole: false }} }}, action: block }}\n  \
             - {{ id: hide, detect: {{ keywords: {{ words: [hideme] }} }}, action: {{ replace: \"<hidden>\" }} }}\n"
        );
        std::fs::create_dir(folder.path().join("policies")).unwrap();
        std::fs::write(folder.path().join("palisade.yaml"), config).unwrap();
        std::fs::write(folder.path().join("policies/hostile.yaml"), policy).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_palisade"))
            .arg("serve")
            .current_dir(folder.path())
            .env("RUST_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = Arc::new(Mutex::new(String::new()));
        let (mut from, into) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&errors));
        std::thread::spawn(move || {
            let mut line = String::new();
            while from.read_line(&mut line).is_ok_and(|read| read > 0) {
                into.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let addr = line.trim().rsplit_once("http://").map(|(_, addr)| addr.parse().unwrap());
        let addr = addr.unwrap_or_else(|| panic!("did not start: {line} {}", errors.lock().unwrap()));
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let mut proxy = Proxy { child, addr, errors, upstream, before: 0, _folder: folder };
        let key = if server.contains("keys:") { "Authorization: Bearer pk-client\r\n" } else { "" };
        assert_eq!(proxy.send(post(key, chat("hello"))).status, 200);
        proxy.before = proxy.memory("VmHWM");
        proxy.upstream.forget();
        proxy
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends one request; the answer may come before all of it is sent.
    pub(crate) fn send(&self, request: impl Into<Vec<u8>>) -> Answer {
        let mut stream = self.connect();
        let (mut writer, mut request) = (stream.try_clone().unwrap(), request.into());
        // The rig's own requests name a host that any port takes.
        if let Some(at) = request.windows(9).position(|window| window == b"Host: p\r\n") {
            request.splice(at..at + 9, *b"Host: 127.0.0.1\r\n");
        }
        let sending = std::thread::spawn(move || writer.write_all(&request));
        let mut answer = Answer::read(&mut stream);
        while answer.status == 100 {
            answer = Answer::read(&mut stream);
        }
        drop(stream);
        // A refused body need not be taken whole.
        let _ = sending.join().unwrap();
        answer
    }

    /// Sends what must be refused with this status and `code`, and never reach the upstream in any form.
    pub(crate) fn refuses(&self, request: impl Into<Vec<u8>>, status: u16, code: &str) -> String {
        let answer = self.send(request);
        let body = answer.text();
        assert_eq!(answer.status, status, "{}{body}", answer.head);
        assert!(body.contains(&format!("\"code\":\"{code}\"")) && body.contains("\"error\""), "{body}");
        assert!(answer.head.contains("x-palisade-id: 0"), "{}", answer.head);
        assert!(!body.contains(MARKER), "{body}");
        let got = self.upstream.got();
        assert!(got.is_empty(), "the upstream got {:?}", String::from_utf8_lossy(&got));
        body
    }

    /// The policy's decision on a body that it cannot read: the provider's error, with the reason in it.
    pub(crate) fn unreadable(&self, request: impl Into<Vec<u8>>, reason: &str) {
        let body = self.refuses(request, 400, "content_policy_violation");
        assert!(body.contains(reason), "{body}");
    }

    pub(crate) fn passes(&self, request: impl Into<Vec<u8>>) -> Answer {
        let answer = self.send(request);
        assert_eq!(answer.status, 200, "{}{}", answer.head, answer.text());
        answer
    }

    /// `VmRSS` or `VmHWM` of the proxy, in bytes.
    pub(crate) fn memory(&self, which: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(which)).unwrap();
        let digits: String = line.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<usize>().unwrap() << 10
    }

    /// Nothing panicked, at most `most` bytes more were ever taken than at the start, and the next client is served.
    pub(crate) fn stands(&self, most: usize) {
        self.upstream.answers(reply("Content-Type: application/json\r\n", FINE));
        let answer = self.send(post("Authorization: Bearer pk-client\r\n", chat("and now?")));
        assert!(answer.status == 200 && answer.text().contains("fine"), "{}{}", answer.head, answer.text());
        let took = self.memory("VmHWM").saturating_sub(self.before);
        assert!(took <= most, "{} MiB more than at the start", took >> 20);
        let errors = self.errors.lock().unwrap();
        assert!(!errors.contains("panicked"), "{errors}");
        assert!(!errors.contains(MARKER), "{errors}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended by itself, which its test has noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Upstream {
    fn start() -> (Upstream, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let fine = reply("Content-Type: application/json\r\n", FINE);
        let upstream = Upstream { got: Arc::default(), reply: Arc::new(Mutex::new(writes(fine))) };
        let (got, reply) = (Arc::clone(&upstream.got), Arc::clone(&upstream.reply));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, got, reply) = (stream.unwrap(), Arc::clone(&got), Arc::clone(&reply));
                std::thread::spawn(move || {
                    while take_request(&mut stream, &got) {
                        let reply = Arc::clone(&reply.lock().unwrap());
                        reply(&mut stream);
                    }
                });
            }
        });
        (upstream, addr)
    }

    /// Everything it was sent since it last forgot.
    pub(crate) fn got(&self) -> Vec<u8> {
        self.got.lock().unwrap().clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.got()).into_owned()
    }

    pub(crate) fn forget(&self) {
        self.got.lock().unwrap().clear();
    }

    pub(crate) fn answers(&self, bytes: Vec<u8>) {
        *self.reply.lock().unwrap() = writes(bytes);
    }

    /// Answers as `script` does, which may shut the connection.
    pub(crate) fn does(&self, script: impl Fn(&mut TcpStream) + Send + Sync + 'static) {
        *self.reply.lock().unwrap() = Arc::new(script);
    }
}

fn writes(bytes: Vec<u8>) -> Reply {
    Arc::new(move |stream| {
        // A proxy that hangs up is within its rights.
        let _ = stream.write_all(&bytes);
    })
}

/// Reads one request and writes it down as it comes.
fn take_request(stream: &mut TcpStream, got: &Mutex<Vec<u8>>) -> bool {
    let (mut request, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
            let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            let whole = if head.contains("transfer-encoding: chunked") {
                request.ends_with(b"0\r\n\r\n")
            } else {
                request.len() >= end + 4 + length
            };
            if whole {
                return true;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(read) => {
                request.extend_from_slice(&buffer[..read]);
                got.lock().unwrap().extend_from_slice(&buffer[..read]);
            }
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

impl Answer {
    /// Reads up to the end that the answer's framing gives, or to the connection's.
    pub(crate) fn read(stream: &mut TcpStream) -> Answer {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(1) => bytes.push(byte[0]),
                other => panic!("no answer: {other:?} after {}", String::from_utf8_lossy(&bytes)),
            }
        }
        let head = String::from_utf8(bytes).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let lower = head.to_ascii_lowercase();
        let mut body = Vec::new();
        if let Some(length) = header(&lower, "content-length") {
            body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body).unwrap();
        } else if lower.contains("transfer-encoding: chunked") {
            while let Some(chunk) = read_chunk(stream) {
                body.extend_from_slice(&chunk);
            }
        }
        Answer { status, head, body }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One chunk of a chunked body; nothing at its end, or where it broke off.
pub(crate) fn read_chunk(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        line.push(byte[0]);
    }
    let length = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
    let mut chunk = vec![0; length + 2];
    stream.read_exact(&mut chunk).ok()?;
    chunk.truncate(length);
    (length > 0).then_some(chunk)
}

/// Waits until it is so.
pub(crate) fn eventually(what: &str, so: impl Fn() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
        pause(20);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own thread")]
pub(crate) fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// `text` in UTF-16, with its bytes in this order.
pub(crate) fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

/// Every character as a JSON escape.
pub(crate) fn escaped(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut out, unit| {
        write!(out, "\\u{unit:04x}").unwrap();
        out
    })
}
