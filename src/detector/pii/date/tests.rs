//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn date_time() {
    Table {
        detect: "pii: { entities: [DATE_TIME] }",
        written: "born {}",
        valid: &[
            "1985-11-18",
            "1985/1/8",
            "18.11.1985",
            "11/18/1985",
            "18/11/85",
            "07-27-1988",
            "July 27, 1988",
            "Nov. 3rd 1999",
            "27 July 1988",
            "3rd of May 2001",
            "7. März 1971",
            "1985-11-18T00:00:00Z",
            "1985-11-18 10:30",
            "1985-11-18T10:30:00.000+01:00",
            "1er mars 1980",
            "3 de mayo de 1990",
            "12 settembre 1975",
        ],
        invalid: &[
            "1985-13-18",
            "1985-11-32",
            "1985-00-10",
            "1885-11-18",
            "32/1/1985",
            "31/31/1985",
            "13.13.1985",
            "1/2/3",
            "18.11",
            "1985-11",
            "1985-11-18-1",
            "10.12.19.20",
            "Juli 27, 85",
            "July 32, 1988",
            "33 July 1988",
            "1985-11-181",
            "119/11/1985",
            "x1985-11-18",
            "27 Foo 1988",
        ],
    }
    .check();
}
