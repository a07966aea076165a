//! France.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&FR_NIR, &FR_CNI];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("FR_NIR", "Mon ", "1 85 05 78 006 084 91"),
    ("FR_CNI", "Ma carte d'identité : ", "X4RTBPFW4"),
    ("FR_CNI", "CNI ", "880692310285"),
];

const FR_NIR: Format = Format {
    name: "FR_NIR",
    entity: "FR_NIR",
    summary: "a French social security number (month, department, checksum mod 97)",
    usual: true,
    shapes: &[Shape::number(
        r"[12] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
        is_nir,
        800,
    )],
};

const FR_CNI: Format = Format {
    name: "FR_CNI",
    entity: "FR_CNI",
    summary: "a French identity card number, of twelve digits or nine characters (form, beside a word that says so)",
    usual: true,
    shapes: &[
        Shape {
            joiners: AsciiSet::new("-."),
            context: CARD_WORDS,
            // Year and month of issue, department, office, serial.
            ..Shape::number(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-9]{2}|2[AB])[0-9]{6}", |_| true, 200)
        },
        Shape { context: CARD_WORDS, ..Shape::number(r"[0-9A-Z]{9}", is_card, 150) },
    ],
};

fn is_nir(text: &str) -> bool {
    let plain: String = text.chars().filter(|char| *char != ' ').collect();
    let month = plain.get(3..5).and_then(|month| month.parse::<u32>().ok());
    if !month.is_some_and(|month| matches!(month, 1..=12 | 20..=42 | 50..)) {
        return false;
    }
    // Corsica: 2A counts as 19, 2B as 18.
    let number = plain.replace("2A", "19").replace("2B", "18");
    let (Some(body), Some(key)) = (number.get(..13), number.get(13..)) else { return false };
    match (body.parse::<u64>(), key.parse::<u64>()) {
        (Ok(body), Ok(key)) => key == 97 - body % 97,
        _ => false,
    }
}

/// Letters and digits both: nine of one kind are a word or another number.
fn is_card(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 2 && text.bytes().any(|byte| byte.is_ascii_uppercase())
}

const CARD_WORDS: &[&str] = &[
    "carte nationale d'identité",
    "carte nationale d’identité",
    "carte d'identité",
    "carte d’identité",
    "carte nationale",
    "pièce d'identité",
    "pièce d’identité",
    "cni",
    "cnie",
    "identity card",
    "id card",
];

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
