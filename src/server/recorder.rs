//! What becomes of a verdict: a log line, counters, the ring of the latest decisions, and the decision log.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::error::RequestError;
use crate::audit::{Log, Original, Place, Record, Streamed};
use crate::config::{Audit, AuditText};
use crate::decisions::Decisions;
use crate::guard::Guard;
use crate::policy::rule::CONDITION;
use crate::protocol::{GENERIC, PROTOCOLS, Protocol};
use crate::segment::Direction;
use crate::telemetry::metrics::{METRICS, PolicyCounters};
use crate::verdict::Verdict;

/// Where verdicts go. Clones share everything.
#[derive(Clone, Debug)]
pub(super) struct Recorder(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    decisions: Decisions,
    log: Option<(Log, Audit)>,
    /// By the policies' versions, as verdicts name them.
    counters: HashMap<Arc<str>, Arc<PolicyCounters>>,
}

/// What is known of a message besides its verdict.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) protocol: Option<&'static dyn Protocol>,
    pub(super) stream: Option<Streamed>,
    /// The message's bytes, if [`Recorder::keeps_text`].
    pub(super) body: Option<bytes::Bytes>,
    /// It was blocked because something could not be judged.
    pub(super) fail_closed: bool,
}

impl Recorder {
    pub(super) fn new(guard: &Guard, decisions: Decisions, log: Option<(Log, Audit)>) -> Recorder {
        let mut protocols: Vec<&'static str> =
            PROTOCOLS.iter().map(|protocol| protocol.name()).chain([GENERIC, UNKNOWN_PROTOCOL]).collect();
        protocols.dedup();
        let counters = guard.contexts().map(|context| {
            let policies = context.rules.policies().iter().map(|policy| &*policy.name);
            let names = policies.collect::<Vec<_>>().join("+");
            let rules = context.rules.rules().iter().map(|rule| &*rule.spec.id);
            (Arc::clone(context.rules.version()), METRICS.policy(&names, &protocols, rules))
        });
        Recorder(Arc::new(Inner { decisions, log, counters: counters.collect() }))
    }

    /// The decision log, if there is one.
    pub(super) fn log(&self) -> Option<&Log> {
        self.0.log.as_ref().map(|(log, _)| log)
    }

    /// Room in the decision log for a request and its answer.
    pub(super) fn reserve(&self) -> Result<Place, RequestError> {
        match &self.0.log {
            None => Ok(Place::nowhere()),
            Some((log, audit)) => log.reserve(2, audit.on_full).ok_or(RequestError::AuditFull),
        }
    }

    /// Whether records want the message itself.
    pub(super) fn keeps_text(&self) -> bool {
        self.0.log.as_ref().is_some_and(|(_, audit)| audit.text != AuditText::None)
    }

    /// Takes a verdict everywhere it belongs.
    pub(super) fn record(&self, place: &Place, verdict: &Arc<Verdict>, seen: Seen) {
        self.count(verdict, &seen);
        say(verdict, seen.protocol);
        if place.is_real() {
            let keep = self.0.log.as_ref().map_or(AuditText::None, |(_, audit)| audit.text);
            let body = seen.body.filter(|_| keep != AuditText::None);
            let body = body.map(|bytes| Original { bytes, protocol: seen.protocol, keep });
            place.write(Record { verdict: Arc::clone(verdict), stream: seen.stream, body });
        }
        self.0.decisions.push(Arc::clone(verdict));
    }

    fn count(&self, verdict: &Verdict, seen: &Seen) {
        let response = verdict.direction == Direction::Response;
        let took = Duration::from_micros(verdict.elapsed_us);
        if response { &METRICS.response_latency } else { &METRICS.request_latency }.observe(took);
        if let Some(counters) = self.0.counters.get(&verdict.policy) {
            let protocol = seen.protocol.map_or(UNKNOWN_PROTOCOL, |protocol| protocol.name());
            counters.message(protocol, response, verdict.verdict);
            for finding in verdict.findings.iter().filter(|finding| !finding.exempt) {
                counters.finding(&finding.rule, finding.mode == "shadow");
            }
        }
        for skipped in &verdict.skipped {
            METRICS.skipped.inc(&skipped.reason);
            if skipped.reason == CONDITION {
                METRICS.condition_errors.inc();
            }
        }
        if verdict.skipped.iter().any(|skipped| skipped.reason == "over_limit") {
            METRICS.over_limit.inc();
        }
        if verdict.unreadable.is_some() {
            METRICS.unreadable.inc();
        }
        if seen.fail_closed {
            METRICS.fail_closed.inc();
        }
    }
}

/// A line for the log: `info` where something was done or found, else `debug`. Never text.
fn say(verdict: &Verdict, protocol: Option<&dyn Protocol>) {
    let (id, policy, tenant) = (&verdict.id, &verdict.policy, verdict.tenant.as_deref());
    let direction = if verdict.direction == Direction::Request { "request" } else { "response" };
    let protocol = protocol.map(Protocol::name);
    let (done, elapsed_us) = (verdict.verdict, verdict.elapsed_us);
    if done == "allow" && verdict.findings.is_empty() && verdict.skipped.is_empty() {
        tracing::debug!(%id, direction, verdict = done, %policy, tenant, protocol, elapsed_us, "decided");
    } else {
        let (rules, skipped) = (verdict.rules().join(","), verdict.skipped.len());
        tracing::info!(
            %id, direction, verdict = done, shadow = verdict.shadow, %policy, tenant, protocol, %rules, skipped,
            unreadable = verdict.unreadable.is_some(), elapsed_us, "decided"
        );
    }
}

/// Stands for every protocol that is walked whole.
const UNKNOWN_PROTOCOL: &str = "other";
