//! The United Kingdom.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, number, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] =
    &[&UK_NHS, &UK_NINO, &UK_PASSPORT, &UK_DRIVING_LICENCE, &UK_POSTCODE, &UK_VEHICLE_REGISTRATION];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("UK_NHS", "NHS number ", "943 476 5919"),
    ("UK_NINO", "I am ", "AB 12 34 56 C"),
    ("UK_PASSPORT", "Passport ", "GB1234567"),
    ("UK_PASSPORT", "My UK passport is ", "123456789"),
    ("UK_DRIVING_LICENCE", "Licence ", "MORGA753116SM9IJ"),
    ("UK_POSTCODE", "Come to ", "SW1A 1AA"),
    ("UK_POSTCODE", "Postcode: ", "M11AE"),
    ("UK_VEHICLE_REGISTRATION", "Car ", "AB51 ABC"),
];

const UK_NHS: Format = Format {
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

const UK_NINO: Format = Format {
    name: "UK_NINO",
    entity: "UK_NINO",
    summary: "a UK national insurance number (allowed prefixes and suffix)",
    usual: true,
    shapes: &[Shape::number(
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D]",
        is_nino,
        600,
    )],
};

const UK_PASSPORT: Format = Format {
    name: "UK_PASSPORT",
    entity: "UK_PASSPORT",
    summary: "a UK passport number (nine digits, or two letters and seven, beside a word that says so)",
    usual: true,
    shapes: &[
        Shape {
            context: &["passport", "passports", "passport#", "travel document", "hmpo"],
            ..Shape::number(r"[A-Z]{2}[0-9]{7}", |_| true, 200)
        },
        // Nine digits are other countries' passports too.
        Shape {
            joiners: DASH,
            context: &["uk passport", "british passport", "passport gbr", "hmpo", "hm passport office"],
            ..Shape::number(r"[0-9]{9}", |text| digits(text).iter().any(|&digit| digit != 0), 200)
        },
    ],
};

const UK_DRIVING_LICENCE: Format = Format {
    name: "UK_DRIVING_LICENCE",
    entity: "UK_DRIVING_LICENCE",
    summary: "a British driver number (surname, date of birth, initials at their places)",
    usual: true,
    shapes: &[Shape::number(
        r"[A-Z][A-Z9]{4} ?[0-9][0156][0-9][0-3][0-9]{2} ?[A-Z9]{2} ?[A-Z0-9][A-Z]{2}",
        is_driver_number,
        800,
    )],
};

const UK_POSTCODE: Format = Format {
    name: "UK_POSTCODE",
    entity: "UK_POSTCODE",
    summary: "a UK postcode (areas in use; without a space, beside a word that says so)",
    usual: false,
    shapes: &[
        Shape::number(POSTCODE, |text| text.contains(' ') && is_postcode(text), 600),
        Shape {
            context: &["postcode", "post code", "postal code", "postcodes", "address", "zip"],
            ..Shape::number(POSTCODE, is_postcode, 200)
        },
    ],
};

const UK_VEHICLE_REGISTRATION: Format = Format {
    name: "UK_VEHICLE_REGISTRATION",
    entity: "UK_VEHICLE_REGISTRATION",
    summary: "a UK vehicle registration mark (since 1963 and Northern Irish, beside a word that says so)",
    usual: true,
    shapes: &[
        Shape {
            context: VEHICLE_WORDS,
            ..Shape::number(r"[A-HJ-PR-Y]{2}[0-9]{2} ?[A-HJ-PR-Z]{3}", is_current_mark, 400)
        },
        // A year's letter before (1983 to 2001) or behind (1963 to 1983). Models of cars look like these: BMW 320D.
        old_mark(r"[A-HJ-NPR-TV-Y][1-9][0-9]{0,2} ?[A-HJ-PR-Z]{3}"),
        old_mark(r"[A-HJ-PR-Z]{3} ?[1-9][0-9]{0,2}[A-HJ-NPR-TV-Y]"),
        // Northern Ireland: a letter, those of the county, a number.
        old_mark(r"[A-HJ-PR-Z](?:I[ABGJLW]|[JOUX]I|[A-HJ-PR-Y]Z) ?[1-9][0-9]{0,3}"),
    ],
};

const fn old_mark(pattern: &'static str) -> Shape {
    Shape { context: REGISTRATION_WORDS, ..Shape::number(pattern, |_| true, 200) }
}

/// NHS Data Model and Dictionary: weights 10 to 2, check digit 11 less the sum mod 11; 10 is never given.
fn is_nhs(text: &str) -> bool {
    let digits = digits(text);
    let sum = weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    digits.get(9) == Some(&((11 - sum % 11) % 11)) && sum > 0
}

/// HM Revenue & Customs, National Insurance Manual NIM39110.
fn is_nino(text: &str) -> bool {
    !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].iter().any(|unused| text.starts_with(unused))
}

/// Driver and Vehicle Licensing Agency: five of the surname, filled with nines; decade, month (50 more for women), day and
/// year of birth; initials, a nine for none.
fn is_driver_number(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let (Some(surname), Some(born), Some(initials)) = (plain.get(..5), plain.get(5..11), plain.get(11..13)) else {
        return false;
    };
    let filled = |name: &[u8]| name.iter().skip_while(|byte| **byte != b'9').all(|byte| *byte == b'9');
    let two =
        |at: usize| born.get(at..at + 2).map_or(0, |two| u32::from(two[0] - b'0') * 10 + u32::from(two[1] - b'0'));
    filled(surname) && filled(initials) && matches!(two(1), 1..=12 | 51..=62) && matches!(two(3), 1..=31)
}

/// Royal Mail: the letters of an area that is in use.
fn is_postcode(text: &str) -> bool {
    let area = text.find(|char: char| char.is_ascii_digit()).and_then(|end| text.get(..end));
    area.is_some_and(|area| AREAS.split(' ').any(|known| known == area)) || text.starts_with("GIR")
}

/// INF104 of the Driver and Vehicle Licensing Agency: the age is that of March (02 on) or September (51 on).
fn is_current_mark(text: &str) -> bool {
    matches!(number(&digits(text)), 2..=49 | 51..=99)
}

/// One or two letters, a district of up to two digits or a digit and a letter; then a digit and two letters.
const POSTCODE: &str = concat!(
    r"(?:[A-PR-UWYZ](?:[0-9]{1,2}|[0-9][A-HJKPSTUW]|[A-HK-Y][0-9]{1,2}|[A-HK-Y][0-9][ABEHMNPRV-Y])",
    r" ?[0-9]|GIR ?0)[ABD-HJLNP-UW-Z]{2}"
);
const AREAS: &str = "AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX \
                     FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N \
                     NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF \
                     TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE";
const REGISTRATION_WORDS: &[&str] = &[
    "registration",
    "registration number",
    "registration mark",
    "reg",
    "reg no",
    "number plate",
    "numberplate",
    "licence plate",
    "license plate",
    "vrm",
    "vrn",
    "dvla",
];
const VEHICLE_WORDS: &[&str] = &[
    "registration",
    "reg",
    "number plate",
    "numberplate",
    "licence plate",
    "license plate",
    "plate",
    "plates",
    "vrm",
    "vrn",
    "dvla",
    "vehicle",
    "car",
    "van",
    "motorbike",
    "motorcycle",
];
const DASH: AsciiSet = AsciiSet::new("-");

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
