//! Japan.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&JP_MY_NUMBER];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] =
    &[("JP_MY_NUMBER", "マイナンバーは", "584924337216"), ("JP_MY_NUMBER", "My Number ", "9852-3534-1219")];

const JP_MY_NUMBER: Format = Format {
    name: "JP_MY_NUMBER",
    entity: "JP_MY_NUMBER",
    summary: "a Japanese individual number, My Number (checksum mod 11, beside a word that says so)",
    usual: true,
    shapes: &[Shape {
        joiners: AsciiSet::new("-."),
        context: &[
            "マイナンバー",
            "マイナンバーカード",
            "個人番号",
            "個人番号カード",
            "my number",
            "mynumber",
            "my-number",
            "individual number",
        ],
        ..Shape::number(r"[0-9]{4}(?:[0-9]{8}| [0-9]{4} [0-9]{4}|-[0-9]{4}-[0-9]{4})", is_my_number, 300)
    }],
};

/// Ordinance of the Ministry of Internal Affairs and Communications No. 85 of 2014: weights 6 to 2 and 7 to 2; the
/// remainder mod 11 taken from 11, 0 for 10 and 11.
fn is_my_number(text: &str) -> bool {
    let digits = digits(text);
    let remainder = weighted(&digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if remainder < 2 { 0 } else { 11 - remainder };
    digits.get(11) == Some(&check) && digits.iter().any(|&digit| digit != 0)
}

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
