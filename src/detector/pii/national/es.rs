//! Spain.

use crate::detector::format::{Format, Shape};
use crate::detector::pii::checksum::digits;

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&ES_NIF];

const ES_NIF: Format = Format {
    name: "ES_NIF",
    entity: "ES_NIF",
    summary: "a Spanish NIF or NIE (check letter mod 23)",
    usual: true,
    shapes: &[
        Shape::number(r"[0-9]{8}-?[A-HJ-NP-TV-Z]", is_nif, 500),
        Shape::number(r"[XYZ]-?[0-9]{7}-?[A-HJ-NP-TV-Z]", is_nif, 600),
    ],
};

fn is_nif(text: &str) -> bool {
    let first = match text.bytes().next() {
        Some(b'Y') => 1,
        Some(b'Z') => 2,
        _ => 0,
    };
    let number = digits(text).iter().fold(first, |number, digit| number * 10 + digit);
    text.bytes().next_back() == b"TRWAGMYFPDXBNJZSQVHLCKE".get(number as usize % 23).copied()
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
