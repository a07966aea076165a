//! Australia.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&AU_ABN, &AU_ACN, &AU_TFN, &AU_MEDICARE];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("AU_ABN", "ABN ", "51 824 753 556"),
    ("AU_ACN", "ACN ", "000 000 019"),
    ("AU_TFN", "TFN ", "876 543 210"),
    ("AU_MEDICARE", "Medicare ", "2123 45670 1"),
    ("AU_MEDICARE", "Medicare ", "2123 45670 1/2"),
];

const AU_ABN: Format = Format {
    name: "AU_ABN",
    entity: "AU_ABN",
    summary: "an Australian business number (checksum mod 89, beside a word that says so)",
    usual: true,
    shapes: &[number(
        r"[1-9][0-9][ -]?[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        is_abn,
        &["abn", "a.b.n", "australian business number", "business number"],
    )],
};

const AU_ACN: Format = Format {
    name: "AU_ACN",
    entity: "AU_ACN",
    summary: "an Australian company number (checksum mod 10, beside a word that says so)",
    usual: false,
    shapes: &[number(
        r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        is_acn,
        &["acn", "a.c.n", "australian company number", "company number", "asic"],
    )],
};

const AU_TFN: Format = Format {
    name: "AU_TFN",
    entity: "AU_TFN",
    summary: "an Australian tax file number of nine digits (checksum mod 11, beside a word that says so)",
    usual: true,
    shapes: &[number(
        r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}",
        is_tfn,
        &["tfn", "t.f.n", "tfns", "tax file number", "tax file no", "tax file"],
    )],
};

const AU_MEDICARE: Format = Format {
    name: "AU_MEDICARE",
    entity: "AU_MEDICARE",
    summary: "an Australian Medicare card number, with or without the person's (checksum mod 10, beside a word that says so)",
    usual: true,
    shapes: &[number(
        r"[2-6][0-9]{3}[ -]?[0-9]{5}[ -]?[0-9](?:[ /-]?[1-9])?",
        is_medicare,
        &["medicare", "medicare card", "medicare number", "medicare no", "irn"],
    )],
};

const fn number(pattern: &'static str, valid: fn(&str) -> bool, context: &'static [&'static str]) -> Shape {
    Shape { joiners: AsciiSet::new("-."), context, ..Shape::number(pattern, valid, 300) }
}

/// Australian Business Register: one less than the first digit; weights 10, 1, 3, 5 to 19; mod 89.
fn is_abn(text: &str) -> bool {
    // A first digit that is one less is a sum that is its weight less.
    let sum = weighted(&digits(text), &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    sum > 10 && (sum - 10).is_multiple_of(89)
}

/// Australian Securities and Investments Commission: weights 8 to 1, the check digit makes it a multiple of ten.
fn is_acn(text: &str) -> bool {
    let sum = weighted(&digits(text), &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    sum > 0 && sum.is_multiple_of(10)
}

/// Australian Taxation Office: mod 11.
fn is_tfn(text: &str) -> bool {
    let sum = weighted(&digits(text), &[1, 4, 3, 7, 5, 8, 6, 9, 10]);
    sum > 0 && sum.is_multiple_of(11)
}

/// Services Australia: eight digits with weights 1, 3, 7, 9, then their check digit, then which issue of the card it is.
fn is_medicare(text: &str) -> bool {
    let digits = digits(text);
    digits.get(8) == Some(&(weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10)) && digits.get(9) != Some(&0)
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
