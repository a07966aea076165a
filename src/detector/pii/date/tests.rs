//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] =
    &[("DATE_TIME", "She was born on ", "1985-11-18"), ("DATE_TIME", "Date of birth: ", "July 27, 1988")];
