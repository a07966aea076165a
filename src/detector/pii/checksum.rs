//! Sums that numbers carry so that a slip of the pen shows. Each takes the digits from left to right.

use smallvec::SmallVec;

/// Digits as numbers: of most formats without a detour over the heap.
pub(super) type Digits = SmallVec<[u32; 24]>;

/// The digits of a text as numbers.
pub(super) fn digits(text: &str) -> Digits {
    text.bytes().filter(u8::is_ascii_digit).map(|digit| u32::from(digit - b'0')).collect()
}

/// Digits as one number. Of more than nine, the last ones decide.
pub(super) fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |number: u32, digit| number.wrapping_mul(10).wrapping_add(*digit))
}

/// The sum of the digits, each times its weight; digits without a weight do not count.
pub(super) fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// ISO/IEC 7812, check digit last: every second digit from the right is doubled. Nothing but zeros is no number.
pub(super) fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(at, &digit)| if at % 2 == 1 { doubled(digit) } else { digit }).sum();
    sum.is_multiple_of(10) && digits.iter().any(|&digit| digit != 0)
}

/// ISO/IEC 7064, mod 11,10, check digit last.
pub(super) fn mod_11_10(digits: &[u32]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, digit| {
        let sum = match (digit + product) % 10 {
            0 => 10,
            sum => sum,
        };
        2 * sum % 11
    });
    *check == (11 - product) % 10
}

/// J. Verhoeff, *Error Detecting Decimal Codes* (1969), check digit last: products in the group of a pentagon's symmetries.
pub(super) fn verhoeff(digits: &[u32]) -> bool {
    const SHUFFLED: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    // 0 to 4 turn the pentagon, 5 to 9 turn it over as well.
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let shuffled = |digit: u32, often: usize| {
        (0..often % 8).fold(digit, |digit, _| SHUFFLED.get(digit as usize).copied().unwrap_or(digit))
    };
    digits.iter().rev().enumerate().fold(0, |product, (at, &digit)| times(product, shuffled(digit, at))) == 0
}

/// The remainder mod 97 of letters and digits, letters as 10 to 35 (ISO/IEC 7064, ISO 13616). Others are skipped.
pub(super) fn mod_97(text: impl Iterator<Item = u8>) -> u32 {
    text.filter_map(|byte| char::from(byte).to_digit(36))
        .fold(0, |remainder, value| (remainder * if value > 9 { 100 } else { 10 } + value) % 97)
}

#[cfg(test)]
mod tests;
