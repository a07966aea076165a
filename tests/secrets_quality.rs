//! How often `secrets` alarms where there is none: every text of ordinary use is scanned, and what is found is printed.
//!
//! The data is not part of the repository: it is looked for in `../shared/data`, and what is missing is said.
//! `cargo test --test secrets_quality -- --nocapture` shows the findings.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use palisade::config::Source;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Channel, Context, RuleSet};
use palisade::segment::{Direction, Kind, Scope};

/// Texts with a finding that pass: there are some that do have a secret-looking string in them.
const MOST: usize = 5;

#[test]
fn ordinary_texts_hold_no_secrets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.exists() {
        println!("skipped: no texts in {}", folder.display());
        return;
    }
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().to_string_lossy().starts_with("benign-"));
    files.sort();
    let context = context();
    let (mut texts, mut bytes, mut alarmed) = (0, 0, 0);
    for file in files {
        for line in lines(&file) {
            let row: serde_json::Value = serde_json::from_str(&line).unwrap();
            let text = row["text"].as_str().unwrap();
            texts += 1;
            bytes += text.len();
            let found = found(&context, text);
            alarmed += usize::from(!found.is_empty());
            for (label, matched, around) in found {
                println!("{}: {label}: {matched:?} in {around:?}", row["source"].as_str().unwrap_or_default());
            }
        }
    }
    println!("{alarmed} of {texts} texts ({bytes} bytes) with a finding");
    assert!(alarmed <= MOST, "{alarmed} texts alarm");
}

fn context() -> Context {
    let rule = "rules: [{ id: r, action: log, detect: { secrets: {} } }]";
    let source = Source::new("quality.yaml", rule);
    let loaded = load_policy_source(&source, Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let labels = |_: &str, _: &str| Err("no models here".to_owned());
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

/// The lines of a packed file, by way of gzip.
fn lines(file: &Path) -> Vec<String> {
    let mut gzip = Command::new("gzip").arg("-dc").arg(file).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(gzip.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert!(gzip.wait().unwrap().success());
    lines
}

/// Label, what was found, and what stands around it.
fn found(context: &Context, text: &str) -> Vec<(String, String, String)> {
    let plan = Arc::clone(context.rules.plan_for(Scope::one(Direction::Request, Kind::User)));
    let mut channel = Channel::new(context, plan);
    channel.feed(text);
    channel.finish();
    let findings = channel.findings().iter().map(|finding| {
        let mut from = finding.range.start.saturating_sub(60);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let label = finding.label.as_deref().unwrap_or_default().to_owned();
        let matched = text[finding.range.clone()].to_owned();
        (label, matched, text[from..finding.range.end].to_owned())
    });
    findings.collect()
}
