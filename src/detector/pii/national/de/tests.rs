//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn de_tax_id() {
    Table {
        detect: "pii: { entities: [DE_TAX_ID] }",
        written: "Steuer-ID {}",
        valid: &[
            "86095742719",
            "47036892816",
            "65929970489",
            "56334197236",
            "64213450490",
            "71533293045",
            "10653742956",
            "77520431861",
            "25798386417",
            "64 582 904 715",
            "28 195 462 735",
            "56 701 239 468",
        ],
        invalid: &[
            "56334197237",
            "64213450491",
            "71533293046",
            "10653742957",
            "77520431862",
            "12345678903",
            "11223456785",
            "11112345678",
            "01234567888",
            "6458290471",
            "281954627351",
            "A56701239468",
            "144041682798",
            "873 291 436 35",
        ],
    }
    .check();
}

#[test]
fn de_id_card() {
    Table {
        detect: "pii: { entities: [DE_ID_CARD] }",
        written: "Personalausweis {}",
        valid: &[
            "L01X00T471",
            "L01X00T47",
            "T220001293",
            "T220001293D",
            "P2R98P3N44",
            "P5XJFY46G7",
            "R6KV6L2WZ8",
            "WT3M38H7Z0",
            "W7K5MPW05",
            "L0P1TWCY3",
            "XKKX416VH",
        ],
        invalid: &[
            "L01X00T472",
            "T220001294",
            "T220001294D",
            "XX69HCH8M8",
            "C01X00T47",
            "A01X00T47",
            "L01A00T47",
            "L01X00T4",
            "l01x00t47",
            "XX69HCH8M71",
            "XL01X00T47",
            "LMNPRTVWX",
            "L01X00T471E",
            "L01 X00T47",
        ],
    }
    .check();
}

#[test]
fn de_passport() {
    Table {
        detect: "pii: { entities: [DE_PASSPORT] }",
        written: "Reisepass Nr. {}",
        valid: &[
            "C01X00T478",
            "C01X00T47",
            "C01X00T478D",
            "J8LF6RKY33",
            "G6CV94NR24",
            "G3016ZKPX9",
            "KTVVPT2612",
            "KRJRX53T56",
            "CHX3R0FZ4",
            "GMV895H1C",
            "H20TGPNT4",
        ],
        invalid: &[
            "C01X00T479",
            "C01X00T479D",
            "HXHM32RK66",
            "L01X00T47",
            "A01X00T47",
            "C01A00T47",
            "C01X00T4",
            "c01x00t47",
            "HXHM32RK651",
            "XC01X00T47",
            "CFGHJKLMN",
            "C01X00T478E",
            "C01 X00T47",
        ],
    }
    .check();
}

#[test]
fn de_social_security() {
    Table {
        detect: "pii: { entities: [DE_SOCIAL_SECURITY] }",
        written: "{}",
        valid: &[
            "15070649C103",
            "65 170839 J 00 3",
            "65170839J003",
            "12210167A016",
            "89030495D275",
            "02091276H726",
            "02121285W218",
            "25210985P746",
            "02230140B092",
            "02 130559 X 92 4",
            "89 270878 B 55 7",
        ],
        invalid: &[
            "15070649C104",
            "89040681F679",
            "65 170839 J 00 4",
            "00070649C106",
            "77070649C108",
            "99070649C104",
            "15320649C102",
            "15071349C107",
            "15000649C105",
            "15070649c103",
            "89040681F67",
            "89040681F6781",
            "X89040681F678",
            "89040681678",
        ],
    }
    .check();
}

#[test]
fn de_health_insurance() {
    Table {
        detect: "pii: { entities: [DE_HEALTH_INSURANCE] }",
        written: "Krankenversichertennummer: {}",
        valid: &[
            "A123456780",
            "M749544093",
            "U959029497",
            "N366693744",
            "W054462900",
            "J292487587",
            "C887633493",
            "B673490676",
            "R 185 136 985",
            "I 857 893 336",
        ],
        invalid: &[
            "A123456781",
            "Y823075159",
            "Y823075153",
            "Y 823 075 159",
            "a123456780",
            "1234567890",
            "Y82307515",
            "Y8230751581",
            "XY823075158",
            "_Y823075158",
            "823075158Y",
            "AB23075158",
        ],
    }
    .check();
}

#[test]
fn de_tax_number() {
    Table {
        detect: "pii: { entities: [DE_TAX_NUMBER] }",
        written: "Steuernummer {}",
        valid: &[
            "93/815/08152",
            "181/815/08155",
            "21/815/08150",
            "133/8150/8159",
            "048/815/08155",
            "75/815/08152",
            "201/123/12340",
            "013/815/08153",
            "2893081508152",
            "5133081508159",
            "9181081508155",
            "1121081508150",
        ],
        invalid: &[
            "93/815/0815",
            "9/815/08152",
            "93/81/508152",
            "93-815-08152",
            "93/815/081520",
            "1933/815/08152",
            "A93/815/08152",
            "1/93/815/08152",
            "93/815/08152/1",
            "1234567890123",
            "2893181508152",
            "289308150815",
            "28930815081523",
        ],
    }
    .check();
}

#[test]
fn de_lanr() {
    Table {
        detect: "pii: { entities: [DE_LANR] }",
        written: "LANR {}",
        valid: &[
            "712590454",
            "890103197",
            "993446517",
            "992405432",
            "610008557",
            "719611045",
            "931862972",
            "533204750",
            "800487701",
            "250349397",
            "175546815",
        ],
        invalid: &[
            "762732007",
            "023195127",
            "601755537",
            "525302078",
            "724663820",
            "945247815",
            "71259045",
            "8901031971",
            "L993446517",
            "000000000",
            "992 405432",
            "610008557x",
        ],
    }
    .check();
}

#[test]
fn de_bsnr() {
    Table {
        detect: "pii: { entities: [DE_BSNR] }",
        written: "Betriebsstättennummer: {}",
        valid: &[
            "021234567",
            "171234500",
            "381111100",
            "522222200",
            "711234567",
            "781234567",
            "883456789",
            "931234567",
            "010000100",
            "203456700",
        ],
        invalid: &[
            "001234567",
            "02123456",
            "0212345678",
            "B021234567",
            "021234567x",
            "021 234567",
            "02/1234567",
            "_021234567",
            "0212-34567",
            "02123456O",
            "21234567",
            "000000000",
        ],
    }
    .check();
}

#[test]
fn de_vat_id() {
    Table {
        detect: "pii: { entities: [DE_VAT_ID] }",
        written: "{}",
        valid: &[
            "DE136695976",
            "DE812803875",
            "DE514356436",
            "DE416462047",
            "DE307858274",
            "DE184256061",
            "DE449222836",
            "DE 339119747",
            "DE 332939430",
            "DE 118 608 558",
            "DE 571 067 249",
        ],
        invalid: &[
            "DE136695977",
            "DE429502596",
            "DE 429502596",
            "DE 429 502 596",
            "DE029502595",
            "DE42950259",
            "DE4295025951",
            "de429502595",
            "AT429502595",
            "XDE429502595",
            "D429502595",
            "429502595",
        ],
    }
    .check();
}

#[test]
fn de_handelsregister() {
    Table {
        detect: "pii: { entities: [DE_HANDELSREGISTER] }",
        written: "{}",
        valid: &[
            "HRB 86891",
            "HRA 1234",
            "HRB12345",
            "HRA-4567",
            "HRB 150148",
            "HRB 42",
            "HRB 12345 B",
            "HRB 12345B",
            "HRA 999999",
            "HRB 210",
        ],
        invalid: &[
            "HRC 12345",
            "HRB 0123",
            "HRB 1",
            "HRB 1234567",
            "hrb 12345",
            "XHRB 12345",
            "HRB  12345",
            "HRB",
            "HR 12345",
            "HRB_12345",
            "HRB 12345C",
            "HRB A1234",
        ],
    }
    .check();
}

#[test]
fn de_kfz() {
    Table {
        detect: "pii: { entities: [DE_KFZ] }",
        written: "Kennzeichen {}",
        valid: &[
            "B-MW 1234",
            "M-A 1",
            "HH-AB 123",
            "KA-PA 777",
            "B MW 1234",
            "S-GO 4E",
            "F-XX 99H",
            "MÜ-AB 12",
            "LDK-B 456",
            "B-MW1234",
        ],
        invalid: &[
            "B-MWX 1234",
            "ABCD-MW 1234",
            "B-MW 12345",
            "B-MW 0123",
            "B-MW",
            "b-mw 1234",
            "1-MW 1234",
            "B-12 1234",
            "B-MW 1234X",
            "B--MW 1234",
            "BMW1234",
            "B_MW 1234",
        ],
    }
    .check();
}

#[test]
fn de_fuehrerschein() {
    Table {
        detect: "pii: { entities: [DE_FUEHRERSCHEIN] }",
        written: "Führerschein-Nr. {}",
        valid: &[
            "B072RRE2I55",
            "J010000SD51",
            "N0704578035",
            "A12B3C4D561",
            "K55X0000012",
            "D430AB12CX1",
            "F2500000091",
            "G101ZZZZZ73",
            "L9990A0B012",
            "M33A1B2C3X4",
        ],
        invalid: &[
            "B072RRE2I5",
            "B072RRE2I555",
            "b072rre2i55",
            "1072RRE2I55",
            "BX72RRE2I55",
            "B07 2RRE2I55",
            "B072RRE2IA5",
            "XB072RRE2I55",
            "B0-72RRE2I55",
            "B072RRE2i55",
            "_B072RRE2I55",
            "BB72RRE2I55",
        ],
    }
    .check();
}

#[test]
fn de_plz() {
    Table {
        detect: "pii: { entities: [DE_PLZ] }",
        written: "PLZ {}",
        valid: &["10115", "80331", "01067", "99084", "50667", "20095", "60311", "04109", "70173", "28195"],
        invalid: &[
            "00123", "1011", "101150", "A10115", "10115x", "10.115", "10-115", "1-10115", "10115-1", "10115.5",
            "5,10115", "_10115",
        ],
    }
    .check();
}
