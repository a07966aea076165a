//! Thailand.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&TH_TNIN];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] =
    &[("TH_TNIN", "", "2-9818-17414-33-8"), ("TH_TNIN", "Thai ID ", "4876174093196")];

const TH_TNIN: Format = Format {
    name: "TH_TNIN",
    entity: "TH_TNIN",
    summary: "a Thai national identity number (category, province, checksum mod 11; in one piece beside a word)",
    usual: true,
    shapes: &[
        Shape { joiners: DASH, ..Shape::number(r"[1-8]-[1-9][0-9]{3}-[0-9]{5}-[0-9]{2}-[0-9]", is_national, 700) },
        Shape {
            joiners: DASH,
            context: &[
                "บัตรประชาชน",
                "เลขบัตรประชาชน",
                "เลขประจำตัวประชาชน",
                "ประจำตัวประชาชน",
                "เลขประจำตัว",
                "thai id",
                "national id",
                "citizen id",
                "identification number",
                "identity card",
                "id card",
                "tnin",
            ],
            ..Shape::number(r"[1-8] ?[1-9][0-9]{3} ?[0-9]{5} ?[0-9]{2} ?[0-9]", is_national, 300)
        },
    ],
};

/// Department of Provincial Administration: weights 13 to 2, the remainder mod 11 taken from 11, its last digit.
fn is_national(text: &str) -> bool {
    let digits = digits(text);
    let sum = weighted(&digits, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    digits.get(12) == Some(&((11 - sum % 11) % 10))
}

const DASH: AsciiSet = AsciiSet::new("-");

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
