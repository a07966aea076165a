//! `secrets`: keys, tokens and passwords by the form that their issuers give them. One file for each family, one line in
//! [`FAMILIES`].
//!
//! Issuers' prefixes speak for themselves ([`shape::token`], [`shape::dashed`]). A key without one counts beside its
//! provider's name (`keyed!`). What has neither (`password=…`) must look made by a machine: letters and digits, entropy, no
//! placeholder, hash or UUID. Placeholders are no secrets in any form, see [`check`].

mod ai;
mod chat;
mod check;
mod cloud;
mod data;
mod database;
mod generic;
mod hosting;
mod key;
mod mail;
mod monitoring;
mod packages;
mod payment;
mod saas;
mod shape;
mod shop;
mod social;
mod vault;
mod vcs;

use std::sync::Arc;

use super::example::example;
use super::format::Format;
use super::{Choice, DetectorKind, Plan};
use crate::config::MapReader;
use crate::config::value::{filled, string, unknown};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "secrets",
    summary: "keys, tokens and passwords of well-known providers, private keys, connection strings",
    example: "{ secrets: { formats: [aws, github, private_key] } }",
    build,
    choice: Some(("formats", choices)),
};

/// Every format, by family.
const FAMILIES: &[&[Format]] = &[
    cloud::FORMATS,
    hosting::FORMATS,
    database::FORMATS,
    vault::FORMATS,
    ai::FORMATS,
    vcs::FORMATS,
    packages::FORMATS,
    chat::FORMATS,
    mail::FORMATS,
    payment::FORMATS,
    shop::FORMATS,
    monitoring::FORMATS,
    saas::FORMATS,
    social::FORMATS,
    data::FORMATS,
    key::FORMATS,
    generic::FORMATS,
];

/// Examples are drawn, so that no tool takes the program for a leak.
fn choices() -> Vec<Choice> {
    formats().map(|format| format.choice(format.patterns().find_map(|pattern| example(&pattern)))).collect()
}

fn formats() -> impl Iterator<Item = &'static Format> + Clone {
    FAMILIES.iter().copied().flatten()
}

#[expect(clippy::unnecessary_wraps, reason = "every detector is built the same way")]
fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let named = reader.list("formats", |node| {
        let name = string(node)?;
        let names = formats().map(|format| format.name);
        formats().find(|format| format.name == name).ok_or_else(|| unknown(node, "format", &name, names))
    });
    let allowed: Arc<[String]> = reader.list("allow_list", filled).unwrap_or_default().into();
    let chosen = named.unwrap_or_else(|| formats().filter(|format| format.usual).collect());
    let patterns = chosen.into_iter().flat_map(|format| format.shapes.iter().map(move |shape| (format, shape)));
    Some(Plan::Patterns(patterns.filter_map(|(format, shape)| shape.compile(format, THRESHOLD, &allowed)).collect()))
}

/// Shapes that are less sure count beside a context word.
const THRESHOLD: u16 = 500;

#[cfg(test)]
pub(super) mod tests;
