//! How good `pii` is: precision and recall of each format on labelled sentences, as a table.
//!
//! How many false alarms ordinary texts raise when a rule names no entities is counted as well.
//!
//! The data is not part of the repository: it is looked for in `../shared/data`, and what is missing is said.
//! `cargo test --test pii_quality -- --nocapture` shows the table.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/quality.rs"]
mod quality;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use palisade::policy::Context;
use palisade::segment::Kind;

use self::quality::{context, data, read, rows};

/// Entity, and the lowest precision and recall that pass.
///
/// What a checksum or a strict form vouches for is found nearly always and never by mistake. Where recall is less, the labels
/// are at odds with the form: one British account number in ten is a digit short, one card in twenty has a prefix (3500
/// to 3527, 3590 to 3599) that no issuer uses. Phone numbers are looked for in seven regions, while the labels have more,
/// and local ones without a prefix.
const FLOORS: &[(&str, f64, f64)] = &[
    ("CREDIT_CARD", 0.99, 0.94),
    ("EMAIL_ADDRESS", 0.99, 0.99),
    ("IBAN_CODE", 0.99, 0.89),
    ("IP_ADDRESS", 0.99, 0.99),
    ("US_SSN", 0.99, 0.99),
    ("US_DRIVER_LICENSE", 0.99, 0.95),
    ("PHONE_NUMBER", 0.98, 0.85),
];

const RULE: &str = "rules: [{ id: r, action: log, detect: { pii: { entities: [CREDIT_CARD, EMAIL_ADDRESS, IBAN_CODE, \
                    IP_ADDRESS, US_SSN, US_DRIVER_LICENSE, PHONE_NUMBER], regions: [US, CA, GB, DE, FR, ES, IT] } } }]";

/// What a rule finds that names nothing.
const USUAL: &str = "rules: [{ id: r, action: log, detect: { pii: {} } }]";

/// Texts in which numbers of people hardly ever stand: prompts, encyclopedias, filings, judgments, tweets, questions.
const ORDINARY: &[&str] =
    &["benign-", "topic-", "ner-uner", "ner-wiki", "ner-wnut", "ner-sec", "ner-german", "ner-broad"];

/// Findings of one entity per million bytes of ordinary text that pass.
const ALARMS: f64 = 0.1;

/// These do stand in ordinary texts.
const CONTACTS: &[&str] = &["EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS", "MAC_ADDRESS"];

#[derive(Default)]
struct Count {
    labelled: usize,
    found: usize,
    right: usize,
    recalled: usize,
}

#[test]
fn precision_and_recall() {
    let Some(folder) = data() else { return };
    let context = context(RULE);
    let mut all: BTreeMap<String, Count> = BTreeMap::new();
    for name in ["ner-pii-templates", "ner-presidio-synth"] {
        let file = folder.join(format!("{name}.jsonl.gz"));
        if !file.exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", file.display());
            println!("skipped: {} is missing", file.display());
            continue;
        }
        let mut counts = BTreeMap::new();
        for row in rows(&file) {
            count(&context, &row, &mut counts);
        }
        println!("{}", table(name, &counts));
        for (entity, count) in counts {
            let sum = all.entry(entity).or_default();
            sum.labelled += count.labelled;
            sum.found += count.found;
            sum.right += count.right;
            sum.recalled += count.recalled;
        }
    }
    println!("{}", table("all", &all));
    for (entity, precision, recall) in FLOORS {
        let Some(count) = all.get(*entity) else { continue };
        let (got_precision, got_recall) = measures(count);
        assert!(got_precision >= *precision, "{entity}: precision {got_precision:.3} < {precision}");
        assert!(got_recall >= *recall, "{entity}: recall {got_recall:.3} < {recall}");
    }
}

#[test]
fn ordinary_texts_raise_hardly_any_alarm() {
    let Some(folder) = data() else { return };
    let context = context(USUAL);
    let (mut bytes, mut alarms) = (0, BTreeMap::<String, Vec<String>>::new());
    for entry in folder.read_dir().unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        if !ORDINARY.iter().any(|start| name.starts_with(start)) {
            continue;
        }
        for row in rows(&file) {
            let text = row["text"].as_str().unwrap();
            bytes += text.len();
            for (entity, range) in findings(&context, text) {
                alarms.entry(entity).or_default().push(text[range].to_owned());
            }
        }
    }
    println!("{:.1} million bytes of ordinary text", bytes as f64 / 1e6);
    for (entity, found) in &alarms {
        println!("{entity:<26}{:>6}   {}", found.len(), found.iter().take(4).cloned().collect::<Vec<_>>().join("   "));
    }
    for (entity, found) in alarms.iter().filter(|(entity, _)| !CONTACTS.contains(&entity.as_str())) {
        let rate = found.len() as f64 / (bytes as f64 / 1e6);
        assert!(rate <= ALARMS, "{entity}: {rate:.2} for a million bytes");
    }
}

/// A finding is right when it lies over a label of its entity; a label is recalled when a finding lies over most of it.
fn count(context: &Context, row: &serde_json::Value, counts: &mut BTreeMap<String, Count>) {
    let text = row["text"].as_str().unwrap();
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let labels: Vec<(String, Range<usize>)> = row["entities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entity| {
            let at = |key: &str| offsets[entity[key].as_u64().unwrap() as usize];
            (entity["label"].as_str().unwrap().to_owned(), at("start")..at("end"))
        })
        .collect();
    let found = findings(context, text);
    for (entity, ..) in FLOORS {
        let own = |all: &[(String, Range<usize>)]| -> Vec<Range<usize>> {
            all.iter().filter(|(label, _)| label == entity).map(|(_, range)| range.clone()).collect()
        };
        let (labelled, found) = (own(&labels), own(&found));
        let common = |a: &Range<usize>, b: &Range<usize>| a.end.min(b.end).saturating_sub(a.start.max(b.start));
        let sum = counts.entry((*entity).to_owned()).or_default();
        sum.labelled += labelled.len();
        sum.found += found.len();
        sum.right += found.iter().filter(|found| labelled.iter().any(|label| common(found, label) > 0)).count();
        let most = |label: &Range<usize>| found.iter().any(|found| 10 * common(found, label) >= 9 * label.len());
        sum.recalled += labelled.iter().filter(|label| most(label)).count();
    }
}

/// What is found in a text: entity and range.
fn findings(context: &Context, text: &str) -> Vec<(String, Range<usize>)> {
    let channel = read(context, Kind::User, text);
    let found = channel.findings().iter();
    found.map(|finding| (finding.label.as_deref().unwrap_or_default().to_owned(), finding.range.clone())).collect()
}

fn measures(count: &Count) -> (f64, f64) {
    let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    (share(count.right, count.found), share(count.recalled, count.labelled))
}

fn table(name: &str, counts: &BTreeMap<String, Count>) -> String {
    let mut out =
        format!("{name}\n{:<16}{:>10}{:>10}{:>11}{:>9}\n", "entity", "labelled", "found", "precision", "recall");
    for (entity, count) in counts {
        let (precision, recall) = measures(count);
        let _ = writeln!(out, "{entity:<16}{:>10}{:>10}{precision:>11.3}{recall:>9.3}", count.labelled, count.found);
    }
    out
}
