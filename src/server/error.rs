//! What a client is told when Palisade itself cannot go on. Nothing else builds such a response.
//!
//! The shape is OpenAI-compatible. Texts are fixed or name bounds; none quotes a path, a header, a query or a body.

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::body::Body;
use super::limits::BodyError;
use super::path::PathError;
use crate::upstream::{AnswerError, UpstreamError};

/// Why a request got no answer from its upstream.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The target could be read in two ways, or is none.
    #[error("{0}")]
    Path(#[from] PathError),
    /// The client wants another protocol on this connection.
    #[error("protocol upgrades are not available")]
    Upgrade,
    /// No route matches.
    #[error("no route for this path")]
    NoRoute,
    /// `max_inflight` is reached.
    #[error("too many requests under way")]
    Overloaded,
    /// The body could not be read.
    #[error("{0}")]
    Body(#[from] BodyError),
    /// The upstream could not be asked, or did not answer.
    #[error("{0}")]
    Upstream(#[from] UpstreamError),
    /// The upstream's answer broke off before it could be judged.
    #[error("{0}")]
    Answer(#[from] AnswerError),
    /// The upstream's answer is longer than can be judged.
    #[error("the upstream's answer is longer than {0} bytes")]
    AnswerTooLong(
        /// The limit, in bytes.
        usize,
    ),
    /// A protocol or feature that this version does not have.
    #[error("{0} is not available in this version")]
    NotAvailable(
        /// What is missing.
        &'static str,
    ),
}

/// Status, `type` and `code` of an error.
struct Shape(StatusCode, &'static str, &'static str);

impl RequestError {
    /// The response's status.
    pub fn status(&self) -> StatusCode {
        self.shape().0
    }

    /// The response, but for `x-palisade-id`.
    pub fn into_response(self) -> Response<Body> {
        let Shape(status, kind, code) = self.shape();
        let body = json!({"error": {"message": self.to_string(), "type": kind, "param": null, "code": code}});
        let mut response = Response::new(Body::full(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    fn shape(&self) -> Shape {
        match self {
            RequestError::Path(PathError::Method) => {
                Shape(StatusCode::METHOD_NOT_ALLOWED, INVALID, "method_not_allowed")
            }
            RequestError::Path(
                PathError::DotSegment
                | PathError::EmptySegment
                | PathError::Backslash
                | PathError::ForbiddenByte
                | PathError::BadPercent
                | PathError::NeedlessPercent,
            ) => Shape(StatusCode::BAD_REQUEST, INVALID, "invalid_path"),
            RequestError::Upgrade => Shape(StatusCode::BAD_REQUEST, INVALID, "upgrade_refused"),
            RequestError::NoRoute => Shape(StatusCode::NOT_FOUND, INVALID, "no_route"),
            RequestError::Overloaded => Shape(StatusCode::SERVICE_UNAVAILABLE, SERVER, "overloaded"),
            RequestError::Body(BodyError::TooLong(_)) => {
                Shape(StatusCode::PAYLOAD_TOO_LARGE, INVALID, "body_too_large")
            }
            RequestError::Body(BodyError::Timeout) => Shape(StatusCode::REQUEST_TIMEOUT, INVALID, "body_timeout"),
            RequestError::Body(BodyError::Broken(_)) => Shape(StatusCode::BAD_REQUEST, INVALID, "invalid_body"),
            RequestError::Upstream(UpstreamError::Connect(_)) => {
                Shape(StatusCode::BAD_GATEWAY, SERVER, "upstream_unreachable")
            }
            RequestError::Upstream(UpstreamError::Exchange(_)) | RequestError::Answer(AnswerError::Broken(_)) => {
                Shape(StatusCode::BAD_GATEWAY, SERVER, "upstream_broke_off")
            }
            RequestError::Upstream(UpstreamError::Timeout)
            | RequestError::Answer(AnswerError::Idle | AnswerError::Total) => {
                Shape(StatusCode::GATEWAY_TIMEOUT, SERVER, "upstream_timeout")
            }
            RequestError::Upstream(UpstreamError::Target) => Shape(StatusCode::URI_TOO_LONG, INVALID, "invalid_path"),
            RequestError::AnswerTooLong(_) => Shape(StatusCode::BAD_GATEWAY, SERVER, "answer_too_long"),
            RequestError::NotAvailable(_) => Shape(StatusCode::NOT_IMPLEMENTED, INVALID, "not_available"),
        }
    }
}

/// The OpenAI-compatible `type` for what the client should change.
const INVALID: &str = "invalid_request_error";

/// The OpenAI-compatible `type` for what the client cannot help.
const SERVER: &str = "server_error";
