//! `server`: the data port, who may use it, and its bounds.

use std::net::SocketAddr;
use std::time::Duration;

use super::problem::{Problem, quoted};
use super::reader::MapReader;
use super::tree::Node;
use super::value::{self, boolean, count, duration, sha256, size};

/// The data port and its bounds.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where clients connect; HTTP/1.1 and h2c.
    pub listen: SocketAddr,
    /// Longest body that is read, decoded, in bytes.
    pub max_body: usize,
    /// Bytes that bodies may take in memory, over all requests.
    pub max_buffered: usize,
    /// Most texts of one body that are looked at; more is `over_limit`.
    pub max_segments: usize,
    /// Bytes a second that a client has to send of its body, on average. 0: any pace will do.
    pub min_body_rate: usize,
    /// Longest head of a request, in bytes.
    pub max_head: usize,
    /// Most requests under way; more get 503.
    pub max_inflight: usize,
    /// Most of them from one client address; more get 429. `None`: no bound of its own.
    pub max_inflight_per_client: Option<usize>,
    /// Bounds of HTTP/2 connections.
    pub http2: Http2,
    /// How long a drain waits for requests under way.
    pub drain: Duration,
    /// SHA-256 of every key that lets a client in. None: clients need no key.
    pub keys: Vec<[u8; 32]>,
    /// Names under which browsers and clients may address a port that spends credentials without asking for a key.
    /// IP addresses and `localhost` always will do.
    pub hosts: Vec<String>,
    /// Origins of web pages that may use such a port, besides its own.
    pub origins: Vec<String>,
    /// Whether strangers may use the credentials that upstreams inject, see [`super::Config::exposed`].
    pub open: bool,
}

/// Bounds of one HTTP/2 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Http2 {
    /// Most requests at once.
    pub max_streams: usize,
    /// Most requests that were taken back before anybody looked at them; more end the connection (CVE-2023-44487).
    pub max_resets: usize,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            max_body: 16 << 20,
            max_buffered: 512 << 20,
            max_segments: 1 << 15,
            min_body_rate: 1 << 10,
            max_head: 64 << 10,
            max_inflight: 4096,
            max_inflight_per_client: None,
            http2: Http2::default(),
            drain: Duration::from_secs(30),
            keys: Vec::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            open: false,
        }
    }
}

impl Default for Http2 {
    fn default() -> Http2 {
        Http2 { max_streams: 256, max_resets: 20 }
    }
}

/// Reads `server`.
pub(super) fn read(reader: &mut MapReader<'_>) -> Server {
    reader.later(&["tls"]);
    let default = Server::default();
    let requests = || count(1..=1_000_000);
    let server = Server {
        listen: reader.optional("listen", value::address).unwrap_or(default.listen),
        max_body: reader.optional("max_body", size(1 << 10..=1 << 30)).unwrap_or(default.max_body),
        max_buffered: reader.optional("max_buffered", size(1 << 20..=1 << 40)).unwrap_or(default.max_buffered),
        max_segments: reader.optional("max_segments", count(1..=1 << 20)).unwrap_or(default.max_segments),
        min_body_rate: reader.optional("min_body_rate", size(0..=1 << 30)).unwrap_or(default.min_body_rate),
        max_head: reader.optional("max_head", size(1 << 10..=192 << 10)).unwrap_or(default.max_head),
        max_inflight: reader.optional("max_inflight", requests()).unwrap_or(default.max_inflight),
        max_inflight_per_client: reader.optional("max_inflight_per_client", requests()),
        http2: reader.map("http2", read_http2).unwrap_or_default(),
        drain: reader.optional("drain", duration(Duration::ZERO..=Duration::from_secs(3600))).unwrap_or(default.drain),
        keys: reader.list("keys", sha256).unwrap_or_default(),
        hosts: reader.list("hosts", host).unwrap_or_default(),
        origins: reader.list("origins", origin).unwrap_or_default(),
        open: reader.optional("open", boolean).unwrap_or(default.open),
    };
    if let Some(node) = reader.node("max_buffered")
        && server.max_buffered < server.max_body
    {
        reader.problem(
            Problem::error(&node.at, "`max_buffered` is less than `max_body`")
                .label("not even one body of the longest kind would fit")
                .help("raise `max_buffered`, or lower `max_body`"),
        );
    }
    server
}

fn read_http2(reader: &mut MapReader<'_>) -> Http2 {
    let default = Http2::default();
    Http2 {
        max_streams: reader.optional("max_streams", count(1..=10_000)).unwrap_or(default.max_streams),
        max_resets: reader.optional("max_resets", count(1..=10_000)).unwrap_or(default.max_resets),
    }
}

/// A host's name, without a port.
fn host(node: &Node) -> Result<String, Problem> {
    let text = value::filled(node)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !text.bytes().all(allowed) {
        let title = format!("wrong host {}", quoted(&text));
        return Err(Problem::error(&node.at, title)
            .label("expected a host's name without scheme and port, such as `palisade.internal`"));
    }
    Ok(text.trim_end_matches('.').to_ascii_lowercase())
}

/// An origin as browsers send it (RFC 6454, section 6.1).
fn origin(node: &Node) -> Result<String, Problem> {
    let text = value::filled(node)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#@,*".contains(&byte)) {
        return Err(Problem::error(&node.at, "wrong origin")
            .label("expected scheme, host and perhaps port, such as `https://chat.acme.com`"));
    }
    Ok(text.to_ascii_lowercase())
}
