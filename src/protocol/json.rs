//! Strict JSON (RFC 8259) as a tape of byte ranges, and edits that leave every other byte as it came.
//!
//! One parse accounts for every value of a body. Nothing is unescaped or copied until somebody asks for a string's
//! text. What readers disagree about is refused: duplicate keys, comments, NaN, trailing commas, bytes that are not
//! UTF-8. Lone surrogate escapes are legal (providers cut emoji in two over stream events) and read as U+FFFD.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::OnceLock;

use smallvec::SmallVec;

/// Deepest nesting that is read.
pub const MAX_DEPTH: usize = 128;
/// Most values (keys included) that are read.
pub const MAX_NODES: usize = 1 << 20;

const TOO_MANY: &str = "too many values";
const TWICE: &str = "the same key twice in an object";

/// Why a text is not JSON that Palisade will judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct JsonError {
    /// Byte offset into the text.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// `{…}`: its children are key, value, key, value, …
    Object,
    /// `[…]`
    Array,
    /// A value or a key in quotes; the range is what stands between them.
    String,
    /// A number, as written.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

/// One value or key.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// For strings: whether there is a backslash in it.
    pub escaped: bool,
    /// First byte (for strings: after the quote).
    pub start: u32,
    /// After the last byte (for strings: the closing quote).
    pub end: u32,
    /// Index of the node that follows this one and all inside it.
    next: u32,
}

/// Index of a node on the tape.
pub type NodeId = usize;

/// A parsed text. The text itself is borrowed; node 0 is the root.
#[derive(Debug)]
pub struct Json<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    /// For each node its parent and its position there. Made when somebody asks for a pointer.
    parents: OnceLock<Vec<(u32, u32)>>,
}

impl JsonError {
    /// Whether there is more than can be read, and not something wrong with it.
    pub fn is_bound(&self) -> bool {
        self.reason == TOO_MANY
    }

    /// Whether it is JSON but for keys that come twice.
    pub fn is_duplicate(&self) -> bool {
        self.reason == TWICE
    }
}

impl<'a> Json<'a> {
    /// Reads the whole of `bytes`, which must be exactly one JSON value with white space around it.
    pub fn parse(bytes: &'a [u8]) -> Result<Json<'a>, JsonError> {
        Json::parse_as(bytes, false)
    }

    /// The same, but takes duplicate keys: for text inside a body, all of which is read whichever of them counts.
    pub fn parse_with_duplicates(bytes: &'a [u8]) -> Result<Json<'a>, JsonError> {
        Json::parse_as(bytes, true)
    }

    fn parse_as(bytes: &'a [u8], duplicates: bool) -> Result<Json<'a>, JsonError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| JsonError { offset: error.valid_up_to(), reason: "not UTF-8" })?;
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError { offset: 0, reason: "too long" });
        }
        let nodes = Vec::with_capacity(text.len() / 24 + 32);
        let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, nodes, duplicates };
        parser.space();
        parser.value(0)?;
        parser.space();
        if parser.at != text.len() {
            return Err(parser.error("something after the value"));
        }
        Ok(Json { text, nodes: parser.nodes, parents: OnceLock::new() })
    }

    /// The text that was parsed.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never true: even `null` is a node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node with this index.
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id]
    }

    /// What the node is.
    pub fn kind(&self, id: NodeId) -> NodeKind {
        self.nodes[id].kind
    }

    /// The node's bytes as they stand in the text; a string's without its quotes.
    pub fn raw(&self, id: NodeId) -> &'a str {
        let node = self.nodes[id];
        self.text.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// Where a node stands, a string with its quotes.
    pub fn whole(&self, id: NodeId) -> std::ops::Range<usize> {
        let node = self.nodes[id];
        let quotes = u32::from(node.kind == NodeKind::String);
        (node.start - quotes) as usize..(node.end + quotes) as usize
    }

    /// The decoded text of a string node; the bytes as written for any other.
    pub fn string(&self, id: NodeId) -> Cow<'a, str> {
        if self.nodes[id].escaped { Cow::Owned(unescape(self.raw(id))) } else { Cow::Borrowed(self.raw(id)) }
    }

    /// The elements of an array; nothing for any other node.
    pub fn elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = if self.kind(id) == NodeKind::Array { self.nodes[id].next as usize } else { id + 1 };
        let mut at = id + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let here = at;
                at = self.nodes[at].next as usize;
                here
            })
        })
    }

    /// The (key, value) pairs of an object; nothing for any other node.
    pub fn members(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let end = if self.kind(id) == NodeKind::Object { self.nodes[id].next as usize } else { id + 1 };
        let mut at = id + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let key = at;
                at = self.nodes[key + 1].next as usize;
                (key, key + 1)
            })
        })
    }

    /// The value under the key that folds to `name` (see [`fold_key`]).
    pub fn get(&self, id: NodeId, name: &str) -> Option<NodeId> {
        self.members(id).find(|&(key, _)| folds_to(&self.string(key), name)).map(|(_, value)| value)
    }

    /// The container of a node, and the node's position in it (keys and values count alike). Nothing for the root.
    pub fn parent(&self, id: NodeId) -> Option<(NodeId, usize)> {
        let parents = self.parents.get_or_init(|| {
            let mut parents = vec![(0, 0); self.nodes.len()];
            for container in 0..self.nodes.len() {
                if !matches!(self.nodes[container].kind, NodeKind::Object | NodeKind::Array) {
                    continue;
                }
                let (mut at, mut position) = (container + 1, 0);
                while at < self.nodes[container].next as usize {
                    parents[at] = (container as u32, position);
                    at = self.nodes[at].next as usize;
                    position += 1;
                }
            }
            parents
        });
        let (parent, position) = parents.get(id).copied().filter(|_| id > 0)?;
        Some((parent as usize, position as usize))
    }

    /// Index of the node after this one and all inside it.
    pub fn after(&self, id: NodeId) -> NodeId {
        self.nodes[id].next as usize
    }
}

/// The spelling under which keys count as equal: lower case, without `_` and `-`. Some upstreams match keys without
/// regard to case, some accept both `snake_case` and `camelCase`; whatever any of them would read must be read here.
pub fn fold_key(key: &str) -> Folded {
    if key.is_ascii() {
        return Folded(ascii_folded(key).collect());
    }
    // U+017F (long s) and U+212A (Kelvin sign) are the two that simple case folding maps into ASCII.
    let folded = key.chars().filter(|char| !matches!(char, '_' | '-')).flat_map(|char| match char {
        '\u{17f}' => 's'.to_lowercase(),
        other => other.to_lowercase(),
    });
    Folded(SmallVec::from_vec(folded.collect::<String>().into_bytes()))
}

/// A folded key. Most are short, so none of these needs the heap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Folded(SmallVec<[u8; 32]>);

impl Folded {
    /// The key, in UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<str> for Folded {
    fn eq(&self, name: &str) -> bool {
        *self.0 == *name.as_bytes()
    }
}

/// Whether the key folds to `name`, without making the folded key.
fn folds_to(key: &str, name: &str) -> bool {
    if key.is_ascii() { ascii_folded(key).eq(name.bytes()) } else { fold_key(key) == *name }
}

fn ascii_folded(key: &str) -> impl Iterator<Item = u8> {
    key.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase())
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    /// Whether keys may come twice.
    duplicates: bool,
}

/// Looks at eight bytes at once for what ends the plain part of a string. The lowest bit that is set is the highest of
/// the first such byte; those above it mean nothing (a borrow may have run into them).
const fn stops(bytes: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const fn below(bytes: u64, limit: u64) -> u64 {
        bytes.wrapping_sub(EACH * limit) & !bytes
    }
    let quote = bytes ^ (EACH * b'"' as u64);
    let backslash = bytes ^ (EACH * b'\\' as u64);
    (below(bytes, 0x20) | below(quote, 1) | below(backslash, 1)) & (EACH * 0x80)
}

/// Whether nothing in a block ends the plain part of a string. Looks at all of it, so that compilers make vector
/// instructions of it.
fn is_plain(block: &[u8]) -> bool {
    let stops = |byte: u8| u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
    block.iter().fold(0, |found, &byte| found | stops(byte)) == 0
}

/// A string that goes on for so long is likely to go on for longer: from here on it is walked in wide blocks.
const SHORT: usize = 32;
/// Bytes in a wide block.
const WIDE: usize = 64;

impl Parser<'_> {
    fn error(&self, reason: &'static str) -> JsonError {
        JsonError { offset: self.at, reason }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: NodeKind, start: usize) -> Result<NodeId, JsonError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(self.error(TOO_MANY));
        }
        self.nodes.push(Node { kind, escaped: false, start: start as u32, end: 0, next: 0 });
        Ok(self.nodes.len() - 1)
    }

    fn close(&mut self, id: NodeId, end: usize) {
        let next = self.nodes.len() as u32;
        let node = &mut self.nodes[id];
        node.end = end as u32;
        node.next = next;
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nested too deeply"));
        }
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", NodeKind::True),
            Some(b'f') => self.word(b"false", NodeKind::False),
            Some(b'n') => self.word(b"null", NodeKind::Null),
            Some(_) => Err(self.error("expected a value")),
            None => Err(self.error("the text ends early")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        let id = self.push(NodeKind::Object, self.at)?;
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.close(id, self.at);
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in quotes"));
            }
            self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.error("expected ':'"));
            }
            self.at += 1;
            self.space();
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b'}') => break,
                _ => return Err(self.error("expected ',' or '}'")),
            }
        }
        self.at += 1;
        self.close(id, self.at);
        if self.duplicates { Ok(()) } else { self.refuse_duplicates(id) }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        let id = self.push(NodeKind::Array, self.at)?;
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            self.close(id, self.at);
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b']') => break,
                _ => return Err(self.error("expected ',' or ']'")),
            }
        }
        self.at += 1;
        self.close(id, self.at);
        Ok(())
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        let start = self.at;
        let id = self.push(NodeKind::String, start)?;
        loop {
            self.plain();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.nodes[id].escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.error("control byte in a string")),
                None => return Err(self.error("the text ends inside a string")),
            }
        }
        self.close(id, self.at);
        self.at += 1;
        Ok(())
    }

    /// Walks on to the next byte that ends the plain part of a string: quote, backslash, control byte.
    fn plain(&mut self) {
        let from = self.at;
        while let Some(block) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
            let stops = stops(u64::from_le_bytes(*block));
            if stops != 0 {
                self.at += stops.trailing_zeros() as usize / 8;
                return;
            }
            self.at += block.len();
            if self.at - from == SHORT {
                self.skip_wide();
            }
        }
        while self.peek().is_some_and(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\')) {
            self.at += 1;
        }
    }

    /// Walks over the wide blocks ahead in which nothing ends a string.
    fn skip_wide(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += WIDE * rest.chunks_exact(WIDE).take_while(|block| is_plain(block)).count();
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u')
                if self
                    .bytes
                    .get(self.at + 2..self.at + 6)
                    .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
            {
                self.at += 6;
            }
            _ => return Err(self.error("bad escape")),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.error("expected a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let id = self.push(NodeKind::Number, self.at)?;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        self.close(id, self.at);
        Ok(())
    }

    fn word(&mut self, word: &'static [u8], kind: NodeKind) -> Result<(), JsonError> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.error("expected a value"));
        }
        let id = self.push(kind, self.at)?;
        self.at += word.len();
        self.close(id, self.at);
        Ok(())
    }

    /// Exact duplicates (after unescaping) are refused in every object: readers differ on which one counts.
    fn refuse_duplicates(&self, object: NodeId) -> Result<(), JsonError> {
        let end = self.nodes[object].next as usize;
        let mut keys: SmallVec<[Cow<'_, str>; 12]> = SmallVec::new();
        let mut at = object + 1;
        while at < end {
            let key = self.nodes[at];
            let raw = self.text.get(key.start as usize..key.end as usize).unwrap_or_default();
            keys.push(if key.escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) });
            at = self.nodes[at + 1].next as usize;
        }
        let twice = if keys.spilled() {
            let mut seen = HashSet::with_capacity(keys.len());
            !keys.iter().all(|key| seen.insert(key))
        } else {
            keys.iter().enumerate().any(|(index, key)| keys[..index].contains(key))
        };
        if twice {
            let offset = self.nodes[object].start as usize;
            return Err(JsonError { offset, reason: TWICE });
        }
        Ok(())
    }
}

/// One step through the inside of a JSON string: the character, and how many raw bytes it takes.
///
/// A surrogate pair is one step; a lone surrogate is U+FFFD.
fn step(raw: &str) -> Option<(char, usize)> {
    let first = raw.chars().next()?;
    if first != '\\' {
        return Some((first, first.len_utf8()));
    }
    let simple = |char| Some((char, 2));
    match raw.as_bytes().get(1)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'u' => {
            let unit = hex4(raw, 2)?;
            if (0xd800..0xdc00).contains(&unit)
                && raw.get(6..8) == Some("\\u")
                && let Some(low @ 0xdc00..0xe000) = hex4(raw, 8)
            {
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Some((char::from_u32(code)?, 12));
            }
            Some((char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), 6))
        }
        &other => simple(char::from(other)),
    }
}

fn hex4(raw: &str, at: usize) -> Option<u32> {
    u32::from_str_radix(raw.get(at..at + 4)?, 16).ok()
}

/// The first surrogate of a pair, if the raw string ends with one that has no partner.
pub fn trailing_high_surrogate(raw: &str) -> Option<u32> {
    let tail = raw.len().checked_sub(6)?;
    let unit = raw.get(tail..).filter(|escape| escape.starts_with("\\u")).and_then(|escape| hex4(escape, 2))?;
    // An odd number of backslashes before makes the last six bytes something else.
    let slashes = raw.as_bytes()[..tail].iter().rev().take_while(|&&byte| byte == b'\\').count();
    (slashes % 2 == 0 && (0xd800..0xdc00).contains(&unit)).then_some(unit)
}

/// The second surrogate of a pair, if the raw string starts with one.
pub fn leading_low_surrogate(raw: &str) -> Option<u32> {
    let unit = raw.strip_prefix("\\u").and_then(|_| hex4(raw, 2))?;
    (0xdc00..0xe000).contains(&unit).then_some(unit)
}

/// The text that the inside of a JSON string stands for.
pub fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while !rest.is_empty() {
        let plain = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        let (before, after) = rest.split_at(plain);
        text.push_str(before);
        rest = after;
        let Some((char, len)) = (!rest.is_empty()).then(|| step(rest)).flatten() else { break };
        text.push(char);
        rest = rest.get(len..).unwrap_or_default();
    }
    text
}

/// Walks a raw string once and tells where decoded offsets lie in it. Ask in ascending order.
#[derive(Debug)]
pub struct RawOffsets<'a> {
    raw: &'a str,
    raw_at: usize,
    decoded_at: usize,
}

impl<'a> RawOffsets<'a> {
    /// For the inside of a JSON string.
    pub fn new(raw: &'a str) -> RawOffsets<'a> {
        RawOffsets { raw, raw_at: 0, decoded_at: 0 }
    }

    /// The raw offset at which the character with this decoded offset starts. An offset inside a character counts as
    /// the character's start.
    pub fn at(&mut self, decoded: usize) -> usize {
        while self.decoded_at < decoded {
            let Some((char, len)) = self.raw.get(self.raw_at..).and_then(step) else { break };
            if self.decoded_at + char.len_utf8() > decoded {
                break;
            }
            self.decoded_at += char.len_utf8();
            self.raw_at += len;
        }
        self.raw_at
    }
}

/// Appends `text` as the inside of a JSON string.
pub fn escape_into(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                let code = u32::from(control);
                out.push_str("\\u00");
                for shift in [4, 0] {
                    out.push(char::from_digit((code >> shift) & 0xf, 16).unwrap_or('0'));
                }
            }
            other => out.push(other),
        }
    }
}

/// `text` as the inside of a JSON string.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    escape_into(text, &mut out);
    out
}

/// Appends one reference token to a JSON pointer (RFC 6901).
pub fn push_pointer(pointer: &mut String, token: &str) {
    pointer.push('/');
    for char in token.chars() {
        match char {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
