//! See the function of the same name in `invariants.rs`.

#![no_main]

#[path = "../invariants.rs"]
#[expect(dead_code, reason = "the other targets use the rest")]
mod invariants;

libfuzzer_sys::fuzz_target!(|data: &[u8]| invariants::whole(data));
