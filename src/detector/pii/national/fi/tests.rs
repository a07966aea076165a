//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn fi_personal_identity_code() {
    Table {
        detect: "pii: { entities: [FI_PERSONAL_IDENTITY_CODE] }",
        written: "Olen {}",
        valid: &[
            "131052-308T",
            "271157Y263F",
            "230386U008P",
            "140876B709Y",
            "190812F3835",
            "241160+896R",
            "180666+900H",
            "220399A659D",
            "261184-436C",
            "170362+6157",
            "260578+5345",
            "130402-010E",
            "100657A787C",
        ],
        invalid: &[
            "220399A659E",
            "261184-436D",
            "170362+6158",
            "260578+5346",
            "000560A056A",
            "321090A090U",
            "220007-611P",
            "271346-161Y",
            "020488A0007",
            "270224A0018",
            "020798G325P",
            "010628/4430",
            "100657A787",
            "271058A627NA",
            "1260330+451F",
        ],
    }
    .check();
}
