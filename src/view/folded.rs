//! The folded view: compatibility characters as the ordinary ones (full-width and mathematical letters, ligatures, circled
//! digits, …), characters with the marks that combine with them as one, and nothing of what nobody sees.
//!
//! Exactly: invisible characters are taken out; of what is left each unit is brought into Unicode's normal form NFKC. A
//! unit is a character or, where it is one that marks combine with (letters, kana, Hangul, arrows and signs that can be
//! struck through), that character and the combining marks behind it, at most [`MAX_UNIT`] characters. Letter case stays.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use smallvec::SmallVec;
use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical, decompose_compatible};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::lookalikes::{self, is_mark};
use super::table::Table;
use super::{Readers, Shape, Shown, View, ViewKind, is_invisible};

pub(super) const KIND: ViewKind = ViewKind {
    name: "folded",
    why: "in the folded text",
    shape: Shape::Whole,
    readers: Readers::All,
    make: |at| Box::new(Folded::from(at)),
    wakes: |piece, _| !piece.is_ascii(),
};

/// Most characters that make one unit, invisible ones counted.
const MAX_UNIT: usize = 32;

/// The normal form of a unit.
type Folding = SmallVec<[char; MAX_UNIT]>;

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
    /// How many of them are marks, and how many up to the end of the last one that is seen.
    marks: (usize, usize),
    /// Shows what looks like an ASCII letter as that one, besides.
    alike: bool,
}

impl View for Folded {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        let mut rest = piece;
        while !rest.is_empty() {
            // Of plain text only the last character can still change.
            let (plain, other) = rest.split_at_checked(plain_len(rest)).unwrap_or((rest, ""));
            if let Some(last) = plain.chars().next_back() {
                self.flush(shown);
                let waits = if takes_marks(last) { last.len_utf8() } else { 0 };
                self.same(plain.get(..plain.len() - waits).unwrap_or_default(), shown);
                if waits > 0 {
                    self.wait(last);
                }
            }
            let mut chars = other.chars();
            if let Some(char) = chars.next() {
                self.see(char, shown);
            }
            rest = chars.as_str();
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
        let stays = |&char: &char| is_plain(char) && (!self.alike || lookalikes::plain(char) == Some(char));
        self.unit.chars().next().filter(|char| self.count == 1 && stays(char))
    }
}

impl Folded {
    /// Of a text from this byte on.
    pub(super) fn from(at: usize) -> Folded {
        Folded { at, ..Folded::default() }
    }

    /// The same with the look-alikes of ASCII letters replaced.
    pub(super) fn alike(at: usize) -> Folded {
        Folded { at, alike: true, ..Folded::default() }
    }

    fn see(&mut self, char: char, shown: &mut Shown) {
        let range = self.at..self.at + char.len_utf8();
        let room = self.count < MAX_UNIT && !self.unit.is_empty();
        if room && TABLES.class(char).is_some_and(|class| class & JOINS != 0) {
            self.join(char);
        } else if is_invisible(char) {
            self.at = range.end;
            if room {
                self.hidden = range.end;
                self.count += 1;
                self.marks.0 += usize::from(is_mark(char));
            } else {
                self.flush(shown);
                shown.unit(range, 0, "");
            }
        } else if room && self.goes_on(char) {
            self.join(char);
        } else {
            self.flush(shown);
            if is_plain(char) {
                if takes_marks(char) {
                    return self.wait(char);
                }
                self.same(char.encode_utf8(&mut [0; 4]), shown);
            } else {
                let mut utf8 = [0; 4];
                let written: &str = char.encode_utf8(&mut utf8);
                let folded = nfkc(written);
                if folded.last().copied().is_some_and(takes_marks) {
                    return self.wait(char);
                }
                self.at = range.end;
                self.show(range, written, &folded, shown);
            }
        }
    }

    fn wait(&mut self, char: char) {
        self.range = self.at..self.at + char.len_utf8();
        (self.at, self.hidden, self.count) = (self.range.end, self.range.end, 1);
        self.marks = (usize::from(is_mark(char)), usize::from(is_mark(char)));
        self.unit.push(char);
    }

    /// The next character is one with the unit so far.
    fn join(&mut self, char: char) {
        self.at += char.len_utf8();
        self.unit.push(char);
        (self.range.end, self.hidden) = (self.at, self.at);
        self.count += 1;
        self.marks.0 += usize::from(is_mark(char));
        self.marks.1 = self.marks.0;
    }

    /// Whether a character is one with the unit so far.
    fn goes_on(&self, char: char) -> bool {
        match TABLES.class(char) {
            Some(class) if class & JOINS != 0 => return true,
            Some(class) if class & MAY_JOIN == 0 => return false,
            _ => {}
        }
        let first = first_part(char);
        canonical_combining_class(first) != 0
            || nfkc(&self.unit).last().is_some_and(|&last| compose(last, first).is_some())
    }

    /// The next of the text is in normal form.
    fn same(&mut self, text: &str, shown: &mut Shown) {
        self.stays(self.at, text, shown);
        self.at += text.len();
    }

    fn stays(&self, at: usize, text: &str, shown: &mut Shown) {
        if self.alike {
            lookalikes::show(at, text, shown);
        } else {
            shown.same(at..at + text.len());
        }
    }

    fn flush(&mut self, shown: &mut Shown) {
        if self.unit.is_empty() {
            return;
        }
        let unit = std::mem::take(&mut self.unit);
        let mut chars = unit.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) if is_plain(char) => self.stays(self.range.start, &unit, shown),
            _ => {
                self.show(self.range.clone(), &unit, &nfkc(&unit), shown);
            }
        }
        if self.hidden > self.range.end {
            shown.unit(self.range.end..self.hidden, 0, "");
        }
        self.unit = unit;
        self.unit.clear();
        self.marks = (0, 0);
    }

    /// A unit, its characters that are seen, and their normal form.
    fn show(&self, range: Range<usize>, written: &str, folded: &[char], shown: &mut Shown) {
        if written.len() == range.len() && folded.iter().copied().eq(written.chars()) {
            return self.stays(range.start, written, shown);
        }
        let text: String = if !self.alike {
            folded.iter().collect()
        } else if self.marks.1 > 1 {
            folded.iter().copied().nfd().take(1).filter_map(lookalikes::plain).collect()
        } else {
            folded.iter().copied().filter_map(lookalikes::plain).collect()
        };
        shown.unit(range, text.len(), &text);
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

/// A unit in normal form: its characters taken apart, marks in their order, and what composes put together (Unicode,
/// D117). Most marks of a unit take no part in it, and asking Unicode's tables about each costs more than all the rest.
fn nfkc(unit: &str) -> Folding {
    let tables = &*TABLES;
    let mut parts: SmallVec<[(u8, char); MAX_UNIT]> = SmallVec::new();
    for char in unit.chars() {
        if tables.class(char).is_none_or(|class| class & TAKEN_APART != 0) {
            decompose_compatible(char, |part| parts.push((tables.order(part), part)));
        } else {
            parts.push((tables.order(char), char));
        }
    }
    for marks in parts.chunk_by_mut(|one, next| one.0 != 0 && next.0 != 0) {
        if !marks.is_sorted_by_key(|(order, _)| *order) {
            marks.sort_by_key(|(order, _)| *order);
        }
    }
    let mut folded = Folding::new();
    // The last character that others combine with, and the order of the mark before what comes next.
    let (mut base, mut before) = (None, None);
    for (order, char) in parts {
        if let Some(base) = base
            && before.is_none_or(|before| before < order)
            && tables.class(char).is_none_or(|class| class & COMPOSES != 0)
            && let Some(one) = compose(folded[base], char)
        {
            folded[base] = one;
            continue;
        }
        if order == 0 {
            (base, before) = (Some(folded.len()), None);
        } else {
            before = base.map(|_| order);
        }
        folded.push(char);
    }
    folded
}

/// How much of a text, from its start, is characters in normal form that are seen and join nothing, in bytes.
fn plain_len(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let tables = &*TABLES;
    let is_quiet = |char: char| tables.class(char).is_some_and(|class| class & QUIET != 0);
    text.char_indices().find(|&(_, char)| !char.is_ascii() && !is_quiet(char)).map_or(text.len(), |(at, _)| at)
}

/// Whether the character alone is in normal form, for sure.
fn is_plain(char: char) -> bool {
    char.is_ascii() || TABLES.class(char).map_or_else(|| is_plain_alone(char), |class| class & PLAIN != 0)
}

fn is_plain_alone(char: char) -> bool {
    is_nfkc_quick(std::iter::once(char)) == IsNormalized::Yes
}

/// The first character of what a character is composed of.
fn first_part(char: char) -> char {
    let mut first = None;
    decompose_compatible(char, |part| first = first.or(Some(part)));
    first.unwrap_or(char)
}

/// What is asked of every character that is not ASCII.
static TABLES: LazyLock<Tables> = LazyLock::new(|| {
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
    let class = |char| {
        let (plain, first) = (is_plain_alone(char), first_part(char));
        let joins = canonical_combining_class(first) != 0 && !is_invisible(char);
        let may_join = canonical_combining_class(first) != 0 || seconds.contains(&first);
        let quiet = plain && !may_join && !is_invisible(char);
        let mut taken_apart = false;
        decompose_compatible(char, |part| taken_apart |= part != char);
        let flags = [
            (plain, PLAIN),
            (joins, JOINS),
            (may_join, MAY_JOIN),
            (quiet, QUIET),
            (taken_apart, TAKEN_APART),
            (seconds.contains(&char), COMPOSES),
        ];
        flags.into_iter().fold(0, |class, (is, flag)| if is { class | flag } else { class })
    };
    Tables { classes: Table::new(END, class), order: Table::new(END, canonical_combining_class) }
});

struct Tables {
    classes: Table,
    /// Canonical combining classes.
    order: Table,
}

impl Tables {
    fn class(&self, char: char) -> Option<u8> {
        self.classes.get(char)
    }

    fn order(&self, char: char) -> u8 {
        self.order.get(char).unwrap_or_else(|| canonical_combining_class(char))
    }
}

/// Behind it are few characters and much room.
const END: char = '\u{30000}';
/// Characters that are in normal form alone, for sure.
const PLAIN: u8 = 1;
/// Characters that may be one with the unit before them.
const MAY_JOIN: u8 = 2;
/// Those that are, whatever the unit is, and are seen.
const JOINS: u8 = 4;
/// Characters that are in normal form, are seen, and are not one with what stands before them.
const QUIET: u8 = 8;
/// Characters that are taken apart.
const TAKEN_APART: u8 = 16;
/// Characters that compose with some character before them.
const COMPOSES: u8 = 32;

/// Makes the table, which takes some milliseconds.
pub(super) fn prepare() {
    LazyLock::force(&TABLES);
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

    fn joins(char: char) -> Option<bool> {
        TABLES.class(char).map(|class| class & MAY_JOIN != 0)
    }

    #[test]
    fn what_joins_no_unit_composes_with_nothing() {
        for char in ('\0'..=char::MAX).filter(|char| joins(*char) == Some(false)) {
            assert_eq!(canonical_combining_class(first_part(char)), 0, "{char:?}");
        }
        for composed in composed() {
            let mut parts = Vec::new();
            decompose_canonical(*composed, |part| parts.push(part));
            assert_ne!(joins(parts[parts.len() - 1]), Some(false), "{composed:?}");
        }
        assert!(['\u{1161}', '\u{11a8}', '\u{301}'].into_iter().all(|char| joins(char) == Some(true)));
        assert!(!['a', 'ж', '中', '가'].into_iter().any(|char| joins(char) == Some(true)));
    }

    #[test]
    fn normal_forms_are_those_of_unicode() {
        let marks = [
            "",
            "\u{301}",
            "\u{323}\u{301}",
            "\u{301}\u{323}",
            "\u{334}\u{301}\u{300}",
            "\u{3099}",
            "\u{11a8}",
            "\u{1161}",
        ];
        for char in '\0'..=char::MAX {
            for mark in marks {
                let unit = format!("{char}{mark}");
                assert!(unit.nfkc().eq(nfkc(&unit)), "{unit:?}");
            }
        }
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
