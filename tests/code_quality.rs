//! In how many harmless texts `code` finds code, for each labelled file, as a table.
//!
//! Some of the files do hold code; those in which there is none, but for a few texts, are told apart. The data is not part of the
//! repository: it is looked for in `../shared/data`, and what is missing is said.
//! `cargo test --test code_quality -- --nocapture` shows the table, `PALISADE_SHOW=1` also what is found.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/quality.rs"]
mod quality;

use std::collections::BTreeMap;

use palisade::segment::Kind;

use self::quality::{context, data, read, rows};

/// Each with whether it is prose.
const FILES: &[(&str, bool)] = &[
    ("benign-arena-hard-mtbench", false),
    ("benign-awesome-chatgpt-prompts", false),
    ("benign-bbh", false),
    ("benign-cyberseceval-frr", false),
    ("benign-gpteacher", false),
    ("benign-gsm8k", true),
    ("benign-humaneval", false),
    ("benign-oasst-samples", false),
    ("benign-self-instruct", false),
    ("benign-writingbench", true),
    ("harmful-advbench", true),
    ("moderation-hatemoji-build", true),
    ("moderation-stormfront", true),
    ("moderation-wiki-unintended-bias", true),
    ("ner-german-legal", true),
    ("ner-sec-filings", true),
    ("ner-uner", true),
    ("ner-wikigold", true),
    ("ner-wnut17", true),
    ("topic-banking77", true),
    ("topic-clinc150", true),
    ("topic-nlu-evaluation", true),
    ("topic-snips", true),
    ("weak-hh-harmless-first-turns", true),
];

/// The highest share of texts of prose in which code may be found.
const MOST_FALSE_ALARMS: f64 = 0.001;

#[test]
fn prose_is_no_code() {
    let Some(folder) = data() else { return };
    let context = context("rules: [{ id: r, detect: { code: {} }, action: log }]");
    let (mut all, mut wrong) = (0usize, 0usize);
    for (file, is_prose) in FILES {
        let path = folder.join(format!("{file}.jsonl.gz"));
        if !path.exists() {
            println!("skipped: no {file}");
            continue;
        }
        let (mut texts, mut found, mut labels) = (0usize, 0usize, BTreeMap::<String, usize>::new());
        for row in rows(&path) {
            let Some(text) = row["text"].as_str() else { continue };
            let channel = read(&context, Kind::User, text);
            texts += 1;
            found += usize::from(!channel.findings().is_empty());
            for finding in channel.findings() {
                let label = finding.label.as_deref().unwrap_or("?");
                *labels.entry(label.to_owned()).or_default() += 1;
                if std::env::var_os("PALISADE_SHOW").is_some() {
                    println!(
                        "{file}: {label}: {:?}",
                        text[finding.range.clone()].chars().take(200).collect::<String>()
                    );
                }
            }
        }
        let kind = if *is_prose { "prose" } else { "some code" };
        println!("| {file} | {kind} | {texts} | {:.2} % | {labels:?} |", 100.0 * found as f64 / texts.max(1) as f64);
        if *is_prose {
            (all, wrong) = (all + texts, wrong + found);
        }
    }
    println!("| all prose | | {all} | {wrong} | |");
    assert!(wrong as f64 <= MOST_FALSE_ALARMS * all as f64, "{wrong} of {all}");
}
