//! A model folder: any Hugging Face ONNX export that classifies texts or tokens, or extracts features, plus an optional
//! `palisade.yaml`.
//!
//! Everything that can be wrong with the files is found here, before a session exists. Reads are bounded; digests, where
//! given, are checked first.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::files::{self, read};
pub use super::settings::Calibration;
use super::settings::{self, Entities, Settings};
use super::tags::{self, Tags};
use super::vectors::Pooling;

const SETTINGS: &str = "palisade.yaml";
const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const GRAPHS: [&str; 2] = ["model.onnx", "onnx/model.onnx"];
/// Longest window that is used when nothing says otherwise: attention grows with the square.
const DEFAULT_MAX_LENGTH: usize = 512;
const MAX_LABELS: usize = 4096;
/// Architectures that number positions from the padding id on, so that `max_position_embeddings` counts too many.
const OFFSET_POSITIONS: [&str; 7] =
    ["roberta", "xlm-roberta", "xlm-roberta-xl", "roberta-prelayernorm", "camembert", "mpnet", "data2vec-text"];

/// What a loaded model is, for the rules that name it and the people who look.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// The folder's name.
    pub name: Arc<str>,
    /// First eight hex digits of the SHA-256 over all files that make the scores.
    pub hash8: Arc<str>,
    /// The labels, in the order of the scores.
    pub labels: Arc<[String]>,
    /// The entities that it finds in texts; none for most models.
    pub entities: Arc<[String]>,
    /// Tokens of one window, special tokens included.
    pub max_length: usize,
    /// Tokens that neighbouring windows share.
    pub stride: usize,
    /// SPDX expression, if the folder says.
    pub license: Option<String>,
    pub(super) calibration: BTreeMap<String, Calibration>,
}

impl ModelInfo {
    /// The calibrated thresholds of a label; `None` if the folder has none for it.
    pub fn calibration(&self, label: &str) -> Option<Calibration> {
        self.calibration.get(label).copied()
    }

    /// The place of an entity among those that it tags words with.
    pub fn entity(&self, entity: &str) -> Option<usize> {
        self.entities.iter().position(|known| known == entity)
    }

    /// The place of a label among the scores.
    pub fn label(&self, label: &str) -> Option<usize> {
        self.labels.iter().position(|known| known == label)
    }
}

/// How logits become scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activation {
    /// One label holds: the scores add up to one.
    Softmax,
    /// Each label holds or not.
    Sigmoid,
}

impl Activation {
    /// Scores in 0..=1, in place.
    pub(super) fn apply(self, logits: &mut [f32]) {
        match self {
            Activation::Sigmoid => {
                for x in logits {
                    *x = 1.0 / (1.0 + (-*x).exp());
                }
            }
            Activation::Softmax => {
                let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let mut sum = 0.0;
                for x in &mut *logits {
                    *x = (*x - top).exp();
                    sum += *x;
                }
                for x in logits {
                    *x /= sum;
                }
            }
        }
    }
}

/// A folder that has been read and checked.
pub(super) struct ModelFolder {
    pub(super) info: ModelInfo,
    pub(super) activation: Activation,
    /// The ONNX file.
    pub(super) graph: PathBuf,
    /// Contents of `tokenizer.json`.
    pub(super) tokenizer: Vec<u8>,
    pub(super) tokenizer_path: PathBuf,
    /// What the first token's position is called.
    pub(super) first_position: i64,
    /// The graph's output with the vector of the text, or those of its tokens, if it is named. It is not the logits.
    pub(super) embedding: Option<String>,
    /// How the vectors of tokens become that of the text.
    pub(super) pooling: Pooling,
    /// How it tags tokens, if it does.
    pub(super) tags: Option<Tagging>,
    /// SHA-256 over all files that make the scores.
    pub(super) hash: [u8; 32],
}

/// Tags of tokens, and where they come from.
pub(super) struct Tagging {
    pub(super) tags: Tags,
    /// The graph's output; unless it is named, the only one there is, or `logits`.
    pub(super) output: Option<String>,
}

/// Why a model folder cannot be used. Every message names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not a name that a folder under `models/` can have.
    #[error("`{}` is not a model's name: letters, digits, `-`, `_` and `.`", name.escape_debug())]
    Name {
        /// What was given.
        name: String,
    },
    /// No such folder.
    #[error("there is no model `{name}` in {looked} (found: {found}): put its folder there, or set PALISADE_HOME")]
    Missing {
        /// The model's name.
        name: String,
        /// The places, in order.
        looked: String,
        /// The models that are there.
        found: String,
    },
    /// A file that cannot be read.
    #[error("{}: {source}: a model folder needs model.onnx (or onnx/model.onnx), tokenizer.json and config.json", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that is too long to be what it should be.
    #[error("{}: longer than {limit} bytes, which no file of this kind needs", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The bound, in bytes.
        limit: u64,
    },
    /// A file whose digest is not the one that `palisade.yaml` gives.
    #[error("{}: SHA-256 is {found}, palisade.yaml says {expected}: restore the file, or correct the digest if you changed it", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// In `palisade.yaml`.
        expected: String,
        /// Of the file.
        found: String,
    },
    /// A file that does not say what it must.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },
}

#[derive(Deserialize)]
struct Config {
    architectures: Option<Vec<String>>,
    id2label: Option<BTreeMap<String, String>>,
    problem_type: Option<String>,
    max_position_embeddings: Option<usize>,
    model_type: Option<String>,
    pad_token_id: Option<usize>,
}

#[derive(Deserialize)]
struct TokenizerLimits {
    truncation: Option<Truncation>,
}

#[derive(Deserialize)]
struct Truncation {
    max_length: usize,
}

impl ModelFolder {
    /// Reads and checks the folder.
    pub(super) fn read(name: &str, dir: &Path) -> Result<ModelFolder, ModelError> {
        let settings_path = dir.join(SETTINGS);
        let settings_bytes = if settings_path.exists() { read(&settings_path, 64 << 10)? } else { Vec::new() };
        let settings = read_settings(&settings_path, &settings_bytes)?;

        let config_path = dir.join(CONFIG);
        let config_bytes = read(&config_path, 1 << 20)?;
        let config: Config = json(&config_path, &config_bytes)?;
        let tokenizer_path = dir.join(TOKENIZER);
        let tokenizer = read(&tokenizer_path, 64 << 20)?;
        let limits: TokenizerLimits = json(&tokenizer_path, &tokenizer)?;

        let graph_name = GRAPHS.into_iter().find(|name| dir.join(name).is_file()).unwrap_or(GRAPHS[0]);
        let hash = files::hash(dir, graph_name, &settings.sha256, &[&settings_bytes, &config_bytes, &tokenizer])?;

        let named = labels(&config).map_err(|problem| invalid(&config_path, problem))?;
        let (labels, tags) = tagging(&config, named, &settings.entities).map_err(|problem| {
            invalid(if settings.entities.tags.is_empty() { &config_path } else { &settings_path }, problem)
        })?;
        let activation = match labels.len() {
            0 => Activation::Softmax,
            count => activation(&config, count).map_err(|problem| invalid(&config_path, problem))?,
        };
        if let Some(label) = settings.labels.keys().find(|label| !labels.contains(label)) {
            let problem = format!("label `{label}` is not in {CONFIG} (it has: {})", labels.join(", "));
            return Err(invalid(&settings_path, problem));
        }
        let first_position = first_position(&config);
        let possible = config.max_position_embeddings.map_or(usize::MAX, |n| n.saturating_sub(first_position));
        let truncated = limits.truncation.map_or(usize::MAX, |truncation| truncation.max_length);
        let max_length = settings.max_length.unwrap_or(possible.min(truncated).min(DEFAULT_MAX_LENGTH));
        if max_length > possible {
            let problem = format!("max_length is {max_length}, the model has {possible} positions");
            return Err(invalid(&settings_path, problem));
        }

        let hex = files::hex(&hash);
        Ok(ModelFolder {
            info: ModelInfo {
                name: name.into(),
                hash8: hex[..8].into(),
                labels: labels.into(),
                entities: tags.iter().flat_map(|tagging| tagging.tags.entities.clone()).collect(),
                max_length,
                stride: settings.stride.unwrap_or(max_length / 4),
                license: settings.license,
                calibration: settings.labels,
            },
            activation,
            graph: dir.join(graph_name),
            tokenizer,
            tokenizer_path,
            first_position: i64::try_from(first_position).unwrap_or(0),
            embedding: settings.embedding,
            pooling: settings.pooling,
            tags,
            hash,
        })
    }
}

pub(super) fn invalid(path: &Path, problem: impl Into<String>) -> ModelError {
    ModelError::Invalid { path: path.to_owned(), problem: problem.into() }
}

fn read_settings(path: &Path, bytes: &[u8]) -> Result<Settings, ModelError> {
    if bytes.is_empty() && !path.exists() {
        return Ok(Settings::default());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| invalid(path, "not UTF-8"))?;
    settings::parse(text).map_err(|problem| invalid(path, problem))
}

/// The labels in the order of their numbers, which must be 0, 1, 2, … without a gap. An export for feature extraction has
/// none, or those that every model has whose author gave it none.
fn labels(config: &Config) -> Result<Vec<String>, String> {
    let named = config.id2label.as_ref().filter(|named| !named.is_empty());
    let mut architectures = config.architectures.iter().flatten();
    let classifies = architectures.clone().any(|name| name.ends_with("Classification"));
    let extracts = config.architectures.is_some() && architectures.all(|name| name.ends_with("Model"));
    let usual = |(number, label): (&String, &String)| *label == format!("LABEL_{number}");
    if (named.is_none() && !classifies) || (extracts && named.is_some_and(|named| named.iter().all(usual))) {
        return Ok(Vec::new());
    }
    let named = named.ok_or("no `id2label`: not a text-classification export, or add { \"0\": \"label\", … }")?;
    if named.len() > MAX_LABELS {
        return Err(format!("more than {MAX_LABELS} labels"));
    }
    let mut labels = Vec::with_capacity(named.len());
    for number in 0..named.len() {
        let label = named.get(&number.to_string());
        let label = label.ok_or_else(|| format!("`id2label` has {} labels but none numbered {number}", named.len()))?;
        if labels.contains(label) {
            return Err(format!("`id2label` has `{label}` twice"));
        }
        labels.push(label.clone());
    }
    Ok(labels)
}

/// The labels of texts, and the tags of tokens: `id2label` names the one or the other.
fn tagging(config: &Config, named: Vec<String>, own: &Entities) -> Result<(Vec<String>, Option<Tagging>), String> {
    let architectures = config.architectures.iter().flatten();
    let tokens = architectures.into_iter().any(|name| name.ends_with("ForTokenClassification"));
    let (aggregation, output) = (own.aggregation, own.output.clone());
    if own.tags.is_empty() {
        if !tokens && !tags::are_tags(&named) {
            if *own != Entities::default() {
                return Err(
                    "`id2label` names labels of texts: name the tags under `entities`, as `tags: { 0: O, 1: B-PER }`"
                        .to_owned(),
                );
            }
            return Ok((named, None));
        }
        let tags = Tags::read(&named, aggregation).map_err(|problem| format!("`id2label` has {problem}"))?;
        return Ok((Vec::new(), Some(Tagging { tags, output })));
    }
    let numbered = (0..own.tags.len()).map(|number| own.tags.get(&number).cloned());
    let names: Option<Vec<String>> = numbered.collect();
    let names = names.ok_or("`entities.tags` must be numbered 0, 1, 2, … without a gap")?;
    let output = Some(output.ok_or("`entities.output` is missing: which output has the tags?")?);
    let tags = Tags::read(&names, aggregation).map_err(|problem| format!("`entities.tags` has {problem}"))?;
    Ok((named, Some(Tagging { tags, output })))
}

fn activation(config: &Config, labels: usize) -> Result<Activation, String> {
    match config.problem_type.as_deref() {
        Some("single_label_classification") | None if labels > 1 => Ok(Activation::Softmax),
        Some("multi_label_classification" | "single_label_classification") | None => Ok(Activation::Sigmoid),
        Some(other) => Err(format!(
            "`problem_type` is `{other}`: only single_label_classification and multi_label_classification give scores"
        )),
    }
}

fn first_position(config: &Config) -> usize {
    let offset = config.model_type.as_deref().is_some_and(|kind| OFFSET_POSITIONS.contains(&kind));
    if offset { config.pad_token_id.unwrap_or(1) + 1 } else { 0 }
}

fn json<'a, T: Deserialize<'a>>(path: &Path, bytes: &'a [u8]) -> Result<T, ModelError> {
    serde_json::from_slice(bytes).map_err(|error| invalid(path, error.to_string()))
}

#[cfg(test)]
mod tests;
