//! Answers that end without a text: they are judged as one that is empty, as whole answers are.

use super::super::text::Text;
use super::{Form, Held, Piece, Stream, StreamText};
use crate::protocol::Mark;
use crate::protocol::walk::{TextLeaf, says};

impl Stream {
    /// Takes note of a text of an answer.
    pub(super) fn note_said(&mut self, leaf: &TextLeaf, choice: Option<u64>) {
        if says(leaf.kind) {
            match choice.and_then(|own| self.choices.iter_mut().find(|choice| choice.own == own)) {
                Some(choice) => choice.said = true,
                None => self.said = true,
            }
        }
    }

    /// An answer has come to its end with this event.
    pub(super) fn end_answers(&mut self, held: &mut Held) {
        let ended = held.choices.iter().filter(|part| part.finish.is_some()).map(|part| part.own);
        let ended: Vec<u64> = ended.collect();
        for own in ended {
            self.judge_silent(Some(own), held);
        }
        if matches!(held.mark, Mark::Stop | Mark::Over) {
            self.judge_silent(None, held);
        }
    }

    /// All answers have come to their end.
    pub(super) fn end_all_answers(&mut self, held: &mut Held) {
        let all: Vec<u64> = self.choices.iter().map(|choice| choice.own).collect();
        for own in all {
            self.judge_silent(Some(own), held);
        }
    }

    /// Gives an answer that has said nothing a text without a character, which ends in this event.
    fn judge_silent(&mut self, choice: Option<u64>, held: &mut Held) {
        let said = match choice.and_then(|own| self.choices.iter_mut().find(|choice| choice.own == own)) {
            Some(choice) => &mut choice.said,
            None => &mut self.said,
        };
        if std::mem::replace(said, true) {
            return;
        }
        let Some((text, plan)) = Text::of_silent(&self.context, choice) else { return };
        let index = self.texts.len();
        self.texts.push(StreamText::new(text, plan, choice));
        self.finish_text(index);
        held.pieces.push(Piece { text: index, raw: 0..0, range: 0..0, form: Form::String });
    }
}
