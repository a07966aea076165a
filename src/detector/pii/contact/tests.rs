//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[
    ("EMAIL_ADDRESS", "Write to ", "jane.doe+news@mail.example.co.uk"),
    ("URL", "See ", "https://example.com/a?b=c#d"),
];
