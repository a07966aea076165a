//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[("DE_TAX_ID", "Meine Steuer-ID: ", "86095742719")];

#[test]
fn de_tax_id() {
    Table {
        detect: "pii: { entities: [DE_TAX_ID] }",
        written: "Steuer-ID {}",
        valid: &[
            "86095742719",
            "47036892816",
            "65929970489",
            "56334197236",
            "64213450490",
            "71533293045",
            "10653742956",
            "77520431861",
            "25798386417",
            "64 582 904 715",
            "28 195 462 735",
            "56 701 239 468",
        ],
        invalid: &[
            "56334197237",
            "64213450491",
            "71533293046",
            "10653742957",
            "77520431862",
            "12345678903",
            "11223456785",
            "11112345678",
            "01234567888",
            "6458290471",
            "281954627351",
            "A56701239468",
            "144041682798",
            "873 291 436 35",
        ],
    }
    .check();
}
