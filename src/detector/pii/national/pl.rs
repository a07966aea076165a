//! Poland.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, number, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&PL_PESEL];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("PL_PESEL", "PESEL ", "44051401359")];

const PL_PESEL: Format = Format {
    name: "PL_PESEL",
    entity: "PL_PESEL",
    summary: "a Polish PESEL number (date of birth, checksum mod 10, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &["pesel", "pesele", "peselu", "numer ewidencyjny", "urodzony", "urodzona"],
        ..Shape::number(r"[0-9]{2}(?:[02468][1-9]|[13579][0-2])[0-3][0-9]{6}", is_pesel, 400)
    }],
};

/// Ministerstwo Cyfryzacji: weights 1, 3, 7, 9, sum mod 10; twenty more than the month for each century.
fn is_pesel(text: &str) -> bool {
    let digits = digits(text);
    let part = |from: usize, to: usize| digits.get(from..to).map_or(0, number);
    matches!(part(2, 4) % 20, 1..=12)
        && matches!(part(4, 6), 1..=31)
        && weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
