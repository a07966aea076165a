//! What a client gets when its message, or the answer to it, is blocked; and the headers that say what was done.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::body::Body;
use crate::action::{Action, BlockAs};
use crate::detector::Plan;
use crate::finding::{Failure, Judgement, Outcome};
use crate::inspect::{Cause, Notice, Report};
use crate::policy::rule::{Expose, Mode};
use crate::policy::{Context, Effect, effect};
use crate::protocol::{Answer, Asked, BLOCKED, Problem, Protocol, openai_error};
use crate::segment::Direction;
use crate::verdict::Verdict;

/// What clients may be told: the most secretive of the policies' wishes.
pub(super) fn expose(context: &Context, loopback: bool) -> Expose {
    let usual = if loopback { Expose::Rules } else { Expose::Id };
    let rank = |expose: &Expose| match expose {
        Expose::None => 0,
        Expose::Id => 1,
        Expose::Rules => 2,
    };
    let wishes = context.rules.policies().iter().map(|policy| policy.expose.unwrap_or(usual));
    wishes.min_by_key(rank).unwrap_or(usual)
}

/// What to say about a block.
pub(super) fn notice(context: &Context, expose: Expose, id: &str, cause: &Cause, direction: &str) -> Notice {
    let (policy, block) = match cause {
        Cause::Rule(rule) => {
            let block = if let Action::Block(block) = &context.rules.rule(*rule).action { Some(block) } else { None };
            (context.rules.policy_of(*rule).name.to_string(), block)
        }
        _ => (context.rules.policies().first().map(|policy| policy.name.to_string()).unwrap_or_default(), None),
    };
    let own = block.and_then(|block| block.message.clone());
    let is_budget = matches!(cause, Cause::Rule(rule) if matches!(context.rules.rule(*rule).plan, Plan::Rate(_)));
    let what = own.unwrap_or_else(|| match cause {
        _ if is_budget => format!("The {direction} is more than the budget has room for now"),
        _ if expose == Expose::None => format!("The {direction} was blocked"),
        Cause::Rule(_) => format!("The {direction} was blocked"),
        Cause::Unreadable => format!("The {direction} cannot be read in full and was blocked"),
        Cause::Unscannable(media) => {
            format!("The {direction} holds content that cannot be looked into ({}) and was blocked", media.name())
        }
        Cause::OverLimit => format!("The {direction} is larger than can be checked and was blocked"),
    });
    let what = what.trim_end_matches('.');
    let message = match expose {
        Expose::None => format!("{what}. (id {id})"),
        Expose::Id | Expose::Rules => format!("{what}. (policy {policy}, id {id})"),
    };
    Notice {
        message,
        refusal: block.is_some_and(|block| block.as_ == BlockAs::Refusal),
        status: block.and_then(|block| block.status).unwrap_or(if is_budget { 429 } else { 400 }),
    }
}

/// What the client wanted to say or to hear.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) asked: &'a Asked,
    /// Which way the blocked message went.
    pub(super) direction: Direction,
    /// In Azure's form of an API.
    pub(super) azure: bool,
    /// A budget blocks it, for so long.
    pub(super) room_in: Option<Duration>,
}

/// The answer to a blocked message of which nothing has been sent.
pub(super) fn blocked(
    context: &Context,
    protocol: Option<&'static dyn Protocol>,
    notice: &Notice,
    report: &Report,
    id: &str,
    wanted: &Wanted<'_>,
) -> Response<Body> {
    let Wanted { asked, direction, azure, room_in } = *wanted;
    let json = HeaderValue::from_static("application/json");
    if let (true, Some(protocol)) = (notice.refusal, protocol)
        && protocol.can_refuse()
    {
        let answer = Answer {
            id,
            created: now(),
            model: asked.model.as_deref().unwrap_or_default(),
            message: &notice.message,
            usage: asked.usage,
            frames: asked.stream.unwrap_or_default(),
            to: direction,
        };
        let (body, kind) = match asked.stream {
            Some(frames) => (protocol.refusal_stream(&answer), HeaderValue::from_static(frames.content_type())),
            None => (protocol.refusal_body(&answer), json),
        };
        let mut response = Response::new(Body::full(body));
        response.headers_mut().insert(CONTENT_TYPE, kind);
        return response;
    }
    let retry = may_pass_later(context, report);
    let (status, kind, code) = if retry {
        (StatusCode::SERVICE_UNAVAILABLE, "server_error", "guardrail_unavailable")
    } else {
        let status = StatusCode::from_u16(notice.status).unwrap_or(StatusCode::BAD_REQUEST);
        match room_in {
            Some(_) => (status, QUOTA, QUOTA),
            None => (status, "invalid_request_error", BLOCKED),
        }
    };
    let body = match protocol {
        Some(protocol) => {
            protocol.error_body(&Problem { status: status.as_u16(), message: &notice.message, kind, code, id, azure })
        }
        None => openai_error(&notice.message, kind, code),
    };
    let mut response = Response::new(Body::full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, json);
    if retry {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    }
    if let Some(room_in) = room_in {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(room_in)));
    }
    // Clients that are told to wait a moment do so by themselves.
    if room_in.is_none_or(|room_in| room_in > PATIENCE) {
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

/// Whole seconds, one at least, after which that much time has passed.
fn seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}

/// Whether nothing but a detector's lack of time or room blocks: then the same request may pass in a moment.
fn may_pass_later(context: &Context, report: &Report) -> bool {
    let mut blocking = report.findings.iter().filter(|reported| {
        reported.finding.judgement == Judgement::Stands
            && context.rules.rule(reported.finding.rule).mode == Mode::Enforce
            && effect(&context.rules, &reported.finding) == Effect::Block
    });
    let passing = |outcome: &Outcome| matches!(outcome, Outcome::Failed(Failure::Timeout | Failure::Overload));
    let mut any = false;
    let all = blocking.all(|reported| {
        any = true;
        passing(&reported.finding.outcome)
    });
    any && all
}

/// Whether something that was found blocks, and not only what could not be judged.
pub(super) fn by_finding(context: &Context, report: &Report) -> bool {
    report.findings.iter().any(|reported| {
        reported.finding.judgement == Judgement::Stands
            && reported.finding.outcome == Outcome::Found
            && context.rules.rule(reported.finding.rule).mode == Mode::Enforce
            && effect(&context.rules, &reported.finding) == Effect::Block
    })
}

/// Adds the headers that say what was done, as far as the policy wants it known. Later calls add to earlier ones.
pub(super) fn tell(headers: &mut HeaderMap, context: &Context, expose: Expose, verdicts: &[&Verdict], elapsed_us: u64) {
    if expose == Expose::None {
        return;
    }
    let rank = |verdict: &str| ["allow", "rewrite", "block"].iter().position(|known| *known == verdict);
    let worst = verdicts.iter().map(|verdict| verdict.verdict).max_by_key(|verdict| rank(verdict)).unwrap_or("allow");
    headers.insert(VERDICT, HeaderValue::from_static(worst));
    if let Ok(value) = HeaderValue::from_str(context.rules.version()) {
        headers.insert(POLICY, value);
    }
    if expose == Expose::Rules {
        // How long it took says which rules ran, and so belongs to those who may know them.
        let timing = format!("palisade;dur={}.{:03}", elapsed_us / 1000, elapsed_us % 1000);
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(timing)) {
            headers.append(SERVER_TIMING, value);
        }
        let mut rules: Vec<&str> = verdicts.iter().flat_map(|verdict| verdict.rules()).collect();
        rules.sort_unstable();
        rules.dedup();
        if !rules.is_empty()
            && let Ok(value) = HeaderValue::from_str(&rules.join(","))
        {
            headers.insert(RULES, value);
        }
        if let Some(shadow) = verdicts.iter().filter_map(|verdict| verdict.shadow).max_by_key(|shadow| rank(shadow)) {
            headers.insert(SHADOW, HeaderValue::from_static(shadow));
        }
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// `OpenAI`'s `type` and `code` of a request that is more than a budget has room for.
const QUOTA: &str = "insufficient_quota";
/// Official clients do not wait longer, and try again at once.
const PATIENCE: Duration = Duration::from_secs(60);
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const VERDICT: HeaderName = HeaderName::from_static("x-palisade-verdict");
const POLICY: HeaderName = HeaderName::from_static("x-palisade-policy");
const RULES: HeaderName = HeaderName::from_static("x-palisade-rules");
const SHADOW: HeaderName = HeaderName::from_static("x-palisade-shadow");
