//! Classifiers: a text goes in, the raw scores of each of its windows come out.
//!
//! Palisade's async side only queues a [`Job`] and awaits its [`Pending`]; tokens and inference are the work of OS
//! threads, each with sessions of its own. A text's scores never depend on what else is in flight. What fails is a value,
//! for a rule's `on_error` to decide; nothing here knows of rules or thresholds.

mod cache;
mod files;
mod fixed;
mod inference;
mod model;
mod onnx;
mod places;
mod queue;
mod runtime;
mod settings;
mod tags;
mod vectors;
mod windows;
mod worker;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use fixed::FixedModel;
pub use inference::{Inference, LoadError, Pending, Stats};
pub use model::{Calibration, ModelError, ModelInfo};
pub use places::ModelDirs;
pub use runtime::{RuntimeError, available as runtime_available, silence_telemetry};
pub use tags::{Judged, Tagged};
pub use windows::{View, Window, Windower};

use crate::segment::Kind;

/// A model as one worker thread has it.
pub trait Classifier: Send {
    /// What the model says of one window. The error says why there is nothing and quotes no text.
    fn score(&mut self, input: &Input<'_>) -> Result<Outputs, String>;

    /// The vector that stands for one window, of any length but zero. The error says what the model lacks.
    fn vector(&mut self, _input: &Input<'_>) -> Result<Vec<f32>, String> {
        Err("it gives no vectors of texts".to_owned())
    }
}

/// What a model says of one window, in one pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs {
    /// Scores in 0..=1, one a label.
    pub scores: Vec<f32>,
    /// Logits of the tags of each token, special ones included, token by token; empty unless it has such tags.
    pub tags: Vec<f32>,
}

/// One window.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Token ids, special ones included.
    pub ids: &'a [i64],
    /// The text that the window covers.
    pub text: &'a str,
}

/// One text for one model.
#[derive(Clone, Debug)]
pub struct Job {
    /// The model's name.
    pub model: Arc<str>,
    /// All of the text: windows are cut from its start.
    pub text: Arc<str>,
    /// What is asked about it.
    pub question: Question,
    /// What kind of segment it is; scores of different kinds are remembered apart.
    pub kind: Kind,
    /// Whose work it is. Clients take turns.
    pub client: u64,
    /// Whose text it is: scores are remembered for each tenant apart.
    pub tenant: Option<Arc<str>>,
    /// Its class.
    pub priority: Priority,
    /// After this nobody wants the answer.
    pub deadline: Instant,
}

/// What a model is asked about a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The scores of its labels and the words that it tags, window by window.
    Scores,
    /// Where its tokens begin. Nothing is judged.
    Tokens,
    /// The vector of each window.
    Vectors,
}

/// The classes of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody's request or stream waits for it.
    Gate,
    /// Files, shadow rules, evaluation: done when there is no gate work.
    Bulk,
}

/// The answer to a [`Job`].
#[derive(Clone, Debug)]
pub struct TextScores {
    /// In the order of the text; windows of a folded view, if one was needed, follow. Empty only if none were asked for.
    pub windows: Vec<WindowScores>,
    /// Where the tokens begin, in bytes of the text, if that was asked.
    pub tokens: Option<Arc<[u32]>>,
    /// From submission to answer.
    pub elapsed: Duration,
}

/// The scores of one window.
#[derive(Clone, Debug)]
pub struct WindowScores {
    /// The bytes of the text, on character borders. All windows together cover the text.
    pub range: Range<usize>,
    /// In 0..=1, in the order of [`ModelInfo::labels`].
    pub scores: Arc<[f32]>,
    /// The words that may belong to entities, in the order of the text.
    pub words: Arc<[Tagged]>,
    /// Its vector, of length one, if that was asked instead.
    pub vector: Arc<[f32]>,
    /// Whether the window was judged before.
    pub cached: bool,
    /// Too many words of it are unknown to the model, which judged the others: `over_limit`.
    pub unread: bool,
}

/// Why there are no scores.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InferenceError {
    /// The queue, or this client's share of it, is full: `on_error.overload`.
    #[error("the classifier's queue is full")]
    Overloaded,
    /// The deadline passed: `on_error.timeout`.
    #[error("the classifier did not answer in time")]
    Timeout,
    /// More windows than are judged: `over_limit`.
    #[error("the text is too long for the classifier")]
    TooLong,
    /// The model broke: `on_error.error`.
    #[error("the classifier failed: {0}")]
    Failed(String),
    /// The workers have gone home: `on_error.error`.
    #[error("the classifier was shut down")]
    Gone,
}
