//! `keywords`: a list of words or phrases.

use regex_syntax::ParserBuilder;

use super::disguise::disguised;
use super::regex::check;
use super::{DetectorKind, Pattern, Plan};
use crate::config::value::{boolean, filled};
use crate::config::{MapReader, Node, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "keywords",
    summary: "words or phrases of a list",
    example: r#"{ keywords: { words: ["Project Aurora"], case: false, whole: true } }"#,
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let node = reader.required_node("words");
    let words = reader.list("words", filled);
    let case = reader.optional("case", boolean).unwrap_or(false);
    let whole = reader.optional("whole", boolean).unwrap_or(true);
    let sees_through = reader.optional("disguised", boolean).unwrap_or(false);
    let pattern = reader.problems().keep(pattern(&words?, case, whole, node?))?;
    Some(Plan::Patterns(if sees_through { disguised(pattern) } else { vec![pattern] }))
}

/// The words as one pattern: `case` tells capitals from small letters, `whole` wants no letter or digit beside a word.
/// Half boundaries do that also for words such as `C++`, whose last character is no letter. Scripts that put no space
/// between words have no boundaries to look for.
pub(crate) fn pattern(words: &[String], case: bool, whole: bool, node: &Node) -> Result<Pattern, Problem> {
    let count = words.len();
    let words: Vec<String> = words.iter().map(|word| one(word.trim(), whole)).collect();
    let text = words.join("|");
    let hir = ParserBuilder::new().case_insensitive(!case).build().parse(&text).map_err(|error| {
        // Escaped words are always valid; what remains is a limit of the parser.
        Problem::error(&node.at, "these words cannot be searched for").label(error.to_string())
    })?;
    check(hir, if count == 1 { "a word".into() } else { format!("one of {count} words").into() }, node)
}

fn one(word: &str, whole: bool) -> String {
    let bounded = |edge: Option<char>| whole && edge.is_some_and(|edge| !joined(edge));
    let start = if bounded(word.chars().next()) { r"\b{start-half}" } else { "" };
    let end = if bounded(word.chars().next_back()) { r"\b{end-half}" } else { "" };
    format!("{start}{}{end}", regex_syntax::escape(word))
}

/// Whether the character's script writes words, or words and their particles, without a space between them: Thai, Lao,
/// Burmese, Khmer, Japanese, Chinese, Korean.
fn joined(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
