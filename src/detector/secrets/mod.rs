//! `secrets`: keys, tokens and passwords by the form that their issuers give them. One file for each family, one line in
//! [`FORMATS`].
//!
//! Issuers' prefixes speak for themselves. What has no prefix (`password=…`) must look made by a machine: letters and
//! digits, entropy, no placeholder, hash or UUID.

mod generic;
mod key;
mod token;

use std::sync::Arc;

use super::format::Format;
use super::{DetectorKind, Plan};
use crate::config::MapReader;
use crate::config::value::{filled, string, unknown};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "secrets",
    summary: "keys, tokens and passwords of well-known providers, private keys, connection strings",
    example: "{ secrets: { formats: [aws, github, private_key] } }",
    build,
};

/// Every format.
const FORMATS: &[&Format] = &[
    &key::AWS,
    &token::GITHUB,
    &token::GITLAB,
    &token::OPENAI,
    &token::ANTHROPIC,
    &token::OPENROUTER,
    &token::GOOGLE,
    &token::SLACK,
    &token::STRIPE,
    &token::HUGGINGFACE,
    &token::NPM,
    &token::PYPI,
    &token::SENDGRID,
    &token::TWILIO,
    &key::PRIVATE_KEY,
    &key::JWT,
    &generic::CONNECTION_STRING,
    &generic::ASSIGNMENT,
];

#[expect(clippy::unnecessary_wraps, reason = "every detector is built the same way")]
fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let formats = reader.list("formats", |node| {
        let name = string(node)?;
        let names = FORMATS.iter().map(|format| format.name);
        FORMATS.iter().find(|format| format.name == name).ok_or_else(|| unknown(node, "format", &name, names))
    });
    let allowed: Arc<[String]> = reader.list("allow_list", filled).unwrap_or_default().into();
    let chosen = formats.unwrap_or_else(|| FORMATS.iter().filter(|format| format.usual).collect());
    let patterns = chosen.into_iter().flat_map(|format| format.shapes.iter().map(move |shape| (format, shape)));
    Some(Plan::Patterns(patterns.filter_map(|(format, shape)| shape.compile(format, 0, &allowed)).collect()))
}

#[cfg(test)]
pub(super) mod tests;
