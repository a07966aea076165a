//! Patterns of rules that ask to see through disguises (`disguised: true`).
//!
//! Any text may be read backwards, or with each letter thirteen places on (ROT13). To look at all text three times would
//! cost three times as much, and text would have to wait for its lines to end. So it is the pattern that is turned round:
//! what it then finds is what it would find in the turned text, at the same place. Disguises that change a text here and
//! there are views ([`crate::view::Readers::Asking`]).

use std::sync::Arc;

use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::Pattern;

/// The pattern as one that sees through disguises, and the same for text in ROT13 and for text written backwards, where
/// that is another pattern.
pub(super) fn disguised(pattern: Pattern) -> Vec<Pattern> {
    let pattern = Pattern { disguised: true, ..pattern };
    let turned = [rot13(&pattern.hir), reversed(&pattern.hir)].into_iter().flatten();
    let turned = turned.filter(|hir| *hir != *pattern.hir).filter_map(|hir| keywords(vec![hir], &[]));
    let turned: Vec<Pattern> = turned.map(|hir| Pattern { hir: Arc::new(hir), ..pattern.clone() }).collect();
    std::iter::once(pattern).chain(turned).collect()
}

/// What is left of a pattern when only that may begin it, `rest` behind it, which a search for fixed texts finds: a turned
/// pattern costs next to nothing, or it is not looked for. What it need not begin with is left out, as is an alternative
/// that begins with anything else.
fn keywords(mut parts: Vec<Hir>, rest: &[Hir]) -> Option<Hir> {
    let mut looks = Vec::new();
    while !parts.is_empty() {
        if begins_with_keywords(&beginning(&parts, rest)) {
            looks.append(&mut parts);
            return Some(Hir::concat(looks));
        }
        let first = parts.remove(0);
        match first.into_kind() {
            HirKind::Look(look) => looks.push(Hir::look(look)),
            HirKind::Repetition(repetition) if repetition.min == 0 => {}
            HirKind::Capture(capture) => parts.insert(0, *capture.sub),
            HirKind::Concat(inner) => parts = [inner, parts].concat(),
            HirKind::Alternation(branches) => {
                let behind = beginning(&parts, rest);
                let kept: Vec<Hir> =
                    branches.into_iter().filter_map(|branch| keywords(vec![branch], &behind)).collect();
                looks.push((!kept.is_empty()).then(|| Hir::alternation(kept))?);
                looks.append(&mut parts);
                return Some(Hir::concat(looks));
            }
            _ => return None,
        }
    }
    None
}

/// As many of the parts, and of what stands behind them, as are enough for a keyword.
fn beginning(parts: &[Hir], rest: &[Hir]) -> Vec<Hir> {
    let mut length = 0;
    let few = parts.iter().chain(rest).take_while(|part| {
        let before = length;
        length += part.properties().minimum_len().unwrap_or(0);
        before < MIN_KEYWORD
    });
    few.cloned().collect()
}

fn begins_with_keywords(parts: &[Hir]) -> bool {
    let hir = Hir::concat(parts.to_vec());
    let mut extractor = Extractor::new();
    extractor.limit_literal_len(MIN_KEYWORD).limit_class(3).limit_total(MAX_KEYWORDS);
    let found = extractor.extract(&hir);
    found.literals().is_some_and(|found| found.iter().all(|literal| literal.len() >= MIN_KEYWORD))
}

/// A shorter beginning, in bytes, is met too often.
const MIN_KEYWORD: usize = 4;
/// Most beginnings of one pattern, capitals and small letters counted.
const MAX_KEYWORDS: usize = 4096;

/// The pattern of the texts that become a match when each letter is thirteen places on. Of alternatives only those that
/// have a letter to change: the others are found as they stand.
fn rot13(hir: &Hir) -> Option<Hir> {
    if let HirKind::Alternation(branches) = hir.kind() {
        let turned: Vec<Hir> = branches.iter().filter_map(rot13).collect();
        return (!turned.is_empty()).then(|| Hir::alternation(turned));
    }
    let turned = rotate(hir);
    (turned != *hir).then_some(turned)
}

fn rotate(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
        // No byte of a longer character is a letter of ASCII.
        HirKind::Literal(literal) => Hir::literal(literal.0.iter().map(|&byte| next_half(byte)).collect::<Box<[u8]>>()),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end())));
            let char = |code| char::from_u32(code).unwrap_or_default();
            let turned = ranges.flat_map(pieces).map(|(start, end)| ClassUnicodeRange::new(char(start), char(end)));
            Hir::class(Class::Unicode(ClassUnicode::new(turned)))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end())));
            let turned = ranges.flat_map(pieces).map(|(start, end)| ClassBytesRange::new(start as u8, end as u8));
            Hir::class(Class::Bytes(ClassBytes::new(turned)))
        }
        HirKind::Repetition(repetition) => {
            let mut turned = repetition.clone();
            turned.sub = Box::new(rotate(&repetition.sub));
            Hir::repetition(turned)
        }
        HirKind::Capture(capture) => rotate(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(rotate).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(rotate).collect()),
    }
}

/// The letter thirteen places on; what is no letter of ASCII stays.
fn next_half(byte: u8) -> u8 {
    match byte {
        b'A'..=b'M' | b'a'..=b'm' => byte + 13,
        b'N'..=b'Z' | b'n'..=b'z' => byte - 13,
        _ => byte,
    }
}

/// A range of characters with its letters thirteen places on: as many ranges as it is torn into.
fn pieces((start, end): (u32, u32)) -> impl Iterator<Item = (u32, u32)> {
    // Where a half of the alphabet begins, or something else.
    const BORDERS: [u32; 8] = [0, 0x41, 0x4e, 0x5b, 0x61, 0x6e, 0x7b, 0x11_0000];
    let turned = |code: u32| u8::try_from(code).map_or(code, |byte| u32::from(next_half(byte)));
    let cut = move |border: &[u32]| {
        let (from, to) = (start.max(border[0]), end.min(border[1] - 1));
        (from <= to).then(|| (turned(from), turned(to)))
    };
    BORDERS.windows(2).filter_map(cut).collect::<Vec<_>>().into_iter()
}

/// The pattern of the texts that are a match when they are read backwards. `None`: it is about bytes that are no text.
fn reversed(hir: &Hir) -> Option<Hir> {
    Some(match hir.kind() {
        HirKind::Empty | HirKind::Class(_) => hir.clone(),
        HirKind::Look(look) => Hir::look(look.reversed()),
        HirKind::Literal(literal) => {
            let text: String = std::str::from_utf8(&literal.0).ok()?.chars().rev().collect();
            Hir::literal(text.into_bytes())
        }
        HirKind::Repetition(repetition) => {
            let mut turned = repetition.clone();
            turned.sub = Box::new(reversed(&repetition.sub)?);
            Hir::repetition(turned)
        }
        HirKind::Capture(capture) => reversed(&capture.sub)?,
        HirKind::Concat(parts) => Hir::concat(parts.iter().rev().map(reversed).collect::<Option<_>>()?),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(reversed).collect::<Option<_>>()?),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use regex_automata::meta::Regex;

    use super::*;

    fn finds(hir: &Hir, text: &str) -> Option<String> {
        let regex = Regex::builder().build_from_hir(hir).unwrap();
        regex.find(text).map(|found| text[found.range()].to_owned())
    }

    fn turned(pattern: &str) -> (Option<Hir>, Option<Hir>) {
        let hir = regex_syntax::parse(pattern).unwrap();
        (rot13(&hir), reversed(&hir))
    }

    #[test]
    fn a_pattern_turned_finds_the_text_turned() {
        let cases = [
            (r"\bignore (?:all|previous) rules?\b", "please ignore previous rule!"),
            (r"(?i)Reveal[[:punct:]\s]{1,3}(?:[a-z]{1,9} ){0,2}prompt", "REVEAL -your own prompt"),
            (r"(?i-u:tell [l-o]e[n-z0-9]{2})", "TELL Mez2"),
            (r"\b{start-half}für (?:dich|ÜBER)\b{end-half}", "nur für dich."),
            (r"(?m)^a{2,3}[b-p]+c?$", "x\naaabpc\ny"),
        ];
        for (pattern, text) in cases {
            let hir = regex_syntax::parse(pattern).unwrap();
            let plain = finds(&hir, text).unwrap();
            let (rot13, reversed) = turned(pattern);
            let rotate = |text: &str| -> String {
                text.chars().map(|char| u8::try_from(char).map_or(char, |byte| char::from(next_half(byte)))).collect()
            };
            assert_eq!(finds(&rot13.unwrap(), &rotate(text)).unwrap(), rotate(&plain), "{pattern} in ROT13");
            let backwards = |text: &str| text.chars().rev().collect::<String>();
            assert_eq!(finds(&reversed.unwrap(), &backwards(text)).unwrap(), backwards(&plain), "{pattern} backwards");
        }
    }

    #[test]
    fn what_has_no_letters_is_not_looked_for_twice() {
        assert_eq!(turned("忽略|无视").0, None);
        let (rot13, _) = turned("忽略|ignore");
        assert_eq!(finds(&rot13.clone().unwrap(), "vtaber").as_deref(), Some("vtaber"));
        assert_eq!(finds(&rot13.unwrap(), "忽略"), None);
        let pattern = Pattern::new(regex_syntax::parse("[0-9]{3}").unwrap(), "".into());
        assert_eq!(disguised(pattern).len(), 1);
    }

    #[test]
    fn turned_patterns_begin_with_keywords_or_not_at_all() {
        let kept = |pattern: &str| {
            let hir = keywords(vec![reversed(&regex_syntax::parse(pattern).unwrap()).unwrap()], &[]);
            move |text: &str| hir.as_ref().and_then(|hir| finds(hir, text))
        };
        let rules = kept(r"(?i)ignore (?:the |all |my ){1,3}(?:rules?|law|[a-z]{8})\b");
        assert_eq!(rules("SELUR EHT ERONGI").as_deref(), Some("SELUR EHT ERONGI"));
        assert_eq!(rules("elur lla eht erongi").as_deref(), Some("elur lla eht erongi"));
        assert_eq!(rules("ecnetnes lla erongi"), None, "which could begin anywhere");
        let end = kept("prompt(?: of [a-z]{3})?[.!]{0,2}");
        assert_eq!(end("!uoy fo tpmorp").as_deref(), Some("tpmorp"), "what need not be there is not waited for");
        assert_eq!(kept("prompt [a-z]{1,9}")("em tpmorp"), None);
    }
}
