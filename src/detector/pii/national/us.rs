//! The United States.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::checksum::{digits, number};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&US_SSN, &US_ITIN];

const US_SSN: Format = Format {
    name: "US_SSN",
    entity: "US_SSN",
    summary: "a US social security number (no area 000, 666 or 9xx, no group 00, no serial 0000)",
    usual: true,
    shapes: &[
        Shape { joiners: DASH, ..Shape::number(r"[0-9]{3}-[0-9]{2}-[0-9]{4}", is_ssn, 600) },
        Shape {
            joiners: DASH,
            context: SSN_WORDS,
            ..Shape::number(r"[0-9]{3}[ .]?[0-9]{2}[ .]?[0-9]{4}", is_ssn, 200)
        },
    ],
};

const US_ITIN: Format = Format {
    name: "US_ITIN",
    entity: "US_ITIN",
    summary: "a US individual taxpayer number (9xx, group 50-65, 70-88, 90-92 or 94-99)",
    usual: true,
    shapes: &[
        Shape { joiners: DASH, ..Shape::number(r"9[0-9]{2}-[0-9]{2}-[0-9]{4}", is_itin, 600) },
        Shape {
            joiners: DASH,
            context: &["itin", "taxpayer", "tax id", "tax identification", "tin"],
            ..Shape::number(r"9[0-9]{2} ?[0-9]{2} ?[0-9]{4}", is_itin, 200)
        },
    ],
};

/// Area, group and serial.
fn parts(text: &str) -> Option<(u32, u32, u32)> {
    let digits = digits(text);
    (digits.len() == 9).then(|| (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..])))
}

fn is_ssn(text: &str) -> bool {
    parts(text).is_some_and(|(area, group, serial)| !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0)
}

fn is_itin(text: &str) -> bool {
    parts(text).is_some_and(|(area, group, _)| area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

const DASH: AsciiSet = AsciiSet::new("-");
const SSN_WORDS: &[&str] = &["ssn", "ssns", "ssn#", "social security", "social security number", "ssid", "social"];

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
