//! What operators see of a running proxy besides verdicts: [`metrics`], where every metric has its name once, and [`log`],
//! how lines are written. Neither ever holds text, keys or anything else that a client sent, but escaped names of errors.

pub mod escape;
pub mod log;
pub mod metrics;

mod counters;

pub use counters::{Counter, Family, Histogram};
