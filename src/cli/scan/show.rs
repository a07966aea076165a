//! A verdict for people.

use std::fmt::Write as _;

use crate::cli::style::{Paint, escaped};
use crate::verdict::{FindingView, Verdict};

/// The verdict, one line for it and one for each thing to say about it; no line end.
pub(super) fn verdict(verdict: &Verdict, paint: Paint) -> String {
    let took = format!("{}, {:.1} ms", verdict.policy, verdict.elapsed_us as f64 / 1e3);
    let mut out = format!("{}  {}", paint.verdict(verdict.verdict), paint.dim(&took));
    // Writing to a string cannot fail.
    for found in &verdict.findings {
        let _ = write!(out, "\n  {}", finding(found, paint));
    }
    for skipped in &verdict.skipped {
        let _ = write!(out, "\n  {} did not see everything: {}", paint.bold(&skipped.rule), skipped.reason);
    }
    for (name, score) in verdict.scores.iter().flatten() {
        let _ = write!(out, "\n  {}", paint.dim(&format!("{name} {score}")));
    }
    if verdict.verdict == "rewrite" {
        for text in verdict.texts.iter().flatten().filter_map(|view| view.text.as_deref()) {
            let _ = write!(out, "\n  becomes: {}", escaped(text));
        }
    }
    out
}

/// `RULE: action at START..END, WHY`.
fn finding(finding: &FindingView, paint: Paint) -> String {
    let mut out = format!(
        "{}: {} at {}..{}, {}",
        paint.bold(&finding.rule),
        finding.action,
        finding.start,
        finding.end,
        escaped(&finding.why)
    );
    if finding.mode == "shadow" {
        out.push_str(" (shadow: only recorded)");
    }
    if finding.exempt {
        out.push_str(" (exempt)");
    }
    if let Some(text) = &finding.text {
        let _ = write!(out, ": {}", escaped(text));
    }
    out
}
