//! The Netherlands.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&NL_BSN];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("NL_BSN", "Mijn BSN is ", "111222333")];

const NL_BSN: Format = Format {
    name: "NL_BSN",
    entity: "NL_BSN",
    summary: "a Dutch citizen service number (eleven-test, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &[
            "bsn",
            "bsn-nummer",
            "bsnnummer",
            "burgerservicenummer",
            "burger service nummer",
            "burgerservice nummer",
            "sofinummer",
            "sofi-nummer",
            "sofi",
            "citizen service number",
            "persoonsnummer",
        ],
        ..Shape::number(
            r"[0-9](?:[0-9]{7,8}|[0-9]{3}[ .][0-9]{2}[ .][0-9]{3}|[0-9]{2}[ .-][0-9]{3}[ .-][0-9]{3})",
            is_bsn,
            300,
        )
    }],
};

/// Rijksdienst voor Identiteitsgegevens: weights 9 to 2 and -1, a multiple of 11. With eight digits a zero was left out.
fn is_bsn(text: &str) -> bool {
    let mut digits = digits(text);
    if digits.len() == 8 {
        digits.insert(0, 0);
    }
    let sum = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]);
    digits.len() == 9 && sum > 0 && sum.is_multiple_of(11)
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
