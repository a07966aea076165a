//! The data plane over real sockets: what passes, what is refused, and how things end.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod budgets;
mod calls;
mod canary;
mod dialects;
mod ends;
mod entities;
mod gemini;
mod generic;
mod limits;
mod passes;
mod pseudonyms;
mod refuses;
mod responses;
mod rig;
mod streams;
mod topic;
#[path = "../common/upstream.rs"]
mod upstream;
mod urls;
mod wholes;
