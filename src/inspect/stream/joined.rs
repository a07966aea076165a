//! What is read on as one text (DESIGN 12.6). Blocks of an answer: what is begun in one and ended in the next is found, and
//! the end of a block waits until the next one, or the end of them all, has settled it (DESIGN 13). Arrays of strings: each
//! with itself, as it stands in its event.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::super::runs::{New, Part, SEPARATORS, Touched, join, parts, reported, touched};
use super::super::{MAX_REPORTED, Reported};
use super::{Stream, StreamText};
use crate::finding::Finding;
use crate::policy::resolve::Beyond;
use crate::policy::{Answer, Channel, Context, Job};
use crate::segment::Kind;

/// Strings of an array: of which texts they are, and where they stand in these.
pub(super) type Strings = Vec<(usize, Range<usize>)>;

/// Blocks of one kind, in the order in which they came; or the strings of one array.
pub(super) struct Joined {
    pub(super) kind: Kind,
    /// Its number in the stream.
    pub(super) number: usize,
    /// Indices of the texts.
    pieces: Vec<usize>,
    /// Of an array: where the string of each begins in its text. Blocks begin their texts.
    bases: Vec<usize>,
    /// So many of them, from the first on, are released whole.
    out: usize,
    /// With nothing between the pieces, and with a space.
    readings: [Reading; 2],
    over: bool,
    /// Something has happened since findings were last handed out.
    dirty: bool,
}

/// Most bytes of a stream's texts that are kept where events may say them again. What says again what was not kept is
/// read as a text of its own.
pub(super) const MAX_SAID: usize = if cfg!(test) { 1 << 20 } else { 32 << 20 };

struct Reading {
    channel: Channel,
    separator: &'static str,
    /// Where each piece stands.
    ranges: Vec<Range<usize>>,
}

impl Joined {
    /// The first block has come to its end; `channel` has read it and does not know so yet.
    fn begin(kind: Kind, text: usize, channel: &Channel) -> Joined {
        let own = 0..channel.len();
        let reading = |separator| Reading { channel: channel.fork(), separator, ranges: Vec::from([own.clone()]) };
        let (pieces, bases, readings) = (vec![text], Vec::new(), SEPARATORS.map(reading));
        Joined { kind, number: 0, pieces, bases, out: 0, readings, over: false, dirty: true }
    }

    /// The strings of an array: of which texts they are, and where they stand in these.
    fn array(context: &Context, texts: &[StreamText], strings: &[(usize, Range<usize>)]) -> Option<Joined> {
        let first = texts.get(strings.first()?.0).filter(|text| !text.plan.is_empty())?;
        let pieces: Vec<usize> = strings.iter().map(|(text, _)| *text).collect();
        let said = |(text, range): &(usize, Range<usize>)| {
            texts.get(*text).map_or("", |text| text.text.channel().text(range.clone())).to_owned()
        };
        let strings_of: Vec<String> = strings.iter().map(said).collect();
        let readings = SEPARATORS.map(|separator| {
            let (whole, ranges) = join(strings_of.iter().map(String::as_str), separator);
            let mut channel = Channel::of_run(context, Arc::clone(&first.plan));
            channel.feed(&whole);
            channel.finish();
            Reading { channel, separator, ranges }
        });
        let (kind, bases) = (first.text.segment.kind, strings.iter().map(|(_, range)| range.start).collect());
        Some(Joined { kind, number: 0, pieces, bases, out: 0, readings, over: true, dirty: true })
    }

    /// Whether it is an array that has been judged: nothing more becomes of it.
    fn is_done(&self) -> bool {
        !self.bases.is_empty() && !self.is_waiting()
    }

    fn feed(&mut self, text: usize, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let begins = self.pieces.last() != Some(&text);
        if begins {
            self.pieces.push(text);
        }
        for reading in &mut self.readings {
            if begins {
                reading.channel.feed(reading.separator);
                reading.ranges.push(reading.channel.len()..reading.channel.len());
            }
            reading.channel.feed(piece);
            if let Some(range) = reading.ranges.last_mut() {
                range.end = reading.channel.len();
            }
        }
        self.dirty = true;
    }

    fn finish(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.readings.iter_mut().for_each(|reading| reading.channel.finish());
            self.dirty = true;
        }
    }

    pub(super) fn take_jobs(&mut self) -> Vec<(usize, Job)> {
        let readings = self.readings.iter_mut().enumerate();
        readings
            .flat_map(|(unit, reading)| reading.channel.take_jobs().into_iter().map(move |job| (unit, job)))
            .collect()
    }

    pub(super) fn answer(&mut self, unit: usize, job: usize, answer: &Answer) {
        if let Some(reading) = self.readings.get_mut(unit) {
            reading.channel.answer(job, answer);
            self.dirty = true;
        }
    }

    /// Whether answers are outstanding.
    pub(super) fn is_waiting(&self) -> bool {
        self.readings.iter().any(|reading| reading.channel.is_waiting())
    }

    /// How far a text may go out as far as this is concerned.
    fn limit(&self, text: usize) -> usize {
        let Some(position) = self.pieces.iter().rposition(|&piece| piece == text) else { return usize::MAX };
        let base = self.bases.get(position).copied().unwrap_or(0);
        let limits = self.readings.iter().map(|reading| match reading.channel.open() {
            usize::MAX => usize::MAX,
            open => base + open.saturating_sub(reading.ranges[position].start),
        });
        limits.min().unwrap_or(usize::MAX)
    }

    /// What was found over several texts, each once.
    pub(super) fn report(&self, texts: &[StreamText]) -> Vec<Reported> {
        let mut seen: HashSet<(usize, Touched)> = HashSet::new();
        let mut out = Vec::new();
        for reading in &self.readings {
            for (index, finding) in reading.channel.findings().iter().enumerate() {
                let Some(touched) = reading.touched(finding, &self.pieces, &self.bases) else { continue };
                let cut = touched
                    .first()
                    .and_then(|(first, range)| texts.get(*first)?.text.cut().map(|(at, _)| at < range.start));
                if cut == Some(true) || !seen.insert((finding.rule, touched.clone())) {
                    continue;
                }
                let segment = |piece: usize| texts.get(piece).map(|text| &text.text.segment);
                out.extend(reported(&reading.channel, index, &touched, segment));
            }
        }
        out
    }

    pub(super) fn scores(&self) -> impl Iterator<Item = &(String, f32)> {
        self.readings.iter().flat_map(|reading| reading.channel.scores())
    }
}

impl Reading {
    /// Hands what stands now, and what has grown, to the blocks.
    fn hand_out(
        &mut self,
        context: &Context,
        pieces: &[usize],
        bases: &[usize],
        texts: &mut [StreamText],
        dirty: &mut Vec<usize>,
    ) {
        let mut give = |part: Part| {
            if let Some(text) = texts.get_mut(part.piece) {
                dirty.push(part.piece);
                text.text.take_from_run(context, part);
            }
        };
        for index in self.channel.judge() {
            let finding = &self.channel.findings()[index];
            let Some(touched) = self.touched(finding, pieces, bases) else { continue };
            parts(context, &self.channel, index, touched).for_each(&mut give);
        }
        // The block in which it began covers its own part.
        for (index, from) in self.channel.take_grown() {
            let Some(finding) = self.channel.findings().get(index) else { continue };
            let first = self.ranges.partition_point(|range| range.start <= finding.range.start || range.end <= from);
            let grown = pieces.iter().zip(&self.ranges).skip(first);
            for (&piece, range) in grown {
                let end = finding.range.end.min(range.end);
                if from.max(range.start) < end {
                    let here = Finding { range: 0..end - range.start, ..finding.clone() };
                    let new = New::Grows { from: from.saturating_sub(range.start) };
                    give(Part { piece, finding: here, beyond: Beyond { before: true, after: false }, new });
                }
            }
        }
        self.channel.forget(self.channel.open());
    }

    /// What a finding covers, as it lies in the texts.
    fn touched(&self, finding: &Finding, pieces: &[usize], bases: &[usize]) -> Option<Touched> {
        let mut touched = touched(finding, pieces, &self.ranges)?;
        let first = self.ranges.partition_point(|range| range.end <= finding.range.start);
        for ((_, range), base) in touched.iter_mut().zip(bases.iter().skip(first)) {
            *range = range.start + base..range.end + base;
        }
        Some(touched)
    }
}

impl Stream {
    /// Feeds a piece to a text, and to what it is a block of.
    pub(super) fn feed_text(&mut self, index: usize, piece: &str) {
        let text = &mut self.texts[index];
        text.text.feed(piece);
        if let Some(said) = text.said.as_mut().filter(|_| self.said_bytes <= MAX_SAID) {
            said.push_str(piece);
            self.said_bytes += piece.len();
        }
        if text.part
            && let Some(joined) = joined_of(&mut self.joined, text)
        {
            joined.feed(index, piece);
        }
    }

    /// A block ends, and others may follow: from here on it is read with them.
    pub(super) fn join_text(&mut self, index: usize) {
        let text = &self.texts[index];
        if text.part && text.text.len() > 0 && joined_of(&mut self.joined, text).is_none() {
            let joined = Joined::begin(text.text.segment.kind, index, text.text.channel());
            self.push_joined(joined);
        }
    }

    /// Reads the strings of an array of an event as one text.
    pub(super) fn join_array(&mut self, strings: &[(usize, Range<usize>)]) {
        if let Some(joined) = Joined::array(&self.context, &self.texts, strings) {
            self.push_joined(joined);
            // Most wait for nothing, and need not be kept.
            self.settle_joined();
        }
    }

    fn push_joined(&mut self, joined: Joined) {
        self.numbered += 1;
        self.joined.push(Joined { number: self.numbered, ..joined });
    }

    /// No more blocks come.
    pub(super) fn finish_joined(&mut self) {
        self.joined.iter_mut().for_each(Joined::finish);
    }

    /// Hands what was found over several texts to each of them.
    pub(super) fn settle_joined(&mut self) {
        for joined in &mut self.joined {
            if !std::mem::take(&mut joined.dirty) {
                continue;
            }
            for reading in &mut joined.readings {
                reading.hand_out(&self.context, &joined.pieces, &joined.bases, &mut self.texts, &mut self.dirty);
            }
            // What is all out stays as it is.
            let is_out = |&piece: &usize| self.texts.get(piece).is_some_and(StreamText::is_out);
            joined.out += joined.pieces[joined.out..].iter().take_while(|piece| is_out(piece)).count();
            self.dirty.extend(&joined.pieces[joined.out..]);
        }
        let (texts, report) = (&self.texts, &mut self.report);
        self.joined.retain(|joined| {
            if joined.is_done() {
                let found = joined.report(texts);
                // A stream may have any number of arrays.
                let room = report.findings.len() < MAX_REPORTED;
                report.omitted += if room { 0 } else { found.len() };
                report.add(found.into_iter().filter(|_| room));
                report.note_scores(joined.scores());
            }
            !joined.is_done()
        });
    }

    /// How far a text may go out as far as its neighbours are concerned.
    pub(super) fn limit(&self, index: usize) -> usize {
        self.joined.iter().map(|joined| joined.limit(index)).min().unwrap_or(usize::MAX)
    }
}

/// What a block belongs to, if any came before it.
fn joined_of<'j>(joined: &'j mut [Joined], text: &StreamText) -> Option<&'j mut Joined> {
    joined.iter_mut().find(|joined| !joined.over && joined.kind == text.text.segment.kind)
}
