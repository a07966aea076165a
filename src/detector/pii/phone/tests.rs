//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[
    ("PHONE_NUMBER", "Call ", "+44 20 7946 0958"),
    ("PHONE_NUMBER", "Call ", "+1-903-140-4508x769"),
    ("PHONE_NUMBER", "Call ", "(212) 555-0142"),
    ("PHONE_NUMBER", "My phone is ", "2125550142"),
];
