//! Puts decided rewrites into the bytes that they belong to, and touches no other byte.

use std::ops::Range;

use crate::finding::Edit;
use crate::protocol::json::{RawOffsets, escape_into};

/// New bytes for a range of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// The splices that edits of a text make in one raw JSON string.
///
/// The string holds the bytes `piece` of the text; `raw` is what stands in its quotes, at `at` in the body. With `cut`,
/// what lies from there on goes. An edit that covers several strings puts its new text into the first.
pub(super) fn splices(
    raw: &str,
    at: usize,
    piece: Range<usize>,
    edits: &[Edit],
    cut: Option<usize>,
    out: &mut Vec<Splice>,
) {
    let limit = cut.unwrap_or(usize::MAX).min(piece.end).max(piece.start);
    let mut offsets = RawOffsets::new(raw);
    let first = edits.partition_point(|edit| edit.range.end <= piece.start && !edit.range.is_empty());
    for edit in edits[first..].iter().take_while(|edit| edit.range.start < limit) {
        let start = offsets.at(edit.range.start.max(piece.start) - piece.start);
        let end = offsets.at(edit.range.end.min(limit).max(piece.start) - piece.start);
        let mut text = String::new();
        if edit.range.start >= piece.start {
            escape_into(&edit.text, &mut text);
        }
        out.push(Splice { range: at + start..at + end, text });
    }
    if limit < piece.end {
        let start = offsets.at(limit - piece.start);
        out.push(Splice { range: at + start..at + raw.len(), text: String::new() });
    }
}

/// The same for a text that stands in the body as it is, at `at`: the JSON of tool arguments.
pub(super) fn plain_splices(at: usize, piece: &Range<usize>, edits: &[Edit], out: &mut Vec<Splice>) {
    let own = edits.iter().filter(|edit| piece.start <= edit.range.start && edit.range.end <= piece.end);
    out.extend(own.map(|edit| Splice {
        range: at + edit.range.start - piece.start..at + edit.range.end - piece.start,
        text: edit.text.clone(),
    }));
}

/// The body with its splices put in. They may come in any order; of two that overlap the wider counts.
pub(super) fn apply(body: &[u8], mut splices: Vec<Splice>) -> Vec<u8> {
    splices.sort_by_key(|splice| (splice.range.start, usize::MAX - splice.range.end));
    let grown: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut out = Vec::with_capacity(body.len() + grown);
    let mut at = 0;
    for splice in splices {
        if splice.range.start < at {
            continue;
        }
        out.extend_from_slice(&body[at..splice.range.start]);
        out.extend_from_slice(splice.text.as_bytes());
        at = splice.range.end;
    }
    out.extend_from_slice(&body[at..]);
    out
}

/// A text after its edits.
pub(super) fn edited(text: &str, edits: &[Edit]) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        out.push_str(text.get(at..edit.range.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::protocol::json::unescape;

    fn edit(range: Range<usize>, text: &str) -> Edit {
        Edit { range, text: text.to_owned() }
    }

    fn spliced(raw: &str, piece: Range<usize>, edits: &[Edit], cut: Option<usize>) -> String {
        let mut out = Vec::new();
        splices(raw, 0, piece, edits, cut, &mut out);
        String::from_utf8(apply(raw.as_bytes(), out)).unwrap()
    }

    #[test]
    fn other_escapes_stay_as_they_were() {
        let raw = r"caf\u00e9 \/ secret \u0041";
        let text = unescape(raw);
        let start = text.find("secret").unwrap();
        let new = spliced(raw, 0..text.len(), &[edit(start..start + 6, "\"*\"")], None);
        assert_eq!(new, r#"caf\u00e9 \/ \"*\" \u0041"#);
    }

    #[test]
    fn edits_over_several_strings_and_cuts() {
        let edits = [edit(2..7, "X")];
        assert_eq!(spliced("abcd", 0..4, &edits, None), "abX");
        assert_eq!(spliced("efgh", 4..8, &edits, None), "h");
        assert_eq!(spliced("abcd", 0..4, &[], Some(1)), "a");
        assert_eq!(spliced("abcd", 0..4, &edits, Some(3)), "abX");
        assert_eq!(spliced("efgh", 4..8, &edits, Some(3)), "");
    }
}
