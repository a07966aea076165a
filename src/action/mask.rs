//! `mask`: each character of the found text becomes a mask character.

use std::sync::Arc;

use super::{Action, ActionKind, Found, Rewrite};
use crate::config::value::{count, string, wrong};
use crate::config::{MapReader, Node, Problem};

pub(super) const KIND: ActionKind = ActionKind {
    name: "mask",
    summary: "put a mask character in place of each character found, perhaps but for the last few",
    example: r#"{ mask: { char: "*", keep_last: 4 } }"#,
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature that all kinds share")]
fn build(reader: &mut MapReader<'_>) -> Option<Action> {
    let mask = reader.optional("char", character).unwrap_or('*');
    let keep_last = reader.optional("keep_last", count(0..=64)).unwrap_or(0);
    let with = move |found: &Found<'_>| masked(found.text, mask, if found.whole { keep_last } else { 0 });
    Some(Action::Rewrite(Rewrite { name: KIND.name, fill: Some(mask), restore: None, with: Arc::new(with) }))
}

/// A text that has no more than `keep_last` characters is masked wholly: else nothing of it would be.
fn masked(text: &str, mask: char, keep_last: usize) -> String {
    let length = text.chars().count();
    let hidden = if length > keep_last { length - keep_last } else { length };
    std::iter::repeat_n(mask, hidden).chain(text.chars().skip(hidden)).collect()
}

fn character(node: &Node) -> Result<char, Problem> {
    let text = string(node)?;
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) if !only.is_control() => Ok(only),
        _ => Err(wrong(node, "one character")),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn masks_characters_not_bytes() {
        assert_eq!(masked("żółw", '*', 0), "****");
        assert_eq!(masked("4111 1111", '#', 4), "#####1111");
    }

    #[test]
    fn never_keeps_everything() {
        assert_eq!(masked("1111", '*', 4), "****");
        assert_eq!(masked("11", '*', 4), "**");
        assert_eq!(masked("", '*', 4), "");
    }
}
