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

use palisade::detector::DETECTORS;
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

/// Labelled kinds that are looked for in part: of dates those of birth, beside a word that says so; what is labelled a
/// domain is written as a URL, mostly. Measured, not judged.
const IN_PART: &[(&str, &str)] = &[("DATE_TIME", "DATE_TIME"), ("URL", "DOMAIN_NAME")];

/// Where the phone numbers of the labelled sentences are from, for the most part.
const REGIONS: &str = "[US, CA, GB, DE, FR, ES, IT]";

/// What a rule finds that names nothing.
const USUAL: &str = "rules: [{ id: r, action: log, detect: { pii: {} } }]";

/// Texts in which numbers of people hardly ever stand: prompts, encyclopedias, filings, judgments, tweets, questions.
const ORDINARY: &[&str] =
    &["benign-", "topic-", "ner-uner", "ner-wiki", "ner-wnut", "ner-sec", "ner-german", "ner-broad"];

/// Findings of one entity per million bytes of ordinary text that pass.
const ALARMS: f64 = 0.1;

/// These do stand in ordinary texts.
const CONTACTS: &[&str] = &["EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS", "MAC_ADDRESS"];

/// The page with the table, and what stands around it there.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/detectors.md");
const BEGIN: &str = "<!-- made by `make pii-quality` -->\n";
const END: &str = "<!-- end -->\n";

/// Spans of one entity in all sentences: how many are labelled and how many found, and how many of each have one of the
/// other kind that covers the same bytes, or at least one byte of them.
#[derive(Clone, Copy, Default)]
struct Count {
    labelled: usize,
    found: usize,
    same: usize,
    right: usize,
    recalled: usize,
}

#[test]
fn precision_and_recall() {
    let Some(folder) = data() else { return };
    let names: Vec<&str> =
        FLOORS.iter().map(|(entity, ..)| *entity).chain(IN_PART.iter().map(|(own, _)| *own)).collect();
    let rule = |entities: &str| {
        let pii = format!("pii: {{ entities: [{entities}], regions: {REGIONS} }}");
        context(&format!("rules: [{{ id: r, action: log, detect: {{ {pii} }} }}]"))
    };
    let (measured, all) = (rule(&names.join(", ")), rule(&all_entities()));
    let (mut counts, mut others) = (BTreeMap::<&str, Count>::new(), BTreeMap::<String, usize>::new());
    let mut sentences = 0;
    for name in ["ner-pii-templates", "ner-presidio-synth"] {
        let file = folder.join(format!("{name}.jsonl.gz"));
        if !file.exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", file.display());
            println!("skipped: {} is missing", file.display());
            return;
        }
        for row in rows(&file) {
            sentences += 1;
            count(&measured, &row, &names, &mut counts);
            let unlabelled = findings(&all, row["text"].as_str().unwrap()).into_iter().map(|(entity, _)| entity);
            for entity in unlabelled.filter(|entity| !names.contains(&entity.as_str())) {
                *others.entry(entity).or_default() += 1;
            }
        }
    }
    let table = table(sentences, &counts, &others);
    println!("{table}");
    for (entity, precision, recall) in FLOORS {
        let count = counts[entity];
        let (got_precision, got_recall) = (share(count.right, count.found), share(count.recalled, count.labelled));
        assert!(got_precision >= *precision, "{entity}: precision {got_precision:.3} < {precision}");
        assert!(got_recall >= *recall, "{entity}: recall {got_recall:.3} < {recall}");
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (old, after) = rest.split_once(END).unwrap();
    if std::env::var_os("PALISADE_WRITE").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(old, table, "`make pii-quality` writes the table of docs/detectors.md anew");
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

fn count<'n>(context: &Context, row: &serde_json::Value, names: &[&'n str], counts: &mut BTreeMap<&'n str, Count>) {
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
    for entity in names {
        let label = IN_PART.iter().find(|(own, _)| own == entity).map_or(*entity, |(_, label)| *label);
        let of = |all: &[(String, Range<usize>)], wanted: &str| -> Vec<Range<usize>> {
            all.iter().filter(|(label, _)| label == wanted).map(|(_, range)| range.clone()).collect()
        };
        let (labelled, found) = (of(&labels, label), of(&found, entity));
        let touch = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        let sum = counts.entry(entity).or_default();
        sum.labelled += labelled.len();
        sum.found += found.len();
        sum.same += found.iter().filter(|found| labelled.contains(found)).count();
        sum.right += found.iter().filter(|found| labelled.iter().any(|label| touch(found, label))).count();
        sum.recalled += labelled.iter().filter(|label| found.iter().any(|found| touch(found, label))).count();
    }
}

/// What is found in a text: entity and range.
fn findings(context: &Context, text: &str) -> Vec<(String, Range<usize>)> {
    let channel = read(context, Kind::User, text);
    let found = channel.findings().iter();
    found.map(|finding| (finding.label.as_deref().unwrap_or_default().to_owned(), finding.range.clone())).collect()
}

/// Every entity that `pii` has, as `palisade detectors` lists them.
fn all_entities() -> String {
    let pii = DETECTORS.iter().find(|kind| kind.name == "pii").unwrap();
    let (_, choices) = pii.choice.as_ref().unwrap();
    choices().iter().map(|choice| choice.name).collect::<Vec<_>>().join(", ")
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn table(sentences: usize, counts: &BTreeMap<&str, Count>, others: &BTreeMap<String, usize>) -> String {
    let mut out = format!(
        "Over {sentences} labelled sentences, phone numbers of {REGIONS}:\n\n| entity | labelled | found | precision, exact | \
         overlapping | recall, exact | overlapping |\n|---|---|---|---|---|---|---|\n"
    );
    for (entity, Count { labelled, found, same, right, recalled }) in counts {
        let [exact, touching] = [*same, *right].map(|part| share(part, *found));
        let [exact_recall, recall] = [*same, *recalled].map(|part| share(part, *labelled));
        let _ = writeln!(
            out,
            "| `{entity}` | {labelled} | {found} | {exact:.3} | {touching:.3} | {exact_recall:.3} | {recall:.3} |"
        );
    }
    let list: Vec<String> = others.iter().map(|(entity, found)| format!("`{entity}` {found}")).collect();
    let list = if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    let _ =
        writeln!(out, "\nNo data there has labels for the other entities; found of them, by mistake or not: {list}.");
    out
}
