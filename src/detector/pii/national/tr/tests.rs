//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn tr_national_id() {
    Table {
        detect: "pii: { entities: [TR_NATIONAL_ID] }",
        written: "TC Kimlik No: {}",
        valid: &[
            "10000000146",
            "29132742336",
            "25942594752",
            "34873949838",
            "45503262456",
            "66241805798",
            "98914865426",
            "75925517360",
            "39048449540",
            "10324966876",
            "60273900018",
        ],
        invalid: &[
            "10000000147",
            "10000000148",
            "19541858362",
            "79492359754",
            "19541858380",
            "09541858360",
            "1954185836",
            "195418583602",
            "T19541858360",
            "19541858360-1",
            "11111111111",
            "12345678901",
            "19541588360",
        ],
    }
    .check();
}
