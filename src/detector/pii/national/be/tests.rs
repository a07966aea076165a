//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[("BE_NATIONAL_NUMBER", "Ik ben ", "85.07.30-033.28")];

#[test]
fn be_national_number() {
    Table {
        detect: "pii: { entities: [BE_NATIONAL_NUMBER] }",
        written: "Rijksregisternummer {}",
        valid: &[
            "85.07.30-033.28",
            "79.08.15-241.54",
            "68.10.25-839.06",
            "14.03.26-485.49",
            "12.02.03-132.73",
            "62.27.12-094.67",
            "91.48.17-523.50",
            "82010265247",
            "04022432255",
            "89 12 17 082 03",
            "430913-669-04",
        ],
        invalid: &[
            "85.07.30-033.29",
            "90030187834",
            "90.03.01-878.34",
            "85.13.30-033.70",
            "85.07.32-033.65",
            "85.60.30-033.11",
            "85.07.30-000.61",
            "85.07.30-999.32",
            "9003018783",
            "900301878331",
            "N90030187833",
            "90.03.01-878.33-1",
            "1.90.03.01-878.33",
        ],
    }
    .check();
}
