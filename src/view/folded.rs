//! The folded view: compatibility characters as the ordinary ones (full-width and mathematical letters, ligatures, circled
//! digits, …), characters with the marks that combine with them as one, and nothing of what nobody sees.
//!
//! Exactly: invisible characters are taken out; of what is left each unit is brought into Unicode's normal form NFKC. A
//! unit is a character or, where it is one that marks combine with (letters, kana, Hangul, arrows and signs that can be
//! struck through), that character and the combining marks behind it, at most [`MAX_UNIT`] characters. Letter case stays.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical, decompose_compatible};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::{Readers, Shape, Shown, View, ViewKind, is_invisible};

pub(super) const KIND: ViewKind = ViewKind {
    name: "folded",
    why: "in the folded text",
    shape: Shape::Whole,
    readers: Readers::All,
    make: |at| Box::new(Folded::from(at)),
    wakes: |piece| !piece.is_ascii(),
};

/// Most characters that make one unit, invisible ones counted.
const MAX_UNIT: usize = 32;

/// The folded view of one text.
#[derive(Clone, Debug, Default)]
pub(super) struct Folded {
    /// Bytes seen.
    at: usize,
    /// A character that marks may combine with, and those that have come, without invisible ones.
    unit: String,
    /// Where they stand.
    range: Range<usize>,
    /// End of the invisible characters behind them.
    hidden: usize,
    /// Characters of both.
    count: usize,
}

impl View for Folded {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        let mut rest = piece;
        while !rest.is_empty() {
            // Of plain text only the last character can still change.
            let plain = if rest.is_ascii() { rest.len() } else { rest.bytes().take_while(u8::is_ascii).count() };
            if let Some(last) = rest.get(..plain).and_then(|plain| plain.chars().next_back()) {
                self.flush(shown);
                let waits = usize::from(takes_marks(last));
                shown.same(self.at..self.at + plain - waits);
                self.at += plain - waits;
                if waits > 0 {
                    self.wait(last);
                }
            }
            rest = rest.get(plain..).unwrap_or_default();
            let mut chars = rest.chars();
            if let Some(char) = chars.next() {
                self.see(char, shown);
                rest = chars.as_str();
            }
        }
    }

    fn finish(&mut self, shown: &mut Shown) {
        self.flush(shown);
    }

    fn open(&self) -> usize {
        if self.unit.is_empty() { self.at } else { self.range.start }
    }

    fn begins(&self, next: char) -> bool {
        self.unit.is_empty() || next.is_ascii() || !(is_invisible(next) || self.goes_on(next))
    }

    fn plain(&self) -> Option<char> {
        self.unit.chars().next().filter(|&char| self.count == 1 && is_plain(char))
    }
}

impl Folded {
    /// Of a text from this byte on.
    pub(super) fn from(at: usize) -> Folded {
        Folded { at, ..Folded::default() }
    }

    fn see(&mut self, char: char, shown: &mut Shown) {
        let range = self.at..self.at + char.len_utf8();
        let room = self.count < MAX_UNIT && !self.unit.is_empty();
        if is_invisible(char) {
            self.at = range.end;
            if room {
                self.hidden = range.end;
                self.count += 1;
            } else {
                self.flush(shown);
                shown.unit(range, 0, "");
            }
        } else if room && self.goes_on(char) {
            self.at = range.end;
            self.unit.push(char);
            self.range.end = range.end;
            self.hidden = range.end;
            self.count += 1;
        } else {
            self.flush(shown);
            if is_plain(char) {
                if takes_marks(char) {
                    return self.wait(char);
                }
                shown.same(range.clone());
            } else {
                let folded: String = char.nfkc().collect();
                if folded.chars().next_back().is_some_and(takes_marks) {
                    return self.wait(char);
                }
                show(range.clone(), char.encode_utf8(&mut [0; 4]), &folded, shown);
            }
            self.at = range.end;
        }
    }

    fn wait(&mut self, char: char) {
        self.range = self.at..self.at + char.len_utf8();
        (self.at, self.hidden, self.count) = (self.range.end, self.range.end, 1);
        self.unit.push(char);
    }

    /// Whether a character is one with the unit so far.
    fn goes_on(&self, char: char) -> bool {
        if TABLES.may_join.has(char) == Some(false) {
            return false;
        }
        let mut first = None;
        decompose_compatible(char, |part| first = first.or(Some(part)));
        let first = first.unwrap_or(char);
        canonical_combining_class(first) != 0
            || self.unit.nfkc().last().is_some_and(|last| compose(last, first).is_some())
    }

    fn flush(&mut self, shown: &mut Shown) {
        let mut chars = self.unit.chars();
        match (chars.next(), chars.next()) {
            (None, _) => return,
            (Some(char), None) if is_plain(char) => shown.same(self.range.clone()),
            _ => {
                let folded: String = self.unit.nfkc().collect();
                show(self.range.clone(), &self.unit, &folded, shown);
            }
        }
        if self.hidden > self.range.end {
            shown.unit(self.range.end..self.hidden, 0, "");
        }
        self.unit.clear();
    }
}

/// Every character that is composed of several.
pub fn composed() -> &'static [char] {
    static COMPOSED: LazyLock<Vec<char>> = LazyLock::new(|| {
        let composed = |char: &char| {
            let mut parts = 0;
            decompose_canonical(*char, |_| parts += 1);
            parts > 1
        };
        ('\u{c0}'..='\u{16fff}').filter(composed).collect()
    });
    &COMPOSED
}

fn show(range: Range<usize>, text: &str, folded: &str, shown: &mut Shown) {
    if text == folded && text.len() == range.len() {
        shown.same(range);
    } else {
        shown.unit(range, folded.len(), folded);
    }
}

/// Whether the character alone is in normal form, for sure.
fn is_plain(char: char) -> bool {
    char.is_ascii() || TABLES.plain.has(char).unwrap_or_else(|| is_plain_alone(char))
}

fn is_plain_alone(char: char) -> bool {
    is_nfkc_quick(std::iter::once(char)) == IsNormalized::Yes
}

/// What is asked of every character that is not ASCII, worked out once: Unicode's own tables have to be searched.
static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    plain: Chars::of(is_plain_alone),
    may_join: {
        // All that composes with a character before it: the last of two in some composition. Those of Hangul are not in
        // the tables.
        let mut seconds: HashSet<char> = ('\u{1161}'..='\u{1175}').chain('\u{11a8}'..='\u{11c2}').collect();
        for char in composed() {
            let mut is_first = true;
            decompose_canonical(*char, |part| {
                if !std::mem::replace(&mut is_first, false) {
                    seconds.insert(part);
                }
            });
        }
        Chars::of(|char| {
            let mut first = None;
            decompose_compatible(char, |part| first = first.or(Some(part)));
            let first = first.unwrap_or(char);
            canonical_combining_class(first) != 0 || seconds.contains(&first)
        })
    },
});

/// Makes the tables, which takes some milliseconds.
pub(super) fn prepare() {
    LazyLock::force(&TABLES);
}

struct Tables {
    /// Characters that are in normal form alone, for sure.
    plain: Chars,
    /// Characters that may be one with the unit before them.
    may_join: Chars,
}

/// A set of the characters before [`Chars::END`], with a bit for each.
struct Chars(Box<[u64]>);

impl Chars {
    /// Behind it are few characters and much room.
    const END: char = '\u{30000}';

    fn of(has: impl Fn(char) -> bool) -> Chars {
        let mut bits = vec![0; Chars::END as usize >> 6];
        for char in ('\0'..Chars::END).filter(|char| has(*char)) {
            bits[char as usize >> 6] |= 1 << (char as usize & 63);
        }
        Chars(bits.into())
    }

    /// Whether it is in the set; `None`: nobody knows.
    fn has(&self, char: char) -> Option<bool> {
        self.0.get(char as usize >> 6).map(|bits| bits >> (char as usize & 63) & 1 == 1)
    }
}

/// Whether something may compose with the character before it: the blocks of all that does, which a test goes through.
pub(super) fn takes_marks(char: char) -> bool {
    match char {
        '\0'..='\x7f' => char.is_ascii_alphabetic() || matches!(char, '<' | '=' | '>'),
        '\u{a8}'
        | '\u{c0}'..='\u{1fff}'
        | '\u{2190}'..='\u{22ff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{10500}'..='\u{105ff}'
        | '\u{11000}'..='\u{11fff}'
        | '\u{16000}'..='\u{16fff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_joins_no_unit_composes_with_nothing() {
        for char in ('\0'..=char::MAX).filter(|char| TABLES.may_join.has(*char) == Some(false)) {
            let mut first = None;
            decompose_compatible(char, |part| first = first.or(Some(part)));
            assert_eq!(canonical_combining_class(first.unwrap_or(char)), 0, "{char:?}");
        }
        for composed in composed() {
            let mut parts = Vec::new();
            decompose_canonical(*composed, |part| parts.push(part));
            assert_ne!(TABLES.may_join.has(parts[parts.len() - 1]), Some(false), "{composed:?}");
        }
        assert!(['\u{1161}', '\u{11a8}', '\u{301}'].into_iter().all(|char| TABLES.may_join.has(char) == Some(true)));
        assert!(!['a', 'ж', '中', '가'].into_iter().any(|char| TABLES.may_join.has(char) == Some(true)));
    }

    #[test]
    fn all_that_composes_waits_for_marks() {
        for char in '\0'..=char::MAX {
            let mut parts = Vec::new();
            decompose_canonical(char, |part| parts.push(part));
            if let [.., first, second] = parts[..]
                && compose(first, second) == Some(char)
            {
                assert!(takes_marks(first), "{first:?} composes with {second:?}");
                assert!(composed().contains(&char), "{char:?} is composed");
            }
        }
    }
}
