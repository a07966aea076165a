//! The journey of one request, top to bottom.
//!
//! target -> route -> access -> slot -> headers -> (unread, or through the guards) -> upstream -> response. The slot is held by
//! the response's body until that has ended, and dropping any of it (the client has gone) cancels the upstream.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::access::Access;
use super::body::Body;
use super::error::RequestError;
use super::guarded;
use super::id::RequestId;
use super::limits::{Busy, InFlight, Permit};
use super::path;
use super::recorder::Recorder;
use super::route::{PatternError, RouteTable};
use super::tainted::Tainted;
use super::tenant::TenantTable;
use crate::audit::Log;
use crate::budget::Spender;
use crate::config::{Config, Inspect, Route};
use crate::decisions::Decisions;
use crate::guard::Guard;
use crate::protocol::{Protocol, Recognised, generic, recognise};
use crate::telemetry::metrics::METRICS;
use crate::upstream::{AnswerError, Outgoing, UpstreamError, UpstreamSetUpError, Upstreams, headers};

/// What every request on one runtime shares.
#[derive(Debug)]
pub struct App {
    /// The configuration, whole.
    pub config: Arc<Config>,
    /// Compiled from `config.routes`; indices are the same.
    pub routes: Arc<RouteTable>,
    /// Clients for `config.upstreams`; indices are the same.
    pub upstreams: Upstreams,
    /// Who is let in.
    pub access: Arc<Access>,
    /// Slots for requests under way, over all runtimes.
    pub inflight: InFlight,
    /// Policies and classifiers; a request holds on to what it started with.
    pub guard: Arc<Guard>,
    /// The latest decisions.
    pub decisions: Decisions,
    /// Where verdicts go.
    pub(super) recorder: Recorder,
    /// Adapters for APIs that `config.routes` describe; indices are the same.
    apis: Apis,
    /// Who may be calling; `None`: nobody in particular.
    pub(super) tenants: Option<Arc<TenantTable>>,
    /// What the provider keeps and nobody may go on from, over all runtimes.
    pub(super) tainted: Tainted,
}

/// Adapters by route, where the route describes its API.
#[derive(Clone)]
struct Apis(Arc<[Option<&'static dyn Protocol>]>);

impl Apis {
    fn new(config: &Config) -> Apis {
        Apis(config.routes.iter().map(|route| route.api.as_deref().map(generic)).collect())
    }
}

impl fmt::Debug for Apis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().flatten().map(|protocol| protocol.name())).finish()
    }
}

/// One request on its way, with its slot.
#[derive(Debug)]
pub struct Call {
    /// Its name in headers, logs and verdicts.
    pub id: RequestId,
    /// Who is connected.
    pub peer: SocketAddr,
    /// Index into `config.routes`.
    pub route: usize,
    /// Whose request it is.
    pub tenant: Option<Arc<str>>,
    /// The API keys that it came with, if any budget asks.
    pub keys: Vec<Spender>,
    /// Method, target and headers; the headers have gone through [`headers::request`].
    pub parts: Parts,
    /// Not yet read.
    pub body: Incoming,
    /// To be given to the response's body.
    pub permit: Permit,
}

/// Why the data port cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A route's path is no pattern.
    #[error(transparent)]
    Route(#[from] PatternError),
    /// An upstream is not usable.
    #[error(transparent)]
    Upstream(#[from] UpstreamSetUpError),
}

impl App {
    /// Compiles what the configuration says. There is no decision log.
    pub fn new(config: Config, guard: Guard) -> Result<App, SetUpError> {
        App::with_log(config, guard, None)
    }

    /// As [`App::new`], with the decision log that `config.audit` names.
    pub fn with_log(config: Config, guard: Guard, log: Option<Log>) -> Result<App, SetUpError> {
        let decisions = Decisions::default();
        Ok(App {
            routes: Arc::new(RouteTable::new(config.routes.iter().map(|route| route.path.as_str()))?),
            upstreams: Upstreams::new(&config.upstreams)?,
            access: Arc::new(Access::new(&config)),
            inflight: InFlight::new(&config.server),
            recorder: Recorder::new(&guard, decisions.clone(), log.zip(config.audit.clone())),
            tenants: config.tenants.as_ref().map(TenantTable::new).map(Arc::new),
            guard: Arc::new(guard),
            tainted: Tainted::default(),
            decisions,
            apis: Apis::new(&config),
            config: Arc::new(config),
        })
    }

    /// The same for another runtime, with connections of its own.
    pub fn sibling(&self) -> Result<App, SetUpError> {
        Ok(App {
            config: Arc::clone(&self.config),
            // Names are shared with every verdict: each runtime counts its own.
            routes: Arc::new(RouteTable::new(self.config.routes.iter().map(|route| route.path.as_str()))?),
            upstreams: Upstreams::new(&self.config.upstreams)?,
            access: Arc::clone(&self.access),
            inflight: self.inflight.clone(),
            guard: Arc::clone(&self.guard),
            decisions: self.decisions.clone(),
            recorder: self.recorder.clone(),
            apis: self.apis.clone(),
            tenants: self.tenants.clone(),
            tainted: self.tainted.clone(),
        })
    }

    /// The same runtime's app with another configuration, policies and models. Slots, decisions and connections stay.
    pub(super) fn successor(&self, config: &Arc<Config>, guard: &Arc<Guard>) -> Result<App, SetUpError> {
        let log = self.recorder.log().cloned().zip(config.audit.clone());
        Ok(App {
            routes: Arc::new(RouteTable::new(config.routes.iter().map(|route| route.path.as_str()))?),
            upstreams: self.upstreams.successor(&config.upstreams)?,
            access: Arc::new(Access::new(config)),
            inflight: self.inflight.resized(&config.server),
            recorder: Recorder::new(guard, self.decisions.clone(), log),
            tenants: config.tenants.as_ref().map(TenantTable::new).map(Arc::new),
            guard: Arc::clone(guard),
            tainted: self.tainted.clone(),
            decisions: self.decisions.clone(),
            apis: Apis::new(config),
            config: Arc::clone(config),
        })
    }

    /// Who reads a path: whoever the route says, else whoever the path is known of.
    pub(super) fn recognise(&self, route: usize, path: &str) -> Recognised {
        let described = self.apis.0.get(route).copied().flatten();
        described.map_or_else(|| recognise(path), Recognised::Known)
    }

    fn route(&self, index: usize) -> Result<&Route, RequestError> {
        self.config.routes.get(index).ok_or(RequestError::NoRoute)
    }
}

/// Answers one request.
pub(super) async fn handle(
    app: Arc<App>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let id = RequestId::new();
    let target = request.uri().clone();
    let mut response = match forward(Arc::clone(&app), id, peer, request).await {
        Ok(response) => response,
        Err(error) => {
            report(id, &error);
            let route = app.routes.find(target.path());
            let protocol = match route.map_or(Recognised::Unknown, |route| app.recognise(route, target.path())) {
                Recognised::Known(protocol) => Some(protocol),
                Recognised::NotBuilt | Recognised::Unknown => None,
            };
            error.into_response(protocol, &id.to_string())
        }
    };
    response.headers_mut().insert(ID, id.header());
    METRICS.responses.inc(class(response.status()));
    Ok(response)
}

async fn forward(
    app: Arc<App>,
    id: RequestId,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, RequestError> {
    let (mut parts, body) = request.into_parts();
    let path = path::check(&parts.method, &parts.uri)?;
    if wants_upgrade(&parts.headers) {
        return Err(RequestError::Upgrade);
    }
    let index = app.routes.find(path).ok_or(RequestError::NoRoute)?;
    let keys = app.access.admit(&mut parts, app.guard.counts_keys())?;
    let permit = app.inflight.take(peer.ip()).map_err(|busy| match busy {
        Busy::All => RequestError::Overloaded,
        Busy::Client => RequestError::TooManyOfClient,
    })?;
    let route = app.route(index)?;
    parts.headers = headers::request(parts.headers, route.inspect);
    let tenant = match &app.tenants {
        Some(tenants) => tenants.resolve(peer.ip(), &mut parts.headers)?,
        None => None,
    };
    match route.inspect {
        Inspect::None => {
            let request = Request::from_parts(parts, Outgoing::client(body));
            let response = app.upstreams.send(route.upstream, request).await?;
            Ok(response.map(|answer| Body::answer(answer).holding(permit)))
        }
        Inspect::Full => {
            let call = Call { id, peer, route: index, tenant, keys, parts, body, permit };
            guarded::handle(app, call).await
        }
    }
}

/// Whether the client wants to speak something else from here on.
///
/// An offer of `h2c` is not a wish: clients that make it (the JDK's does on every plain connection) go on in HTTP/1.1
/// when it is not taken up, and it is dropped like every header for one hop.
fn wants_upgrade(headers: &HeaderMap) -> bool {
    headers.get_all(UPGRADE).iter().any(|protocols| !protocols.as_bytes().eq_ignore_ascii_case(b"h2c"))
}

/// Logs what the operator may have to act on, once, at the edge.
fn report(id: RequestId, error: &RequestError) {
    let status = error.status().as_u16();
    METRICS.refused.inc(error.code());
    match error {
        RequestError::Upstream(UpstreamError::Connect(_)) => METRICS.upstream_errors.inc("connect"),
        RequestError::Upstream(UpstreamError::Exchange(_)) | RequestError::Answer(AnswerError::Broken(_)) => {
            METRICS.upstream_errors.inc("broke_off");
        }
        RequestError::Upstream(UpstreamError::Timeout)
        | RequestError::Answer(AnswerError::Idle | AnswerError::Total) => METRICS.upstream_errors.inc("timeout"),
        RequestError::AnswerTooLong(_) | RequestError::AnswerGrows(_) => METRICS.upstream_errors.inc("too_long"),
        _ => {}
    }
    if error.status().is_server_error() {
        tracing::warn!(%id, status, %error, "request failed");
    } else {
        tracing::debug!(%id, status, %error, "request refused");
    }
}

/// A status by its first digit.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

/// On every response.
const ID: HeaderName = HeaderName::from_static("x-palisade-id");
