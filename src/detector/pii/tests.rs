//! Each format: what is found, what is not, and that a value is covered wherever it is cut. All values are made up or
//! published examples.

use super::*;
use crate::detector::format::tests::{Table, cut_anywhere, found};

/// A value of each kind, and what has to stand before it.
pub(in crate::detector) const SAMPLES: &[(&str, &str, &str)] = &[
    ("EMAIL_ADDRESS", "Write to ", "jane.doe+news@mail.example.co.uk"),
    ("PHONE_NUMBER", "Call ", "+44 20 7946 0958"),
    ("PHONE_NUMBER", "Call ", "+1-903-140-4508x769"),
    ("PHONE_NUMBER", "Call ", "(212) 555-0142"),
    ("PHONE_NUMBER", "My phone is ", "2125550142"),
    ("CREDIT_CARD", "Pay with ", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "Pay with ", "378282246310005"),
    ("CREDIT_CARD", "Pay with ", "5555-5555-5555-4444"),
    ("IBAN_CODE", "Send it to ", "GB82 WEST 1234 5698 7654 32"),
    ("IBAN_CODE", "Send it to ", "DE89370400440532013000"),
    ("CRYPTO", "Send it to ", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("CRYPTO", "Send it to ", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("CRYPTO", "Send it to ", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("IP_ADDRESS", "Ping ", "203.0.113.42"),
    ("IP_ADDRESS", "Ping ", "2001:db8:85a3::8a2e:370:7334"),
    ("MAC_ADDRESS", "The card ", "00:1B:44:11:3A:B7"),
    ("US_SSN", "My number is ", "219-09-9999"),
    ("US_SSN", "SSN: ", "219099999"),
    ("US_ITIN", "My number is ", "912-70-1234"),
    ("UK_NHS", "NHS number ", "943 476 5919"),
    ("UK_NINO", "I am ", "AB 12 34 56 C"),
    ("DE_TAX_ID", "Meine Steuer-ID: ", "86095742719"),
    ("ES_NIF", "Soy ", "12345678Z"),
    ("ES_NIF", "Soy ", "X1234567L"),
    ("FR_NIR", "Mon ", "1 85 05 78 006 084 91"),
    ("URL", "See ", "https://example.com/a?b=c#d"),
    ("UUID", "Id ", "123e4567-e89b-12d3-a456-426614174000"),
    ("DATE_TIME", "She was born on ", "1985-11-18"),
    ("DATE_TIME", "Date of birth: ", "July 27, 1988"),
];

#[test]
fn every_shape_parses_and_every_format_has_a_sample() {
    for format in FORMATS {
        assert!(SAMPLES.iter().any(|(name, ..)| *name == format.name), "{} has no sample", format.name);
        for shape in format.shapes {
            assert!(shape.compile(format, 0, &Vec::new().into()).is_some(), "{}", shape.pattern);
        }
    }
}

#[test]
fn each_is_found_and_cut_anywhere() {
    for (entity, before, value) in SAMPLES {
        let rule = format!("pii: {{ entities: [{entity}], regions: [US] }}");
        assert_eq!(found(&rule, &format!("{before}{value}, please.")), [*value], "{entity}");
        cut_anywhere(&rule, before, value, value, ", please.");
    }
}

#[test]
fn what_fails_its_check_is_none() {
    for text in [
        "4111 1111 1111 1112 and 1234567812345670 and 0000000000000000",
        "GB82 WEST 1234 5698 7654 33",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "127.0.0.1 and 0.0.0.0 and 300.1.1.1 and version 1.2.3.4.5",
        "std::vector::begin and a::b::c at 12:30:45",
        "000-12-3456 and 666-12-3456 and 219-00-9999 and 2219-09-9999",
        "BG123456C",
        "12345678A",
        "12 apples, 3.14159265358979, 2024-11-25, 1,000,000 and 10000000000",
        "bob@localhost or @home or a@b",
        "order 219099999",
    ] {
        assert_eq!(found("pii: { regions: [US] }", text), [""; 0], "{text}");
    }
}

#[test]
fn national_forms_are_found_for_the_rules_regions_alone() {
    let text = "Call 020 7946 0958 or 06 12 34 56 78";
    assert_eq!(found("pii: { entities: [PHONE_NUMBER] }", text), [""; 0]);
    assert_eq!(found("pii: { entities: [PHONE_NUMBER], regions: [GB] }", text), ["020 7946 0958"]);
    assert_eq!(found("pii: { entities: [PHONE_NUMBER], regions: [FR] }", text), ["06 12 34 56 78"]);
}

#[test]
fn context_words_lift_a_score_from_either_side() {
    let found = |text: &str| found("pii: { entities: [US_SSN] }", text).len();
    assert_eq!(found("my ssn is 219099999"), 1);
    assert_eq!(found("219099999 is my social security number"), 1);
    assert_eq!(found(&format!("my ssn {} 219099999", "and so on ".repeat(8))), 0);
    assert_eq!(found("the ssnx 219099999"), 0);
}

#[test]
fn thresholds_and_allow_lists() {
    let dates = "due 2024-11-25";
    assert_eq!(found("pii: { entities: [DATE_TIME] }", dates), [""; 0]);
    assert_eq!(found("pii: { entities: [DATE_TIME], score_threshold: 0.3 }", dates), ["2024-11-25"]);
    let rule =
        r#"pii: { entities: [EMAIL_ADDRESS, CREDIT_CARD], allow_list: ["help@acme.com", "4111 1111 1111 1111"] }"#;
    assert_eq!(found(rule, "Help@acme.com, xhelp@acme.com"), ["xhelp@acme.com"]);
    assert_eq!(found(rule, "4111 1111 1111 1111 4111111111111111"), ["4111111111111111"]);
}

#[test]
fn us_ssn() {
    Table {
        detect: "pii: { entities: [US_SSN] }",
        written: "SSN {}",
        valid: &[
            "219-09-9999",
            "001-01-0001",
            "899-99-9999",
            "665-12-3456",
            "667-12-3456",
            "457-55-5462",
            "078 05 1121",
            "219.09.9998",
            "536221234",
            "123-45-6788",
        ],
        invalid: &[
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "999-99-9999",
            "219-00-9999",
            "219-09-0000",
            "2219-09-9999",
            "219-09-99990",
            "219-9-99999",
            "21-909-9999",
            "219-09-9999-1",
            "X219-09-9999",
        ],
    }
    .check();
}
