//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn sg_nric_fin() {
    Table {
        detect: "pii: { entities: [SG_NRIC_FIN] }",
        written: "I am {}",
        valid: &[
            "S7860491C",
            "T5813663D",
            "F9925320R",
            "G0225431Q",
            "M9712994T",
            "M4868486J",
            "T4339245F",
            "S2794917G",
            "G1952963R",
            "T7789648H",
            "T8312838G",
            "G8185512P",
            "G3519894L",
        ],
        invalid: &[
            "M4868486K",
            "T4339245G",
            "S2794917H",
            "G1952963S",
            "T7789648I",
            "T8313838G",
            "A4133701Z",
            "E4235581F",
            "G8185512",
            "G3519894LA",
            "AT3607838Z",
            "F074230T",
            "S-2991545H",
        ],
    }
    .check();
}

#[test]
fn sg_uen() {
    Table {
        detect: "pii: { entities: [SG_UEN] }",
        written: "UEN {}",
        valid: &[
            "00192200M",
            "197401143C",
            "S16FC0121D",
            "T01FC6132D",
            "45464233D",
            "87768506A",
            "75652639J",
            "200623563G",
            "199817102C",
            "198867774E",
            "T40GA5163C",
            "R17FC5712G",
            "T88RF3437D",
        ],
        invalid: &[
            "45464233E",
            "87768506B",
            "200623563H",
            "199817102D",
            "T40GA5163D",
            "T01AB6132D",
            "U01FC6132D",
            "210007789C",
            "62449133",
            "201003043RA",
            "AR01CC3401J",
            "1198181514M",
            "R64GA1639",
            "06900712L1",
        ],
    }
    .check();
}
