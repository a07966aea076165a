//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::Table;

#[test]
fn credit_card() {
    Table {
        detect: "pii: { entities: [CREDIT_CARD] }",
        written: "Pay with {}",
        valid: &[
            "4111 1111 1111 1111",
            "378282246310005",
            "3782 822463 10005",
            "5555-5555-5555-4444",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
            "2221044348743995",
            "2720175389400529",
            "6280200641463165",
            "4112237860412820988",
            "4015917590949",
            "5105 0619 8658 2091",
            "2204659808137700",
        ],
        invalid: &[
            "4111 1111 1111 1112",
            "4111 1111 1111 111",
            "5555-5555-5555-4445",
            "9962778246221723",
            "1234017277953980",
            "0000691970350696",
            "0000000000000000",
            "455741090775841",
            "47494454492913747",
            "3788241734015748",
            "530042843552259",
            "4111111111111111.5",
            "A4111111111111111",
            "41111111111111110",
            "4111  1111  1111  1111",
            "4111/1111/1111/1111",
            "5-1-12-9-20-25 9-19 1-14 9",
        ],
    }
    .check();
}

#[test]
fn iban_code() {
    Table {
        detect: "pii: { entities: [IBAN_CODE] }",
        written: "Send it to {} today and not later",
        valid: &[
            "GB82 WEST 1234 5698 7654 32",
            "DE89370400440532013000",
            "DE92032287904985180884",
            "FR66521600093881130A030C599",
            "NL51CEIT1666486614",
            "NO0824447807534",
            "MT40GJVR67896558383175773825989",
            "IT19 Q645 7016 6773 2676 6658 864",
            "ES68 1891 2763 9989 7755 4445",
            "PL08 9083 5197 3318 8368 3226 8775",
            "CH79 6876 1219 8639 8903 4",
            "BE56-6295-3822-5370",
        ],
        invalid: &[
            "GB82 WEST 1234 5698 7654 33",
            "DE89370400440532013001",
            "GB82WEST1234569876543",
            "GB82WEST123456987654321",
            "XX92822022469010308826",
            "DE5126683688008245673",
            "DE719051246451162209773",
            "XDE92032287904985180884",
            "FR66521600093881130A030C5997",
            "DE00026128587242956869",
            "PL08 9083 5197 3318 8368 3226 877",
            "IT19.Q645.7016.6773.2676.6658.864",
            "DE89 3704 0044 0532",
        ],
    }
    .check();
}

#[test]
fn crypto() {
    Table {
        detect: "pii: { entities: [CRYPTO] }",
        written: "Send it to {}",
        valid: &[
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "1G1uWAsrox4mwCNAxiub3n6fhEYxjubo6V",
            "1N5d9CKQhRYu5em4iaSmAz64iPmneZqzuh",
            "1Jr972xAuryWkMjdp69puYNZLjFSyS5CCB",
            "1BJqXSiPANCwYMV2EMxRyhWAt5cvoWTTN3",
            "3KrmNtKSBgYha3zd1Y1qJNkGn3TSYpp9ZL",
            "39WYqANqA7UA7BoM8i9qGfXfXFZ1yMdGrD",
            "3PwHfNwJgpaRUKmJkcSijChwVWNUcrwggf",
            "bc1qzjskkkmsnnh2jn95mjtt5w24lcrldsdnm79f6s",
            "bc1q5rj2mn5ky00klkah4qw9su80a8f7fth3h00qktcpw6wnf7nxtzvq0nvsce",
            "bc1pa0k3xdtqfqhpecly3u0aumzu76t8shv22gly0pevljfkm65qspsqnlkte0",
            "BC1QZJSKKKMSNNH2JN95MJTT5W24LCRLDSDNM79F6S",
            "0xe6c5139b177ecda9bd9fbba33623a1e50bbfe21f",
        ],
        invalid: &[
            "1G1uWAsrox4mxCNAxiub3n6fhEYxjubo6V",
            "1N5d9CKQhRYu6em4iaSmAz64iPmneZqzuh",
            "1Jr972xAuryWmMjdp69puYNZLjFSyS5CCB",
            "1BJqXSiPANCwZMV2EMxRyhWAt5cvoWTTN3",
            "bc1qzjskkkmsnnh2jn95mjtt5w24lcrldsdnm79f63",
            "bc1q5rj2mn5ky00klkahq4w9su80a8f7fth3h00qktcpw6wnf7nxtzvq0nvsce",
            "bc1qzjskkkMSNNH2JN95MJTT5W24LCRLDSDNM79F6S",
            "my3hLdiazWAVJPdvrRE46wLWWnbrmnkEVn",
            "DQZEY5y1o8UnWDYancmvDXaVQ2XVdKgYVv",
            "39WYqANqA7UA7BoM8i9q",
            "3PwHfNwJgpaRUKmJkcSijChwVWNUcrwggf1",
            "x1G1uWAsrox4mwCNAxiub3n6fhEYxjubo6V",
            "0x54daf21c804f3ec624a1abc940cf6eb020d302d",
            "0xeac361405867a3bcc8a6e1b5474e36156cc24312a",
            "0xc2f3fecb9a3640ab4804c6623b0b17db830222dg",
            "e491ab79b18cca2299b5ea48bbd566c273899b5b",
        ],
    }
    .check();
}
