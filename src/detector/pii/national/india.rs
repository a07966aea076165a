//! India.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, number, verhoeff};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] =
    &[&IN_PAN, &IN_AADHAAR, &IN_GSTIN, &IN_VEHICLE_REGISTRATION, &IN_VOTER, &IN_PASSPORT];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("IN_PAN", "Mine is ", "ABCPE1234F"),
    ("IN_PAN", "PAN: ", "ABCDE1234F"),
    ("IN_AADHAAR", "Aadhaar ", "4055 5665 0559"),
    ("IN_GSTIN", "GSTIN ", "27AAPFU0939F1ZV"),
    ("IN_VEHICLE_REGISTRATION", "Car ", "MH 12 AB 1234"),
    ("IN_VOTER", "Voter ID ", "ABC1234567"),
    ("IN_PASSPORT", "Passport ", "A1234567"),
];

/// The ten characters of a tax account: three letters, the kind of holder, a letter, a number, a check letter.
macro_rules! pan {
    () => {
        "[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]"
    };
}

const IN_PAN: Format = Format {
    name: "IN_PAN",
    entity: "IN_PAN",
    summary: "an Indian permanent account number (kind of holder, no number 0000)",
    usual: true,
    shapes: &[
        Shape::number(pan!(), |text| number(&digits(text)) != 0, 500),
        // Holders of a kind that does not exist: made up, but meant as one.
        Shape {
            context: &["pan", "pan card", "permanent account number", "income tax"],
            ..Shape::number("[A-Z]{5}[0-9]{4}[A-Z]", |_| true, 300)
        },
    ],
};

const IN_AADHAAR: Format = Format {
    name: "IN_AADHAAR",
    entity: "IN_AADHAAR",
    summary: "an Indian Aadhaar number (Verhoeff checksum, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("- ."),
        context: &["aadhaar", "aadhar", "adhaar", "adhar", "aadhaar#", "uidai", "आधार"],
        ..Shape::number(r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}", |text| verhoeff(&digits(text)), 300)
    }],
};

const IN_GSTIN: Format = Format {
    name: "IN_GSTIN",
    entity: "IN_GSTIN",
    summary: "an Indian goods and services tax number (state, account number, checksum mod 36)",
    usual: true,
    shapes: &[Shape::number(concat!("[0-39][0-9]", pan!(), "[1-9A-Z][A-Z0-9]{2}"), is_gstin, 900)],
};

const IN_VEHICLE_REGISTRATION: Format = Format {
    name: "IN_VEHICLE_REGISTRATION",
    entity: "IN_VEHICLE_REGISTRATION",
    summary: "an Indian vehicle registration mark (states in use, or BH, beside a word that says so)",
    usual: true,
    shapes: &[
        plate(r"[A-Z]{2}[ -]?[0-9]{1,2}[ -]?[A-HJ-NP-Z](?:[ -]?[A-HJ-NP-Z]{1,2})?[ -]?[0-9]{4}", |text| {
            text.get(..2).is_some_and(|state| STATES.split(' ').any(|known| known == state))
        }),
        plate(r"2[1-9][ -]?BH[ -]?[0-9]{4}[ -]?[A-HJ-NP-Z]{1,2}", |_| true),
    ],
};

const IN_VOTER: Format = Format {
    name: "IN_VOTER",
    entity: "IN_VOTER",
    summary: "an Indian voter's number (three letters and seven digits, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "voter",
            "voters",
            "voter id",
            "epic",
            "election card",
            "electoral",
            "election commission",
            "मतदाता",
        ],
        ..Shape::number(r"[A-Z]{3}/?[0-9]{7}", |_| true, 200)
    }],
};

const IN_PASSPORT: Format = Format {
    name: "IN_PASSPORT",
    entity: "IN_PASSPORT",
    summary: "an Indian passport number (a letter and seven digits, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &["passport", "passports", "passport#", "पासपोर्ट"],
        ..Shape::number(r"[A-PR-WY][1-9][0-9] ?[0-9]{4}[1-9]", |_| true, 200)
    }],
};

const fn plate(pattern: &'static str, valid: fn(&str) -> bool) -> Shape {
    Shape {
        context: &[
            "vehicle",
            "registration",
            "registration number",
            "registration no",
            "reg",
            "regn",
            "number plate",
            "plate",
            "license plate",
            "licence plate",
            "rto",
            "car",
            "bike",
            "scooter",
            "truck",
            "गाड़ी",
            "वाहन",
        ],
        ..Shape::number(pattern, valid, 300)
    }
}

/// Goods and Services Tax Network: characters as 0 to 35, every second one doubled and its digits to the base 36 added
/// up, as Luhn does it to the base 10. States are 01 to 38, 96, 97 and 99.
fn is_gstin(text: &str) -> bool {
    let values = || text.chars().filter_map(|char| char.to_digit(36));
    let sum: u32 = values()
        .enumerate()
        .take(14)
        .map(|(at, value)| if at % 2 == 0 { value } else { 2 * value / 36 + 2 * value % 36 })
        .sum();
    let state = text.get(..2).map_or(0, |state| number(&digits(state)));
    let serial = text.get(7..11).map_or(0, |serial| number(&digits(serial)));
    matches!(state, 1..=38 | 96 | 97 | 99) && serial != 0 && values().next_back() == Some((36 - sum % 36) % 36)
}

/// States and union territories, those of the past too.
const STATES: &str = "AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TN TR TS \
                      TG UA UK UP WB";

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
