//! Belgium.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::digits;

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&BE_NATIONAL_NUMBER];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("BE_NATIONAL_NUMBER", "Ik ben ", "85.07.30-033.28")];

const BE_NATIONAL_NUMBER: Format = Format {
    name: "BE_NATIONAL_NUMBER",
    entity: "BE_NATIONAL_NUMBER",
    summary: "a Belgian national or bis number (date of birth, checksum mod 97; in one piece beside a word)",
    usual: true,
    shapes: &[
        Shape {
            joiners: JOINERS,
            ..Shape::number(r"[0-9]{2}\.(?:[024][0-9]|[135][0-2])\.[0-3][0-9]-[0-9]{3}[.-][0-9]{2}", is_national, 800)
        },
        Shape {
            joiners: JOINERS,
            context: &[
                "rijksregister",
                "rijksregisternummer",
                "rijksregisternr",
                "insz",
                "insz-nummer",
                "bisnummer",
                "registre national",
                "numéro national",
                "numéro de registre national",
                "niss",
                "nationalregisternummer",
                "national number",
                "national register number",
                "nrn",
            ],
            ..Shape::number(
                r"[0-9]{2}[ .]?(?:[024][0-9]|[135][0-2])[ .]?[0-3][0-9][ -]?[0-9]{3}[ .-]?[0-9]{2}",
                is_national,
                400,
            )
        },
    ],
};

/// Rijksregister: 97 less the remainder of the first nine digits, with a 2 before them for those born from 2000 on. The
/// month is 20 or 40 more for a bis number, nothing where the date of birth is not known.
fn is_national(text: &str) -> bool {
    let digits: u64 = digits(text).iter().fold(0, |number, &digit| number * 10 + u64::from(digit));
    let (body, check) = (digits / 100, digits % 100);
    let (day, serial) = (body / 1000 % 100, body % 1000);
    day <= 31 && matches!(serial, 1..=998) && [body, 2_000_000_000 + body].iter().any(|body| check == 97 - body % 97)
}

const JOINERS: AsciiSet = AsciiSet::new("-./");

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
