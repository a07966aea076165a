//! Singapore.

use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&SG_NRIC_FIN, &SG_UEN];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] =
    &[("SG_NRIC_FIN", "I am ", "S4379828F"), ("SG_UEN", "UEN ", "197401143C"), ("SG_UEN", "See ", "T01FC6132D")];

const SG_NRIC_FIN: Format = Format {
    name: "SG_NRIC_FIN",
    entity: "SG_NRIC_FIN",
    summary: "a Singaporean identity card's or foreigner's number (check letter mod 11)",
    usual: true,
    shapes: &[Shape::number(r"[STFGM][0-9]{7}[A-Z]", is_nric, 600)],
};

const SG_UEN: Format = Format {
    name: "SG_UEN",
    entity: "SG_UEN",
    summary: "a Singaporean entity's number (kind of entity, check letter mod 11; mostly beside a word that says so)",
    usual: false,
    shapes: &[
        uen(r"[0-9]{8}[A-Z]", is_business, 300),
        uen(r"(?:18|19|20)[0-9]{7}[A-Z]", is_company, 400),
        uen(r"[RST][0-9]{2}[A-HJ-NP-X]{2}[0-9]{4}[A-HJ-NP-X0-9]", is_other, 600),
    ],
};

const fn uen(pattern: &'static str, valid: fn(&str) -> bool, score: u16) -> Shape {
    Shape {
        context: &["uen", "unique entity number", "acra", "business registration", "company registration", "gst reg"],
        ..Shape::number(pattern, valid, score)
    }
}

/// Immigration & Checkpoints Authority: weights 2, 7 to 2; T and G are 4 further, M is 3.
fn is_nric(text: &str) -> bool {
    let sum = weighted(&digits(text), &[2, 7, 6, 5, 4, 3, 2]);
    let (further, letters): (u32, &[u8; 11]) = match text.bytes().next() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        _ => (3, b"XWUTRQPNJLK"),
    };
    checked(text, sum + further, letters)
}

/// Accounting and Corporate Regulatory Authority, for those of before 2009 and sole proprietors.
fn is_business(text: &str) -> bool {
    checked(text, weighted(&digits(text), &[10, 4, 9, 3, 8, 2, 7, 1]), b"XMKECAWLJDB")
}

/// The same for local companies.
fn is_company(text: &str) -> bool {
    checked(text, weighted(&digits(text), &[10, 8, 6, 4, 9, 7, 5, 3, 1]), b"ZKCMDNERGWH")
}

/// The same for all others: the characters count by their place among those in use.
fn is_other(text: &str) -> bool {
    let kind = text.get(3..5).unwrap_or_default();
    let values: Vec<u32> = text
        .bytes()
        .filter_map(|byte| UEN_CHARACTERS.iter().position(|&known| known == byte))
        .map(|place| place as u32)
        .collect();
    let Some((check, body)) = values.split_last().filter(|(_, body)| body.len() == 9) else { return false };
    let sum = weighted(body, &[4, 3, 5, 3, 10, 2, 2, 5, 7]);
    UEN_KINDS.split(' ').any(|known| known == kind) && *check == (sum + 6) % 11
}

/// Whether the last letter is the one that a sum chooses.
fn checked(text: &str, sum: u32, letters: &[u8; 11]) -> bool {
    text.bytes().next_back() == letters.get(sum as usize % 11).copied()
}

const UEN_CHARACTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWX0123456789";
const UEN_KINDS: &str = "CC CD CH CL CM CP CS CX DP FB FC FM FN GA GB GS HC HS LC LL LP MB MC MD MH MM MQ NB NR PA PB PF RF \
                         RP SM SS TC TU VH XL";

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
