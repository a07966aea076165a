//! The look-alike view: the folded text with ASCII letters and digits in the place of what looks like them, and without
//! floods of marks.
//!
//! Exactly, of the folded text: a character that is not ASCII becomes the ASCII letter or digit that it is confusable with,
//! if there is one (the skeleton of UTS 39; what looks like a small `l` and is a capital becomes `I`), Braille becomes the
//! letter that it stands for, diacritical marks that combine with nothing are taken out. Of a unit with two or more of
//! those the first character is left, without marks.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use super::folded::Folded;
use super::{Readers, Shape, Shown, Step, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "lookalikes",
    why: "in the text with look-alike letters replaced",
    shape: Shape::Whole,
    readers: Readers::All,
    make: |at| Box::new(Lookalikes { folded: Folded::from(at), base: at, ..Lookalikes::default() }),
    wakes: |piece| !piece.is_ascii(),
};

/// The look-alike view of one text.
#[derive(Clone, Debug, Default)]
struct Lookalikes {
    folded: Folded,
    /// What the folded view shows of a piece.
    inner: Shown,
    /// The part of the text that it has not shown yet, and where that begins.
    text: String,
    base: usize,
}

impl View for Lookalikes {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        self.inner.clear();
        self.folded.feed(piece, &mut self.inner);
        // The common case: nothing to replace, nothing to keep but a letter that waits for marks.
        if !piece.is_empty() && piece.is_ascii() && self.text.is_ascii() && self.inner.is_same() {
            let end = self.base + self.text.len() + piece.len();
            shown.same(self.base..self.folded.open());
            let waits = (end - self.folded.open()).min(piece.len());
            self.text.clear();
            self.text.push_str(piece.get(piece.len() - waits..).unwrap_or_default());
            self.base = self.folded.open();
            return;
        }
        self.text.push_str(piece);
        self.take(shown);
    }

    fn finish(&mut self, shown: &mut Shown) {
        self.inner.clear();
        self.folded.finish(&mut self.inner);
        self.take(shown);
    }

    fn open(&self) -> usize {
        self.folded.open()
    }

    fn begins(&self, next: char) -> bool {
        self.folded.begins(next)
    }

    fn plain(&self) -> Option<char> {
        self.folded.plain().filter(|&char| matches!(plain(char), Plain::Same))
    }
}

impl Lookalikes {
    fn take(&mut self, shown: &mut Shown) {
        for step in self.inner.steps() {
            match step {
                Step::Same(range) => {
                    let mut at = range.start;
                    let text = self.text.get(range.start - self.base..range.end - self.base).unwrap_or_default();
                    for char in text.chars() {
                        let own = at..at + char.len_utf8();
                        match plain(char) {
                            Plain::Same => shown.same(own.clone()),
                            Plain::Char(plain) => shown.unit(own.clone(), 1, plain.encode_utf8(&mut [0; 4])),
                            Plain::Nothing => shown.unit(own.clone(), 0, ""),
                        }
                        at = own.end;
                    }
                }
                Step::Units(units, text) => {
                    let mut text = self.inner.text(text.clone());
                    for unit in self.inner.units(units.clone()) {
                        let (own, rest) = text.split_at_checked(unit.len).unwrap_or((text, ""));
                        text = rest;
                        let from = unit.from.start - self.base..unit.from.end - self.base;
                        let source = self.text.get(from).unwrap_or_default();
                        let plain = replaced(own, source);
                        shown.unit(unit.from.clone(), plain.len(), &plain);
                    }
                }
                Step::Begin | Step::End => {}
            }
        }
        self.text.drain(..(self.folded.open() - self.base).min(self.text.len()));
        self.base = self.folded.open();
    }
}

/// What a unit shows, given what the folded view shows of it and how it is written.
fn replaced(folded: &str, source: &str) -> String {
    let is_flooded = source.chars().filter(|&char| is_mark(char)).count() > 1;
    let base: String = if is_flooded { folded.nfd().take(1).collect() } else { folded.to_owned() };
    let chars = base.chars().filter_map(|char| match plain(char) {
        Plain::Same => Some(char),
        Plain::Char(plain) => Some(plain),
        Plain::Nothing => None,
    });
    chars.collect()
}

enum Plain {
    Same,
    Char(char),
    Nothing,
}

fn plain(char: char) -> Plain {
    if char.is_ascii() {
        Plain::Same
    } else if is_mark(char) {
        Plain::Nothing
    } else {
        LOOKALIKES.get(&char).map_or(Plain::Same, |&plain| Plain::Char(plain))
    }
}

/// Marks that are put on letters of any script: Unicode's blocks of combining diacritical marks, and those for Cyrillic
/// letters.
pub(super) fn is_mark(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Characters and the ASCII letter or digit that each of them looks like.
static LOOKALIKES: LazyLock<HashMap<char, char, FixedState>> = LazyLock::new(|| {
    let alike = |char: char| {
        let skeleton: String = skeleton(char.encode_utf8(&mut [0; 4])).collect();
        let mut chars = skeleton.chars();
        let first = chars.next().filter(|first| first.is_ascii_alphanumeric() && chars.next().is_none())?;
        Some((char, if first == 'l' && char.is_uppercase() { 'I' } else { first }))
    };
    let braille = BRAILLE.chars().filter(|char| *char != ' ').zip('a'..='z');
    ('\u{80}'..=LAST).filter_map(alike).chain(braille).collect()
});

/// No character behind these planes looks like an ASCII one.
const LAST: char = '\u{1ffff}';

/// Makes the table, which takes some milliseconds.
pub(super) fn prepare() {
    LazyLock::force(&LOOKALIKES);
}

/// The letters from a to z.
const BRAILLE: &str = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵";
