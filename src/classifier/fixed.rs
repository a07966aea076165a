//! A classifier that answers from a table of keywords: needs neither a model folder nor ONNX Runtime.
//!
//! It takes the same way through windows, queue and cache as a real one. A word is a token.

use tokenizers::Tokenizer;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;

use super::windows::Windower;
use super::{Classifier, Input};

pub(super) const MAX_LENGTH: usize = 128;
pub(super) const STRIDE: usize = 32;

/// What a fixed model is made of.
#[derive(Clone, Debug)]
pub struct FixedModel {
    /// The name that rules use.
    pub name: String,
    /// The labels, in the order of the scores.
    pub labels: Vec<String>,
    /// Keyword, label, score in 0..=1: a window with the keyword (ASCII case ignored) scores at least that.
    pub table: Vec<(String, String, f32)>,
}

impl FixedModel {
    /// A model with labels `benign` and `injection`, as the shipped guard has, where these words score 0.98.
    pub fn guard(words: &[&str]) -> FixedModel {
        FixedModel {
            name: "guard".to_owned(),
            labels: vec!["benign".to_owned(), "injection".to_owned()],
            table: words.iter().map(|word| ((*word).to_owned(), "injection".to_owned(), 0.98)).collect(),
        }
    }

    /// One word is one token, known or not, whatever the table.
    pub(super) fn windower() -> Result<Windower, String> {
        let vocabulary = [("word".to_owned(), 0)].into_iter().collect();
        let model = WordLevel::builder().vocab(vocabulary).unk_token("word".to_owned()).build();
        let mut tokenizer = Tokenizer::new(model.map_err(|error| error.to_string())?);
        tokenizer.with_pre_tokenizer(Some(WhitespaceSplit));
        Windower::new(tokenizer, None, MAX_LENGTH, STRIDE)
    }

    pub(super) fn classifier(&self) -> Box<dyn Classifier> {
        Box::new(Fixed {
            labels: self.labels.len(),
            table: self
                .table
                .iter()
                .filter_map(|(word, label, score)| {
                    let label = self.labels.iter().position(|known| known == label)?;
                    Some((word.to_ascii_lowercase(), label, *score))
                })
                .collect(),
        })
    }
}

struct Fixed {
    labels: usize,
    table: Vec<(String, usize, f32)>,
}

impl Classifier for Fixed {
    fn score(&mut self, input: &Input<'_>) -> Result<Vec<f32>, String> {
        let text = input.text.to_ascii_lowercase();
        let mut scores = vec![0.0_f32; self.labels];
        for (word, label, score) in &self.table {
            if text.contains(word.as_str()) {
                scores[*label] = scores[*label].max(*score);
            }
        }
        Ok(scores)
    }
}
