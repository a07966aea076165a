//! China.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&CN_ID_CARD];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("CN_ID_CARD", "身份证号码：", "11010519491231002X")];

const CN_ID_CARD: Format = Format {
    name: "CN_ID_CARD",
    entity: "CN_ID_CARD",
    summary: "a Chinese resident identity card number (province, date of birth, check character mod 11,2)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        ..Shape::number(
            concat!(
                r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])[0-9]{4}",
                r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
            ),
            is_identity,
            900,
        )
    }],
};

/// GB 11643-1999, which is ISO/IEC 7064, mod 11,2.
fn is_identity(text: &str) -> bool {
    let check = weighted(&digits(text), &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) as usize % 11;
    let last = text.bytes().next_back().map(|byte| byte.to_ascii_uppercase());
    last == b"10X98765432".get(check).copied()
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
