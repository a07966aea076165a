//! The view without marks inside words: emphasis of Markdown, comments and tags of HTML, line breaks of quoted-printable.
//!
//! Exactly: marks are `*`, `_`, `~`, a backtick, a backslash, `=` with a line's end behind it (RFC 2045), and, of [`MAX_MARKS`]
//! bytes at most, `<!-- … -->` and `<name …>` or `</name>` without another `<` in it. All that stand in a row behind a letter or figure show nothing, nor do those that
//! stand in a row before one, [`MAX_MARKS`] bytes at most.

use super::{Readers, Shape, Shown, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "markup",
    why: "without marks inside words",
    shape: Shape::Whole,
    readers: Readers::Asking,
    make: |at| Box::new(Markup { at, ..Markup::default() }),
    wakes: |piece, _| wakes(piece),
};

/// Most bytes of one mark, and of marks in a row.
pub(super) const MAX_MARKS: usize = 1024;

/// The view of one text.
#[derive(Clone, Debug, Default)]
struct Markup {
    /// Bytes that have been shown.
    at: usize,
    /// Marks that are not all there, or behind which it is not told what stands.
    begun: String,
    /// Whether the last character that was shown is a letter or figure.
    word: bool,
    /// Too many marks came in a row: those that follow are none.
    long: bool,
}

/// What a text begins with.
enum Marks {
    /// So many bytes of marks, and whether there is a letter beside them.
    Some(usize, bool),
    /// More than there may be.
    Long,
    /// Marks as far as it goes, so many bytes of them whatever comes.
    Open(usize),
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
            if plain > 0 {
                self.same(rest.get(..plain).unwrap_or_default(), shown);
                self.long = false;
                rest = rest.get(plain..).unwrap_or_default();
                continue;
            }
            // What stands behind marks matters only where no letter stands before them.
            let marks = match (self.long, self.word) {
                (true, _) => Marks::Long,
                (_, true) => mark(rest.as_bytes()),
                _ => marks(rest),
            };
            let (len, beside) = match marks {
                Marks::Some(len, beside) => (len, beside),
                Marks::Open(_) if !ended => return rest,
                Marks::Open(len) => (len, self.word),
                Marks::Long => (0, false),
            };
            self.long |= matches!(marks, Marks::Long);
            let len = if beside && len > 0 {
                shown.unit(self.at..self.at + len, 0, "");
                self.at += len;
                len
            } else {
                let len = len.max(1);
                self.same(rest.get(..len).unwrap_or_default(), shown);
                len
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

/// The mark that a text begins with, behind a letter.
fn mark(text: &[u8]) -> Marks {
    match text.first() {
        Some(b'<' | b'=') => {
            let room = text.get(..MAX_MARKS).unwrap_or(text);
            match element(room) {
                Some(len) => Marks::Some(len, true),
                None if room.len() < MAX_MARKS && may_be_element(room) => Marks::Open(0),
                None => Marks::Some(0, false),
            }
        }
        _ => Marks::Some(text.iter().take_while(|&&byte| begins(byte) && !matches!(byte, b'<' | b'=')).count(), true),
    }
}

/// The marks that a text begins with, behind anything else.
fn marks(text: &str) -> Marks {
    let mut at = 0;
    while at <= MAX_MARKS {
        let rest = text.get(at..).unwrap_or_default();
        let room = rest.as_bytes().get(..MAX_MARKS).unwrap_or(rest.as_bytes());
        at += match room.first() {
            Some(b'<' | b'=') => match element(room) {
                Some(len) => len,
                None if room.len() < MAX_MARKS && may_be_element(room) => return Marks::Open(at),
                None => return Marks::Some(at, false),
            },
            Some(&byte) if begins(byte) => 1,
            _ => {
                return match rest.chars().next() {
                    None => Marks::Open(at),
                    Some(next) => Marks::Some(at, next.is_alphanumeric()),
                };
            }
        };
    }
    Marks::Long
}

/// The length of the comment, tag or line break that the text begins with.
fn element(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'=') {
        return [&b"=\n"[..], b"=\r\n"].into_iter().find(|end| text.starts_with(end)).map(<[u8]>::len);
    }
    if let Some(comment) = text.strip_prefix(b"<!--") {
        return memchr::memmem::find(comment, b"-->").map(|end| 4 + end + 3);
    }
    let end = 1 + memchr::memchr2(b'<', b'>', text.get(1..)?)?;
    (text.get(end) == Some(&b'>') && is_named(text)).then_some(end + 1)
}

/// Whether more text may make it one.
fn may_be_element(text: &[u8]) -> bool {
    text.starts_with(b"<!--")
        || b"=\r\n".starts_with(text)
        || b"<!--".starts_with(text)
        || (memchr::memchr2(b'<', b'>', text.get(1..).unwrap_or_default()).is_none() && is_named(text))
}

/// Whether a name follows, as far as the text goes.
fn is_named(text: &[u8]) -> bool {
    let name = text.strip_prefix(b"</").or(text.strip_prefix(b"<"));
    name.is_some_and(|name| name.first().is_none_or(u8::is_ascii_alphabetic))
}

/// Whether marks may begin with this byte.
fn begins(byte: u8) -> bool {
    matches!(byte, b'*' | b'_' | b'~' | b'`' | b'\\' | b'<' | b'=')
}

/// Whether there is a mark beside a letter, or may be with what comes before or behind the piece.
fn wakes(piece: &str) -> bool {
    let bytes = piece.as_bytes();
    let is_mark = |byte: &u8| begins(*byte);
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let breaks = |pair: &[u8]| matches!(pair, [b'=', b'\n' | b'\r']);
    let beside = |pair: &[u8]| pair.iter().any(|byte| begins(*byte) && *byte != b'=') && pair.iter().any(is_letter);
    bytes.first().is_some_and(is_mark)
        || bytes.last().is_some_and(is_mark)
        || memchr::memchr(b'<', bytes).is_some()
        || bytes.windows(2).any(|pair| beside(pair) || breaks(pair))
}
