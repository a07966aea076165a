//! Canada.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, luhn};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&CA_SIN];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("CA_SIN", "My SIN is ", "665 630 489")];

const CA_SIN: Format = Format {
    name: "CA_SIN",
    entity: "CA_SIN",
    summary: "a Canadian social insurance number (first digit, Luhn checksum; beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &[
            "sin",
            "sin number",
            "social insurance",
            "social insurance number",
            "insurance number",
            "nas",
            "assurance sociale",
            "numéro d'assurance sociale",
            "numéro d’assurance sociale",
        ],
        // Employment and Social Development Canada: none begins with 0 or 8.
        ..Shape::number(
            r"[1-79][0-9]{2}(?:[0-9]{6}|-[0-9]{3}-[0-9]{3}| [0-9]{3} [0-9]{3})",
            |text| luhn(&digits(text)),
            300,
        )
    }],
};

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
