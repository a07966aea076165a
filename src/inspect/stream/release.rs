//! Events on their way out: in the order in which they came, each once all of its text is decided.

use super::super::Cause;
use super::super::buffered::no_echo;
use super::super::splice::{Splice, apply, edited, plain_splices, splices};
use super::joined::Joined;
use super::{Choice, Form, Held, Part, Queued, Stream, StreamEnd, StreamText};
use crate::finding::Edit;
use crate::protocol::framing::Frames;
use crate::protocol::json::RawOffsets;
use crate::protocol::{Ending, Mark, openai_error};
use crate::segment::Kind;

/// A decided text of more bytes than this does not wait for the rest of its event.
pub(in crate::inspect) const MAX_DECIDED: usize = if cfg!(test) { 24 } else { 256 };

impl Stream {
    /// Sends what is decided, from the front of the queue on.
    pub(super) fn release(&mut self, out: &mut Vec<u8>) {
        if self.end != StreamEnd::Open {
            return;
        }
        self.judge_calls();
        self.settle_joined();
        for index in std::mem::take(&mut self.dirty) {
            self.settle_text(index);
        }
        while let Some(front) = self.queue.front() {
            let cut = match front {
                Queued::Cut(cause) => {
                    let cause = cause.clone();
                    self.end_choices(None, &cause, out);
                    return;
                }
                Queued::Event(held) => {
                    let Some(cut) = self.ready(held) else { return self.wait_or_end(out) };
                    cut
                }
                Queued::Sent => {
                    self.queue.pop_front();
                    self.gone += 1;
                    continue;
                }
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

    pub(super) fn settle_text(&mut self, index: usize) {
        let limit = self.limit(index);
        let text = &mut self.texts[index];
        text.released = text.text.settle(&self.context, limit);
    }

    /// Sends heart-beats that stand behind what waits.
    pub(super) fn release_heartbeats(&mut self, out: &mut Vec<u8>) {
        // What is blocked from its start is still to become an error.
        // The elements of an array have nothing between them but what ends it.
        if self.end != StreamEnd::Open || !self.sent || self.torn || self.framing.frames() == Frames::Array {
            return;
        }
        let mut after_sent = false;
        let last = self.queue.len().saturating_sub(1);
        for (position, queued) in self.queue.iter_mut().enumerate() {
            if let Queued::Event(held) = queued {
                // A line break alone belongs to what stands before it: the second half of a CRLF.
                let is_break = held.event.raw.iter().all(|byte| matches!(byte, b'\r' | b'\n'));
                let beats = held.event.is_empty() || (held.mark == Mark::Beat && held.pieces.is_empty());
                // What ends in a CR may be half an ending. The other half must not come after something else.
                let is_half = position == last && held.event.raw.ends_with(b"\r");
                if !is_half && if is_break { after_sent } else { beats } {
                    self.held -= held.event.raw.len();
                    out.extend_from_slice(&held.event.raw);
                    *queued = Queued::Sent;
                }
            }
            after_sent = matches!(queued, Queued::Sent);
        }
    }

    /// The first event waits. What is decided of its text goes ahead in a copy, if that is more than so many bytes.
    pub(super) fn send_decided(&mut self, most: usize, out: &mut Vec<u8>) {
        // The last event, torn, has no end that a copy of it could have.
        if self.torn && self.queue.len() == 1 {
            return;
        }
        let Some(Queued::Event(held)) = self.queue.front_mut() else { return };
        // A copy says again whatever else the event says, so there must be nothing else that counts.
        let had = self.after.is_some_and(|after| held.sequence.is_some_and(|number| number <= after));
        let is_plain = held.open == 0
            && !had
            && held.echoes.is_empty()
            && held.choices.len() <= 1
            && held.choices.iter().all(|part| part.finish.is_none())
            && !held.counts
            && self.framing.frames().is_one_of_many(&held.event.raw)
            && matches!(held.mark, Mark::None | Mark::GoOn(_));
        let mut filled = held.pieces.iter_mut().filter(|piece| !piece.range.is_empty());
        // Whoever asks for a numbered stream again from an event on has to have had all of it.
        let is_numbered = held.sequence.is_some() && most > 0;
        let (true, false, Some(protocol), Some(piece), None) =
            (is_plain, is_numbered, self.protocol, filled.next(), filled.next())
        else {
            return;
        };
        let text = &self.texts[piece.text];
        let to = text.released;
        let decided = to.saturating_sub(piece.range.start);
        if !text.content || piece.form != Form::String || decided <= most {
            return;
        }
        let data = held.event.data();
        let raw = std::str::from_utf8(&data[piece.raw.clone()]).unwrap_or_default();
        let mut changes = Vec::new();
        splices(raw, piece.raw.start, piece.range.clone(), text.text.edits(), Some(to), &mut changes);
        if !changes.is_empty() {
            self.altered |= text.is_altered();
            self.rewritten.insert(text.choice);
        }
        let rest = piece.raw.start + RawOffsets::new(raw).at(to - piece.range.start);
        let begin = held.gone.as_ref().map_or(piece.raw.start, |gone| gone.start);
        changes.extend(held.gone.take().map(|range| Splice { range, text: String::new() }));
        let copy = held.event.with_data(&apply(&data, changes));
        held.gone = Some(begin..rest);
        piece.raw.start = rest;
        piece.range.start = to;
        self.view.sent(held.mark);
        if protocol.repeats() {
            self.view.sequence = self.view.sequence.max(held.sequence);
            self.texts[piece.text].sent = self.texts[piece.text].sent.max(to);
        }
        for part in &held.choices {
            if let Some(choice) = self.choices.iter_mut().find(|choice| choice.own == part.own) {
                choice.started = true;
            }
        }
        self.write(copy, out);
    }

    /// The first event waits, unless nothing comes any more that it could wait for.
    fn wait_or_end(&mut self, out: &mut Vec<u8>) {
        self.send_decided(MAX_DECIDED, out);
        let Some(Queued::Cut(cause)) = self.queue.back() else { return };
        if !self.is_waiting() {
            let cause = cause.clone();
            self.send_decided(0, out);
            self.end_choices(None, &cause, out);
        }
    }

    /// Whether answers are outstanding.
    fn is_waiting(&self) -> bool {
        self.texts.iter().any(|text| text.text.is_waiting()) || self.joined.iter().any(Joined::is_waiting)
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
            if choice_is_cut || (piece.form == Form::Echo && text.is_spoiled(piece)) {
                continue;
            }
            // An empty text has no byte that could wait or be cut.
            let short = piece.form != Form::Echo && text.text.is_short();
            let whole = short || text.text.waits_whole();
            let waits = text.text.waits_for_end() || (short && !text.text.is_finished());
            if text.text.cut().is_some_and(|(at, _)| at < piece.range.end || (at == 0 && whole)) {
                cut.push(piece.text);
            } else if waits || text.released < piece.range.end {
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
            let filled = held.pieces.iter().filter(|piece| !piece.range.is_empty() && piece.form != Form::Echo);
            let texts = filled.map(|piece| &self.texts[piece.text]);
            texts.filter(|text| text.choice == Some(own)).any(|text| text.text.segment.kind != Kind::ToolCall)
        };
        self.choice(own).is_some_and(|choice| choice.cut) || (blocked_call() && !says_more())
    }

    fn send(&mut self, held: &Held, cut: &[usize], out: &mut Vec<u8>) {
        let gone: Vec<bool> = held.choices.iter().map(|part| self.is_gone(held, part.own, cut)).collect();
        let is_gone =
            |choice: Option<u64>| held.choices.iter().zip(&gone).any(|(part, &gone)| gone && Some(part.own) == choice);
        let cut_now: Vec<Option<u64>> = cut.iter().map(|&text| self.texts[text].choice).collect();
        let mut changes: Vec<Splice> = Vec::new();
        changes.extend(held.gone.iter().map(|range| Splice { range: range.clone(), text: String::new() }));
        let mut goes_out = false;
        for piece in &held.pieces {
            let text = &self.texts[piece.text];
            if is_gone(text.choice) || piece.form == Form::Echo {
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
                self.altered |= text.is_altered();
                // Of what the model was told nothing repeats a part.
                if text.text.segment.kind != Kind::System {
                    self.rewritten.insert(text.choice);
                }
            }
        }
        for (choice, range) in held.echoes.iter().filter(|(choice, _)| !is_gone(*choice)) {
            if cut_now.contains(choice) || self.is_spoiled(held, *choice, range) {
                let is_list = held.event.data().get(range.start) == Some(&b'[');
                changes.push(Splice { range: range.clone(), text: no_echo(is_list).to_owned() });
            }
        }
        let ending = |part: &Part| cut_now.contains(&Some(part.own));
        for part in held.choices.iter().filter(|part| ending(part)) {
            changes.extend(part.finish.iter().map(|range| Splice { range: range.clone(), text: "null".to_owned() }));
        }
        changes.extend(without(&held.choices, &gone));
        let all_gone = if gone.is_empty() {
            // A call without its arguments is of no use to anybody; nor is what says again, whole, what is not whole.
            let says_whole = self.repeats() && !matches!(held.mark, Mark::GoOn(_) | Mark::None);
            cut.iter().any(|&text| says_whole || self.texts[text].text.waits_whole())
        } else {
            gone.iter().all(|&gone| gone)
        };
        let others = held.choices.iter().zip(&gone).any(|(part, &gone)| !gone && !ending(part));
        // Clients take an answer that has ended for whole, whatever comes after.
        let looks_whole = held.mark == Mark::Over && !cut.is_empty();
        let mut rewritten = None;
        if !all_gone && !looks_whole && (cut.is_empty() || goes_out || others) {
            if self.had(held) {
                // It was sent at another time.
            } else if changes.is_empty() && (self.sent || self.gone == 1) {
                // The very first event stays as it came, whatever it begins with.
                self.sent = true;
                out.extend_from_slice(&held.event.raw);
            } else if changes.is_empty() {
                self.write(held.event.raw.to_vec(), out);
            } else {
                let data = apply(&held.event.data(), changes);
                self.write(held.event.with_data(&data), out);
                rewritten = Some(data);
            }
            self.shut |= self.framing.frames().is_over(&held.event);
            self.view.sent(held.mark);
            if self.repeats() {
                self.note_sent(held, rewritten.as_deref());
            }
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

    /// Whether the client has had an event already.
    fn had(&self, held: &Held) -> bool {
        self.after.is_some_and(|after| held.sequence.is_some_and(|number| number <= after))
    }

    /// Takes note of what an event has told the client, for an ending that says it again.
    fn note_sent(&mut self, held: &Held, rewritten: Option<&[u8]>) {
        self.view.sequence = self.view.sequence.max(held.sequence);
        self.view.keep(held.mark, rewritten.unwrap_or(&held.event.data()));
        for piece in held.pieces.iter().filter(|piece| piece.form != Form::Echo) {
            let text = &mut self.texts[piece.text];
            let cut = text.text.cut().map_or(usize::MAX, |(at, _)| at);
            text.sent = text.sent.max(piece.range.end.min(cut));
        }
    }

    /// Takes note of what the client was sent of each text.
    fn note_texts(&mut self) {
        let sent = |text: &StreamText| {
            let said = text.said.as_deref().filter(|said| said.len() == text.text.len())?;
            let edits = text.text.edits().iter().take_while(|edit| edit.range.start < text.sent);
            let within = |edit: &Edit| Edit { range: edit.range.start..edit.range.end.min(text.sent), ..edit.clone() };
            let edits: Vec<Edit> = edits.map(within).collect();
            Some((text.text.segment.pointer.clone(), edited(said.get(..text.sent)?, &edits)))
        };
        self.view.texts.clear();
        for text in self.texts.iter().filter(|text| text.sent > 0) {
            match sent(text) {
                Some(known) => self.view.texts.push(known),
                None => self.view.unread.push(text.text.segment.kind),
            }
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
        if self.repeats() {
            self.note_texts();
        }
        let notice = (self.options.notice)(cause);
        let frames = self.framing.frames();
        let ending = match self.protocol {
            // Not the model's doing: what cannot be read is a fault, in the provider's own shape.
            Some(protocol) if *cause == Cause::Unreadable => protocol.failure(&notice.message, frames),
            Some(protocol) => protocol.ending(
                &self.view,
                &Ending {
                    id: &self.options.id,
                    created: self.options.created,
                    choices: &ended,
                    message: &notice.message,
                    refusal: notice.refusal.then_some(&notice.message),
                    usage: self.options.usage,
                    last,
                    frames,
                },
            ),
            None => {
                let error = openai_error(&notice.message, "invalid_request_error", "content_policy_violation");
                frames.event(&error) + frames.end()
            }
        };
        if self.torn {
            out.extend_from_slice(frames.mend().as_bytes());
        }
        self.write_ending(ending.into_bytes(), out);
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
