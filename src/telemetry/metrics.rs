//! Every metric: its name, what it means and its labels stand here and nowhere else.
//!
//! Labels are bounded: they are fixed words, or names that the configuration's own files give (policies, rules, models).
//! What a client sends is never one. [`METRICS`] is one for the process; counting is an atomic addition.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::counters::{Counter, Family, Histogram};

/// The process's metrics.
pub static METRICS: Metrics = Metrics::new();

/// What is counted as it happens.
#[derive(Debug)]
pub struct Metrics {
    /// Every response, by the class of its status.
    pub responses: Family<6>,
    /// Requests that Palisade answered itself because it could not go on, by `error.code`.
    pub refused: Family<23>,
    /// Exchanges with an upstream that failed.
    pub upstream_errors: Family<5>,
    /// What Palisade itself took before a request went on.
    pub request_latency: Histogram,
    /// What Palisade itself took over an answer (streams: over the whole of it).
    pub response_latency: Histogram,
    /// Running the rules over one whole message, without waiting for classifiers.
    pub scan: Histogram,
    /// From a text's submission to a classifier until its scores.
    pub inference: Histogram,
    /// Texts without scores.
    pub inference_failures: Family<4>,
    /// Rules that did not see all that they should.
    pub skipped: Family<7>,
    /// Conditions (`when`) that could not be judged.
    pub condition_errors: Counter,
    /// Messages that were blocked because something could not be judged, not because of what was found.
    pub fail_closed: Counter,
    /// Messages with a bound in the way of a rule.
    pub over_limit: Counter,
    /// Messages that could not be read in full.
    pub unreadable: Counter,
    /// Attempts to reload.
    pub reloads: Family<2>,
    /// Records of the decision log.
    pub audit_records: Family<4>,
    /// Failed writes of the decision log; each is tried again.
    pub audit_errors: Counter,
    policies: Mutex<BTreeMap<String, Arc<PolicyCounters>>>,
}

/// What is looked up when somebody asks.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Requests under way.
    pub in_flight: u64,
    /// Windows' worth of text that wait for a classifier or are with one.
    pub queue_depth: u64,
    /// Windows whose scores were known.
    pub cache_hits: u64,
    /// Windows that had to be judged.
    pub cache_misses: u64,
    /// Records that wait to be written.
    pub audit_waiting: u64,
    /// Whether the last reload (or the start) went well.
    pub reload_ok: bool,
    /// When what is served now was loaded, in seconds since 1970.
    pub loaded: f64,
    /// `NAME@HASH8` of each policy that is served.
    pub policies: Vec<String>,
}

/// The counters of one set of policies that run together.
#[derive(Debug)]
pub struct PolicyCounters {
    protocols: Vec<&'static str>,
    /// By protocol, direction (request first) and verdict.
    verdicts: Arc<Vec<[[Counter; 3]; 2]>>,
    /// By rule id: enforced, then shadow findings.
    rules: BTreeMap<String, Arc<[Counter; 2]>>,
}

/// The verdicts, in the order of their counters.
const VERDICTS: [&str; 3] = ["allow", "rewrite", "block"];

impl Metrics {
    const fn new() -> Metrics {
        Metrics {
            responses: Family::new("code", ["2xx", "3xx", "4xx", "5xx", "1xx", "other"]),
            refused: Family::new("reason", REFUSED),
            upstream_errors: Family::new("reason", ["connect", "broke_off", "timeout", "too_long", "other"]),
            request_latency: Histogram::new(),
            response_latency: Histogram::new(),
            scan: Histogram::new(),
            inference: Histogram::new(),
            inference_failures: Family::new("reason", ["overload", "timeout", "over_limit", "error"]),
            skipped: Family::new(
                "reason",
                ["timeout", "overload", "error", "over_limit", "blocked_already", "condition", "other"],
            ),
            condition_errors: Counter::new(),
            fail_closed: Counter::new(),
            over_limit: Counter::new(),
            unreadable: Counter::new(),
            reloads: Family::new("result", ["ok", "failed"]),
            audit_records: Family::new("result", ["written", "spilled", "dropped", "refused"]),
            audit_errors: Counter::new(),
            policies: Mutex::new(BTreeMap::new()),
        }
    }

    /// The counters of the policies with these names, which stay the same over reloads. `protocols` names what requests
    /// may speak; `rules` are the ids of all rules.
    pub fn policy<'a>(
        &self,
        names: &str,
        protocols: &[&'static str],
        rules: impl Iterator<Item = &'a str>,
    ) -> Arc<PolicyCounters> {
        let mut known = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(names);
        let verdicts = before.filter(|before| before.protocols == protocols).map_or_else(
            || Arc::new(protocols.iter().map(|_| Default::default()).collect()),
            |before| Arc::clone(&before.verdicts),
        );
        let kept = |id: &str| before.and_then(|before| before.rules.get(id)).map(Arc::clone).unwrap_or_default();
        let rules = rules.map(|id| (id.to_owned(), kept(id))).collect();
        let counters = Arc::new(PolicyCounters { protocols: protocols.to_vec(), verdicts, rules });
        known.insert(names.to_owned(), Arc::clone(&counters));
        counters
    }

    /// Everything, in Prometheus' text format (version 0.0.4).
    pub fn render(&self, now: &Observed) -> String {
        let mut page = Page(String::with_capacity(16 << 10));
        let policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner);
        page.say("palisade_build_info", "gauge", "The version that runs.", |name, out| {
            let _ = writeln!(out, "{name}{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
        });
        page.say("palisade_policy_info", "gauge", "The policies that are served, by version.", |name, out| {
            for version in &now.policies {
                let _ = writeln!(out, "{name}{{version=\"{}\"}} 1", escaped(version));
            }
        });
        page.say(
            "palisade_messages_total",
            "counter",
            "Messages (requests and their answers) by verdict, protocol and policy.",
            |name, out| policies.iter().for_each(|(policy, counters)| counters.render_verdicts(name, policy, out)),
        );
        page.say("palisade_findings_total", "counter", "Findings by policy, rule and mode.", |name, out| {
            policies.iter().for_each(|(policy, counters)| counters.render_rules(name, policy, out));
        });
        page.say("palisade_responses_total", "counter", "Responses of the data port.", |name, out| {
            self.responses.render(name, out);
        });
        page.say(
            "palisade_refused_total",
            "counter",
            "Requests that were answered without a verdict, by error code.",
            |name, out| self.refused.render(name, out),
        );
        page.say("palisade_upstream_errors_total", "counter", "Failed exchanges with upstreams.", |name, out| {
            self.upstream_errors.render(name, out);
        });
        page.say(
            "palisade_added_seconds",
            "histogram",
            "Time that Palisade itself took over a message (streams: over all of it).",
            |name, out| {
                self.request_latency.render(name, "direction=\"request\"", out);
                self.response_latency.render(name, "direction=\"response\"", out);
            },
        );
        page.say(
            "palisade_scan_seconds",
            "histogram",
            "Time to run the rules over one whole message, without classifiers.",
            |name, out| self.scan.render(name, "", out),
        );
        page.say(
            "palisade_inference_seconds",
            "histogram",
            "Time from a text's submission to a classifier to its scores.",
            |name, out| self.inference.render(name, "", out),
        );
        self.render_rest(now, &mut page);
        page.0
    }

    fn render_rest(&self, now: &Observed, page: &mut Page) {
        page.say("palisade_inference_failures_total", "counter", "Texts without scores.", |name, out| {
            self.inference_failures.render(name, out);
        });
        page.say("palisade_skipped_total", "counter", "Rules that did not see all that they should.", |name, out| {
            self.skipped.render(name, out);
        });
        page.say("palisade_reloads_total", "counter", "Attempts to reload.", |name, out| {
            self.reloads.render(name, out);
        });
        page.say("palisade_audit_records_total", "counter", "Records of the decision log.", |name, out| {
            self.audit_records.render(name, out);
        });
        let single = [
            (
                "palisade_condition_errors_total",
                "counter",
                "Conditions of rules that could not be judged.",
                self.condition_errors.value() as f64,
            ),
            (
                "palisade_fail_closed_total",
                "counter",
                "Messages blocked because something could not be judged.",
                self.fail_closed.value() as f64,
            ),
            (
                "palisade_over_limit_total",
                "counter",
                "Messages with a bound in the way of a rule.",
                self.over_limit.value() as f64,
            ),
            (
                "palisade_unreadable_total",
                "counter",
                "Messages that could not be read in full.",
                self.unreadable.value() as f64,
            ),
            (
                "palisade_audit_write_errors_total",
                "counter",
                "Failed writes of the decision log; each is tried again.",
                self.audit_errors.value() as f64,
            ),
            ("palisade_audit_waiting", "gauge", "Records that wait to be written.", now.audit_waiting as f64),
            ("palisade_in_flight", "gauge", "Requests under way.", now.in_flight as f64),
            (
                "palisade_inference_queue_depth",
                "gauge",
                "Windows of text waiting for a classifier or with one.",
                now.queue_depth as f64,
            ),
            ("palisade_score_cache_hits_total", "counter", "Windows whose scores were known.", now.cache_hits as f64),
            ("palisade_score_cache_misses_total", "counter", "Windows that had to be judged.", now.cache_misses as f64),
            (
                "palisade_reload_ok",
                "gauge",
                "1 if what is served is what the files say: the last reload went well.",
                f64::from(u8::from(now.reload_ok)),
            ),
            ("palisade_loaded_timestamp_seconds", "gauge", "When what is served was loaded.", now.loaded),
        ];
        for (name, kind, help, value) in single {
            page.say(name, kind, help, |name, out| {
                let _ = writeln!(out, "{name} {value}");
            });
        }
    }
}

/// What is shown so far.
struct Page(String);

impl Page {
    fn say(&mut self, name: &str, kind: &str, help: &str, body: impl FnOnce(&str, &mut String)) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        body(name, &mut self.0);
    }
}

impl PolicyCounters {
    /// Counts one message.
    pub fn message(&self, protocol: &str, response: bool, verdict: &str) {
        // The last protocol stands for all that are not known.
        let at = self.protocols.iter().position(|known| *known == protocol).or(self.protocols.len().checked_sub(1));
        let verdict = VERDICTS.iter().position(|known| *known == verdict).unwrap_or_default();
        if let Some(of_protocol) = at.and_then(|at| self.verdicts.get(at)) {
            of_protocol[usize::from(response)][verdict].inc();
        }
    }

    /// Counts one finding.
    pub fn finding(&self, rule: &str, shadow: bool) {
        if let Some(counters) = self.rules.get(rule) {
            counters[usize::from(shadow)].inc();
        }
    }

    fn render_verdicts(&self, name: &str, policy: &str, out: &mut String) {
        let policy = escaped(policy);
        for (protocol, directions) in self.protocols.iter().zip(self.verdicts.iter()) {
            for (direction, verdicts) in ["request", "response"].iter().zip(directions) {
                for (verdict, counter) in VERDICTS.iter().zip(verdicts) {
                    let _ = writeln!(
                        out,
                        "{name}{{policy=\"{policy}\",protocol=\"{protocol}\",direction=\"{direction}\",\
                         verdict=\"{verdict}\"}} {}",
                        counter.value()
                    );
                }
            }
        }
    }

    fn render_rules(&self, name: &str, policy: &str, out: &mut String) {
        let policy = escaped(policy);
        for (rule, counters) in &self.rules {
            for (mode, counter) in ["enforce", "shadow"].iter().zip(counters.iter()) {
                let rule = escaped(rule);
                let _ =
                    writeln!(out, "{name}{{policy=\"{policy}\",rule=\"{rule}\",mode=\"{mode}\"}} {}", counter.value());
            }
        }
    }
}

/// A label's value: backslash, quote and line feed escaped, as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// The `error.code`s of requests that got no verdict.
const REFUSED: [&str; 23] = [
    "method_not_allowed",
    "invalid_path",
    "upgrade_refused",
    "no_route",
    "overloaded",
    "body_too_large",
    "body_timeout",
    "invalid_body",
    "upstream_unreachable",
    "upstream_broke_off",
    "upstream_timeout",
    "answer_too_long",
    "not_available",
    "invalid_tenant",
    "unknown_tenant",
    "audit_log_full",
    "invalid_api_key",
    "forbidden_host",
    "forbidden_origin",
    "too_many_requests",
    "headers_too_large",
    "partial_answer",
    "other",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_a_reload_and_rules_that_are_gone_do_not() {
        let metrics = Metrics::new();
        let before = metrics.policy("p", &["chat", "other"], ["a", "b"].into_iter());
        before.message("chat", false, "block");
        before.message("unheard of", true, "allow");
        before.finding("a", false);
        before.finding("nobody's", false);
        let after = metrics.policy("p", &["chat", "other"], ["a", "c\"\n"].into_iter());
        after.finding("a", false);
        // A request that began before the reload counts on.
        before.message("chat", false, "block");
        let text = metrics.render(&Observed { policies: vec!["p@0".to_owned()], ..Observed::default() });
        let has = |line: &str| assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        has("palisade_messages_total{policy=\"p\",protocol=\"chat\",direction=\"request\",verdict=\"block\"} 2");
        has("palisade_messages_total{policy=\"p\",protocol=\"other\",direction=\"response\",verdict=\"allow\"} 1");
        has("palisade_findings_total{policy=\"p\",rule=\"a\",mode=\"enforce\"} 2");
        has("palisade_findings_total{policy=\"p\",rule=\"c\\\"\\n\",mode=\"shadow\"} 0");
        has("palisade_policy_info{version=\"p@0\"} 1");
        assert!(!text.contains("rule=\"b\""));
    }

    #[test]
    fn the_format_is_prometheus() {
        let text = Metrics::new().render(&Observed::default());
        let mut names = std::collections::BTreeSet::new();
        for line in text.lines() {
            match line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                Some((name, kind)) => {
                    assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                    assert!(names.insert(name.to_owned()), "{name} twice");
                    assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                }
                None if line.starts_with('#') => assert!(line.starts_with("# HELP palisade_"), "{line}"),
                None => {
                    let (series, value) = line.rsplit_once(' ').unwrap_or_default();
                    assert!(value.parse::<f64>().is_ok(), "{line}");
                    let name = series.split('{').next().unwrap_or_default();
                    let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                    assert!(names.contains(name) || base.is_some_and(|base| names.contains(base)), "{line}");
                }
            }
        }
        assert!(names.len() > 20, "{names:?}");
    }
}
