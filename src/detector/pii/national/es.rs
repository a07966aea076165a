//! Spain.

use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, number};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&ES_NIF, &ES_NIE, &ES_PASSPORT];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("ES_NIF", "Soy ", "12345678Z"),
    ("ES_NIF", "DNI ", "12345678 Z"),
    ("ES_NIF", "Soy ", "12.345.678-Z"),
    ("ES_NIE", "Soy ", "X1234567L"),
    ("ES_PASSPORT", "Pasaporte ", "PAA123456"),
];

const ES_NIF: Format = Format {
    name: "ES_NIF",
    entity: "ES_NIF",
    summary: "a Spanish tax and identity number of citizens (DNI, NIF; check letter mod 23)",
    usual: true,
    shapes: &[
        Shape::number(r"[0-9]{8}-?[A-HJ-NP-TV-Z]", is_nif, 500),
        Shape::number(r"[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}[ -]?[A-HJ-NP-TV-Z]", is_nif, 500),
        // Citizens abroad, children, and foreigners without a NIE; and what could be a number and a word.
        Shape { context: NIF_WORDS, ..Shape::number(r"[KLM]-?[0-9]{7}-?[A-HJ-NP-TV-Z]", is_nif, 400) },
        Shape { context: NIF_WORDS, ..Shape::number(r"[0-9]{7,8}[ -]?[A-HJ-NP-TV-Z]", is_nif, 300) },
    ],
};

const ES_NIE: Format = Format {
    name: "ES_NIE",
    entity: "ES_NIE",
    summary: "a Spanish identity number of foreigners (NIE; check letter mod 23)",
    usual: true,
    shapes: &[Shape::number(r"[XYZ][ -]?[0-9]{7}[ -]?[A-HJ-NP-TV-Z]", is_nif, 600)],
};

const ES_PASSPORT: Format = Format {
    name: "ES_PASSPORT",
    entity: "ES_PASSPORT",
    summary: "a Spanish passport number (two or three letters and six digits, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &["pasaporte", "pasaportes", "passport", "passport#"],
        ..Shape::number(r"[A-Z]{2,3}[0-9]{6}", |_| true, 200)
    }],
};

/// Ministerio del Interior: the number's remainder mod 23 chooses the letter; X, Y and Z count as 0, 1 and 2.
fn is_nif(text: &str) -> bool {
    let first = match text.bytes().next() {
        Some(b'Y') => 1,
        Some(b'Z') => 2,
        _ => 0,
    };
    let digits = digits(text);
    let number = number(&[&[first], &digits[..]].concat());
    number != 0 && text.bytes().next_back() == b"TRWAGMYFPDXBNJZSQVHLCKE".get(number as usize % 23).copied()
}

const NIF_WORDS: &[&str] =
    &["nif", "n.i.f", "dni", "d.n.i", "documento nacional", "identidad", "identificación fiscal"];

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
