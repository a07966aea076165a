//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[("PL_PESEL", "PESEL ", "44051401359")];

#[test]
fn pl_pesel() {
    Table {
        detect: "pii: { entities: [PL_PESEL] }",
        written: "PESEL: {}",
        valid: &[
            "44051401359",
            "02070803628",
            "16812880974",
            "59322023396",
            "17120475175",
            "88722456015",
            "15832526921",
            "00672628047",
            "63912250239",
            "70520498256",
            "38052397438",
            "24080665023",
        ],
        invalid: &[
            "15832526922",
            "00672628048",
            "63912250230",
            "70520498257",
            "31002840727",
            "13132884404",
            "34202317420",
            "90331743549",
            "57931706381",
            "66440027715",
            "49323296882",
            "2408066502",
            "382918851941",
            "A30262219843",
            "37512258663-1",
        ],
    }
    .check();
}
