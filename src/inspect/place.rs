//! Where in an answer a byte stands: in running text, or where a browser or a chat window would make an address or an
//! attribute of it. A value that comes back there could be carried off: by a picture that is loaded, by a link that is
//! followed. In doubt it is an address.

/// Follows a text byte by byte.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The last eight bytes, the latest lowest.
    past: u64,
    word: Word,
    tag: Tag,
    name: Name,
    link: Link,
    line: Line,
    json: Document,
    fence: Fence,
}

/// What stands together without a space: is it a URL?
#[derive(Clone, Debug, Default)]
struct Word {
    is_url: bool,
    /// Something like `a.b` stands in it.
    dotted: bool,
    /// The letters (of other scripts each byte), digits, `+`, `-` and `.` before this, in small letters; what is longer is no scheme.
    run: [u8; 12],
    len: usize,
}

/// An HTML tag.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Tag {
    #[default]
    None,
    Open,
    Quoted(u8),
}

/// The first letters of a tag's name, in small letters.
#[derive(Clone, Debug, Default)]
struct Name {
    letters: [u8; 8],
    len: usize,
    over: bool,
}

/// A target of a link or picture in Markdown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Link {
    #[default]
    None,
    /// After `](`, with so many parentheses open.
    Target(u32),
    /// In `<…>` within one.
    Angle(u32),
    /// In its title.
    Title(u32, u8),
    /// After `[label]:`, and whether it has begun.
    Definition(bool),
}

/// The beginning of a line, as far as it may define a link.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Line {
    #[default]
    Start,
    Label(bool),
    Closed,
    Other,
}

/// Whether the text as a whole is JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Document {
    #[default]
    Unknown,
    Bracket,
    Json,
    Text,
}

/// A fenced block of code.
#[derive(Clone, Debug, Default)]
struct Fence {
    /// The first bytes of the line, without what it is indented by.
    line: [u8; 8],
    len: usize,
    open: bool,
    json: bool,
}

impl Place {
    /// Goes on by a byte.
    pub(super) fn feed(&mut self, byte: u8) {
        let blank = byte == b'\n' && self.is_blank_so_far();
        // Chat windows take quotes and the like for a part of an address; JSON and HTML end it there.
        let ends = byte.is_ascii_whitespace()
            || byte == b'<'
            || byte == b'>' && self.tag == Tag::Open
            || byte == b'"' && self.is_json();
        self.word.feed(byte, self.last(1), ends);
        self.feed_tag(byte, blank);
        self.feed_link(byte, blank);
        self.feed_line(byte, blank);
        self.json = self.json.after(byte);
        self.fence.feed(byte);
        self.past = self.past << 8 | u64::from(byte);
    }

    /// Whether this is running text, but perhaps for a tag.
    pub(super) fn is_text(&self) -> bool {
        !self.word.is_url && self.link == Link::None
    }

    /// Whether this is inside an HTML tag.
    pub(super) fn is_tag(&self) -> bool {
        self.tag != Tag::None
    }

    /// Whether text here is part of a JSON document.
    pub(super) fn is_json(&self) -> bool {
        self.json == Document::Json || (self.fence.open && self.fence.json)
    }

    /// The `n`th byte back, from 1; 0 before the start.
    pub(super) fn last(&self, n: u32) -> u8 {
        (self.past >> (8 * (n - 1)) & 0xff) as u8
    }

    /// What ends here was no part of a host's name.
    pub(super) fn forget_word(&mut self) {
        self.word = Word { is_url: self.word.is_url, ..Word::default() };
    }

    /// Whether a word may begin here: what stands before is no letter or digit, or the letters and digits of an escape in a
    /// JSON string; and how many those are.
    pub(super) fn may_begin(&self) -> Option<usize> {
        if !self.last(1).is_ascii_alphanumeric() {
            return Some(0);
        }
        let short = self.last(2) == b'\\' && matches!(self.last(1), b'n' | b'r' | b't' | b'b' | b'f');
        let hex = (1..=4).all(|back| self.last(back).is_ascii_hexdigit());
        let long = hex && self.last(5) == b'u' && self.last(6) == b'\\';
        if short { Some(1) } else { long.then_some(5) }
    }

    /// Whether nothing but spaces stands before this in its line, and a line before it.
    fn is_blank_so_far(&self) -> bool {
        let mut back = (1..=8).map(|n| self.last(n)).skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        back.next() == Some(b'\n')
    }

    fn feed_tag(&mut self, byte: u8, blank: bool) {
        let opens =
            self.tag == Tag::None && self.last(1) == b'<' && (byte.is_ascii_alphabetic() || b"/!?".contains(&byte));
        if opens {
            self.name = Name::default();
        }
        self.name.feed(byte);
        self.tag = match (self.tag, byte) {
            _ if opens => Tag::Open,
            (Tag::Open, b'>') => Tag::None,
            // In Markdown. In HTML it goes on, and with it what a browser would load.
            (Tag::Open, _) if blank && !self.name.bears_addresses() => Tag::None,
            (Tag::Open, b'"' | b'\'') if self.last_solid() == b'=' => Tag::Quoted(byte),
            (Tag::Quoted(quote), _) if quote == byte => Tag::Open,
            (tag, _) => tag,
        };
    }

    fn feed_link(&mut self, byte: u8, blank: bool) {
        let last = self.last(1);
        let escaped = last == b'\\';
        let space = byte.is_ascii_whitespace();
        self.link = match (self.link, byte) {
            (Link::None, b'(') if last == b']' => Link::Target(0),
            (Link::None, _) => Link::None,
            _ if blank => Link::None,
            (link @ (Link::Target(_) | Link::Title(..) | Link::Angle(_)), _) if escaped => link,
            (Link::Target(0), b')') => Link::None,
            (Link::Target(depth), b')') => Link::Target(depth - 1),
            (Link::Target(depth), b'(') => Link::Target(depth.saturating_add(1)),
            (Link::Target(depth), b'<') if last == b'(' || last.is_ascii_whitespace() => Link::Angle(depth),
            (Link::Target(depth), b'"' | b'\'') if last.is_ascii_whitespace() => Link::Title(depth, byte),
            (Link::Title(depth, quote), _) if byte == quote => Link::Target(depth),
            (Link::Angle(depth), b'>' | b'\n') => Link::Target(depth),
            (Link::Definition(true), _) if space => Link::None,
            (Link::Definition(_), _) => Link::Definition(!space),
            (link, _) => link,
        };
    }

    fn feed_line(&mut self, byte: u8, blank: bool) {
        let last = self.last(1);
        self.line = match (self.line, byte) {
            _ if blank => Line::Start,
            (Line::Label(_), _) if last == b'\\' => Line::Label(true),
            // `[^1]:` is a footnote.
            (Line::Label(false), b'^') | (Line::Label(_), b'[') => Line::Other,
            (Line::Label(_), b']') => Line::Closed,
            (Line::Label(_), _) => Line::Label(true),
            (Line::Start, b'[') => Line::Label(false),
            // Quotes and lists may stand before it.
            (_, b'\n')
            | (Line::Start, b' ' | b'\t' | b'\r' | b'>' | b'-' | b'*' | b'+' | b'.' | b')' | b'0'..=b'9') => {
                Line::Start
            }
            (Line::Closed, b':') => {
                self.link = if self.link == Link::None { Link::Definition(false) } else { self.link };
                Line::Other
            }
            _ => Line::Other,
        };
    }

    /// The last byte that is no space, as far as it is known.
    fn last_solid(&self) -> u8 {
        let mut back = (1..=8).map(|n| self.last(n)).skip_while(u8::is_ascii_whitespace);
        // Beyond what is known it may have been a `=`.
        back.next().unwrap_or(b'=')
    }
}

impl Name {
    fn feed(&mut self, byte: u8) {
        self.over |= !byte.is_ascii_alphanumeric();
        if !self.over {
            if let Some(place) = self.letters.get_mut(self.len) {
                *place = byte.to_ascii_lowercase();
            }
            self.len = self.len.saturating_add(1);
        }
    }

    /// Whether attributes of such a tag are addresses that a browser loads or follows.
    fn bears_addresses(&self) -> bool {
        self.letters.get(..self.len).is_some_and(|name| TAGS.contains(&name))
    }
}

impl Word {
    fn feed(&mut self, byte: u8, last: u8, ends: bool) {
        if ends {
            *self = Word::default();
            return;
        }
        let run = self.run.get(..self.len).unwrap_or_default();
        let slash = |byte: u8| matches!(byte, b'/' | b'\\');
        self.is_url |= slash(byte) && slash(last)
            || byte == b':' && SCHEMES.contains(&run)
            || byte == b'.' && run == b"www"
            // `host.tld/path`, which some windows make a link of.
            || self.dotted && matches!(byte, b'/' | b'?' | b'#');
        // Names of hosts are written in any script.
        let is_letter = byte.is_ascii_alphanumeric() || !byte.is_ascii();
        self.dotted |= last == b'.' && self.len > 1 && is_letter;
        if is_letter || matches!(byte, b'+' | b'-' | b'.') {
            if let Some(place) = self.run.get_mut(self.len) {
                *place = byte.to_ascii_lowercase();
            }
            self.len = self.len.saturating_add(1);
        } else {
            self.len = 0;
        }
    }
}

impl Document {
    fn after(self, byte: u8) -> Document {
        match (self, byte) {
            (Document::Unknown | Document::Bracket, b' ' | b'\t' | b'\r' | b'\n') => self,
            (Document::Unknown, b'{') | (Document::Bracket, b'{' | b'[' | b'"') => Document::Json,
            (Document::Unknown, b'[') => Document::Bracket,
            (Document::Unknown | Document::Bracket, _) => Document::Text,
            _ => self,
        }
    }
}

impl Fence {
    fn feed(&mut self, byte: u8) {
        if byte != b'\n' {
            if self.len > 0 || !matches!(byte, b' ' | b'\t') {
                if let Some(place) = self.line.get_mut(self.len) {
                    *place = byte.to_ascii_lowercase();
                }
                self.len = self.len.saturating_add(1);
            }
            return;
        }
        if self.line.starts_with(b"```") || self.line.starts_with(b"~~~") {
            self.json = self.line[3..].starts_with(b"json");
            self.open = !self.open;
        }
        (self.line, self.len) = ([0; 8], 0);
    }
}

/// Those that browsers and chat windows follow also where no `//` comes after.
const SCHEMES: &[&[u8]] = &[
    b"http",
    b"https",
    b"ftp",
    b"ws",
    b"wss",
    b"file",
    b"data",
    b"javascript",
    b"vbscript",
    b"blob",
    b"mailto",
    b"tel",
    b"sms",
];

/// Those whose attributes browsers load or follow, and what may hold a style.
const TAGS: &[&[u8]] = &[
    b"a", b"area", b"audio", b"base", b"body", b"button", b"div", b"embed", b"form", b"frame", b"iframe", b"image",
    b"img", b"input", b"link", b"meta", b"object", b"picture", b"script", b"source", b"span", b"style", b"svg",
    b"table", b"td", b"th", b"track", b"use", b"video",
];

#[cfg(test)]
mod tests;
