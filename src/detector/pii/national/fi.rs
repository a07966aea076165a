//! Finland.

use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, number};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&FI_PERSONAL_IDENTITY_CODE];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[("FI_PERSONAL_IDENTITY_CODE", "Olen ", "131052-308T")];

const FI_PERSONAL_IDENTITY_CODE: Format = Format {
    name: "FI_PERSONAL_IDENTITY_CODE",
    entity: "FI_PERSONAL_IDENTITY_CODE",
    summary: "a Finnish personal identity code (date of birth, check character mod 31)",
    usual: true,
    shapes: &[Shape::number(r"[0-3][0-9][01][0-9]{3}[+A-FU-Y-][0-9]{3}[0-9A-FHJ-NPR-Y]", is_identity_code, 900)],
};

/// Digital and Population Data Services Agency: the nine digits' remainder mod 31 chooses the character. Persons have 002
/// to 899; from 900 on they are for a time only.
fn is_identity_code(text: &str) -> bool {
    let (Some(born), Some(person)) = (text.get(..6), text.get(7..10)) else { return false };
    let (born, person) = (digits(born), digits(person));
    let check = number(&[&born[..], &person].concat()) as usize % 31;
    matches!(number(&born[..2]), 1..=31)
        && matches!(number(&born[2..4]), 1..=12)
        && number(&person) >= 2
        && text.bytes().next_back() == b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(check).copied()
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
