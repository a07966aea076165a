//! What a token-classification head says: the words of a window that belong to entities, with how sure the model is.
//!
//! Tags are `O` and `B-X`, `I-X`, `L-X`, `U-X`, `E-X`, `S-X` (BIO, IOB2, BILOU, BIOES) or bare `X`. A word's probability of an
//! entity is the sum over the entity's tags, so that a threshold means the same whatever the scheme. Where entities begin
//! and end is said by those who know the threshold.

use std::ops::Range;
use std::sync::Arc;

use unicode_normalization::char::is_combining_mark;

use super::windows::Window;

/// A word that may belong to an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Its place among the words: neighbours have consecutive ones.
    pub word: usize,
    /// Index into [`ModelInfo::entities`](super::ModelInfo::entities).
    pub entity: usize,
    /// Whether an entity begins with it rather than goes on.
    pub begins: bool,
    /// The probability, in 0..=1.
    pub score: f32,
}

/// What a classifier makes of one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// In 0..=1, in the order of the labels.
    pub scores: Arc<[f32]>,
    /// In the order of the text.
    pub words: Arc<[Tagged]>,
    /// Of length one; empty unless it was asked for, and then there is nothing else.
    pub vector: Arc<[f32]>,
}

/// How the tokens of one word become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Aggregation {
    /// The first token speaks for the word.
    #[default]
    First,
    /// The surest token does.
    Max,
    /// Each token is a word.
    Simple,
}

/// The tags of a model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tags {
    /// Entities by name, in the order in which the tags name them.
    pub(super) entities: Vec<String>,
    /// Each tag's entity, and whether it begins one; `None` is outside.
    by_number: Vec<Option<(usize, bool)>>,
    aggregation: Aggregation,
}

/// Words below this are not kept.
pub(super) const FLOOR: f32 = 0.05;
/// How words of one view are told from those of another.
const NEXT_VIEW: usize = 1 << 40;

impl Tags {
    /// Reads the names of tags. The error says what they are not.
    pub(super) fn read(names: &[String], aggregation: Aggregation) -> Result<Tags, String> {
        let mut tags = Tags { entities: Vec::new(), by_number: Vec::new(), aggregation };
        for name in names {
            let tag = split(name).map(|(begins, kind)| {
                let entity = entity(kind);
                let known = tags.entities.iter().position(|known| *known == entity);
                let index = known.unwrap_or_else(|| {
                    tags.entities.push(entity);
                    tags.entities.len() - 1
                });
                (index, begins)
            });
            tags.by_number.push(tag);
        }
        if tags.entities.is_empty() { Err("no tag but `O`".to_owned()) } else { Ok(tags) }
    }

    /// How many tags there are.
    pub(super) fn len(&self) -> usize {
        self.by_number.len()
    }

    /// The words of a window by the logits of its tokens, special ones included. Ranges and places are those of the
    /// window.
    pub(super) fn words(&self, logits: &[f32], window: &Window, text: &str) -> Vec<Tagged> {
        let tokens = logits.chunks_exact(self.by_number.len()).skip(window.prefix);
        let each = window.pieces.iter().zip(tokens).enumerate();
        let mut words: Vec<Word> = Vec::new();
        for (place, (piece, logits)) in each {
            let number = if self.aggregation == Aggregation::Simple { place } else { piece.word - window.first_word() };
            match words.last_mut().filter(|word| word.number == number) {
                Some(word) => {
                    word.range.end = word.range.end.max(piece.range.end);
                    if self.aggregation == Aggregation::Max {
                        word.take_surer(self.beliefs(logits));
                    }
                }
                None => words.push(Word { number, range: piece.range.clone(), beliefs: self.beliefs(logits) }),
            }
        }
        words.iter().flat_map(|word| word.tagged(text)).collect()
    }

    /// For each entity the probability, and how much of it says that one begins.
    fn beliefs(&self, logits: &[f32]) -> Vec<(f32, f32)> {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = logits.iter().map(|logit| (logit - top).exp()).sum();
        let mut beliefs = vec![(0.0, 0.0); self.entities.len()];
        for (tag, logit) in self.by_number.iter().zip(logits) {
            if let Some((entity, begins)) = *tag {
                let probability = (logit - top).exp() / sum;
                beliefs[entity].0 += probability;
                beliefs[entity].1 += if begins { probability } else { 0.0 };
            }
        }
        beliefs
    }
}

struct Word {
    number: usize,
    range: Range<usize>,
    beliefs: Vec<(f32, f32)>,
}

impl Word {
    fn take_surer(&mut self, other: Vec<(f32, f32)>) {
        for (own, other) in self.beliefs.iter_mut().zip(other) {
            if other.0 > own.0 {
                *own = other;
            }
        }
    }

    fn tagged(&self, text: &str) -> impl Iterator<Item = Tagged> + '_ {
        let range = trimmed(text, self.range.clone());
        self.beliefs.iter().enumerate().filter_map(move |(entity, &(score, begins))| {
            // Sums of floats may end a little above one; what is no number must show.
            let score = if score > 1.0 { 1.0 } else { score };
            let tagged =
                Tagged { range: range.clone(), word: self.number, entity, begins: begins * 2.0 > score, score };
            (score.is_nan() || score >= FLOOR).then_some(tagged)
        })
    }
}

impl Judged {
    /// The words by their places in the whole text.
    pub(super) fn words_in(&self, window: &Window) -> Arc<[Tagged]> {
        let moved = |word: &Tagged| Tagged {
            range: window.range.start + word.range.start..window.range.start + word.range.end,
            word: window.first_word() + word.word + window.view as usize * NEXT_VIEW,
            ..word.clone()
        };
        if self.words.is_empty() { Arc::clone(&self.words) } else { self.words.iter().map(moved).collect() }
    }
}

/// Whether names are tags of tokens rather than labels of texts.
pub(super) fn are_tags(names: &[String]) -> bool {
    let prefixed = |name: &String| name.as_str() == "O" || matches!(name.as_bytes(), [b'B' | b'I', b'-' | b'_', _, ..]);
    names.iter().any(|name| name == "O") && names.iter().any(|name| name != "O" && prefixed(name))
}

/// Whether the tag begins an entity, and of which kind; `None` for `O`.
fn split(tag: &str) -> Option<(bool, &str)> {
    match tag.as_bytes() {
        b"O" => None,
        [b'B' | b'U' | b'S', b'-' | b'_', _, ..] => tag.get(2..).map(|kind| (true, kind)),
        [b'I' | b'L' | b'E' | b'M', b'-' | b'_', _, ..] => tag.get(2..).map(|kind| (false, kind)),
        _ => Some((false, tag)),
    }
}

/// What `pii` calls such a thing.
fn entity(kind: &str) -> String {
    let kind = kind.to_ascii_uppercase();
    let name = match kind.as_str() {
        "PER" | "PERS" => "PERSON",
        "LOC" | "GPE" | "FAC" => "LOCATION",
        "ORG" | "CORP" => "ORGANIZATION",
        "NORP" => "NRP",
        _ => return kind,
    };
    name.to_owned()
}

/// Without spaces and punctuation at the ends, unless there is nothing else; with the marks that the last letter bears.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let Some(word) = text.get(range.clone()) else { return range };
    let rest = word.trim_start_matches(|char: char| !char.is_alphanumeric());
    if rest.is_empty() {
        return range;
    }
    let start = range.end - rest.len();
    let end = start + rest.trim_end_matches(|char: char| !char.is_alphanumeric()).len();
    let behind = text.get(end..).unwrap_or_default();
    let marks = behind.len() - behind.trim_start_matches(is_combining_mark).len();
    start..end + marks
}

#[cfg(test)]
mod tests;
