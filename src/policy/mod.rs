//! Policies: what their authors wrote ([`file`]), what it means ([`rule`]), and the engine that runs it.

pub mod file;
pub mod rule;
mod shipped;
