//! The view of tag characters: texts that nobody sees, written in Unicode's copies of the ASCII characters for tags.
//!
//! [`MIN_CHARS`] or more of U+E0020 to U+E007E in a row are a text of its own; fewer are fillers, which folding takes out.

use super::{Readers, Shape, Shown, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "tags",
    why: "written in tag characters",
    shape: Shape::Inside,
    readers: Readers::All,
    make: |at| Box::new(Tags { at, ..Tags::default() }),
    wakes: |piece, _| memchr::memchr(FIRST, piece.as_bytes()).is_some(),
};

/// A shorter run is no text.
pub(super) const MIN_CHARS: usize = 4;
/// Bytes of a tag character, and the first of them.
const LEN: usize = 4;
const FIRST: u8 = 0xf3;

/// The view of one text.
#[derive(Clone, Debug, Default)]
struct Tags {
    /// Bytes seen.
    at: usize,
    /// Those of the run that are not shown, as there are too few.
    begun: String,
    shown: bool,
}

impl View for Tags {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        let mut rest = piece;
        while !rest.is_empty() {
            let other = memchr::memchr(FIRST, rest.as_bytes()).unwrap_or(rest.len());
            if other > 0 {
                self.end(shown);
                self.at += other;
                rest = rest.get(other..).unwrap_or_default();
                continue;
            }
            let mut chars = rest.chars();
            match chars.next().and_then(plain) {
                Some(char) => self.add(char, shown),
                None => self.end(shown),
            }
            self.at += rest.len() - chars.as_str().len();
            rest = chars.as_str();
        }
    }

    fn finish(&mut self, shown: &mut Shown) {
        self.end(shown);
    }

    fn open(&self) -> usize {
        self.at - LEN * self.begun.len()
    }
}

impl Tags {
    /// The next of the run, which stands at the end of what was seen.
    fn add(&mut self, char: char, shown: &mut Shown) {
        self.begun.push(char);
        if !self.shown && self.begun.len() >= MIN_CHARS {
            shown.begin();
            self.shown = true;
        }
        if self.shown {
            let first = self.at - LEN * (self.begun.len() - 1);
            for (index, char) in self.begun.drain(..).enumerate() {
                let from = first + LEN * index;
                shown.unit(from..from + LEN, 1, char.encode_utf8(&mut [0; 4]));
            }
        }
    }

    fn end(&mut self, shown: &mut Shown) {
        self.begun.clear();
        if std::mem::take(&mut self.shown) {
            shown.end();
        }
    }
}

/// The ASCII character that a tag character copies.
fn plain(char: char) -> Option<char> {
    u32::from(char).checked_sub(0xe0000).filter(|code| (0x20..0x7f).contains(code)).and_then(char::from_u32)
}
