//! The shipped guard scores texts as its training script recorded: same tokens, same windows, same numbers.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::time::{Duration, Instant};

use palisade::classifier::{Inference, Job, ModelDirs, Priority, Question, runtime_available};
use palisade::segment::Kind;
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    windows: Windows,
    texts: Vec<Entry>,
}

#[derive(Deserialize)]
struct Windows {
    max_length: usize,
    stride: usize,
}

#[derive(Deserialize)]
struct Entry {
    text: String,
    window_scores: Vec<f32>,
    injection: bool,
}

/// How far a score may lie from the recorded one. Kernels for other instruction sets round otherwise, and dynamic
/// quantisation turns a rounding into a step: between AVX-512 and AMX machines these texts moved by up to 0.0022.
const TOLERANCE: f32 = 0.02;

#[test]
fn the_guard_agrees_with_its_training_script() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let path = models.join("guard/reference.json");
    if !path.is_file() || !runtime_available() {
        let what = if path.is_file() { "ONNX Runtime (run `make runtime`)" } else { "models/guard/reference.json" };
        assert!(std::env::var_os("CI").is_none(), "{what} is missing");
        eprintln!("skipped: {what} is missing");
        return;
    }
    let reference: Reference = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let inference = Inference::load(&["guard"], &ModelDirs::only(models), b"key", 0).unwrap();
    let info = inference.model("guard").unwrap();
    assert_eq!((info.max_length, info.stride), (reference.windows.max_length, reference.windows.stride));
    let label = info.label("injection").unwrap();
    let threshold = info.calibration("injection").unwrap().threshold;

    let mut widest = 0f32;
    for expected in &reference.texts {
        let job = Job {
            model: "guard".into(),
            text: expected.text.as_str().into(),
            question: Question::Scores,
            kind: Kind::User,
            client: 0,
            tenant: None,
            priority: Priority::Gate,
            deadline: Instant::now() + Duration::from_secs(60),
        };
        let answer = inference.submit(job).unwrap().wait().unwrap();
        let scores: Vec<f32> = answer.windows.iter().map(|window| window.scores[label]).collect();
        assert_eq!(scores.len(), expected.window_scores.len(), "{:?}: windows", expected.text);
        let apart = scores.iter().zip(&expected.window_scores).map(|(here, recorded)| (here - recorded).abs());
        let apart = apart.fold(0f32, f32::max);
        assert!(apart < TOLERANCE, "{:?}: {scores:?} here, {:?} recorded", expected.text, expected.window_scores);
        widest = widest.max(apart);
        let found = scores.iter().any(|score| *score >= threshold);
        assert_eq!(found, expected.injection, "{:?}: {scores:?}", expected.text);
    }
    eprintln!("{} texts agree within {TOLERANCE}; the widest difference is {widest:.4}", reference.texts.len());
}
