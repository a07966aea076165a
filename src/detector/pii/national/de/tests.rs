//! What is found and what is not. All values are made up or published examples.

use crate::detector::pii::tests::Sample;

pub(in crate::detector::pii) const SAMPLES: &[Sample] = &[("DE_TAX_ID", "Meine Steuer-ID: ", "86095742719")];
