//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn ca_sin() {
    Table {
        detect: "pii: { entities: [CA_SIN] }",
        written: "Social insurance number {}",
        valid: &[
            "707-495-289",
            "531-436-673",
            "440-206-795",
            "401-687-736",
            "713 228 179",
            "180 023 905",
            "642 486 112",
            "148 936 438",
            "790084743",
            "337838304",
            "440037612",
            "912345675",
        ],
        invalid: &[
            "336537056",
            "336-537-056",
            "336 537 056",
            "012345674",
            "812345676",
            "046 454 286",
            "33653705",
            "3365370550",
            "C336537055",
            "336-537-055-1",
            "33-6537055",
            "336/537/055",
            "336-537 055",
        ],
    }
    .check();
}
