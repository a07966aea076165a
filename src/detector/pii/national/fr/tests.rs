//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[
    ("FR_NIR", "Mon ", "1 85 05 78 006 084 91"),
    ("FR_CNI", "Ma carte d'identité : ", "X4RTBPFW4"),
    ("FR_CNI", "CNI ", "880692310285"),
];

#[test]
fn fr_nir() {
    Table {
        detect: "pii: { entities: [FR_NIR] }",
        written: "Mon {}",
        valid: &[
            "1 85 05 78 006 084 91",
            "278042A33220712",
            "1 01 01 2B 883 299 93",
            "192207948284156",
            "108423179059131",
            "248992855918149",
            "2 48 01 03 232 418 96",
            "1 03 05 71 187 514 87",
            "197037438111832",
            "252120615509113",
            "233075359198871",
            "172012244890031",
            "164126071208930",
        ],
        invalid: &[
            "248010323241897",
            "103057118751488",
            "197037438111833",
            "252120615509114",
            "1 72 01 22 448 900 32",
            "148007325724192",
            "134136076856539",
            "257198091271559",
            "213435106320271",
            "384037025730044",
            "950083398771658",
            "16412607120893",
            "2760277780754451",
            "1206046176976092",
            "A140123220321039",
            "2881024231081",
        ],
    }
    .check();
}

#[test]
fn fr_cni() {
    Table {
        detect: "pii: { entities: [FR_CNI] }",
        written: "Carte nationale d'identité n° {}",
        valid: &[
            "880692310285",
            "950175123456",
            "200675102345",
            "120369301234",
            "X4RTBPFW4",
            "D2H6862M2",
            "T7X62TZ79",
            "06122A123456",
            "99122B654321",
            "K8ZP27QW1",
            "0011BXY22",
        ],
        invalid: &[
            "881392310285",
            "880092310285",
            "88069231028",
            "8806923102855",
            "X4RTBPFW",
            "X4RTBPFW44",
            "x4rtbpfw4",
            "ABCDEFGHI",
            "123456789",
            "A88069231028512",
            "880692310285-1",
            "06122C123456",
            "X4 RTBPFW4",
            "ABCDEFGH1",
        ],
    }
    .check();
}
