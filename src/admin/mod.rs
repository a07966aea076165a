//! The operator's port: health, metrics, decisions, the scan API, reload. On a listener and a thread of its own, and
//! never on the data port.
//!
//! [`access`] says who may ask for what; everything that answers is one file.

mod access;
mod answer;
mod decisions;
mod policies;
mod query;
mod scan;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use self::access::{Access, Need};
use self::answer::{Fault, json, text};
use self::query::Query;
use crate::config::Secret;
use crate::decisions::Decisions;
use crate::protocol::coverage;
use crate::server::Live;
use crate::telemetry::metrics::{METRICS, Observed};

/// What the port needs.
pub struct Setup {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What changes need, and beyond loopback everything but health.
    pub token: Secret,
    /// Host names that it may be called by, besides `localhost` and IP addresses.
    pub hosts: Vec<String>,
    /// What is served.
    pub live: Arc<Live>,
    /// Reads all files anew and serves what they say; what is wrong with them, if it does not.
    pub reload: Reload,
}

/// Reads all files anew. Blocks.
pub type Reload = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What every request shares.
struct Port {
    access: Access,
    live: Arc<Live>,
    reload: Reload,
}

/// Binds the port and serves it until the process ends. Gives the address, with the real port where it was 0.
pub async fn start(setup: Setup) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(setup.listen).await?;
    let addr = listener.local_addr()?;
    let listener = listener.into_std()?;
    let access = Access::new(&setup.token, addr, setup.hosts);
    let port = Arc::new(Port { access, live: setup.live, reload: setup.reload });
    // Of its own: a long scan here must keep no request waiting there.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("admin".to_owned()).spawn(move || runtime.block_on(serve(listener, port)))?;
    Ok(addr)
}

async fn serve(listener: std::net::TcpListener, port: Arc<Port>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the admin port cannot be served"),
    };
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // Closed by nobody.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection on the admin port");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let port = Arc::clone(&port);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&port), peer, request));
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD);
            if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%peer, %error, "an admin connection broke off");
            }
            drop(permit);
        });
    }
}

async fn answer(
    port: Arc<Port>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answered = port.dispatch(peer, request).await;
    Ok(answered.unwrap_or_else(Fault::into_response))
}

impl Port {
    async fn dispatch(&self, peer: SocketAddr, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Fault> {
        let (parts, body) = request.into_parts();
        let get = matches!(parts.method, Method::GET | Method::HEAD);
        let path = parts.uri.path().to_owned();
        let endpoint = Endpoint::of(&path).ok_or(Fault::NotFound)?;
        let (method, need) = endpoint.wants();
        if (method == Method::GET) != get || (!get && parts.method != method) {
            return Err(Fault::Method(method));
        }
        self.access.check(peer, &parts, need)?;
        let query = Query::read(parts.uri.query().unwrap_or_default())?;
        match endpoint {
            Endpoint::Healthz => Ok(text("ok\n")),
            Endpoint::Readyz => Ok(self.ready()),
            Endpoint::Metrics => Ok(self.metrics()),
            Endpoint::Policies => Ok(json(&policies::list(&*self.app()?))),
            Endpoint::Reload => self.reload().await,
            Endpoint::Coverage => Ok(json(&coverage::json())),
            Endpoint::Decisions => Ok(json(&decisions::latest(&self.decisions()?, &query)?)),
            Endpoint::Decision(id) => Ok(json(&decisions::of(&self.decisions()?, id)?)),
            Endpoint::Scan => {
                let app = self.app()?;
                let bytes = read(body, app.config.server.max_body).await?;
                Ok(json(&scan::scan(&app, &query, bytes).await?))
            }
        }
    }

    fn app(&self) -> Result<Arc<crate::server::App>, Fault> {
        self.live.app().ok_or(Fault::Unavailable)
    }

    fn decisions(&self) -> Result<Decisions, Fault> {
        Ok(self.app()?.decisions.clone())
    }

    fn ready(&self) -> Response<Full<Bytes>> {
        let troubles = self.live.troubles();
        if troubles.is_empty() { text("ready\n") } else { Fault::NotReady(troubles).into_response() }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let app = self.live.app();
        let stats = app.as_ref().and_then(|app| app.guard.inference.as_ref()).map(|inference| inference.stats());
        let mut policies: Vec<String> =
            app.iter().flat_map(|app| app.guard.contexts()).fold(Vec::new(), |mut all, context| {
                all.extend(context.rules.policies().iter().map(|policy| policy.version()));
                all
            });
        policies.sort_unstable();
        policies.dedup();
        let now = Observed {
            in_flight: app.as_ref().map_or(0, |app| app.inflight.taken()) as u64,
            queue_depth: stats.map_or(0, |stats| stats.queued) as u64,
            cache_hits: stats.map_or(0, |stats| stats.cache_hits),
            cache_misses: stats.map_or(0, |stats| stats.cache_misses),
            audit_waiting: self.live.log().map_or(0, |log| log.waiting()) as u64,
            reload_ok: self.live.reloaded().is_ok(),
            loaded: self.live.loaded(),
            policies,
        };
        answer::with_type(METRICS.render(&now), "text/plain; version=0.0.4; charset=utf-8")
    }

    async fn reload(&self) -> Result<Response<Full<Bytes>>, Fault> {
        let reload = Arc::clone(&self.reload);
        // Reads files and perhaps models.
        let reloaded = tokio::task::spawn_blocking(move || reload()).await;
        reloaded.map_err(|_| Fault::Unavailable)?.map_err(Fault::Reload)?;
        Ok(json(&policies::list(&*self.app()?)))
    }
}

/// What can be asked for.
enum Endpoint<'p> {
    Healthz,
    Readyz,
    Metrics,
    Policies,
    Reload,
    Coverage,
    Decisions,
    Decision(&'p str),
    Scan,
}

impl Endpoint<'_> {
    fn of(path: &str) -> Option<Endpoint<'_>> {
        Some(match path {
            "/healthz" => Endpoint::Healthz,
            "/readyz" => Endpoint::Readyz,
            "/metrics" => Endpoint::Metrics,
            "/v1/policies" => Endpoint::Policies,
            "/v1/policies/reload" => Endpoint::Reload,
            "/v1/coverage" => Endpoint::Coverage,
            "/v1/decisions" => Endpoint::Decisions,
            "/v1/scan" => Endpoint::Scan,
            _ => Endpoint::Decision(path.strip_prefix("/v1/decisions/").filter(|id| !id.contains('/'))?),
        })
    }

    fn wants(&self) -> (Method, Need) {
        match self {
            Endpoint::Healthz | Endpoint::Readyz => (Method::GET, Need::Nothing),
            Endpoint::Reload => (Method::POST, Need::Change),
            Endpoint::Scan => (Method::POST, Need::Read),
            _ => (Method::GET, Need::Read),
        }
    }
}

async fn read(body: Incoming, max: usize) -> Result<Bytes, Fault> {
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, max).collect()).await;
    match collected {
        Err(_) => Err(Fault::Bad("the body did not come in time".to_owned())),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Fault::TooLong(max)),
        Ok(Err(_)) => Err(Fault::Bad("the body broke off".to_owned())),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// Most connections at once.
const MAX_CONNECTIONS: usize = 128;
/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 64 << 10;
/// Longest wait for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
