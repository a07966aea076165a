//! How long one text is, for the rules that bound it.

use std::ops::Range;

use super::compile::ChannelPlan;
use super::tokens::Tokens;
use crate::detector::LengthPlan;

/// Counts one text for its rules, in the order of the plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Lengths {
    chars: usize,
    tokens: Tokens,
    /// For each rule, where the text became too long.
    too_long_from: Vec<Option<usize>>,
}

impl Lengths {
    pub(super) fn new(plan: &ChannelPlan) -> Lengths {
        Lengths { too_long_from: vec![None; plan.lengths.len()], ..Lengths::default() }
    }

    /// Counts the piece that begins at `at`. The first character that is too much is a finding at once, unless the rule
    /// rewrites all that follows.
    pub(super) fn feed(
        &mut self,
        plan: &ChannelPlan,
        piece: &str,
        at: usize,
        rewrites: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        let tokens_from = self.count_tokens(plan, piece);
        for (index, ((rule, length), too_long_from)) in plan.lengths.iter().zip(&mut self.too_long_from).enumerate() {
            if too_long_from.is_some() {
                continue;
            }
            let room = length.max_chars.map(|max| max.saturating_sub(self.chars));
            let chars_from = room.and_then(|room| piece.char_indices().nth(room)).map(|(offset, _)| offset);
            let tokens_from = tokens_from.get(index).copied().flatten();
            let Some(offset) = chars_from.into_iter().chain(tokens_from).min() else { continue };
            let from = at + offset;
            *too_long_from = Some(from);
            if !rewrites(*rule) {
                let char = piece[offset..].chars().next().map_or(0, char::len_utf8);
                found.push((*rule, from..from + char));
            }
        }
        self.chars += piece.chars().count();
        found
    }

    /// For each rule, where in the piece the first token too many begins. Empty where no rule counts tokens.
    fn count_tokens(&mut self, plan: &ChannelPlan, piece: &str) -> Vec<Option<usize>> {
        if plan.lengths.iter().all(|(_, length)| length.max_tokens.or(length.min_tokens).is_none()) {
            return Vec::new();
        }
        let mut from = vec![None; plan.lengths.len()];
        for (offset, char) in piece.char_indices() {
            let before = self.tokens.count;
            self.tokens.take(char);
            if self.tokens.count > before {
                let rules = plan.lengths.iter().zip(&mut from);
                rules
                    .filter(|((_, length), _)| length.max_tokens == Some(before))
                    .for_each(|(_, from)| *from = Some(offset));
            }
        }
        from
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
            || length.min_tokens.is_some_and(|min| self.tokens.count < min)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;
    use std::sync::Arc;

    use crate::config::Source;
    use crate::policy::file::load_policy_source;
    use crate::policy::{Channel, Context, RuleSet};
    use crate::segment::{Direction, Kind, Scope};

    fn found(length: &str, action: &str, text: &str, step: usize) -> Vec<(usize, usize)> {
        let policy = format!("rules: [{{ id: r, detect: {{ length: {{ {length} }} }}, action: {action} }}]");
        let source = Source::new("p.yaml", &policy);
        let loaded = load_policy_source(&source, Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
        let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
        let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err(String::new()), false).unwrap();
        let context = Context::new(Arc::new(rules), Arc::new([0; 32]));
        let plan = Arc::clone(context.rules.plan_for(Scope::one(Direction::Response, Kind::Completion)));
        let mut channel = Channel::new(&context, plan);
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(step) {
            channel.feed(&piece.iter().collect::<String>());
        }
        channel.finish();
        channel.findings().iter().map(|finding| (finding.range.start, finding.range.end)).collect()
    }

    #[test]
    fn tokens_and_characters_are_counted_alike_in_any_pieces() {
        let text = "The cat sat: internationalisation, 一二三 and some more.";
        let at = |wanted: &str| text.find(wanted).unwrap();
        for (length, action, wanted) in [
            ("max_tokens: 4", "block", vec![(at("internat"), at("internat") + 1)]),
            ("max_tokens: 5", "log", vec![(at("ationali"), at("ationali") + 1)]),
            ("max_tokens: 9", "redact", vec![(at("一"), text.len())]),
            ("max_tokens: 10", "block", vec![(at("二"), at("三"))]),
            ("max_tokens: 16, min_tokens: 16", "block", vec![]),
            ("max_tokens: 15", "block", vec![(at("."), text.len())]),
            ("min_tokens: 17", "block", vec![(0, text.len())]),
            ("max_chars: 3, max_tokens: 4", "block", vec![(3, 4)]),
            ("max_chars: 30, max_tokens: 4", "block", vec![(at("internat"), at("internat") + 1)]),
            ("max_chars: 8", "block", vec![(8, 9)]),
            ("min_chars: 100, max_tokens: 0", "block", vec![(0, 1), (0, text.len())]),
        ] {
            for step in [1, 2, 3, 7, 1000] {
                assert_eq!(found(length, action, text, step), wanted, "{length} in pieces of {step}");
            }
        }
    }
}
