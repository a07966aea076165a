//! The United Kingdom.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&UK_NHS, &UK_NINO];

const UK_NHS: Format = Format {
    name: "UK_NHS",
    entity: "UK_NHS",
    summary: "a UK NHS number (checksum mod 11, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: DASH,
        context: &["nhs", "national health service", "health number", "patient"],
        ..Shape::number(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", is_nhs, 300)
    }],
};

const UK_NINO: Format = Format {
    name: "UK_NINO",
    entity: "UK_NINO",
    summary: "a UK national insurance number (allowed prefixes and suffix)",
    usual: true,
    shapes: &[Shape::number(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", is_nino, 600)],
};

fn is_nhs(text: &str) -> bool {
    let digits = digits(text);
    let sum = weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    digits.get(9) == Some(&((11 - sum % 11) % 11)) && sum > 0
}

fn is_nino(text: &str) -> bool {
    !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].iter().any(|unused| text.starts_with(unused))
}

const DASH: AsciiSet = AsciiSet::new("-");

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
