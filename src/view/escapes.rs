//! The unescaped view: the characters that escapes stand for, in the place of the escapes.
//!
//! `%41` (URLs, RFC 3986), `=41` (quoted-printable, RFC 2045, in capitals), `\x41`, `\u0041`,
//! `\u{41}`, `\U00000041` (programs), `&#65;`, `&#x41;`, `&amp;` (HTML; of the names those of ASCII characters and of
//! spaces). Bytes are UTF-8: as many escapes as a character has bytes are one unit. What stands for a control character,
//! or for nothing, is no escape. Escapes are undone once: what they spell may look like one. In a line with
//! escapes of quoted-printable a `=` at its end shows nothing, nor does the end; elsewhere values in base64 end like that.

use super::{Readers, Shape, Shown, View, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "unescaped",
    why: "in the unescaped text",
    shape: Shape::Whole,
    readers: Readers::All,
    make: |at| Box::new(Escapes { at, ..Escapes::default() }),
    wakes: |piece, _| next(piece.as_bytes()).is_some(),
};

/// The unescaped view of one text.
#[derive(Clone, Debug, Default)]
struct Escapes {
    /// Bytes that have been shown.
    at: usize,
    /// What may be an escape and is not all there.
    begun: String,
    /// The line has an escape of quoted-printable.
    quoted: bool,
}

/// So many bytes stand for this character, or for none.
struct Escape {
    len: usize,
    char: Option<char>,
}

/// Why there is no escape.
enum Stop {
    /// None yet: what has come may begin one.
    More,
    Never,
}

impl View for Escapes {
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

impl Escapes {
    /// Shows what can be told of the text. Returns what may be an escape and is not all there.
    fn read<'t>(&mut self, text: &'t str, ended: bool, shown: &mut Shown) -> &'t str {
        let mut rest = text;
        while let Some(plain) = next(rest.as_bytes()) {
            self.quoted &= memchr::memchr(b'\n', &rest.as_bytes()[..plain]).is_none();
            self.same(plain, shown);
            rest = rest.get(plain..).unwrap_or_default();
            let len = match escape(rest.as_bytes(), self.quoted, ended) {
                Ok(Escape { len, char }) => {
                    self.quoted |= rest.starts_with('=');
                    let mut utf8 = [0; 4];
                    let text: &str = char.map_or("", |char| char.encode_utf8(&mut utf8));
                    shown.unit(self.at..self.at + len, text.len(), text);
                    self.at += len;
                    len
                }
                Err(Stop::More) if !ended => return rest,
                Err(_) => {
                    self.same(1, shown);
                    1
                }
            };
            rest = rest.get(len..).unwrap_or_default();
        }
        self.quoted &= memchr::memchr(b'\n', rest.as_bytes()).is_none();
        self.same(rest.len(), shown);
        ""
    }

    fn same(&mut self, len: usize, shown: &mut Shown) {
        shown.same(self.at..self.at + len);
        self.at += len;
    }
}

/// Where the next escape may begin.
fn next(text: &[u8]) -> Option<usize> {
    let one = memchr::memchr3(b'%', b'&', b'\\', text);
    memchr::memchr(b'=', text.get(..one.unwrap_or(text.len())).unwrap_or_default()).or(one)
}

/// The escape that the text begins with; `quoted` says that the line has one of quoted-printable already.
fn escape(text: &[u8], quoted: bool, ended: bool) -> Result<Escape, Stop> {
    match (text.first(), text.get(1)) {
        (Some(b'%'), _) => utf8(text, b"%", false),
        (Some(b'='), Some(b'\n')) if quoted => Ok(Escape { len: 2, char: None }),
        (Some(b'='), Some(b'\r')) if quoted => byte(text, 2, b"\n").map(|_| Escape { len: 3, char: None }),
        (Some(b'='), _) => utf8(text, b"=", true),
        (Some(b'\\'), Some(b'x')) => utf8(text, b"\\x", false),
        (Some(b'\\'), Some(b'u')) if text.get(2) == Some(&b'{') => {
            let (code, end) = number(text, 3, 16, 6, ended)?;
            byte(text, end, b"}")?;
            character(code, end + 1)
        }
        (Some(b'\\'), Some(b'u')) => utf16(text),
        (Some(b'\\'), Some(b'U')) => character(hex(text, 2, 8, false)?, 10),
        (Some(b'&'), Some(b'#')) => {
            let (radix, from, most) = if let Some(b'x' | b'X') = text.get(2) { (16, 3, 6) } else { (10, 2, 7) };
            let (code, end) = number(text, from, radix, most, ended)?;
            // Readers do without the semicolon.
            let semicolon = match text.get(end) {
                Some(b';') => 1,
                None if !ended => return Err(Stop::More),
                _ => 0,
            };
            character(code, end + semicolon)
        }
        (Some(b'&'), Some(_)) => named(text),
        (_, None) => Err(Stop::More),
        _ => Err(Stop::Never),
    }
}

/// A character of which each byte is escaped, two hex digits behind `lead`.
fn utf8(text: &[u8], lead: &[u8], capitals: bool) -> Result<Escape, Stop> {
    let (mut bytes, mut at) = ([0; 4], 0);
    for turn in 0..bytes.len() {
        for (offset, wanted) in lead.iter().enumerate() {
            byte(text, at + offset, std::slice::from_ref(wanted))?;
        }
        bytes[turn] = hex(text, at + lead.len(), 2, capitals)? as u8;
        at += lead.len() + 2;
        if turn == 0 && bytes[0].is_ascii() {
            return character(u32::from(bytes[0]), at);
        }
        match std::str::from_utf8(&bytes[..=turn]) {
            Ok(char) => return character(char.chars().next().map_or(0, u32::from), at),
            Err(error) if error.error_len().is_none() => {}
            Err(_) => return Err(Stop::Never),
        }
    }
    Err(Stop::Never)
}

/// `\uXXXX`, or two of them that are a surrogate pair.
fn utf16(text: &[u8]) -> Result<Escape, Stop> {
    let high = hex(text, 2, 4, false)?;
    if !(0xd800..0xdc00).contains(&high) {
        return character(high, 6);
    }
    byte(text, 6, b"\\")?;
    byte(text, 7, b"u")?;
    let low = hex(text, 8, 4, false)?;
    if !(0xdc00..0xe000).contains(&low) {
        return Err(Stop::Never);
    }
    character(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12)
}

fn named(text: &[u8]) -> Result<Escape, Stop> {
    let inside = text.get(1..).unwrap_or_default();
    let begins = |name: &str| inside.iter().eq(name.as_bytes().iter().chain(b";").take(inside.len()));
    let whole = |name: &str| inside.starts_with(name.as_bytes()) && inside.get(name.len()) == Some(&b';');
    match NAMES.iter().find(|(name, _)| whole(name)) {
        Some(&(name, char)) => Ok(Escape { len: name.len() + 2, char: Some(char) }),
        None if NAMES.iter().any(|(name, _)| begins(name)) => Err(Stop::More),
        None => Err(Stop::Never),
    }
}

fn character(code: u32, len: usize) -> Result<Escape, Stop> {
    let shows = |char: &char| !char.is_control() || matches!(char, '\t' | '\n' | '\r');
    char::from_u32(code).filter(shows).map(|char| Escape { len, char: Some(char) }).ok_or(Stop::Never)
}

/// The byte at `at`, which must be one of these.
fn byte(text: &[u8], at: usize, wanted: &[u8]) -> Result<u8, Stop> {
    match text.get(at) {
        Some(byte) if wanted.contains(byte) => Ok(*byte),
        Some(_) => Err(Stop::Never),
        None => Err(Stop::More),
    }
}

/// Exactly so many hex digits.
fn hex(text: &[u8], from: usize, count: usize, capitals: bool) -> Result<u32, Stop> {
    (from..from + count).try_fold(0, |code, at| {
        let digit = char::from(*text.get(at).ok_or(Stop::More)?);
        let value = digit.to_digit(16).filter(|_| !(capitals && digit.is_ascii_lowercase()));
        Ok(code << 4 | value.ok_or(Stop::Never)?)
    })
}

/// A number of one to `most` digits, and where it ends.
fn number(text: &[u8], from: usize, radix: u32, most: usize, ended: bool) -> Result<(u32, usize), Stop> {
    let digits = text.get(from..).unwrap_or_default().iter().map_while(|&byte| char::from(byte).to_digit(radix));
    let (count, code) = digits.take(most).fold((0, 0), |(count, code), digit| (count + 1, code * radix + digit));
    match text.get(from + count) {
        None if count < most && !ended => Err(Stop::More),
        _ if count == 0 => Err(Stop::Never),
        _ => Ok((code, from + count)),
    }
}

/// Entities of HTML: those of ASCII characters, of spaces, and of characters that nobody sees.
pub(super) const NAMES: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
];
