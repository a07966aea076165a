//! Loads models, starts the workers, takes jobs.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::cache::ScoreCache;
use super::files::hex;
use super::fixed::{self, FixedModel};
use super::model::{ModelError, ModelFolder, ModelInfo, invalid};
use super::onnx::Sessions;
use super::places::ModelDirs;
use super::queue::{Queue, Task};
use super::runtime::{self, RuntimeError};
use super::windows::Windower;
use super::worker::{Engine, Model, work};
use super::{Classifier, InferenceError, Job, Priority, Question, TextScores};
use crate::segment::Kind;

/// The loaded models and the threads that run them. Dropping it sends the threads home after their current window.
pub struct Inference {
    engine: Arc<Engine>,
    overloaded: AtomicU64,
    /// SHA-256 of the key.
    key: [u8; 32],
}

/// How long loading a policy waits for one vector.
const VECTOR_PATIENCE: Duration = Duration::from_secs(60);
/// Pause before a full queue is asked again.
const PAUSE: Duration = Duration::from_millis(5);

/// Why models could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No usable ONNX Runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model folder that cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The system gave no thread.
    #[error("cannot start an inference thread: {0}")]
    Thread(#[from] io::Error),
}

/// Counters since the start, and what is waiting now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Windows' worth of work, waiting or running.
    pub queued: usize,
    /// Windows whose scores were known.
    pub cache_hits: u64,
    /// Windows that had to be judged.
    pub cache_misses: u64,
    /// Jobs that were turned away.
    pub overloaded: u64,
}

impl Inference {
    /// Loads these models from the folders, with `workers` threads (0: one a core), each with a session a model. `key`
    /// keys the score cache. Without names nothing is loaded, and no ONNX Runtime is needed.
    pub fn load(names: &[&str], dirs: &ModelDirs, key: &[u8], workers: usize) -> Result<Inference, LoadError> {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let mut models = Vec::with_capacity(names.len());
        let mut classifiers: Vec<Vec<Box<dyn Classifier>>> = Vec::new();
        classifiers.resize_with(if names.is_empty() { 0 } else { worker_count(workers) }, Vec::new);
        for name in names {
            let folder = ModelFolder::read(name, &dirs.find(name)?)?;
            let (length, stride) = (folder.info.max_length, folder.info.stride);
            let windower = Windower::from_json(&folder.tokenizer, length, stride)
                .map_err(|problem| invalid(&folder.tokenizer_path, problem))?;
            let windower = windower.with_pieces(folder.tags.is_some());
            let sessions = Sessions::new(&runtime::environment()?);
            for of_worker in &mut classifiers {
                of_worker.push(sessions.open(&folder, &windower.frame())?);
            }
            let tags = folder.tags.map(|tagging| tagging.tags);
            models.push(Model { hash: folder.hash, info: folder.info, windower, tags });
        }
        Ok(Inference::start(models, classifiers, key)?)
    }

    /// Models that answer from tables, with two workers: for tests without any file.
    pub fn fixed(models: &[FixedModel], key: &[u8]) -> Result<Inference, LoadError> {
        let classifiers = (0..2).map(|_| models.iter().map(FixedModel::classifier).collect()).collect();
        let models = models.iter().map(fixed_model).collect::<Result<_, _>>()?;
        Ok(Inference::start(models, classifiers, key)?)
    }

    /// Starts one thread for each set of classifiers, which stand in the order of the models.
    pub(super) fn start(
        models: Vec<Model>,
        classifiers: Vec<Vec<Box<dyn Classifier>>>,
        key: &[u8],
    ) -> io::Result<Inference> {
        let engine = Arc::new(Engine { models, queue: Queue::new(), cache: ScoreCache::new(key) });
        let key = Sha256::digest(key).into();
        let inference = Inference { engine: Arc::clone(&engine), overloaded: AtomicU64::new(0), key };
        for (number, of_worker) in classifiers.into_iter().enumerate() {
            let engine = Arc::clone(&engine);
            let name = format!("inference-{number}");
            thread::Builder::new().name(name).spawn(move || work(&engine, of_worker))?;
        }
        Ok(inference)
    }

    /// Whether loading would give the same again: these models, with files as they are now, and this key.
    pub fn serves(&self, names: &[&str], dirs: &ModelDirs, key: &[u8]) -> bool {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let now = |name: &str| Some(ModelFolder::read(name, &dirs.find(name).ok()?).ok()?.hash);
        let models = &self.engine.models;
        self.key == <[u8; 32]>::from(Sha256::digest(key))
            && models.len() == names.len()
            && models.iter().zip(names).all(|(model, name)| &*model.info.name == name && now(name) == Some(model.hash))
    }

    /// What is known of a loaded model.
    pub fn model(&self, name: &str) -> Option<&ModelInfo> {
        self.models().find(|info| &*info.name == name)
    }

    /// All loaded models.
    pub fn models(&self) -> impl Iterator<Item = &ModelInfo> {
        self.engine.models.iter().map(|model| &model.info)
    }

    /// Puts a job in the queue. Costs next to nothing and never waits.
    pub fn submit(&self, job: Job) -> Result<Pending, InferenceError> {
        let found = self.engine.models.iter().position(|model| model.info.name == job.model);
        let model = found.ok_or_else(|| InferenceError::Failed(format!("the model `{}` is not loaded", job.model)))?;
        let weight = self.engine.models[model].windower.estimate(&job.text);
        let deadline = job.deadline;
        let (task, answer) = Task::new(job, model, weight);
        self.engine.queue.submit(task).inspect_err(|error| {
            if *error == InferenceError::Overloaded {
                self.overloaded.fetch_add(1, Ordering::Relaxed);
            }
        })?;
        Ok(Pending { answer, deadline })
    }

    /// The vector of a text of one window, for whoever may wait: when policies load. The error says what is wrong with
    /// the model or the text.
    pub fn vector(&self, model: &str, text: &str) -> Result<Arc<[f32]>, String> {
        let job = Job {
            model: model.into(),
            text: text.into(),
            question: Question::Vectors,
            kind: Kind::Metadata,
            client: u64::MAX,
            tenant: None,
            priority: Priority::Gate,
            deadline: Instant::now() + VECTOR_PATIENCE,
        };
        // On a thread of its own: whoever loads policies may do it where nobody may wait for an answer.
        #[expect(clippy::disallowed_methods, reason = "the thread serves nobody else")]
        let ask = || {
            loop {
                match self.submit(job.clone()) {
                    Err(InferenceError::Overloaded) if Instant::now() < job.deadline => thread::sleep(PAUSE),
                    answer => return answer.and_then(Pending::wait),
                }
            }
        };
        let answer = thread::scope(|scope| scope.spawn(ask).join()).unwrap_or(Err(InferenceError::Gone));
        let mut windows = answer.map_err(|error| match error {
            InferenceError::Failed(problem) => problem,
            error => error.to_string(),
        })?;
        // Of a text that it must fold to read it, the last view is what it has read.
        let window = windows.windows.pop().ok_or("it gave nothing")?;
        if window.range != (0..text.len()) {
            let most = self.model(model).map_or(0, |info| info.max_length);
            return Err(format!("the text is longer than one window of the model, which has {most} tokens"));
        }
        if window.unread {
            return Err("the model does not know most words of the text".to_owned());
        }
        Ok(window.vector)
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        let (cache_hits, cache_misses) = self.engine.cache.counts();
        let overloaded = self.overloaded.load(Ordering::Relaxed);
        Stats { queued: self.engine.queue.len(), cache_hits, cache_misses, overloaded }
    }
}

impl Drop for Inference {
    fn drop(&mut self) {
        self.engine.queue.close();
    }
}

/// A job's answer to come. Dropping it drops the job.
#[must_use = "a job nobody waits for is dropped"]
pub struct Pending {
    answer: oneshot::Receiver<Result<TextScores, InferenceError>>,
    deadline: Instant,
}

impl Pending {
    /// The scores, or `Timeout` at the deadline even when the workers are busy. Needs a tokio runtime with a clock.
    pub async fn scores(self) -> Result<TextScores, InferenceError> {
        match timeout_at(self.deadline.into(), self.answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(InferenceError::Gone),
            Err(_) => Err(InferenceError::Timeout),
        }
    }

    /// The same for a thread that may wait; never on a thread of an async runtime, where it panics. `Timeout` comes when
    /// a worker gets to the job.
    pub fn wait(self) -> Result<TextScores, InferenceError> {
        self.answer.blocking_recv().unwrap_or(Err(InferenceError::Gone))
    }
}

fn worker_count(wanted: usize) -> usize {
    if wanted > 0 { wanted } else { thread::available_parallelism().map_or(1, std::num::NonZero::get) }
}

fn fixed_model(model: &FixedModel) -> Result<Model, ModelError> {
    let windower = FixedModel::windower().map_err(|problem| invalid(model.name.as_ref(), problem))?;
    let tags = model.tags();
    let windower = windower.with_pieces(tags.is_some());
    let hash: [u8; 32] = Sha256::digest(format!("{model:?}")).into();
    let info = ModelInfo {
        name: model.name.as_str().into(),
        hash8: hex(&hash[..4]).into(),
        labels: model.labels.clone().into(),
        entities: tags.iter().flat_map(|tags| tags.entities.clone()).collect(),
        max_length: fixed::MAX_LENGTH,
        stride: fixed::STRIDE,
        license: None,
        calibration: BTreeMap::new(),
    };
    Ok(Model { info, windower, hash, tags })
}

#[cfg(test)]
mod tests;
