//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn uk_nhs() {
    Table {
        detect: "pii: { entities: [UK_NHS] }",
        written: "NHS number {}",
        valid: &[
            "943 476 5919",
            "419 639 6550",
            "023 776 9751",
            "756-010-3413",
            "732-478-7908",
            "1983210773",
            "3242124189",
            "7493974438",
            "9736820181",
            "4858033767",
            "4758995516",
            "8138115076",
            "2095857712",
        ],
        invalid: &[
            "4196396551",
            "0237769752",
            "7560103414",
            "7324787909",
            "324 212 4180",
            "0000000000",
            "749397443",
            "97368201810",
            "94858033767",
            "4758995516-1",
            "A8138115076",
            "2095 857 712",
            "813.811.5076",
        ],
    }
    .check();
}

#[test]
fn uk_nino() {
    Table {
        detect: "pii: { entities: [UK_NINO] }",
        written: "I am {}",
        valid: &[
            "AB123456C",
            "AB 12 34 56 C",
            "AB 123456 C",
            "AB-12-34-56-C",
            "JG103759A",
            "NP 84 02 91 D",
            "WK 44 12 70 B",
            "CE 00 00 01 A",
            "ZA765432B",
            "HM 11 22 33 C",
            "PW 90 90 90 D",
        ],
        invalid: &[
            "BG123456C",
            "GB123456C",
            "KN123456C",
            "NK123456C",
            "NT123456C",
            "TN123456C",
            "ZZ123456C",
            "DA123456C",
            "FA123456C",
            "QQ123456C",
            "AO123456C",
            "AB123456E",
            "AB12345C",
            "AB1234567C",
            "ABC123456C",
            "AB123456CD",
            "1AB123456C",
        ],
    }
    .check();
}

#[test]
fn uk_passport() {
    Table {
        detect: "pii: { entities: [UK_PASSPORT] }",
        written: "UK passport {}",
        valid: &[
            "079628498",
            "454704925",
            "202016420",
            "679089340",
            "508341569",
            "236627922",
            "WW2685710",
            "MI0828717",
            "MG9125085",
            "LM4289096",
            "PG7590199",
            "AZ6101681",
        ],
        invalid: &[
            "12345678",
            "1234567890",
            "000000000",
            "A12345678",
            "ABC123456",
            "ABC1234567",
            "AB123456",
            "AB12345678",
            "AB1234567C",
            "12345678A",
            "123456789-1",
            "1234 56789",
            "ab1234567",
        ],
    }
    .check();
}

#[test]
fn uk_driving_licence() {
    Table {
        detect: "pii: { entities: [UK_DRIVING_LICENCE] }",
        written: "Licence {}",
        valid: &[
            "MORGA753116SM9IJ",
            "MORGA 753116 SM9IJ",
            "KYMDT 061202 Z98IR",
            "YZZ99 554276 RF 7RK",
            "OVB99362052XG9GB",
            "GMM99962241BA6XC",
            "DPXOV557108DC8RA",
            "LEUI9611053GA9UU",
            "ALBH9507209IA9CZ",
            "CT999207154U97WZ",
            "ZQHJ9661096ZE9CS",
            "LEE99410249JE8OK",
            "QIL99356076999YH",
        ],
        invalid: &[
            "IJ999400225YB7JQ",
            "ENOU9413101XH9QD",
            "DW999150063KF9FV",
            "HTWVO563102MC7RB",
            "LPW99459004NG9SY",
            "XPJS9953327ZA8BW",
            "L9E99401252SG8NQ",
            "9MITH108072AA8ND",
            "IS9994110329A9QD",
            "GMM99962241BA6X",
            "DPXOV557108DC8RAA",
            "ALEUI9611053GA9UU",
            "ALBH9A07209IA9CZ",
            "CT999-207154-U97WZ",
        ],
    }
    .check();
}

#[test]
fn uk_postcode() {
    Table {
        detect: "pii: { entities: [UK_POSTCODE] }",
        written: "Postcode {}",
        valid: &[
            "SW1A 1AA", "M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT", "W1A 0AX", "EC1A 1BB", "GIR 0AA", "LS1 4DY",
            "AB10 1XG", "SW1A1AA", "DN551PT",
        ],
        invalid: &[
            "QA1 1AA",
            "VX1 1AA",
            "XX1 1AA",
            "AI1 1AA",
            "ZZ1 1AA",
            "A1 1AA",
            "SW1A 1CA",
            "SW1A AA1",
            "SW1A 11A",
            "SW1A  1AA",
            "SW1A 1AAA",
            "1SW1A 1AA",
            "W1I 1AA",
            "SW1A-1AA",
            "SW 1A",
        ],
    }
    .check();
}

#[test]
fn uk_vehicle_registration() {
    Table {
        detect: "pii: { entities: [UK_VEHICLE_REGISTRATION] }",
        written: "Car, reg. {}",
        valid: &[
            "AB51 ABC", "AB51ABC", "BD02 XYZ", "LA74 KKK", "YY24 ZZZ", "A123 BCD", "Y999ABC", "K1 TEN", "ABC 123A",
            "XYZ 1Y", "AKZ 1234", "JIG 1234",
        ],
        invalid: &[
            "AB00 ABC",
            "AB50 ABC",
            "AB01 ABC",
            "IB51 ABC",
            "AQ51 ABC",
            "AB51 AIC",
            "AB51 ABCD",
            "AAB51 ABC",
            "I123 ABC",
            "A0123 BCD",
            "A023 BCD",
            "ABC 123I",
            "ABC 1234",
            "VIN 1234",
            "SIM 2",
            "ABC 1234A",
            "AB51-ABC",
        ],
    }
    .check();
}
