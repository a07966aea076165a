//! Türkiye.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&TR_NATIONAL_ID];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("TR_NATIONAL_ID", "TCKN ", "10000000146")];

const TR_NATIONAL_ID: Format = Format {
    name: "TR_NATIONAL_ID",
    entity: "TR_NATIONAL_ID",
    summary: "a Turkish identity number, TCKN (two check digits, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &[
            "tckn",
            "tc kimlik",
            "t.c. kimlik",
            "tc no",
            "t.c. no",
            "kimlik no",
            "kimlik",
            "kimlik numarası",
            "kimlik numaram",
            "kimlik numaranız",
            "vatandaşlık",
            "national id",
            "turkish id",
            "identity number",
        ],
        ..Shape::number(r"[1-9][0-9]{9}[02468]", is_identity, 400)
    }],
};

/// Nüfus ve Vatandaşlık İşleri: the tenth digit is seven times the odd places less the even ones, the last one the sum of
/// the ten before it, both mod 10.
fn is_identity(text: &str) -> bool {
    let digits = digits(text);
    // Less one is nine more, mod 10.
    let tenth = weighted(&digits, &[7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
    let last = weighted(&digits, &[1; 10]) % 10;
    digits.get(9) == Some(&tenth) && digits.get(10) == Some(&last)
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
