//! `palisade.yaml`: the finished, checked configuration, and how files become it.

mod admin;
pub mod api;
mod expand;
mod hosts;
mod load;
mod nearest;
mod network;
mod parse;
mod problem;
mod reader;
mod route;
mod scalar;
mod server;
mod source;
mod tenants;
mod tree;
mod upstream;
pub mod value;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

pub use admin::{Admin, Audit, AuditText, OnFull};
pub use load::{load, load_source};
pub use nearest::{did_you_mean, either};
pub use network::Network;
pub use problem::{Collector, Place, Problem, Problems, Severity, quoted};
pub use reader::{MapReader, not_available};
pub use scalar::{Core, Scalar};
pub use server::{Http2, Server};
pub use source::{At, Source};
pub use tenants::{Tenant, TenantFrom, Tenants, Vars};
pub use tree::{Entry, Node, Value};

/// Everything that `palisade serve` needs to know. Every field has a default.
#[derive(Clone, Debug)]
pub struct Config {
    /// Keys hashes and the score cache. `None`: random at start.
    pub secret: Option<Secret>,
    /// The data port.
    pub server: Server,
    /// The operator's port.
    pub admin: Admin,
    /// Where requests can go, in file order.
    pub upstreams: Vec<Upstream>,
    /// Which request goes where: the first match wins.
    pub routes: Vec<Route>,
    /// Who is calling. `None`: nobody in particular.
    pub tenants: Option<Tenants>,
    /// The decision log. `None`: there is none.
    pub audit: Option<Audit>,
    /// Folder with policy files.
    pub policies: PathBuf,
    /// Folder with classifiers. `None`: the usual places.
    pub models: Option<PathBuf>,
}

impl Config {
    /// An upstream whose credentials anyone who reaches the data port could spend: `listen` is not loopback, a
    /// credential is injected, clients need no key, and `server.open` does not say that this is meant. To be asked
    /// again after `listen` was overridden.
    pub fn exposed(&self) -> Option<&Upstream> {
        if self.server.open || !self.server.keys.is_empty() || self.server.listen.ip().is_loopback() {
            return None;
        }
        self.injecting()
    }

    /// An upstream that gets a credential from the configuration.
    pub fn injecting(&self) -> Option<&Upstream> {
        self.upstreams.iter().find(|upstream| upstream.headers.iter().any(|(_, value)| value.is_sensitive()))
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            secret: None,
            server: Server::default(),
            admin: Admin::default(),
            upstreams: Vec::new(),
            routes: Vec::new(),
            tenants: None,
            audit: None,
            policies: PathBuf::from("policies"),
            models: None,
        }
    }
}

/// One provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// Its name in `routes`.
    pub name: String,
    /// Scheme, host and an optional path prefix. Nothing of it ever comes from a client.
    pub url: Uri,
    /// Set on every request, in place of the client's.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// How long each step of an exchange with an upstream may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request's last byte to the response's head.
    pub header: Duration,
    /// Between two pieces of the response's body.
    pub idle: Duration,
    /// The whole exchange.
    pub total: Duration,
}

/// One line of the routing table.
#[derive(Clone, Debug)]
pub struct Route {
    /// `/v1/messages`, `/v1/audio/**`, `/**`.
    pub path: String,
    /// Index into [`Config::upstreams`].
    pub upstream: usize,
    /// Whether bodies are read.
    pub inspect: Inspect,
    /// Names or files of policies that always run and that nothing else can weaken.
    pub baseline: Vec<String>,
    /// Names or files of policies; all of them run.
    pub policy: Vec<String>,
    /// The API that is spoken here, if it is none that is known by its path.
    pub api: Option<Arc<api::Api>>,
    /// Whether providers may keep what goes over it.
    pub store: Store,
}

/// Whether a provider may keep what it is asked and answers, where its API has a `store` of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// As the client says.
    #[default]
    AsAsked,
    /// No.
    ForceOff,
}

/// Whether a route's traffic is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspect {
    /// Requests and responses are read in full.
    Full,
    /// Bytes pass unread.
    None,
}

/// A value that must never be shown.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Wraps the bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(bytes.into())
    }

    /// The bytes, for keying a hash.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(5),
            header: Duration::from_secs(600),
            idle: Duration::from_secs(300),
            total: Duration::from_secs(3600),
        }
    }
}
