//! Brazil.

use crate::detector::AsciiSet;
use crate::detector::format::{Format, Shape};
use crate::detector::pii::Example;
use crate::detector::pii::checksum::{digits, weighted};

/// What is looked for.
pub(in crate::detector::pii) const FORMATS: &[&Format] = &[&BR_CPF, &BR_CNPJ];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("BR_CPF", "Sou ", "111.444.777-35"),
    ("BR_CPF", "Meu CPF: ", "05520340960"),
    ("BR_CNPJ", "A empresa ", "12.ABC.345/01DE-35"),
];

const BR_CPF: Format = Format {
    name: "BR_CPF",
    entity: "BR_CPF",
    summary: "a Brazilian CPF (two check digits mod 11; in one piece beside a word)",
    usual: true,
    shapes: &[
        Shape { joiners: JOINERS, ..Shape::number(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", is_cpf, 900) },
        Shape {
            joiners: JOINERS,
            context: &["cpf", "cpf/mf", "cadastro de pessoas", "cadastro de pessoa", "contribuinte", "tax id"],
            ..Shape::number(r"[0-9]{3}[ .]?[0-9]{3}[ .]?[0-9]{3}[ -]?[0-9]{2}", is_cpf, 350)
        },
    ],
};

const BR_CNPJ: Format = Format {
    name: "BR_CNPJ",
    entity: "BR_CNPJ",
    summary: "a Brazilian CNPJ, digits alone or with letters as from 2026 on (two check digits mod 11)",
    usual: false,
    shapes: &[
        Shape {
            joiners: JOINERS,
            ..Shape::number(r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}", is_cnpj, 900)
        },
        Shape {
            joiners: JOINERS,
            context: &["cnpj", "cnpj/mf", "cadastro nacional", "pessoa jurídica", "pessoa juridica"],
            ..Shape::number(r"[0-9A-Z]{8}/?[0-9A-Z]{4}-?[0-9]{2}", is_cnpj, 350)
        },
    ],
};

/// Receita Federal: both check digits are the remainder mod 11 taken from 11, 0 for 10 and 11. One digit eleven times
/// passes and is none.
fn is_cpf(text: &str) -> bool {
    let digits = digits(text);
    digits.len() == 11
        && digits.iter().any(|digit| digits.first() != Some(digit))
        && check(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) == digits[9]
        && check(&digits[..10], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == digits[10]
}

/// Receita Federal, Instrução Normativa 2.229/2024: a letter counts as its ASCII code less 48, as digits do.
fn is_cnpj(text: &str) -> bool {
    let values: Vec<u32> = text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| u32::from(byte - b'0')).collect();
    values.len() == 14
        && values.iter().any(|value| values.first() != Some(value))
        && check(&values[..12], &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == values[12]
        && check(&values[..13], &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == values[13]
}

fn check(values: &[u32], weights: &[u32]) -> u32 {
    match weighted(values, weights) % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    }
}

const JOINERS: AsciiSet = AsciiSet::new("-./");

#[cfg(test)]
pub(in crate::detector::pii) mod tests;
