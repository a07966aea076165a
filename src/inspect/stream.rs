//! A stream of events under its rules.
//!
//! Events queue in the order in which they came. Each knows which bytes of which texts it carries; it goes out, whole and
//! as it came, once all of them are decided. A rewrite changes the strings that it hits. A block ends the answer that it
//! hits as the provider ends filtered answers.
//!
//! `intake` takes events apart, `joined` reads blocks on as one text, `release` lets out what is decided.

mod intake;
mod joined;
pub(super) mod release;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use self::joined::Joined;
use super::text::Text;
use super::{Cause, Report, Ticket};
use crate::policy::{Answer, ChannelPlan, Context};
use crate::protocol::framing::{Event, Framing};
use crate::protocol::{Mark, Protocol, StreamView, openai_error};
use crate::segment::Kind;

/// Most bytes of events that wait for a decision.
const MAX_HELD: usize = 8 << 20;
/// Tickets for joined texts count from here.
const JOINED: usize = 1 << 32;
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
    framing: Framing,
    queue: VecDeque<Queued>,
    /// Number of entries that have left the queue.
    gone: usize,
    held: usize,
    texts: Vec<StreamText>,
    /// By place and kind: what a place holds may change from event to event, and with it who reads it. A place is a keyed
    /// hash already.
    by_channel: HashMap<(u64, Kind), usize, FixedState>,
    /// What several texts are together.
    joined: Vec<Joined>,
    dirty: Vec<usize>,
    choices: Vec<Choice>,
    view: StreamView,
    report: Report,
    blocked: Option<Cause>,
    /// No more events are taken in.
    closed: bool,
    /// The last event came without the line break that ends it.
    torn: bool,
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
    /// It is what the answer says, and no other string of its events.
    content: bool,
    /// It is one of the blocks that are read on as one text.
    part: bool,
    /// Its bytes are not those of a string.
    is_json: bool,
    released: usize,
    /// The first half of a surrogate pair whose second half has not come: the event and the raw range that hold it.
    half: Option<(usize, Range<usize>, u32)>,
}

impl StreamText {
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
    echoes: Vec<(Option<u64>, Range<usize>)>,
    choices: SmallVec<[Part; 1]>,
    mark: Mark,
    /// Halves of characters whose other half has not come.
    open: usize,
    /// It also says what clients add up over events, besides its texts: how many tokens were used, text that no rule
    /// reads.
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
            framing: Framing::default(),
            queue: VecDeque::new(),
            gone: 0,
            held: 0,
            texts: Vec::new(),
            by_channel: HashMap::default(),
            joined: Vec::new(),
            dirty: Vec::new(),
            choices: Vec::new(),
            view: StreamView::default(),
            report: Report::default(),
            blocked: None,
            closed: false,
            torn: false,
            sent: false,
            end: StreamEnd::Open,
        }
    }

    /// Cuts the stream into events as `framing` says; without this they are server-sent events.
    #[must_use]
    pub fn framed(self, framing: Framing) -> Stream {
        Stream { framing, ..self }
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
        let too_many = self.texts.len() > MAX_TEXTS || self.choices.len() > MAX_CHOICES;
        if fed.is_err() || self.held > MAX_HELD || too_many {
            self.close(Cause::OverLimit);
        }
        self.release(out);
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
            let ending = match self.protocol {
                Some(protocol) => protocol.failure(message),
                None => self.framing.event(&openai_error(message, "server_error", "upstream_error")),
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
        for (index, joined) in self.joined.iter_mut().enumerate() {
            let jobs = joined.take_jobs().into_iter();
            tickets.extend(jobs.map(|(unit, job)| Ticket { text: JOINED + index, unit, job, kind: joined.kind }));
        }
        tickets
    }

    /// Hands in an answer and appends to `out` what may go out now.
    pub fn answer(&mut self, ticket: &Ticket, answer: &Answer, out: &mut Vec<u8>) {
        if let Some(joined) = ticket.text.checked_sub(JOINED).and_then(|index| self.joined.get_mut(index)) {
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
