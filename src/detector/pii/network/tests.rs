//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[
    ("IP_ADDRESS", "Ping ", "203.0.113.42"),
    ("IP_ADDRESS", "Ping ", "2001:db8:85a3::8a2e:370:7334"),
    ("MAC_ADDRESS", "The card ", "00:1B:44:11:3A:B7"),
    ("UUID", "Id ", "123e4567-e89b-12d3-a456-426614174000"),
];
