//! Dates. Most are nobody's: only beside a word about birth do they count, unless a rule lowers its threshold.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};

/// What is looked for.
pub(super) const FORMATS: &[&Format] = &[&DATE_TIME];

const DATE_TIME: Format = Format {
    name: "DATE_TIME",
    entity: "DATE_TIME",
    summary: "a date (day and month in range), beside a word about birth unless the threshold is 0.3 or less",
    usual: false,
    shapes: &[
        date(r"(?:19|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12][0-9]|3[01])"),
        date(r"(?:0?[1-9]|[12][0-9]|3[01])[-/.](?:0?[1-9]|[12][0-9]|3[01])[-/.](?:(?:19|20)[0-9]{2}|[0-9]{2})"),
        date(concat!(
            r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|",
            r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.? (?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?,? (?:19|20)[0-9]{2}"
        )),
        date(concat!(
            r"(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th|\.)? (?:of )?",
            r"(?i:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|",
            r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?,? (?:19|20)[0-9]{2}"
        )),
    ],
};

const fn date(pattern: &'static str) -> Shape {
    Shape { context: BIRTH, joiners: AsciiSet::new("-/"), ..Shape::number(pattern, |_| true, 300) }
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
    "nacimiento",
    "nacido",
    "nacida",
    "nascita",
    "nato",
    "nata",
];

#[cfg(test)]
pub(super) mod tests;
