//! Palisade, a guardrails reverse proxy for LLM APIs.
//!
//! The data's journey, and where to look:
//!
//! 1. [`server`] accepts a request; `server/journey.rs` walks it from top to bottom: read that first.
//! 2. [`protocol`] says where text stands in its body: one file for each wire format.
//! 3. [`segment`] is what it hands on: text, and where it came from.
//! 4. [`inspect`] puts those texts under the rules, whole or as they stream in.
//!    What they say in disguise, [`view`] shows.
//! 5. [`policy`] holds the rules and the engine that runs them; [`detector`] and [`action`] are what rules are made of,
//!    [`condition`] when they apply; [`classifier`] runs models on threads of its own, [`budget`] counts what callers take.
//! 6. [`finding`] and [`verdict`] are what comes out.
//! 7. [`upstream`] takes what complies to the provider; the answer goes the same way back.
//!
//! [`guard`] is what all judging needs, loaded: policies and models. What operators see: [`admin`] (their port), [`audit`]
//! (the decision log), [`decisions`] (the latest), [`telemetry`] (metrics, log lines). [`config`] reads the files that people write,
//! [`cli`] is the command line, [`standin`] an LLM that is none, for the demo, tests and benches.

pub mod action;
pub mod admin;
pub mod audit;
pub mod budget;
pub mod classifier;
pub mod cli;
pub mod coding;
pub mod condition;
pub mod config;
pub mod decisions;
pub mod detector;
pub mod finding;
pub mod guard;
pub mod inspect;
pub mod policy;
pub mod protocol;
pub mod segment;
pub mod server;
pub mod standin;
pub mod telemetry;
pub mod upstream;
pub mod verdict;
pub mod view;
