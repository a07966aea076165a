//! The texts beside the log: kept apart from the chain, so that a person's can be erased.
//!
//! The chain holds SHA-256 of a random salt and the texts. The salt stands with the texts; when that line is erased,
//! nobody can find out by guessing what the text was.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Original;
use super::chain::{Hash, hex};
use crate::config::AuditText;
use crate::inspect::originals;
use crate::telemetry::escape::json_line;
use crate::verdict::{FindingView, Verdict};

/// A line of the text file and its hash for the chain. `None`: nothing is kept, or there is no randomness for a salt.
pub(super) fn line(verdict: &Verdict, body: &Original) -> Option<(String, Hash)> {
    let mut texts = originals(&body.bytes, body.protocol, verdict.direction);
    if body.keep == AuditText::Redacted {
        redact(verdict, &mut texts);
    }
    let texts: Vec<Value> =
        texts.into_iter().map(|(pointer, text)| json!({ "pointer": pointer, "text": text })).collect();
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).ok()?;
    let salt = hex(&salt);
    let hash = hash(&salt, &Value::Array(texts.clone()));
    let mut line = Map::new();
    line.insert("id".to_owned(), (&*verdict.id).into());
    line.insert("direction".to_owned(), json!(verdict.direction));
    line.insert("salt".to_owned(), salt.into());
    line.insert("texts".to_owned(), texts.into());
    Some((json_line(Value::Object(line).to_string()), hash))
}

/// What the chain holds of texts.
pub(super) fn hash(salt: &str, texts: &Value) -> Hash {
    Sha256::new_with_prefix(salt).chain_update(texts.to_string()).finalize().into()
}

/// Puts `<label>` in place of everything that any rule found, whatever its mode and action. Where a finding cannot be
/// placed exactly, or more was found than is listed, whole texts go.
fn redact(verdict: &Verdict, texts: &mut [(String, String)]) {
    for (pointer, text) in texts {
        let mut spans: Vec<(usize, usize, &str)> = Vec::new();
        let mut whole = verdict.findings_omitted > 0;
        for finding in &verdict.findings {
            let label = finding.label.as_deref().unwrap_or(&finding.rule);
            for (at, start, end) in places(finding) {
                if at == pointer {
                    spans.push((start, end, label));
                } else if at.starts_with(&format!("{pointer}/")) {
                    // Inside of arguments that are JSON in a string.
                    whole = true;
                }
            }
        }
        spans.sort_unstable();
        whole |= spans.iter().any(|(start, end, _)| text.get(*start..*end).is_none());
        *text = if whole { "<redacted>".to_owned() } else { without(text, &spans) };
    }
}

fn places(finding: &FindingView) -> impl Iterator<Item = (&str, usize, usize)> {
    let own = (finding.segment.pointer.as_str(), finding.start, finding.end);
    std::iter::once(own).chain(finding.pieces.iter().map(|piece| (piece.pointer.as_str(), piece.start, piece.end)))
}

/// `spans` are sorted, on character borders, and may overlap.
fn without(text: &str, spans: &[(usize, usize, &str)]) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end, label) in spans {
        if *end <= at {
            continue;
        }
        if *start >= at {
            out.push_str(text.get(at..*start).unwrap_or_default());
            out.extend(["<", label, ">"]);
        }
        at = *end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn overlapping_findings_leave_nothing_of_either() {
        assert_eq!(without("my key is abcdef.", &[(10, 14, "A"), (12, 16, "B")]), "my key is <A>.");
        assert_eq!(without("abc", &[(0, 3, "A"), (1, 2, "B")]), "<A>");
        assert_eq!(without("a b c", &[(0, 1, "X"), (4, 5, "Y")]), "<X> b <Y>");
        assert_eq!(without("abc", &[]), "abc");
        // A finding of nothing (too few characters, say) takes nothing out.
        assert_eq!(without("abc", &[(0, 0, "X")]), "abc");
    }
}
