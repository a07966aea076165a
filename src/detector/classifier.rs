//! `classifier`: a label of a text classifier.

use super::{ClassifierPlan, DetectorKind, Plan, Span, Threshold};
use crate::config::value::{filled, fraction, name, one_of};
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "classifier",
    summary: "text to which a model gives a label",
    example: "{ classifier: { model: guard, label: injection } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    // The model's name becomes part of a path.
    let model = reader.required("model", name(64));
    let label = reader.required("label", filled);
    let threshold = reader.optional("threshold", fraction).map(Threshold::Fixed);
    let levels = [("low", Threshold::Low), ("medium", Threshold::Medium), ("high", Threshold::High)];
    let sensitivity = reader.optional("sensitivity", one_of(&levels));
    let spans = [("window", Span::Window), ("sentence", Span::Sentence), ("segment", Span::Segment)];
    let span = reader.optional("span", one_of(&spans)).unwrap_or(Span::Window);
    if threshold.is_some()
        && let Some(node) = reader.node("sensitivity")
    {
        reader.problem(
            Problem::error(&node.at, "`threshold` and `sensitivity` say the same thing twice")
                .label("expected one of the two"),
        );
    }
    Some(Plan::Classifier(ClassifierPlan {
        model: model?.into(),
        label: label?.into(),
        threshold: threshold.or(sensitivity).unwrap_or(Threshold::Calibrated),
        span,
    }))
}
