//! `entities`: names of people, places, organisations and the like, as a model tags the words of a text.

use std::sync::Arc;

use super::{DetectorKind, EntitiesPlan, Plan};
use crate::config::value::{filled, fraction, name, wrong};
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "entities",
    summary: "names of people, places, organisations: what a token-classification model tags",
    example: "{ entities: { model: ner, labels: [PERSON, LOCATION] } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    // The model's name becomes part of a path.
    let model = reader.required("model", name(64));
    let labels = reader.list("labels", filled);
    let threshold = reader.optional("threshold", |node| {
        let threshold = fraction(node)?;
        if threshold < LEAST { Err(wrong(node, &format!("a number from {LEAST} to 1"))) } else { Ok(threshold) }
    });
    if labels.is_none() && reader.node("labels").is_none() {
        reader.problem(
            Problem::error(reader.head(), "`entities` does not say which")
                .label("expected `labels`, such as `[PERSON, LOCATION]`"),
        );
    }
    let mut labels: Vec<Arc<str>> = labels?.into_iter().map(Into::into).collect();
    labels.sort_unstable();
    labels.dedup();
    Some(Plan::Entities(EntitiesPlan { model: model?.into(), labels, threshold: threshold.unwrap_or(THRESHOLD) }))
}

/// Unless a rule says otherwise.
const THRESHOLD: f32 = 0.5;
/// Words that are less likely are not remembered.
const LEAST: f32 = 0.05;
