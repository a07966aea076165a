//! `length`: texts that are too long or too short.

use super::{DetectorKind, LengthPlan, Plan};
use crate::config::value::{count, name};
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "length",
    summary: "text with too many or too few characters or tokens",
    example: "{ length: { max_chars: 8000 } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let before = reader.problems().errors();
    let mut most = |key| reader.optional(key, count(0..=usize::MAX >> 8));
    let (max_chars, max_tokens) = (most("max_chars"), most("max_tokens"));
    let mut least = |key| reader.optional(key, count(1..=usize::MAX >> 8));
    let (min_chars, min_tokens) = (least("min_chars"), least("min_tokens"));
    // Without one tokens are estimated (`policy/tokens.rs`). The model's name becomes part of a path.
    let tokenizer = reader.optional("tokenizer", name(64));
    if reader.problems().errors() > before {
        return None;
    }
    if let (Some(node), None) = (reader.node("tokenizer"), max_tokens.or(min_tokens)) {
        let problem = Problem::error(&node.at, "`tokenizer` has no tokens to count");
        reader.problem(problem.label("expected `max_tokens` or `min_tokens` beside it"));
        return None;
    }
    if max_chars.or(min_chars).or(max_tokens).or(min_tokens).is_none() {
        let problem = Problem::error(reader.head(), "`length` has no bound");
        reader.problem(problem.label("expected `max_chars`, `min_chars`, `max_tokens` or `min_tokens`"));
        return None;
    }
    for (unit, max, min) in [("chars", max_chars, min_chars), ("tokens", max_tokens, min_tokens)] {
        if let (Some(max), Some(min)) = (max, min)
            && min > max
        {
            let label = format!("`min_{unit}` ({min}) is more than `max_{unit}` ({max})");
            reader.problem(Problem::error(reader.head(), "no text can pass").label(label));
            return None;
        }
    }
    Some(Plan::Length(LengthPlan {
        max_chars,
        min_chars,
        max_tokens,
        min_tokens,
        tokenizer: tokenizer.map(Into::into),
    }))
}
