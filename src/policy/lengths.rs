//! How long one text is, for the rules that bound it.

use std::ops::Range;

use super::compile::ChannelPlan;
use crate::detector::LengthPlan;

/// Counts one text for its rules, in the order of the plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Lengths {
    chars: usize,
    /// For each rule, where the text became too long.
    too_long_from: Vec<Option<usize>>,
}

impl Lengths {
    pub(super) fn new(plan: &ChannelPlan) -> Lengths {
        Lengths { chars: 0, too_long_from: vec![None; plan.lengths.len()] }
    }

    /// Counts the piece that begins at `at`. The first character too many is a finding at once, unless the rule rewrites
    /// all that follows.
    pub(super) fn feed(
        &mut self,
        plan: &ChannelPlan,
        piece: &str,
        at: usize,
        rewrites: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        if plan.lengths.is_empty() {
            return found;
        }
        for ((rule, length), too_long_from) in plan.lengths.iter().zip(&mut self.too_long_from) {
            let Some(room) = length.max_chars.map(|max| max.saturating_sub(self.chars)) else { continue };
            let Some((offset, char)) = piece.char_indices().nth(room).filter(|_| too_long_from.is_none()) else {
                continue;
            };
            let from = at + offset;
            *too_long_from = Some(from);
            if !rewrites(*rule) {
                found.push((*rule, from..from + char.len_utf8()));
            }
        }
        self.chars += piece.chars().count();
        found
    }

    /// The text has ended, here.
    pub(super) fn finish(
        &self,
        plan: &ChannelPlan,
        end: usize,
        rewrites: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        for ((rule, length), too_long_from) in plan.lengths.iter().zip(&self.too_long_from) {
            if let Some(from) = too_long_from.filter(|_| rewrites(*rule)) {
                found.push((*rule, from..end));
            }
            if self.is_below(length) {
                found.push((*rule, 0..end));
            }
        }
        found
    }

    /// What rules that hold text still find starts here or after.
    pub(super) fn open(&self, plan: &ChannelPlan, holds: impl Fn(usize) -> bool) -> usize {
        let rules = plan.lengths.iter().zip(&self.too_long_from).filter(|((rule, _), _)| holds(*rule));
        let open = rules.map(|((_, length), from)| if self.is_below(length) { 0 } else { from.unwrap_or(usize::MAX) });
        open.min().unwrap_or(usize::MAX)
    }

    /// Whether the text is too short for a rule that holds it.
    pub(super) fn is_short(&self, plan: &ChannelPlan, holds: impl Fn(usize) -> bool) -> bool {
        plan.lengths.iter().any(|(rule, length)| self.is_below(length) && holds(*rule))
    }

    fn is_below(&self, length: &LengthPlan) -> bool {
        length.min_chars.is_some_and(|min| self.chars < min)
    }
}
