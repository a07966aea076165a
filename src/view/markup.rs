//! The view without marks inside words: emphasis of Markdown, comments and tags of HTML.
//!
//! Exactly: marks are `*`, `_`, `~`, a backtick, a backslash, `<!-- … -->`, and `<name …>` or `</name>` without another `<`
//! in it. As many as there are between two letters or figures, [`MAX_MARKS`] bytes at most, show nothing.

use super::{Readers, Shape, Shown, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "markup",
    why: "without marks inside words",
    shape: Shape::Whole,
    readers: Readers::Asking,
    make: |at| Box::new(Markup { at, ..Markup::default() }),
    wakes,
};

/// Most bytes of marks between two letters.
pub(super) const MAX_MARKS: usize = 1024;

/// The view of one text.
#[derive(Clone, Debug, Default)]
struct Markup {
    /// Bytes that have been shown.
    at: usize,
    /// Marks behind a letter that are not all there.
    begun: String,
    /// Whether the last character that was shown is a letter or figure.
    word: bool,
}

/// What a text begins with.
enum Marks {
    /// So many bytes of marks, and a letter behind them.
    Some(usize),
    /// Marks, as far as it goes.
    Open,
    None,
}

impl View for Markup {
    fn copy(&self) -> Box<dyn View> {
        Box::new(self.clone())
    }

    fn feed(&mut self, piece: &str, shown: &mut Shown) {
        if self.begun.is_empty() {
            let rest = self.read(piece, false, shown);
            self.begun.push_str(rest);
        } else {
            let text = std::mem::take(&mut self.begun) + piece;
            let rest = self.read(&text, false, shown);
            self.begun.push_str(rest);
        }
    }

    fn finish(&mut self, shown: &mut Shown) {
        let text = std::mem::take(&mut self.begun);
        self.read(&text, true, shown);
    }

    fn open(&self) -> usize {
        self.at
    }

    fn begins(&self, _next: char) -> bool {
        self.begun.is_empty()
    }
}

impl Markup {
    /// Shows what can be told of the text. Returns marks that are not all there.
    fn read<'t>(&mut self, text: &'t str, ended: bool, shown: &mut Shown) -> &'t str {
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.bytes().take_while(|&byte| !begins(byte)).count();
            self.same(rest.get(..plain).unwrap_or_default(), shown);
            rest = rest.get(plain..).unwrap_or_default();
            let marks = if self.word && !rest.is_empty() { marks(rest) } else { Marks::None };
            let len = match marks {
                Marks::Open if !ended => return rest,
                Marks::Some(len) => {
                    shown.unit(self.at..self.at + len, 0, "");
                    self.at += len;
                    len
                }
                Marks::Open | Marks::None => {
                    let first = rest.len().min(1);
                    self.same(rest.get(..first).unwrap_or_default(), shown);
                    first
                }
            };
            rest = rest.get(len..).unwrap_or_default();
        }
        ""
    }

    fn same(&mut self, text: &str, shown: &mut Shown) {
        shown.same(self.at..self.at + text.len());
        self.at += text.len();
        self.word = text.chars().next_back().map_or(self.word, char::is_alphanumeric);
    }
}

/// The marks that a text begins with.
fn marks(text: &str) -> Marks {
    let mut at = 0;
    while at <= MAX_MARKS {
        let rest = text.get(at..).unwrap_or_default();
        let room = rest.as_bytes().get(..MAX_MARKS - at).unwrap_or(rest.as_bytes());
        at += match room.first() {
            Some(b'<') => match element(room) {
                Some(len) => len,
                None if room.len() < MAX_MARKS - at && may_be_element(room) => return Marks::Open,
                None => return Marks::None,
            },
            Some(&byte) if begins(byte) => 1,
            _ => {
                return match rest.chars().next() {
                    None => Marks::Open,
                    Some(next) if next.is_alphanumeric() => Marks::Some(at),
                    Some(_) => Marks::None,
                };
            }
        };
    }
    Marks::None
}

/// The length of the comment or tag that the text begins with.
fn element(text: &[u8]) -> Option<usize> {
    if let Some(comment) = text.strip_prefix(b"<!--") {
        return memchr::memmem::find(comment, b"-->").map(|end| 4 + end + 3);
    }
    let end = 1 + memchr::memchr2(b'<', b'>', text.get(1..)?)?;
    (text.get(end) == Some(&b'>') && is_named(text)).then_some(end + 1)
}

/// Whether more text may make it one.
fn may_be_element(text: &[u8]) -> bool {
    text.starts_with(b"<!--")
        || b"<!--".starts_with(text)
        || (memchr::memchr2(b'<', b'>', text.get(1..).unwrap_or_default()).is_none() && is_named(text))
}

/// Whether a name follows, as far as the text goes.
fn is_named(text: &[u8]) -> bool {
    let name = text.strip_prefix(b"</").or(text.strip_prefix(b"<")).unwrap_or_default();
    name.first().is_none_or(u8::is_ascii_alphabetic)
}

/// Whether marks may begin with this byte.
fn begins(byte: u8) -> bool {
    matches!(byte, b'*' | b'_' | b'~' | b'`' | b'\\' | b'<')
}

/// Whether marks stand behind a letter, or may do so with what comes before the piece.
fn wakes(piece: &str) -> bool {
    let bytes = piece.as_bytes();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    bytes.first().is_some_and(|&first| begins(first))
        || bytes.windows(2).any(|pair| is_letter(pair[0]) && begins(pair[1]))
}
