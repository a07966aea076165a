//! Each format: what is found, what is not, and that a value is covered wherever it is cut. All values are made up or
//! published examples.

use super::*;
use crate::detector::format::tests::{cut_anywhere, found};

pub(in crate::detector) fn samples() -> impl Iterator<Item = &'static Example> {
    FAMILIES.iter().flat_map(|(_, examples)| examples.iter())
}

#[test]
fn every_shape_parses_and_every_format_has_a_sample() {
    for format in formats() {
        assert!(samples().any(|(name, ..)| *name == format.name), "{} has no sample", format.name);
        for shape in format.shapes {
            assert!(shape.compile(format, 0, &Vec::new().into()).is_some(), "{}", shape.pattern);
        }
    }
}

#[test]
fn each_is_found_and_cut_anywhere() {
    for (entity, before, value) in samples() {
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
fn the_documentation_lists_every_format_and_marks_those_to_be_named() {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/detectors.md"));
    for format in formats() {
        assert!(page.contains(&format!("`{}`", format.name)), "{} is missing", format.name);
        assert_eq!(page.contains(&format!("`{}` \\*", format.name)), !format.usual, "{}", format.name);
    }
}

#[test]
fn numbers_alone_are_nobodys() {
    // Eight to seventeen digits, groups of them, letters with digits: invoices, orders, parts, versions.
    for text in [
        "Order 123456789, invoice 20240917001, part AB1234567, ticket ABC1234567 and lot A12345678",
        "call sign D1234567, shelf AA123456, bin 12345678A, route 021000021, box 1234567893",
        "51 824 753 556 parts, 876 543 210 views, 2123 45670 1 and 4405 1401 359",
        "KA05MH4321 is a key on the map, AB51 ABC a cell, CA12345AB a batch",
        "My car is a BMW 320D, before it a KIA 500, a van and a vehicle with the VIN 1234",
        "yt-dl 20240917, uid 234567890124, ur number is 44051401359, documento AB1234567",
        "BB1388568, PAA123456, YA1234567 and U1A2B3C4DE",
    ] {
        assert_eq!(found("pii: {}", text), [""; 0], "{text}");
    }
}
