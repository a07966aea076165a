//! Palisade, a guardrails reverse proxy for LLM APIs.
pub mod action;
pub mod classifier;
pub mod cli;
pub mod config;
pub mod detector;
pub mod policy;
pub mod segment;
pub mod server;
pub mod standin;
pub mod upstream;
