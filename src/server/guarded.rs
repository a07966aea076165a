//! The way of a request on an inspected route: read, judge, forward, and the same with the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;

use super::body::Body;
use super::budgets::tokens_in;
use super::decode::{Plain, decode};
use super::error::RequestError;
use super::facts;
use super::journey::{App, Call};
use super::query;
use super::recorder::{Recorder, Seen};
use super::refuse;
use super::stored::{resumed, store_off};
use super::tainted::Tainted;
use super::{limits, streamed};
use crate::audit::{Place, Streamed};
use crate::budget::Spender;
use crate::classifier::Priority;
use crate::coding::{Coding, Decoder};
use crate::config::Store;
use crate::detector::Conversation;
use crate::guard::{Caller, Guard, SCAN_SLICE, judge};
use crate::inspect::{self, Buffered, Cause, Concluded, Estimate, Report, Reported};
use crate::policy::rule::{Decision, Expose};
use crate::policy::{Bill, Came, Context, Effect, Facts};
use crate::protocol::framing::Frames;
use crate::protocol::json::{Json, JsonError};
use crate::protocol::walk::{WalkError, walk, walk_unknown};
use crate::protocol::{Asked, Keeps, Protocol, Recognised, is_azure};
use crate::segment::{Direction, Kind, Scope, Segment};
use crate::upstream::{Answer, Outgoing, UpstreamError};
use crate::verdict::{About, Verdict};
use limits::{BodyError, Share};

/// Everything about one exchange that its stages share.
pub(super) struct Exchange {
    pub(super) id: Arc<str>,
    pub(super) context: Context,
    pub(super) guard: Arc<Guard>,
    pub(super) recorder: Recorder,
    pub(super) place: Place,
    pub(super) protocol: Option<&'static dyn Protocol>,
    pub(super) expose: Expose,
    pub(super) asked: Asked,
    /// The request came on one of Azure's paths.
    azure: bool,
    /// The client has had the events of the answer up to this number.
    pub(super) after: Option<u64>,
    store: Store,
    tainted: Tainted,
    /// Ids under which the provider keeps what the request adds to.
    kept_as: Vec<String>,
    pub(super) route: Arc<str>,
    pub(super) caller: Caller,
    /// The message that is judged, where its texts are to be kept.
    pub(super) body: Option<Bytes>,
    /// How long Palisade itself has taken so far.
    pub(super) spent: Duration,
    /// What conditions may ask, as far as the head says, if any rule asks.
    facts: Option<Facts>,
    /// The verdict on the request.
    pub(super) request: Option<Arc<Verdict>>,
    /// Longest body that is judged, and most texts of it.
    bounds: Bounds,
    /// The API keys that it came with, if any budget asks.
    pub(super) keys: Vec<Spender>,
    /// What budgets have no room for.
    pub(super) over: Vec<Reported>,
    /// What it owes once the answer is there.
    pub(super) bill: Bill,
    /// Until a budget has room again, for what it blocks.
    pub(super) room_in: Option<Duration>,
}

#[derive(Clone, Copy)]
struct Bounds {
    body: usize,
    segments: usize,
}

/// Why a body is not read, and what says how that is decided.
pub(super) struct Unread(Cause, String);

/// Why nothing goes to the upstream.
#[expect(clippy::large_enum_variant, reason = "made once a request, and taken apart at once")]
enum Refused {
    /// A policy says so.
    Response(Response<Body>),
    /// What the request asks for is not to be had.
    Error(RequestError),
}

impl From<Response<Body>> for Refused {
    fn from(response: Response<Body>) -> Refused {
        Refused::Response(response)
    }
}

/// What goes to the upstream.
struct Forward {
    bytes: Bytes,
    /// Whether it differs from what came.
    changed: bool,
}

/// Reads, judges and forwards a request, and does the same with its response.
pub(super) async fn handle(app: Arc<App>, call: Call) -> Result<Response<Body>, RequestError> {
    let Call { id, peer, route, tenant, keys, mut parts, body, mut permit } = call;
    let started = Instant::now();
    let line = app.config.routes.get(route).ok_or(RequestError::NoRoute)?;
    let context = app.guard.context(route, tenant.as_deref()).cloned().ok_or(RequestError::NoRoute)?;
    let protocol = match app.recognise(route, parts.uri.path()) {
        Recognised::Known(protocol) => Some(protocol),
        Recognised::NotBuilt => return Err(RequestError::NotAvailable("this API")),
        Recognised::Unknown => None,
    };
    let after = match protocol {
        Some(protocol) => resumed(protocol, &mut parts.uri)?,
        None => None,
    };
    let server = &app.config.server;
    let bytes = limits::read_body(body, server, &mut permit.share).await?;
    let plain = decode(&parts.headers, &bytes, server.max_body, &mut permit.share).await?;
    let id: Arc<str> = id.to_string().into();
    let mut exchange = Exchange {
        caller: Caller { client: client_key(peer.ip()), tenant, id: Arc::clone(&id) },
        id,
        expose: refuse::expose(&context, app.config.server.listen.ip().is_loopback()),
        context,
        guard: Arc::clone(&app.guard),
        recorder: app.recorder.clone(),
        // Before the upstream is called, so that nothing goes on whose record would find no room.
        place: app.recorder.reserve()?,
        body: None,
        protocol,
        asked: Asked::default(),
        azure: is_azure(parts.uri.path()),
        after,
        store: line.store,
        tainted: app.tainted.clone(),
        kept_as: Vec::new(),
        route: app.routes.name(route),
        spent: Duration::ZERO,
        facts: None,
        request: None,
        bounds: Bounds { body: server.max_body, segments: server.max_segments },
        keys,
        over: Vec::new(),
        bill: Bill::default(),
        room_in: None,
    };
    if exchange.context.rules.asks() {
        let tenant = exchange.caller.tenant.as_deref();
        let vars = tenant.and_then(|tenant| app.guard.vars(tenant));
        let facts = facts::of_head(&parts, peer.ip(), tenant, vars, protocol);
        exchange.context.ask_about(facts.clone());
        exchange.facts = Some(facts);
    }
    let received = Instant::now();
    let Forward { bytes, changed } = match exchange.request(&parts.headers, &parts.uri, bytes, plain).await {
        Ok(forward) => forward,
        Err(Refused::Response(response)) => return Ok(response.map(|body| body.holding(permit))),
        Err(Refused::Error(error)) => return Err(error),
    };
    // Reading the client's body is the client's time.
    exchange.spent = received.elapsed();
    tracing::trace!(id = %exchange.id, waited_us = started.elapsed().as_micros() as u64, "request judged");
    let method = parts.method.clone();
    if changed {
        recoded(&mut parts.headers);
    }
    let mut request = Request::from_parts(parts, Outgoing::full(bytes.clone()));
    if request.headers().contains_key(CONTENT_LENGTH) {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
    exchange.bill.send();
    let answer = app.upstreams.send(line.upstream, request).await.inspect_err(|error| {
        if matches!(error, UpstreamError::Connect(_)) {
            exchange.bill.fail();
        }
    })?;
    drop(bytes);
    permit.share.shrink(0);
    let response = exchange.response(answer, &method, &mut permit.share).await?;
    Ok(response.map(|body| body.holding(permit)))
}

impl Exchange {
    /// Judges the request. Gives the bytes to forward, or the answer to a blocked request.
    async fn request(
        &mut self,
        headers: &HeaderMap,
        target: &Uri,
        bytes: Bytes,
        plain: Plain,
    ) -> Result<Forward, Refused> {
        let started = Instant::now();
        let read = (!bytes.is_empty()).then(|| match &plain {
            Plain::Same => self.read_request(headers, &bytes),
            Plain::Decoded(plain) => self.read_request(headers, plain),
            Plain::Unreadable(error) => Err(Unread(Cause::Unreadable, error.to_string())),
        });
        match (&read, self.protocol) {
            (Some(Ok(inspect::Body::Json(json, _))), protocol) => {
                let own = protocol.map(|protocol| protocol.asked(json, target));
                self.asked = own.unwrap_or_else(|| Asked::in_openai_style(json));
                self.ask_about(Some(json));
            }
            (None, Some(protocol)) => {
                if let Ok(nothing) = Json::parse(b"{}") {
                    self.asked = protocol.asked(&nothing, target);
                    self.ask_about(None);
                }
            }
            _ => {}
        }
        let mut tokens = None;
        if self.counts_tokens() && read.is_some() {
            let mut estimate = Estimate::of(Direction::Request);
            while matches!(&read, Some(Ok(body)) if estimate.read_on(body, SCAN_SLICE)) {
                tokio::task::yield_now().await;
            }
            // One at least, so that none is free.
            let about = if matches!(read, Some(Ok(_))) { estimate.tokens() } else { tokens_in(bytes.len()) };
            tokens = Some(about.max(1));
        }
        // Before anything is done for it, and before anything of it is kept.
        if let Some(response) = self.admit(tokens, started) {
            return Err(response.into());
        }
        self.judge_query(target, started).await?;
        let Some(read) = read else {
            if !self.over.is_empty() {
                self.request = Some(self.record(Direction::Request, &Report::default(), None, started));
            }
            return Ok(Forward { bytes, changed: false });
        };
        self.body = self.recorder.keeps_text().then(|| plain.readable(&bytes));
        let body = match read {
            Ok(body) => body,
            Err(Unread(cause, reason)) => {
                let report = Report { unreadable: Some(reason), ..Report::default() };
                // What is not read may say that it is to be kept.
                if self.decision(&cause) == Decision::Block || self.forced_off() != Keeps::Never {
                    return Err(self.refuse_request(&cause, report, started).into());
                }
                self.record(Direction::Request, &report, None, started);
                return Ok(Forward { bytes, changed: false });
            }
        };
        if let inspect::Body::Json(json, _) = &body {
            let ids = self.protocol.map(|protocol| protocol.goes_on_from(json)).unwrap_or_default();
            if ids.iter().any(|id| self.tainted.holds(id)) {
                return Err(Refused::Error(RequestError::Tainted));
            }
            self.kept_as = self.protocol.map(|protocol| protocol.kept_as(json)).unwrap_or_default();
        }
        let system = if self.context.rules.reads_conversation() { inspect::system_texts(&body) } else { Vec::new() };
        let planted = inspect::plant(&self.context, self.caller.tenant.as_deref(), &body);
        let mut concluded = self.judge(body, Direction::Request).await;
        if let Some(cause) = concluded.block.clone() {
            return Err(self.refuse_request(&cause, concluded.report, started).into());
        }
        // From here on the context is that of the answer, which gets back what this very request held.
        self.context.pseudonyms.clone_from(&concluded.pseudonyms);
        let canary = planted.map(|planted| concluded.plant(planted));
        self.context.conversation = Conversation::new(system, canary).into();
        self.request = Some(self.record(Direction::Request, &concluded.report, None, started));
        let plain = if let Plain::Decoded(plain) = &plain { plain } else { &bytes };
        let rewritten = concluded.changes().then(|| Bytes::from(concluded.rewritten(plain, None, |_| None)));
        let unkept = match self.forced_off() {
            Keeps::Never => None,
            keeps => store_off(rewritten.as_ref().unwrap_or(plain), keeps),
        };
        Ok(match unkept.or(rewritten) {
            Some(bytes) => Forward { bytes, changed: true },
            None => Forward { bytes, changed: false },
        })
    }

    /// Judges what the target says besides the path.
    async fn judge_query(&self, target: &Uri, started: Instant) -> Result<(), Refused> {
        let query = target.query().map(query::as_json).filter(|query| query != "{}");
        if let Some(query) = &query
            && let Ok(json) = Json::parse(query.as_bytes())
        {
            let walked = walk_unknown(&json, Direction::Request);
            let concluded = self.judge(inspect::Body::Json(json, walked), Direction::Request).await;
            if concluded.block.is_some() || concluded.changes() {
                // A query is never rewritten: what it means to the upstream is not ours to guess.
                let cause =
                    concluded.block.clone().or_else(|| first_rule(&concluded.report)).unwrap_or(Cause::Unreadable);
                return Err(self.refuse_request(&cause, concluded.report, started).into());
            }
        }
        Ok(())
    }

    /// From here on conditions know what the request asks for.
    fn ask_about(&mut self, body: Option<&Json<'_>>) {
        if let Some(facts) = &self.facts {
            self.context.ask_about(facts::with_body(facts, &self.asked, body));
        }
    }

    /// Whether the provider would keep what the route says it may not.
    fn forced_off(&self) -> Keeps {
        let keeps = self.protocol.map_or(Keeps::Never, Protocol::keeps);
        if self.store == Store::ForceOff { keeps } else { Keeps::Never }
    }

    /// Nobody goes on from what the provider keeps under these ids, nor from what the request adds to; that also where an
    /// answer is blocked before it says its own.
    pub(super) fn taint(&self, ids: &[String], blocked: bool) {
        if blocked || !ids.is_empty() {
            ids.iter().chain(&self.kept_as).for_each(|id| self.tainted.add(id));
        }
    }

    /// The same of a whole answer: it is kept as it came.
    fn taint_whole(&self, body: &[u8]) {
        self.kept_as.iter().for_each(|id| self.tainted.add(id));
        if let (Some(protocol), Ok(json)) = (self.protocol, Json::parse(body)) {
            self.taint(&protocol.kept_as(&json), true);
        }
    }

    /// What the policies say of a body that is not read.
    fn decision(&self, cause: &Cause) -> Decision {
        match cause {
            Cause::OverLimit => self.context.rules.over_limit_of_body(),
            _ => self.context.rules.unreadable(),
        }
    }

    fn read_request<'b>(&self, headers: &HeaderMap, bytes: &'b Bytes) -> Result<inspect::Body<'b>, Unread> {
        readable(headers)?;
        let json = Json::parse(bytes)?;
        let walked = match self.protocol {
            Some(protocol) => {
                let (shape, kind) = protocol.request();
                walk(&json, shape, Direction::Request, kind)?
            }
            None => walk_unknown(&json, Direction::Request),
        };
        Ok(inspect::Body::Json(json, walked))
    }

    async fn judge(&self, body: inspect::Body<'_>, direction: Direction) -> Concluded {
        let mut buffered = Buffered::new(&self.context, body, direction).at_most(self.bounds.segments);
        judge(&mut buffered, self.guard.inference.as_deref(), self.caller.clone(), Priority::Gate).await;
        buffered.conclude(false)
    }

    /// Judges the answer.
    async fn response(
        mut self,
        response: Response<Answer>,
        method: &Method,
        share: &mut Share,
    ) -> Result<Response<Body>, RequestError> {
        let (mut parts, answer) = response.into_parts();
        if !parts.status.is_success() {
            self.bill.fail();
        }
        let empty = *method == Method::HEAD
            || parts.status == StatusCode::NO_CONTENT
            || parts.status == StatusCode::NOT_MODIFIED
            || parts.status.is_informational();
        if empty {
            self.tell(&mut parts.headers, &[]);
            return Ok(Response::from_parts(parts, Body::answer(answer)));
        }
        self.body = None;
        if parts.status == StatusCode::PARTIAL_CONTENT {
            return Err(RequestError::PartialAnswer);
        }
        if let Some(frames) = self.frames(&parts.headers)
            && readable(&parts.headers).is_ok()
            && let Ok(codings) = Coding::of(&parts.headers)
        {
            share.grow(codings.iter().map(|coding| coding.memory()).sum()).map_err(BodyError::from)?;
            let decoder = (!codings.is_empty()).then(|| Decoder::new(&codings));
            return Ok(streamed::respond(self, parts, answer, frames, decoder).await);
        }
        let (bytes, trailers) = collect(answer, self.bounds.body, share).await?;
        let started = Instant::now();
        let plain = decode(&parts.headers, &bytes, self.bounds.body, share).await.map_err(of_answer)?;
        self.body = self.recorder.keeps_text().then(|| plain.readable(&bytes));
        let read = match &plain {
            Plain::Same => self.read_response(&parts.headers, &bytes),
            Plain::Decoded(plain) => self.read_response(&parts.headers, plain),
            Plain::Unreadable(error) => Err(Unread(Cause::Unreadable, error.to_string())),
        };
        if self.bill.is_open() {
            let unread = |_: &Unread| Came { seen: tokens_in(bytes.len()), whole: true, ..Came::default() };
            let mut came = read.as_ref().map_or_else(unread, inspect::reported);
            let mut estimate = Estimate::of(Direction::Response);
            while came.output.is_none() && matches!(&read, Ok(body) if estimate.read_on(body, SCAN_SLICE)) {
                tokio::task::yield_now().await;
            }
            came.seen = came.seen.max(estimate.tokens());
            self.bill.settle(came, Instant::now());
        }
        let body = match read {
            Ok(body) => body,
            Err(Unread(cause, reason)) => {
                let report = Report { unreadable: Some(reason), ..Report::default() };
                if self.decision(&cause) == Decision::Block && !bytes.is_empty() {
                    self.taint_whole(&[]);
                    return Ok(self.refuse_response(&cause, report, started));
                }
                let verdict = self.record(Direction::Response, &report, None, started);
                self.tell(&mut parts.headers, &[&verdict]);
                return Ok(Response::from_parts(parts, Body::whole(bytes, trailers)));
            }
        };
        let concluded = self.judge(body, Direction::Response).await;
        let answered = concluded.report.findings.iter().filter(|found| found.segment.kind.is_answered());
        let (done, _) = inspect::severest(&self.context, &answered.cloned().collect::<Vec<_>>());
        if concluded.block.is_some() || matches!(done, Effect::Block | Effect::Rewrite) {
            self.taint_whole(if let Plain::Decoded(plain) = &plain { plain } else { &bytes });
        }
        if let Some(cause) = concluded.block.clone() {
            return Ok(self.refuse_response(&cause, concluded.report, started));
        }
        let cut = concluded.choices.first().map(|&(_, rule)| Cause::Rule(rule));
        let verdict = self.record(Direction::Response, &concluded.report, cut.as_ref(), started);
        self.spent += started.elapsed();
        self.tell(&mut parts.headers, &[&verdict]);
        let bytes = if concluded.changes() {
            changed(&mut parts.headers);
            let message = |rule: usize| {
                let notice = refuse::notice(&self.context, self.expose, &self.id, &Cause::Rule(rule), "answer");
                notice.refusal.then_some(notice.message)
            };
            let plain = if let Plain::Decoded(plain) = &plain { plain } else { &bytes };
            concluded.rewritten(plain, self.protocol, message).into()
        } else {
            bytes
        };
        Ok(Response::from_parts(parts, Body::whole(bytes, trailers)))
    }

    /// How an answer with these headers is cut into events, if it is a stream.
    fn frames(&self, headers: &HeaderMap) -> Option<Frames> {
        let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        self.protocol.map_or_else(|| Frames::of(kind), |protocol| protocol.frames(kind, &self.asked))
    }

    fn read_response<'b>(&self, headers: &HeaderMap, bytes: &'b Bytes) -> Result<inspect::Body<'b>, Unread> {
        readable(headers)?;
        match (Json::parse(bytes), self.protocol) {
            // Its elements are events, and their pieces of a text were each taken for a whole one here.
            (Ok(json), Some(_)) if self.asked.stream == Some(Frames::Array) && json.elements(0).nth(1).is_some() => {
                Err(UNSAID.to_owned().into())
            }
            (Ok(json), Some(protocol)) => {
                let (shape, kind) = protocol.response();
                let walked = walk(&json, shape, Direction::Response, kind)?;
                Ok(inspect::Body::Json(json, walked))
            }
            (Ok(json), None) => {
                let walked = walk_unknown(&json, Direction::Response);
                Ok(inspect::Body::Json(json, walked))
            }
            // An error page, say, or a body that claims to be what it is not: all of it is text.
            (Err(error), _) => {
                if error.is_bound() {
                    return Err(error.into());
                }
                let text = std::str::from_utf8(bytes).map_err(|_| "neither JSON nor UTF-8 text".to_owned())?;
                let claims_json = headers.get(CONTENT_TYPE).is_some_and(|kind| {
                    kind.as_bytes().to_ascii_lowercase().windows(4).any(|window| window == b"json")
                });
                if claims_json && !text.trim().is_empty() {
                    return Err(error.into());
                }
                // Clients read events whatever their type says, and put together what stands apart here.
                let reads_lines =
                    self.protocol.is_some_and(|protocol| protocol.frames(NDJSON, &self.asked) == Some(Frames::Ndjson));
                let is_event = |line: &str| match line.strip_prefix("data:") {
                    // A page may have such a line.
                    Some(data) => self.protocol.is_some() || Json::parse(data.trim().as_bytes()).is_ok(),
                    None => reads_lines && line.trim_start().starts_with('{') && line.trim_end().ends_with('}'),
                };
                if text.trim_start_matches('\u{feff}').split(['\n', '\r']).any(is_event) {
                    return Err(UNSAID.to_owned().into());
                }
                Ok(inspect::Body::Plain(text, plain_segment()))
            }
        }
    }

    pub(super) fn refuse_request(&self, cause: &Cause, report: Report, started: Instant) -> Response<Body> {
        self.refuse(Direction::Request, cause, report, started)
    }

    pub(super) fn refuse_response(&self, cause: &Cause, report: Report, started: Instant) -> Response<Body> {
        self.refuse(Direction::Response, cause, report, started)
    }

    fn refuse(&self, direction: Direction, cause: &Cause, report: Report, started: Instant) -> Response<Body> {
        let what = if direction == Direction::Request { "request" } else { "answer" };
        let mut notice = refuse::notice(&self.context, self.expose, &self.id, cause, what);
        let told = matches!(cause, Cause::Unreadable | Cause::OverLimit) && self.expose != Expose::None;
        if let (Some(reason), true) = (&report.unreadable, told) {
            // Names the fault and its place, never the text.
            notice.message = format!("{} {reason}.", notice.message);
        }
        let (context, asked) = (&self.context, &self.asked);
        let wanted = refuse::Wanted { asked, direction, azure: self.azure, room_in: self.room_in };
        let mut response = refuse::blocked(context, self.protocol, &notice, &report, &self.id, &wanted);
        let verdict = self.record(direction, &report, Some(cause), started);
        let spent = self.spent + started.elapsed();
        let earlier = self.request.as_deref();
        let verdicts: Vec<&Verdict> = earlier.into_iter().chain([&*verdict]).collect();
        refuse::tell(response.headers_mut(), &self.context, self.expose, &verdicts, spent.as_micros() as u64);
        response
    }

    /// Adds the headers that say what was done.
    pub(super) fn tell(&self, headers: &mut HeaderMap, verdicts: &[&Verdict]) {
        let all: Vec<&Verdict> = self.request.as_deref().into_iter().chain(verdicts.iter().copied()).collect();
        refuse::tell(headers, &self.context, self.expose, &all, self.spent.as_micros() as u64);
    }

    fn record(&self, direction: Direction, report: &Report, blocked: Option<&Cause>, started: Instant) -> Arc<Verdict> {
        self.record_spent(direction, report, blocked, started.elapsed(), None)
    }

    pub(super) fn record_spent(
        &self,
        direction: Direction,
        report: &Report,
        blocked: Option<&Cause>,
        spent: Duration,
        stream: Option<Streamed>,
    ) -> Arc<Verdict> {
        let with_budgets = (direction == Direction::Request && !self.over.is_empty()).then(|| {
            let findings = self.over.iter().chain(&report.findings).cloned().collect();
            Report { findings, ..report.clone() }
        });
        let report = with_budgets.as_ref().unwrap_or(report);
        let about = About {
            id: Arc::clone(&self.id),
            route: Some(Arc::clone(&self.route)),
            model: self.asked.model.clone(),
            tenant: self.caller.tenant.clone(),
            elapsed_us: spent.as_micros() as u64,
            ..About::default()
        };
        let verdict = Arc::new(Verdict::new(&self.context, direction, report, blocked, about));
        let fail_closed = blocked.is_some() && !refuse::by_finding(&self.context, report);
        let seen = Seen { protocol: self.protocol, stream, body: self.body.clone(), fail_closed };
        self.recorder.record(&self.place, &verdict, seen);
        verdict
    }
}

impl From<String> for Unread {
    fn from(reason: String) -> Unread {
        Unread(Cause::Unreadable, reason)
    }
}

impl From<JsonError> for Unread {
    fn from(error: JsonError) -> Unread {
        Unread(if error.is_bound() { Cause::OverLimit } else { Cause::Unreadable }, error.to_string())
    }
}

impl From<WalkError> for Unread {
    fn from(error: WalkError) -> Unread {
        Unread(Cause::Unreadable, error.to_string())
    }
}

/// What is wrong with an answer's body is not the client's fault.
fn of_answer(error: BodyError) -> RequestError {
    match error {
        BodyError::TooLong(max) => RequestError::AnswerTooLong(max),
        BodyError::Grows(error) => RequestError::AnswerGrows(error),
        other => other.into(),
    }
}

/// Drops the headers that a changed body makes wrong.
pub(super) fn changed(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    recoded(headers);
}

/// The same, but for the length.
fn recoded(headers: &mut HeaderMap) {
    for name in [CONTENT_ENCODING, ETAG, CONTENT_MD5, DIGEST, CONTENT_DIGEST, REPR_DIGEST] {
        headers.remove(name);
    }
}

/// Whether a body with these headers can be read at all. Content-type never decides whether it is read.
fn readable(headers: &HeaderMap) -> Result<(), String> {
    for kind in headers.get_all(CONTENT_TYPE) {
        let kind = kind.to_str().map_err(|_| "a content type that is no text".to_owned())?;
        if kind.eq_ignore_ascii_case("application/json") {
            continue;
        }
        // However it is spelled out: `charset = x`, `charset*=x`, twice.
        for charset in kind.to_ascii_lowercase().split("charset").skip(1) {
            let charset = charset.strip_prefix('=').unwrap_or("?").split(';').next().unwrap_or_default();
            if !matches!(charset.trim().trim_matches('"'), "utf-8" | "utf8" | "us-ascii") {
                return Err("a charset other than UTF-8".to_owned());
            }
        }
    }
    Ok(())
}

/// All of an answer's bytes, and its trailers.
async fn collect(
    mut answer: Answer,
    max: usize,
    share: &mut Share,
) -> Result<(Bytes, Option<HeaderMap>), RequestError> {
    let mut parts: Vec<Bytes> = Vec::new();
    let (mut len, mut trailers) = (0, None);
    while let Some(frame) = answer.frame().await {
        match frame.map_err(RequestError::Answer)?.into_data() {
            Ok(data) => {
                len += data.len();
                if len > max {
                    return Err(RequestError::AnswerTooLong(max));
                }
                share.grow(data.len()).map_err(BodyError::from)?;
                parts.push(data);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let bytes = match parts.len() {
        0 => Bytes::new(),
        1 => parts.remove(0),
        _ => parts.concat().into(),
    };
    Ok((bytes, trailers))
}

/// Why a stream that comes as a whole body is not read: its pieces would be read apart.
const UNSAID: &str = "a stream of events that does not say so";

/// As JSON lines are called.
const NDJSON: &[u8] = b"application/x-ndjson";

fn first_rule(report: &Report) -> Option<Cause> {
    report.findings.first().map(|reported| Cause::Rule(reported.finding.rule))
}

fn plain_segment() -> Segment {
    Segment { scope: Scope::OUTPUT, ..Segment::new(Direction::Response, Kind::Completion, "") }
}

/// A number for the client, for fairness between clients; not its address.
fn client_key(ip: std::net::IpAddr) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    static HASHER: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    HASHER.hash_one(ip)
}

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const DIGEST: HeaderName = HeaderName::from_static("digest");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
