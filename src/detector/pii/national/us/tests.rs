//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[
    ("US_SSN", "My number is ", "219-09-9999"),
    ("US_SSN", "SSN: ", "219099999"),
    ("US_ITIN", "My number is ", "912-70-1234"),
];

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
