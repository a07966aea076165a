//! Accounts that money is moved with: cards, bank accounts, wallets.

use sha2::{Digest as _, Sha256};

use super::checksum::{digits, luhn, mod_97};
use crate::detector::format::{Format, Shape, WORD};
use crate::detector::pii::Example;
use crate::detector::{AsciiSet, Edges};

/// What is looked for.
pub(super) const FORMATS: &[&Format] = &[&CREDIT_CARD, &IBAN_CODE, &CRYPTO];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("CREDIT_CARD", "Pay with ", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "Pay with ", "378282246310005"),
    ("CREDIT_CARD", "Pay with ", "5555-5555-5555-4444"),
    ("IBAN_CODE", "Send it to ", "GB82 WEST 1234 5698 7654 32"),
    ("IBAN_CODE", "Send it to ", "DE89370400440532013000"),
    ("CRYPTO", "Send it to ", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("CRYPTO", "Send it to ", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("CRYPTO", "Send it to ", "0x52908400098527886E0F7030069857D2E4169EE7"),
];

const CREDIT_CARD: Format = Format {
    name: "CREDIT_CARD",
    entity: "CREDIT_CARD",
    summary: "a payment card number (Luhn checksum, issuer's prefix and length)",
    usual: true,
    shapes: &[Shape { joiners: AsciiSet::new("."), ..Shape::number(r"[0-9](?:[ -]?[0-9]){11,18}", is_card, 1000) }],
};

const IBAN_CODE: Format = Format {
    name: "IBAN_CODE",
    entity: "IBAN_CODE",
    summary: "an international bank account number (country's length, checksum mod 97)",
    usual: true,
    shapes: &[Shape::number(r"[A-Z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}", is_iban, 1000)],
};

const CRYPTO: Format = Format {
    name: "CRYPTO",
    entity: "CRYPTO",
    summary: "a Bitcoin address (Base58Check or Bech32 checksum) or an Ethereum address (form)",
    usual: true,
    shapes: &[
        Shape::number(r"[13][1-9A-HJ-NP-Za-km-z]{25,34}", is_base58_address, 1000),
        Shape::number(r"(?:bc1|BC1)[02-9AC-HJ-NP-Zac-hj-np-z]{11,71}", is_bech32, 1000),
        Shape { edges: Edges { before: WORD, after: WORD }, score: 600, ..Shape::new(r"0x[0-9A-Fa-f]{40}") },
    ],
};

fn is_card(text: &str) -> bool {
    let digits = digits(text);
    issuer_allows(&digits) && luhn(&digits) && is_grouped(text)
}

/// Groups of three digits or more, with what is left at the end, or all of one length: others are lists of numbers.
fn is_grouped(text: &str) -> bool {
    let mut lengths = text.split([' ', '-']).map(str::len);
    let last = lengths.next_back();
    lengths.clone().all(|length| length >= 3) || lengths.all(|length| Some(length) == last)
}

/// Issuers' ranges, by the first four digits, and the lengths that they use.
#[expect(clippy::match_same_arms, reason = "a table with a line for each issuer")]
fn issuer_allows(digits: &[u32]) -> bool {
    let prefix = digits.iter().take(4).fold(0, |prefix, digit| prefix * 10 + digit);
    let lengths: &[usize] = match prefix {
        // Visa.
        4000..=4999 => &[13, 16, 19],
        // Mastercard.
        5100..=5599 | 2221..=2720 => &[16],
        // American Express.
        3400..=3499 | 3700..=3799 => &[15],
        // Diners Club.
        3000..=3059 | 3095 | 3800..=3999 => &[14, 16],
        3600..=3699 => &[14, 15, 16, 17, 18, 19],
        // JCB.
        3528..=3589 => &[16, 17, 18, 19],
        1800 | 2131 => &[15],
        // Discover, UnionPay.
        6011 | 6440..=6599 | 6200..=6299 => &[16, 17, 18, 19],
        // Maestro.
        5018 | 5020 | 5038 | 5600..=5899 | 6304 | 6390 | 6759 | 6761..=6763 | 604 => &[12, 13, 14, 15, 16, 17, 18, 19],
        // Mir.
        2200..=2204 => &[16, 17, 18, 19],
        _ => &[],
    };
    lengths.contains(&digits.len())
}

fn is_iban(text: &str) -> bool {
    let plain: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let (Some(country), Some((head, rest))) = (plain.get(..2), plain.split_at_checked(4)) else { return false };
    if !IBAN_LENGTHS.iter().any(|(known, length)| known.as_bytes() == country && *length == plain.len()) {
        return false;
    }
    mod_97(rest.iter().chain(head).copied()) == 1
}

fn is_base58_address(text: &str) -> bool {
    let mut bytes = [0u8; 25];
    for char in text.bytes() {
        let Some(digit) = BASE58.iter().position(|&known| known == char) else { return false };
        let mut carry = digit as u32;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let (payload, checksum) = bytes.split_at(21);
    let twice = Sha256::digest(Sha256::digest(payload));
    matches!(payload.first(), Some(0 | 5)) && twice.starts_with(checksum)
}

/// BIP 173 and BIP 350.
fn is_bech32(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if text != lower && text != text.to_ascii_uppercase() {
        return false;
    }
    let Some(data) = lower.strip_prefix("bc1") else { return false };
    let values = data.bytes().filter_map(|char| BECH32.iter().position(|&known| known == char));
    // The human-readable part `bc`, expanded.
    let polymod = [3, 3, 0, 2, 3].into_iter().chain(values).fold(1u32, |sum, value| {
        let top = sum >> 25;
        let next = ((sum & 0x01ff_ffff) << 5) ^ value as u32;
        let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        generators
            .iter()
            .enumerate()
            .fold(next, |sum, (bit, generator)| if top >> bit & 1 == 1 { sum ^ generator } else { sum })
    });
    polymod == 1 || polymod == 0x2bc8_30a3
}

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Length of an account number by country: SWIFT's IBAN registry.
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

#[cfg(test)]
pub(super) mod tests;
