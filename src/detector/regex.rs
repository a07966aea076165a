//! `regex`: one pattern in the syntax of Rust's regex crate, Unicode-aware, without look-behind or back-references.

use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

use super::disguise::disguised;
use super::{DetectorKind, Pattern, Plan};
use crate::config::value::{boolean, string};
use crate::config::{MapReader, Node, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "regex",
    summary: "text that matches a regular expression",
    example: r"{ regex: { pattern: 'EMP-\d{6}' } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let pattern = reader.required("pattern", |node| pattern(&string(node)?, node));
    let sees_through = reader.optional("disguised", boolean).unwrap_or(false);
    Some(Plan::Patterns(if sees_through { disguised(pattern?) } else { vec![pattern?] }))
}

/// Parses a pattern and checks that it can be run: bounded in size, never empty. Problems mark `node`, or the place
/// in it where the syntax is wrong.
pub(crate) fn pattern(text: &str, node: &Node) -> Result<Pattern, Problem> {
    let hir = ParserBuilder::new().nest_limit(MAX_NEST).build().parse(text).map_err(|error| syntax(&error, node))?;
    check(hir, text.into(), node)
}

/// Checks a parsed pattern.
pub(super) fn check(hir: Hir, shown: std::sync::Arc<str>, node: &Node) -> Result<Pattern, Problem> {
    match hir.properties().minimum_len() {
        Some(0) => Err(Problem::error(&node.at, "the pattern matches the empty text")
            .label("would be found everywhere")
            .help("make at least one character necessary, for example with `+` in place of `*`")),
        None => Err(Problem::error(&node.at, "the pattern can never match").label("matches no text at all")),
        Some(_) if most_memory(&hir) <= MAX_SIZE => Ok(Pattern::new(hir, shown)),
        Some(_) => {
            let limits = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_SIZE));
            thompson::Compiler::new().configure(limits).build_from_hir(&hir).map_err(|_| {
                Problem::error(&node.at, "the pattern is too large")
                    .label(format!("needs more than {} MiB when compiled", MAX_SIZE >> 20))
                    .help(r"lower its repetition counts, or use `[0-9]` and `[A-Za-z]` in place of `\d` and `\w`")
            })?;
            Ok(Pattern::new(hir, shown))
        }
    }
}

/// So much memory, in bytes, a pattern takes at most as an automaton that is not deterministic. Usually it is a small part
/// of this, which is told without building one.
pub(crate) fn most_memory(hir: &Hir) -> usize {
    parts(hir).saturating_add(ALWAYS)
}

fn parts(hir: &Hir) -> usize {
    let parts = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len() * STATE,
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() * STATE,
        HirKind::Class(Class::Unicode(class)) => {
            // A range falls into stretches of up to four bytes each when it is spelled in UTF-8.
            let states = |range: &ClassUnicodeRange| if range.end().is_ascii() { 1 } else { 4 * 20 };
            class.ranges().iter().map(|range| states(range) * STATE).sum()
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1)) as usize;
            parts(&repetition.sub).saturating_add(STATE).saturating_mul(times)
        }
        HirKind::Capture(capture) => parts(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(0, |sum, part| self::parts(part).saturating_add(STATE).saturating_add(sum))
        }
    };
    parts.saturating_add(STATE)
}

fn syntax(error: &regex_syntax::Error, node: &Node) -> Problem {
    let (span, reason) = match error {
        regex_syntax::Error::Parse(error) => (Some(error.span()), error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (Some(error.span()), error.kind().to_string()),
        error => (None, error.to_string()),
    };
    let at = span.map_or_else(|| node.at.clone(), |span| node.within(span.start.offset, span.end.offset));
    Problem::error(&at, "the pattern is not a valid regular expression").label(reason)
}

/// How deep groups may be nested.
const MAX_NEST: u32 = 64;
/// The most memory that one compiled pattern may take, in bytes.
const MAX_SIZE: usize = 32 << 20;

/// What leads to a pattern, and what stands behind it, in bytes.
const ALWAYS: usize = 1 << 10;
/// More than a state takes, with what leads to it, in bytes.
const STATE: usize = 64;

#[cfg(test)]
mod tests;
