//! Which headers pass between client and upstream.
//!
//! Maps are rebuilt, never thinned out: `HeaderMap::remove` moves the last entry into the gap and so changes the
//! order. hyper keeps the spelling of names beside the map, in the message's extensions, by name; a rebuilt map
//! therefore keeps it as long as the extensions travel along.

use http::header::{
    ACCEPT_ENCODING, CONNECTION, EXPECT, HOST, IF_RANGE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RANGE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Inspect;

/// The prefix of the headers that are Palisade's alone: from anybody else they are dropped.
const OWN_PREFIX: &str = "x-palisade-";

/// What of a client's request headers anything behind the listener may see.
///
/// Drops what is meant for one hop (RFC 9110, section 7.6.1), what `Connection` names, `Host`, and Palisade's own
/// names. On inspected routes also what would make the upstream act on, or answer with, something other than what
/// was inspected: ranges, method overrides, expectations, trailers and codings.
pub fn request(headers: HeaderMap, inspect: Inspect) -> HeaderMap {
    let inspected = inspect == Inspect::Full;
    let trailers = !inspected && wants_trailers(&headers);
    let mut out = rebuild(headers, |name| {
        *name == HOST || is_own(name) || *name == ACCEPT_ENCODING && inspected || inspected && is_evasive(name)
    });
    if inspected {
        out.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if trailers {
        out.insert(TE, HeaderValue::from_static("trailers"));
    }
    out
}

/// What of an upstream's response headers the client gets: all but what is meant for one hop.
///
/// `Trailer` stays, as it announces fields that are passed on.
pub fn response(headers: HeaderMap) -> HeaderMap {
    rebuild(headers, is_own)
}

/// Takes one header out of a request that has gone through [`request`]; the others keep their order.
pub fn take_out(headers: &mut HeaderMap, name: &HeaderName) {
    if headers.contains_key(name) {
        *headers = rebuild(std::mem::take(headers), |own| own == name);
    }
}

/// Copies the map without hop-by-hop headers, those that `Connection` names, and those that `drop` names.
fn rebuild(headers: HeaderMap, drop: impl Fn(&HeaderName) -> bool) -> HeaderMap {
    let named = named_by_connection(&headers);
    let dropped = |name: &HeaderName| is_hop_by_hop(name) || named.contains(name) || drop(name);
    if !headers.keys().any(dropped) {
        return headers;
    }
    let mut out = HeaderMap::with_capacity(headers.len() + EXTRA);
    let mut last = None;
    // The iterator names only the first of several equal names.
    for (name, value) in headers {
        if let Some(name) = name {
            last = (!dropped(&name)).then_some(name);
        }
        if let Some(name) = &last {
            out.append(name, value);
        }
    }
    out
}

/// The headers that `Connection` says are for this hop only.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&b| b == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        // A body's framing and the request's host are not for a client to take away.
        .filter(|name| *name != http::header::CONTENT_LENGTH && !is_hop_by_hop(name))
        .collect()
}

fn wants_trailers(headers: &HeaderMap) -> bool {
    headers
        .get_all(TE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&b| b == b','))
        .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(*name, CONNECTION | TE | TRANSFER_ENCODING | UPGRADE | PROXY_AUTHORIZATION | PROXY_AUTHENTICATE)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings")
}

fn is_own(name: &HeaderName) -> bool {
    name.as_str().starts_with(OWN_PREFIX)
}

/// Headers that make an upstream do other than what was inspected.
fn is_evasive(name: &HeaderName) -> bool {
    matches!(*name, RANGE | IF_RANGE | EXPECT | TRAILER) || OVERRIDES.contains(&name.as_str())
}

/// Headers by which frameworks take another method (`ASP.NET`, Rails, Spring, Express, Google's APIs) or another path
/// (IIS, Symfony, Zend) than the request's own.
const OVERRIDES: &[&str] = &[
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
];

/// Room for what is put in later, so that the map does not grow: encoding, `te`, length, host, the id.
const EXTRA: usize = 4;

#[cfg(test)]
mod tests;
