//! A classifier that answers from a table of keywords: needs neither a model folder nor ONNX Runtime.
//!
//! It takes the same way through windows, queue and cache as a real one. A word is a token.

use tokenizers::Tokenizer;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;

use super::tags::{Aggregation, Tags};
use super::windows::Windower;
use super::{Classifier, Input, Outputs};

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
    /// Word and entity: where the word stands, the entity is 0.9 likely. With none it tags nothing.
    pub entities: Vec<(String, String)>,
    /// Word and direction: a text's vector is the sum of its words', and all others point one way, as does a text without
    /// words. With none it gives no vectors.
    pub directions: Vec<(String, usize)>,
}

impl FixedModel {
    /// A model with labels `benign` and `injection`, as the shipped guard has, where these words score 0.98.
    pub fn guard(words: &[&str]) -> FixedModel {
        FixedModel {
            name: "guard".to_owned(),
            labels: vec!["benign".to_owned(), "injection".to_owned()],
            table: words.iter().map(|word| ((*word).to_owned(), "injection".to_owned(), 0.98)).collect(),
            entities: Vec::new(),
            directions: Vec::new(),
        }
    }

    /// A model that tags these words with these entities and judges no text.
    pub fn tagger(name: &str, entities: &[(&str, &str)]) -> FixedModel {
        let entities = entities.iter().map(|(word, entity)| ((*word).to_owned(), (*entity).to_owned())).collect();
        FixedModel { name: name.to_owned(), labels: Vec::new(), table: Vec::new(), entities, directions: Vec::new() }
    }

    /// A model that gives vectors in which each of these words points into its own direction, and judges no text.
    pub fn embedder(name: &str, directions: &[(&str, usize)]) -> FixedModel {
        let directions = directions.iter().map(|(word, direction)| ((*word).to_owned(), *direction)).collect();
        FixedModel { directions, ..FixedModel::tagger(name, &[]) }
    }

    /// `O`, then for each entity a tag that begins it and one that goes on.
    fn tag_names(&self) -> Vec<String> {
        let mut names = vec!["O".to_owned()];
        for (_, entity) in &self.entities {
            let begins = format!("B-{entity}");
            if !names.contains(&begins) {
                names.extend([begins, format!("I-{entity}")]);
            }
        }
        names
    }

    pub(super) fn tags(&self) -> Option<Tags> {
        Tags::read(&self.tag_names(), Aggregation::First).ok()
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
            tags: self.tag_names(),
            entities: self.entities.clone(),
            directions: self.directions.clone(),
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
    tags: Vec<String>,
    entities: Vec<(String, String)>,
    table: Vec<(String, usize, f32)>,
    directions: Vec<(String, usize)>,
}

impl Classifier for Fixed {
    fn score(&mut self, input: &Input<'_>) -> Result<Outputs, String> {
        let text = input.text.to_ascii_lowercase();
        let mut scores = vec![0.0_f32; self.labels];
        for (word, label, score) in &self.table {
            if text.contains(word.as_str()) {
                scores[*label] = scores[*label].max(*score);
            }
        }
        Ok(Outputs { scores, tags: self.tagged(input.text) })
    }

    fn vector(&mut self, input: &Input<'_>) -> Result<Vec<f32>, String> {
        let last = self.directions.iter().map(|(_, direction)| direction + 1).max();
        let last = last.ok_or("it gives no vectors of texts")?;
        let mut vector = vec![0.0; last + 1];
        for word in input.text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let known = self.directions.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
            vector[known.map_or(last, |(_, direction)| *direction)] += 1.0;
        }
        if vector.iter().all(|number| *number == 0.0) {
            vector[last] = 1.0;
        }
        Ok(vector)
    }
}

impl Fixed {
    /// A row for each word: nine to one for its tag, if it has one, or for `O`.
    fn tagged(&self, text: &str) -> Vec<f32> {
        let mut before = None;
        let words = text.split_whitespace().map(|word| {
            let bare = word.trim_matches(|char: char| !char.is_alphanumeric());
            let entity = self.entities.iter().find(|(known, _)| known == bare).map(|(_, entity)| entity);
            let goes_on = entity.is_some() && before.replace(entity) == Some(entity);
            if entity.is_none() {
                before = None;
            }
            entity.map(|entity| format!("{}-{entity}", if goes_on { 'I' } else { 'B' }))
        });
        let row = |tag: Option<String>| {
            self.tags.iter().map(move |name| match &tag {
                Some(tag) if tag == name => 0.9_f32.ln(),
                Some(_) if name == "O" => 0.1_f32.ln(),
                None if name == "O" => 0.0,
                _ => f32::NEG_INFINITY,
            })
        };
        words.flat_map(row).collect()
    }
}
