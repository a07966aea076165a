//! Numbers by which countries know their people.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape, digits};

pub(super) const US_SSN: Format = Format {
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

pub(super) const US_ITIN: Format = Format {
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

pub(super) const UK_NHS: Format = Format {
    name: "UK_NHS",
    entity: "UK_NHS",
    summary: "a UK NHS number (checksum mod 11, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: DASH,
        context: &["nhs", "national health service", "health number", "patient"],
        ..Shape::number(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}", is_nhs, 300)
    }],
};

pub(super) const UK_NINO: Format = Format {
    name: "UK_NINO",
    entity: "UK_NINO",
    summary: "a UK national insurance number (allowed prefixes and suffix)",
    usual: true,
    shapes: &[Shape::number(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", is_nino, 600)],
};

pub(super) const DE_TAX_ID: Format = Format {
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
        ..Shape::number(r"[1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", is_german_tax_id, 300)
    }],
};

pub(super) const ES_NIF: Format = Format {
    name: "ES_NIF",
    entity: "ES_NIF",
    summary: "a Spanish NIF or NIE (check letter mod 23)",
    usual: true,
    shapes: &[
        Shape::number(r"[0-9]{8}-?[A-HJ-NP-TV-Z]", is_nif, 500),
        Shape::number(r"[XYZ]-?[0-9]{7}-?[A-HJ-NP-TV-Z]", is_nif, 600),
    ],
};

pub(super) const FR_NIR: Format = Format {
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

/// Area, group and serial.
fn parts(text: &str) -> Option<(u32, u32, u32)> {
    let digits = digits(text);
    let number = |digits: &[u32]| digits.iter().fold(0, |number, digit| number * 10 + digit);
    (digits.len() == 9).then(|| (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..])))
}

fn is_ssn(text: &str) -> bool {
    parts(text).is_some_and(|(area, group, serial)| !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0)
}

fn is_itin(text: &str) -> bool {
    parts(text).is_some_and(|(area, group, _)| area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

fn is_nhs(text: &str) -> bool {
    let digits = digits(text);
    let sum: u32 = digits.iter().take(9).zip((2..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    digits.get(9) == Some(&((11 - sum % 11) % 11)) && sum > 0
}

fn is_nino(text: &str) -> bool {
    !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].iter().any(|unused| text.starts_with(unused))
}

/// ISO/IEC 7064, mod 11,10. Of the first ten digits one comes two or three times, and no more than that.
fn is_german_tax_id(text: &str) -> bool {
    let digits = digits(text);
    let Some((check, body)) = digits.split_last().filter(|(_, body)| body.len() == 10) else { return false };
    let count = |digit: u32| body.iter().filter(|&&other| other == digit).count();
    let counts: Vec<usize> = (0..10).map(count).collect();
    let repeated = counts.iter().filter(|&&count| count > 1).count();
    if repeated != 1 || counts.iter().any(|&count| count > 3) {
        return false;
    }
    let product = body.iter().fold(10, |product, digit| {
        let sum = match (digit + product) % 10 {
            0 => 10,
            sum => sum,
        };
        2 * sum % 11
    });
    *check == (11 - product) % 10
}

fn is_nif(text: &str) -> bool {
    let first = match text.bytes().next() {
        Some(b'Y') => 1,
        Some(b'Z') => 2,
        _ => 0,
    };
    let number = digits(text).iter().fold(first, |number, digit| number * 10 + digit);
    text.bytes().next_back() == b"TRWAGMYFPDXBNJZSQVHLCKE".get(number as usize % 23).copied()
}

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

const DASH: AsciiSet = AsciiSet::new("-");
const SSN_WORDS: &[&str] = &["ssn", "ssns", "ssn#", "social security", "social security number", "ssid", "social"];
