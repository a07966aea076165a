//! Responses of the admin port.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::telemetry::escape::json_line;

/// Why a request is not answered as it wants.
#[derive(Debug)]
pub(super) enum Fault {
    /// The request makes no sense; why, without quoting it.
    Bad(String),
    /// The body is longer than this many bytes.
    TooLong(usize),
    /// There is no such thing.
    NotFound,
    /// There is, but for another method.
    Method(Method),
    /// `Host` is no address and no known name.
    Host,
    /// A page of another origin asks.
    Origin,
    /// The token is missing or wrong.
    Token,
    /// The files have problems; rendered.
    Reload(String),
    /// No more requests should come here; why.
    NotReady(Vec<String>),
    /// The proxy is not running.
    Unavailable,
}

impl Fault {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Fault::Bad(_) => StatusCode::BAD_REQUEST,
            Fault::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Fault::Host | Fault::Origin => StatusCode::FORBIDDEN,
            Fault::Token => StatusCode::UNAUTHORIZED,
            Fault::Reload(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::NotReady(_) | Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(&self) -> String {
        match self {
            Fault::Bad(why) | Fault::Reload(why) => why.clone(),
            Fault::TooLong(max) => format!("the body is longer than {max} bytes"),
            Fault::NotFound => "there is nothing here".to_owned(),
            Fault::Method(method) => format!("this takes {method}"),
            Fault::Host => "`Host` must be an address, `localhost`, or a name under `admin.hosts`".to_owned(),
            Fault::Origin => "pages of other origins may not ask".to_owned(),
            Fault::Token => "the admin token is needed: `Authorization: Bearer …`".to_owned(),
            Fault::NotReady(why) => why.join("; "),
            Fault::Unavailable => "the proxy is not running".to_owned(),
        }
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        if let Fault::NotReady(why) = &self {
            let mut response = text(&format!("not ready\n{}\n", why.join("\n")));
            *response.status_mut() = self.status();
            return response;
        }
        let mut response = json(&json!({ "error": { "message": self.message() } }));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        match &self {
            Fault::Token => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Fault::Method(method) => {
                let allow = if *method == Method::GET { "GET, HEAD" } else { "POST" };
                headers.insert(ALLOW, HeaderValue::from_static(allow));
            }
            _ => {}
        }
        response
    }
}

/// A value as JSON.
pub(super) fn json(value: &impl Serialize) -> Response<Full<Bytes>> {
    // Plain data, whose keys are texts: serialising it does not fail.
    let mut body = json_line(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
    body.push('\n');
    with_type(body, "application/json")
}

/// Plain text.
pub(super) fn text(text: &str) -> Response<Full<Bytes>> {
    with_type(text.to_owned(), "text/plain; charset=utf-8")
}

/// A body of this media type.
pub(super) fn with_type(body: String, kind: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
