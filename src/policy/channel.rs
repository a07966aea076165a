//! One text under its rules: feed it in pieces, take the windows that classifiers have to judge, hand scores in, and be
//! told how far the text is decided. No I/O, no waiting. A buffered text is a channel fed once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::combined::Combined;
use super::compile::{ChannelPlan, ClassifierRule, Purpose};
use super::context::Context;
use super::effect::{Effect, effect};
use super::job::{Answer, Job, Sought, Waiting, note_score};
use super::lengths::{Lengths, by_tokens};
use super::reading::{Kept, Reading, Sighting, VIEWS_BOUND};
use super::rule::{Mode, Window};
use super::voids::{By, Voids, today};
use super::whole::Wholes;
use super::windows::Windows;
use super::{entities, scanner, topics};
use crate::action::Action;
use crate::detector::{Place, Span, WholeFinding};
use crate::finding::{Finding, Judgement, Outcome};
use crate::segment::Direction;
use crate::view::Path;

/// Most findings that are kept of one text.
const MAX_FINDINGS: usize = 1 << 16;

/// Rule, label, range, and whether it stands for a bound. What outgrows the longest match is known by its start.
type Known = (usize, Option<Arc<str>>, usize, usize, bool);

/// One text under its rules.
#[derive(Clone, Debug)]
pub struct Channel {
    context: Context,
    plan: Arc<ChannelPlan>,
    reading: Reading,
    cutters: Vec<Windows>,
    jobs: Vec<Job>,
    /// In the order in which they were asked for, in which most are answered.
    waiting: VecDeque<Waiting>,
    next_job: usize,
    lengths: Lengths,
    wholes: Wholes,
    combined: Vec<Combined>,
    /// The text from `base` on: what a window or a replacement may still need.
    text: String,
    base: usize,
    hash: Option<Hmac<Sha256>>,
    findings: Vec<Finding>,
    /// Rules that found more than is kept.
    overfull: HashSet<usize>,
    voids: Voids,
    /// Findings of patterns, so that what several views show is one finding.
    known: HashMap<Known, usize>,
    /// What findings that were seen on a view say there, by index.
    values: HashMap<usize, Box<str>>,
    /// Findings of classifiers that cover the whole text, by index.
    everywhere: Vec<usize>,
    /// Findings that still grow (begin + run), by tracker and view.
    growing: Vec<(usize, Path, usize)>,
    /// Judged findings that have grown, and where they ended before.
    grown: Vec<(usize, usize)>,
    /// Findings whose judgement is open, by index: of rules that hold text, and of those that wait for its end.
    open: Vec<usize>,
    noted: Vec<usize>,
    /// Highest score of each label that was consulted: (`model/label`, score).
    scores: Vec<(String, f32)>,
    finished: bool,
    is_run: bool,
}

impl Channel {
    /// A channel for text that `plan` reads.
    pub fn new(context: &Context, plan: Arc<ChannelPlan>) -> Channel {
        Channel::of(context, plan, Place::Segment)
    }

    fn of(context: &Context, plan: Arc<ChannelPlan>, place: Place) -> Channel {
        let mut cutters: Vec<Windows> = Vec::new();
        for classifier in &plan.classifiers {
            if cutters.iter().all(|cutter| cutter.mode() != classifier.window) {
                cutters.push(Windows::new(classifier.window));
            }
        }
        // What is not in a part of a text, or in several, may be in the text.
        let combined = plan.combined.iter().filter(|combination| place == Place::Segment || !combination.is_not());
        let combined = combined.map(|combination| Combined::new(context, combination));
        let hash = (!plan.segment_voids.is_empty()).then(|| Hmac::new_from_slice(&context.key).ok()).flatten();
        Channel {
            reading: Reading::new(Arc::clone(&plan), Path::default()),
            lengths: Lengths::new(&plan),
            wholes: Wholes::new(&plan, place, &context.conversation),
            combined: combined.collect(),
            context: context.clone(),
            plan,
            cutters,
            jobs: Vec::new(),
            waiting: VecDeque::new(),
            next_job: 0,
            text: String::new(),
            base: 0,
            hash,
            findings: Vec::new(),
            overfull: HashSet::new(),
            voids: Voids::default(),
            known: HashMap::new(),
            values: HashMap::new(),
            everywhere: Vec::new(),
            growing: Vec::new(),
            grown: Vec::new(),
            open: Vec::new(),
            noted: Vec::new(),
            scores: Vec::new(),
            finished: false,
            is_run: place == Place::Run,
        }
    }

    /// A channel for several texts that are read on as one: none of them is what `span: segment` means.
    pub fn of_run(context: &Context, plan: Arc<ChannelPlan>) -> Channel {
        Channel::of(context, plan, Place::Run)
    }

    /// A channel for a string inside of a tool's arguments.
    pub fn of_leaf(context: &Context, plan: Arc<ChannelPlan>) -> Channel {
        Channel::of(context, plan, Place::Leaf)
    }

    /// The same text in another reading, in which others follow: nothing of it was asked or answered there.
    #[must_use]
    pub fn fork(&self) -> Channel {
        let (jobs, waiting, everywhere) = (Vec::new(), VecDeque::new(), Vec::new());
        let combined = self.combined.iter().filter(|combined| !combined.is_not()).map(Combined::fork).collect();
        Channel { jobs, waiting, everywhere, wholes: self.wholes.fork(), combined, is_run: true, ..self.clone() }
    }

    /// Bytes fed so far.
    pub fn len(&self) -> usize {
        self.base + self.text.len()
    }

    /// Whether nothing was fed yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The plan that the channel runs.
    pub fn plan(&self) -> &ChannelPlan {
        &self.plan
    }

    /// Feeds the next piece of the text.
    pub fn feed(&mut self, piece: &str) {
        let at = self.len();
        self.text.push_str(piece);
        if let Some(hash) = &mut self.hash {
            hash.update(piece.as_bytes());
        }
        if !self.plan.scan.is_empty() {
            let mut sightings = Vec::new();
            self.reading.feed(Kept { text: &self.text, base: self.base }, false, &mut sightings);
            self.take_sightings(sightings);
        }
        if !self.plan.lengths.is_empty() {
            let rewrites = |rule: usize| self.context.rules.rewrites(rule);
            for (rule, range) in self.lengths.feed(&self.plan, piece, at, rewrites) {
                self.found(rule, None, None, range, Outcome::Found);
            }
        }
        if !self.plan.wholes.is_empty() {
            let found = self.wholes.feed(piece);
            self.take_whole(found);
        }
        self.combined.iter_mut().for_each(|combined| combined.feed(piece));
        let mut cutters = std::mem::take(&mut self.cutters);
        for cutter in &mut cutters {
            let mode = cutter.mode();
            cutter.feed(piece, |window| self.ask(mode, window));
        }
        cutters.retain(|cutter| {
            if cutter.is_over() {
                self.ask_no_more(cutter.mode(), cutter.start());
            }
            !cutter.is_over()
        });
        self.cutters = cutters;
    }

    /// Ends the text. Scores may still come.
    pub fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let mut sightings = Vec::new();
        self.reading.finish(Kept { text: &self.text, base: self.base }, &mut sightings);
        self.take_sightings(sightings);
        let mut cutters = std::mem::take(&mut self.cutters);
        for cutter in &mut cutters {
            if let Some(window) = cutter.finish() {
                self.ask(cutter.mode(), window);
            }
        }
        self.cutters = cutters;
        let rewrites = |rule: usize| self.context.rules.rewrites(rule);
        for (rule, range) in self.lengths.finish(&self.plan, self.len(), rewrites) {
            self.found(rule, None, None, range, Outcome::Found);
        }
        let found = self.wholes.finish();
        self.take_whole(found);
        self.combined.iter_mut().for_each(Combined::finish);
        self.decide_combined();
        for index in self.everywhere.clone() {
            self.findings[index].range.end = self.len();
            self.voids_others(&self.findings[index].clone(), Path::default());
        }
        if let Some(hash) = self.hash.take() {
            let digest: String = hex(&hash.finalize().into_bytes());
            let plan = Arc::clone(&self.plan);
            let named = |wanted: &str| wanted.strip_prefix("hmac:").is_some_and(|hex| digest.starts_with(hex));
            for (rule, until, _) in plan.segment_voids.iter().filter(|(_, _, wanted)| named(wanted)) {
                self.voids.add(*rule, By::Exception(*until), Path::default(), 0..usize::MAX);
            }
        }
    }

    /// A bound kept the text from being seen in every form that rules should see: each rule has met a limit.
    pub fn over_limit(&mut self, reason: &'static str) {
        for &rule in &Arc::clone(&self.plan).rules {
            self.found(rule, None, None, 0..0, Outcome::OverLimit(reason));
        }
    }

    /// The text is, or stands for, a whole call of a tool: what rules find in that covers all of it. A name that is
    /// missing, and arguments that are, may be anything.
    pub fn judge_call(&mut self, name: Option<&str>, args: Option<&serde_json::Value>) {
        let plan = Arc::clone(&self.plan);
        for (rule, tool) in &plan.tools {
            if let Some(label) = tool.finds(name, args, &self.context.facts()) {
                self.found(*rule, label, None, 0..self.len(), Outcome::Found);
            }
        }
    }

    /// Takes the stretches that have to be judged.
    pub fn take_jobs(&mut self) -> Vec<Job> {
        let mut jobs = std::mem::take(&mut self.jobs);
        self.combined.iter_mut().for_each(|combined| jobs.extend(combined.take_jobs(&mut self.next_job)));
        jobs
    }

    /// Reports what `all` and `not` have found, where all is there.
    fn decide_combined(&mut self) {
        let (len, mut findings) = (self.len(), Vec::new());
        for combined in self.combined.iter_mut().filter(|combined| !combined.is_over() && !combined.is_waiting()) {
            findings.extend(combined.decide(len, &self.context.rules));
            for (name, score) in combined.scores() {
                note_score(&mut self.scores, name.clone(), *score);
            }
        }
        for finding in findings {
            self.keep(finding);
        }
    }

    /// Whether a rule may block or rewrite the text for what it is at its end, also if it is empty then: it is too short,
    /// or the rule looks at whole texts.
    pub fn is_short(&self) -> bool {
        let holds = |rule: usize| self.context.rules.holds(rule);
        self.lengths.is_short(&self.plan, holds)
            || self.plan.wholes.iter().any(|(rule, check)| check.judges_empty() && holds(*rule))
            || self.combined.iter().any(|combined| combined.judges_empty() && holds(combined.rule()))
    }

    /// Whether answers are outstanding.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.combined.iter().any(Combined::is_waiting)
    }

    /// Hands in what became of a job.
    pub fn answer(&mut self, id: usize, answer: &Answer) {
        if self.combined.iter_mut().any(|combined| combined.answer(id, answer)) {
            if self.finished {
                self.decide_combined();
            }
            return;
        }
        let Some(index) = self.waiting.iter().position(|waiting| waiting.id == id) else { return };
        let Some(waiting) = self.waiting.remove(index) else { return };
        let plan = Arc::clone(&self.plan);
        for &rule in &waiting.rules {
            let rule = &plan.classifiers[rule];
            let (start, end) = (waiting.range.start, waiting.range.end);
            if let Answer::OverLimit(reason) | Answer::Partly(_, reason) = answer {
                self.found(rule.rule, Some(Arc::clone(&rule.label)), None, start..end, Outcome::OverLimit(reason));
            }
            match (answer, &rule.sought) {
                (Answer::Scores(windows) | Answer::Partly(windows, _), Sought::Entity) => {
                    let highest = entities::highest(windows, rule.output);
                    note_score(&mut self.scores, format!("{}/{}", waiting.model, rule.label), highest);
                    for (range, score) in entities::entities(windows, rule.output, rule.threshold) {
                        let range = start + range.start..start + range.end;
                        self.found(rule.rule, Some(Arc::clone(&rule.label)), Some(score), range, Outcome::Found);
                    }
                }
                (Answer::Scores(windows) | Answer::Partly(windows, _), Sought::Topics(plan)) => {
                    for near in topics::judge(plan, &waiting, windows, &mut self.scores) {
                        self.found(rule.rule, Some(near.label), near.score, near.range, near.outcome);
                    }
                }
                (Answer::Scores(windows) | Answer::Partly(windows, _), _) => {
                    let mut floor = 0;
                    for window in windows {
                        let score = window.scores.get(rule.output).copied().unwrap_or(1.0);
                        note_score(&mut self.scores, format!("{}/{}", waiting.model, rule.label), score);
                        let range = match self.span(rule) {
                            Span::Window => start + window.range.start..start + window.range.end,
                            Span::Sentence => start..end,
                            Span::Segment if score >= rule.threshold => {
                                self.found_everywhere(rule, score);
                                continue;
                            }
                            Span::Segment => continue,
                        };
                        if score >= rule.threshold && range.start >= floor {
                            floor = range.end;
                            self.found(rule.rule, Some(Arc::clone(&rule.label)), Some(score), range, Outcome::Found);
                        }
                    }
                }
                (Answer::Tokens(starts), Sought::Tokens(length)) => {
                    for range in by_tokens(length, starts, start..end) {
                        self.found(rule.rule, None, None, range, Outcome::Found);
                    }
                }
                (Answer::Tokens(_) | Answer::OverLimit(_), _) => {}
                (Answer::Failed(failure), _) => {
                    self.found(rule.rule, Some(Arc::clone(&rule.label)), None, start..end, Outcome::Failed(*failure));
                }
            }
        }
    }

    /// Everything before this is decided for rules that hold text: what they still find starts here or after.
    pub fn open(&self) -> usize {
        if !self.plan.holds {
            return if self.finished && !self.is_waiting() { usize::MAX } else { self.len() };
        }
        let holds = |rule: usize| self.context.rules.holds(rule);
        if self.combined.iter().any(|combined| !combined.is_over() && holds(combined.rule())) {
            return 0;
        }
        let mut open = if self.finished { usize::MAX } else { self.scanner_open() };
        for waiting in &self.waiting {
            for rule in waiting.rules.iter().map(|&rule| &self.plan.classifiers[rule]) {
                let start = if self.span(rule) == Span::Segment { 0 } else { waiting.range.start };
                open = if holds(rule.rule) { open.min(start) } else { open };
            }
        }
        if self.finished {
            return open;
        }
        for rule in self.plan.classifiers.iter().filter(|rule| holds(rule.rule)) {
            let growing = self.cutters.iter().find(|cutter| cutter.mode() == rule.window).map(Windows::start);
            open = open.min(if self.span(rule) == Span::Segment { 0 } else { growing.unwrap_or(usize::MAX) });
        }
        open = open.min(self.lengths.open(&self.plan, holds)).min(self.wholes.open(holds));
        if self.plan.segment_voids.iter().any(|(rule, ..)| holds(*rule)) {
            open = 0;
        }
        open
    }

    /// Judges what can be judged and returns the indices of the findings that stand now and did not before.
    pub fn judge(&mut self) -> Vec<usize> {
        self.judge_before(usize::MAX)
    }

    /// The same, but for findings that start at `limit` or after.
    pub fn judge_before(&mut self, limit: usize) -> Vec<usize> {
        let all = self.finished && !self.is_waiting() && limit == usize::MAX;
        if all {
            self.open.append(&mut self.noted);
            self.open.sort_unstable();
        }
        if self.open.is_empty() {
            return Vec::new();
        }
        let decided = self.open().min(limit);
        let mut stand = Vec::new();
        let mut open = std::mem::take(&mut self.open);
        open.retain(|&index| {
            let finding = &self.findings[index];
            let ripe = all || finding.range.start < decided;
            if ripe {
                let exempt = finding.outcome == Outcome::Found && self.is_void(finding);
                self.findings[index].judgement = if exempt { Judgement::Exempt } else { Judgement::Stands };
                if !exempt {
                    stand.push(index);
                }
            }
            !ripe
        });
        self.open = open;
        stand
    }

    /// A finding is one of this exchange's placeholders, whose value goes back.
    pub fn mark_restored(&mut self, index: usize) {
        if let Some(finding) = self.findings.get_mut(index) {
            finding.judgement = Judgement::Restored;
        }
    }

    /// Takes the findings that have grown since they were judged, and where each ended before.
    pub fn take_grown(&mut self) -> Vec<(usize, usize)> {
        std::mem::take(&mut self.grown)
    }

    /// Whether a finding blocks whatever the outstanding answers say.
    pub fn is_lost(&self) -> bool {
        let rules = &self.context.rules;
        let may_allow = |waiting: &Waiting| {
            waiting
                .rules
                .iter()
                .any(|&rule| matches!(rules.rule(self.plan.classifiers[rule].rule).action, Action::Allow(_)))
        };
        self.finished
            && !self.waiting.iter().any(may_allow)
            && self
                .combined
                .iter()
                .all(|combined| combined.is_over() || !matches!(rules.rule(combined.rule()).action, Action::Allow(_)))
            && self.findings.iter().any(|finding| {
                rules.rule(finding.rule).mode == Mode::Enforce
                    && effect(rules, finding) == Effect::Block
                    && finding.judgement != Judgement::Exempt
                    && (finding.outcome != Outcome::Found || !self.is_void(finding))
            })
    }

    /// Gives up on outstanding answers; returns the rules that wanted them.
    pub fn abandon(&mut self) -> Vec<usize> {
        self.jobs.clear();
        let waiting = std::mem::take(&mut self.waiting);
        let combined: Vec<usize> =
            self.combined.iter_mut().filter_map(|combined| combined.abandon().then(|| combined.rule())).collect();
        let waiting =
            waiting.into_iter().flat_map(|waiting| waiting.rules).map(|rule| self.plan.classifiers[rule].rule);
        waiting.chain(combined).collect()
    }

    /// Everything found so far.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The highest score of each label that was consulted, as (`model/label`, probability).
    pub fn scores(&self) -> &[(String, f32)] {
        &self.scores
    }

    /// A part of the text that is still kept; empty for what was let go.
    pub fn text(&self, range: Range<usize>) -> &str {
        let from = range.start.saturating_sub(self.base);
        let to = range.end.saturating_sub(self.base).min(self.text.len());
        self.text.get(from..to).unwrap_or_default()
    }

    /// What a finding covers, as it was seen; empty for what was let go.
    pub fn matched(&self, index: usize) -> &str {
        if let Some(value) = self.values.get(&index) {
            return value;
        }
        self.findings.get(index).map_or("", |finding| self.text(finding.range.clone()))
    }

    /// Lets go of text before `released`, as far as no window and no view needs it.
    pub fn forget(&mut self, released: usize) {
        self.combined.iter_mut().for_each(Combined::forget);
        let growing = self.cutters.iter().map(Windows::start).min().unwrap_or(usize::MAX);
        let unjudged = self.open.iter().map(|&index| self.findings[index].range.start).min().unwrap_or(usize::MAX);
        let mut needed = released.min(growing).min(unjudged);
        if needed >= self.base + 4096 && self.plan.views.any && !self.finished {
            needed = needed.min(self.reading.needed());
        }
        let cut = needed.saturating_sub(self.base).min(self.text.len());
        if cut >= 4096 && self.text.is_char_boundary(cut) {
            self.text.drain(..cut);
            self.base += cut;
            self.values.retain(|&index, _| self.findings[index].range.start >= self.base);
        }
    }

    fn scanner_open(&self) -> usize {
        if self.plan.scan.is_empty() { self.len() } else { self.reading.open().min(self.len()) }
    }

    fn found(
        &mut self,
        rule: usize,
        label: Option<Arc<str>>,
        score: Option<f32>,
        range: Range<usize>,
        outcome: Outcome,
    ) {
        let (seen, judgement) = (Path::default(), Judgement::Open);
        self.keep(Finding { rule, label, score, range, seen, head: None, outcome, judgement });
    }

    fn take_whole(&mut self, found: Vec<(usize, WholeFinding)>) {
        for (rule, WholeFinding { range, label, score, bound }) in found {
            self.found(rule, label, score, range, bound.map_or(Outcome::Found, Outcome::OverLimit));
        }
    }

    /// What a finding of a classifier covers.
    fn span(&self, rule: &ClassifierRule) -> Span {
        if self.is_run && rule.span == Span::Segment { Span::Sentence } else { rule.span }
    }

    /// A classifier has judged a part of the text, and its finding covers all of it: one finding, however many parts.
    fn found_everywhere(&mut self, rule: &ClassifierRule, score: f32) {
        let mut known = self.everywhere.iter().map(|&index| (index, &self.findings[index]));
        let known = known.find(|(_, known)| known.rule == rule.rule && known.label.as_ref() == Some(&rule.label));
        if let Some((index, _)) = known {
            let highest = &mut self.findings[index].score;
            *highest = highest.map(|highest| highest.max(score));
            return;
        }
        let index = self.findings.len();
        self.found(rule.rule, Some(Arc::clone(&rule.label)), Some(score), 0..self.len(), Outcome::Found);
        if index < self.findings.len() {
            self.everywhere.push(index);
        }
    }

    fn keep(&mut self, mut finding: Finding) {
        if finding.outcome == Outcome::Found {
            self.voids_others(&finding, finding.seen);
        }
        if self.findings.len() >= MAX_FINDINGS {
            // One more for each rule, which says that there were more.
            if !self.overfull.insert(finding.rule) {
                return;
            }
            finding.outcome = Outcome::OverLimit("findings");
        }
        let open = if self.context.rules.holds(finding.rule) { &mut self.open } else { &mut self.noted };
        open.push(self.findings.len());
        self.findings.push(finding);
    }

    fn voids_others(&mut self, finding: &Finding, seen: Path) {
        if matches!(self.context.rules.rule(finding.rule).action, Action::Allow(_)) {
            self.voids.add(finding.rule, By::Allow, seen, finding.range.clone());
        }
    }

    fn take_sightings(&mut self, sightings: Vec<Sighting>) {
        if sightings.is_empty() {
            return;
        }
        let plan = Arc::clone(&self.plan);
        for sighting in sightings {
            let info = &plan.trackers[sighting.tracker];
            match (&info.purpose, sighting.outcome) {
                (Purpose::Find(_), scanner::Outcome::Grown) => {
                    let own = |(tracker, seen, _): &&_| (*tracker, *seen) == (sighting.tracker, sighting.seen);
                    if let Some(&(_, _, index)) = self.growing.iter().find(own) {
                        self.grow(index, sighting.range.end);
                    }
                }
                (Purpose::Find(entity), _) => {
                    let label = sighting.label.clone().or_else(|| entity.clone());
                    self.sighted(info.rule, label.as_ref(), sighting);
                }
                (Purpose::Void(until), scanner::Outcome::Found) => {
                    self.voids.add(info.rule, By::Exception(*until), sighting.seen, sighting.range);
                }
                // An exception that ran into a bound voids nothing, which is the safe side. None has a run.
                (Purpose::Void(_), _) => {}
            }
        }
    }

    /// A finding of a pattern. What several views show is one finding, seen by the first of them.
    fn sighted(&mut self, rule: usize, entity: Option<&Arc<str>>, sighting: Sighting) {
        let Sighting { tracker, outcome, score, range, head, value, seen, bound, .. } = sighting;
        let over = outcome == scanner::Outcome::OverLimit;
        let finding = Finding {
            rule,
            label: entity.filter(|_| bound != VIEWS_BOUND).cloned(),
            score,
            head: head.map(|head| head - range.start),
            range,
            seen,
            outcome: if over { Outcome::OverLimit(bound) } else { Outcome::Found },
            judgement: Judgement::Open,
        };
        let end = if head.is_some() { usize::MAX } else { finding.range.end };
        let key = (rule, finding.label.clone(), finding.range.start, end, over);
        let known = self.known.get(&key).copied();
        let index = known.unwrap_or(self.findings.len());
        match self.findings.get_mut(index) {
            None => {
                self.keep(finding);
                if self.plan.views.any && index < self.findings.len() {
                    self.known.insert(key, index);
                    self.values.extend(value.map(|value| (index, value)));
                }
            }
            Some(first) => {
                if finding.seen < first.seen {
                    (first.seen, first.score, first.head) = (finding.seen, finding.score, finding.head);
                    self.values.remove(&index);
                    self.values.extend(value.map(|value| (index, value)));
                }
                if !over {
                    self.voids_others(&finding, seen);
                    self.grow(index, finding.range.end);
                }
            }
        }
        // A bound of views says nothing of what goes on in the text.
        if bound != VIEWS_BOUND {
            self.growing.retain(|(other, by, _)| (*other, *by) != (tracker, seen));
        }
        if outcome == scanner::Outcome::Begun && index < self.findings.len() {
            self.growing.push((tracker, seen, index));
        }
    }

    fn grow(&mut self, index: usize, end: usize) {
        let Some(finding) = self.findings.get_mut(index).filter(|finding| finding.range.end < end) else { return };
        if finding.judgement == Judgement::Stands {
            self.grown.push((index, finding.range.end));
        }
        finding.range.end = end;
    }

    fn is_void(&self, finding: &Finding) -> bool {
        // What runs on beyond the longest match ends nobody knows where.
        let end = if finding.head.is_some() { usize::MAX } else { finding.range.end };
        let rules = &self.context.rules;
        self.voids.cover(&(finding.range.start..end), finding.seen, |rule, by| match by {
            By::Exception(until) => rule == finding.rule && until.is_none_or(|until| today() < until),
            By::Allow => rules.silences(rule, finding.rule),
        })
    }

    /// Asks the models of all rules with this kind of window to judge a stretch.
    fn ask(&mut self, mode: Window, range: Range<usize>) {
        let text = self.text(range.clone());
        let (is_blank, text): (bool, Arc<str>) = (text.trim().is_empty(), text.into());
        let plan = Arc::clone(&self.plan);
        let asks = |rule: &ClassifierRule| rule.window == mode && (!is_blank || rule.sought.counts());
        for (index, rule) in plan.classifiers.iter().enumerate().filter(|(_, rule)| asks(rule)) {
            let question = rule.sought.question();
            // What was asked for the same stretch is among the latest.
            let latest = self.waiting.iter_mut().rev().take(plan.classifiers.len());
            let mut same = latest.filter(|waiting| {
                waiting.range == range && waiting.model == rule.model && waiting.question == question
            });
            if let Some(waiting) = same.next() {
                waiting.rules.push(index);
            } else {
                let id = self.next_job;
                self.next_job += 1;
                let (model, text, range) = (Arc::clone(&rule.model), Arc::clone(&text), range.clone());
                self.jobs.push(Job { id, model: Arc::clone(&model), text: Arc::clone(&text), question });
                self.waiting.push_back(Waiting { id, model, question, text, range, rules: vec![index] });
            }
        }
    }

    /// A bound keeps the rules with this kind of window from having more of the text judged.
    fn ask_no_more(&mut self, mode: Window, from: usize) {
        let plan = Arc::clone(&self.plan);
        for rule in plan.classifiers.iter().filter(|rule| rule.window == mode) {
            let (label, outcome) = (Some(Arc::clone(&rule.label)), Outcome::OverLimit("windows"));
            self.found(rule.rule, label, None, from..from, outcome);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// The direction of the text that a plan reads.
pub fn direction(plan: &ChannelPlan) -> Direction {
    if plan.response { Direction::Response } else { Direction::Request }
}
