//! Italy.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, luhn, number};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] =
    &[&IT_FISCAL_CODE, &IT_VAT_CODE, &IT_DRIVER_LICENSE, &IT_IDENTITY_CARD, &IT_PASSPORT];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("IT_FISCAL_CODE", "Sono ", "RSSMRA85T10A562S"),
    ("IT_VAT_CODE", "Partita IVA ", "27575850907"),
    ("IT_VAT_CODE", "Fattura a ", "IT61969510520"),
    ("IT_DRIVER_LICENSE", "Patente ", "AA1234567B"),
    ("IT_IDENTITY_CARD", "Carta d'identità ", "CA12345AB"),
    ("IT_IDENTITY_CARD", "Carta d'identità ", "AX 1234567"),
    ("IT_PASSPORT", "Passaporto ", "YA1234567"),
];

const IT_FISCAL_CODE: Format = Format {
    name: "IT_FISCAL_CODE",
    entity: "IT_FISCAL_CODE",
    summary: "an Italian fiscal code of a person (date of birth, check letter)",
    usual: true,
    shapes: &[Shape::number(
        concat!(r"[A-Z]{3} ?[A-Z]{3} ?[0-9LMNP-V]{2} ?[ABCDEHLMPRST] ?[0-9LMNP-V]{2} ?", r"[A-Z][0-9LMNP-V]{3} ?[A-Z]"),
        is_fiscal_code,
        1000,
    )],
};

const IT_VAT_CODE: Format = Format {
    name: "IT_VAT_CODE",
    entity: "IT_VAT_CODE",
    summary: "an Italian VAT number (office's code, Luhn checksum, IT before it or a word that says so)",
    usual: true,
    shapes: &[
        Shape { joiners: DASH, ..Shape::number(r"IT[ -]?[0-9]{11}", is_vat_code, 600) },
        Shape {
            joiners: DASH,
            context: &["partita iva", "partita i.v.a", "p.iva", "p. iva", "p.i", "piva", "p iva", "iva", "vat"],
            ..Shape::number(r"[0-9]{11}", is_vat_code, 300)
        },
    ],
};

const IT_DRIVER_LICENSE: Format = Format {
    name: "IT_DRIVER_LICENSE",
    entity: "IT_DRIVER_LICENSE",
    summary: "an Italian driving licence number (old and new form, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "patente",
            "patente di guida",
            "patenti",
            "driver license",
            "driver's license",
            "driving licence",
            "driving license",
            "licenza di guida",
        ],
        ..Shape::number(r"[A-Z]{2}[0-9]{7}[A-Z]|U1[A-Z0-9]{7}[A-Z]", |_| true, 200)
    }],
};

const IT_IDENTITY_CARD: Format = Format {
    name: "IT_IDENTITY_CARD",
    entity: "IT_IDENTITY_CARD",
    summary: "an Italian identity card's number (paper and electronic, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "carta d'identità",
            "carta d\u{2019}identità",
            "carta di identità",
            "carta d'identita",
            "carta identità",
            "carta di identita",
            "documento d'identità",
            "documento di identità",
            "c.i",
            "cie",
            "identity card",
            "id card",
        ],
        // On paper; electronic, of the second kind; electronic, of the third.
        ..Shape::number(r"[A-Z]{2} ?[0-9]{7}|[0-9]{7}[A-Z]{2}|C[A-Z][0-9]{5}[A-Z]{2}", |_| true, 200)
    }],
};

const IT_PASSPORT: Format = Format {
    name: "IT_PASSPORT",
    entity: "IT_PASSPORT",
    summary: "an Italian passport number (two letters and seven digits, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &["passaporto", "passaporti", "passport", "passport#"],
        ..Shape::number(r"[A-Z]{2} ?[0-9]{7}", |_| true, 200)
    }],
};

/// Decree of 23 December 1976 (D.M. 13813): characters at odd places count by a table, at even ones by themselves, the
/// sum mod 26 chooses the letter. Digits are letters in codes that two people would share (*omocodia*).
fn is_fiscal_code(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let digit = |at: usize| {
        let byte = plain.get(at).copied().unwrap_or_default();
        let letter = b"LMNPQRSTUV".iter().position(|&letter| letter == byte).map(|digit| digit as u32);
        char::from(byte).to_digit(10).or(letter).unwrap_or(0)
    };
    let day = number(&[digit(9), digit(10)]);
    let value = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let sum: usize = plain
        .iter()
        .take(15)
        .enumerate()
        .map(|(at, &byte)| if at % 2 == 0 { ODD.get(value(byte)).copied().unwrap_or(0) } else { value(byte) })
        .sum();
    matches!(day, 1..=31 | 41..=71) && plain.len() == 16 && plain.get(15) == Some(&(b'A' + (sum % 26) as u8))
}

/// Agenzia delle Entrate: seven digits of the holder, three of the office (a province or one of four others), Luhn.
fn is_vat_code(text: &str) -> bool {
    let digits = digits(text);
    let part = |from: usize, to: usize| digits.get(from..to).map_or(0, number);
    part(0, 7) > 0 && matches!(part(7, 10), 1..=100 | 120 | 121 | 888 | 999) && luhn(&digits)
}

/// What `0` to `9` count at odd places, and `A` to `Z`, of which the first ten count the same.
const ODD: &[usize] = &[1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
const DASH: AsciiSet = AsciiSet::new("-");

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
