//! What a client is told when Palisade itself cannot go on. Nothing else builds such a response.
//!
//! The shape is that of the path's protocol, `OpenAI`'s where none is known. Texts are fixed or name bounds; none quotes a
//! path, a header, a query or a body.

use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use super::body::Body;
use super::limits::BodyError;
use super::origin::OriginError;
use super::path::PathError;
use crate::coding::CodingError;
use crate::protocol::{Problem, Protocol, openai_error};
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
    /// No key, or none that is known.
    #[error("this proxy needs an API key, and the request has none that it knows")]
    NoKey,
    /// The request may not be its client's own.
    #[error("{0}")]
    Origin(#[from] OriginError),
    /// The head is longer than `max_head`.
    #[error("the request's head is longer than {0} bytes")]
    HeadTooLong(
        /// The limit.
        usize,
    ),
    /// `max_inflight_per_client` is reached.
    #[error("too many requests of this client under way")]
    TooManyOfClient,
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
    /// A tenant header that stands twice, or keys of two tenants.
    #[error("the request names more than one tenant")]
    Tenant,
    /// A tenant header is missing, names nobody, or came from somebody who may not set it.
    #[error("the request belongs to no known tenant")]
    UnknownTenant,
    /// No API key of any tenant.
    #[error("the request has no API key of a known tenant")]
    UnknownKey,
    /// No place in the decision log, and `on_full` is not `drop`.
    #[error("the decision log is full")]
    AuditFull,
    /// The upstream's answer stands for more than can be judged.
    #[error("the upstream's answer is refused: {0}")]
    AnswerGrows(
        /// In what way.
        CodingError,
    ),
    /// A part of an answer, of which nobody has seen the rest.
    #[error("the upstream answered with a part of something, which cannot be judged")]
    PartialAnswer,
    /// Where a stream is to go on is not said in one plain number.
    #[error("`starting_after` has to be one number")]
    Resumed,
    /// It names what the provider keeps of an answer that was blocked or rewritten here.
    #[error(
        "the request goes on from an answer that was blocked or rewritten, of which the provider keeps the original; \
         send the conversation without it"
    )]
    Tainted,
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

    /// What programs tell it by.
    pub fn code(&self) -> &'static str {
        self.shape().2
    }

    /// The response, but for `x-palisade-id`. `protocol` is the one that the path names, if any.
    pub fn into_response(self, protocol: Option<&dyn Protocol>, id: &str) -> Response<Body> {
        let Shape(status, kind, code) = self.shape();
        let message = self.to_string();
        let body = match protocol {
            Some(protocol) => protocol.error_body(&Problem {
                status: status.as_u16(),
                message: &message,
                kind,
                code,
                id,
                azure: false,
            }),
            None => openai_error(&message, kind, code),
        };
        let mut response = Response::new(Body::full(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
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
            RequestError::NoKey => Shape(StatusCode::UNAUTHORIZED, INVALID, "invalid_api_key"),
            RequestError::Origin(OriginError::Host) => Shape(StatusCode::FORBIDDEN, INVALID, "forbidden_host"),
            RequestError::Origin(OriginError::Origin) => Shape(StatusCode::FORBIDDEN, INVALID, "forbidden_origin"),
            RequestError::HeadTooLong(_) => {
                Shape(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, INVALID, "headers_too_large")
            }
            RequestError::TooManyOfClient => Shape(StatusCode::TOO_MANY_REQUESTS, RATE, "too_many_requests"),
            RequestError::Overloaded | RequestError::Body(BodyError::NoRoom) => {
                Shape(StatusCode::SERVICE_UNAVAILABLE, SERVER, "overloaded")
            }
            RequestError::Body(BodyError::TooLong(_) | BodyError::Grows(_)) => {
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
            RequestError::Tenant => Shape(StatusCode::BAD_REQUEST, INVALID, "invalid_tenant"),
            RequestError::UnknownTenant => Shape(StatusCode::FORBIDDEN, INVALID, "unknown_tenant"),
            RequestError::UnknownKey => Shape(StatusCode::UNAUTHORIZED, INVALID, "unknown_tenant"),
            RequestError::AuditFull => Shape(StatusCode::SERVICE_UNAVAILABLE, SERVER, "audit_log_full"),
            RequestError::AnswerTooLong(_) | RequestError::AnswerGrows(_) => {
                Shape(StatusCode::BAD_GATEWAY, SERVER, "answer_too_long")
            }
            RequestError::Resumed => Shape(StatusCode::BAD_REQUEST, INVALID, "invalid_starting_after"),
            RequestError::Tainted => Shape(StatusCode::BAD_REQUEST, INVALID, "tainted_state"),
            RequestError::PartialAnswer => Shape(StatusCode::BAD_GATEWAY, SERVER, "partial_answer"),
            RequestError::NotAvailable(_) => Shape(StatusCode::NOT_IMPLEMENTED, INVALID, "not_available"),
        }
    }
}

/// The OpenAI-compatible `type` for what the client should change.
const INVALID: &str = "invalid_request_error";

/// The OpenAI-compatible `type` for what the client should do less often.
const RATE: &str = "rate_limit_error";

/// The OpenAI-compatible `type` for what the client cannot help.
const SERVER: &str = "server_error";
