//! A stream of server-sent events under its rules.
//!
//! Events queue in the order in which they came. Each knows which bytes of which texts it carries; it goes out, whole and
//! as it came, once all of them are decided. A rewrite changes the strings that it hits. A block ends the answer that it
//! hits as the provider ends filtered answers.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::splice::{Splice, apply, plain_splices, splices};
use super::text::Text;
use super::{Cause, Report, Ticket};
use crate::policy::rule::Decision;
use crate::policy::{Answer, ChannelPlan, Context};
use crate::protocol::json::{Json, NodeKind, leading_low_surrogate, trailing_high_surrogate, unescape};
use crate::protocol::sse::{Decoder, Event};
use crate::protocol::walk::{self, LeafRole, TextLeaf, Walked};
use crate::protocol::{Ending, Mark, Protocol, StreamView, openai_error};
use crate::segment::{Direction, Kind, Segment};

/// Most bytes of events that wait for a decision.
const MAX_HELD: usize = 8 << 20;
/// Most texts that one stream may be made of.
const MAX_TEXTS: usize = 4096;

/// Most answers that one stream may hold.
const MAX_CHOICES: usize = 256;

/// What a client is told about a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// For people.
    pub message: String,
    /// Answer as a model that declines.
    pub refusal: bool,
    /// Status of an answer that is an error.
    pub status: u16,
}

/// What a stream's inspection has to know about its request.
#[derive(Clone)]
pub struct StreamOptions {
    /// Palisade's id of the request.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// Number of answers that the client asked for.
    pub choices: u64,
    /// The client asked for a last event with token counts.
    pub usage: bool,
    /// What to say about a block.
    pub notice: Arc<dyn Fn(&Cause) -> Notice + Send + Sync>,
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// It goes on.
    Open,
    /// As the upstream ended it, or as the protocol ends a filtered answer: nothing comes after.
    Done,
    /// It is blocked and nothing was sent yet: the client can still get an error.
    Unsent(Cause),
}

/// The inspection of a stream.
pub struct Stream {
    context: Context,
    protocol: Option<&'static dyn Protocol>,
    options: StreamOptions,
    decoder: Decoder,
    queue: VecDeque<Queued>,
    /// Number of entries that have left the queue.
    gone: usize,
    held: usize,
    texts: Vec<StreamText>,
    by_channel: HashMap<u64, usize>,
    dirty: Vec<usize>,
    choices: Vec<Choice>,
    view: StreamView,
    report: Report,
    blocked: Option<Cause>,
    /// No more events are taken in.
    closed: bool,
    sent: bool,
    end: StreamEnd,
}

struct StreamText {
    text: Text,
    plan: Arc<ChannelPlan>,
    /// Index of its answer.
    choice: Option<u64>,
    /// What the event that began it did to the stream.
    mark: Mark,
    /// Its bytes are not those of a string.
    is_json: bool,
    released: usize,
    /// The first half of a surrogate pair whose second half has not come: the event and the raw range that hold it.
    half: Option<(usize, Range<usize>, u32)>,
}

#[derive(Clone, Copy)]
struct Choice {
    own: u64,
    started: bool,
    finished: bool,
    cut: bool,
}

enum Queued {
    Event(Held),
    Cut(Cause),
}

struct Held {
    event: Event,
    pieces: Vec<Piece>,
    echoes: Vec<(Option<u64>, Range<usize>)>,
    choices: SmallVec<[Part; 1]>,
    mark: Mark,
    /// Halves of characters whose other half has not come.
    open: usize,
}

impl Held {
    /// An event that carries no text.
    fn unread(event: Event) -> Held {
        Held { event, pieces: Vec::new(), echoes: Vec::new(), choices: SmallVec::new(), mark: Mark::None, open: 0 }
    }
}

/// One answer's part of an event.
struct Part {
    own: u64,
    /// All of it in the event's data.
    whole: Range<usize>,
    finish: Option<Range<usize>>,
}

/// A string of an event, as part of a text.
struct Piece {
    text: usize,
    /// In the event's data, inside the quotes.
    raw: Range<usize>,
    /// In the text.
    range: Range<usize>,
    form: Form,
}

/// How a piece stands in its event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A string.
    String,
    /// The second half of a character: new text goes to the first.
    SecondHalf,
    /// JSON, as it is.
    Json,
}

impl Stream {
    /// Starts an inspection. Without a protocol every string counts as every kind of output.
    pub fn new(context: &Context, protocol: Option<&'static dyn Protocol>, options: StreamOptions) -> Stream {
        Stream {
            context: context.clone(),
            protocol,
            options,
            decoder: Decoder::default(),
            queue: VecDeque::new(),
            gone: 0,
            held: 0,
            texts: Vec::new(),
            by_channel: HashMap::new(),
            dirty: Vec::new(),
            choices: Vec::new(),
            view: StreamView::default(),
            report: Report::default(),
            blocked: None,
            closed: false,
            sent: false,
            end: StreamEnd::Open,
        }
    }

    /// Takes the next bytes in and appends to `out` what may go out.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.closed {
            return;
        }
        out.reserve(bytes.len());
        let mut events = Vec::with_capacity(bytes.len() / 128 + 1);
        let fed = self.decoder.feed(bytes, |event| events.push(event));
        for event in events {
            self.take_event(event, out);
        }
        let too_many = self.texts.len() > MAX_TEXTS || self.choices.len() > MAX_CHOICES;
        if fed.is_err() || self.held > MAX_HELD || too_many {
            self.close(Cause::OverLimit);
        }
        self.release(out);
    }

    /// The upstream has ended its answer.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.closed {
            if let Some(event) = self.decoder.finish() {
                self.take_event(event, out);
            }
            self.finish_texts();
            self.closed = true;
        }
        self.release(out);
    }

    /// The upstream has broken off: what is decided goes out, then the protocol's error.
    pub fn fail(&mut self, message: &str, out: &mut Vec<u8>) {
        self.release(out);
        if self.end == StreamEnd::Open {
            let ending = match self.protocol {
                Some(protocol) => protocol.failure(message),
                None => format!("data: {}\n\n", openai_error(message, "server_error", "upstream_error")),
            };
            out.extend_from_slice(ending.as_bytes());
            self.closed = true;
            self.end = StreamEnd::Done;
        }
    }

    /// What classifiers have to judge.
    pub fn take_tickets(&mut self) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        for (text, entry) in self.texts.iter_mut().enumerate() {
            let kind = entry.text.segment.kind;
            tickets.extend(entry.text.take_jobs().into_iter().map(|(unit, job)| Ticket { text, unit, job, kind }));
        }
        tickets
    }

    /// Hands in an answer and appends to `out` what may go out now.
    pub fn answer(&mut self, ticket: &Ticket, answer: &Answer, out: &mut Vec<u8>) {
        if let Some(text) = self.texts.get_mut(ticket.text) {
            text.text.answer(ticket.unit, ticket.job.id, answer);
            self.dirty.push(ticket.text);
        }
        self.release(out);
    }

    /// How the stream stands.
    pub fn end(&self) -> &StreamEnd {
        &self.end
    }

    /// Why the stream, or an answer in it, was cut.
    pub fn blocked(&self) -> Option<&Cause> {
        self.blocked.as_ref()
    }

    /// Everything there is to say about it.
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        for text in &self.texts {
            // What stands after a cut was seen or not, as it happened to arrive; a verdict depends on the text alone.
            let cut = text.text.cut().filter(|_| !text.text.waits_whole()).map_or(usize::MAX, |(at, _)| at);
            report.add(text.text.report().into_iter().filter(|found| found.finding.range.start <= cut));
            report.note_scores(text.text.scores());
            report.restored += text.text.restored();
        }
        report
    }

    /// Judges what is left, once all answers are in: findings of rules that hold nothing.
    pub fn settle(&mut self) {
        for text in &mut self.texts {
            text.text.settle(&self.context);
        }
    }

    fn take_event(&mut self, event: Event, out: &mut Vec<u8>) {
        if self.closed {
            return;
        }
        if event.is_odd() {
            return self.take_unreadable(event, "a line that is no event's".to_owned());
        }
        if event.is_empty() {
            // A heart-beat is worth most at once, but it overtakes nothing: what is not changed stays as it came.
            if !self.queue.is_empty() {
                return self.enqueue(Held::unread(event));
            }
            self.sent |= !event.raw.is_empty();
            out.extend_from_slice(&event.raw);
            return;
        }
        // Shares the bytes: the event moves on while its JSON is still looked at.
        let source = event.clone();
        let data = source.data();
        let is_done = std::str::from_utf8(&data)
            .is_ok_and(|data| self.protocol.map_or(data == "[DONE]", |protocol| protocol.is_done(data)));
        if is_done {
            self.finish_texts();
            return self.enqueue(Held::unread(event));
        }
        let read = Json::parse(&data).map_err(|error| error.to_string()).and_then(|json| {
            let walked = match self.protocol {
                Some(protocol) => {
                    let (shape, kind) = protocol.response();
                    walk::walk(&json, shape, Direction::Response, kind).map_err(|error| error.to_string())?
                }
                None => walk::walk_unknown(&json, Direction::Response),
            };
            Ok((json, walked))
        });
        match read {
            Ok((json, walked)) => self.take_json(event, &json, &walked),
            Err(reason) => self.take_unreadable(event, reason),
        }
    }

    fn take_unreadable(&mut self, event: Event, reason: String) {
        self.report.unreadable.get_or_insert(reason);
        if self.context.rules.unreadable() == Decision::Block {
            self.close(Cause::Unreadable);
        } else {
            self.enqueue(Held::unread(event));
        }
    }

    fn take_json(&mut self, event: Event, json: &Json<'_>, walked: &Walked) {
        self.look_at_head(json);
        let mark = self.protocol.map_or(Mark::None, |protocol| protocol.mark(json));
        if mark == Mark::Message {
            // Another message counts its blocks anew.
            self.finish_texts();
            self.by_channel.clear();
        }
        for &(media, node) in &walked.unscannable {
            let decision = self.context.rules.unscannable(media);
            if decision != Decision::Allow {
                self.report.unscanned.push((self.pointer(json, node), media));
            }
            if decision == Decision::Block {
                return self.close(Cause::Unscannable(media));
            }
        }
        let choices = walked.choices.iter().map(|&(_, own, node)| self.part(json, own, node)).collect();
        let own = |position: Option<u32>| {
            position.and_then(|position| walked.choices.get(position as usize)).map(|&(_, own, _)| own)
        };
        let echoes = walked
            .echoes
            .iter()
            .map(|&(choice, node)| (own(choice), json.node(node).start as usize..json.node(node).end as usize));
        let mut held = Held { event, pieces: Vec::new(), echoes: echoes.collect(), choices, mark, open: 0 };
        for leaf in &walked.texts {
            let plan = self.context.rules.plan_for(leaf.scope);
            if plan.is_empty() && !self.context.restores(leaf.scope) {
                continue;
            }
            let plan = Arc::clone(plan);
            let index = self.text_of(json, leaf, own(leaf.choice), plan, mark);
            if self.texts[index].text.is_finished() {
                // Text after the end of its stream: no reader agrees with another on what that means.
                self.report.unreadable.get_or_insert("text after the end of the stream".to_owned());
                return self.close(Cause::Unreadable);
            }
            let (raw, at) = (json.raw(leaf.node), json.node(leaf.node).start as usize);
            if json.kind(leaf.node) == NodeKind::String && !self.texts[index].is_json {
                self.take_piece(index, raw, at, &mut held);
            } else if !self.take_arguments(index, raw, at, &mut held) {
                self.report.unreadable.get_or_insert("arguments that come twice".to_owned());
                return self.close(Cause::Unreadable);
            }
        }
        self.enqueue(held);
        match mark {
            Mark::End(index) => {
                let ended = |text: &StreamText| matches!(text.mark, Mark::Begin(own) | Mark::GoOn(own) if own == index);
                for text in 0..self.texts.len() {
                    if ended(&self.texts[text]) && !self.texts[text].text.is_finished() {
                        self.finish_text(text);
                    }
                }
            }
            Mark::Over => self.finish_texts(),
            Mark::None | Mark::Message | Mark::Begin(_) | Mark::GoOn(_) => {}
        }
    }

    fn pointer(&self, json: &Json<'_>, node: usize) -> String {
        self.protocol.map_or_else(|| walk::pointer(json, node, true), |protocol| protocol.joined_pointer(json, node))
    }

    /// Arguments that are JSON themselves, not JSON in a string. Streams begin them empty; what comes whole comes once.
    fn take_arguments(&mut self, index: usize, raw: &str, at: usize, held: &mut Held) -> bool {
        self.dirty.push(index);
        let text = &mut self.texts[index];
        let is_empty = raw.bytes().all(|byte| matches!(byte, b'{' | b'}' | b' ' | b'\t' | b'\r' | b'\n'));
        let range = if is_empty { 0..0 } else { 0..raw.len() };
        if !is_empty {
            if text.text.len() > 0 {
                return false;
            }
            text.text.feed(raw);
            text.is_json = true;
        }
        held.pieces.push(Piece { text: index, raw: at..at + range.len(), range, form: Form::Json });
        true
    }

    fn look_at_head(&mut self, json: &Json<'_>) {
        if self.view.id.is_some() {
            return;
        }
        let root = json.get(0, "message").filter(|&message| json.kind(message) == NodeKind::Object).unwrap_or(0);
        let text = |name| {
            json.get(root, name)
                .filter(|&node| json.kind(node) == NodeKind::String)
                .map(|node| json.string(node).into_owned())
        };
        self.view.id = text("id").filter(|id| !id.is_empty());
        self.view.model = text("model");
        self.view.created = json.get(root, "created").and_then(|node| json.raw(node).parse().ok());
    }

    fn part(&mut self, json: &Json<'_>, own: u64, node: usize) -> Part {
        if self.choices.iter().all(|choice| choice.own != own) {
            self.choices.push(Choice { own, started: false, finished: false, cut: false });
        }
        let range = |node: usize| {
            let quotes = usize::from(json.kind(node) == NodeKind::String);
            json.node(node).start as usize - quotes..json.node(node).end as usize + quotes
        };
        let finish = json.get(node, "finishreason").filter(|&node| json.kind(node) != NodeKind::Null);
        Part { own, whole: range(node), finish: finish.map(range) }
    }

    fn text_of(
        &mut self,
        json: &Json<'_>,
        leaf: &TextLeaf,
        choice: Option<u64>,
        plan: Arc<ChannelPlan>,
        mark: Mark,
    ) -> usize {
        if let Some(&index) = self.by_channel.get(&leaf.channel) {
            return index;
        }
        let pointer = self.pointer(json, leaf.node);
        let segment = Segment { direction: Direction::Response, kind: leaf.kind, scope: leaf.scope, pointer, age: 0 };
        let role = if leaf.role == LeafRole::Part { LeafRole::Value } else { leaf.role };
        let text = Text::new(&self.context, Arc::clone(&plan), segment, role);
        self.texts.push(StreamText { text, plan, choice, mark, is_json: false, released: 0, half: None });
        self.by_channel.insert(leaf.channel, self.texts.len() - 1);
        self.texts.len() - 1
    }

    /// Feeds one string of an event to its text. Characters that providers cut in two are put together first.
    fn take_piece(&mut self, index: usize, raw: &str, at: usize, held: &mut Held) {
        self.dirty.push(index);
        let mut from = 0;
        if let Some((event, range, high)) = self.texts[index].half.take() {
            let low = leading_low_surrogate(raw);
            let joined = low.and_then(|low| char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)));
            let start = self.texts[index].text.len();
            let char = joined.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.texts[index].text.feed(char.encode_utf8(&mut [0; 4]));
            let whole = start..start + char.len_utf8();
            if joined.is_some() {
                held.pieces.push(Piece { text: index, raw: at..at + 6, range: whole.clone(), form: Form::SecondHalf });
                from = 6;
            }
            // The half may wait in this very event, when it holds several strings of the text.
            let earlier = match self.queue.get_mut(event - self.gone) {
                Some(Queued::Event(earlier)) => earlier,
                _ => held,
            };
            earlier.open -= 1;
            earlier.pieces.push(Piece { text: index, raw: range, range: whole, form: Form::String });
        }
        let raw = raw.get(from..).unwrap_or_default();
        let high = trailing_high_surrogate(raw);
        let body = raw.get(..raw.len() - if high.is_some() { 6 } else { 0 }).unwrap_or_default();
        let start = self.texts[index].text.len();
        if body.contains('\\') {
            self.texts[index].text.feed(&unescape(body));
        } else {
            self.texts[index].text.feed(body);
        }
        let end = self.texts[index].text.len();
        let raw_start = at + from;
        held.pieces.push(Piece {
            text: index,
            raw: raw_start..raw_start + body.len(),
            range: start..end,
            form: Form::String,
        });
        if let Some(high) = high {
            let tail = raw_start + body.len()..raw_start + raw.len();
            self.texts[index].half = Some((self.gone + self.queue.len(), tail, high));
            held.open += 1;
        }
    }

    fn finish_texts(&mut self) {
        for index in 0..self.texts.len() {
            self.finish_text(index);
        }
    }

    fn finish_text(&mut self, index: usize) {
        if let Some((event, range, _)) = self.texts[index].half.take() {
            let start = self.texts[index].text.len();
            self.texts[index].text.feed("\u{fffd}");
            if let Some(Queued::Event(held)) = self.queue.get_mut(event - self.gone) {
                held.open -= 1;
                held.pieces.push(Piece { text: index, raw: range, range: start..start + 3, form: Form::String });
            }
        }
        let plan = Arc::clone(&self.texts[index].plan);
        self.texts[index].text.finish(&self.context, &plan);
        self.dirty.push(index);
    }

    fn enqueue(&mut self, held: Held) {
        self.held += held.event.raw.len();
        self.queue.push_back(Queued::Event(held));
    }

    /// Takes nothing more in; what came before is still decided and goes out, then everything ends because of `cause`.
    fn close(&mut self, cause: Cause) {
        if !std::mem::replace(&mut self.closed, true) {
            self.finish_texts();
            self.queue.push_back(Queued::Cut(cause));
        }
    }

    /// Sends what is decided, from the front of the queue on.
    fn release(&mut self, out: &mut Vec<u8>) {
        if self.end != StreamEnd::Open {
            return;
        }
        for index in std::mem::take(&mut self.dirty) {
            let text = &mut self.texts[index];
            text.released = text.text.settle(&self.context);
        }
        while let Some(front) = self.queue.front() {
            let cut = match front {
                Queued::Cut(cause) => {
                    let cause = cause.clone();
                    self.end_choices(None, &cause, out);
                    return;
                }
                Queued::Event(held) => match self.ready(held) {
                    Some(cut) => cut,
                    None => return,
                },
            };
            let Some(Queued::Event(held)) = self.queue.pop_front() else { return };
            self.gone += 1;
            self.held -= held.event.raw.len();
            self.send(&held, &cut, out);
            if self.end != StreamEnd::Open {
                return;
            }
        }
        if self.closed {
            self.end = StreamEnd::Done;
        }
    }

    /// Whether all of an event is decided, and if so which of its texts are cut in it.
    fn ready(&self, held: &Held) -> Option<Vec<usize>> {
        if held.open > 0 {
            return None;
        }
        let mut cut = Vec::new();
        for piece in &held.pieces {
            let text = &self.texts[piece.text];
            let choice_is_cut = text.choice.is_some_and(|own| self.choice(own).is_some_and(|choice| choice.cut));
            if choice_is_cut {
                continue;
            }
            if text.text.cut().is_some_and(|(at, _)| at < piece.range.end || (at == 0 && text.text.waits_whole())) {
                cut.push(piece.text);
            } else if text.text.waits_for_end() || text.released < piece.range.end {
                return None;
            }
        }
        Some(cut)
    }

    fn choice(&self, own: u64) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.own == own)
    }

    /// Whether nothing of an answer's part of an event goes out: the answer has ended, or its part is a tool call that is
    /// blocked. A call without its arguments is of no use to anybody.
    fn is_gone(&self, held: &Held, own: u64, cut: &[usize]) -> bool {
        let blocked_call =
            || cut.iter().any(|&text| self.texts[text].choice == Some(own) && self.texts[text].text.waits_whole());
        let says_more = || {
            let texts = held.pieces.iter().filter(|piece| !piece.range.is_empty()).map(|piece| &self.texts[piece.text]);
            texts.filter(|text| text.choice == Some(own)).any(|text| text.text.segment.kind != Kind::ToolCall)
        };
        self.choice(own).is_some_and(|choice| choice.cut) || (blocked_call() && !says_more())
    }

    fn send(&mut self, held: &Held, cut: &[usize], out: &mut Vec<u8>) {
        let gone: Vec<bool> = held.choices.iter().map(|part| self.is_gone(held, part.own, cut)).collect();
        let is_gone =
            |choice: Option<u64>| held.choices.iter().zip(&gone).any(|(part, &gone)| gone && Some(part.own) == choice);
        let cut_now: Vec<Option<u64>> = cut.iter().map(|&text| self.texts[text].choice).collect();
        let mut changes = Vec::new();
        let mut touched = Vec::new();
        let mut goes_out = false;
        for piece in &held.pieces {
            let text = &self.texts[piece.text];
            if is_gone(text.choice) {
                continue;
            }
            let at = text.text.cut().map(|(at, _)| at);
            let data = held.event.data();
            let raw = std::str::from_utf8(&data[piece.raw.clone()]).unwrap_or_default();
            let before = changes.len();
            if piece.form == Form::Json {
                plain_splices(piece.raw.start, &piece.range, text.text.edits(), &mut changes);
            } else {
                splices(raw, piece.raw.start, piece.range.clone(), text.text.edits(), at, &mut changes);
            }
            if piece.form == Form::SecondHalf {
                changes[before..].iter_mut().for_each(|splice: &mut Splice| splice.text.clear());
            }
            goes_out |= at.unwrap_or(usize::MAX).min(piece.range.end) > piece.range.start;
            if changes.len() > before {
                touched.push(text.choice);
            }
        }
        for (choice, range) in &held.echoes {
            if touched.contains(choice) {
                changes.push(Splice { range: range.clone(), text: "null".to_owned() });
            }
        }
        let ending = |part: &Part| cut_now.contains(&Some(part.own));
        for part in held.choices.iter().filter(|part| ending(part)) {
            changes.extend(part.finish.iter().map(|range| Splice { range: range.clone(), text: "null".to_owned() }));
        }
        changes.extend(without(&held.choices, &gone));
        let all_gone = if gone.is_empty() {
            // A call without its arguments is of no use to anybody.
            cut.iter().any(|&text| self.texts[text].text.waits_whole())
        } else {
            gone.iter().all(|&gone| gone)
        };
        let others = held.choices.iter().zip(&gone).any(|(part, &gone)| !gone && !ending(part));
        if !all_gone && (cut.is_empty() || goes_out || others) {
            if changes.is_empty() {
                out.extend_from_slice(&held.event.raw);
            } else {
                let data = apply(&held.event.data(), changes);
                out.extend_from_slice(&held.event.with_data(&data));
            }
            self.sent = true;
            self.view.sent(held.mark);
            for (part, _) in held.choices.iter().zip(&gone).filter(|(_, gone)| !**gone) {
                if let Some(choice) = self.choices.iter_mut().find(|choice| choice.own == part.own) {
                    choice.started = true;
                    choice.finished |= part.finish.is_some() && !cut_now.contains(&Some(part.own));
                }
            }
        }
        for &text in cut {
            // A text may have several pieces in an event; the answer ends once.
            if self.end != StreamEnd::Open {
                return;
            }
            let Some((_, rule)) = self.texts[text].text.cut() else { continue };
            let choice = self.texts[text].choice;
            self.end_choices(choice, &Cause::Rule(rule), out);
        }
    }

    /// Ends one answer, or all that are under way.
    fn end_choices(&mut self, only: Option<u64>, cause: &Cause, out: &mut Vec<u8>) {
        self.blocked.get_or_insert_with(|| cause.clone());
        // A choice that was announced and has not come yet cannot be ended one by one: it is let through or cut later.
        let under_way = self.choices.iter_mut().filter(|choice| !choice.finished && !choice.cut);
        let mut ended: Vec<(u64, bool)> = Vec::new();
        for choice in under_way.filter(|choice| only.is_none_or(|own| own == choice.own)) {
            choice.cut = true;
            ended.push((choice.own, choice.started));
        }
        let over = self.choices.iter().filter(|choice| choice.finished || choice.cut).count();
        let last = only.is_none() || (over == self.choices.len() && over as u64 >= self.options.choices);
        if last && !self.sent {
            self.end = StreamEnd::Unsent(cause.clone());
            return self.drop_queue();
        }
        if ended.is_empty() && !last {
            return;
        }
        let notice = (self.options.notice)(cause);
        let ending = match self.protocol {
            Some(protocol) => protocol.ending(
                &self.view,
                &Ending {
                    id: &self.options.id,
                    created: self.options.created,
                    choices: &ended,
                    refusal: notice.refusal.then_some(&notice.message),
                    usage: self.options.usage,
                    last,
                },
            ),
            None => format!(
                "data: {}\n\n",
                openai_error(&notice.message, "invalid_request_error", "content_policy_violation")
            ),
        };
        out.extend_from_slice(ending.as_bytes());
        self.sent = true;
        if last {
            self.end = StreamEnd::Done;
            self.drop_queue();
        }
    }

    fn drop_queue(&mut self) {
        self.closed = true;
        self.gone += self.queue.len();
        self.queue.clear();
        self.held = 0;
    }
}

/// Takes answers out of an event's list of them, as long as one stays.
fn without(parts: &[Part], gone: &[bool]) -> Vec<Splice> {
    let mut out = Vec::new();
    let (mut kept, mut from) = (None, None);
    for (part, &gone) in parts.iter().zip(gone) {
        if gone {
            from = from.or(Some(part.whole.start));
        } else {
            // Up to here, with the comma that followed each.
            out.extend(from.take().map(|from| Splice { range: from..part.whole.start, text: String::new() }));
            kept = Some(part.whole.end);
        }
    }
    if let (Some(_), Some(kept), Some(last)) = (from, kept, parts.last()) {
        out.push(Splice { range: kept..last.whole.end, text: String::new() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_out_of_their_list() {
        let list = "[{a}, {b} ,{c}]";
        let parts = [1..4, 6..9, 11..14].map(|whole| Part { own: 0, whole, finish: None });
        let left = |gone: [bool; 3]| String::from_utf8(apply(list.as_bytes(), without(&parts, &gone)));
        assert_eq!(left([true, false, false]).as_deref(), Ok("[{b} ,{c}]"));
        assert_eq!(left([false, true, false]).as_deref(), Ok("[{a}, {c}]"));
        assert_eq!(left([false, false, true]).as_deref(), Ok("[{a}, {b}]"));
        assert_eq!(left([true, true, false]).as_deref(), Ok("[{c}]"));
        assert_eq!(left([false, true, true]).as_deref(), Ok("[{a}]"));
        assert_eq!(left([true, false, true]).as_deref(), Ok("[{b}]"));
        assert_eq!(left([false; 3]).as_deref(), Ok(list));
    }
}
