//! Phone numbers: with a country's code everywhere, as people write them at home only for the regions of the rule.
//!
//! Written by hand from the national numbering plans: prefixes and lengths, not single exchanges.

use super::checksum::digits;
use crate::detector::AsciiSet;
use crate::detector::Edges;
use crate::detector::format::{Format, Shape, WORD};

/// The extension that may follow in North America.
macro_rules! extension {
    () => {
        r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
    };
}

/// What is looked for.
pub(super) const FORMATS: &[&Format] = &[&PHONE_NUMBER];

const PHONE_NUMBER: Format = Format {
    name: "PHONE_NUMBER",
    entity: "PHONE_NUMBER",
    summary: "a phone number (country's code and length; national forms for the rule's regions)",
    usual: true,
    shapes: &[
        Shape {
            edges: Edges { before: AsciiSet::new("A-Za-z0-9_+"), after: WORD },
            valid: is_international,
            score: 700,
            ..Shape::new(concat!(r"\+[0-9](?:[ ().-]{0,3}[0-9]){6,16}", extension!()))
        },
        Shape {
            context: WORDS,
            ..Shape::number(r"00[1-9](?:[ ().-]{0,2}[0-9]){7,14}", |text| is_length(text, 10, 17), 300)
        },
        // Ten digits in groups are hardly anything else; in one piece they are.
        national(
            "US",
            concat!(r"(?:1[ .-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-]?[0-9]{4}", extension!()),
            600,
        ),
        national("US", concat!(r"(?:1[ .-]?)?[2-9][0-9]{2}[2-9][0-9]{6}", extension!()), 300),
        national(
            "CA",
            concat!(r"(?:1[ .-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-]?[0-9]{4}", extension!()),
            600,
        ),
        national("CA", concat!(r"(?:1[ .-]?)?[2-9][0-9]{2}[2-9][0-9]{6}", extension!()), 300),
        national(
            "GB",
            r"(?:\(0[1-9][0-9]{1,4}\) ?|0[1-9][0-9]{1,4}[ -])[0-9]{3,4}[ -]?[0-9]{3,4}(?:[ -]?[0-9]{3})?",
            600,
        ),
        national("GB", r"0[1-37][0-9]{8,9}", 400),
        national("DE", r"(?:\(0[1-9][0-9]{1,4}\) ?|0[1-9][0-9]{1,4}[ /-]{1,3})[0-9]{2,4}(?:[ -]?[0-9]{2,4}){1,3}", 550),
        national("DE", r"01[5-7][0-9]{8,9}", 500),
        national("FR", r"0[1-9](?:[ .-][0-9]{2}){4}", 700),
        national("FR", r"0[1-9][0-9]{8}", 400),
        national("ES", r"[6-9][0-9]{2}(?:[ -][0-9]{3}){2}|[6-9][0-9]{2}(?:[ -][0-9]{2}){3}", 600),
        national("ES", r"[6-9][0-9]{8}", 300),
        national("IT", r"0[1-9][0-9]{0,3}[ -/][0-9]{5,8}|3[0-9]{2}[ -][0-9]{6,7}|3[0-9]{2} [0-9]{3} [0-9]{3,4}", 550),
        national("IT", r"3[0-9]{8,9}", 300),
        national("NL", r"0[1-9][0-9]{0,2}[ -][0-9]{6,8}|06 ?[0-9]{8}", 550),
        national(
            "AU",
            r"\(0[2-478]\) ?[0-9]{4}[ -]?[0-9]{4}|0[2-478][ -][0-9]{4}[ -][0-9]{4}|04[0-9]{2} [0-9]{3} [0-9]{3}",
            600,
        ),
        national("IN", r"[6-9][0-9]{4}[ -][0-9]{5}", 600),
        national("IN", r"[6-9][0-9]{9}", 300),
        national("BR", r"\([1-9][0-9]\) ?9?[0-9]{4}[ -][0-9]{4}|[1-9][0-9] 9?[0-9]{4}-[0-9]{4}", 600),
    ],
};

/// The regions whose national forms are known, by ISO 3166.
pub(super) const REGIONS: &[&str] = &["AU", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "IT", "NL", "US"];

const fn national(region: &'static str, pattern: &'static str, score: u16) -> Shape {
    Shape {
        region: Some(region),
        context: WORDS,
        joiners: AsciiSet::new(".-"),
        edges: Edges { before: AsciiSet::new("A-Za-z0-9_+"), after: WORD },
        ..Shape::number(pattern, |_| true, score)
    }
}

fn is_length(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&digits(text).len())
}

/// Whether a number with its country's code has a length that the country uses. E.164 allows 15 digits.
fn is_international(text: &str) -> bool {
    // Parentheses come in pairs, and what may be left out when calling from abroad does not count.
    if text.matches('(').count() != text.matches(')').count() {
        return false;
    }
    let number = text.split(['x', 'e']).next().unwrap_or_default();
    let shown = number.replacen("(0)", "", 1);
    let digits = digits(&shown);
    let code = digits.iter().take(3).fold(0, |code, digit| code * 10 + digit);
    #[expect(clippy::match_same_arms, reason = "a table with a line for each numbering plan")]
    let lengths = match code {
        100..=199 | 700..=799 => 11..=11,
        440..=449 => 11..=12,
        330..=349 | 310..=319 | 410..=419 | 480..=489 | 610..=619 => 11..=11,
        490..=499 => 8..=15,
        390..=399 => 8..=13,
        910..=919 => 12..=12,
        860..=869 => 10..=13,
        810..=819 => 11..=12,
        550..=559 => 12..=13,
        520..=529 => 12..=13,
        351 | 353 => 11..=12,
        0..=99 => return false,
        _ => 8..=15,
    };
    lengths.contains(&digits.len())
}

const WORDS: &[&str] = &[
    "phone",
    "phones",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "number",
    "call",
    "calls",
    "contact",
    "fax",
    "sms",
    "text",
    "whatsapp",
    "dial",
    "reach",
    "ring",
    "telefon",
    "handy",
    "telefono",
    "teléfono",
    "móvil",
    "téléphone",
    "portable",
    "cellulare",
    "telefone",
    "celular",
];

#[cfg(test)]
pub(super) mod tests;
