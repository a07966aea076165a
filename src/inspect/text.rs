//! One text of a message under its rules: itself, and for tool arguments also the strings inside them (DESIGN 12.9).

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::Reported;
use super::restore::Restorer;
use super::runs::{New, Part};
use crate::action::Action;
use crate::finding::{Edit, Finding, Judgement, Outcome};
use crate::policy::pseudonyms::Value;
use crate::policy::resolve::Beyond;
use crate::policy::rule::{Mode, Unrewritable};
use crate::policy::{Answer, Channel, ChannelPlan, Context, Effect, Job, Resolver, Standing, effect};
use crate::protocol::json::{Json, NodeKind, RawOffsets, escape, fold_key};
use crate::protocol::walk::{self, LeafRole};
use crate::segment::{Direction, Kind, Segment};

/// Most values in tool arguments that are looked at one by one; more is over the limit.
const MAX_INNER: usize = 1 << 13;
/// Longest arguments that are taken apart, in bytes.
const MAX_ARGUMENTS: usize = 8 << 20;

/// A text and what was decided about it.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) segment: Segment,
    role: LeafRole,
    channel: Channel,
    resolver: Resolver,
    /// Where the answer's placeholders are turned back. Few texts have one, and it is large.
    restorer: Option<Box<Restorer>>,
    /// What was put into the system prompt, and is taken out where a provider says the prompt again.
    mark: Option<String>,
    /// All of the text, for arguments: they are taken apart when they are whole.
    whole: String,
    /// The arguments are JSON.
    is_json: bool,
    inner: Vec<Inner>,
    finished: bool,
    /// Arguments have been judged, once and for all.
    settled: bool,
    /// Arguments in which a key comes twice.
    duplicates: bool,
    /// Arguments that came as `{}`, of which nothing was fed.
    is_empty_object: bool,
    /// It is a part of a call that is not yet whole.
    awaits_call: bool,
    reported: Vec<Reported>,
}

/// A string inside tool arguments: a value, or a key that is spelled with escapes, which the raw text does not show.
#[derive(Debug)]
struct Inner {
    channel: Channel,
    is_key: bool,
    /// Where its raw form stands in the arguments.
    raw: Range<usize>,
    pointer: String,
}

impl Text {
    pub(super) fn new(context: &Context, plan: Arc<ChannelPlan>, segment: Segment, role: LeafRole) -> Text {
        let changes = segment.direction == Direction::Response && !matches!(role, LeafRole::Key | LeafRole::Signed);
        let pseudonyms = context.pseudonyms.as_ref().filter(|_| changes);
        Text {
            restorer: Restorer::new(pseudonyms, segment.scope).map(Box::new),
            mark: context.mark_in(segment.scope).filter(|_| changes),
            segment,
            role,
            channel: Channel::new(context, plan),
            resolver: Resolver::default(),
            whole: String::new(),
            is_json: false,
            inner: Vec::new(),
            finished: false,
            settled: false,
            duplicates: false,
            is_empty_object: false,
            awaits_call: false,
            reported: Vec::new(),
        }
    }

    /// The text of an answer that has none, if a rule may find something in that: an empty one.
    pub(super) fn of_silent(context: &Context, choice: Option<u64>) -> Option<(Text, Arc<ChannelPlan>)> {
        let pointer = choice.map_or("/content".to_owned(), |own| format!("/choices/{own}/message/content"));
        let segment = Segment::new(Direction::Response, Kind::Completion, pointer);
        let (plan, _) = context.plan_of(segment.scope, || Standing::in_answer(segment.kind));
        let text = || Text::new(context, Arc::clone(&plan), segment, LeafRole::Value);
        plan.judges_empty().then(|| (text(), Arc::clone(&plan)))
    }

    /// Whether the text goes out only when it is whole. A torn call is of no use to anybody.
    pub(super) fn waits_for_end(&self) -> bool {
        self.holds() && ((self.role == LeafRole::Arguments && !self.finished) || self.awaits_call)
    }

    /// The text is a part of a call: nothing of it goes out before the call has been judged.
    pub(super) fn await_call(&mut self) {
        self.awaits_call = true;
    }

    /// Arguments came as an object without members.
    pub(super) fn note_empty_object(&mut self) {
        self.is_empty_object = true;
    }

    /// The call is whole: the text, which is its arguments or stands for them, takes what rules find in it.
    pub(super) fn judge_call(&mut self, name: Option<&str>) {
        self.awaits_call = false;
        let is_arguments = self.role == LeafRole::Arguments && self.whole.len() <= MAX_ARGUMENTS;
        let empty = self.whole.is_empty() && self.is_empty_object;
        let args = is_arguments.then(|| arguments(if empty { "{}" } else { &self.whole })).flatten();
        self.channel.judge_call(name, args.as_ref());
    }

    /// The call has been judged, and is blocked by this rule or not.
    pub(super) fn end_call(&mut self, context: &Context, blocked: Option<usize>) {
        self.awaits_call = false;
        if let Some(rule) = blocked {
            self.resolver.block_at(&context.rules, 0, rule);
        }
    }

    /// Whether the plan that it is under judges whole calls.
    pub(super) fn judges_calls(&self) -> bool {
        self.channel.plan().judges_calls()
    }

    fn holds(&self) -> bool {
        self.channel.plan().holds() || self.restorer.is_some() || self.mark.is_some()
    }

    /// Whether rules judge the text only as a whole: a block leaves nothing of it.
    pub(super) fn waits_whole(&self) -> bool {
        self.role == LeafRole::Arguments
    }

    /// Whether the text is judged at its end, also if nothing of it has come.
    pub(super) fn is_short(&self) -> bool {
        self.channel.is_short()
    }

    /// Whether the text has ended.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether a key comes twice in arguments, at any level.
    pub(super) fn has_duplicate_keys(&self) -> bool {
        self.duplicates
    }

    pub(super) fn len(&self) -> usize {
        self.channel.len()
    }

    /// The text under its rules.
    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    pub(super) fn feed(&mut self, piece: &str) {
        self.channel.feed(piece);
        if self.role == LeafRole::Arguments {
            let fits = self.whole.len() <= MAX_ARGUMENTS;
            self.whole.push_str(if fits { piece } else { "" });
            if fits && self.whole.len() > MAX_ARGUMENTS {
                self.channel.over_limit("arguments");
            }
        } else if let Some(restorer) = &mut self.restorer {
            restorer.feed(piece);
        }
    }

    pub(super) fn finish(&mut self, context: &Context, plan: &Arc<ChannelPlan>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        self.channel.finish();
        if self.role != LeafRole::Arguments {
            self.restorer.iter_mut().for_each(|restorer| restorer.finish());
            return;
        }
        // What a model wrote and is not JSON stays plain text. Of keys that come twice both values are looked at:
        // readers differ on which one counts.
        let json = match Json::parse(self.whole.as_bytes()) {
            _ if self.whole.len() > MAX_ARGUMENTS => return,
            Err(error) if error.is_duplicate() => {
                self.duplicates = true;
                Json::parse_with_duplicates(self.whole.as_bytes())
            }
            parsed => parsed,
        };
        let Ok(json) = json else { return };
        self.is_json = true;
        let keys = json_keys(&json);
        if json.len() > MAX_INNER {
            return self.channel.over_limit("arguments");
        }
        for node in 0..json.len() {
            let is_key = keys.contains(&node);
            if json.kind(node) != NodeKind::String || (is_key && !json.node(node).escaped) {
                continue;
            }
            let mut channel = Channel::of_leaf(context, Arc::clone(plan));
            channel.feed(&json.string(node));
            channel.finish();
            // Most strings are short and say nothing; to remember each would take many times their own room.
            if channel.findings().is_empty() && !channel.is_waiting() && self.restorer.is_none() {
                continue;
            }
            let raw = json.node(node);
            self.inner.push(Inner {
                channel,
                is_key,
                raw: raw.start as usize..raw.end as usize,
                pointer: walk::pointer(&json, node, false),
            });
        }
    }

    /// Stretches that classifiers have to judge, each with the unit that wants the answer.
    pub(super) fn take_jobs(&mut self) -> Vec<(usize, Job)> {
        let own = self.channel.take_jobs().into_iter().map(|job| (0, job));
        let inner = self.inner.iter_mut().enumerate();
        own.chain(
            inner.flat_map(|(index, inner)| inner.channel.take_jobs().into_iter().map(move |job| (index + 1, job))),
        )
        .collect()
    }

    pub(super) fn answer(&mut self, unit: usize, job: usize, answer: &Answer) {
        match unit.checked_sub(1).and_then(|index| self.inner.get_mut(index)) {
            Some(inner) => inner.channel.answer(job, answer),
            None => self.channel.answer(job, answer),
        }
    }

    /// Whether the text is blocked whatever classifiers say.
    pub(super) fn is_lost(&self) -> bool {
        self.channel.is_lost() || self.inner.iter().any(|inner| inner.channel.is_lost())
    }

    /// Gives up on outstanding answers; returns the rules that wanted them.
    pub(super) fn abandon(&mut self) -> Vec<usize> {
        let inner = self.inner.iter_mut().flat_map(|inner| inner.channel.abandon());
        inner.chain(self.channel.abandon()).collect()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.channel.is_waiting() || self.inner.iter().any(|inner| inner.channel.is_waiting())
    }

    /// Decides what can be decided; returns how much of the text may go out. A joined run that the text is a piece of
    /// may still need what starts at `limit` or after.
    pub(super) fn settle(&mut self, context: &Context, limit: usize) -> usize {
        if self.role == LeafRole::Arguments {
            return self.settle_arguments(context);
        }
        let decided = self.restorer.as_ref().map_or(usize::MAX, |restorer| restorer.open());
        let decided = if self.mark.is_some() && !self.finished { 0 } else { decided };
        for index in self.channel.judge_before(decided) {
            let finding = self.channel.findings()[index].clone();
            if comes_back(context, self.restorer.as_deref(), &finding) {
                self.channel.mark_restored(index);
                continue;
            }
            let matched = self.channel.matched(index).to_owned();
            self.take(context, &finding, &matched);
        }
        for (range, value) in self.restorer.iter_mut().flat_map(|restorer| restorer.take()) {
            self.resolver.restore(range, value);
        }
        self.take_out_mark();
        for (index, from) in self.channel.take_grown() {
            if let Some(finding) = self.channel.findings().get(index) {
                self.resolver.grow(&context.rules, finding, Beyond::default(), from);
            }
        }
        let open = if self.finished && !self.channel.is_waiting() { usize::MAX } else { self.channel.open() };
        let limit = if self.awaits_call && self.holds() { 0 } else { limit };
        let released = self.resolver.advance(open.min(decided).min(limit)).min(self.len());
        self.channel.forget(released);
        released
    }

    /// Takes what Palisade has put into the prompt out again, once.
    fn take_out_mark(&mut self) {
        let Some(mark) = self.mark.take_if(|_| self.finished) else { return };
        let text = self.channel.text(0..self.channel.len());
        for (at, _) in text.match_indices(&mark) {
            self.resolver.restore(at..at + mark.len(), String::new());
        }
    }

    /// Text let go of while waiting is never asked for again, so arguments are judged in one go.
    fn settle_arguments(&mut self, context: &Context) -> usize {
        if !self.finished || self.is_waiting() || self.awaits_call {
            return if self.holds() { 0 } else { self.len() };
        }
        if std::mem::replace(&mut self.settled, true) {
            return self.resolver.advance(usize::MAX).min(self.len());
        }
        let mut seen = Seen::default();
        for inner in &mut self.inner {
            let raw = self.whole.get(inner.raw.clone()).unwrap_or_default();
            let mut restorer = self.restorer.as_ref().filter(|_| !inner.is_key).and_then(|restorer| restorer.again());
            if let Some(restorer) = &mut restorer {
                restorer.feed(inner.channel.text(0..inner.channel.len()));
                restorer.finish();
                let mut offsets = RawOffsets::new(raw);
                for (range, value) in restorer.take() {
                    let start = inner.raw.start + offsets.at(range.start);
                    let end = inner.raw.start + offsets.at(range.end);
                    self.resolver.restore(start..end, escape(&value));
                }
            }
            for index in inner.channel.judge() {
                if comes_back(context, restorer.as_ref(), &inner.channel.findings()[index]) {
                    inner.channel.mark_restored(index);
                }
            }
            let ranges = raw_ranges(raw, inner.channel.findings());
            for ((index, finding), range) in inner.channel.findings().iter().enumerate().zip(ranges) {
                let (start, end) = (inner.raw.start + range.start, inner.raw.start + range.end);
                seen.add(finding.rule, start..end);
                let segment =
                    Segment { pointer: format!("{}{}", self.segment.pointer, inner.pointer), ..self.segment.clone() };
                let matched = inner.channel.matched(index);
                self.reported.push(Reported::new(finding.clone(), segment).showing(matched));
                if finding.judgement != Judgement::Stands {
                    continue;
                }
                let finding = on_raw(finding, start..end);
                if inner.is_key && effect(&context.rules, &finding) == Effect::Rewrite {
                    unrewritable(context, &mut self.resolver, &finding);
                } else {
                    self.resolver.take(context, &finding, matched, escape);
                }
            }
        }
        seen.sort();
        // What is no JSON is plain text.
        let mut restorer = self.restorer.take().filter(|_| !self.is_json);
        if let Some(restorer) = &mut restorer {
            restorer.feed(&self.whole);
            restorer.finish();
            restorer.take().into_iter().for_each(|(range, value)| self.resolver.restore(range, value));
        }
        for index in self.channel.judge() {
            if comes_back(context, restorer.as_deref(), &self.channel.findings()[index]) {
                self.channel.mark_restored(index);
            }
        }
        for (index, finding) in self.channel.findings().to_vec().into_iter().enumerate() {
            // Seen in the raw text and in a leaf: reported once, on the leaf.
            if seen.meets(finding.rule, &finding.range) {
                continue;
            }
            let matched = self.channel.matched(index).to_owned();
            let rewrites = effect(&context.rules, &finding) == Effect::Rewrite && self.is_json;
            self.reported.push(Reported::new(finding.clone(), self.segment.clone()).showing(&matched));
            if finding.judgement != Judgement::Stands {
                continue;
            }
            if rewrites {
                unrewritable(context, &mut self.resolver, &finding);
            } else {
                self.resolver.take(context, &finding, &matched, str::to_owned);
            }
        }
        // Half a call is worse than none.
        if let Some(rule) = self.resolver.blocked_by() {
            self.resolver.block_at(&context.rules, 0, rule);
        }
        self.resolver.advance(usize::MAX).min(self.len())
    }

    fn take(&mut self, context: &Context, finding: &Finding, matched: &str) {
        if matches!(self.role, LeafRole::Key | LeafRole::Signed) && effect(&context.rules, finding) == Effect::Rewrite {
            unrewritable(context, &mut self.resolver, finding);
        } else {
            self.resolver.take(context, finding, matched, str::to_owned);
        }
    }

    /// A rewrite or block that a joined run found, with the bytes that it covers here; the run's finding is reported
    /// elsewhere.
    pub(super) fn take_from_run(&mut self, context: &Context, part: Part) {
        let Part { finding, beyond, new, .. } = &part;
        if context.rules.rule(finding.rule).mode == Mode::Shadow {
            return;
        }
        match (effect(&context.rules, finding), new) {
            (Effect::Block, _) => self.resolver.block_at(&context.rules, finding.range.start, finding.rule),
            (Effect::Rewrite, New::Text(text)) => self.resolver.rewrite(&context.rules, finding, *beyond, text.clone()),
            (Effect::Rewrite, New::GoesOn { from }) => self.resolver.go_on(&context.rules, finding, *from),
            (Effect::Rewrite, New::Grows { from }) => self.resolver.grow(&context.rules, finding, *beyond, *from),
            (Effect::Log | Effect::None, _) => {}
        }
    }

    /// Where the text is cut, and by which rule.
    pub(super) fn cut(&self) -> Option<(usize, usize)> {
        self.resolver.cut()
    }

    /// The values that pseudonymizing rules have found, in the order of the text.
    pub(super) fn values(&self, context: &Context) -> Vec<Value> {
        let mut values = Vec::new();
        for channel in std::iter::once(&self.channel).chain(self.inner.iter().map(|inner| &inner.channel)) {
            values.extend(channel.findings().iter().filter_map(|finding| value(context, channel, finding)));
        }
        values
    }

    /// How many placeholders were turned back.
    pub(super) fn restored(&self) -> usize {
        // A prompt has none; what was taken out of one is nobody's value.
        if self.segment.kind.is_answered() { self.resolver.restored() } else { 0 }
    }

    pub(super) fn edits(&self) -> &[Edit] {
        self.resolver.edits()
    }

    /// Whether something was found in it.
    pub(super) fn found(&self) -> bool {
        !self.channel.findings().is_empty() || self.inner.iter().any(|inner| !inner.channel.findings().is_empty())
    }

    /// Everything found in the text, judged as far as can be.
    pub(super) fn report(&self) -> Vec<Reported> {
        let mut out = self.reported.clone();
        if self.role != LeafRole::Arguments || !self.settled {
            let own = self.channel.findings().iter();
            out.extend(own.enumerate().map(|(index, finding)| {
                let matched = self.channel.matched(index);
                Reported::new(finding.clone(), self.segment.clone()).showing(matched)
            }));
        }
        out
    }

    pub(super) fn scores(&self) -> impl Iterator<Item = &(String, f32)> {
        self.channel.scores().iter().chain(self.inner.iter().flat_map(|inner| inner.channel.scores()))
    }
}

/// The value, if a pseudonymizing rule that acts has found it.
pub(super) fn value(context: &Context, channel: &Channel, finding: &Finding) -> Option<Value> {
    let rule = context.rules.rule(finding.rule);
    let named = matches!(&rule.action, Action::Rewrite(rewrite) if rewrite.restore.is_some());
    let acts = rule.mode == Mode::Enforce && finding.outcome == Outcome::Found;
    (named && acts).then(|| Value {
        rule: finding.rule,
        entity: finding.label.clone().unwrap_or_else(|| Arc::clone(&rule.id)),
        text: channel.text(finding.range.clone()).to_owned(),
    })
}

/// Whether a rewrite need not be: it would hide from the client what the same policy gives back to it.
fn comes_back(context: &Context, restorer: Option<&Restorer>, finding: &Finding) -> bool {
    let Some(given) = restorer.and_then(|restorer| restorer.covering(&finding.range)) else { return false };
    finding.outcome == Outcome::Found
        && finding.head.is_none()
        && effect(&context.rules, finding) == Effect::Rewrite
        && given.is_of(context.rules.rules()[finding.rule].policy)
}

/// What a rewrite becomes that hits text which must not change.
pub(super) fn unrewritable(context: &Context, resolver: &mut Resolver, finding: &Finding) {
    let rule = context.rules.rule(finding.rule);
    if rule.mode == Mode::Enforce && rule.unrewritable != Unrewritable::Log {
        resolver.block_at(&context.rules, finding.range.start, finding.rule);
    }
}

/// Arguments as conditions see them: a JSON object of one reading. `None` where readers may differ.
fn arguments(text: &str) -> Option<serde_json::Value> {
    let json = Json::parse(text.as_bytes()).ok().filter(|json| json.len() <= MAX_INNER)?;
    for object in (0..json.len()).filter(|&node| json.kind(node) == NodeKind::Object) {
        let mut seen = HashSet::new();
        if !json.members(object).all(|(key, _)| seen.insert(fold_key(&json.string(key)))) {
            return None;
        }
    }
    serde_json::from_str(text).ok().filter(serde_json::Value::is_object)
}

/// What rules have seen in the strings of arguments.
#[derive(Debug, Default)]
struct Seen {
    /// For each rule the ranges' starts, sorted, each with the furthest end so far.
    ranges: HashMap<usize, Vec<(usize, usize)>>,
}

impl Seen {
    fn add(&mut self, rule: usize, range: Range<usize>) {
        self.ranges.entry(rule).or_default().push((range.start, range.end));
    }

    fn sort(&mut self) {
        for ranges in self.ranges.values_mut() {
            ranges.sort_unstable();
            let mut furthest = 0;
            for (_, end) in ranges {
                furthest = furthest.max(*end);
                *end = furthest;
            }
        }
    }

    /// Whether the rule has seen something that overlaps this.
    fn meets(&self, rule: usize, range: &Range<usize>) -> bool {
        let Some(ranges) = self.ranges.get(&rule) else { return false };
        let before = ranges.partition_point(|(start, _)| *start < range.end);
        before.checked_sub(1).and_then(|last| ranges.get(last)).is_some_and(|(_, end)| range.start < *end)
    }
}

/// Where findings in a string stand in its raw form. In whatever order they come, it is walked once.
fn raw_ranges(raw: &str, findings: &[Finding]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = findings.iter().map(|finding| finding.range.clone()).collect();
    let mut ends: Vec<&mut usize> = ranges.iter_mut().flat_map(|range| [&mut range.start, &mut range.end]).collect();
    ends.sort_unstable();
    let mut offsets = RawOffsets::new(raw);
    for end in ends {
        *end = offsets.at(*end);
    }
    ranges
}

fn on_raw(finding: &Finding, range: Range<usize>) -> Finding {
    Finding { range, head: None, ..finding.clone() }
}

/// The nodes that are keys.
fn json_keys(json: &Json<'_>) -> HashSet<usize> {
    let objects = (0..json.len()).filter(|&node| json.kind(node) == NodeKind::Object);
    objects.flat_map(|object| json.members(object).map(|(key, _)| key).collect::<Vec<_>>()).collect()
}
