//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn it_fiscal_code() {
    Table {
        detect: "pii: { entities: [IT_FISCAL_CODE] }",
        written: "Sono {}",
        valid: &[
            "RSSMRA85T10A562S",
            "RSS MRA 85T10 A562 S",
            "TGMVDG35B22M415W",
            "GPCVPS93A06V350V",
            "NDCDML38M58F064I",
            "RBLCVB41T54Q678R",
            "SVVRCS41D49R541D",
            "DNVCST62H12E650Y",
            "MGMPTB22A51O34LK",
            "NBDMCG08T61NTNPT",
            "FBRMRCPUBSPBTUML",
            "VFB NRB 65A09 J933 P",
        ],
        invalid: &[
            "TGMVDG35B22M415X",
            "GPCVPS93A06V350W",
            "NDCDML38M58F064J",
            "RBLCVB41T54Q678S",
            "SVVSCS41D49R541D",
            "NPLRRM28D00F470P",
            "SDGMDG44A32K448P",
            "PCMSPF69C40H321V",
            "GCPDFS08R72H143X",
            "FRPFDF68F44R194E",
            "RNNFNR20Z07F512W",
            "DNVCST62H12E650",
            "MGMPTB22A51O340HA",
            "ANBDMCG08T61N723P",
            "FBRMRC-38-B63-B781-U",
        ],
    }
    .check();
}

#[test]
fn it_vat_code() {
    Table {
        detect: "pii: { entities: [IT_VAT_CODE] }",
        written: "P.IVA {}",
        valid: &[
            "27575850907",
            "61969510520",
            "22783800190",
            "44729850519",
            "57834100885",
            "IT46708090041",
            "IT 92150860044",
            "87657821200",
            "93406261219",
            "20304638883",
            "80975089998",
        ],
        invalid: &[
            "27575850908",
            "61969510521",
            "22783800191",
            "44729850510",
            "IT57834100886",
            "77570710002",
            "17207711015",
            "81433285004",
            "00000000109",
            "4670809004",
            "921508600441",
            "29882510877A",
            "FR53719400649",
            "IT772618506460",
            "12969110373-1",
        ],
    }
    .check();
}

#[test]
fn it_driver_license() {
    Table {
        detect: "pii: { entities: [IT_DRIVER_LICENSE] }",
        written: "Patente di guida {}",
        valid: &[
            "ID6271373J",
            "MB2884954C",
            "GR7936285M",
            "NV3875685Z",
            "JF7951518S",
            "EP4877932Z",
            "U1A2B3C4DE",
            "U15Y26G4HX",
            "U1KL09876Z",
            "MI1234567X",
        ],
        invalid: &[
            "AA123456B",
            "AA12345678B",
            "A1234567B",
            "AAA1234567B",
            "AA1234567",
            "AA1234567BC",
            "1A1234567B",
            "AA 1234567 B",
            "U1A2B3C4D5",
            "U2A2B3C4DE",
            "U1A2B3C4D",
            "aa1234567b",
        ],
    }
    .check();
}

#[test]
fn it_identity_card() {
    Table {
        detect: "pii: { entities: [IT_IDENTITY_CARD] }",
        written: "Carta d'identità {}",
        valid: &[
            "OI5692015",
            "AT2785956",
            "RV3284615",
            "AX 1234567",
            "AY 7654321",
            "3531051FQ",
            "1231787JA",
            "9561104JK",
            "CS90828ZS",
            "CC96703MQ",
            "CR96161GG",
            "CY85877OT",
        ],
        invalid: &[
            "A1234567",
            "AAA1234567",
            "AA123456",
            "AA12345678",
            "123456AA",
            "12345678AA",
            "1234567A",
            "1234567AAA",
            "DA12345AB",
            "CA1234AB",
            "CA123456AB",
            "CA12345A",
            "CA12345ABC",
            "aa1234567",
        ],
    }
    .check();
}

#[test]
fn it_passport() {
    Table {
        detect: "pii: { entities: [IT_PASSPORT] }",
        written: "Passaporto {}",
        valid: &[
            "YA1234567",
            "YB7654321",
            "YA 1234567",
            "IW6259934",
            "JD4400893",
            "FD1898419",
            "WP9900338",
            "GJ6150264",
            "BE4739158",
            "HB4968445",
            "NF4643727",
        ],
        invalid: &[
            "Y1234567",
            "YAA1234567",
            "YA123456",
            "YA12345678",
            "YA1234567B",
            "1A1234567",
            "123456789",
            "YA-1234567",
            "ya1234567",
            "Y 1234567",
            "YA 123456",
            "YA 12345678",
        ],
    }
    .check();
}
