//! Policies: what their authors wrote ([`file`]), what it means ([`rule`]), and the engine that runs it.
//!
//! [`compile`] turns the rules of all policies into one plan per kind of text, [`context`] leaves out of it what does not
//! take part in an exchange, [`channel`] runs a plan over one text
//! and its views ([`reading`]), and [`resolve`] turns what stands into a cut, rewrites, and how far the text may go out.
//! [`job`] is what classifiers are asked, [`effect`] what a finding does. [`pseudonyms`] knows what values are called in a
//! conversation, `budgets` what callers may take. [`case`] reads the tests that stand beside policies.

mod budgets;
pub mod case;
pub mod channel;
mod combined;
pub mod compile;
pub mod context;
pub mod effect;
mod entities;
pub mod file;
pub mod job;
mod lengths;
mod program;
pub mod pseudonyms;
mod reading;
pub mod resolve;
pub mod rule;
mod scanner;
mod shipped;
mod tokens;
pub mod topics;
mod voids;
mod whole;
mod windows;

pub use budgets::{Admission, Bill, Books, Came, OverBudget, Spending};
pub use channel::Channel;
pub use compile::{ChannelPlan, LabelInfo, RuleSet};
pub use context::{Context, Facts, Standing};
pub use effect::{Effect, effect};
pub use file::load_policy;
pub use job::{Answer, Job, Scored};
pub use pseudonyms::Pseudonyms;
pub use resolve::Resolver;
pub use tokens::Tokens;

#[cfg(test)]
pub(crate) use scanner::sabotage::{Fault, with as with_fault};
#[cfg(test)]
pub(crate) use scanner::tests::{RUNS, SPECIAL, ranges as oracle, special};
#[cfg(test)]
pub(crate) use windows::whole_windows;
