//! Tags of every scheme, tokens of every word.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::classifier::windows::{Piece, View};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Tokens of a text, by their bytes and words, between two special tokens.
fn window(pieces: &[(Range<usize>, usize)], len: usize) -> Window {
    let pieces = pieces.iter().map(|(range, word)| Piece { range: range.clone(), word: 7 + word }).collect();
    Window { range: 100..100 + len, ids: vec![0; 8], view: View::Plain, prefix: 1, pieces }
}

/// Logits of probabilities.
fn rows(rows: &[&[f32]]) -> Vec<f32> {
    rows.iter().flat_map(|row| row.iter().map(|probability| probability.ln())).collect()
}

#[test]
fn schemes_and_names_are_known() {
    let read = |tags: &[&str]| Tags::read(&names(tags), Aggregation::First).unwrap();
    let bio = read(&["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]);
    assert_eq!(bio.entities, ["PERSON", "LOCATION"]);
    let begins = |tags: &Tags| tags.by_number.iter().map(|tag| tag.map(|(_, begins)| begins)).collect::<Vec<_>>();
    assert_eq!(begins(&bio), [None, Some(true), Some(false), Some(true), Some(false)]);
    let bilou = read(&["B-GPE", "I-GPE", "L-GPE", "U-GPE", "O"]);
    assert_eq!(begins(&bilou), [Some(true), Some(false), Some(false), Some(true), None]);
    assert_eq!(read(&["O", "B_person", "E_person", "S_person", "B-NORP", "MISC"]).entities, ["PERSON", "NRP", "MISC"]);
    assert_eq!(read(&["PER", "LOC", "ORG", "O"]).entities, ["PERSON", "LOCATION", "ORGANIZATION"]);
    assert_eq!(Tags::read(&names(&["O"]), Aggregation::First).unwrap_err(), "no tag but `O`");
    assert!(are_tags(&names(&["O", "B-PER", "I-PER"])));
    assert!(!are_tags(&names(&["benign", "injection"])) && !are_tags(&names(&["O", "A", "B"])));
}

#[test]
fn tokens_of_a_word_become_one() {
    // "Jan", "##et", "lives": the first word is torn.
    let text = "Janet, lives";
    let window = window(&[(0..3, 0), (3..6, 0), (7..12, 1)], text.len());
    let logits =
        rows(&[&[1.0, 1e-9, 1e-9], &[0.3, 0.6, 0.1], &[0.1, 0.1, 0.8], &[0.98, 0.01, 0.01], &[1.0, 1e-9, 1e-9]]);
    let words = |aggregation| {
        let tags = Tags::read(&names(&["O", "B-PER", "I-PER"]), aggregation).unwrap();
        let words = tags.words(&logits, &window, text);
        words
            .into_iter()
            .map(|word| (word.range, word.word, word.begins, (word.score * 10.0).round()))
            .collect::<Vec<_>>()
    };
    assert_eq!(words(Aggregation::First), [(0..5, 0, true, 7.0)]);
    assert_eq!(words(Aggregation::Max), [(0..5, 0, false, 9.0)]);
    assert_eq!(words(Aggregation::Simple), [(0..3, 0, true, 7.0), (3..5, 1, false, 9.0)]);

    let tags = Tags::read(&names(&["O", "B-PER", "I-PER"]), Aggregation::First).unwrap();
    let judged =
        Judged { scores: Arc::default(), words: tags.words(&logits, &window, text).into(), ..Judged::default() };
    let moved = &judged.words_in(&window)[0];
    assert_eq!((moved.range.clone(), moved.word), (100..105, 7));
}

#[test]
fn what_is_no_number_is_not_passed_over() {
    let tags = Tags::read(&names(&["O", "B-PER"]), Aggregation::First).unwrap();
    let words = tags.words(&[0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0], &window(&[(0..1, 0)], 1), "x");
    assert!(words.iter().any(|word| word.score.is_nan()), "{words:?}");
}
