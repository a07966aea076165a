//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] =
    &[("SE_PERSONNUMMER", "Jag är ", "811228-9874"), ("SE_ORGANISATIONSNUMMER", "Org.nr ", "556703-7485")];

#[test]
fn se_personnummer() {
    Table {
        detect: "pii: { entities: [SE_PERSONNUMMER] }",
        written: "Personnummer: {}",
        valid: &[
            "480609-4993",
            "470116-0741",
            "421207-7483",
            "660815-7183",
            "550503-7043",
            "8802278740",
            "197904071912",
            "19481217-4524",
            "950564-5375",
            "199207612079",
            "121212-1212",
            "811228-9874",
            "780604+5055",
        ],
        invalid: &[
            "8707102657",
            "780604-5056",
            "198707102657",
            "121212-1213",
            "851301-1232",
            "8512321236",
            "8512001234",
            "8512921233",
            "780604-505",
            "780604-50551",
            "17780604-5055",
            "A780604-5055",
            "780604-5055-1",
            "12-1212-1212",
        ],
    }
    .check();
}

#[test]
fn se_organisationsnummer() {
    Table {
        detect: "pii: { entities: [SE_ORGANISATIONSNUMMER] }",
        written: "Organisationsnummer {}",
        valid: &[
            "556703-7485",
            "212000-0142",
            "353669-1565",
            "942410-4231",
            "367356-0680",
            "633067-9249",
            "504276-5445",
            "348347-8610",
            "2233878376",
            "3782833127",
            "163835354931",
        ],
        invalid: &[
            "556703-7486",
            "1686836452",
            "168683-6452",
            "5513037480",
            "4513037483",
            "0557037488",
            "168683645",
            "16868364510",
            "B1686836451",
            "151686836451",
            "168-6836451",
            "168683-6451-1",
            "55-67037485",
        ],
    }
    .check();
}
