//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[
    ("CREDIT_CARD", "Pay with ", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "Pay with ", "378282246310005"),
    ("CREDIT_CARD", "Pay with ", "5555-5555-5555-4444"),
    ("IBAN_CODE", "Send it to ", "GB82 WEST 1234 5698 7654 32"),
    ("IBAN_CODE", "Send it to ", "DE89370400440532013000"),
    ("CRYPTO", "Send it to ", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("CRYPTO", "Send it to ", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("CRYPTO", "Send it to ", "0x52908400098527886E0F7030069857D2E4169EE7"),
];
