//! `unicode`: characters that hide or disguise text.

use std::sync::Arc;

use super::{AsciiSet, Choice, DetectorKind, Edges, Inner, Pattern, Plan, Surround, Validator};
use crate::config::MapReader;
use crate::config::value::{string, unknown};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "unicode",
    summary: "characters that hide or disguise text: tags, bidirectional controls, invisible and confusable ones",
    example: "{ unicode: { kinds: [tags, bidi, invisible, confusable] } }",
    build,
    choice: Some(("kinds", choices)),
};

fn choices() -> Vec<Choice> {
    let choice = |kind: &Trick| {
        let (patterns, example) = ((kind.patterns)(kind), Some(kind.example.to_owned()));
        Choice { name: kind.name, label: kind.name, summary: kind.why, usual: true, example, patterns }
    };
    KINDS.iter().map(choice).collect()
}

/// A kind of trick: its name, what finds it, and why it is one.
struct Trick {
    name: &'static str,
    why: &'static str,
    example: &'static str,
    patterns: fn(&Trick) -> Vec<Pattern>,
}

const KINDS: &[Trick] = &[
    Trick { name: "invisible", why: "characters that nobody sees", example: "pass\u{200b}word", patterns: invisible },
    Trick { name: "bidi", why: "controls that reorder what is shown", example: "abc\u{202e}fed", patterns: bidi },
    Trick {
        name: "tags",
        why: "tag characters, which spell text that nobody sees",
        example: "Hi\u{e0049}\u{e0067}",
        patterns: tags,
    },
    Trick {
        name: "confusable",
        why: "a word of letters of two scripts that look alike",
        example: "p\u{430}ypal",
        patterns: confusable,
    },
];

#[expect(clippy::unnecessary_wraps, reason = "every detector is built the same way")]
fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let kinds = reader.list("kinds", |node| {
        let name = string(node)?;
        let names = KINDS.iter().map(|kind| kind.name);
        KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| unknown(node, "kind", &name, names))
    });
    let kinds = kinds.unwrap_or_else(|| KINDS.iter().collect());
    Some(Plan::Patterns(kinds.into_iter().flat_map(|kind| (kind.patterns)(kind)).collect()))
}

impl Trick {
    fn pattern(&self, pattern: &str) -> Option<Pattern> {
        let hir = regex_syntax::parse(pattern).ok()?;
        Some(Pattern { entity: Some(self.name.into()), text_only: true, ..Pattern::new(hir, self.why.into()) })
    }
}

/// Joiners belong into some scripts and into emoji: they count beside ASCII letters and digits alone.
fn invisible(kind: &Trick) -> Vec<Pattern> {
    let always = kind.pattern(concat!(
        r"[\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180e}\u{200b}\u{2060}-\u{2064}\u{206a}-\u{206f}",
        r"\u{3164}\u{feff}\u{ffa0}\u{fff9}-\u{fffb}\u{1d173}-\u{1d17a}\u{e0100}-\u{e01ef}]{1,64}"
    ));
    let beside = |before: &str, after: Option<&str>| {
        let ascii = |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric());
        match after {
            _ if ascii(before.chars().next_back()) => Some(true),
            None => None,
            Some(after) => Some(ascii(after.chars().next())),
        }
    };
    let joiners = kind.pattern(r"[\u{200c}\u{200d}]{1,64}").map(|pattern| Pattern {
        surround: Some(Surround { before: 4, after: 4, holds: Arc::new(beside) }),
        ..pattern
    });
    always.into_iter().chain(joiners).collect()
}

/// Embeddings, overrides and isolates. The marks that right-to-left text is written with are no trick.
fn bidi(kind: &Trick) -> Vec<Pattern> {
    kind.pattern(r"[\u{202a}-\u{202e}\u{2066}-\u{2069}]{1,64}").into_iter().collect()
}

/// Up to six tags behind a black flag are a region's flag.
fn tags(kind: &Trick) -> Vec<Pattern> {
    let no_flag = |before: &str, _: Option<&str>| {
        let mut back = before.chars().rev();
        let mut tags = 0;
        let other = back.find(|char| {
            let tag = ('\u{e0000}'..='\u{e007f}').contains(char);
            tags += usize::from(tag);
            !tag
        });
        Some(!(other == Some('\u{1f3f4}') && tags <= 6))
    };
    let surround = Some(Surround { before: 32, after: 0, holds: Arc::new(no_flag) });
    let pattern = kind.pattern(r"[\u{e0000}-\u{e007f}]{1,64}");
    pattern.map(|pattern| Pattern { surround, ..pattern }).into_iter().collect()
}

/// Found by the first byte of a lookalike; a word is at least three letters, some of them Latin.
fn confusable(kind: &Trick) -> Vec<Pattern> {
    let mixed = |text: &str| text.chars().count() >= 3 && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let lookalikes = |lead: u8| {
        let same = |char: &char| char.encode_utf8(&mut [0; 4]).as_bytes().first() == Some(&lead);
        LOOKALIKES.chars().filter(same).collect::<String>()
    };
    let one = |lead: u8| {
        let pattern = kind.pattern(&format!("[A-Za-z]{{0,48}}[{}][A-Za-z{LOOKALIKES}]{{0,48}}", lookalikes(lead)))?;
        Some(Pattern {
            validator: Some(Validator(Arc::new(mixed))),
            edges: Edges { before: LATIN, after: LATIN },
            inner: Some(Inner { byte: lead, class: LATIN, min: 0, max: 48 }),
            ..pattern
        })
    };
    [0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4].into_iter().filter_map(one).collect()
}

const LATIN: AsciiSet = AsciiSet::new("A-Za-z");
/// Cyrillic and Greek letters that look like Latin ones in most fonts (after Unicode's confusables table).
const LOOKALIKES: &str = "аеорсухіјѕһԁӏАВЕКМНОРСТХЅІЈοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";

#[cfg(test)]
mod tests;
