//! The checks of one text that are no patterns ([`WholeText`](crate::detector::WholeText)), each for its rule.

use std::sync::Arc;

use super::compile::ChannelPlan;
use crate::detector::{Conversation, Place, WholeFinding, WholeReader, WholeText};

/// The readers of one text, each with its rule.
#[derive(Debug, Default)]
pub(super) struct Wholes(Vec<(usize, Box<dyn WholeReader>)>);

impl Wholes {
    pub(super) fn new(plan: &ChannelPlan, place: Place, conversation: &Conversation) -> Wholes {
        let reader = |(rule, check): &(usize, Arc<dyn WholeText>)| Some((*rule, check.reader(place, conversation)?));
        let readers = plan.wholes.iter().filter_map(reader);
        Wholes(readers.collect())
    }

    /// The readers that go on when other texts follow this one.
    pub(super) fn fork(&self) -> Wholes {
        let mut forked = self.clone();
        forked.0.retain_mut(|(_, reader)| reader.goes_on());
        forked
    }

    /// Reads the next piece; gives what each rule has found.
    pub(super) fn feed(&mut self, piece: &str) -> Vec<(usize, WholeFinding)> {
        self.read(|reader, found| reader.feed(piece, found))
    }

    /// The text has ended.
    pub(super) fn finish(&mut self) -> Vec<(usize, WholeFinding)> {
        self.read(|reader, found| reader.finish(found))
    }

    fn read(
        &mut self,
        mut read: impl FnMut(&mut dyn WholeReader, &mut Vec<WholeFinding>),
    ) -> Vec<(usize, WholeFinding)> {
        let (mut out, mut found) = (Vec::new(), Vec::new());
        for (rule, reader) in &mut self.0 {
            read(reader.as_mut(), &mut found);
            out.extend(found.drain(..).map(|found| (*rule, found)));
        }
        out
    }

    /// What rules that hold text still find starts here or after.
    pub(super) fn open(&self, holds: impl Fn(usize) -> bool) -> usize {
        let open = self.0.iter().filter(|(rule, _)| holds(*rule)).map(|(_, reader)| reader.open());
        open.min().unwrap_or(usize::MAX)
    }
}

impl Clone for Wholes {
    fn clone(&self) -> Wholes {
        Wholes(self.0.iter().map(|(rule, reader)| (*rule, reader.copy())).collect())
    }
}
