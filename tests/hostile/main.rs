//! Hostile input: what each kind of it gets, from the real binary before an upstream that writes down all it is sent.
//!
//! Every test ends with [`rig::Proxy::stands`]: nothing panicked, memory stayed bounded, and the proxy still serves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod access;
mod bent;
mod bodies;
mod coded;
mod heads;
#[path = "../../fuzz/invariants.rs"]
mod invariants;
mod json;
mod pace;
mod rig;
