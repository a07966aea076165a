//! A proxy before a scripted upstream, and clients that speak raw bytes.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use palisade::config::{Config, Inspect, Route, Source, Store, Timeouts, Upstream};
use palisade::guard::Guard;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Context, RuleSet};
use palisade::server::{App, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// One upstream behind `/**`, unread, with limits that tests can wait for.
pub(crate) fn config(upstream: SocketAddr) -> Config {
    Config {
        server: palisade::config::Server {
            listen: ([127, 0, 0, 1], 0).into(),
            drain: Duration::from_secs(5),
            ..Default::default()
        },
        upstreams: vec![Upstream {
            name: "u".to_owned(),
            url: format!("http://{upstream}").parse().unwrap(),
            headers: Vec::new(),
            timeouts: Timeouts::default(),
        }],
        routes: vec![route("/**")],
        ..Config::default()
    }
}

pub(crate) fn route(path: &str) -> Route {
    Route {
        path: path.to_owned(),
        upstream: 0,
        inspect: Inspect::None,
        baseline: Vec::new(),
        policy: Vec::new(),
        api: None,
        store: Store::AsAsked,
    }
}

pub(crate) async fn proxy(config: Config) -> Server {
    let guard = Guard::of(config.routes.iter().map(|_| None).collect(), None);
    Server::start(App::new(config, guard).unwrap(), Some(2)).await.unwrap()
}

/// Something that listens, and the proxy before it.
pub(crate) async fn rig() -> (TcpListener, Server) {
    rig_with(|_| {}).await
}

pub(crate) async fn rig_with(change: impl FnOnce(&mut Config)) -> (TcpListener, Server) {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(upstream.local_addr().unwrap());
    change(&mut config);
    (upstream, proxy(config).await)
}

/// The same with one policy, which tells its rules, over bodies that are read in full.
pub(crate) async fn guarded(rules: &str) -> (TcpListener, Server) {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(upstream.local_addr().unwrap());
    config.routes[0].inspect = Inspect::Full;
    let source = Source::new("p.yaml", &format!("name: p\nexpose: rules\nrules:\n{rules}"));
    let loaded = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now());
    let (policy, _) = loaded.map_err(|problems| problems.to_string()).unwrap();
    let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err("no models".to_owned()), false).unwrap();
    let context = Context::new(Arc::new(rules), Arc::from(&b"key"[..]));
    let app = App::new(config, Guard::of(vec![Some(context)], None)).unwrap();
    (upstream, Server::start(app, Some(1)).await.unwrap())
}

/// A connection that speaks bytes.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(to: SocketAddr) -> Raw {
        Raw(TcpStream::connect(to).await.unwrap())
    }

    /// Connects and sends.
    pub(crate) async fn send(to: SocketAddr, bytes: impl AsRef<[u8]>) -> Raw {
        let mut raw = Raw::connect(to).await;
        raw.write(bytes).await;
        raw
    }

    pub(crate) async fn accept(listener: &TcpListener) -> Raw {
        Raw(soon(listener.accept()).await.unwrap().0)
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads until the text ends so.
    pub(crate) async fn read_to(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.push(soon(self.0.read_u8()).await.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    /// Reads until the other side closes; true if it did so properly.
    pub(crate) async fn read_out(&mut self) -> (Vec<u8>, bool) {
        let mut bytes = Vec::new();
        let properly = soon(self.0.read_to_end(&mut bytes)).await.is_ok();
        (bytes, properly)
    }
}

/// What should not take long.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(5), future).await.expect("took too long")
}

/// Sends one request that must be answered without an upstream; gives status line and the whole response.
pub(crate) async fn answer(to: SocketAddr, request: &str) -> (String, String) {
    let mut raw = Raw::send(to, request).await;
    let head = raw.read_to("\r\n\r\n").await;
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |l| l.parse().unwrap());
    let mut body = vec![0; length];
    soon(raw.0.read_exact(&mut body)).await.unwrap();
    let status = head.lines().next().unwrap().to_owned();
    (status, head + &String::from_utf8(body).unwrap())
}
