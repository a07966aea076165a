//! South Korea.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, number, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&KR_RRN, &KR_FRN, &KR_BRN, &KR_PASSPORT, &KR_DRIVER_LICENSE];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("KR_RRN", "주민등록번호 ", "851103-2144025"),
    ("KR_FRN", "외국인등록번호 ", "790220-5426464"),
    ("KR_BRN", "사업자등록번호: ", "104-86-56659"),
    ("KR_PASSPORT", "여권번호 ", "M123A4567"),
    ("KR_DRIVER_LICENSE", "운전면허 ", "11-05-123456-78"),
];

const KR_RRN: Format = Format {
    name: "KR_RRN",
    entity: "KR_RRN",
    summary: "a Korean resident registration number (date of birth, checksum mod 11 for those of before October 2020)",
    usual: true,
    shapes: &[
        Shape {
            joiners: DASH,
            ..Shape::number(
                r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-[1-4][0-9]{6}",
                |text| is_registration(text, 11),
                700,
            )
        },
        Shape {
            joiners: DASH,
            context: RRN_WORDS,
            ..Shape::number(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[ -][1-4][0-9]{6}", |_| true, 300)
        },
        Shape {
            joiners: DASH,
            context: RRN_WORDS,
            ..Shape::number(
                r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[1-4][0-9]{6}",
                |text| is_registration(text, 11),
                300,
            )
        },
    ],
};

const KR_FRN: Format = Format {
    name: "KR_FRN",
    entity: "KR_FRN",
    summary: "a Korean foreigner registration number (date of birth, checksum mod 11 for those of before October 2020)",
    usual: true,
    shapes: &[
        Shape {
            joiners: DASH,
            ..Shape::number(
                r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-[5-8][0-9]{6}",
                |text| is_registration(text, 13),
                700,
            )
        },
        Shape {
            joiners: DASH,
            context: FRN_WORDS,
            ..Shape::number(r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[ -][5-8][0-9]{6}", |_| true, 300)
        },
        Shape {
            joiners: DASH,
            context: FRN_WORDS,
            ..Shape::number(
                r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[5-8][0-9]{6}",
                |text| is_registration(text, 13),
                300,
            )
        },
    ],
};

const KR_BRN: Format = Format {
    name: "KR_BRN",
    entity: "KR_BRN",
    summary: "a Korean business registration number (tax office, checksum mod 10)",
    usual: false,
    shapes: &[
        Shape { joiners: DASH, ..Shape::number(r"[1-9][0-9]{2}-[0-9]{2}-[0-9]{5}", is_business, 500) },
        Shape {
            joiners: DASH,
            context: &["사업자", "사업자등록번호", "사업자번호", "brn", "business registration", "business number"],
            ..Shape::number(r"[1-9][0-9]{2} ?[0-9]{2} ?[0-9]{5}", is_business, 200)
        },
    ],
};

const KR_PASSPORT: Format = Format {
    name: "KR_PASSPORT",
    entity: "KR_PASSPORT",
    summary: "a Korean passport number (form alone, beside a word that says so)",
    usual: true,
    shapes: &[
        Shape { context: PASSPORT_WORDS, ..Shape::number(r"[DMORS][0-9]{8}", |_| true, 150) },
        Shape { context: PASSPORT_WORDS, ..Shape::number(r"[DMORS][0-9]{3}[A-Z][0-9]{4}", |_| true, 300) },
    ],
};

const KR_DRIVER_LICENSE: Format = Format {
    name: "KR_DRIVER_LICENSE",
    entity: "KR_DRIVER_LICENSE",
    summary: "a Korean driving licence number (region, form; beside a word that says so)",
    usual: true,
    shapes: &[
        Shape {
            joiners: DASH,
            context: LICENCE_WORDS,
            ..Shape::number(r"(?:1[1-9]|2[0-68])[ -][0-9]{2}[ -][0-9]{6}[ -][0-9]{2}", |_| true, 400)
        },
        Shape { joiners: DASH, context: LICENCE_WORDS, ..Shape::number(r"(?:1[1-9]|2[0-68])[0-9]{10}", |_| true, 150) },
    ],
};

/// Ministry of the Interior and Safety: weights 2 to 9 and 2 to 5, the remainder mod 11 taken from 11 (from 13 for
/// foreigners), of which the last digit counts. Since October 2020 the digits are drawn and check nothing.
fn is_registration(text: &str, from: u32) -> bool {
    let digits = digits(text);
    let (Some(month), Some(century), Some(check)) = (digits.get(..4), digits.get(6), digits.get(12)) else {
        return false;
    };
    let drawn = matches!(century, 3 | 4 | 7 | 8) && number(month) >= 2010;
    let sum = weighted(&digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    drawn || *check == (from - sum % 11) % 10
}

/// National Tax Service: weights 1, 3, 7 and at last 5, whose product counts with its tens too. Offices begin at 101.
fn is_business(text: &str) -> bool {
    let digits = digits(text);
    let tens = digits.get(8).map_or(0, |digit| digit * 5 / 10);
    number(&digits[..digits.len().min(3)]) > 100
        && (weighted(&digits, &[1, 3, 7, 1, 3, 7, 1, 3, 5, 1]) + tens).is_multiple_of(10)
}

const DASH: AsciiSet = AsciiSet::new("-");
const RRN_WORDS: &[&str] =
    &["주민등록번호", "주민번호", "주민등록", "rrn", "resident registration", "resident number", "national id"];
const FRN_WORDS: &[&str] = &[
    "외국인등록번호",
    "외국인번호",
    "외국인등록",
    "frn",
    "arc",
    "foreigner registration",
    "alien registration",
    "foreign resident",
];
const PASSPORT_WORDS: &[&str] = &["여권", "여권번호", "passport", "passport no", "passport number"];
const LICENCE_WORDS: &[&str] = &[
    "운전면허",
    "운전면허번호",
    "면허번호",
    "면허증",
    "driver license",
    "driver's license",
    "drivers license",
    "driving licence",
    "driver licence",
    "license number",
    "licence number",
];

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
