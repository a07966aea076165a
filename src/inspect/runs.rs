//! Joined runs (DESIGN 12.6): what is read as one text though the body holds it in pieces.

use std::ops::Range;

use super::Reported;
use crate::action::Action;
use crate::finding::{Finding, Outcome};
use crate::policy::resolve::{Beyond, replacement};
use crate::policy::{Channel, Context};
use crate::protocol::walk::{LeafRole, Walked};
use crate::segment::Segment;

/// How pieces are joined: whoever reads them puts nothing between, or a space.
pub(super) const SEPARATORS: [&str; 2] = ["", " "];

/// The pieces that a finding over a run covers, and the bytes of each.
pub(super) type Touched = Vec<(usize, Range<usize>)>;

/// A run of pieces, each an index into the walk's texts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) pieces: Vec<usize>,
    pub(super) separator: &'static str,
}

/// All runs of a walked body: the parts of each message, consecutive messages of one role, arrays of strings; each
/// joined with and without a space.
pub(super) fn runs(walked: &Walked, is_empty: impl Fn(usize) -> bool) -> Vec<Run> {
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); walked.messages.len() + 1];
    for (index, leaf) in walked.texts.iter().enumerate() {
        if leaf.message > 0 && leaf.role == LeafRole::Part && !is_empty(index) {
            parts[leaf.message as usize].push(index);
        }
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut run: Vec<(u32, Vec<usize>)> = Vec::new();
    for message in 1..=walked.messages.len() as u32 {
        let kind = walked.messages[message as usize - 1];
        let own = std::mem::take(&mut parts[message as usize]);
        groups.extend(by_kind(walked, &own));
        // Several answers to one question do not follow each other.
        if own.first().is_some_and(|&piece| walked.texts[piece].choice.is_some()) {
            continue;
        }
        let own = own.into_iter().filter(|&piece| walked.texts[piece].kind == kind).collect();
        if run.last().is_some_and(|(last, _)| walked.messages[*last as usize - 1] != kind) {
            close(&mut run, &mut groups);
        }
        run.push((message, own));
    }
    close(&mut run, &mut groups);
    let mut arrays: Vec<(usize, Vec<usize>)> = Vec::new();
    for (index, leaf) in walked.texts.iter().enumerate() {
        if let (Some(array), LeafRole::Value) = (leaf.array, leaf.role)
            && !is_empty(index)
        {
            match arrays.last_mut().filter(|(known, _)| *known == array) {
                Some((_, pieces)) => pieces.push(index),
                None => arrays.push((array, vec![index])),
            }
        }
    }
    groups.extend(arrays.into_iter().map(|(_, pieces)| pieces));
    groups.retain(|pieces| pieces.len() > 1);
    groups
        .into_iter()
        .flat_map(|pieces| SEPARATORS.map(|separator| Run { pieces: pieces.clone(), separator }))
        .collect()
}

/// The parts of a message, other kinds apart: what a tool returned does not go on in what the person says.
fn by_kind(walked: &Walked, parts: &[usize]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &part in parts {
        match groups.iter_mut().find(|group| walked.texts[group[0]].kind == walked.texts[part].kind) {
            Some(group) => group.push(part),
            None => groups.push(vec![part]),
        }
    }
    groups
}

/// Consecutive messages of one role make a run when there are at least two.
fn close(run: &mut Vec<(u32, Vec<usize>)>, groups: &mut Vec<Vec<usize>>) {
    let filled = run.iter().filter(|(_, pieces)| !pieces.is_empty()).count();
    if filled > 1 {
        groups.push(run.iter().flat_map(|(_, pieces)| pieces.iter().copied()).collect());
    }
    run.clear();
}

/// Joins pieces; returns the text and where each piece stands in it.
pub(super) fn join<'t>(pieces: impl Iterator<Item = &'t str>, separator: &str) -> (String, Vec<Range<usize>>) {
    let (mut text, mut ranges) = (String::new(), Vec::new());
    for piece in pieces {
        if !ranges.is_empty() {
            text.push_str(separator);
        }
        ranges.push(text.len()..text.len() + piece.len());
        text.push_str(piece);
    }
    (text, ranges)
}

/// The pieces that a finding over a run covers, given where each stands in the run's text. `None`: it lies in one
/// piece, which has found it itself; and what failed or met a bound has done so in each piece too.
pub(super) fn touched(finding: &Finding, pieces: &[usize], ranges: &[Range<usize>]) -> Option<Touched> {
    if finding.outcome != Outcome::Found {
        return None;
    }
    let covered = &finding.range;
    let first = ranges.partition_point(|range| range.end <= covered.start);
    let touched: Touched = pieces
        .iter()
        .zip(ranges)
        .skip(first)
        .take_while(|(_, range)| range.start < covered.end)
        .map(|(&piece, range)| {
            (piece, covered.start.max(range.start) - range.start..covered.end.min(range.end) - range.start)
        })
        .collect();
    (touched.len() > 1).then_some(touched)
}

/// The part of a finding over a run that lies in one piece.
pub(super) struct Part {
    pub(super) piece: usize,
    /// As it lies in the piece.
    pub(super) finding: Finding,
    pub(super) beyond: Beyond,
    pub(super) new: New,
}

/// What becomes of the part of a finding that lies in one piece, if its rule rewrites.
pub(super) enum New {
    /// This text stands there.
    Text(String),
    /// What has outgrown the longest match began in an earlier piece: from here on each byte becomes the fill.
    GoesOn { from: usize },
    /// The same, and it was taken in before: it has grown from here on.
    Grows { from: usize },
}

/// The parts of a finding over a run. The new text goes to the first piece; of what has outgrown the longest match that
/// is the text of its head.
pub(super) fn parts(
    context: &Context,
    channel: &Channel,
    index: usize,
    touched: Touched,
) -> impl Iterator<Item = Part> {
    let finding = &channel.findings()[index];
    let rule = context.rules.rule(finding.rule);
    let mut head = finding.head.unwrap_or(finding.range.len());
    let mut first = match &rule.action {
        Action::Rewrite(rewrite) => {
            let text = match finding.head {
                Some(head) => channel.text(finding.range.start..finding.range.start + head),
                None => channel.matched(index),
            };
            replacement(context, finding, text, finding.head.is_none()).map(|new| (new, rewrite.fill))
        }
        _ => None,
    };
    let last = touched.len().saturating_sub(1);
    touched.into_iter().enumerate().map(move |(turn, (piece, range))| {
        let inside = head.min(range.len());
        head -= inside;
        let new = match first.take() {
            Some((text, fill)) => {
                let rest = if finding.head.is_some() { range.len() - inside } else { 0 };
                New::Text(text.chars().chain(fill.into_iter().cycle().take(rest)).collect())
            }
            None if finding.head.is_some() => New::GoesOn { from: range.start + inside },
            None => New::Text(String::new()),
        };
        let beyond = Beyond { before: turn > 0, after: turn < last };
        Part { piece, finding: Finding { range, ..finding.clone() }, beyond, new }
    })
}

/// How a finding over a run is reported: where it begins, and every piece.
pub(super) fn reported<'s>(
    channel: &Channel,
    index: usize,
    touched: &Touched,
    segment: impl Fn(usize) -> Option<&'s Segment>,
) -> Option<Reported> {
    let finding = &channel.findings()[index];
    let (first, range) = touched.first()?;
    let mut reported = Reported::new(Finding { range: range.clone(), ..finding.clone() }, segment(*first)?.clone());
    reported.pieces =
        touched.iter().filter_map(|(piece, range)| Some((segment(*piece)?.pointer.clone(), range.clone()))).collect();
    Some(reported.showing(channel.matched(index)))
}
