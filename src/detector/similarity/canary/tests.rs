#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::detector::similarity::Conversation;
use crate::detector::whole::tests::plan;
use crate::detector::{Place, WholeFinding, WholeReader};

fn canary() -> Canary {
    Canary::new(b"key", Some("acme"), ["You are Ada."].into_iter())
}

fn reader(detect: &str) -> Box<dyn WholeReader> {
    let conversation = Conversation::new(vec!["You are Ada, the helper.".to_owned()], Some(canary()));
    plan(detect).reader(Place::Segment, &conversation).unwrap()
}

/// What is found in a text that comes in pieces of so many characters, and whether it was ever found too late.
fn found_in_pieces(detect: &str, text: &str, step: usize) -> Vec<WholeFinding> {
    let (mut reader, mut found, mut open) = (reader(detect), Vec::new(), 0);
    for piece in text.chars().collect::<Vec<_>>().chunks(step) {
        let before = found.len();
        reader.feed(&piece.iter().collect::<String>(), &mut found);
        reader = reader.copy();
        assert!(found[before..].iter().all(|found| found.range.start >= open), "found what was decided");
        assert!(reader.open() >= open, "what was decided is open again");
        open = reader.open();
    }
    reader.finish(&mut found);
    found
}

fn found(text: &str) -> Vec<&str> {
    let whole = found_in_pieces("similarity: { canary: true }", text, usize::MAX);
    for step in [1, 2, 3, 7, 64] {
        assert_eq!(found_in_pieces("similarity: { canary: true }", text, step), whole, "in pieces of {step}");
    }
    assert!(whole.iter().all(|found| found.label.as_deref() == Some("canary")));
    whole.into_iter().map(|found| text.get(found.range).unwrap()).collect()
}

/// Base64 by the book (RFC 4648), with code of its own.
fn encoded(bytes: &[u8]) -> String {
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |number, at| number << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let index = (number >> (18 - 6 * digit) & 63) as usize;
            out.push(if digit <= group.len() { char::from(BASE64[index]) } else { '=' });
        }
    }
    out
}

#[test]
fn a_token_is_a_keyed_function_of_tenant_and_prompt() {
    let of = |key: &str, tenant: Option<&'static str>, system: &'static [&'static str]| {
        Canary::new(key.as_bytes(), tenant, system.iter().copied()).letters
    };
    let one = of("key", Some("acme"), &["You are Ada."]);
    assert_eq!(one, canary().letters);
    assert_eq!(one.len(), LETTERS);
    assert!(one.bytes().all(|letter| ALPHABET.contains(&letter)), "{one}");
    for other in [
        of("other", Some("acme"), &["You are Ada."]),
        of("key", None, &["You are Ada."]),
        of("key", Some("other"), &["You are Ada."]),
        of("key", Some("acme"), &["You are", " Ada."]),
        of("key", Some("acme"), &["You are Ada"]),
        of("key", None, &["tenant", "acme", "You are Ada."]),
    ] {
        assert_ne!(one, other);
    }
    assert!(!format!("{:?}", canary()).contains(&one));
    assert!(canary().mark().contains(&one));
}

#[test]
fn the_token_is_found_however_it_is_spelled() {
    let letters = canary().letters;
    let spaced = &letters.chars().map(String::from).collect::<Vec<_>>().join(" - ");
    let upper = letters.to_uppercase();
    let wide: String =
        letters.chars().map(|letter| char::from_u32(letter as u32 - 'a' as u32 + 0xff41).unwrap()).collect();
    let backwards: String = letters.chars().rev().collect();
    let rot13: String = letters.bytes().map(|letter| char::from((letter - b'a' + 13) % 26 + b'a')).collect();
    let mut hex = String::new();
    letters.bytes().for_each(|letter| write!(hex, "{letter:02X}:").unwrap());
    let hex = hex.trim_end_matches(':');
    for spelling in [&letters, spaced, &upper, &wide, &backwards, &rot13, hex] {
        for (before, behind) in [("", ""), ("It says [ref: ", "], no more."), ("x", "x"), ("请", "请")] {
            assert_eq!(found(&format!("{before}{spelling}{behind}")), [spelling], "{before}…{behind}");
        }
    }
    assert_eq!(found(&format!("{letters} {upper}")), [&letters, &upper]);
    // Itself is begun with what looks like its own beginning.
    assert_eq!(found(&format!("{}{letters}", &letters[..5])), [&letters]);
}

#[test]
fn the_token_is_found_in_base64_wherever_it_begins() {
    let letters = canary().letters;
    for before in ["", "1", "12", "123", "You are Ada.\n\n[ref: "] {
        for behind in ["", "]", "]]", "and so on"] {
            let text = encoded(format!("{before}{letters}{behind}").as_bytes());
            assert_eq!(found(&format!("Here: {text}")).len(), 1, "{before:?} {behind:?}");
        }
    }
}

#[test]
fn what_is_not_the_token_is_not_found() {
    let letters = canary().letters;
    let far = format!("{}{}{}", &letters[..8], ".".repeat(MAX_APART + 1), &letters[8..]);
    let foreign = format!("{}请{}", &letters[..8], &letters[8..]);
    let accented = format!("{}e\u{301}{}", &letters[..8], &letters[8..]);
    let doubled: String = letters.chars().flat_map(|letter| [letter, letter]).collect();
    for text in ["", "Nothing of it.", &letters[1..], &letters[..LETTERS - 1], &far, &foreign, &accented, &doubled] {
        assert!(found(text).is_empty(), "{text}");
    }
    let near = format!("{}{}{}", &letters[..8], ".".repeat(MAX_APART), &letters[8..]);
    assert_eq!(found(&near), [&near]);
}

#[test]
fn only_what_may_be_the_beginning_is_open() {
    let letters = canary().letters;
    let mut reader = reader("similarity: { canary: true }");
    let mut found = Vec::new();
    for (piece, open) in [
        ("aeiou aeiou ", 12),
        (&letters[..4], 12),
        (" ", 12),
        (&letters[4..9], 12),
        ("!", 12),
        (&".".repeat(MAX_APART), 23 + MAX_APART),
    ] {
        reader.feed(piece, &mut found);
        assert_eq!((reader.open(), found.len()), (open, 0), "{piece}");
    }
}

#[test]
fn rules_look_for_the_token_only_where_they_are_told_to() {
    let letters = canary().letters;
    let both = "similarity: { to: system, min_words: 4, canary: true }";
    let text = format!("You are Ada, the {letters}");
    let labels: Vec<_> = found_in_pieces(both, &text, 3).into_iter().map(|found| found.label.unwrap()).collect();
    assert_eq!(labels.iter().map(|label| &**label).collect::<Vec<_>>(), ["canary", "system"]);
    assert!(found_in_pieces("similarity: { to: system }", &text, 3).is_empty());
    assert!(!plan(both).why(Some("canary")).contains(&letters));
    // A conversation without a token has none to find.
    let none = Conversation::new(vec!["You are Ada.".to_owned()], None);
    assert!(plan("similarity: { canary: true }").reader(Place::Segment, &none).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a search that takes all letters of a stretch and compares.
    #[test]
    fn a_naive_search_finds_the_same(parts in proptest::collection::vec((0..7usize, 0..40usize, "[ .-]{0,3}"), 1..6)) {
        let canary = canary();
        let forms: Vec<String> = forms(&canary.letters).collect();
        let mut text = String::new();
        for (form, length, between) in parts {
            text.push_str(&forms[form][..length.min(forms[form].len())]);
            text.push_str(&between);
        }
        let letters: Vec<(usize, u8)> = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| byte.is_ascii_alphanumeric())
            .map(|(at, byte)| (at, byte.to_ascii_lowercase()))
            .collect();
        let (mut wanted, mut from) = (Vec::new(), 0);
        for end in 1..=letters.len() {
            let own = forms.iter().find(|form| {
                let own: Vec<u8> = form.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
                end >= from + own.len() && letters[end - own.len()..end].iter().map(|(_, byte)| *byte).eq(own)
            });
            if let Some(form) = own {
                wanted.push(letters[end - form.len()].0..letters[end - 1].0 + 1);
                from = end;
            }
        }
        for step in [1, 3, 1000] {
            let ranges: Vec<_> = found_in_pieces("similarity: { canary: true }", &text, step).into_iter().map(|found| found.range).collect();
            prop_assert_eq!(&ranges, &wanted, "in pieces of {}", step);
        }
    }
}
