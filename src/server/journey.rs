//! The journey of one request, top to bottom.
//!
//! target -> route -> slot -> headers -> (unread, or through the guards) -> upstream -> response. The slot is held by
//! the response's body until that has ended, and dropping any of it (the client has gone) cancels the upstream.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Response};
use hyper::body::Incoming;

use super::body::Body;
use super::error::RequestError;
use super::guarded;
use super::id::RequestId;
use super::limits::{InFlight, Permit};
use super::path;
use super::route::{PatternError, RouteTable};
use crate::config::{Config, Inspect, Route};
use crate::decisions::Decisions;
use crate::guard::Guard;
use crate::upstream::{Outgoing, UpstreamSetUpError, Upstreams, headers};

/// What every request on one runtime shares.
#[derive(Debug)]
pub struct App {
    /// The configuration, whole.
    pub config: Arc<Config>,
    /// Compiled from `config.routes`; indices are the same.
    pub routes: Arc<RouteTable>,
    /// Clients for `config.upstreams`; indices are the same.
    pub upstreams: Upstreams,
    /// Slots for requests under way, over all runtimes.
    pub inflight: InFlight,
    /// Policies and classifiers; a request holds on to what it started with.
    pub guard: Arc<Guard>,
    /// The latest decisions.
    pub decisions: Decisions,
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
    /// Compiles what the configuration says.
    pub fn new(config: Config, guard: Guard) -> Result<App, SetUpError> {
        Ok(App {
            routes: Arc::new(RouteTable::new(config.routes.iter().map(|route| route.path.as_str()))?),
            upstreams: Upstreams::new(&config.upstreams)?,
            inflight: InFlight::new(config.server.max_inflight),
            guard: Arc::new(guard),
            decisions: Decisions::default(),
            config: Arc::new(config),
        })
    }

    /// The same for another runtime, with connections of its own.
    pub fn sibling(&self) -> Result<App, SetUpError> {
        Ok(App {
            config: Arc::clone(&self.config),
            routes: Arc::clone(&self.routes),
            upstreams: Upstreams::new(&self.config.upstreams)?,
            inflight: self.inflight.clone(),
            guard: Arc::clone(&self.guard),
            decisions: self.decisions.clone(),
        })
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
    let mut response = match forward(app, id, peer, request).await {
        Ok(response) => response,
        Err(error) => {
            report(id, &error);
            error.into_response()
        }
    };
    response.headers_mut().insert(ID, id.header());
    Ok(response)
}

async fn forward(
    app: Arc<App>,
    id: RequestId,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, RequestError> {
    let path = path::check(request.method(), request.uri())?;
    if wants_upgrade(request.headers()) {
        return Err(RequestError::Upgrade);
    }
    let index = app.routes.find(path).ok_or(RequestError::NoRoute)?;
    let permit = app.inflight.take().ok_or(RequestError::Overloaded)?;
    let route = app.route(index)?;
    let (mut parts, body) = request.into_parts();
    parts.headers = headers::request(parts.headers, route.inspect);
    match route.inspect {
        Inspect::None => {
            let request = Request::from_parts(parts, Outgoing::client(body));
            let response = app.upstreams.send(route.upstream, request).await?;
            Ok(response.map(|answer| Body::answer(answer).holding(permit)))
        }
        Inspect::Full => {
            let call = Call { id, peer, route: index, parts, body, permit };
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
    if error.status().is_server_error() {
        tracing::warn!(%id, status, %error, "request failed");
    } else {
        tracing::debug!(%id, status, %error, "request refused");
    }
}

/// On every response.
const ID: HeaderName = HeaderName::from_static("x-palisade-id");
