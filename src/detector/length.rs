//! `length`: texts that are too long or too short.

use super::{DetectorKind, LengthPlan, Plan};
use crate::config::value::count;
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "length",
    summary: "text with too many or too few characters",
    example: "{ length: { max_chars: 8000 } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let before = reader.problems().errors();
    let max_chars = reader.optional("max_chars", count(0..=usize::MAX >> 8));
    let min_chars = reader.optional("min_chars", count(1..=usize::MAX >> 8));
    if reader.problems().errors() > before {
        return None;
    }
    match (max_chars, min_chars) {
        (None, None) => {
            reader.problem(
                Problem::error(reader.head(), "`length` has no bound").label("expected `max_chars` or `min_chars`"),
            );
            None
        }
        (Some(max), Some(min)) if min > max => {
            reader.problem(
                Problem::error(reader.head(), "no text can pass")
                    .label(format!("`min_chars` ({min}) is more than `max_chars` ({max})")),
            );
            None
        }
        _ => Some(Plan::Length(LengthPlan { max_chars, min_chars })),
    }
}
