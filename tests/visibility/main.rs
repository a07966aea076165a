//! What operators see of a running proxy, driven through the real binary: admin port, logs, reload, tenants, the decision
//! log; and that no key is in any of it.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![expect(clippy::float_cmp, reason = "counters are whole numbers")]

mod admin;
mod audit;
mod planted;
mod reload;
mod rig;
mod tenants;
