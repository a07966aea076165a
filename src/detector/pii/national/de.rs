//! Germany.

use crate::detector::format::{Format, Shape};
use crate::detector::pii::checksum::{digits, mod_11_10};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&DE_TAX_ID];

const DE_TAX_ID: Format = Format {
    name: "DE_TAX_ID",
    entity: "DE_TAX_ID",
    summary: "a German tax identification number (checksum mod 11,10, one digit repeated; beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "steuer-id",
            "steuer-idnr",
            "steuerid",
            "steueridentifikationsnummer",
            "identifikationsnummer",
            "idnr",
            "steuernummer",
            "tax id",
            "tax identification number",
            "tin",
        ],
        ..Shape::number(r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", is_tax_id, 300)
    }],
};

/// ISO/IEC 7064, mod 11,10. Of the first ten digits one comes two or three times, and no more than that.
fn is_tax_id(text: &str) -> bool {
    let digits = digits(text);
    let Some((_, body)) = digits.split_last().filter(|(_, body)| body.len() == 10) else { return false };
    let counts: Vec<usize> = (0..10).map(|digit| body.iter().filter(|&&other| other == digit).count()).collect();
    let repeated = counts.iter().filter(|&&count| count > 1).count();
    repeated == 1 && counts.iter().all(|&count| count <= 3) && mod_11_10(&digits)
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
