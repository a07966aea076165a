//! A stream of events under its rules.
//!
//! Events queue in the order in which they came. Each knows which bytes of which texts it carries; it goes out, whole and
//! as it came, once all of them are decided. A rewrite changes the strings that it hits. A block ends the answer that it
//! hits as the provider ends filtered answers.
//!
//! `intake` takes events apart, `calls` judges calls of tools, `echoes` reads what repeats the text, `joined` reads blocks on as one text, `silent`
//! judges answers without a text, `release` lets out what is decided.

mod calls;
mod echoes;
mod intake;
mod joined;
pub(super) mod release;
mod silent;

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use self::calls::Calls;
use self::echoes::Echoing;
use self::joined::Joined;
use super::text::Text;
use super::{Cause, Meter, Report, Ticket};
use crate::policy::{Answer, ChannelPlan, Context, Standing};
use crate::protocol::framing::{Event, Frames, Framing};
use crate::protocol::{Mark, Protocol, StreamView, openai_error};
use crate::segment::{Kind, Media, Scope};

/// Most bytes of events that wait for a decision.
const MAX_HELD: usize = 8 << 20;
/// Tickets for joined texts count from here.
const JOINED: usize = 1 << 32;
/// Most texts that one stream may be made of.
const MAX_TEXTS: usize = 4096;
/// The same where the answer repeats its request, with all tools on offer.
const MAX_TEXTS_REPEATED: usize = 1 << 14;

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
    framing: Framing,
    queue: VecDeque<Queued>,
    /// Number of entries that have left the queue.
    gone: usize,
    held: usize,
    texts: Vec<StreamText>,
    /// What runs over texts of a scope and kind, where conditions ask about them.
    plans: Vec<(Scope, Kind, Arc<ChannelPlan>)>,
    /// By place and kind: what a place holds may change from event to event, and with it who reads it. A place is a keyed
    /// hash already.
    by_channel: HashMap<(u64, Kind), usize, FixedState>,
    /// Calls of tools.
    calls: Calls,
    /// What several texts are together.
    joined: Vec<Joined>,
    /// How many of these there were so far.
    numbered: usize,
    dirty: Vec<usize>,
    choices: Vec<Choice>,
    /// Bytes of texts that are kept where events may say them again.
    said_bytes: usize,
    /// The same as [`Choice::said`] of an answer that is the only one.
    said: bool,
    /// Answers of which a text has gone out rewritten.
    rewritten: HashSet<Option<u64>>,
    view: StreamView,
    /// What went out is not what came, but for placeholders that were turned back.
    altered: bool,
    /// The client has had all events up to this number.
    after: Option<u64>,
    /// Ids under which the provider keeps the answer.
    kept_as: Vec<String>,
    report: Report,
    /// Counts tokens, if somebody asks for that.
    meter: Option<Meter>,
    /// What the report says could not be looked into.
    unscanned: HashSet<(String, Media)>,
    blocked: Option<Cause>,
    /// No more events are taken in.
    closed: bool,
    /// The last event came without the line break that ends it.
    torn: bool,
    sent: bool,
    /// What ends the stream by its framing has been sent.
    shut: bool,
    end: StreamEnd,
}

struct StreamText {
    text: Text,
    plan: Arc<ChannelPlan>,
    /// Index of its answer.
    choice: Option<u64>,
    /// What the event that began it did to the stream.
    mark: Mark,
    /// It is what the answer says, and no other string of its events.
    content: bool,
    /// It is one of the blocks that are read on as one text.
    part: bool,
    /// It repeats what other texts of its answer say.
    echo: Option<Echoing>,
    /// Its bytes are not those of a string.
    is_json: bool,
    released: usize,
    /// So much of it the client was sent.
    sent: usize,
    /// The first half of a surrogate pair whose second half has not come: the event and the raw range that hold it.
    half: Option<(usize, Range<usize>, u32)>,
    /// All that it has said, where events may say it again.
    said: Option<String>,
}

impl StreamText {
    fn new(text: Text, plan: Arc<ChannelPlan>, choice: Option<u64>) -> StreamText {
        StreamText {
            text,
            plan,
            choice,
            mark: Mark::None,
            content: false,
            part: false,
            echo: None,
            is_json: false,
            released: 0,
            sent: 0,
            half: None,
            said: None,
        }
    }

    /// Whether it is an answer's own and rules have changed it.
    fn is_altered(&self) -> bool {
        self.text.segment.kind.is_answered() && self.text.edits().len() > self.text.restored()
    }

    /// Whether the text has ended and all of it may go out.
    fn is_out(&self) -> bool {
        self.text.is_finished() && self.released >= self.text.len()
    }
}

#[derive(Clone, Copy)]
struct Choice {
    own: u64,
    started: bool,
    finished: bool,
    cut: bool,
    /// It has said something, or called a tool.
    said: bool,
}

#[expect(clippy::large_enum_variant, reason = "nearly all are events; boxing them costs each an allocation")]
enum Queued {
    Event(Held),
    /// Went out before its turn.
    Sent,
    Cut(Cause),
}

struct Held {
    event: Event,
    pieces: SmallVec<[Piece; 1]>,
    /// What repeats text: of which answer, and where in the event's data.
    echoes: Vec<(Option<u64>, Range<usize>)>,
    choices: SmallVec<[Part; 1]>,
    mark: Mark,
    /// Halves of characters whose other half has not come.
    open: usize,
    /// Its place among the stream's events, where they are numbered.
    sequence: Option<u64>,
    /// It also says what clients add up over events, besides its texts, or what they take as a whole: how many tokens
    /// were used, text that no rule reads, text that comes in one piece.
    counts: bool,
    /// What of its data has gone out already.
    gone: Option<Range<usize>>,
}

impl Held {
    /// An event that carries no text.
    fn unread(event: Event) -> Held {
        Held {
            event,
            pieces: SmallVec::new(),
            echoes: Vec::new(),
            choices: SmallVec::new(),
            mark: Mark::None,
            open: 0,
            sequence: None,
            counts: false,
            gone: None,
        }
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
    /// A string that says all of its text again.
    Again,
    /// The second half of a character: new text goes to the first.
    SecondHalf,
    /// JSON, as it is.
    Json,
    /// Strings in a value that repeats text, and goes whole or not at all.
    Echo,
}

impl Stream {
    /// Starts an inspection. Without a protocol every string counts as every kind of output.
    pub fn new(context: &Context, protocol: Option<&'static dyn Protocol>, options: StreamOptions) -> Stream {
        let mut report = Report::default();
        context.unjudged().iter().for_each(|&rule| report.note_unjudged(rule));
        Stream {
            context: context.clone(),
            protocol,
            options,
            framing: Framing::default(),
            queue: VecDeque::new(),
            gone: 0,
            held: 0,
            texts: Vec::new(),
            plans: Vec::new(),
            by_channel: HashMap::default(),
            calls: Calls::default(),
            joined: Vec::new(),
            numbered: 0,
            dirty: Vec::new(),
            choices: Vec::new(),
            said_bytes: 0,
            said: false,
            rewritten: HashSet::new(),
            view: StreamView { kept: Some(Vec::new()), ..StreamView::default() },
            altered: false,
            after: None,
            kept_as: Vec::new(),
            report,
            meter: None,
            unscanned: HashSet::new(),
            blocked: None,
            closed: false,
            torn: false,
            sent: false,
            shut: false,
            end: StreamEnd::Open,
        }
    }

    /// Cuts the stream into events as `frames` says; without this they are server-sent events.
    #[must_use]
    pub fn framed(self, frames: Frames) -> Stream {
        Stream { framing: frames.into(), ..self }
    }

    /// For a client that has had all events up to this number: they are read again, and not sent.
    #[must_use]
    pub fn resumed(self, after: Option<u64>) -> Stream {
        Stream { after, ..self }
    }

    /// Counts the tokens of what comes.
    #[must_use]
    pub fn metered(self) -> Stream {
        Stream { meter: Some(Meter::default()), ..self }
    }

    /// What was counted, if it was.
    pub fn meter(&self) -> Option<&Meter> {
        self.meter.as_ref()
    }

    /// Takes the next bytes in and appends to `out` what may go out.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.closed {
            return;
        }
        out.reserve(bytes.len());
        let mut events = Vec::with_capacity(bytes.len() / 128 + 1);
        let fed = self.framing.feed(bytes, |event| events.push(event));
        for event in events {
            self.take_event(event, out);
        }
        let too_many = self.texts.len().max(self.joined.len()) > self.most_texts() || self.choices.len() > MAX_CHOICES;
        if fed.is_err() || self.held > MAX_HELD || too_many {
            self.close(Cause::OverLimit);
        }
        self.release(out);
    }

    /// What runs over a text of the answer. Conditions know no more of it than its kind, and are judged once for each.
    fn plan(&mut self, scope: Scope, kind: Kind) -> Arc<ChannelPlan> {
        if let Some((.., plan)) = self.plans.iter().find(|(own, of, _)| (*own, *of) == (scope, kind)) {
            return Arc::clone(plan);
        }
        let (plan, unjudged) = self.context.plan_of(scope, || Standing::in_answer(kind));
        for rule in unjudged {
            self.report.note_unjudged(rule);
        }
        self.plans.push((scope, kind, Arc::clone(&plan)));
        plan
    }

    /// Whether events say again what others said.
    fn repeats(&self) -> bool {
        self.protocol.is_some_and(Protocol::repeats)
    }

    fn most_texts(&self) -> usize {
        if self.repeats() { MAX_TEXTS_REPEATED } else { MAX_TEXTS }
    }

    /// Lets heart-beats that keep a connection alive overtake what waits for a decision.
    pub fn overtake(&mut self, out: &mut Vec<u8>) {
        self.release_heartbeats(out);
    }

    /// The upstream has ended its answer.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.closed {
            if let Some(event) = self.framing.finish() {
                self.torn = true;
                self.take_event(event, out);
            }
            // Unless that event could not be read: then the texts have not ended.
            if !std::mem::replace(&mut self.closed, true) {
                self.finish_texts();
            }
        }
        self.release(out);
    }

    /// The upstream has broken off: what is decided goes out, then the protocol's error.
    pub fn fail(&mut self, message: &str, out: &mut Vec<u8>) {
        self.release(out);
        if self.end == StreamEnd::Open {
            self.send_decided(0, out);
            let frames = self.framing.frames();
            let ending = match self.protocol {
                Some(protocol) => protocol.failure(message, frames),
                None => frames.event(&openai_error(message, "server_error", "upstream_error")) + frames.end(),
            };
            self.write_ending(ending.into_bytes(), out);
            self.closed = true;
            self.end = StreamEnd::Done;
        }
    }

    /// Sends an event, whose bytes may say that others came before it.
    fn write(&mut self, mut event: Vec<u8>, out: &mut Vec<u8>) {
        let first = !std::mem::replace(&mut self.sent, true);
        self.framing.frames().place(&mut event, first);
        out.append(&mut event);
    }

    /// Sends an ending, where one can still come.
    fn write_ending(&mut self, ending: Vec<u8>, out: &mut Vec<u8>) {
        if !self.shut {
            self.write(ending, out);
        }
    }

    /// What classifiers have to judge.
    pub fn take_tickets(&mut self) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        for (text, entry) in self.texts.iter_mut().enumerate() {
            let kind = entry.text.segment.kind;
            tickets.extend(entry.text.take_jobs().into_iter().map(|(unit, job)| Ticket { text, unit, job, kind }));
        }
        for joined in &mut self.joined {
            let (text, kind) = (JOINED + joined.number, joined.kind);
            let jobs = joined.take_jobs().into_iter();
            tickets.extend(jobs.map(|(unit, job)| Ticket { text, unit, job, kind }));
        }
        tickets
    }

    /// Hands in an answer and appends to `out` what may go out now.
    pub fn answer(&mut self, ticket: &Ticket, answer: &Answer, out: &mut Vec<u8>) {
        let number = ticket.text.checked_sub(JOINED);
        if let Some(joined) = self.joined.iter_mut().find(|joined| Some(joined.number) == number) {
            joined.answer(ticket.unit, ticket.job.id, answer);
        } else if let Some(text) = self.texts.get_mut(ticket.text) {
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

    /// Ids under which the provider keeps an answer of which the client got, or is to get, something else. Each is
    /// handed out once.
    pub fn take_tainted(&mut self) -> Vec<String> {
        if self.altered || self.blocked.is_some() { std::mem::take(&mut self.kept_as) } else { Vec::new() }
    }

    /// Everything there is to say about it.
    pub fn report(&self) -> Report {
        let mut report = self.report.clone();
        for text in self.texts.iter().filter(|text| text.echo.is_none()) {
            // What stands after a cut was seen or not, as it happened to arrive; a verdict depends on the text alone.
            let cut = text.text.cut().filter(|_| !text.text.waits_whole()).map_or(usize::MAX, |(at, _)| at);
            report.add(text.text.report().into_iter().filter(|found| found.finding.range.start <= cut));
            report.note_scores(text.text.scores());
            report.restored += text.text.restored();
        }
        for joined in &self.joined {
            report.add(joined.report(&self.texts));
            report.note_scores(joined.scores());
        }
        report
    }

    /// How many texts it is made of so far.
    #[cfg(test)]
    pub(super) fn texts(&self) -> usize {
        self.texts.len()
    }

    /// Judges what is left, once all answers are in: findings of rules that hold nothing.
    pub fn settle(&mut self) {
        self.settle_joined();
        for index in 0..self.texts.len() {
            self.settle_text(index);
        }
    }
}
