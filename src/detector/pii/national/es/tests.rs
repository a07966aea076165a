//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] =
    &[("ES_NIF", "Soy ", "12345678Z"), ("ES_NIF", "Soy ", "X1234567L")];
