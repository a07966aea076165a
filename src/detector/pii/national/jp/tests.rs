//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;
use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] =
    &[("JP_MY_NUMBER", "マイナンバーは", "584924337216"), ("JP_MY_NUMBER", "My Number ", "9852-3534-1219")];

#[test]
fn jp_my_number() {
    Table {
        detect: "pii: { entities: [JP_MY_NUMBER] }",
        written: "マイナンバー：{}",
        valid: &[
            "584924337216",
            "178155166162",
            "053446882631",
            "728990595821",
            "785277493257",
            "738344922356",
            "9852 3534 1219",
            "3622 4464 3115",
            "4367 0066 3844",
            "7024-9603-6993",
            "6393-2176-5417",
            "6362-4677-0966",
        ],
        invalid: &[
            "825067104838",
            "8250-6710-4838",
            "8250 6710 4838",
            "825067104831",
            "000000000000",
            "82506710483",
            "8250671048371",
            "M825067104837",
            "8250-6710-4837-1",
            "8250/6710/4837",
            "825067-104837",
            "1.825067104837",
        ],
    }
    .check();
}
