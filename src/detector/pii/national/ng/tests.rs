//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn ng_nin() {
    Table {
        detect: "pii: { entities: [NG_NIN] }",
        written: "NIN: {}",
        valid: &[
            "32032711246",
            "50085997987",
            "42000806232",
            "11098326389",
            "96928414078",
            "16671723143",
            "11540486844",
            "4180 243 3253",
            "7593 687 7800",
            "7394 369 9192",
            "3001-192-5200",
        ],
        invalid: &[
            "02010195381",
            "08031234567",
            "1201019538",
            "120101953811",
            "N12010195381",
            "12010195381x",
            "12010195381-1",
            "1.12010195381",
            "120 10195381",
            "1201 0195381",
            "1201/019/5381",
            "1201 019-5381",
        ],
    }
    .check();
}

#[test]
fn ng_vehicle_registration() {
    Table {
        detect: "pii: { entities: [NG_VEHICLE_REGISTRATION] }",
        written: "Plate number {}",
        valid: &[
            "ABC-123DE",
            "KJA-456AA",
            "LND 789XY",
            "GWA123KJ",
            "BDG-001AB",
            "EPE-777ZZ",
            "FST 210CD",
            "MUS-345QR",
            "AGL-908EF",
            "JJJ654GH",
        ],
        invalid: &[
            "AB-123DE",
            "ABCD-123DE",
            "ABC-12DE",
            "ABC-1234DE",
            "ABC-123D",
            "ABC-123DEF",
            "abc-123de",
            "ABC_123DE",
            "AIC-123DE",
            "AOC-123DE",
            "ABC-123-4E",
            "123-ABCDE",
        ],
    }
    .check();
}
