//! The way of a request on an inspected route.

use std::sync::Arc;

use http::Response;

use super::body::Body;
use super::error::RequestError;
use super::journey::{App, Call};

/// Reads, judges and forwards a request, and does the same with its response.
pub(super) async fn handle(_app: Arc<App>, call: Call) -> Result<Response<Body>, RequestError> {
    drop(call);
    std::future::ready(Err(RequestError::NotAvailable("inspection"))).await
}
