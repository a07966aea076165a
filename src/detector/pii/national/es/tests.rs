//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn es_nif() {
    Table {
        detect: "pii: { entities: [ES_NIF] }",
        written: "DNI {}",
        valid: &[
            "12345678Z",
            "13145595Z",
            "09973237T",
            "87387787T",
            "13459443-G",
            "12808624-Q",
            "36259945 P",
            "24.189.628-E",
            "10.509.320 E",
            "86.788.208P",
            "M9215573W",
            "M9417375W",
        ],
        invalid: &[
            "13145595G",
            "09973237L",
            "87387787K",
            "12345678I",
            "12345678O",
            "00000000T",
            "13459443",
            "12808624QA",
            "A36259945P",
            "124189628E",
            "105093E",
            "86.788.208-N",
            "Z7679883G",
        ],
    }
    .check();
}

#[test]
fn es_nie() {
    Table {
        detect: "pii: { entities: [ES_NIE] }",
        written: "Soy {}",
        valid: &[
            "X1234567L",
            "Z1234567R",
            "Z0982570S",
            "Z0949513D",
            "X5497011B",
            "Z0546842E",
            "Y-5955567-F",
            "Y-4047162-G",
            "Z 5161302 S",
            "Z2261690-J",
            "Z7991234G",
        ],
        invalid: &[
            "Z0982570T",
            "Z0949513M",
            "X5497011H",
            "Z0546842C",
            "Y5955567G",
            "W1234567L",
            "X1234567I",
            "Z5161302",
            "Z2261690JA",
            "AZ7991234G",
            "Z927950P",
            "69190905M",
            "Z-0607926-C",
        ],
    }
    .check();
}

#[test]
fn es_passport() {
    Table {
        detect: "pii: { entities: [ES_PASSPORT] }",
        written: "Pasaporte {}",
        valid: &[
            "PAA123456",
            "XDB654321",
            "PJM616278",
            "LEJ015585",
            "CDW558987",
            "RXC032442",
            "FEJ075137",
            "YRE100326",
            "YR065268",
            "IY334613",
            "KA036635",
        ],
        invalid: &[
            "123456789",
            "A1234567",
            "PAAA123456",
            "PAA12345",
            "PAA1234567",
            "AA1234567",
            "PAA123456A",
            "1PAA123456",
            "PAA-12345",
            "paa123456",
            "P12345678",
            "AA12345",
        ],
    }
    .check();
}
