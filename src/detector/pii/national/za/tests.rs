//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[("ZA_ID_NUMBER", "My ID number is ", "8001015009087")];

#[test]
fn za_id_number() {
    Table {
        detect: "pii: { entities: [ZA_ID_NUMBER] }",
        written: "ID number {}",
        valid: &[
            "8001015009087",
            "5012263851180",
            "8508170585198",
            "5311066819182",
            "5605136001196",
            "8012225941092",
            "8707173673080",
            "9902263783092",
            "821127 6748 097",
            "620409 6462 181",
            "911226 4534 193",
        ],
        invalid: &[
            "8001015009088",
            "7107201524185",
            "8013015009082",
            "8001325009082",
            "8001005009089",
            "8001015003981",
            "8001015009582",
            "710720152418",
            "71072015241841",
            "Z7107201524184",
            "7107201524184-1",
            "1.7107201524184",
            "710720-1524184",
        ],
    }
    .check();
}
