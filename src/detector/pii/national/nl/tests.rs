//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn nl_bsn() {
    Table {
        detect: "pii: { entities: [NL_BSN] }",
        written: "BSN: {}",
        valid: &[
            "111222333",
            "123456782",
            "230787162",
            "268281269",
            "564460497",
            "666053662",
            "406261167",
            "7199.58.222",
            "6428.21.161",
            "834 207 503",
            "719 239 692",
            "56493666",
        ],
        invalid: &[
            "365123305",
            "111222334",
            "3651.23.305",
            "365 123 305",
            "67872002",
            "000000000",
            "3651233",
            "3651233041",
            "B365123304",
            "365123304-1",
            "1.365123304",
            "36-5123304",
            "00000000",
        ],
    }
    .check();
}
