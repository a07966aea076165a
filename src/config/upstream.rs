//! One entry of `upstreams`: where requests go and what they get on the way.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri};

use super::problem::{Collector, Problem, quoted};
use super::reader::MapReader;
use super::source::At;
use super::tree::{Entry, Node, Value};
use super::value::{self, duration};
use super::{Timeouts, Upstream};

/// Reads one upstream.
pub(super) fn read(reader: &mut MapReader<'_>, name: &str) -> Option<Upstream> {
    if let Some(node) = reader.node("url") {
        hide_userinfo(node, reader.problems());
    }
    let url = reader.required("url", url);
    if let (Some(url), Some(node)) = (&url, reader.node("url"))
        && let Some(problem) = doubled_prefix(url, &node.at)
    {
        reader.problem(problem);
    }
    let headers = reader.map("headers", read_headers).unwrap_or_default();
    let timeouts = reader.map("timeouts", read_timeouts).unwrap_or_default();
    Some(Upstream { name: name.to_owned(), url: url?, headers, timeouts })
}

/// `http` or `https`, a host, perhaps a port and a path prefix, nothing else.
pub(super) fn url(node: &Node) -> Result<Uri, Problem> {
    let text = value::string(node)?;
    let fault = |label: &str| Problem::error(&node.at, "wrong upstream URL").label(label);
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fault("expected printable ASCII without spaces"));
    }
    let text = text.trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").ok_or_else(|| {
        fault("expected `http://` or `https://` and a host").help("for example `https://api.openai.com`")
    })?;
    if !matches!(scheme, "http" | "https") {
        return Err(fault("expected the scheme `http` or `https`"));
    }
    if text.contains(['?', '#']) {
        return Err(fault("expected no query and no fragment"));
    }
    let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err(fault("expected no user name or password before the host")
            .help("send credentials with `headers: { authorization: … }`"));
    }
    let segments = || prefix.split('/');
    let odd = segments().any(|segment| matches!(segment, "." | "..") || segment.contains(['\\', '%']));
    if odd || (!prefix.is_empty() && segments().any(str::is_empty)) {
        return Err(fault("expected a plain path prefix: no empty or dot segments, no `\\`, no `%`"));
    }
    let uri: Uri = text.parse().map_err(|_| fault("expected a host, perhaps a port, and a path prefix"))?;
    let host = uri.host().unwrap_or_default();
    // `Uri` keeps ports that are no numbers; `host:` and `host:99999` must not reach the connector.
    let bare = authority.len() == host.len();
    if host.is_empty() || (!bare && uri.port_u16().is_none_or(|port| port == 0)) {
        return Err(fault("expected a host and, after a `:`, a port from 1 to 65535"));
    }
    Ok(uri)
}

/// Clients send `/v1/…` themselves, so a prefix that ends so is nearly always a slip.
pub(super) fn doubled_prefix(url: &Uri, at: &At) -> Option<Problem> {
    let last = url.path().rsplit('/').next().filter(|last| matches!(*last, "v1" | "v1beta"))?;
    Some(
        Problem::warning(at, format!("the path ends in `/{last}`, which clients send themselves"))
            .label(format!("requests to `/{last}/…` will go to `…/{last}/{last}/…`"))
            .help(format!("leave `/{last}` out, unless clients leave it out of theirs")),
    )
}

fn read_headers(reader: &mut MapReader<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let problems = reader.problems();
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    for entry in reader.entries() {
        // Most headers given here are keys: none is ever shown, whatever it holds.
        problems.hide(&entry.value.at);
        let Some((name, value)) = problems.keep(header(entry)) else { continue };
        if headers.iter().any(|(known, _)| *known == name) {
            problems.push(Problem::error(&entry.key_at, format!("header {} is given twice", quoted(name.as_str()))));
        }
        headers.push((name, value));
    }
    headers
}

fn header(entry: &Entry) -> Result<(HeaderName, HeaderValue), Problem> {
    let fault = |label: &str| Problem::error(&entry.key_at, "wrong header name").label(label);
    let name: HeaderName = entry.key.parse().map_err(|_| fault("expected a header name"))?;
    if FRAMING.contains(&name.as_str()) {
        return Err(fault("Palisade sets this header itself"));
    }
    let Value::Scalar(scalar) = &entry.value.value else {
        return Err(Problem::error(&entry.value.at, "wrong header value").label("expected one text"));
    };
    let mut value = HeaderValue::from_str(scalar.text.trim()).map_err(|_| {
        Problem::error(&entry.value.at, "wrong header value").label("expected printable ASCII (not shown here)")
    })?;
    value.set_sensitive(scalar.expanded || CREDENTIALS.contains(&name.as_str()));
    Ok((name, value))
}

fn read_timeouts(reader: &mut MapReader<'_>) -> Timeouts {
    let default = Timeouts::default();
    let bounds = || duration(Duration::from_millis(1)..=Duration::from_secs(24 * 3600));
    Timeouts {
        connect: reader.optional("connect", bounds()).unwrap_or(default.connect),
        header: reader.optional("header", bounds()).unwrap_or(default.header),
        idle: reader.optional("idle", bounds()).unwrap_or(default.idle),
        total: reader.optional("total", bounds()).unwrap_or(default.total),
    }
}

/// Hides what stands before an `@`: people do put passwords there.
pub(super) fn hide_userinfo(node: &Node, problems: &Collector) {
    if let Some(end) = node.at.raw().rfind('@') {
        let mut at = node.at.clone();
        let start = at.raw().find("://").map_or(0, |scheme| scheme + 3).min(end);
        at.range = at.range.start + start..at.range.start + end;
        problems.hide(&at);
    }
}

/// Headers that frame or route a message (RFC 9110, 7.6.1; RFC 9112).
const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers that carry credentials.
const CREDENTIALS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "ocp-apim-subscription-key",
    "proxy-authorization",
    "x-api-key",
    "x-goog-api-key",
];
