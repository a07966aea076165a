//! The United States.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, luhn, number, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[
    &US_SSN,
    &US_ITIN,
    &US_PASSPORT,
    &US_DRIVER_LICENSE,
    &US_BANK_NUMBER,
    &ABA_ROUTING_NUMBER,
    &US_MBI,
    &US_NPI,
    &MEDICAL_LICENSE,
];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("US_SSN", "My number is ", "219-09-9999"),
    ("US_SSN", "SSN: ", "219099999"),
    ("US_ITIN", "My number is ", "912-70-1234"),
    ("US_PASSPORT", "My passport: ", "A12345678"),
    ("US_DRIVER_LICENSE", "Driver's license: ", "D1234567"),
    ("US_DRIVER_LICENSE", "DMV says ", "A123-456-78-901-0"),
    ("US_BANK_NUMBER", "Bank account ", "945456787654"),
    ("ABA_ROUTING_NUMBER", "Routing number ", "318668503"),
    ("US_MBI", "Card ", "1EG4-TE5-MK73"),
    ("US_MBI", "Card ", "1EG4TE5MK73"),
    ("US_NPI", "NPI ", "1512464516"),
    ("MEDICAL_LICENSE", "DEA number ", "BB1388568"),
];

const US_SSN: Format = Format {
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

const US_ITIN: Format = Format {
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

const US_PASSPORT: Format = Format {
    name: "US_PASSPORT",
    entity: "US_PASSPORT",
    summary: "a US passport number (nine digits, or a letter and eight, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: DASH,
        context: &["passport", "passports", "passport#", "passportnumber", "travel document"],
        ..Shape::number(r"[A-Z0-9][0-9]{8}", |text| digits(text).iter().any(|&digit| digit != 0), 200)
    }],
};

const US_DRIVER_LICENSE: Format = Format {
    name: "US_DRIVER_LICENSE",
    entity: "US_DRIVER_LICENSE",
    summary: "a US driver's license number (the states' forms, beside a word that says so)",
    usual: true,
    shapes: &[
        license(concat!(
            // A letter and 6 to 14 digits in most states, 18 in New York's old ones; in groups where states print them so.
            r"[A-Z](?:[0-9]{6,14}|[0-9]{18})",
            r"|[A-Z][0-9]{3}(?:-[0-9]{3}-[0-9]{2}-[0-9]{3}-[0-9]|-[0-9]{4}-[0-9]{4}(?:-[0-9]{2})?)",
            r"|[A-Z][ -][0-9]{3}(?:[ -][0-9]{3}){3}|[A-Z][0-9]{4}[ -][0-9]{5}[ -][0-9]{5}",
            // Ohio, West Virginia, Colorado; Idaho; North Dakota; Iowa; New Hampshire.
            r"|[A-Z]{2}(?:[0-9]{4,6}|[0-9]{6}[A-Z])|[A-Z]{3}[0-9]{6}|[0-9]{3}[A-Z]{2}[0-9]{4}|[0-9]{2}[A-Z]{3}[0-9]{5}",
            // Kansas; Vermont and Maine; Missouri; Washington, new and old.
            r"|[A-Z][0-9][A-Z][0-9][A-Z]|[0-9]{7}[A-Z]|[0-9]{8}[A-Z]{2}|[0-9]{9}[A-Z]",
            r"|WDL[A-Z0-9]{9}|[A-Z][A-Z*]{4}[A-Z][A-Z*][0-9]{3}[A-Z0-9]{2}",
        )),
        // All others, Mississippi and Colorado with dashes.
        license(r"[0-9]{7,14}|[0-9]{16}|[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{2}-[0-9]{3}-[0-9]{4}"),
    ],
};

const US_BANK_NUMBER: Format = Format {
    name: "US_BANK_NUMBER",
    entity: "US_BANK_NUMBER",
    summary: "a US bank account number (8 to 17 digits, beside a word that says so)",
    usual: false,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &[
            "bank",
            "bank account",
            "account number",
            "account no",
            "account#",
            "acct",
            "checking",
            "checking account",
            "savings account",
            "direct deposit",
            "wire transfer",
            "ach",
        ],
        ..Shape::number(r"[0-9]{8,17}", |text| digits(text).iter().any(|&digit| digit != 0), 150)
    }],
};

const ABA_ROUTING_NUMBER: Format = Format {
    name: "ABA_ROUTING_NUMBER",
    entity: "ABA_ROUTING_NUMBER",
    summary: "a US bank's routing number (Federal Reserve district, checksum mod 10, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: DASH,
        context: &["aba", "rtn", "routing", "routing number", "routing no", "routing#", "transit number", "fedwire"],
        ..Shape::number(r"[0-9]{9}|[0-9]{4}-[0-9]{4}-[0-9]", is_routing_number, 300)
    }],
};

/// The letters of a Medicare number: none that looks like a digit.
macro_rules! mbi {
    () => {
        "[AC-HJKMNP-RT-Y]"
    };
}

const US_MBI: Format = Format {
    name: "US_MBI",
    entity: "US_MBI",
    summary: "a US Medicare beneficiary identifier (eleven letters and digits at their places)",
    usual: true,
    shapes: &[
        Shape {
            joiners: DASH,
            ..Shape::number(
                concat!(
                    "[1-9]",
                    mbi!(),
                    "[AC-HJKMNP-RT-Y0-9][0-9]-",
                    mbi!(),
                    "[AC-HJKMNP-RT-Y0-9][0-9]-",
                    mbi!(),
                    mbi!(),
                    "[0-9]{2}"
                ),
                |_| true,
                800,
            )
        },
        Shape::number(
            concat!(
                "[1-9]",
                mbi!(),
                "[AC-HJKMNP-RT-Y0-9][0-9]",
                mbi!(),
                "[AC-HJKMNP-RT-Y0-9][0-9]",
                mbi!(),
                mbi!(),
                "[0-9]{2}"
            ),
            |_| true,
            500,
        ),
    ],
};

const US_NPI: Format = Format {
    name: "US_NPI",
    entity: "US_NPI",
    summary: "a US health care provider's number (Luhn checksum, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: DASH,
        context: &["npi", "npis", "npi#", "national provider", "provider id", "provider number", "nppes"],
        ..Shape::number(r"[12][0-9]{9}", is_npi, 300)
    }],
};

const MEDICAL_LICENSE: Format = Format {
    name: "MEDICAL_LICENSE",
    entity: "MEDICAL_LICENSE",
    summary: "a US DEA registration number (registrant's letter, checksum, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "dea",
            "dea#",
            "medical license",
            "medical licence",
            "prescriber",
            "prescription",
            "controlled substance",
            "physician",
            "practitioner",
            "registrant",
        ],
        ..Shape::number(r"[A-HJ-MPR-UX][A-Z9][0-9]{7}", is_dea_number, 400)
    }],
};

const fn license(pattern: &'static str) -> Shape {
    Shape { joiners: DASH, context: LICENSE_WORDS, ..Shape::number(pattern, |_| true, 200) }
}

/// Area, group and serial.
fn parts(text: &str) -> Option<(u32, u32, u32)> {
    let digits = digits(text);
    (digits.len() == 9).then(|| (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..])))
}

fn is_ssn(text: &str) -> bool {
    parts(text).is_some_and(|(area, group, serial)| !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0)
}

fn is_itin(text: &str) -> bool {
    parts(text).is_some_and(|(area, group, _)| area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

/// American Bankers Association: the first two digits are a Federal Reserve district, a thrift's (21 to 32), an
/// electronic (61 to 72) or a traveller's cheque's number; weights 3, 7, 1, sum mod 10.
fn is_routing_number(text: &str) -> bool {
    let digits = digits(text);
    let district = number(&digits[..2.min(digits.len())]);
    matches!(district, 0..=12 | 21..=32 | 61..=72 | 80)
        && digits.iter().any(|&digit| digit != 0)
        && weighted(&digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Centers for Medicare & Medicaid Services: Luhn, with 80840 (health, United States) put before.
fn is_npi(text: &str) -> bool {
    luhn(&[&[8, 0, 8, 4, 0], &digits(text)[..]].concat())
}

/// Drug Enforcement Administration: the last digit is that of the first, third and fifth and twice the other three.
fn is_dea_number(text: &str) -> bool {
    let digits = digits(text.get(2..).unwrap_or_default());
    digits.get(6) == Some(&(weighted(&digits, &[1, 2, 1, 2, 1, 2]) % 10)) && digits.iter().any(|&digit| digit != 0)
}

const DASH: AsciiSet = AsciiSet::new("-");
const SSN_WORDS: &[&str] = &["ssn", "ssns", "ssn#", "social security", "social security number", "ssid", "social"];
const LICENSE_WORDS: &[&str] = &[
    "driver license",
    "drivers license",
    "driver's license",
    "driver\u{2019}s license",
    "driver licence",
    "driver's licence",
    "drivers licence",
    "driving license",
    "driving licence",
    "driver lic",
    "driver_license",
    "driverlicense",
    "driverslicense",
    "dl#",
    "dl:",
    "dl no",
    "dl number",
    "dln",
    "cdl",
    "dmv",
];

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
