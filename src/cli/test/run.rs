//! One case through its policy, by the same ways that the proxy uses.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{anyhow, bail};
use serde_json::json;

use crate::classifier::{Inference, Priority};
use crate::cli::deltas::Deltas;
use crate::cli::style::escaped;
use crate::detector::Conversation;
use crate::guard::{Caller, ask, judge};
use crate::inspect::{Body, Buffered, Cause, Notice, Report, Reported, Stream, StreamOptions, over_budget, tokens_of};
use crate::policy::case::{Case, Given};
use crate::policy::{Came, Context, Spending};
use crate::protocol::json::Json;
use crate::protocol::walk::walk;
use crate::protocol::{Protocol, Recognised, recognise};
use crate::segment::{Direction, Segment};
use crate::verdict::{About, Verdict};

/// A policy that is ready to be tried.
pub(super) struct Bench {
    pub(super) context: Context,
    pub(super) inference: Option<Arc<Inference>>,
}

/// What a case came to.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) verdict: &'static str,
    /// Sorted.
    pub(super) rules: Vec<String>,
    /// `None`: blocked whole.
    pub(super) text: Option<String>,
    /// Each finding: its rule, where, and why.
    pub(super) why: Vec<String>,
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text.as_deref().map(escaped).unwrap_or_default();
        write!(f, "{}, text \"{text}\", findings [{}]", self.verdict, escaped(&self.why.join("; ")))
    }
}

impl Bench {
    /// Runs a case. What callers took before does not count.
    pub(super) async fn run(&self, case: &Case) -> anyhow::Result<Seen> {
        let mut context = self.context.clone();
        context.renew_budgets();
        if let Some(facts) = &case.facts {
            context.ask_about(facts.clone());
        }
        context.conversation = Conversation::new(case.system.iter().cloned().collect(), None).into();
        let bench = Bench { context, inference: self.inference.clone() };
        bench.run_given(&case.given, case.requests).await
    }

    async fn run_given(&self, given: &Given, requests: usize) -> anyhow::Result<Seen> {
        match given {
            Given::Text(kind, text) => {
                let direction = kind.usual_direction();
                let body = Body::Plain(text, Segment::new(direction, *kind, ""));
                Ok(self.body(body, direction, "", requests).await)
            }
            Given::Messages(messages) => {
                let last = messages.as_array().map_or(0, |all| all.len().saturating_sub(1));
                let bytes = json!({"model": "test", "messages": messages}).to_string();
                let json = Json::parse(bytes.as_bytes())?;
                let (shape, kind) = chat()?.request();
                let walked = walk(&json, shape, Direction::Request, kind)
                    .map_err(|error| anyhow!("the messages cannot be read: {error}"))?;
                let text = format!("/messages/{last}/content");
                Ok(self.body(Body::Json(json, walked), Direction::Request, &text, requests).await)
            }
            Given::Stream(pieces) => {
                let seen = self.stream(pieces).await?;
                // Findings and what gets out depend on the text alone, never on how it comes.
                let single: Vec<String> = pieces.concat().chars().map(String::from).collect();
                let again = self.stream(&single).await?;
                if seen != again {
                    bail!("in these pieces: {seen}; one character at a time: {again}");
                }
                Ok(seen)
            }
        }
    }

    /// `text` is the pointer of the text to look at, or the start of those of its parts.
    async fn body(&self, body: Body<'_>, direction: Direction, text: &str, requests: usize) -> Seen {
        let (over, blocked) =
            if direction == Direction::Request { self.admit(&body, requests) } else { <(Vec<_>, _)>::default() };
        if let Some(rule) = blocked {
            let report = Report { findings: over, ..Report::default() };
            return self.seen(direction, &report, Some(&Cause::Rule(rule)), None);
        }
        let mut buffered = Buffered::new(&self.context, body, direction);
        judge(&mut buffered, self.inference.as_deref(), 0, Priority::Bulk).await;
        let mut concluded = buffered.conclude(true);
        concluded.report.findings.extend(over);
        let texts = concluded.report.texts.iter();
        let parts = texts.filter(|(pointer, _)| {
            pointer.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        let after = concluded.block.is_none().then(|| parts.map(|(_, text)| text.as_str()).collect());
        self.seen(direction, &concluded.report, concluded.block.as_ref(), after)
    }

    /// What budgets say of the last of so many requests, all of which come in the same moment. None is answered, so each
    /// takes as many tokens as it has itself.
    fn admit(&self, body: &Body<'_>, requests: usize) -> (Vec<Reported>, Option<usize>) {
        if !self.context.has_budgets() {
            return (Vec::new(), None);
        }
        let spending = Spending { keys: &[], route: "", tokens: Some(tokens_of(body)), now: Instant::now() };
        let mut last = self.context.admit(&spending);
        for _ in 1..requests {
            last.bill.settle(Came { whole: true, ..Came::default() }, spending.now);
            last = self.context.admit(&spending);
        }
        (over_budget(last.over), last.blocked.map(|(rule, _)| rule))
    }

    /// Runs a streamed answer in these pieces.
    async fn stream(&self, pieces: &[String]) -> anyhow::Result<Seen> {
        let notice = |_: &Cause| Notice { message: "blocked".to_owned(), refusal: false, status: 400 };
        let options =
            StreamOptions { id: String::new(), created: 0, choices: 1, usage: false, notice: Arc::new(notice) };
        let mut stream = Stream::new(&self.context, Some(chat()?), options);
        let (mut out, mut deltas) = (Vec::new(), Deltas::default());
        let contents = pieces.iter().map(|piece| event(&json!({"content": piece}), None));
        for event in contents.chain([event(&json!({}), Some("stop")), "data: [DONE]\n\n".to_owned()]) {
            stream.push(event.as_bytes(), &mut out);
            self.answer(&mut stream, &mut out).await;
        }
        stream.finish(&mut out);
        self.answer(&mut stream, &mut out).await;
        stream.settle();
        deltas.feed(&out);
        Ok(self.seen(Direction::Response, &stream.report(), stream.blocked(), Some(deltas.text)))
    }

    /// Asks the classifiers whatever the stream wants to know.
    async fn answer(&self, stream: &mut Stream, out: &mut Vec<u8>) {
        for ticket in stream.take_tickets() {
            let (ticket, answer) = ask(self.inference.as_deref(), ticket, &Caller::default(), Priority::Bulk).await;
            stream.answer(&ticket, &answer, out);
        }
    }

    fn seen(&self, direction: Direction, report: &Report, blocked: Option<&Cause>, text: Option<String>) -> Seen {
        let verdict = Verdict::new(&self.context, direction, report, blocked, About::default());
        let mut why: Vec<String> = verdict
            .findings
            .iter()
            .map(|found| {
                let at = Some(&*found.segment.pointer).filter(|at| !at.is_empty()).unwrap_or("text");
                format!("{} at {at}:{}..{}, {}", found.rule, found.start, found.end, found.why)
            })
            .collect();
        why.sort();
        why.extend(verdict.unreadable.iter().map(|reason| format!("unreadable: {reason}")));
        Seen { verdict: verdict.verdict, rules: verdict.rules().into_iter().map(str::to_owned).collect(), text, why }
    }
}

fn chat() -> anyhow::Result<&'static dyn Protocol> {
    match recognise("/v1/chat/completions") {
        Recognised::Known(protocol) => Ok(protocol),
        _ => bail!("this build has no adapter for chat completions"),
    }
}

fn event(delta: &serde_json::Value, finish: Option<&str>) -> String {
    let chunk = json!({
        "id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 0, "model": "test",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    format!("data: {chunk}\n\n")
}
