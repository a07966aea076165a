//! Dates. Most are nobody's: only beside a word about birth do they count, unless a rule lowers its threshold.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;

/// What is looked for.
pub(super) const FORMATS: &[&Format] = &[&DATE_TIME];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("DATE_TIME", "She was born on ", "1985-11-18"),
    ("DATE_TIME", "Date of birth: ", "July 27, 1988"),
    ("DATE_TIME", "Nata il ", "3 maggio 1990"),
    ("DATE_TIME", "Geboren am ", "7. Mai 1971"),
];

const DATE_TIME: Format = Format {
    name: "DATE_TIME",
    entity: "DATE_TIME",
    summary: "a date (day and month in range), beside a word about birth unless the threshold is 0.3 or less",
    usual: false,
    shapes: &[
        // With or without the time, as ISO 8601 has it.
        date(concat!(
            r"(?:19|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12][0-9]|3[01])",
            r"(?:[T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?(?:Z|[+-][0-2][0-9]:?[0-5][0-9])?)?"
        )),
        Shape {
            valid: has_month,
            ..date(r"(?:0?[1-9]|[12][0-9]|3[01])[-/.](?:0?[1-9]|[12][0-9]|3[01])[-/.](?:(?:19|20)[0-9]{2}|[0-9]{2})")
        },
        date(concat!(
            r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|",
            r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.? (?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?,? (?:19|20)[0-9]{2}"
        )),
        date(concat!(
            r"(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th|\.)? (?:of )?",
            r"(?i:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|",
            r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?,? (?:19|20)[0-9]{2}"
        )),
        // French, Spanish, Italian.
        date(concat!(
            r"(?:1er|0?[1-9]|[12][0-9]|3[01])º? (?:de )?",
            r"(?i:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|",
            r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre|",
            r"gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre) (?:de |del )?(?:19|20)[0-9]{2}"
        )),
    ],
};

const fn date(pattern: &'static str) -> Shape {
    Shape { context: BIRTH, joiners: AsciiSet::new("-/."), ..Shape::number(pattern, |_| true, 300) }
}

/// Of day and month, in either order, one must be a month.
fn has_month(text: &str) -> bool {
    text.split(['-', '/', '.']).take(2).any(|part| part.parse::<u8>().is_ok_and(|part| part <= 12))
}

const BIRTH: &[&str] = &[
    "born",
    "birth",
    "birthday",
    "birthdate",
    "birth date",
    "date of birth",
    "dob",
    "d.o.b",
    "geboren",
    "geb",
    "geburtstag",
    "geburtsdatum",
    "né le",
    "née le",
    "naissance",
    "date de naissance",
    "fecha de nacimiento",
    "nacimiento",
    "nacido",
    "nacida",
    "data di nascita",
    "nascita",
    "nato",
    "nata",
];

#[cfg(test)]
pub(super) mod tests;
