//! Germany.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, mod_11_10, number, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[
    &DE_TAX_ID,
    &DE_TAX_NUMBER,
    &DE_ID_CARD,
    &DE_PASSPORT,
    &DE_SOCIAL_SECURITY,
    &DE_HEALTH_INSURANCE,
    &DE_FUEHRERSCHEIN,
    &DE_KFZ,
    &DE_LANR,
    &DE_BSNR,
    &DE_VAT_ID,
    &DE_HANDELSREGISTER,
    &DE_PLZ,
];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("DE_TAX_ID", "Meine Steuer-ID: ", "86095742719"),
    ("DE_TAX_NUMBER", "Steuernummer ", "93/815/08152"),
    ("DE_ID_CARD", "Personalausweis ", "L01X00T471"),
    ("DE_PASSPORT", "Reisepass ", "C01X00T478"),
    ("DE_SOCIAL_SECURITY", "Nr. ", "65 170839 J 00 3"),
    ("DE_HEALTH_INSURANCE", "Versichertennummer ", "A123456780"),
    ("DE_FUEHRERSCHEIN", "Führerschein ", "B072RRE2I55"),
    ("DE_KFZ", "Kennzeichen ", "B-MW 1234"),
    ("DE_LANR", "LANR ", "905878211"),
    ("DE_BSNR", "BSNR ", "021234567"),
    ("DE_VAT_ID", "USt-ID ", "DE136695976"),
    ("DE_HANDELSREGISTER", "Eingetragen unter ", "HRB 86891"),
    ("DE_PLZ", "PLZ ", "10115"),
];

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

const DE_TAX_NUMBER: Format = Format {
    name: "DE_TAX_NUMBER",
    entity: "DE_TAX_NUMBER",
    summary: "a German tax number (the forms of the states and of ELSTER, beside a word that says so)",
    usual: true,
    shapes: &[
        Shape {
            joiners: AsciiSet::new("/"),
            context: TAX_WORDS,
            ..Shape::number(r"[0-9]{2,3}/[0-9]{3}/[0-9]{5}|[0-9]{3}/[0-9]{4}/[0-9]{4}", |_| true, 400)
        },
        Shape {
            joiners: AsciiSet::new("-./"),
            context: TAX_WORDS,
            ..Shape::number(r"(?:1[01]|2[1-46-8]|3[0-2]|4[01]|5[1-5]|9[12])[0-9]{2}0[0-9]{8}", |_| true, 200)
        },
    ],
};

const DE_ID_CARD: Format = Format {
    name: "DE_ID_CARD",
    entity: "DE_ID_CARD",
    summary: "a German identity card number (allowed characters, its check digit if it is there; beside a word)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "personalausweis",
            "personalausweisnummer",
            "personalausweisnr",
            "ausweis",
            "ausweisnummer",
            "ausweisnr",
            "ausweis-nr",
            "id card",
            "identity card",
        ],
        ..Shape::number(r"[LMNPRTV-Y][0-9CFGHJ-NPRTV-Z]{8}(?:[0-9]D?)?", is_document, 300)
    }],
};

const DE_PASSPORT: Format = Format {
    name: "DE_PASSPORT",
    entity: "DE_PASSPORT",
    summary: "a German passport number (allowed characters, its check digit if it is there; beside a word)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "reisepass",
            "reisepassnummer",
            "reisepassnr",
            "passnummer",
            "passnr",
            "pass-nr",
            "pass nr",
            "passport",
            "passport number",
        ],
        ..Shape::number(r"[CFGHJK][0-9CFGHJ-NPRTV-Z]{8}(?:[0-9]D?)?", is_document, 300)
    }],
};

const DE_SOCIAL_SECURITY: Format = Format {
    name: "DE_SOCIAL_SECURITY",
    entity: "DE_SOCIAL_SECURITY",
    summary: "a German pension insurance number (area, date of birth, check digit)",
    usual: true,
    shapes: &[Shape::number(
        r"[0-8][0-9] ?(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])[0-9]{2} ?[A-Z] ?[0-9]{2} ?[0-9]",
        is_social_security,
        800,
    )],
};

const DE_HEALTH_INSURANCE: Format = Format {
    name: "DE_HEALTH_INSURANCE",
    entity: "DE_HEALTH_INSURANCE",
    summary: "the lasting part of a German health insurance number (check digit, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "kvnr",
            "krankenversicherung",
            "krankenversichertennummer",
            "krankenversicherungsnummer",
            "krankenkasse",
            "versichertennummer",
            "versicherten-nr",
            "versichertennr",
            "versicherungsnummer",
            "gesundheitskarte",
            "egk",
            "health insurance",
        ],
        ..Shape::number(r"[A-Z] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}", is_health_insurance, 300)
    }],
};

const DE_FUEHRERSCHEIN: Format = Format {
    name: "DE_FUEHRERSCHEIN",
    entity: "DE_FUEHRERSCHEIN",
    summary: "a German driving licence number (form alone, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &[
            "führerschein",
            "führerscheinnummer",
            "führerscheinnr",
            "fuehrerschein",
            "fahrerlaubnis",
            "driving licence",
            "driver's license",
            "driver license",
        ],
        ..Shape::number(r"[A-Z][0-9]{2}[0-9A-Z][0-9A-Z]{5}[0-9X][0-9A-Z]", |_| true, 300)
    }],
};

const DE_KFZ: Format = Format {
    name: "DE_KFZ",
    entity: "DE_KFZ",
    summary: "a German number plate (form alone, beside a word that says so)",
    usual: false,
    shapes: &[Shape {
        context: &[
            "kennzeichen",
            "kfz-kennzeichen",
            "autokennzeichen",
            "nummernschild",
            "kfz",
            "license plate",
            "licence plate",
            "number plate",
        ],
        ..Shape::number(r"[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2}[ -]?[1-9][0-9]{0,3}[EH]?", |_| true, 200)
    }],
};

const DE_LANR: Format = Format {
    name: "DE_LANR",
    entity: "DE_LANR",
    summary: "a German physician's number (check digit, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        context: &["lanr", "arztnummer", "arzt-nr", "arztnr", "lebenslange arztnummer", "physician number"],
        ..Shape::number(r"[0-9]{9}", is_physician, 300)
    }],
};

const DE_BSNR: Format = Format {
    name: "DE_BSNR",
    entity: "DE_BSNR",
    summary: "the number of a German medical practice (nine digits beside a word that says so)",
    usual: false,
    shapes: &[Shape {
        context: &["bsnr", "betriebsstättennummer", "betriebsstaettennummer", "betriebsstätten-nr", "betriebsstätte"],
        ..Shape::number(r"[0-9]{9}", |text| !text.starts_with("00"), 150)
    }],
};

const DE_VAT_ID: Format = Format {
    name: "DE_VAT_ID",
    entity: "DE_VAT_ID",
    summary: "a German VAT identification number (checksum mod 11,10)",
    usual: false,
    shapes: &[Shape::number(r"DE ?[1-9][0-9]{2} ?[0-9]{3} ?[0-9]{3}", |text| mod_11_10(&digits(text)), 700)],
};

const DE_HANDELSREGISTER: Format = Format {
    name: "DE_HANDELSREGISTER",
    entity: "DE_HANDELSREGISTER",
    summary: "a number in the German commercial register (HRA or HRB and digits)",
    usual: false,
    shapes: &[Shape::number(r"HR[AB][ -]?[1-9][0-9]{1,5}(?: ?B)?", |_| true, 600)],
};

const DE_PLZ: Format = Format {
    name: "DE_PLZ",
    entity: "DE_PLZ",
    summary: "a German postcode (five digits beside a word that says so)",
    usual: false,
    shapes: &[Shape {
        joiners: AsciiSet::new("-.,/"),
        context: &["plz", "postleitzahl", "postleitzahlen"],
        ..Shape::number(r"(?:0[1-9]|[1-9][0-9])[0-9]{3}", |_| true, 150)
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

/// ICAO Doc 9303: weights 7, 3, 1, letters as 10 to 35, mod 10. Nine letters without a digit are a word.
fn is_document(text: &str) -> bool {
    let plain = text.strip_suffix('D').filter(|rest| rest.len() == 10).unwrap_or(text);
    let values: Vec<u32> = plain.chars().filter_map(|char| char.to_digit(36)).collect();
    let sum = weighted(&values[..values.len().min(9)], &[7, 3, 1, 7, 3, 1, 7, 3, 1]);
    plain.bytes().filter(u8::is_ascii_digit).count() >= 2 && values.get(9).is_none_or(|check| *check == sum % 10)
}

/// VKVV, section 4: the letter as 01 to 26; weights 2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1, of the products the sums of their
/// digits, mod 10.
fn is_social_security(text: &str) -> bool {
    let digits = spelt(text);
    let sum: u32 = digits.iter().zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]).map(|(digit, by)| cross(digit * by)).sum();
    let area = number(&digits[..digits.len().min(2)]);
    digits.get(12) == Some(&(sum % 10))
        && matches!(area, 2..=4 | 8..=21 | 23..=29 | 38..=40 | 42..=44 | 48..=61 | 63..=69 | 78 | 80..=82 | 89)
}

/// GKV-Spitzenverband, section 290 SGB V: the letter as 01 to 26; weights 1, 2, of the products the sums of their digits,
/// mod 10.
fn is_health_insurance(text: &str) -> bool {
    let digits = spelt(text);
    let sum: u32 = digits.iter().take(10).zip([1, 2].into_iter().cycle()).map(|(digit, by)| cross(digit * by)).sum();
    digits.get(10) == Some(&(sum % 10))
}

/// Kassenärztliche Bundesvereinigung: weights 4 and 9, what is missing to the next ten. Two digits for the subject follow.
fn is_physician(text: &str) -> bool {
    let digits = digits(text);
    weighted(&digits, &[4, 9, 4, 9, 4, 9, 1]).is_multiple_of(10) && digits.iter().take(7).any(|&digit| digit != 0)
}

/// The digits of a text, a capital as two: 01 to 26.
fn spelt(text: &str) -> Vec<u32> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => vec![u32::from(byte - b'A' + 1) / 10, u32::from(byte - b'A' + 1) % 10],
        b'0'..=b'9' => vec![u32::from(byte - b'0')],
        _ => Vec::new(),
    };
    text.bytes().flat_map(value).collect()
}

/// The sum of a number's digits, which are two at most.
fn cross(number: u32) -> u32 {
    number / 10 + number % 10
}

const TAX_WORDS: &[&str] =
    &["steuernummer", "steuernr", "steuer-nr", "st.-nr", "st-nr", "stnr", "finanzamt", "tax number", "tax no"];

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
