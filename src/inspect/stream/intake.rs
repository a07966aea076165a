//! Events on their way in: read strictly, walked, and their strings fed to the texts that they belong to.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::Cause;
use super::super::text::Text;
use super::joined::{MAX_SAID, Strings};
use super::{Choice, Form, Held, MAX_CHOICES, MAX_TEXTS, Part, Piece, Queued, Stream, StreamText};
use crate::policy::ChannelPlan;
use crate::policy::rule::Decision;
use crate::protocol::Mark;
use crate::protocol::framing::Event;
use crate::protocol::json::{Json, NodeId, NodeKind, leading_low_surrogate, trailing_high_surrogate, unescape};
use crate::protocol::walk::{self, Extent, LeafRole, TextLeaf, Walked};
use crate::segment::{Direction, Segment};

/// Whether an answer says something besides its texts: clients put the strings of `delta` together, whatever they are, and
/// the parts of `content`.
fn adds_up(json: &Json<'_>, walked: &Walked) -> bool {
    let said = |choice| json.get(choice, "delta").or_else(|| json.get(json.get(choice, "content")?, "parts"));
    walked.choices.iter().filter_map(|&(.., choice)| said(choice)).any(|said| {
        let inside = said..json.after(said);
        walked.harmless.iter().any(|&node| inside.contains(&node) && !json.raw(node).is_empty())
    })
}

/// Whether arguments that are JSON themselves say nothing yet.
fn is_empty_json(raw: &str) -> bool {
    raw.bytes().all(|byte| matches!(byte, b'{' | b'}' | b' ' | b'\t' | b'\r' | b'\n'))
}

/// Whether a leaf says again what others said.
enum Repeat {
    /// It does; or it says nothing.
    Taken,
    /// It says something else at the same place.
    Other,
    /// Nothing was said there before.
    None,
}

impl Stream {
    pub(super) fn take_event(&mut self, event: Event, out: &mut Vec<u8>) {
        if self.closed {
            return;
        }
        if event.is_odd() {
            return self.take_unreadable(event, "a line that is no event's".to_owned());
        }
        if event.is_empty() {
            // In its place, unless that takes too long: whoever drives the stream knows the time.
            if !self.queue.is_empty() {
                return self.enqueue(Held::unread(event));
            }
            self.sent |= !event.raw.is_empty();
            self.shut |= self.framing.frames().is_over(&event);
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
            let mut held = Held::unread(event);
            self.end_all_answers(&mut held);
            return self.enqueue(held);
        }
        let read = Json::parse(&data).map_err(|error| error.to_string()).and_then(|json| {
            let walked = match self.protocol {
                Some(protocol) => {
                    let (shape, kind) = protocol.event();
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
        if let Some(meter) = &mut self.meter {
            meter.take(json, walked);
        }
        self.look_at_head(json);
        let mark = self.protocol.map_or(Mark::None, |protocol| protocol.mark(json));
        if let (Mark::Message | Mark::Begin(_) | Mark::Over, Some(protocol)) = (mark, self.protocol)
            && self.kept_as.len() < MAX_TEXTS
        {
            self.kept_as.extend(protocol.kept_as(json));
        }
        if mark == Mark::Message {
            // Another message counts its blocks anew.
            self.finish_texts();
            self.by_channel.clear();
            self.calls.forget();
            self.said = false;
        }
        for &(media, node) in &walked.unscannable {
            let decision = self.context.rules.unscannable(media);
            if decision != Decision::Allow {
                let unscanned = (self.pointer(json, node), media);
                // Events may say again what others said.
                if self.unscanned.insert(unscanned.clone()) {
                    self.report.unscanned.push(unscanned);
                }
            }
            if decision == Decision::Block {
                return self.close(Cause::Unscannable(media));
            }
        }
        if walked.choices.len() > MAX_CHOICES || walked.texts.len() > self.most_texts() {
            return self.close(Cause::OverLimit);
        }
        for &node in &walked.unknown {
            let pointer = self.pointer(json, node);
            self.report.note_unknown(pointer, &json.string(node));
        }
        let choices = walked.choices.iter().map(|&(_, own, node)| self.part(json, own, node)).collect();
        let own = |position: Option<u32>| {
            position.and_then(|position| walked.choices.get(position as usize)).map(|&(_, own, _)| own)
        };
        let counts =
            json.get(0, "usage").is_some_and(|usage| json.kind(usage) != NodeKind::Null) || adds_up(json, walked);
        let number = self.repeats().then(|| json.get(0, "sequencenumber")).flatten();
        let sequence = number.and_then(|node| json.raw(node).parse().ok());
        let mut held = Held { choices, mark, sequence, counts, ..Held::unread(event) };
        let grown = if self.repeats() { self.grown_arrays(json, walked) } else { HashSet::new() };
        let mut ended = Vec::new();
        let mut arrays: Vec<(usize, Strings)> = Vec::new();
        for leaf in &walked.texts {
            self.note_said(leaf, own(leaf.choice));
            let plan = self.plan(leaf.scope, leaf.kind);
            if plan.is_empty() && !self.context.restores(leaf.scope) {
                held.counts |= !json.raw(leaf.node).is_empty();
                if leaf.extent == Extent::Piece && !self.view.unread.contains(&leaf.kind) {
                    self.view.unread.push(leaf.kind);
                }
                continue;
            }
            let known = self.texts.len();
            let index = match self.take_repeat(json, leaf, &grown, &mut held) {
                Repeat::Taken => continue,
                Repeat::Other => self.new_text(json, leaf, own(leaf.choice), plan, mark),
                // What this very event has said whole has no pieces.
                Repeat::None if leaf.extent == Extent::Piece && self.is_whole(leaf, &ended) => {
                    self.new_text(json, leaf, own(leaf.choice), plan, mark)
                }
                Repeat::None => self.text_of(json, leaf, own(leaf.choice), plan, mark),
            };
            self.note_call(leaf, index);
            if leaf.extent != Extent::Piece {
                held.counts = true;
                // What an event begins may go on; names do not.
                let may_go_on = leaf.extent == Extent::Repeat
                    && matches!(mark, Mark::Begin(_))
                    && matches!(leaf.role, LeafRole::Part | LeafRole::Arguments);
                if !may_go_on {
                    ended.push(index);
                }
            }
            if leaf.extent == Extent::Last {
                self.by_channel.remove(&(leaf.channel, leaf.kind));
            }
            if index == known {
                self.end_parts_before(index, &mut held);
            }
            if self.texts[index].text.is_finished() {
                // Text after the end of its stream: no reader agrees with another on what that means.
                self.report.unreadable.get_or_insert("text after the end of the stream".to_owned());
                return self.close(Cause::Unreadable);
            }
            let (raw, at) = (json.raw(leaf.node), json.node(leaf.node).start as usize);
            if json.kind(leaf.node) == NodeKind::String && !self.texts[index].is_json {
                let start = self.texts[index].text.len();
                self.take_piece(index, raw, at, &mut held);
                let string = (index, start..self.texts[index].text.len());
                if let (Some(array), LeafRole::Value, false) = (leaf.array, leaf.role, string.1.is_empty()) {
                    match arrays.last_mut().filter(|(known, _)| *known == array) {
                        Some((_, strings)) => strings.push(string),
                        None => arrays.push((array, vec![string])),
                    }
                }
            } else if !self.take_arguments(index, raw, at, &mut held) {
                self.report.unreadable.get_or_insert("arguments that come twice".to_owned());
                return self.close(Cause::Unreadable);
            }
        }
        let several = arrays.iter().filter(|(_, strings)| strings.len() > 1);
        several.for_each(|(_, strings)| self.join_array(strings));
        for echo in &walked.echoes {
            self.take_echo(json, echo, own(echo.choice), &mut held);
        }
        self.break_echoes(&held);
        self.end_answers(&mut held);
        self.enqueue(held);
        for index in ended {
            if !self.texts[index].text.is_finished() {
                self.end_part(index, None);
            }
        }
        match mark {
            Mark::End(index) => {
                let ended = |text: &StreamText| matches!(text.mark, Mark::Begin(own) | Mark::GoOn(own) if own == index);
                for text in 0..self.texts.len() {
                    if ended(&self.texts[text]) && !self.texts[text].text.is_finished() {
                        self.end_part(text, None);
                    }
                }
            }
            Mark::Over => self.finish_texts(),
            Mark::None | Mark::Message | Mark::Begin(_) | Mark::GoOn(_) | Mark::Stop | Mark::Beat => {}
        }
    }

    fn pointer(&self, json: &Json<'_>, node: usize) -> String {
        self.protocol.map_or_else(|| walk::pointer(json, node, true), |protocol| protocol.joined_pointer(json, node))
    }

    /// Arguments that are JSON themselves, not JSON in a string. Streams begin them empty; what comes whole comes once.
    fn take_arguments(&mut self, index: usize, raw: &str, at: usize, held: &mut Held) -> bool {
        self.dirty.push(index);
        let text = &mut self.texts[index];
        let is_empty = is_empty_json(raw);
        if is_empty {
            text.text.note_empty_object();
        }
        let range = if is_empty { 0..0 } else { 0..raw.len() };
        if !is_empty {
            if text.text.len() > 0 {
                return false;
            }
            text.text.feed(raw);
            text.is_json = true;
            if let Some(said) = text.said.as_mut().filter(|_| self.said_bytes <= MAX_SAID) {
                raw.clone_into(said);
                self.said_bytes += raw.len();
            }
        }
        held.pieces.push(Piece { text: index, raw: at..at + range.len(), range, form: Form::Json });
        true
    }

    fn look_at_head(&mut self, json: &Json<'_>) {
        if self.view.id.is_some() || self.view.model.is_some() {
            return;
        }
        let message = json.get(0, "message").filter(|&message| json.kind(message) == NodeKind::Object);
        let find = |name| json.get(0, name).or_else(|| message.and_then(|message| json.get(message, name)));
        let text = |name| {
            let node = find(name).filter(|&node| json.kind(node) == NodeKind::String)?;
            Some(json.string(node).into_owned()).filter(|text| !text.is_empty())
        };
        self.view.id = text("id").or_else(|| text("responseid"));
        self.view.model = text("model").or_else(|| text("modelversion"));
        self.view.created = find("created").and_then(|node| json.raw(node).parse().ok());
    }

    fn part(&mut self, json: &Json<'_>, own: u64, node: usize) -> Part {
        if self.choices.iter().all(|choice| choice.own != own) {
            self.choices.push(Choice { own, started: false, finished: false, cut: false, said: false });
        }
        let finish = json.get(node, "finishreason").filter(|&node| json.kind(node) != NodeKind::Null);
        Part { own, whole: json.whole(node), finish: finish.map(|node| json.whole(node)) }
    }

    pub(super) fn text_of(
        &mut self,
        json: &Json<'_>,
        leaf: &TextLeaf,
        choice: Option<u64>,
        plan: Arc<ChannelPlan>,
        mark: Mark,
    ) -> usize {
        if let Some(&index) = self.by_channel.get(&(leaf.channel, leaf.kind)) {
            return index;
        }
        let index = self.new_text(json, leaf, choice, plan, mark);
        self.by_channel.insert((leaf.channel, leaf.kind), index);
        index
    }

    /// Whether a leaf stands at the place of a text that ends with this event.
    fn is_whole(&self, leaf: &TextLeaf, ended: &[usize]) -> bool {
        !ended.is_empty() && self.by_channel.get(&(leaf.channel, leaf.kind)).is_some_and(|index| ended.contains(index))
    }

    /// Arrays of strings that say again what others said, and something else besides: what is new in one is read with
    /// all of it.
    fn grown_arrays(&self, json: &Json<'_>, walked: &Walked) -> HashSet<NodeId> {
        let mut grown = HashSet::new();
        for leaf in walked.texts.iter().filter(|leaf| leaf.extent == Extent::Repeat) {
            let (Some(array), false) = (leaf.array, json.raw(leaf.node).is_empty()) else { continue };
            let known = self.by_channel.get(&(leaf.channel, leaf.kind));
            let said = known.and_then(|&index| self.texts[index].said.as_deref());
            if said != Some(&*json.string(leaf.node)) {
                grown.insert(array);
            }
        }
        grown
    }

    /// What an event says of a text that others have said already.
    fn take_repeat(&mut self, json: &Json<'_>, leaf: &TextLeaf, grown: &HashSet<NodeId>, held: &mut Held) -> Repeat {
        if leaf.extent != Extent::Repeat {
            return Repeat::None;
        }
        let (raw, is_json) = (json.raw(leaf.node), json.kind(leaf.node) != NodeKind::String);
        let known = self.by_channel.get(&(leaf.channel, leaf.kind));
        // Where an item is announced, its texts are empty. Clients take a call that was announced and never ended for one
        // without arguments: it waits for them.
        if raw.is_empty() || (is_json && is_empty_json(raw)) {
            let announces = leaf.role == LeafRole::Arguments && matches!(held.mark, Mark::Begin(_));
            return if announces && known.is_none() { Repeat::None } else { Repeat::Taken };
        }
        let Some(&index) = known else { return Repeat::None };
        let text = &self.texts[index];
        if text.text.len() == 0 && text.half.is_none() && !text.text.is_finished() {
            // Nothing was said there but that there is something.
            return Repeat::None;
        }
        let said = text.said.as_deref().filter(|said| said.len() == text.text.len());
        let same = text.is_json == is_json && said == Some(&*json.string(leaf.node));
        if !same || text.half.is_some() || leaf.array.is_some_and(|array| grown.contains(&array)) {
            return Repeat::Other;
        }
        let start = json.node(leaf.node).start as usize;
        let form = if is_json { Form::Json } else { Form::Again };
        held.counts = true;
        held.pieces.push(Piece { text: index, raw: start..start + raw.len(), range: 0..text.text.len(), form });
        self.dirty.push(index);
        Repeat::Taken
    }

    pub(super) fn new_text(
        &mut self,
        json: &Json<'_>,
        leaf: &TextLeaf,
        choice: Option<u64>,
        plan: Arc<ChannelPlan>,
        mark: Mark,
    ) -> usize {
        let pointer = self.pointer(json, leaf.node);
        let segment = Segment { direction: Direction::Response, kind: leaf.kind, scope: leaf.scope, pointer, age: 0 };
        let content = leaf.role == LeafRole::Part;
        let part = content && matches!(mark, Mark::Begin(_) | Mark::GoOn(_) | Mark::End(_) | Mark::Over);
        let role = if leaf.role == LeafRole::Part { LeafRole::Value } else { leaf.role };
        let text = Text::new(&self.context, Arc::clone(&plan), segment, role);
        let said = self.protocol.filter(|protocol| protocol.repeats()).map(|_| String::new());
        self.texts.push(StreamText { mark, content, part, said, ..StreamText::new(text, plan, choice) });
        self.texts.len() - 1
    }

    /// Feeds one string of an event to its text. Characters that providers cut in two are put together first.
    fn take_piece(&mut self, index: usize, raw: &str, at: usize, held: &mut Held) {
        self.dirty.push(index);
        let mut from = 0;
        // An empty string stands between no two halves.
        let half = if raw.is_empty() { None } else { self.texts[index].half.take() };
        if let Some((event, range, high)) = half {
            let low = leading_low_surrogate(raw);
            let joined = low.and_then(|low| char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)));
            let start = self.texts[index].text.len();
            let char = joined.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.feed_text(index, char.encode_utf8(&mut [0; 4]));
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
            self.feed_text(index, &unescape(body));
        } else {
            self.feed_text(index, body);
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

    pub(super) fn finish_texts(&mut self) {
        for index in 0..self.texts.len() {
            self.finish_text(index);
        }
        self.calls.finish();
        self.finish_joined();
    }

    /// Blocks that are read on as one text come one after the other: where one begins, those before it have ended.
    fn end_parts_before(&mut self, index: usize, held: &mut Held) {
        let is_part = |text: &StreamText, kind| text.part && text.text.segment.kind == kind;
        let kind = self.texts[index].text.segment.kind;
        if !is_part(&self.texts[index], kind) {
            return;
        }
        for earlier in 0..index {
            if is_part(&self.texts[earlier], kind) && !self.texts[earlier].text.is_finished() {
                self.end_part(earlier, Some(held));
            }
        }
    }

    fn end_part(&mut self, index: usize, held: Option<&mut Held>) {
        self.end_half(index, held);
        self.join_text(index);
        self.finish_text(index);
    }

    pub(super) fn finish_text(&mut self, index: usize) {
        self.end_half(index, None);
        let text = &mut self.texts[index];
        text.text.finish(&self.context, &text.plan);
        self.calls.note_end();
        self.dirty.push(index);
    }

    /// The other half of a character does not come any more. It may wait in an event that is still being taken in.
    fn end_half(&mut self, index: usize, held: Option<&mut Held>) {
        let Some((event, range, _)) = self.texts[index].half.take() else { return };
        let start = self.texts[index].text.len();
        self.feed_text(index, "\u{fffd}");
        let queued = match self.queue.get_mut(event - self.gone) {
            Some(Queued::Event(queued)) => Some(queued),
            _ => held,
        };
        if let Some(held) = queued {
            held.open -= 1;
            held.pieces.push(Piece { text: index, raw: range, range: start..start + 3, form: Form::String });
        }
    }

    fn enqueue(&mut self, held: Held) {
        self.held += held.event.raw.len();
        self.queue.push_back(Queued::Event(held));
    }

    /// Takes nothing more in. What came before goes out as far as it is decided, then everything ends because of `cause`.
    /// No text has come to its end: what waits for more waits in vain.
    pub(super) fn close(&mut self, cause: Cause) {
        if !std::mem::replace(&mut self.closed, true) {
            self.queue.push_back(Queued::Cut(cause));
        }
    }
}
