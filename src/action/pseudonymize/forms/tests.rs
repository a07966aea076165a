#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::Ipv4Addr;

use super::placeholder;

fn bits(seed: u8) -> [u8; 32] {
    std::array::from_fn(|at| (at as u8).wrapping_mul(37).wrapping_add(seed.wrapping_mul(101)) ^ seed.rotate_left(3))
}

fn of(entity: &str, value: &str) -> String {
    placeholder(entity, value, &bits(7), false)
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|char| char.to_digit(10)).collect()
}

/// What stands where: digits as `9`, small letters as `a`, capitals as `A`.
fn shape(text: &str) -> String {
    let class = |char: char| match char {
        '0'..='9' => '9',
        'a'..='z' => 'a',
        'A'..='Z' => 'A',
        other => other,
    };
    text.chars().map(class).collect()
}

#[test]
fn addresses_are_of_domains_that_are_nobodys() {
    for seed in 0..50 {
        let address = placeholder("EMAIL_ADDRESS", "jane.doe@corp.com", &bits(seed), false);
        let (local, domain) = address.split_once('@').unwrap();
        assert!(["example.com", "example.net", "example.org"].contains(&domain), "{address}");
        assert!(local.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'), "{address}");
    }
}

#[test]
fn numbers_are_those_of_films_and_keep_their_form() {
    for (value, start) in [
        ("+1 212 867 5309", "+1 "),
        ("(212) 867-5309", "("),
        ("1-212-867-5309", "1-"),
        ("+44 20 7123 4567", "+44 "),
        ("07911 123456", "07700 900"),
        ("+33 6 12 34 56 78", "+33 "),
        ("+49 30 12345678", "+49 "),
        ("+61 412 345 678", "+61 "),
        ("001 212 867 5309", "001 "),
        ("(212) 867-5309 x12", "("),
    ] {
        let number = of("PHONE_NUMBER", value);
        assert_eq!(shape(&number), shape(value), "{number}");
        assert!(number.starts_with(start), "{number}");
        if digits(value).len() == 10 {
            assert_eq!(digits(&number)[3..8], [5, 5, 5, 0, 1], "{number}");
        }
    }
    // Nothing is known to be set aside there.
    let elsewhere = of("PHONE_NUMBER", "+34 612 345 678");
    assert!(elsewhere.starts_with("+1 ") && elsewhere.contains(" 555 01"), "{elsewhere}");
}

#[test]
fn cards_and_accounts_keep_form_and_checksum_and_have_no_issuer() {
    let card = of("CREDIT_CARD", "4111 1111-1111 1111");
    assert_eq!(shape(&card), "9999 9999-9999 9999");
    assert!(card.starts_with("9999"), "{card}");
    let sum: u32 = digits(&card)
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    assert_eq!(sum % 10, 0, "{card}");
    assert_eq!(digits(&of("CREDIT_CARD", "378282246310005")).len(), 15);

    let account = of("IBAN_CODE", "GB29 NWBK 6016 1331 9268 19");
    assert_eq!(shape(&account), "AA99 AAAA 9999 9999 9999 99");
    assert!(account.starts_with("XX"), "{account}");
    let plain: Vec<char> = account.chars().filter(char::is_ascii_alphanumeric).collect();
    let rest = plain[4..].iter().chain(&plain[..4]).fold(0, |rest, char| {
        let value = char.to_digit(36).unwrap();
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    });
    assert_eq!(rest, 1, "{account}");
}

#[test]
fn hosts_are_those_of_documentation() {
    for seed in 0..50 {
        let address: Ipv4Addr = placeholder("IP_ADDRESS", "93.184.216.34", &bits(seed), false).parse().unwrap();
        assert!(address.is_documentation(), "{address}");
    }
    assert!(of("IP_ADDRESS", "2606:2800:220:1::1").starts_with("2001:db8:"));
    assert!(of("IP_ADDRESS", "2606:2800:220:1::1").parse::<std::net::Ipv6Addr>().is_ok());
    assert!(of("MAC_ADDRESS", "3c-22-fb-01-02-03").starts_with("00-00-5E-00-53-"));
}

#[test]
fn numbers_of_people_are_never_given_to_any() {
    assert!(of("US_SSN", "536-22-1234").starts_with("000-"));
    assert!(of("US_ITIN", "912-70-1234").starts_with('9'));
    assert!(digits(&of("US_ITIN", "912-70-1234"))[3] < 5);
    assert!(of("UK_NHS", "943 476 5919").starts_with("999 "));
    assert!(of("UK_NINO", "AB 12 34 56 C").starts_with("QQ "));
    assert_eq!(shape(&of("UK_NINO", "AB123456C")), "AA999999A");
    assert!(of("DE_TAX_ID", "86 095 742 719").starts_with('0'));
    assert!(of("ES_NIF", "12345678Z").ends_with('U'));
    assert!(of("FR_NIR", "1 85 05 78 006 084 91").starts_with("9 "));
    assert!(of("CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7").starts_with("0x00000000"));
    assert!(of("CRYPTO", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT").starts_with("tb1q"));
    assert_eq!(shape(&of("UUID", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")).len(), 36);
}

#[test]
fn what_has_no_form_gets_its_name_and_nothing_that_markup_reads() {
    let name = of("PERSON", "Jane Doe");
    assert!(name.starts_with("PERSON-") && name.len() == 19, "{name}");
    assert!(of("employee_numbers", "EMP-123").starts_with("EMPLOYEE-NUMBERS-"));
    assert!(of("ключ", "x").starts_with("PRIVATE-"));
    for (entity, value) in [("EMAIL_ADDRESS", "a@b.co"), ("X", "y"), ("IBAN_CODE", "DE89370400440532013000")] {
        let text = of(entity, value);
        assert!(!text.contains(|char: char| "_*`~<>[]\"\\&|".contains(char) || !char.is_ascii()), "{text}");
    }
}
