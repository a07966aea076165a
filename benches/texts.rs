//! All rules that ship, over ordinary English and over the texts that they like least: `benches/adversarial/`, each a piece that
//! is repeated. `cargo bench --bench texts` writes the throughput of each as JSON, in MB/s of one core.
//!
//! Every round reads each text once, so that a machine whose speed drifts spoils none more than another.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use palisade::config::Source;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Channel, Context, RuleSet};
use palisade::segment::{Direction, Kind, Scope};
use serde_json::{Map, Value, json};

const ROUNDS: usize = 9;
/// Bytes of a text.
const SIZE: usize = 256 << 10;
/// Bytes of a message: what one channel reads.
const MESSAGE: usize = 8 << 10;

/// Rules by name. `all` is personal data, secrets, injections and hidden characters together.
const RULES: &[(&str, &str)] = &[
    (
        "all",
        "extends: [injection, default]\nrules: [{ id: prompt-injection, disabled: true }, { id: p, action: mask, detect: \
         { pii: {} } }, { id: s, action: mask, detect: { secrets: {} } }, { id: u, action: block, detect: { unicode: {} } }]",
    ),
    ("default", "extends: [default]\nrules: [{ id: prompt-injection, disabled: true }]"),
    ("pii", "rules: [{ id: p, action: mask, detect: { pii: {} } }]"),
    ("secrets", "rules: [{ id: s, action: mask, detect: { secrets: {} } }]"),
    ("injection", "extends: [injection]\nrules: []"),
    ("unicode", "rules: [{ id: u, action: block, detect: { unicode: {} } }]"),
];

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    let fill = |piece: &str| {
        let mut text = piece.repeat(SIZE / piece.len() + 1);
        text.truncate((0..=SIZE).rev().find(|&at| text.is_char_boundary(at)).unwrap());
        text
    };
    let english = fill(&std::fs::read_to_string(folder.join("english.txt")).unwrap());
    let mut adversarial: Vec<(String, String)> = folder
        .join("adversarial")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fill(&std::fs::read_to_string(&path).unwrap()))
        })
        .collect();
    adversarial.sort();

    let plans: Vec<(&str, Context)> = RULES.iter().map(|(name, rules)| (*name, context(rules))).collect();
    let mut cases: Vec<(String, &Context, &str, Vec<f64>)> = plans
        .iter()
        .map(|(name, context)| (format!("english/{name}"), context, english.as_str(), Vec::new()))
        .collect();
    let all = &plans[0].1;
    cases.extend(adversarial.iter().map(|(name, text)| (name.clone(), all, text.as_str(), Vec::new())));
    for _ in 0..ROUNDS {
        for (_, context, text, rates) in &mut cases {
            let time = scan(context, text);
            rates.push(text.len() as f64 / time.as_secs_f64() / 1e6);
        }
    }
    let rows: Map<String, Value> = cases.into_iter().map(|(name, _, _, rates)| (name, json!(rates))).collect();
    println!("{}", Value::Object(rows));
}

fn context(policy: &str) -> Context {
    let source = Source::new("bench.yaml", policy);
    let loaded = load_policy_source(&source, Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let labels = |_: &str, _: &str| Err("no models here".to_owned());
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

/// Reads a text as what users say, message by message.
fn scan(context: &Context, mut text: &str) -> Duration {
    let plan = context.rules.plan_for(Scope::one(Direction::Request, Kind::User));
    let begun = Instant::now();
    while !text.is_empty() {
        let end = (0..=text.len().min(MESSAGE)).rev().find(|&at| text.is_char_boundary(at)).unwrap();
        let mut channel = Channel::new(context, Arc::clone(plan));
        channel.feed(&text[..end]);
        channel.finish();
        black_box(channel.findings().len());
        text = &text[end..];
    }
    begun.elapsed()
}
