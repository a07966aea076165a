//! `keywords`: a list of words or phrases.

use regex_syntax::ParserBuilder;

use super::regex::check;
use super::{DetectorKind, Pattern, Plan};
use crate::config::value::{boolean, filled};
use crate::config::{MapReader, Node, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "keywords",
    summary: "words or phrases of a list",
    example: r#"{ keywords: { words: ["Project Aurora"], case: false, whole: true } }"#,
    build,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let node = reader.required_node("words");
    let words = reader.list("words", filled);
    let case = reader.optional("case", boolean).unwrap_or(false);
    let whole = reader.optional("whole", boolean).unwrap_or(true);
    let pattern = reader.problems().keep(pattern(&words?, case, whole, node?))?;
    Some(Plan::Patterns(vec![pattern]))
}

/// The words as one pattern: `case` tells capitals from small letters, `whole` wants no letter or digit beside a word.
/// Half boundaries do that also for words such as `C++`, whose last character is no letter.
pub(crate) fn pattern(words: &[String], case: bool, whole: bool, node: &Node) -> Result<Pattern, Problem> {
    let words: Vec<String> = words.iter().map(|word| regex_syntax::escape(word.trim())).collect();
    let any = words.join("|");
    let text = if whole { format!(r"\b{{start-half}}(?:{any})\b{{end-half}}") } else { any };
    let hir = ParserBuilder::new().case_insensitive(!case).build().parse(&text).map_err(|error| {
        // Escaped words are always valid; what remains is a limit of the parser.
        Problem::error(&node.at, "these words cannot be searched for").label(error.to_string())
    })?;
    let count = words.len();
    check(hir, if count == 1 { "a word".into() } else { format!("one of {count} words").into() }, node)
}

#[cfg(test)]
mod tests;
