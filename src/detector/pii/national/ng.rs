//! Nigeria.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&NG_NIN, &NG_VEHICLE_REGISTRATION];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] =
    &[("NG_NIN", "My NIN is ", "32032711246"), ("NG_VEHICLE_REGISTRATION", "Number plate ", "ABC-123DE")];

const NG_NIN: Format = Format {
    name: "NG_NIN",
    entity: "NG_NIN",
    summary: "a Nigerian national identification number (eleven digits beside a word that says so)",
    usual: true,
    // The National Identity Management Commission publishes no checksum.
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &["nin", "nin number", "national identification number", "national identity number", "nimc"],
        ..Shape::number(r"[1-9][0-9]{3}(?:[0-9]{7}| [0-9]{3} [0-9]{4}|-[0-9]{3}-[0-9]{4})", |_| true, 150)
    }],
};

const NG_VEHICLE_REGISTRATION: Format = Format {
    name: "NG_VEHICLE_REGISTRATION",
    entity: "NG_VEHICLE_REGISTRATION",
    summary: "a Nigerian number plate (form alone, beside a word that says so)",
    usual: false,
    shapes: &[Shape {
        context: &[
            "plate",
            "plate number",
            "number plate",
            "licence plate",
            "license plate",
            "vehicle",
            "vehicle registration",
            "registration number",
            "car",
            "frsc",
        ],
        ..Shape::number(r"[A-HJ-NP-Z]{3}[ -]?[0-9]{3}[ -]?[A-Z]{2}", |_| true, 250)
    }],
};

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
