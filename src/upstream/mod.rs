//! Where requests go: one pooled client per configured upstream, and the bounds of an exchange with it.
//!
//! Scheme, host and path prefix come from the configuration alone; the client's raw path and query are appended
//! byte for byte, never parsed and put together again. Redirects are not followed and proxy variables of the
//! environment are not read.

pub mod headers;

mod body;
mod connect;

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version};
use hyper::body::Body as _;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

pub use body::{Answer, AnswerError, Outgoing};
use connect::Connector;

use crate::config::{self, Timeouts};

/// Every configured upstream, each with a connection pool of its own.
///
/// The pools' connections live on the runtime that first used them, so every runtime wants its own `Upstreams`.
#[derive(Debug)]
pub struct Upstreams {
    targets: Vec<Arc<Target>>,
}

/// One upstream.
struct Target {
    /// What it was made from.
    origin: config::Upstream,
    client: Client<Connector, Outgoing>,
    scheme: Scheme,
    authority: Authority,
    /// Put before the client's path; empty or `/like/this`.
    prefix: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeouts: Timeouts,
}

/// Why an upstream cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamSetUpError {
    /// The URL is not one that requests can be sent to.
    #[error("upstream `{name}`: the URL must be http:// or https:// with a host and without a query")]
    Url {
        /// The upstream's name.
        name: String,
    },
    /// TLS could not be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Why an upstream gave no response. Texts name no path, header or body.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// No connection could be made (refused, unknown host, TLS, too slow).
    #[error("no connection to the upstream ({})", cause(.0))]
    Connect(#[source] legacy::Error),
    /// The connection broke or talked something that is not HTTP before the response's head was whole.
    #[error("the upstream broke off before it answered ({})", cause(.0))]
    Exchange(#[source] legacy::Error),
    /// The response's head did not come in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// Prefix and path make no request target, for instance because they are too long together.
    #[error("the request target cannot be sent to the upstream")]
    Target,
}

impl Upstreams {
    /// Sets the clients up; connects to nobody yet. Indices are those of `upstreams`.
    pub fn new(upstreams: &[config::Upstream]) -> Result<Upstreams, UpstreamSetUpError> {
        let tls = connect::tls_config()?;
        let target = |upstream| Target::new(upstream, &tls).map(Arc::new);
        let targets = upstreams.iter().map(target).collect::<Result<_, _>>()?;
        Ok(Upstreams { targets })
    }

    /// The same for another configuration: an upstream that is in both keeps its connections.
    pub fn successor(&self, upstreams: &[config::Upstream]) -> Result<Upstreams, UpstreamSetUpError> {
        let tls = connect::tls_config()?;
        let target = |upstream: &config::Upstream| {
            let known = self.targets.iter().find(|target| target.origin == *upstream).map(Arc::clone);
            known.map_or_else(|| Target::new(upstream, &tls).map(Arc::new), Ok)
        };
        Ok(Upstreams { targets: upstreams.iter().map(target).collect::<Result<_, _>>()? })
    }

    /// Sends a request and waits for the response's head.
    ///
    /// The request's URI gives path and query. Its headers must have gone through [`headers::request`]; the route's
    /// own are put over them here. What comes back has gone through [`headers::response`]. Dropping the future or
    /// the returned body cancels the exchange.
    pub async fn send(&self, upstream: usize, request: Request<Outgoing>) -> Result<Response<Answer>, UpstreamError> {
        let target = self.targets.get(upstream).ok_or(UpstreamError::Target)?;
        let start = Instant::now();
        let end = start + target.timeouts.total;
        let progress = request.body().progress();
        let mut exchange = pin!(target.client.request(target.prepare(request)?));
        let mut limit = end.min(start + target.timeouts.header);
        let response = loop {
            if let Ok(response) = timeout_at(limit, exchange.as_mut()).await {
                break response.map_err(UpstreamError::from)?;
            }
            // The clock for the head starts at the request's last byte, and a long upload may still be under way.
            let later = end.min(progress.as_ref().map_or(start, |p| p.last()) + target.timeouts.header);
            if later <= limit {
                return Err(UpstreamError::Timeout);
            }
            limit = later;
        };
        let (mut parts, incoming) = response.into_parts();
        parts.version = Version::HTTP_11;
        parts.headers = headers::response(parts.headers);
        Ok(Response::from_parts(parts, Answer::new(incoming, target.timeouts.idle, end)))
    }
}

impl Target {
    fn new(upstream: &config::Upstream, tls: &rustls::ClientConfig) -> Result<Target, UpstreamSetUpError> {
        let url = &upstream.url;
        let (Some(scheme), Some(authority), None) = (url.scheme(), url.authority(), url.query()) else {
            return Err(UpstreamSetUpError::Url { name: upstream.name.clone() });
        };
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return Err(UpstreamSetUpError::Url { name: upstream.name.clone() });
        }
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http1_preserve_header_case(true)
            // Small heads and bodies: one flat buffer is cheaper than a list of pieces.
            .http1_writev(false)
            .http2_keep_alive_interval(H2_PING)
            .build(Connector::new(tls.clone(), upstream.timeouts.connect));
        Ok(Target {
            origin: upstream.clone(),
            client,
            scheme: scheme.clone(),
            authority: authority.clone(),
            prefix: url.path().trim_end_matches('/').to_owned(),
            headers: upstream.headers.clone(),
            timeouts: upstream.timeouts,
        })
    }

    /// Turns the client's request into the one that this upstream gets.
    fn prepare(&self, request: Request<Outgoing>) -> Result<Request<Outgoing>, UpstreamError> {
        let (mut parts, body) = request.into_parts();
        parts.uri = self.join(&parts.uri)?;
        parts.version = Version::HTTP_11;
        frame(&mut parts.headers, &parts.method, &body);
        for (name, value) in &self.headers {
            parts.headers.insert(name, value.clone());
        }
        Ok(Request::from_parts(parts, body))
    }

    fn join(&self, client: &Uri) -> Result<Uri, UpstreamError> {
        let path = client.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let path = if self.prefix.is_empty() {
            path
        } else {
            PathAndQuery::from_maybe_shared(bytes::Bytes::from(format!("{}{path}", self.prefix)))
                .map_err(|_| UpstreamError::Target)?
        };
        let mut joined = http::uri::Parts::default();
        joined.scheme = Some(self.scheme.clone());
        joined.authority = Some(self.authority.clone());
        joined.path_and_query = Some(path);
        Uri::from_parts(joined).map_err(|_| UpstreamError::Target)
    }
}

impl std::fmt::Debug for Target {
    /// Leaves `headers` out: they carry credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("authority", &self.authority)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl From<legacy::Error> for UpstreamError {
    fn from(error: legacy::Error) -> UpstreamError {
        if error.is_connect() { UpstreamError::Connect(error) } else { UpstreamError::Exchange(error) }
    }
}

/// States the body's framing, which a buffered body may have changed.
fn frame(headers: &mut HeaderMap, method: &Method, body: &Outgoing) {
    match body.size_hint().exact() {
        Some(0) if !headers.contains_key(CONTENT_LENGTH) => {}
        Some(length) => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        // hyper takes it for granted that these have no body, unless told.
        None if matches!(*method, Method::GET | Method::HEAD) => {
            headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        None => {}
    }
}

/// The innermost reason: the client's own text only says at which step it happened.
fn cause(error: &legacy::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// How long an unused connection is kept.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// How often an HTTP/2 connection in use is asked whether it still lives.
const H2_PING: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests;
