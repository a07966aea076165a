//! `pii`: personal data that has a form: numbers, addresses, accounts. A file for each family, a line in [`FAMILIES`].
//!
//! A format is found by a bounded pattern and then checked: checksum, structure, ranges. A shape that many other things
//! share has a low score and counts only beside a context word ("SSN", "geboren"), which adds 0.35.

mod account;
mod checksum;
mod contact;
mod date;
mod national;
mod network;
mod phone;

use std::sync::Arc;

use super::format::Format;
use super::{Choice, DetectorKind, Plan};
use crate::config::value::{filled, fraction, string, unknown};
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "pii",
    summary: "personal data: e-mail addresses, phone and card numbers, accounts, identity numbers",
    example: "{ pii: { entities: [EMAIL_ADDRESS, CREDIT_CARD], score_threshold: 0.5, regions: [US, GB] } }",
    build,
    choice: Some(("entities", choices)),
};

/// A format's name, what has to stand before a value, and a value (ASCII).
pub(in crate::detector) type Example = (&'static str, &'static str, &'static str);

/// Every family, with an example of each format at least. Formats have the names that Presidio gives them, where it has them.
const FAMILIES: &[(&[&Format], &[Example])] = &[
    (contact::FORMATS, contact::EXAMPLES),
    (phone::FORMATS, phone::EXAMPLES),
    (account::FORMATS, account::EXAMPLES),
    (network::FORMATS, network::EXAMPLES),
    (date::FORMATS, date::EXAMPLES),
    (national::us::FORMATS, national::us::EXAMPLES),
    (national::uk::FORMATS, national::uk::EXAMPLES),
    (national::de::FORMATS, national::de::EXAMPLES),
    (national::es::FORMATS, national::es::EXAMPLES),
    (national::fr::FORMATS, national::fr::EXAMPLES),
    (national::it::FORMATS, national::it::EXAMPLES),
    (national::pl::FORMATS, national::pl::EXAMPLES),
    (national::fi::FORMATS, national::fi::EXAMPLES),
    (national::au::FORMATS, national::au::EXAMPLES),
    (national::india::FORMATS, national::india::EXAMPLES),
    (national::sg::FORMATS, national::sg::EXAMPLES),
    (national::be::FORMATS, national::be::EXAMPLES),
    (national::br::FORMATS, national::br::EXAMPLES),
    (national::ca::FORMATS, national::ca::EXAMPLES),
    (national::cn::FORMATS, national::cn::EXAMPLES),
    (national::jp::FORMATS, national::jp::EXAMPLES),
    (national::kr::FORMATS, national::kr::EXAMPLES),
    (national::ng::FORMATS, national::ng::EXAMPLES),
    (national::nl::FORMATS, national::nl::EXAMPLES),
    (national::se::FORMATS, national::se::EXAMPLES),
    (national::th::FORMATS, national::th::EXAMPLES),
    (national::tr::FORMATS, national::tr::EXAMPLES),
    (national::za::FORMATS, national::za::EXAMPLES),
];

fn choices() -> Vec<Choice> {
    let examples = || FAMILIES.iter().flat_map(|(_, examples)| examples.iter());
    let choice = |format: &Format| {
        let example = examples().find(|(name, ..)| *name == format.name);
        format.choice(example.map(|(_, before, value)| format!("{before}{value}")))
    };
    formats().map(choice).collect()
}

fn formats() -> impl Iterator<Item = &'static Format> + Clone {
    FAMILIES.iter().flat_map(|(formats, _)| formats.iter().copied())
}

#[expect(clippy::unnecessary_wraps, reason = "every detector is built the same way")]
fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let names = formats().map(|format| format.name);
    let entities = reader.list("entities", |node| {
        let name = string(node)?;
        let found = formats().find(|format| format.name == name);
        if FORMLESS.contains(&&*name) {
            let title = format!("{name} is found by no pattern");
            let help = format!("a model tags names: `entities: {{ model: NAME, labels: [{name}] }}`");
            return Err(Problem::error(&node.at, title).label("has no form of its own").help(help));
        }
        found.ok_or_else(|| unknown(node, "entity", &name, names.clone()))
    });
    let threshold = reader.optional("score_threshold", fraction).unwrap_or(THRESHOLD);
    let allowed: Arc<[String]> = reader.list("allow_list", filled).unwrap_or_default().into();
    let regions = reader.list("regions", |node| {
        let name = string(node)?;
        phone::regions().find(|region| *region == name).ok_or_else(|| unknown(node, "region", &name, phone::regions()))
    });
    let regions = regions.unwrap_or_default();
    let chosen = entities.unwrap_or_else(|| formats().filter(|format| format.usual).collect());
    #[expect(clippy::cast_sign_loss, reason = "a fraction in 0..=1")]
    let threshold = (threshold * 1000.0).round() as u16;
    let mut patterns = Vec::new();
    for format in chosen {
        let before = patterns.len();
        patterns.extend(format.shapes.iter().filter_map(|shape| shape.compile(format, threshold, &allowed)));
        if format.name == phone::PHONE_NUMBER.name {
            patterns.extend(phone::patterns(&regions, threshold, &allowed));
        }
        if patterns.len() == before {
            let head = reader.node("score_threshold").map_or_else(|| reader.head().clone(), |node| node.at.clone());
            reader.problem(
                Problem::error(&head, format!("{} is never that sure", format.name))
                    .label("no way to write it reaches this score")
                    .help("lower `score_threshold`, or leave the entity out"),
            );
        }
    }
    Some(Plan::Patterns(patterns))
}

/// What takes a model to find, by Presidio's names.
const FORMLESS: &[&str] = &["PERSON", "LOCATION", "ORGANIZATION", "NRP"];
/// The score from which on something is a finding, unless a rule says otherwise.
const THRESHOLD: f32 = 0.5;

#[cfg(test)]
pub(super) mod tests;
