//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[("FR_NIR", "Mon ", "1 85 05 78 006 084 91")];
