//! How often `secrets` alarms where there is none: every text of ordinary use is scanned, and what is found is printed.
//!
//! The data is not part of the repository: it is looked for in `../shared/data`, and what is missing is said.
//! `cargo test --test secrets_quality -- --nocapture` shows the findings.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/quality.rs"]
mod quality;

use palisade::policy::Context;
use palisade::segment::Kind;

use self::quality::{context, data, read, rows};

/// Texts with a finding that pass: there are some that do have a secret-looking string in them.
const MOST: usize = 5;

#[test]
fn ordinary_texts_hold_no_secrets() {
    let Some(folder) = data() else { return };
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().to_string_lossy().starts_with("benign-"));
    files.sort();
    let context = context("rules: [{ id: r, action: log, detect: { secrets: {} } }]");
    let (mut texts, mut bytes, mut alarmed) = (0, 0, 0);
    for file in files {
        for row in rows(&file) {
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

/// Label, what was found, and what stands around it.
fn found(context: &Context, text: &str) -> Vec<(String, String, String)> {
    let channel = read(context, Kind::User, text);
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
