#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::classifier::Question;
use crate::segment::Kind;

type Answer = oneshot::Receiver<Result<TextScores, InferenceError>>;

fn task(client: u64, priority: Priority, name: &str, weight: usize) -> (Task, Answer) {
    let job = Job {
        model: "guard".into(),
        text: Arc::from(name),
        question: Question::Scores,
        kind: Kind::User,
        client,
        tenant: None,
        priority,
        deadline: Instant::now() + Duration::from_secs(60),
    };
    Task::new(job, 0, weight)
}

/// The texts in the order in which one worker gets them, when each takes as many turns as it weighs.
fn drain(queue: &Queue) -> Vec<String> {
    let mut order = Vec::new();
    while queue.len() > 0 {
        let mut task = queue.next().unwrap();
        order.push(task.job.text.to_string());
        let left = task.weight - 1;
        task.windows = Some(
            vec![
                Window {
                    range: 0..0,
                    ids: vec![],
                    view: super::super::windows::View::Plain,
                    prefix: 0,
                    pieces: vec![]
                };
                left
            ]
            .into_iter(),
        );
        queue.give_back(task, if left > 0 { Turn::More } else { Turn::Done });
    }
    order
}

#[test]
fn clients_take_turns_and_a_long_text_waits_between_its_windows() {
    let queue = Queue::new();
    let jobs = [(1, "long", 4), (1, "after long", 1), (2, "short", 1), (3, "other", 2)];
    let answers: Vec<Answer> = jobs
        .map(|(client, name, weight)| {
            let (task, answer) = task(client, Priority::Gate, name, weight);
            queue.submit(task).unwrap();
            answer
        })
        .into();
    assert_eq!(drain(&queue), ["long", "short", "other", "long", "other", "long", "long", "after long"]);
    for mut answer in answers {
        answer.try_recv().unwrap().unwrap();
    }
}

#[test]
fn gate_work_goes_first() {
    let queue = Queue::new();
    let (bulk, _bulk) = task(1, Priority::Bulk, "bulk", 2);
    let (gate, _gate) = task(2, Priority::Gate, "gate", 2);
    queue.submit(bulk).unwrap();
    queue.submit(gate).unwrap();
    assert_eq!(drain(&queue), ["gate", "gate", "bulk", "bulk"]);
}

#[test]
fn nobody_works_for_those_who_left_or_came_too_late() {
    let queue = Queue::new();
    let (left, answer) = task(1, Priority::Gate, "left", 1);
    drop(answer);
    let (mut late, mut late_answer) = task(1, Priority::Gate, "late", 1);
    late.job.deadline = Instant::now();
    let (live, _answer) = task(1, Priority::Gate, "live", 1);
    for task in [left, late, live] {
        queue.submit(task).unwrap();
    }
    assert_eq!(drain(&queue), ["live"]);
    assert_eq!(late_answer.try_recv().unwrap().unwrap_err(), InferenceError::Timeout);
}

#[test]
fn a_full_queue_says_so_and_one_client_cannot_fill_it() {
    let queue = Queue::new();
    let half = CAPACITY / 2;
    let (first, first_answer) = task(1, Priority::Gate, "first", half);
    queue.submit(first).unwrap();
    let (more, _answer) = task(1, Priority::Gate, "more", 1);
    assert_eq!(queue.submit(more), Err(InferenceError::Overloaded));
    let (other, _other_answer) = task(2, Priority::Gate, "other", half);
    queue.submit(other).unwrap();
    let (third, _answer) = task(3, Priority::Gate, "third", 1);
    assert_eq!(queue.submit(third), Err(InferenceError::Overloaded));
    // Once somebody leaves there is room, without a worker having come by.
    drop(first_answer);
    let (third, _third_answer) = task(3, Priority::Gate, "third", 1);
    queue.submit(third).unwrap();
    assert_eq!(queue.len(), half + 1);
}

#[test]
fn closing_sends_workers_home_and_tells_the_callers() {
    let queue = Queue::new();
    let (waiting, mut answer) = task(1, Priority::Gate, "waiting", 1);
    queue.submit(waiting).unwrap();
    queue.close();
    assert!(queue.next().is_none());
    assert!(answer.try_recv().is_err());
    let (late, _answer) = task(1, Priority::Gate, "late", 1);
    assert_eq!(queue.submit(late), Err(InferenceError::Gone));
}
