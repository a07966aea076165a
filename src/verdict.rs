//! What the policy decided about one message, with every reason: the same JSON wherever it is shown. It only ever gains
//! fields.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::finding::{Judgement, Outcome};
use crate::inspect::{Cause, Report, severest};
use crate::policy::rule::Mode;
use crate::policy::{Context, Effect, effect};
use crate::segment::{Direction, Kind};

/// A verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Id of the request.
    pub id: Arc<str>,
    /// When; shown as in RFC 3339, UTC.
    #[serde(serialize_with = "time")]
    pub time: Timestamp,
    /// Which way the message travelled.
    pub direction: Direction,
    /// What was done: `allow`, `rewrite` or `block`.
    pub verdict: &'static str,
    /// What shadow rules would have done besides.
    pub shadow: Option<&'static str>,
    /// `NAME@HASH8` of every policy that ran, baseline first.
    pub policy: Arc<str>,
    /// Whose request it was.
    pub tenant: Option<Arc<str>>,
    /// The route's path pattern.
    pub route: Option<Arc<str>>,
    /// The model that the client asked for.
    pub model: Option<Arc<str>>,
    /// Everything found.
    pub findings: Vec<FindingView>,
    /// How many findings there were besides these.
    #[serde(skip_serializing_if = "is_zero")]
    pub findings_omitted: usize,
    /// Rules that did not see all that they should.
    pub skipped: Vec<Skipped>,
    /// What could not be looked into.
    pub unscanned: Vec<Unscanned>,
    /// The texts after rewrites; null when blocked. Only where the caller brought the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub texts: Option<Vec<TextView>>,
    /// Highest probability of each label that was consulted, as `model/label`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<serde_json::Map<String, serde_json::Value>>,
    /// Why the body could not be read in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// How many placeholders of the request were turned back into what they stand for.
    #[serde(skip_serializing_if = "is_zero")]
    pub restored: usize,
    /// How long Palisade itself took, in microseconds.
    pub elapsed_us: u64,
}

/// A finding, as verdicts show it.
#[derive(Clone, Debug, Serialize)]
pub struct FindingView {
    /// The rule's id.
    pub rule: String,
    /// The detector's name.
    pub detector: &'static str,
    /// Entity or classifier label.
    pub label: Option<String>,
    /// How sure the detector is, in 0..=1, where it says.
    pub score: Option<f32>,
    /// Where.
    pub segment: SegmentView,
    /// First byte, in the segment's original text.
    pub start: usize,
    /// After the last byte.
    pub end: usize,
    /// The rule's action.
    pub action: &'static str,
    /// `enforce` or `shadow`.
    pub mode: &'static str,
    /// The rule's tags.
    pub tags: Vec<String>,
    /// Why it is one, without the text.
    pub why: String,
    /// An exception or an `allow` rule voids it, or it is a placeholder of the request.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exempt: bool,
    /// For a joined run: every piece that it touches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<PieceView>,
    /// The text, if the operator asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A segment, as verdicts show it.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentView {
    /// Its kind.
    pub kind: &'static str,
    /// JSON pointer into the body.
    pub pointer: String,
    /// Messages of the same role that came after.
    pub age: u32,
}

/// A piece of a joined run.
#[derive(Clone, Debug, Serialize)]
pub struct PieceView {
    /// JSON pointer into the body.
    pub pointer: String,
    /// First byte, in the piece's text.
    pub start: usize,
    /// After the last byte.
    pub end: usize,
}

/// A rule that did not see all that it should.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Skipped {
    /// The rule's id.
    pub rule: String,
    /// Why.
    pub reason: String,
}

/// What could not be looked into.
#[derive(Clone, Debug, Serialize)]
pub struct Unscanned {
    /// JSON pointer into the body.
    pub pointer: String,
    /// Its kind.
    pub kind: &'static str,
}

/// A text after rewrites.
#[derive(Clone, Debug, Serialize)]
pub struct TextView {
    /// JSON pointer into the body.
    pub pointer: String,
    /// The text; null when the message was blocked.
    pub text: Option<String>,
}

/// What a verdict says besides what was found.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Id of the request.
    pub id: Arc<str>,
    /// The route's path pattern.
    pub route: Option<Arc<str>>,
    /// The model that the client asked for.
    pub model: Option<Arc<str>>,
    /// Whose request it was.
    pub tenant: Option<Arc<str>>,
    /// How long it took, in microseconds.
    pub elapsed_us: u64,
    /// Show matched text.
    pub show_text: bool,
    /// Show `scores`.
    pub show_scores: bool,
    /// Show `texts`.
    pub show_texts: bool,
}

impl Verdict {
    /// Puts a verdict together. `blocked` says that nothing more of the message gets through.
    pub fn new(
        context: &Context,
        direction: Direction,
        report: &Report,
        blocked: Option<&Cause>,
        about: About,
    ) -> Verdict {
        let (done, shadow) = severest(context, &report.findings);
        let verdict = match (blocked, done) {
            (Some(_), _) => "block",
            (None, Effect::Rewrite) => "rewrite",
            _ if report.restored > 0 => "rewrite",
            _ => "allow",
        };
        let texts = about.show_texts.then(|| {
            let view = |(pointer, text): &(String, String)| TextView {
                pointer: pointer.clone(),
                text: blocked.is_none().then(|| text.clone()),
            };
            report.texts.iter().map(view).collect()
        });
        let scores = about.show_scores.then(|| {
            let rounded = |score: f32| (f64::from(score) * 1e6).round() / 1e6;
            report.scores.iter().map(|(name, score)| (name.clone(), rounded(*score).into())).collect()
        });
        Verdict {
            id: about.id,
            time: Timestamp::now(),
            direction,
            verdict,
            shadow: match shadow {
                Effect::Block => Some("block"),
                Effect::Rewrite => Some("rewrite"),
                Effect::Log | Effect::None => None,
            },
            policy: Arc::clone(context.rules.version()),
            tenant: about.tenant,
            route: about.route,
            model: about.model,
            findings: findings(context, direction, report, about.show_text),
            findings_omitted: report.omitted,
            skipped: skipped(context, report),
            unscanned: report
                .unscanned
                .iter()
                .map(|(pointer, media)| Unscanned { pointer: pointer.clone(), kind: media.name() })
                .collect(),
            texts,
            scores,
            unreadable: report.unreadable.clone(),
            restored: report.restored,
            elapsed_us: about.elapsed_us,
        }
    }

    /// Ids of the rules whose findings stand, each once.
    pub fn rules(&self) -> Vec<&str> {
        let of_rules = self.findings.iter().filter(|finding| !finding.exempt && finding.detector != "protocol");
        let mut rules: Vec<&str> = of_rules.map(|finding| &*finding.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

fn time<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn findings(context: &Context, direction: Direction, report: &Report, show_text: bool) -> Vec<FindingView> {
    let shown = report.findings.iter().map(|reported| {
        let (finding, segment) = (&reported.finding, &reported.segment);
        let rule = context.rules.rule(finding.rule);
        FindingView {
            rule: rule.id.to_string(),
            detector: rule.detector,
            label: finding.label.as_deref().map(str::to_owned),
            score: finding.score.map(|score| (score * 1e4).round() / 1e4),
            segment: SegmentView { kind: segment.kind.name(), pointer: segment.pointer.clone(), age: segment.age },
            start: finding.range.start,
            end: finding.range.end,
            action: match (&finding.outcome, effect(&context.rules, finding)) {
                (Outcome::Found, _) => rule.action.name(),
                (_, Effect::Block) => "block",
                _ => "log",
            },
            mode: if rule.mode == Mode::Enforce { "enforce" } else { "shadow" },
            tags: rule.tags.to_vec(),
            why: match &finding.outcome {
                Outcome::Found if finding.judgement == Judgement::Restored => {
                    format!("{}; a placeholder of the request", context.rules.why(finding))
                }
                Outcome::Found => reported.why.clone().unwrap_or_else(|| context.rules.why(finding)),
                Outcome::OverLimit(reason) => format!("over_limit: {reason}"),
                Outcome::Failed(failure) => format!("on_error: {}", failure.name()),
            },
            exempt: matches!(finding.judgement, Judgement::Exempt | Judgement::Restored),
            pieces: reported
                .pieces
                .iter()
                .map(|(pointer, range)| PieceView { pointer: pointer.clone(), start: range.start, end: range.end })
                .collect(),
            text: show_text.then(|| reported.matched.clone()),
        }
    });
    // What an `allow` rule found is no finding about the text: it shows in what it voids.
    let silent = |finding: &FindingView| finding.action == "allow";
    let unknown = report.unknown.iter().map(|(pointer, name)| unknown_type(direction, pointer, name.as_deref()));
    shown.filter(|finding| !silent(finding)).chain(unknown).collect()
}

/// A part, an item or an event of a type that the protocol does not know. Its strings are read like any others.
fn unknown_type(direction: Direction, pointer: &str, name: Option<&str>) -> FindingView {
    let kind = if direction == Direction::Request { Kind::User } else { Kind::Completion };
    FindingView {
        rule: UNKNOWN_TYPE.to_owned(),
        detector: "protocol",
        label: name.map(str::to_owned),
        score: None,
        segment: SegmentView { kind: kind.name(), pointer: pointer.to_owned(), age: 0 },
        start: 0,
        end: name.map_or(0, str::len),
        action: "log",
        mode: "enforce",
        tags: Vec::new(),
        why: "a type that this version does not know; every string in it was read all the same".to_owned(),
        exempt: false,
        pieces: Vec::new(),
        text: None,
    }
}

/// Stands for a rule in findings that no rule makes.
const UNKNOWN_TYPE: &str = "unknown-type";

fn skipped(context: &Context, report: &Report) -> Vec<Skipped> {
    let mut out: Vec<Skipped> = Vec::new();
    let mut add = |rule: usize, reason: &str| {
        let skipped = Skipped { rule: context.rules.rule(rule).id.to_string(), reason: reason.to_owned() };
        if !out.contains(&skipped) {
            out.push(skipped);
        }
    };
    for (rule, reason) in &report.skipped {
        add(*rule, reason);
    }
    for reported in &report.findings {
        match &reported.finding.outcome {
            Outcome::Found => {}
            Outcome::OverLimit(_) => add(reported.finding.rule, "over_limit"),
            Outcome::Failed(failure) => add(reported.finding.rule, failure.name()),
        }
    }
    out
}
