//! A whole body under its rules.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::calls::calls;
use super::canary::Planted;
use super::pseudonyms;
use super::runs::{Run, Touched, join, parts, reported, runs, touched};
use super::splice::{Splice, apply, edited, plain_splices, splices};
use super::text::{Text, value};
use super::{Cause, Report, Reported, Ticket};
use crate::detector::Canary;
use crate::finding::Judgement;
use crate::policy::rule::{Decision, Mode};
use crate::policy::{Answer, Channel, ChannelPlan, Context, Effect, Pseudonyms, Standing, effect};
use crate::protocol::Protocol;
use crate::protocol::inline::encoded;
use crate::protocol::json::{Json, NodeId, NodeKind};
use crate::protocol::walk::{LeafRole, Walked, pointer, says};
use crate::segment::{Direction, Kind, Scope, Segment};

/// Most texts of one body that are looked at unless told otherwise; more is over the limit.
const MAX_TEXTS: usize = 1 << 15;

/// A body that has been read.
#[derive(Debug)]
pub enum Body<'b> {
    /// JSON, and where text stands in it.
    Json(Json<'b>, Walked),
    /// One text, for example an error page.
    Plain(&'b str, Segment),
}

/// The inspection of a whole body.
#[derive(Debug)]
pub struct Buffered<'b> {
    context: Context,
    body: Body<'b>,
    direction: Direction,
    /// One for each text leaf; `None` where no rule reads it.
    texts: Vec<Option<Text>>,
    joined: Vec<Joined>,
    /// The runs that are still to be read.
    runs: Option<std::vec::IntoIter<Run>>,
    under_way: Option<UnderWay<'b>>,
    report: Report,
    lost: bool,
    /// The calls of tools have been judged.
    calls_judged: bool,
    most: usize,
    /// Where the messages of each kind stand, counted from 1. Made when somebody asks.
    positions: OnceCell<HashMap<Kind, Vec<u32>>>,
    /// Findings over runs that are reported already: rule, and the pieces with their ranges.
    run_findings: HashSet<(usize, Touched)>,
    /// Whose message it is: what values are called depends on it.
    tenant: Option<Arc<str>>,
}

/// A text that has been read in part.
#[derive(Debug)]
struct UnderWay<'b> {
    source: Cow<'b, str>,
    fed: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The last one.
    Text(Arc<ChannelPlan>),
    Run(Box<Joined>),
}

#[derive(Debug)]
struct Joined {
    channel: Channel,
    run: Run,
    /// Where each piece stands in the run's text.
    ranges: Vec<Range<usize>>,
}

/// What an inspection came to.
#[derive(Debug)]
pub struct Concluded {
    /// Why nothing of the body gets through.
    pub block: Option<Cause>,
    /// Answers of several that are blocked: position and rule.
    pub choices: Vec<(u32, usize)>,
    /// Where these stand in the body.
    nodes: Vec<NodeId>,
    splices: Vec<Splice>,
    /// Of a request: the way back of the placeholders that were put into it, for the context of its answer.
    pub pseudonyms: Option<Arc<Pseudonyms>>,
    /// What there is to say about it.
    pub report: Report,
}

impl<'b> Buffered<'b> {
    /// Starts an inspection.
    pub fn new(context: &Context, body: Body<'b>, direction: Direction) -> Buffered<'b> {
        let mut report = Report::default();
        context.unjudged().iter().for_each(|&rule| report.note_unjudged(rule));
        Buffered {
            context: context.clone(),
            body,
            direction,
            texts: Vec::new(),
            joined: Vec::new(),
            runs: None,
            under_way: None,
            report,
            lost: false,
            calls_judged: false,
            most: MAX_TEXTS,
            positions: OnceCell::new(),
            run_findings: HashSet::new(),
            tenant: None,
        }
    }

    /// Whose message it is.
    pub fn set_tenant(&mut self, tenant: Option<Arc<str>>) {
        self.tenant = tenant;
    }

    /// Looks at so many texts; more is over the limit.
    #[must_use]
    pub fn at_most(self, texts: usize) -> Self {
        Buffered { most: texts, ..self }
    }

    /// Scans on, about `budget` bytes. `false`: nothing is left to scan.
    pub fn scan(&mut self, budget: usize) -> bool {
        let mut left = budget.max(1);
        while left > 0 {
            let Some(reading) = self.under_way.take().or_else(|| self.next_text()).or_else(|| self.next_run()) else {
                self.judge_calls();
                // A blocked request is blocked whole; of several answers the others are still to be judged.
                self.lost = self.direction == Direction::Request
                    && (self.texts.iter().flatten().any(Text::is_lost)
                        || self.joined.iter().any(|joined| joined.channel.is_lost()));
                return false;
            };
            self.read_on(reading, &mut left);
        }
        true
    }

    /// Judges the calls of tools in the body, once all of it has been read.
    fn judge_calls(&mut self) {
        let Body::Json(json, walked) = &self.body else { return };
        if std::mem::replace(&mut self.calls_judged, true) || !self.texts.iter().flatten().any(Text::judges_calls) {
            return;
        }
        let is_judged =
            |index: usize| self.texts.get(index).is_some_and(|text| text.as_ref().is_some_and(Text::judges_calls));
        let calls = calls(json, walked, is_judged);
        for (name, texts) in calls {
            for index in texts {
                self.texts[index].iter_mut().for_each(|text| text.judge_call(name.as_deref()));
            }
        }
    }

    /// The next text that rules read.
    fn next_text(&mut self) -> Option<UnderWay<'b>> {
        while self.texts.len() < self.leaves() {
            let index = self.texts.len();
            let (scope, role) = match &self.body {
                Body::Json(_, walked) => (walked.texts[index].scope, walked.texts[index].role),
                Body::Plain(_, segment) => (segment.scope, LeafRole::Value),
            };
            let plan = self.plan(index, scope);
            if plan.is_empty() && !(self.direction == Direction::Response && self.context.restores(scope)) {
                self.texts.push(None);
                continue;
            }
            let source = match &self.body {
                Body::Json(json, walked) => walked.texts[index].text(json),
                Body::Plain(plain, _) => Cow::Borrowed(*plain),
            };
            let text = Text::new(&self.context, Arc::clone(&plan), self.unlocated(index), role);
            self.texts.push(Some(text));
            return Some(UnderWay { source, fed: 0, what: What::Text(plan) });
        }
        None
    }

    /// What runs over a text.
    fn plan(&mut self, index: usize, scope: Scope) -> Arc<ChannelPlan> {
        let (plan, unjudged) = self.context.plan_of(scope, || self.standing(index));
        for rule in unjudged {
            self.report.note_unjudged(rule);
        }
        plan
    }

    /// What conditions may ask about a text.
    fn standing(&self, index: usize) -> Standing {
        let direction = self.direction;
        match &self.body {
            Body::Plain(_, segment) if direction == Direction::Response => Standing::in_answer(segment.kind),
            Body::Plain(text, Segment { kind, age, .. }) => {
                let (role, length) = (Standing::role_of(*kind), Some(text.chars().count()));
                Standing { kind: *kind, role, direction, index: 0, length, age: *age }
            }
            Body::Json(_, walked) if direction == Direction::Response => Standing::in_answer(walked.texts[index].kind),
            Body::Json(json, walked) => {
                let leaf = walked.texts[index];
                let before = leaf.message.checked_sub(1);
                let message = before.and_then(|before| walked.messages.get(before as usize));
                Standing {
                    kind: leaf.kind,
                    role: message.map_or("", |kind| Standing::role_of(*kind)),
                    direction,
                    index: before.unwrap_or(0),
                    length: Some(leaf.text(json).chars().count()),
                    age: self.age(leaf.kind, leaf.message),
                }
            }
        }
    }

    /// The next run of texts that rules read as one.
    fn next_run(&mut self) -> Option<UnderWay<'b>> {
        let Body::Json(json, walked) = &self.body else { return None };
        let length = |index: usize| json.node(walked.texts[index].node).end - json.node(walked.texts[index].node).start;
        let is_read = !self.texts.iter().all(Option::is_none) && !self.has_too_many();
        let all = || if is_read { runs(walked, |index| length(index) == 0) } else { Vec::new() };
        let runs = self.runs.get_or_insert_with(|| all().into_iter());
        let own = |&piece: &usize| self.texts.get(piece).and_then(Option::as_ref).map(|text| text.channel().plan());
        let plan_of =
            |run: &Run| self.context.plan_of_run(walked.texts[run.pieces[0]].scope, run.pieces.iter().filter_map(own));
        let (run, plan) =
            runs.map(|run| (plan_of(&run), run)).find(|(plan, _)| !plan.is_empty()).map(|(plan, run)| (run, plan))?;
        let pieces: Vec<_> = run.pieces.iter().map(|&index| json.string(walked.texts[index].node)).collect();
        let (text, ranges) = join(pieces.iter().map(AsRef::as_ref), run.separator);
        let channel = Channel::of_run(&self.context, plan);
        Some(UnderWay { source: Cow::Owned(text), fed: 0, what: What::Run(Box::new(Joined { channel, run, ranges })) })
    }

    /// Reads on to the end of the text or of the budget.
    fn read_on(&mut self, mut reading: UnderWay<'b>, left: &mut usize) {
        let mut end = reading.fed.saturating_add(*left).min(reading.source.len());
        while !reading.source.is_char_boundary(end) {
            end += 1;
        }
        let piece = &reading.source[reading.fed..end];
        // Many empty texts are work as well.
        *left = left.saturating_sub(piece.len().max(1));
        match &mut reading.what {
            What::Text(_) => self.texts.last_mut().into_iter().flatten().for_each(|text| text.feed(piece)),
            What::Run(joined) => joined.channel.feed(piece),
        }
        if end < reading.source.len() {
            reading.fed = end;
            self.under_way = Some(reading);
            return;
        }
        match reading.what {
            What::Text(plan) => {
                self.texts.last_mut().into_iter().flatten().for_each(|text| text.finish(&self.context, &plan));
            }
            What::Run(mut joined) => {
                joined.channel.finish();
                self.joined.push(*joined);
            }
        }
    }

    /// What classifiers have to judge. Nothing, when cheap rules have blocked already.
    pub fn take_tickets(&mut self) -> Vec<Ticket> {
        if self.lost {
            let own = self.texts.iter_mut().flatten().flat_map(Text::abandon);
            let mut skipped: Vec<usize> = own.collect();
            skipped.extend(self.joined.iter_mut().flat_map(|joined| joined.channel.abandon()));
            skipped.sort_unstable();
            skipped.dedup();
            self.report.skipped.extend(skipped.into_iter().map(|rule| (rule, "blocked_already")));
            return Vec::new();
        }
        let mut tickets = Vec::new();
        for (text, entry) in self.texts.iter_mut().enumerate() {
            let Some(entry) = entry else { continue };
            let kind = entry.segment.kind;
            tickets.extend(entry.take_jobs().into_iter().map(|(unit, job)| Ticket { text, unit, job, kind }));
        }
        let base = self.texts.len();
        for (index, joined) in self.joined.iter_mut().enumerate() {
            let kind = match (&self.body, joined.run.pieces.first()) {
                (Body::Json(_, walked), Some(&piece)) => walked.texts[piece].kind,
                _ => Kind::User,
            };
            let jobs = joined.channel.take_jobs().into_iter();
            tickets.extend(jobs.map(|job| Ticket { text: base + index, unit: 0, job, kind }));
        }
        tickets
    }

    /// Hands in an answer.
    pub fn answer(&mut self, ticket: &Ticket, answer: &Answer) {
        match ticket.text.checked_sub(self.texts.len()) {
            None => {
                if let Some(Some(text)) = self.texts.get_mut(ticket.text) {
                    text.answer(ticket.unit, ticket.job.id, answer);
                }
            }
            Some(run) => {
                if let Some(joined) = self.joined.get_mut(run) {
                    joined.channel.answer(ticket.job.id, answer);
                }
            }
        }
    }

    /// Decides. With `texts`, the report holds every text as it is after rewrites.
    pub fn conclude(mut self, texts: bool) -> Concluded {
        if self.direction == Direction::Request && self.context.rules.pseudonymizes() {
            self.context.pseudonyms = self.names().map(Arc::new);
        }
        self.locate(texts);
        // First, so that what lies in a piece and what reaches beyond it are resolved together.
        for index in 0..self.joined.len() {
            self.conclude_run(index);
        }
        let mut concluded = Concluded {
            block: None,
            choices: Vec::new(),
            nodes: Vec::new(),
            splices: Vec::new(),
            pseudonyms: None,
            report: Report::default(),
        };
        let mut report = std::mem::take(&mut self.report);
        for text in self.texts.iter_mut().flatten() {
            text.settle(&self.context, usize::MAX);
            report.add(text.report());
            report.note_scores(text.scores());
            report.restored += text.restored();
        }
        for joined in &self.joined {
            report.note_scores(joined.channel.scores().iter());
        }
        self.decide(&mut concluded, &mut report);
        if self.direction == Direction::Request {
            let edits = self.texts.iter().flatten().flat_map(Text::edits);
            let names = self.context.pseudonyms.as_ref();
            concluded.pseudonyms = names.and_then(|names| names.given(&self.context.rules, edits)).map(Arc::new);
        }
        if texts {
            report.texts = self.texts_after();
        }
        concluded.report = report;
        concluded
    }

    /// How many texts are looked at.
    fn leaves(&self) -> usize {
        match &self.body {
            Body::Json(_, walked) => walked.texts.len().min(self.most),
            Body::Plain(..) => 1,
        }
    }

    fn has_too_many(&self) -> bool {
        matches!(&self.body, Body::Json(_, walked) if walked.texts.len() > self.most)
    }

    /// What a text is, without where it stands: of most texts nobody asks.
    fn unlocated(&self, index: usize) -> Segment {
        match &self.body {
            Body::Plain(_, segment) => segment.clone(),
            Body::Json(_, walked) => {
                let (direction, leaf) = (self.direction, walked.texts[index]);
                Segment { direction, kind: leaf.kind, scope: leaf.scope, pointer: String::new(), age: 0 }
            }
        }
    }

    /// Finds out where the texts stand, if there is something to say of any.
    fn locate(&mut self, all: bool) {
        let found = self.texts.iter().flatten().any(Text::found)
            || self.joined.iter().any(|joined| !joined.channel.findings().is_empty());
        let Body::Json(json, walked) = &self.body else { return };
        if !found && !all {
            return;
        }
        let ages: Vec<u32> = walked.texts.iter().map(|leaf| self.age(leaf.kind, leaf.message)).collect();
        for ((text, leaf), age) in self.texts.iter_mut().zip(&walked.texts).zip(ages) {
            if let Some(text) = text {
                (text.segment.pointer, text.segment.age) = (pointer(json, leaf.node, false), age);
            }
        }
    }

    /// How many messages of a kind come after this one of the request.
    fn age(&self, kind: Kind, message: u32) -> u32 {
        let (Body::Json(_, walked), Direction::Request, 1..) = (&self.body, self.direction, message) else { return 0 };
        let positions = self.positions.get_or_init(|| {
            let mut positions: HashMap<Kind, Vec<u32>> = HashMap::new();
            for (message, &kind) in (1..).zip(&walked.messages) {
                positions.entry(kind).or_default().push(message);
            }
            positions
        });
        positions.get(&kind).map_or(0, |of_kind| of_kind.len() - of_kind.partition_point(|&at| at <= message)) as u32
    }

    /// Hands what a run found to its pieces. What lies in one piece, the piece has found itself.
    fn conclude_run(&mut self, index: usize) {
        self.joined[index].channel.judge();
        let Joined { channel, run, ranges } = &self.joined[index];
        for (index, finding) in channel.findings().iter().enumerate() {
            let Some(touched) = touched(finding, &run.pieces, ranges) else { continue };
            // A run is read with and without a space between its pieces; what both show is one finding.
            if self.run_findings.insert((finding.rule, touched.clone())) {
                let segment = |piece: usize| self.texts[piece].as_ref().map(|text| &text.segment);
                self.report.findings.extend(reported(channel, index, &touched, segment));
            }
            if finding.judgement != Judgement::Stands {
                continue;
            }
            for part in parts(&self.context, channel, index, touched) {
                if let Some(text) = &mut self.texts[part.piece] {
                    text.take_from_run(&self.context, part);
                }
            }
        }
    }

    /// What the values of a request are called.
    fn names(&self) -> Option<Pseudonyms> {
        let texts = self.texts.iter().flatten().flat_map(|text| text.values(&self.context));
        let runs = self.joined.iter().flat_map(|joined| {
            let findings = joined.channel.findings().iter();
            findings.filter_map(|finding| value(&self.context, &joined.channel, finding))
        });
        let values: Vec<_> = texts.chain(runs).collect();
        (!values.is_empty()).then(|| pseudonyms::of(&self.context, self.tenant.as_deref(), &self.body, values))
    }

    fn decide(&self, concluded: &mut Concluded, report: &mut Report) {
        let rules = &self.context.rules;
        if let Body::Json(json, walked) = &self.body {
            for &(media, node) in &walked.unscannable {
                let decision = rules.unscannable(media);
                if decision != Decision::Allow {
                    report.unscanned.push((pointer(json, node, false), media));
                }
                if decision == Decision::Block && concluded.block.is_none() {
                    concluded.block = Some(Cause::Unscannable(media));
                }
            }
        }
        if let Body::Json(json, walked) = &self.body {
            for &node in &walked.unknown {
                report.note_unknown(pointer(json, node, false), &json.string(node));
            }
        }
        // What a model made is judged as it is; what a client sends has to have one reading.
        if self.direction == Direction::Request && self.texts.iter().flatten().any(Text::has_duplicate_keys) {
            report.unreadable.get_or_insert("the same key twice in tool arguments".to_owned());
            if rules.unreadable() == Decision::Block {
                concluded.block = concluded.block.take().or(Some(Cause::Unreadable));
            }
        }
        if self.has_too_many() && rules.over_limit_of_body() == Decision::Block {
            concluded.block = concluded.block.take().or(Some(Cause::OverLimit));
        }
        let choices = if let Body::Json(_, walked) = &self.body { walked.choices.len() } else { 0 };
        let mut lost: Vec<(u32, usize)> = Vec::new();
        for (index, text) in self.texts.iter().enumerate() {
            let Some((text, (_, rule))) = text.as_ref().and_then(|text| text.cut().map(|cut| (text, cut))) else {
                continue;
            };
            let choice = match &self.body {
                Body::Json(_, walked) => walked.texts[index].choice,
                Body::Plain(..) => None,
            };
            debug_assert!(text.segment.direction == self.direction);
            match choice {
                Some(choice) if !lost.iter().any(|(other, _)| *other == choice) => lost.push((choice, rule)),
                Some(_) => {}
                None => concluded.block = concluded.block.take().or(Some(Cause::Rule(rule))),
            }
        }
        self.judge_silent(&mut lost, concluded, report);
        if let Some(&(_, rule)) = lost.first()
            && lost.len() >= choices
        {
            concluded.block = concluded.block.take().or(Some(Cause::Rule(rule)));
        }
        if let Body::Json(_, walked) = &self.body {
            concluded.nodes = lost.iter().map(|&(choice, _)| walked.choices[choice as usize].2).collect();
        }
        concluded.choices = lost;
        concluded.splices = self.splices();
    }

    /// Answers that neither say anything nor call a tool are judged as if they were an empty text.
    fn judge_silent(&self, lost: &mut Vec<(u32, usize)>, concluded: &mut Concluded, report: &mut Report) {
        let Body::Json(_, walked) = &self.body else { return };
        // Nearly all policies have nothing to say of an empty text.
        let nothing = || !self.context.plan_for(Scope::one(Direction::Response, Kind::Completion)).judges_empty();
        if self.direction == Direction::Request || walked.messages.is_empty() || nothing() {
            return;
        }
        let said: HashSet<Option<u32>> =
            walked.texts.iter().filter(|leaf| says(leaf.kind)).map(|leaf| leaf.choice).collect();
        let mut answers: Vec<_> = walked.choices.iter().map(|&(position, ..)| Some(position)).collect();
        if answers.is_empty() {
            answers.push(None);
        }
        for choice in answers.into_iter().filter(|choice| !said.contains(choice)) {
            let Some((mut text, plan)) = Text::of_silent(&self.context, choice.map(u64::from)) else { return };
            text.finish(&self.context, &plan);
            text.settle(&self.context, usize::MAX);
            report.add(text.report());
            match (choice, text.cut()) {
                (Some(choice), Some(_)) if lost.iter().any(|(other, _)| *other == choice) => {}
                (Some(choice), Some((_, rule))) => lost.push((choice, rule)),
                (None, Some((_, rule))) => concluded.block = concluded.block.take().or(Some(Cause::Rule(rule))),
                (_, None) => {}
            }
        }
    }

    fn splices(&self) -> Vec<Splice> {
        let mut out = Vec::new();
        match &self.body {
            Body::Plain(_, _) => {
                let edits = self.texts.iter().flatten().flat_map(Text::edits);
                out.extend(edits.map(|edit| Splice { range: edit.range.clone(), text: edit.text.clone() }));
            }
            Body::Json(json, walked) => {
                let mut touched = Vec::new();
                for (leaf, text) in walked.texts.iter().zip(&self.texts) {
                    let Some(text) = text.as_ref().filter(|text| !text.edits().is_empty()) else { continue };
                    let (raw, at) = (json.raw(leaf.node), json.node(leaf.node).start as usize);
                    if leaf.role == LeafRole::Encoded {
                        let text = encoded(&edited(&leaf.text(json), text.edits()));
                        out.push(Splice { range: at..at + raw.len(), text });
                    } else if json.kind(leaf.node) == NodeKind::String {
                        splices(raw, at, 0..text.len(), text.edits(), None, &mut out);
                    } else {
                        plain_splices(at, &(0..text.len()), text.edits(), &mut out);
                    }
                    // Of what the model was told nothing repeats a part.
                    if leaf.kind != Kind::System {
                        touched.push(leaf.choice);
                    }
                }
                for echo in &walked.echoes {
                    if touched.contains(&echo.choice) {
                        let range = json.node(echo.node).start as usize..json.node(echo.node).end as usize;
                        let text = no_echo(json.kind(echo.node) == NodeKind::Array).to_owned();
                        out.push(Splice { range, text });
                    }
                }
            }
        }
        out
    }

    fn texts_after(&self) -> Vec<(String, String)> {
        let leaves = self.texts.iter().enumerate();
        leaves
            .map(|(index, text)| match (text, &self.body) {
                (Some(text), Body::Json(json, walked)) => {
                    let whole = walked.texts[index].text(json);
                    (text.segment.pointer.clone(), edited(&whole, text.edits()))
                }
                (Some(text), Body::Plain(plain, _)) => (text.segment.pointer.clone(), edited(plain, text.edits())),
                (None, Body::Json(json, walked)) => {
                    let leaf = &walked.texts[index];
                    (pointer(json, leaf.node, false), leaf.text(json).into_owned())
                }
                (None, Body::Plain(plain, segment)) => (segment.pointer.clone(), (*plain).to_owned()),
            })
            .collect()
    }

    /// What was read.
    pub fn body(&self) -> &Body<'b> {
        &self.body
    }
}

impl Concluded {
    /// Whether the bytes have to change.
    pub fn changes(&self) -> bool {
        !self.splices.is_empty() || !self.choices.is_empty()
    }

    /// Puts a token into the body as well.
    pub fn plant(&mut self, planted: Planted) -> Canary {
        self.splices.push(planted.splice);
        planted.canary
    }

    /// The body as it goes out. Blocked answers of several become what `protocol` says; `message` makes them refusals.
    pub fn rewritten(
        mut self,
        bytes: &[u8],
        protocol: Option<&dyn Protocol>,
        message: impl Fn(usize) -> Option<String>,
    ) -> Vec<u8> {
        if let (Some(protocol), false) = (protocol, self.choices.is_empty())
            && let Ok(json) = Json::parse(bytes)
        {
            for (&(_, rule), &choice) in self.choices.iter().zip(&self.nodes) {
                let message = message(rule);
                let edits = protocol.blocked_choice(&json, choice, message.as_deref());
                self.splices.extend(edits.into_iter().map(|(range, text)| Splice { range, text }));
            }
        }
        apply(bytes, self.splices)
    }
}

/// What stands in the place of a repeat that goes.
pub(super) fn no_echo(is_list: bool) -> &'static str {
    if is_list { "[]" } else { "null" }
}

/// The severest thing that standing findings did, and what shadow rules would have done.
pub fn severest(context: &Context, findings: &[Reported]) -> (Effect, Effect) {
    let rank = |effect: Effect| match effect {
        Effect::Block => 3,
        Effect::Rewrite => 2,
        Effect::Log => 1,
        Effect::None => 0,
    };
    let of = |mode: Mode| {
        let standing = findings.iter().filter(|reported| {
            reported.finding.judgement == Judgement::Stands && context.rules.rule(reported.finding.rule).mode == mode
        });
        let effects = standing.map(|reported| effect(&context.rules, &reported.finding));
        effects.max_by_key(|&effect| rank(effect)).unwrap_or(Effect::None)
    };
    (of(Mode::Enforce), of(Mode::Shadow))
}
