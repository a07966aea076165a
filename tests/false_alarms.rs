//! How often the policy `default` blocks a harmless text, classifier and all, and what it is that fires, as a table.
//!
//! The data is not part of the repository: it is looked for in `../shared/data`, and what is missing is said. One text in
//! [`SAMPLE`] is judged; `make false-alarms` judges all of them, some minutes long, and writes docs/policies.md anew.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/quality.rs"]
#[expect(dead_code, reason = "this test runs the program, not a rule of its own")]
mod quality;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use palisade::classifier::runtime_available;
use serde_json::Value;

use self::quality::{data, rows};

/// Of how many texts one is judged, unless `PALISADE_WRITE` asks for all.
const SAMPLE: usize = 25;

/// The highest share of harmless texts that may be blocked.
const MOST: f64 = 0.005;

/// The page with the table, and what stands around it there.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policies.md");
const BEGIN: &str = "<!-- made by `make false-alarms` -->\n";
const END: &str = "<!-- end -->\n";

/// How many texts a file has, how many were blocked, and how many of those by each cause.
struct Row {
    file: String,
    texts: usize,
    blocked: usize,
    causes: BTreeMap<String, usize>,
}

#[test]
fn default_hardly_ever_blocks_what_is_harmless() {
    let Some(folder) = data() else { return };
    if !runtime_available() {
        assert!(std::env::var_os("CI").is_none(), "ONNX Runtime (run `make runtime`) is missing");
        println!("skipped: ONNX Runtime (run `make runtime`) is missing");
        return;
    }
    let all = std::env::var_os("PALISADE_WRITE").is_some();
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().to_str().unwrap().starts_with("benign-"));
    files.sort();
    let measured: Vec<Row> = files.iter().map(|file| measure(file, if all { 1 } else { SAMPLE })).collect();
    let table = table(&measured);
    println!("{table}");
    let (texts, blocked) = sum(&measured);
    assert!(texts > 0, "no texts");
    // One text of a sample of some hundreds is no share.
    let most = (MOST * texts as f64).max(4.0);
    assert!(blocked as f64 <= most, "{blocked} of {texts} harmless texts are blocked");
    if all {
        let page = std::fs::read_to_string(PAGE).unwrap();
        let (before, rest) = page.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    }
}

/// Judges one text in `every` of a file as users do: `palisade scan`.
fn measure(file: &Path, every: usize) -> Row {
    let name = file.file_name().unwrap().to_str().unwrap().trim_end_matches(".jsonl.gz").to_owned();
    let texts = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.jsonl"));
    let mut written = File::create(&texts).unwrap();
    let rows: Vec<Value> = rows(file).into_iter().step_by(every).collect();
    for row in &rows {
        writeln!(written, "{row}").unwrap();
    }
    let mut scan = Command::new(env!("CARGO_BIN_EXE_palisade"));
    scan.args(["scan", "--policy", "default", "--as", "user", "--jsonl"]).stdin(File::open(&texts).unwrap());
    let output = scan.output().unwrap();
    // 1: something was blocked.
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{name}: {complaint}");
    let verdicts: Vec<Value> =
        output.stdout.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(verdicts.len(), rows.len(), "{name}: {complaint}");
    let blocked: Vec<&Value> = verdicts.iter().filter(|verdict| verdict["verdict"] == "block").collect();
    let mut causes = BTreeMap::new();
    for verdict in &blocked {
        let findings = verdict["findings"].as_array().unwrap().iter();
        let mut own: Vec<String> = findings.filter(|finding| finding["action"] == "block").map(cause).collect();
        own.sort();
        own.dedup();
        for cause in own {
            *causes.entry(cause).or_default() += 1;
        }
    }
    Row { file: name, texts: rows.len(), blocked: blocked.len(), causes }
}

/// The rule and why it fired, without scores.
fn cause(finding: &Value) -> String {
    let rule = finding["rule"].as_str().unwrap_or_default();
    let over_limit = finding["why"].as_str().and_then(|why| why.strip_prefix("over_limit: "));
    over_limit.map_or_else(|| format!("`{rule}`"), |bound| format!("`{rule}`, over limit: {bound}"))
}

fn sum(rows: &[Row]) -> (usize, usize) {
    (rows.iter().map(|row| row.texts).sum(), rows.iter().map(|row| row.blocked).sum())
}

fn table(rows: &[Row]) -> String {
    let mut out = "| texts of | number | blocked | share | what fires |\n|---|---|---|---|---|\n".to_owned();
    let share = |texts: usize, blocked: usize| 100.0 * blocked as f64 / texts.max(1) as f64;
    for Row { file, texts, blocked, causes } in rows {
        let causes: Vec<String> = causes.iter().map(|(cause, count)| format!("{cause} {count}")).collect();
        let share = share(*texts, *blocked);
        let _ = writeln!(out, "| `{file}` | {texts} | {blocked} | {share:.2} % | {} |", causes.join("; "));
    }
    let (texts, blocked) = sum(rows);
    let _ = writeln!(out, "| all | {texts} | {blocked} | {:.2} % | |", share(texts, blocked));
    out
}
