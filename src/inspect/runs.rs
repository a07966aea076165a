//! Joined runs (DESIGN 12.6): what the model reads as one text though the body holds it in pieces.

use std::ops::Range;

use crate::protocol::walk::{LeafRole, Walked};

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
    groups.into_iter().flat_map(|pieces| ["", " "].map(|separator| Run { pieces: pieces.clone(), separator })).collect()
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
