//! What is found and what is not. All values are made up or published examples.

mod metadata;

use super::*;
use crate::detector::format::tests::{Table, found};
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[
    ("PHONE_NUMBER", "Call ", "+44 20 7946 0958"),
    ("PHONE_NUMBER", "Call ", "+1-903-140-4508x769"),
    ("PHONE_NUMBER", "Call ", "(212) 555-0142"),
    ("PHONE_NUMBER", "My phone is ", "2125550142"),
    ("PHONE_NUMBER", "Call ", "0044 20 7946 0958"),
];

#[test]
fn with_a_countrys_code() {
    Table {
        detect: "pii: { entities: [PHONE_NUMBER] }",
        written: "{}",
        valid: &[
            "+1 212-555-0142",
            "+12125550142",
            "+1 (212) 555-0142 ext. 12",
            "+44 (0)20 7946 0958",
            "+33 6 12 34 56 78",
            "+49 (0) 30/1234567",
            "+49 151 12345678",
            "+39 06 1234567",
            "+81-90-1234-5678",
            "+86 138 0013 8000",
            "+91 98765 43210",
            "+55 11 91234-5678",
            "+683 4000",
            "+800 1234 5678",
            "+7 (495) 123-45-67",
        ],
        invalid: &[
            "+1 112-555-0142",
            "+1 212-555-014",
            "+1 212-555-01422",
            "+33 6 12 34 56",
            "+33 0612345678",
            "+44 20 7946 095",
            "+210 123 4567",
            "+999 123 456 789",
            "+86 138001",
            "+1 (212 555-0142",
            "+1 2125550142x1234567",
            "++12125550142",
            "a+12125550142",
            "+12125550142a",
            "212-555-0142",
        ],
    }
    .check();
}

#[test]
fn in_groups_at_home() {
    Table {
        detect: "pii: { entities: [PHONE_NUMBER], regions: [US, GB, DE, FR, TR, RU, HU, BY, JP] }",
        written: "{}",
        valid: &[
            "(212) 555-0142",
            "212.555.0142",
            "1-212-555-0142 x12",
            "020 7946 0958",
            "(01632) 960 001",
            "07700 900123",
            "030 / 12 34 56 78",
            "0151-12345678",
            "089/1234567",
            "06 12 34 56 78",
            "01.23.45.67.89",
            "0 (212) 555 12 34",
            "8 (495) 123-45-67",
            "06-30-123-4567",
            "8 029 491-19-11",
            "03-1234-5678",
            "090-1234-5678",
        ],
        invalid: &[
            "112-555-0142",
            "21-2555-0142",
            "2125550142",
            "212 55 50142",
            "00 12 34 56 78",
            "06 12 34 56 7",
            "0612345678",
            "212.113.10.42",
            "2024-11-25",
            "25/11/2024",
            "2024-11-25-1234",
            "(212 555-0142",
            "212) 555-0142",
            "v212-555-0142",
            "212-555-0142a",
            "1.212-555-0142-9",
        ],
    }
    .check();
}

#[test]
fn in_one_piece_or_short_beside_a_word() {
    Table {
        detect: "pii: { entities: [PHONE_NUMBER], regions: [US, DE, FR, SG, NO, KI, BO, JP] }",
        written: "Telefon: {}",
        valid: &[
            "2125550142",
            "12125550142",
            "03012345678",
            "015112345678",
            "0612345678",
            "8123 4567",
            "22 12 34 56",
            "72001234",
            "71234567",
            "09012345678",
            "0049 30 1234567",
        ],
        invalid: &[
            "1125550142",
            "212555014",
            "212555014233",
            "00612345678",
            "2024-11-25",
            "25.11.2024",
            "0000 4567",
            "A2125550142",
            "2125550142A",
            "2125550142-1",
            "3.2125550142",
            "0099 30 1234567",
        ],
    }
    .check();
}

#[test]
fn every_region_is_known_by_its_name() {
    let known: Vec<&str> = regions().collect();
    assert!(
        known.len() > 240 && known.iter().all(|id| id.len() == 2 && id.bytes().all(|byte| byte.is_ascii_uppercase()))
    );
    assert!(found("pii: { entities: [PHONE_NUMBER], regions: [NZ] }", "Ring 021 123 4567") == ["021 123 4567"]);
}
