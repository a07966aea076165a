//! How long policies take to load, and how much memory they keep: each shipped one, and all rules of the bench `texts`.
//! `cargo bench --bench load` writes milliseconds and megabytes as JSON, of several processes each: what one has built is
//! there for the next, and what is resident can only be told of a process that does nothing else. No model is loaded.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use palisade::classifier::Calibration;
use palisade::config::Source;
use palisade::policy::file::load_policy_source;
use palisade::policy::{LabelInfo, RuleSet};
use serde_json::{Map, Value, json};

/// As in the proxy.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
/// Tells a process what to load.
const VARIABLE: &str = "PALISADE_BENCH_LOAD";

/// Personal data, secrets, injections and hidden characters together.
const ALL: &str = "extends: [injection, default]\nrules: [{ id: prompt-injection, disabled: true }, { id: p, action: mask, \
                   detect: { pii: {} } }, { id: s, action: mask, detect: { secrets: {} } }, { id: u, action: block, detect: \
                   { unicode: {} } }]";

fn main() {
    if let Ok(name) = std::env::var(VARIABLE) {
        return load(&name);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|file| Some(file.strip_suffix(".yaml")?.to_owned())).collect();
    names.retain(|name| !name.contains(".test"));
    names.push("all".to_owned());
    names.sort();
    let mut rows = Map::new();
    for round in 0..ROUNDS {
        for name in &names {
            let output = Command::new(std::env::current_exe().unwrap()).env(VARIABLE, name).output().unwrap();
            let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
            for (figure, value) in figures.as_object().unwrap() {
                let row = rows.entry(name.clone()).or_insert_with(|| json!({}));
                let column = row.as_object_mut().unwrap().entry(figure.clone()).or_insert_with(|| json!([]));
                column.as_array_mut().unwrap().push(value.clone());
                assert_eq!(column.as_array().unwrap().len(), round + 1);
            }
        }
    }
    println!("{}", Value::Object(rows));
}

/// Loads one policy as the proxy does, from its text to what runs.
fn load(name: &str) {
    let text = if name == "all" { ALL.to_owned() } else { format!("extends: [{name}]\nrules: []") };
    let before = resident("VmRSS");
    let begun = Instant::now();
    let loaded = load_policy_source(&Source::new("bench.yaml", &text), Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let calibration = Some(Calibration { threshold: 0.5, low: 0.5, medium: 0.5, high: 0.5 });
    let labels = |model: &str, _: &str| Ok(LabelInfo { model: model.into(), index: 0, calibration, entity: false });
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    let (kept, peak) = (resident("VmRSS") - before, resident("VmHWM") - before);
    println!("{}", json!({ "ms": ms, "kept_mb": kept, "peak_mb": peak, "rules": rules.rules().len() }));
}

/// What is resident of this process, in MB; the most that ever was.
fn resident(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|row| row.strip_prefix(line)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e3
}
