//! France.

use crate::detector::format::{Format, Shape};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&FR_NIR];

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

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
