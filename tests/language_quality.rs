//! How often `language` takes a text for one in another language: English, German and other labelled texts, as a table.
//!
//! The data is not part of the repository: it is looked for in `../shared/data`, and what is missing is said.
//! `cargo test --test language_quality -- --nocapture` shows the table.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/quality.rs"]
mod quality;

use std::collections::BTreeMap;

use palisade::segment::Kind;

use self::quality::{context, data, read, rows};

/// Files, and the language that their texts are said to be in. `None`: all are in English, but for a few.
const FILES: &[(&str, Option<&str>)] = &[
    ("benign-arena-hard-mtbench", None),
    ("benign-bbh", None),
    ("benign-cyberseceval-frr", None),
    ("benign-gpteacher", None),
    ("benign-gsm8k", None),
    ("benign-humaneval", None),
    ("benign-self-instruct", None),
    ("benign-writingbench", Some("en")),
    ("benign-writingbench", Some("zh")),
    ("ner-german-legal", Some("de")),
    ("ner-uner", Some("en")),
    ("ner-uner", Some("hr")),
    ("ner-uner", Some("pt")),
    ("ner-uner", Some("sv")),
    ("ner-uner", Some("zh")),
    ("topic-banking77", None),
    ("topic-clinc150", None),
    ("topic-nlu-evaluation", None),
    ("topic-snips", None),
    ("weak-hh-harmless-first-turns", None),
];

/// The highest share of texts that may be taken for one in another language, over all files.
const MOST_FALSE_ALARMS: f64 = 0.005;
/// The lowest share of texts of 100 bytes or more in other languages that must be found where English alone is allowed.
const LEAST_RECALL: f64 = 0.95;

#[test]
fn false_alarms_and_recall() {
    let Some(folder) = data() else { return };
    let rule = |language: &str| {
        context(&format!("rules: [{{ id: r, detect: {{ language: {{ allow: [{language}] }} }}, action: log }}]"))
    };
    let english = rule("en");
    let (mut all, mut wrong, mut foreign, mut found) = (0, 0, 0, 0);
    for (file, language) in FILES {
        let path = folder.join(format!("{file}.jsonl.gz"));
        if !path.exists() {
            println!("skipped: no {file}");
            continue;
        }
        let own = rule(language.unwrap_or("en"));
        let (mut texts, mut alarms, mut long, mut seen) = (0, 0, 0, 0);
        let mut labels = BTreeMap::<String, usize>::new();
        for row in rows(&path) {
            let Some(text) = row["text"].as_str() else { continue };
            if language.is_some_and(|language| row["lang"] != language) {
                continue;
            }
            texts += 1;
            if let Some(finding) = read(&own, Kind::User, text).findings().first() {
                alarms += 1;
                *labels.entry(finding.label.as_deref().unwrap_or("?").to_owned()).or_default() += 1;
                if std::env::var_os("PALISADE_SHOW").is_some() {
                    println!("{file}: {:?} {:?}", finding.label, text.chars().take(300).collect::<String>());
                }
            }
            if language.is_some_and(|language| language != "en") && text.len() >= 100 {
                long += 1;
                seen += usize::from(!read(&english, Kind::User, text).findings().is_empty());
            }
        }
        let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        let name = language.unwrap_or("en");
        println!(
            "| {file} | {name} | {texts} | {:.2} % {labels:?} | {seen} of {long} ({:.1} %) |",
            share(alarms, texts),
            share(seen, long)
        );
        (all, wrong, foreign, found) = (all + texts, wrong + alarms, foreign + long, found + seen);
    }
    if all == 0 {
        return;
    }
    println!("| all | | {all} | {wrong} | {found} of {foreign} |");
    assert!(wrong as f64 <= MOST_FALSE_ALARMS * all as f64, "{wrong} of {all}");
    assert!(found as f64 >= LEAST_RECALL * foreign as f64, "{found} of {foreign}");
}
