//! Where addresses stand: Markdown's images, links and definitions, HTML's attributes, CSS, and running text. Each spot is a
//! pattern that begins with a rare literal and can end in one place only, so that a part of an address is never judged.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use regex_syntax::hir::Hir;

use super::address::{Bounds, IMAGE, LINK, TEXT};
use crate::detector::format::WORD;
use crate::detector::{AsciiSet, Edges, Surround};

/// Where a rule looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) image: bool,
    pub(super) link: bool,
    pub(super) text: bool,
}

impl Places {
    pub(super) const ALL: Places = Places { image: true, link: true, text: true };
    pub(super) const NAMES: &'static [(&'static str, Places)] =
        &[("image", IMAGES), ("link", LINKS), ("text", Places { image: false, link: false, text: true })];

    pub(super) fn of(places: Vec<Places>) -> Places {
        places.into_iter().fold(Places::default(), |all, one| Places {
            image: all.image || one.image,
            link: all.link || one.link,
            text: all.text || one.text,
        })
    }

    fn meet(self, other: Places) -> bool {
        (self.image && other.image) || (self.link && other.link) || (self.text && other.text)
    }
}

const IMAGES: Places = Places { image: true, link: false, text: false };
const LINKS: Places = Places { image: false, link: true, text: false };

/// A pattern for one place.
pub(super) struct Spot {
    pub(super) hir: Hir,
    pub(super) edges: Edges,
    pub(super) surround: Surround,
    pub(super) bounds: Bounds,
}

/// How one place is written: what begins it, what goes on, and what keeps an address from ending there.
struct Form {
    lead: &'static str,
    tail: &'static str,
    goes_on: AsciiSet,
    /// Line breaks may stand inside of words, as they may in attributes.
    broken: bool,
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Behind `](`: what stands before says whether it is an image or a link.
    Brackets,
    /// A definition, which images and links may use.
    Reference,
    Image,
    Link,
    Text,
}

const FORMS: &[Form] = &[
    Form {
        lead: r"\]\([ \t\r\n]*",
        tail: r"(?:\\[()]|[^\x00-\x20\x7f()]|\([^\x00-\x20\x7f()]*\))*(?:\([^\x00-\x20\x7f()]*)?",
        goes_on: AsciiSet::new("!-(*-~"),
        broken: false,
        at: At::Brackets,
    },
    Form { lead: r"\]\([ \t\r\n]*<[ \t]*", tail: IN_ANGLES, goes_on: ANGLES, broken: false, at: At::Brackets },
    Form {
        lead: r"\]:[ \t]*(?:\r?\n[ \t]*)?",
        tail: WORDS,
        goes_on: AsciiSet::new("!-~"),
        broken: false,
        at: At::Reference,
    },
    Form { lead: r"\]:[ \t]*(?:\r?\n[ \t]*)?<", tail: IN_ANGLES, goes_on: ANGLES, broken: false, at: At::Reference },
    Form { lead: "<", tail: r"[^\x00-\x20\x7f<>]*", goes_on: AsciiSet::new("!-;=?-~"), broken: false, at: At::Link },
    Form { lead: r#"(?i-u:src(?:set)?)[ \t\r\n]*=[ \t\r\n]*"[\x00-\x20]*"#, ..QUOTED },
    Form { lead: r"(?i-u:src(?:set)?)[ \t\r\n]*=[ \t\r\n]*'[\x00-\x20]*", ..IN_SINGLE },
    Form { lead: r"(?i-u:src(?:set)?)[ \t\r\n]*=[ \t\r\n]*", ..UNQUOTED },
    Form { lead: r#"(?i-u:href)[ \t\r\n]*=[ \t\r\n]*"[\x00-\x20]*"#, at: At::Link, ..QUOTED },
    Form { lead: r"(?i-u:href)[ \t\r\n]*=[ \t\r\n]*'[\x00-\x20]*", at: At::Link, ..IN_SINGLE },
    Form { lead: r"(?i-u:href)[ \t\r\n]*=[ \t\r\n]*", at: At::Link, ..UNQUOTED },
    Form {
        lead: r#"(?i-u:url)\([ \t\r\n]*["']?"#,
        tail: r#"[^\x00-\x20\x7f"'()<>]*"#,
        goes_on: AsciiSet::new("!#-&*-;=?-~"),
        broken: false,
        at: At::Image,
    },
];

const QUOTED: Form = Form {
    lead: "",
    tail: r#"[^"<>\r\n]*"#,
    goes_on: AsciiSet::new("\u{0}-\t\u{b}\u{c}\u{e}-!#-;=?-\u{7f}"),
    broken: true,
    at: At::Image,
};
const IN_SINGLE: Form =
    Form { tail: r"[^'<>\r\n]*", goes_on: AsciiSet::new("\u{0}-\t\u{b}\u{c}\u{e}-&(-;=?-\u{7f}"), ..QUOTED };
const UNQUOTED: Form = Form { tail: r#"[^\x00-\x20\x7f"'<>`]*"#, goes_on: AsciiSet::new("!#-&(-;=?-_a-~"), ..QUOTED };
const IN_ANGLES: &str = r"[^<>\r\n]*";
const ANGLES: AsciiSet = AsciiSet::new("\u{0}-\t\u{b}\u{c}\u{e}-;=?-\u{7f}");
const WORDS: &str = r"[^\x00-\x20\x7f]*";
/// Quotes and the punctuation of other scripts end an address in running text.
const STOPS: &str = "«»‘’‚‛“”„‟‹›…、。〈〉《》「」『』【】〔〕〖〗！（），：；？～";
/// How far back a bracket is looked for, in bytes.
const LOOK_BACK: usize = 512;
/// Room for the next character.
const NEXT: usize = 4;

/// The patterns for these places, for addresses with a host and for programs.
pub(super) fn spots(places: Places, hosts: bool, script: bool) -> Vec<Spot> {
    let mut spots = Vec::new();
    for form in FORMS {
        let Some(hir) = form.hir(hosts, script) else { continue };
        let (image, link) = (places.image.then_some(IMAGE), places.link.then_some(LINK));
        let variants = match form.at {
            At::Brackets => [image.map(|bounds| (bounds, IMAGES)), link.map(|bounds| (bounds, LINKS))],
            At::Reference => [image.or(link).map(|bounds| (bounds, places)), None],
            At::Image => [image.map(|bounds| (bounds, places)), None],
            At::Link => [link.map(|bounds| (bounds, places)), None],
            At::Text => [None, None],
        };
        // An attribute's name is none that goes on from another word.
        let before = if form.lead.starts_with(['\\', '<']) { AsciiSet::new("") } else { WORD };
        let edges = Edges { before, after: form.goes_on };
        spots.extend(variants.into_iter().flatten().map(|(bounds, wanted)| {
            let surround = surround(form.at, wanted);
            Spot { hir: hir.clone(), edges, surround, bounds }
        }));
    }
    if places.text {
        spots.extend(running(hosts, script).into_iter().map(|(hir, edges)| {
            let surround = surround(At::Text, places);
            Spot { hir, edges, surround, bounds: TEXT }
        }));
    }
    spots
}

/// Addresses in running text are no more than what programs make links of. A host ends where a path may go on.
fn running(hosts: bool, script: bool) -> Vec<(Hir, Edges)> {
    let word = format!(r#"[^\s\x00-\x1f\x7f<>"\\^`{{|}}\[\]{STOPS}]"#);
    let user = format!(r#"[^\s\x00-\x1f\x7f<>"\\^`{{|}}\[\]/?#{STOPS}]"#);
    let name = format!(r"[^\s\x00-$&-,/;-@\[-^`{{-\x7f{STOPS}]");
    let host =
        format!(r"(?:(?i-u:https?|ftps?|wss?)://|(?i-u:www)\.)(?:{user}*@)?(?:\[[0-9A-Fa-f:.%]+\]{name}*|{name}+)");
    let (in_host, in_word) = (AsciiSet::new("-#%.-:?-Z_a-z"), AsciiSet::new("!#-;=?-Z_a-z~"));
    let mut all = Vec::new();
    if hosts {
        all.push((host.clone(), Edges { before: WORD, after: in_host }));
        all.push((format!("{host}[/?#]{word}*"), Edges { before: WORD, after: in_word }));
    }
    if script {
        let before = WORD.union(AsciiSet::new("-#./"));
        all.push((format!("(?i-u:javascript|vbscript):{word}+"), Edges { before, after: in_word }));
    }
    all.into_iter().filter_map(|(pattern, edges)| Some((regex_syntax::parse(&pattern).ok()?, edges))).collect()
}

impl Form {
    fn hir(&self, hosts: bool, script: bool) -> Option<Hir> {
        let gap = if self.broken { r"[\t\r\n]*" } else { "" };
        let spelled = |word: &str| {
            let letters: Vec<String> = word.chars().map(|char| char.to_string()).collect();
            letters.join(gap)
        };
        let mut destinations = Vec::new();
        if hosts {
            let schemes = ["https", "http", "ftps", "ftp", "wss", "ws"].map(spelled).join("|");
            destinations.push(format!(r"(?i-u:{schemes}){gap}\\?:"));
            destinations.push(format!(r"[/\\]{gap}\\?[/\\]"));
            destinations.push(r"(?i-u:www)\.".to_owned());
        }
        if script {
            let schemes = ["javascript", "vbscript"].map(spelled).join("|");
            destinations.push(format!(r"(?i-u:{schemes}){gap}\\?:"));
        }
        regex_syntax::parse(&format!("{}(?:{}){}", self.lead, destinations.join("|"), self.tail)).ok()
    }
}

/// What stands around has to fit: the place is one that is wanted, and the address does not go on with a letter of another
/// script.
fn surround(at: At, wanted: Places) -> Surround {
    let holds = move |before: &str, after: Option<&str>| {
        let fits = match at {
            At::Brackets => brackets(before).meet(wanted),
            At::Text => markup(before).is_none_or(|place| place.meet(wanted)),
            _ => true,
        };
        if !fits {
            return Some(false);
        }
        let next = after?.chars().next();
        let stops = |char: char| char.is_ascii() || (at == At::Text && (char.is_whitespace() || STOPS.contains(char)));
        Some(next.is_none_or(stops))
    };
    let before = if at == At::Brackets || (at == At::Text && wanted != Places::ALL) { LOOK_BACK } else { 0 };
    Surround { before, after: NEXT, holds: Arc::new(holds) }
}

/// What `](` behind this text ends: the innermost bracket that is open decides, but who knows how brackets in code and the
/// like are read. In doubt it is both.
fn brackets(before: &str) -> Places {
    let bytes = before.as_bytes();
    let escaped = |at: usize| bytes[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1;
    let (mut depth, mut nearest, mut image) = (0, None, false);
    for at in (0..bytes.len()).rev() {
        match bytes[at] {
            b']' if !escaped(at) => depth += 1,
            b'[' if escaped(at) => {}
            b'[' if depth > 0 => depth -= 1,
            b'[' => {
                let pictured = at > 0 && bytes[at - 1] == b'!' && !escaped(at - 1);
                nearest = nearest.or(Some(pictured));
                image |= pictured;
            }
            b'\n' if at > 0 && bytes[at - 1] == b'\n' => break,
            _ => {}
        }
    }
    Places { image: image || nearest.is_none(), link: nearest != Some(true), text: false }
}

/// What an address behind this text is part of, if it is not running text.
fn markup(before: &str) -> Option<Places> {
    let bare = before.trim_end_matches(|char: char| char <= ' ' || matches!(char, '<' | '"' | '\''));
    if let Some(before) = bare.strip_suffix("](") {
        return Some(brackets(before));
    }
    if bare.ends_with("]:") {
        return Some(Places { text: false, ..Places::ALL });
    }
    let ends = |text: &str, end: &str| {
        let at = text.len().saturating_sub(end.len());
        text.get(at..).is_some_and(|last| last.eq_ignore_ascii_case(end))
    };
    if ends(bare, "url(") {
        return Some(IMAGES);
    }
    if let Some(name) = bare.strip_suffix('=').map(str::trim_end) {
        if ends(name, "src") || ends(name, "srcset") {
            return Some(IMAGES);
        }
        if ends(name, "href") {
            return Some(LINKS);
        }
    }
    before.ends_with('<').then_some(LINKS)
}

/// The address in a match.
pub(super) fn value(matched: &str) -> Range<usize> {
    let white = |text: &str| text.len() - text.trim_start_matches(|char| char <= ' ').len();
    let behind = |at: usize| at + matched.get(at..).map_or(0, white);
    let byte = |at: usize| matched.as_bytes().get(at).copied();
    let starts = |word: &str| matched.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let (from, loose) = if starts("](") || starts("]:") {
        let at = behind(2);
        let angle = byte(at) == Some(b'<');
        (if angle { behind(at + 1) } else { at }, starts("]:") && !angle)
    } else if starts("<") {
        (1, false)
    } else if starts("url(") {
        let at = behind(4);
        (at + usize::from(matches!(byte(at), Some(b'"' | b'\''))), false)
    } else if starts("src") || starts("href") {
        let at = behind(matched.find('=').map_or(0, |at| at + 1));
        (if matches!(byte(at), Some(b'"' | b'\'')) { behind(at + 1) } else { at }, false)
    } else {
        (0, true)
    };
    let url = matched.get(from..).unwrap_or_default();
    let length = if loose { trimmed(url) } else { url.trim_end_matches(|char| char <= ' ').len() };
    from..from + length
}

/// An address in Markdown, without the backslashes that escape its signs. `None`: there are none.
pub(super) fn unescaped<'u>(matched: &str, url: &'u str) -> Option<Cow<'u, str>> {
    if !matched.starts_with(']') || !url.contains('\\') {
        return None;
    }
    let mut out = String::with_capacity(url.len());
    let mut chars = url.chars().peekable();
    while let Some(char) = chars.next() {
        let escapes = char == '\\' && chars.peek().is_some_and(char::is_ascii_punctuation);
        out.push(if escapes { chars.next().unwrap_or(char) } else { char });
    }
    Some(out.into())
}

/// How much of a run of text a program makes a link of: not the punctuation behind it, nor a parenthesis that it did not
/// open.
fn trimmed(run: &str) -> usize {
    let count = |run: &str, one: u8| run.bytes().filter(|&byte| byte == one).count();
    let mut unopened = count(run, b')').saturating_sub(count(run, b'('));
    let mut end = run.len();
    for byte in run.bytes().rev() {
        match byte {
            b')' if unopened > 0 => unopened -= 1,
            b'?' | b'!' | b'.' | b',' | b':' | b';' | b'*' | b'_' | b'~' | b'\'' => {}
            _ => break,
        }
        end -= 1;
    }
    end
}
