//! Sweden.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, luhn};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&SE_PERSONNUMMER, &SE_ORGANISATIONSNUMMER];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] =
    &[("SE_PERSONNUMMER", "Jag är ", "811228-9874"), ("SE_ORGANISATIONSNUMMER", "Org.nr ", "556703-7485")];

const SE_PERSONNUMMER: Format = Format {
    name: "SE_PERSONNUMMER",
    entity: "SE_PERSONNUMMER",
    summary: "a Swedish personal or coordination number (date of birth, Luhn checksum; in one piece beside a word)",
    usual: true,
    shapes: &[
        Shape {
            joiners: DASH,
            ..Shape::number(
                r"(?:18|19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:[06][1-9]|[1278][0-9]|[39][01])[+-][0-9]{4}",
                is_checked,
                500,
            )
        },
        Shape {
            joiners: DASH,
            context: &[
                "personnummer",
                "personnr",
                "person nr",
                "pnr",
                "samordningsnummer",
                "födelsenummer",
                "personal identity number",
                "personal number",
                "coordination number",
            ],
            ..Shape::number(
                r"(?:18|19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:[06][1-9]|[1278][0-9]|[39][01]) ?[0-9]{4}",
                is_checked,
                300,
            )
        },
    ],
};

const SE_ORGANISATIONSNUMMER: Format = Format {
    name: "SE_ORGANISATIONSNUMMER",
    entity: "SE_ORGANISATIONSNUMMER",
    summary: "a Swedish organisation number (third digit 2 or more, Luhn checksum; beside a word that says so)",
    usual: false,
    shapes: &[Shape {
        joiners: DASH,
        context: &[
            "organisationsnummer",
            "organisationsnr",
            "orgnummer",
            "orgnr",
            "org nr",
            "org.nr",
            "org. nr",
            "org-nr",
            "organisation number",
            "organization number",
            "registration number",
            "company number",
        ],
        ..Shape::number(r"(?:16)?[1-35-9][0-9][2-9][0-9]{3}-?[0-9]{4}", is_checked, 350)
    }],
};

/// Skatteverket: Luhn's checksum over ten digits; a century before them does not count.
fn is_checked(text: &str) -> bool {
    let digits = digits(text);
    digits.len().checked_sub(10).and_then(|from| digits.get(from..)).is_some_and(luhn)
}

const DASH: AsciiSet = AsciiSet::new("+-");

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
