//! The look-alike view: the folded text with ASCII letters and digits in the place of what looks like them, and without
//! floods of marks.
//!
//! Exactly, of the folded text: a character that is not ASCII becomes the ASCII letter or digit that it is confusable with,
//! if there is one (the skeleton of UTS 39; what looks like a small `l` and is a capital becomes `I`), Braille becomes the
//! letter that it stands for, diacritical marks that combine with nothing are taken out. Of a unit with two or more of
//! those the first character is left, without marks.

use std::sync::LazyLock;

use unicode_security::confusable_detection::skeleton;

use super::folded::Folded;
use super::table::Table;
use super::{Readers, Shape, Shown, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "lookalikes",
    why: "in the text with look-alike letters replaced",
    shape: Shape::Whole,
    readers: Readers::All,
    make: |at| Box::new(Folded::alike(at)),
    wakes: |piece, _| !piece.is_ascii(),
};

/// Shows a part of the folded text, which stands there as it is.
pub(super) fn show(at: usize, text: &str, shown: &mut Shown) {
    if text.is_ascii() {
        return shown.same(at..at + text.len());
    }
    let (table, mut same) = (&*LOOKALIKES, 0);
    for (own, char) in text.char_indices() {
        let plain = if char.is_ascii() { SAME } else { table.get(char).unwrap_or(SAME) };
        if plain == SAME {
            continue;
        }
        shown.same(at + same..at + own);
        same = own + char.len_utf8();
        let mut utf8 = [0; 4];
        let plain: &str = if plain == NOTHING { "" } else { char::from(plain).encode_utf8(&mut utf8) };
        shown.unit(at + own..at + same, plain.len(), plain);
    }
    shown.same(at + same..at + text.len());
}

/// What stands in the place of a character, if anything does.
pub(super) fn plain(char: char) -> Option<char> {
    match LOOKALIKES.get(char) {
        None | Some(SAME) => Some(char),
        Some(NOTHING) => None,
        Some(plain) => Some(char::from(plain)),
    }
}

/// Marks that are put on letters of any script: Unicode's blocks of combining diacritical marks, and those for Cyrillic
/// letters.
pub(super) fn is_mark(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// For each character the ASCII letter or digit that it looks like, [`SAME`] or [`NOTHING`].
static LOOKALIKES: LazyLock<Table> = LazyLock::new(|| {
    let alike = |char: char| {
        let skeleton: String = skeleton(char.encode_utf8(&mut [0; 4])).collect();
        let mut chars = skeleton.chars();
        let first = chars.next().filter(|first| first.is_ascii_alphanumeric() && chars.next().is_none())?;
        Some(if first == 'l' && char.is_uppercase() { 'I' } else { first })
    };
    let braille: Vec<(char, char)> = BRAILLE.chars().zip('a'..='z').collect();
    Table::new(END, |char| match char {
        '\0'..'\u{80}' => SAME,
        _ if is_mark(char) => NOTHING,
        _ => {
            let dots = braille.iter().find(|(own, _)| *own == char).map(|(_, letter)| *letter);
            dots.or_else(|| alike(char)).map_or(SAME, |plain| plain as u8)
        }
    })
});

const SAME: u8 = 0;
const NOTHING: u8 = 1;

/// No character behind these planes looks like an ASCII one.
const END: char = '\u{20000}';

/// Makes the table, which takes some milliseconds.
pub(super) fn prepare() {
    LazyLock::force(&LOOKALIKES);
}

/// The letters from a to z.
const BRAILLE: &str = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵";
