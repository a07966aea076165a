//! South Africa.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, luhn};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&ZA_ID_NUMBER];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("ZA_ID_NUMBER", "My ID number is ", "8001015009087")];

const ZA_ID_NUMBER: Format = Format {
    name: "ZA_ID_NUMBER",
    entity: "ZA_ID_NUMBER",
    summary: "a South African identity number (date of birth, citizenship, Luhn checksum; beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &[
            "id number",
            "id no",
            "identity number",
            "identity document",
            "identification number",
            "sa id",
            "rsa id",
            "south african id",
            "national id",
            "id-nommer",
            "identiteitsnommer",
        ],
        // Department of Home Affairs: citizen, permanent resident or refugee in the eleventh place.
        ..Shape::number(
            r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]) ?[0-9]{4} ?[0-2][0-9]{2}",
            |text| luhn(&digits(text)),
            400,
        )
    }],
};

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
