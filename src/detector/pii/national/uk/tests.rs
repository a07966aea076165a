//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] =
    &[("UK_NHS", "NHS number ", "943 476 5919"), ("UK_NINO", "I am ", "AB 12 34 56 C")];
