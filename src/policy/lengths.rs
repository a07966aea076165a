//! How long one text is, for the rules that bound it.

use std::ops::Range;
use std::sync::Arc;

use super::compile::{ChannelPlan, ClassifierRule, CompileError, Labels, NO_LABEL};
use super::job::Sought;
use super::rule::{RuleSpec, Window};
use super::tokens::Tokens;
use crate::detector::{LengthPlan, Span};

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

/// A rule that counts a model's tokens asks it as classifier rules do, once the text is whole.
pub(super) fn counter(
    index: usize,
    rule: &RuleSpec,
    length: &LengthPlan,
    labels: &Labels<'_>,
) -> Result<Option<ClassifierRule>, CompileError> {
    let Some(model) = length.tokenizer.clone() else { return Ok(None) };
    let fault = |message| CompileError::Classifier { origin: rule.origin.clone(), rule: Arc::clone(&rule.id), message };
    let info = labels(&model, NO_LABEL).map_err(fault)?;
    Ok(Some(ClassifierRule {
        rule: index,
        model,
        version: info.model,
        label: "tokens".into(),
        output: 0,
        threshold: 1.0,
        span: Span::Window,
        sought: Sought::Tokens(length.clone()),
        window: Window::End,
    }))
}

/// What of a length is counted without a model. A text without a character has no token.
pub(super) fn without_counter(length: &LengthPlan) -> Option<LengthPlan> {
    if length.tokenizer.is_none() {
        return Some(length.clone());
    }
    let min_chars = length.min_chars.or(length.min_tokens.map(|_| 1));
    let own = LengthPlan { max_chars: length.max_chars, min_chars, ..LengthPlan::default() };
    own.max_chars.or(own.min_chars).is_some().then_some(own)
}

/// What is too long or too short in a stretch of text, given where a model's tokens begin in it.
pub(super) fn by_tokens(length: &LengthPlan, starts: &[u32], stretch: Range<usize>) -> Vec<Range<usize>> {
    let too_long = length.max_tokens.and_then(|max| starts.get(max)).map(|&start| stretch.start + start as usize);
    let too_short = length.min_tokens.is_some_and(|min| starts.len() < min);
    let too_long = too_long.filter(|start| *start < stretch.end).map(|start| start..stretch.end);
    too_long.into_iter().chain(too_short.then_some(stretch)).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;
    use std::sync::Arc;

    use super::NO_LABEL;
    use crate::classifier::Question;
    use crate::config::Source;
    use crate::policy::file::load_policy_source;
    use crate::policy::{Answer, Channel, Context, LabelInfo, RuleSet};
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

    /// The same with a model, each of whose tokens is one byte of white space or a run of others.
    fn counted(length: &str, action: &str, text: &str, step: usize) -> Vec<(usize, usize)> {
        let policy =
            format!("rules: [{{ id: r, detect: {{ length: {{ {length}, tokenizer: m }} }}, action: {action} }}]");
        let source = Source::new("p.yaml", &policy);
        let loaded = load_policy_source(&source, Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
        let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
        assert_eq!(policy.rules[0].plan.models().iter().map(|model| &***model).collect::<Vec<_>>(), ["m"]);
        let info = LabelInfo { model: "m@1".into(), index: 0, calibration: None, entity: false };
        let labels = |model: &str, label: &str| {
            assert_eq!((model, label), ("m", NO_LABEL));
            Ok(info.clone())
        };
        let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
        let context = Context::new(Arc::new(rules), Arc::new([0; 32]));
        let plan = Arc::clone(context.rules.plan_for(Scope::one(Direction::Response, Kind::Completion)));
        let mut channel = Channel::new(&context, plan);
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(step) {
            channel.feed(&piece.iter().collect::<String>());
            assert!(action == "log" || channel.open() == 0, "not decided before the end");
        }
        channel.finish();
        for job in channel.take_jobs() {
            assert!(job.question == Question::Tokens && *job.text == *text);
            let mut starts: Vec<u32> = Vec::new();
            let mut inside = false;
            for (at, char) in job.text.char_indices() {
                if char.is_whitespace() || !inside {
                    starts.push(at as u32);
                }
                inside = !char.is_whitespace();
            }
            channel.answer(job.id, &Answer::Tokens(starts.into()));
        }
        assert!(!channel.is_waiting());
        let why = |finding| context.rules.why(finding);
        assert!(
            channel.findings().iter().all(|finding| length.contains("chars") || why(finding).ends_with("tokens of m"))
        );
        channel.findings().iter().map(|finding| (finding.range.start, finding.range.end)).collect()
    }

    #[test]
    fn tokens_of_a_model_are_counted_when_the_text_is_whole() {
        let text = "The cät sat internationally. 一二三";
        let at = |wanted: &str| text.find(wanted).unwrap();
        for (length, action, wanted) in [
            ("max_tokens: 9", "block", vec![]),
            ("max_tokens: 8", "block", vec![(at("一"), text.len())]),
            ("max_tokens: 6", "redact", vec![(at("internat"), text.len())]),
            ("max_tokens: 0", "log", vec![(0, text.len())]),
            ("min_tokens: 9", "block", vec![]),
            ("min_tokens: 10", "block", vec![(0, text.len())]),
            ("max_chars: 3, max_tokens: 6", "block", vec![(3, 4), (at("internat"), text.len())]),
        ] {
            for step in [1, 2, 3, 7, 1000] {
                assert_eq!(counted(length, action, text, step), wanted, "{length} in pieces of {step}");
            }
        }
        assert_eq!(counted("max_tokens: 2", "block", "   ", 1), [(2, 3)]);
        assert_eq!(counted("min_tokens: 2", "block", "", 1), [(0, 0)]);
        assert_eq!(counted("max_tokens: 2", "block", "", 1), []);
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
