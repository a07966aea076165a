//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn in_pan() {
    Table {
        detect: "pii: { entities: [IN_PAN] }",
        written: "Mine is {}",
        valid: &[
            "NSTAA7396C",
            "RRTBT8388O",
            "NCACE0144Z",
            "PQRFK1888O",
            "WQEGT1611E",
            "IGEHI6412P",
            "TPGJV5484Q",
            "DBPLO1934D",
            "XXCPR9807X",
            "ZVSTJ1486H",
            "ABCPE1234F",
        ],
        invalid: &[
            "GYLDE3664V",
            "ZDNEF7122X",
            "BVIKE3789A",
            "YZBZM6360U",
            "ABCPE0000F",
            "ABCPE123F",
            "ABCP1234F",
            "ABCPE12345F",
            "AABCPE1234F",
            "ABCPE1234FG",
            "ABCPE1234",
            "1BCPE1234F",
            "ABCPE-1234F",
        ],
    }
    .check();
}

#[test]
fn in_aadhaar() {
    Table {
        detect: "pii: { entities: [IN_AADHAAR] }",
        written: "Aadhaar {}",
        valid: &[
            "887375718331",
            "459153283271",
            "855655853962",
            "691823601110",
            "561870347334",
            "4977 8886 0335",
            "9359 4423 5514",
            "9531 4683 0576",
            "8747-0075-3111",
            "2326-7447-3289",
        ],
        invalid: &[
            "887375718332",
            "459153283272",
            "855655853963",
            "691823601111",
            "5619 7034 7334",
            "036898718774",
            "121506289465",
            "49778886033",
            "9359442355141",
            "A953146830576",
            "874 700 753 111",
            "2326 7447 3289 1234",
            "3765-9040-0394-1234",
            "5459.6184.7673",
        ],
    }
    .check();
}

#[test]
fn in_gstin() {
    Table {
        detect: "pii: { entities: [IN_GSTIN] }",
        written: "Invoice of {}",
        valid: &[
            "27AAPFU0939F1ZV",
            "97PMWAF6485T4ZT",
            "99EWVLD3020S3ZQ",
            "23EOITU6702Z3ZG",
            "20ZMPGN9466H6ZB",
            "28EVTHF2069R1ZZ",
            "25SNBCL8310C5ZO",
            "20UVLAH0317F1ZL",
            "09FQBGJ4300L7Z8",
            "31HDCHF4295S3ZF",
            "08BZWAZ9734A2ZB",
        ],
        invalid: &[
            "23EOITU6702Z3ZH",
            "20ZMPGN9466H6ZC",
            "28EVTHF2069R1Z0",
            "25SNBCL8310C5ZP",
            "20UVLAH0317F1ZM",
            "00DIYHP4552M8ZW",
            "39NWDBV8526E6ZD",
            "95SPLFA8117E8ZW",
            "34VFLDU1722Q7ZT",
            "01AAPFU0000F6ZS",
            "09FQBGJ4300L7Z",
            "31HDCHF4295S3ZF1",
            "A08BZWAZ9734A2ZB",
            "122FOBBZ1588X6ZB",
        ],
    }
    .check();
}

#[test]
fn in_vehicle_registration() {
    Table {
        detect: "pii: { entities: [IN_VEHICLE_REGISTRATION] }",
        written: "Car {}",
        valid: &[
            "MH12AB1234",
            "MH 12 AB 1234",
            "MH-12-AB-1234",
            "DL 3C AB 1234",
            "DL1CAA1111",
            "KA05MH4321",
            "TN 01 A 0001",
            "UP 32 KN 9876",
            "WB02AC7777",
            "22 BH 1234 AA",
            "23BH0001C",
        ],
        invalid: &[
            "XX12AB1234",
            "MH12AB123",
            "MH12AB12345",
            "MH123AB1234",
            "MHAB1234",
            "MH12ABCD1234",
            "MH12IO1234",
            "AMH12AB1234",
            "MH12AB1234A",
            "ZZ 01 A 0001",
            "22 BX 1234 AA",
            "10 BH 1234 AA",
            "22 BH 123 AA",
            "MH.12.AB.1234",
        ],
    }
    .check();
}

#[test]
fn in_voter() {
    Table {
        detect: "pii: { entities: [IN_VOTER] }",
        written: "Voter ID {}",
        valid: &[
            "WFH4039956",
            "QHR9942434",
            "UOO8279478",
            "EFC5570548",
            "JHW0672067",
            "WDZ5365719",
            "KGY7282143",
            "HBH9101278",
            "HSU4799534",
            "FKE5025626",
            "XYZ/1234567",
        ],
        invalid: &[
            "AB1234567",
            "ABCD1234567",
            "ABC123456",
            "ABC12345678",
            "ABC1234567D",
            "1BC1234567",
            "abc1234567",
            "ABC-1234567",
            "ABC 1234567",
            "1234567890",
            "A1234567",
            "_ABC1234567",
        ],
    }
    .check();
}

#[test]
fn in_passport() {
    Table {
        detect: "pii: { entities: [IN_PASSPORT] }",
        written: "Passport {}",
        valid: &[
            "U7697353",
            "O3717241",
            "K1458676",
            "A5595443",
            "P1459748",
            "D5059841",
            "E9033886",
            "H5384333",
            "A12 34567",
            "J89 12345",
            "K4567891",
        ],
        invalid: &[
            "Q1234567",
            "X1234567",
            "Z1234567",
            "A0123456",
            "A1234560",
            "A123456",
            "A12345678",
            "AB1234567",
            "12345678",
            "A1234567B",
            "a1234567",
            "A-1234567",
        ],
    }
    .check();
}
