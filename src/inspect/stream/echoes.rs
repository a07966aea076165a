//! What repeats an answer's text token by token, such as `logprobs`. Whatever order a provider sends them in, an echo must
//! not say what the text does not say any more.
//!
//! Two things keep it: from the first rewrite of an answer on, all its echoes go; and an echo is itself a text under the
//! rules, which says what it says also when the text that it repeats has not come yet.

use std::ops::Range;

use super::{Form, Held, Piece, Stream, StreamText};
use crate::protocol::Mark;
use crate::protocol::json::Json;
use crate::protocol::walk::{Echo, Extent};

/// Stands where an echo leaves text out: hardly anything is read on over it.
const BETWEEN: &str = "\n\0\n";

/// What is known of the text of an echo besides.
#[derive(Default)]
pub(super) struct Echoing {
    /// Text has come without an echo since.
    broken: bool,
    /// What was not decided when that came, and will not be.
    lost: Vec<Range<usize>>,
}

impl StreamText {
    /// Whether a piece of this echo must go, as far as what it says itself is concerned.
    pub(super) fn is_spoiled(&self, piece: &Piece) -> bool {
        let Range { start, end } = piece.range;
        let first = self.text.edits().first().map(|edit| edit.range.start);
        let cut = self.text.cut().map(|(at, _)| at);
        let lost = self.echo.iter().filter_map(|echo| {
            let after = echo.lost.partition_point(|lost| lost.end <= start);
            echo.lost.get(after).map(|lost| lost.start)
        });
        first.into_iter().chain(cut).chain(lost).any(|at| at < end)
    }
}

impl Stream {
    /// Takes in an echo and feeds what it says to a text of its own.
    pub(super) fn take_echo(&mut self, json: &Json<'_>, echo: &Echo, choice: Option<u64>, held: &mut Held) {
        let node = json.node(echo.node);
        let raw = node.start as usize..node.end as usize;
        held.echoes.push((choice, raw.clone()));
        let mut whole = None;
        for token in &echo.tokens {
            let plan = self.plan(token.scope, token.kind);
            if plan.is_empty() && !self.context.restores(token.scope) {
                continue;
            }
            let known = self.by_channel.get(&(token.channel, token.kind));
            let goes_on = known.is_none_or(|&index| !self.texts[index].text.is_finished());
            let index = match (token.extent, whole) {
                (Extent::Piece, _) if goes_on => self.text_of(json, token, choice, plan, held.mark),
                (_, Some(index)) => index,
                // All of it at once, whether or not others have said it, or more after its end: a text of its own.
                (_, None) => *whole.insert(self.new_text(json, token, choice, plan, Mark::None)),
            };
            self.dirty.push(index);
            let text = &mut self.texts[index];
            text.echo.get_or_insert_default().broken = false;
            let start = text.text.len();
            text.text.feed(&json.string(token.node));
            let end = text.text.len();
            match held.pieces.last_mut().filter(|last| last.text == index && last.raw == raw) {
                Some(last) => last.range.end = end,
                None => held.pieces.push(Piece { text: index, raw: raw.clone(), range: start..end, form: Form::Echo }),
            }
        }
        if let Some(index) = whole {
            self.finish_text(index);
        }
    }

    /// Where text comes without an echo, those before it are not waited for: what would decide them may never come.
    pub(super) fn break_echoes(&mut self, held: &Held) {
        for index in 0..self.texts.len() {
            let text = &self.texts[index];
            let says = |piece: &Piece| {
                let is_new = !piece.range.is_empty() && piece.form != Form::Again;
                is_new && self.texts[piece.text].choice == text.choice
            };
            let goes_on = text.echo.as_ref().is_some_and(|echo| !echo.broken) && !text.text.is_finished();
            let is_echoed = || held.pieces.iter().any(|piece| piece.text == index);
            if !goes_on || is_echoed() || !held.pieces.iter().any(says) {
                continue;
            }
            self.settle_text(index);
            let text = &mut self.texts[index];
            let (decided, end) = (text.released, text.text.len());
            if let Some(echo) = &mut text.echo {
                echo.broken = true;
                echo.lost.extend((decided < end).then_some(decided..end));
            }
            text.text.feed(BETWEEN);
            self.dirty.push(index);
        }
    }

    /// Whether an echo must go: its answer has been rewritten, or it says itself what would be.
    pub(super) fn is_spoiled(&self, held: &Held, choice: Option<u64>, raw: &Range<usize>) -> bool {
        let mut own = held.pieces.iter().filter(|piece| piece.form == Form::Echo && piece.raw == *raw);
        self.rewritten.contains(&choice) || own.any(|piece| self.texts[piece.text].is_spoiled(piece))
    }
}
