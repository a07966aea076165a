//! What a worker thread does: takes a task, cuts its text, judges one window, gives the task back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::cache::ScoreCache;
use super::model::ModelInfo;
use super::queue::{Queue, Task, Turn};
use super::tags::{Judged, Tags};
use super::vectors::unit;
use super::windows::{View, Window, Windower};
use super::{Classifier, InferenceError, Input, Question, WindowScores};

/// What all workers share.
pub(super) struct Engine {
    pub(super) models: Vec<Model>,
    pub(super) queue: Queue,
    pub(super) cache: ScoreCache,
}

/// A model without its sessions, which each worker has of its own.
pub(super) struct Model {
    pub(super) info: ModelInfo,
    pub(super) windower: Windower,
    pub(super) hash: [u8; 32],
    /// If it tags tokens.
    pub(super) tags: Option<Tags>,
}

/// Works until the queue closes. `classifiers` stand in the order of the models.
pub(super) fn work(engine: &Engine, mut classifiers: Vec<Box<dyn Classifier>>) {
    while let Some(mut task) = engine.queue.next() {
        // A panic costs its task and nothing else. What it can leave behind is a classifier's buffers, and those are
        // written anew for every window.
        let turn = catch_unwind(AssertUnwindSafe(|| take_turn(engine, &mut classifiers, &mut task)));
        let turn = match turn {
            Ok(Ok(turn)) => turn,
            Ok(Err(error)) => Turn::Failed(error),
            Err(_) => Turn::Failed(InferenceError::Failed("the classifier panicked".to_owned())),
        };
        engine.queue.give_back(task, turn);
    }
}

/// Judges the task's next window that is not known yet, and takes those before it from the cache.
fn take_turn(
    engine: &Engine,
    classifiers: &mut [Box<dyn Classifier>],
    task: &mut Task,
) -> Result<Turn, InferenceError> {
    let model = &engine.models[task.model];
    let question = task.job.question;
    if question == Question::Tokens {
        task.tokens = Some(model.windower.starts(&task.job.text)?.into());
        return Ok(Turn::Done);
    }
    let classifier = &mut classifiers[task.model];
    let windows = match &mut task.windows {
        Some(windows) => windows,
        None => task.windows.insert(model.windower.cut(&task.job.text)?.into_iter()),
    };
    while let Some(window) = windows.next() {
        let text = &task.job.text[window.range.clone()];
        let key = engine.cache.key(&model.hash, task.job.kind, task.job.tenant.as_deref(), &window, text);
        let known = engine.cache.get(question, &key);
        let cached = known.is_some();
        let judged = match known {
            Some(judged) => judged,
            None if question == Question::Vectors => {
                let vector = classifier.vector(&Input { ids: &window.ids, text });
                let vector = vector.and_then(unit).map_err(InferenceError::Failed)?;
                Judged { vector: vector.into(), ..Judged::default() }
            }
            None => judge(classifier.as_mut(), model.tags.as_ref(), &window, text)?,
        };
        let (words, unread) = (judged.words_in(&window), window.view == View::Known);
        task.scored.push(WindowScores {
            range: window.range,
            scores: Arc::clone(&judged.scores),
            words,
            vector: Arc::clone(&judged.vector),
            cached,
            unread,
        });
        if !cached {
            engine.cache.insert(question, key, judged);
        }
        if !cached && windows.len() > 0 {
            return Ok(Turn::More);
        }
    }
    Ok(Turn::Done)
}

fn judge(
    classifier: &mut dyn Classifier,
    tags: Option<&Tags>,
    window: &Window,
    text: &str,
) -> Result<Judged, InferenceError> {
    let outputs = classifier.score(&Input { ids: &window.ids, text }).map_err(InferenceError::Failed)?;
    let words = tags.map_or_else(Vec::new, |tags| tags.words(&outputs.tags, window, text));
    let all = outputs.scores.iter().copied().chain(words.iter().map(|word| word.score));
    if all.into_iter().all(|score| (0.0..=1.0).contains(&score)) {
        Ok(Judged { scores: outputs.scores.into(), words: words.into(), ..Judged::default() })
    } else {
        Err(InferenceError::Failed("the model gave a score that is not a number in 0..=1".to_owned()))
    }
}
