//! The bounded queue between callers and workers: fair per client, gate work before bulk work.
//!
//! Within a class, clients take turns, and a client's jobs are taken in their order. A worker has a task for one window
//! and brings the rest back, so that a long text never stands in the way of another client's short one. What nobody
//! waits for any more is dropped before any work is done on it. No one client can fill more than half of the queue.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

use tokio::sync::oneshot;

use super::windows::Window;
use super::{InferenceError, Job, Priority, TextScores, WindowScores};

/// Windows' worth of work that may wait or run.
pub(super) const CAPACITY: usize = 1024;

/// A job under way.
pub(super) struct Task {
    pub(super) job: Job,
    /// The model's place among the loaded ones.
    pub(super) model: usize,
    /// Windows still to judge; `None` before the text was cut.
    pub(super) windows: Option<std::vec::IntoIter<Window>>,
    pub(super) scored: Vec<WindowScores>,
    /// Where its tokens begin, if that was asked.
    pub(super) tokens: Option<Arc<[u32]>>,
    weight: usize,
    submitted: Instant,
    reply: oneshot::Sender<Result<TextScores, InferenceError>>,
}

impl Task {
    /// A task that is thought to have so many windows, and where its answer will come out.
    pub(super) fn new(
        job: Job,
        model: usize,
        weight: usize,
    ) -> (Task, oneshot::Receiver<Result<TextScores, InferenceError>>) {
        let (reply, answer) = oneshot::channel();
        let (windows, scored, tokens) = (None, Vec::new(), None);
        let task = Task { job, model, windows, scored, tokens, weight, submitted: Instant::now(), reply };
        (task, answer)
    }

    fn is_dead(&self, now: Instant) -> bool {
        self.reply.is_closed() || self.job.deadline <= now
    }
}

/// How a task came back from a worker.
pub(super) enum Turn {
    /// There are windows left.
    More,
    /// All windows are judged.
    Done,
    /// It cannot be judged.
    Failed(InferenceError),
}

/// See the module.
pub(super) struct Queue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    gate: Lane,
    bulk: Lane,
    /// Windows' worth of work of each client, waiting or running; never 0.
    held: HashMap<u64, usize>,
    /// The sum of `held`.
    total: usize,
    closed: bool,
    /// Workers that sleep. The last to lie down is woken first: its model is still in the caches.
    asleep: Vec<Thread>,
}

/// The tasks of one class. A client is among the turns exactly if it has tasks.
#[derive(Default)]
struct Lane {
    turns: VecDeque<u64>,
    tasks: HashMap<u64, VecDeque<Task>>,
}

impl Queue {
    pub(super) fn new() -> Queue {
        Queue { state: Mutex::default() }
    }

    /// Takes the task in, or says `Overloaded`.
    pub(super) fn submit(&self, task: Task) -> Result<(), InferenceError> {
        let mut state = self.lock();
        if state.closed {
            return Err(InferenceError::Gone);
        }
        if !state.has_room(&task) {
            state.sweep();
            if !state.has_room(&task) {
                return Err(InferenceError::Overloaded);
            }
        }
        *state.held.entry(task.job.client).or_default() += task.weight;
        state.total += task.weight;
        state.lane(task.job.priority).push_back(task);
        wake_one(state);
        Ok(())
    }

    /// The next task somebody waits for; sleeps until there is one. `None` once the queue is closed.
    pub(super) fn next(&self) -> Option<Task> {
        let me = thread::current();
        loop {
            let mut state = self.lock();
            // A thread may wake without having been woken.
            state.asleep.retain(|thread| thread.id() != me.id());
            if state.closed {
                return None;
            }
            match state.gate.pop().or_else(|| state.bulk.pop()) {
                Some(task) if task.is_dead(Instant::now()) => state.bury(task),
                Some(task) => return Some(task),
                None => {
                    state.asleep.push(me.clone());
                    drop(state);
                    thread::park();
                }
            }
        }
    }

    /// Takes back a task that `next` gave out.
    pub(super) fn give_back(&self, mut task: Task, turn: Turn) {
        let mut state = self.lock();
        let answer = match turn {
            Turn::More => {
                let left = task.windows.as_ref().map_or(task.weight, ExactSizeIterator::len);
                state.release(&task);
                task.weight = left;
                *state.held.entry(task.job.client).or_default() += left;
                state.total += left;
                state.lane(task.job.priority).push_front(task);
                wake_one(state);
                return;
            }
            Turn::Done => {
                let (windows, tokens) = (std::mem::take(&mut task.scored), task.tokens.take());
                Ok(TextScores { windows, tokens, elapsed: task.submitted.elapsed() })
            }
            Turn::Failed(error) => Err(error),
        };
        state.release(&task);
        drop(state);
        // The caller may have gone meanwhile, and then nobody misses the answer.
        let _ = task.reply.send(answer);
    }

    /// Windows' worth of work, waiting or running.
    pub(super) fn len(&self) -> usize {
        self.lock().total
    }

    /// Sends the workers home. Tasks that wait are dropped, which their callers see as `Gone`.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        let asleep = std::mem::take(&mut state.asleep);
        *state = State { closed: true, ..State::default() };
        drop(state);
        asleep.iter().for_each(Thread::unpark);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that could panic leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes a worker, if one sleeps.
fn wake_one(mut state: MutexGuard<'_, State>) {
    let worker = state.asleep.pop();
    drop(state);
    worker.iter().for_each(Thread::unpark);
}

impl State {
    fn lane(&mut self, priority: Priority) -> &mut Lane {
        match priority {
            Priority::Gate => &mut self.gate,
            Priority::Bulk => &mut self.bulk,
        }
    }

    /// A client alone may hold half of the queue, but always one task.
    fn has_room(&self, task: &Task) -> bool {
        let held = self.held.get(&task.job.client).copied().unwrap_or(0);
        self.total + task.weight <= CAPACITY && (held == 0 || held + task.weight <= CAPACITY / 2)
    }

    fn release(&mut self, task: &Task) {
        // After `close` nothing is held any more.
        self.total = self.total.saturating_sub(task.weight);
        if let Some(held) = self.held.get_mut(&task.job.client) {
            *held = held.saturating_sub(task.weight);
            if *held == 0 {
                self.held.remove(&task.job.client);
            }
        }
    }

    fn bury(&mut self, task: Task) {
        self.release(&task);
        let _ = task.reply.send(Err(InferenceError::Timeout));
    }

    fn sweep(&mut self) {
        let now = Instant::now();
        for task in self.gate.take_dead(now).into_iter().chain(self.bulk.take_dead(now)) {
            self.bury(task);
        }
    }
}

impl Lane {
    fn push_back(&mut self, task: Task) {
        self.of(task.job.client).push_back(task);
    }

    fn push_front(&mut self, task: Task) {
        self.of(task.job.client).push_front(task);
    }

    fn of(&mut self, client: u64) -> &mut VecDeque<Task> {
        let turns = &mut self.turns;
        self.tasks.entry(client).or_insert_with(|| {
            turns.push_back(client);
            VecDeque::new()
        })
    }

    fn pop(&mut self) -> Option<Task> {
        let client = self.turns.pop_front()?;
        let tasks = self.tasks.get_mut(&client)?;
        let task = tasks.pop_front();
        if tasks.is_empty() {
            self.tasks.remove(&client);
        } else {
            self.turns.push_back(client);
        }
        task
    }

    fn take_dead(&mut self, now: Instant) -> Vec<Task> {
        let mut dead = Vec::new();
        for tasks in self.tasks.values_mut() {
            for _ in 0..tasks.len() {
                if let Some(task) = tasks.pop_front() {
                    if task.is_dead(now) { dead.push(task) } else { tasks.push_back(task) }
                }
            }
        }
        self.tasks.retain(|_, tasks| !tasks.is_empty());
        self.turns.retain(|client| self.tasks.contains_key(client));
        dead
    }
}

#[cfg(test)]
mod tests;
