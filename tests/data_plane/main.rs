//! The data plane over real sockets: what passes, what is refused, and how things end.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ends;
mod limits;
mod passes;
mod pseudonyms;
mod refuses;
mod responses;
mod rig;
mod streams;
