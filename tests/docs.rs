//! What the documentation shows has to work: every YAML block is read by the code that reads people's files.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use palisade::config::{Source, load_source};
use palisade::policy::case::CaseFile;
use palisade::policy::file::load_policy_source;

#[test]
fn every_example_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("policies");
    fs::create_dir(&policies).unwrap();
    for name in ["support-bot", "org-floor"] {
        fs::write(policies.join(format!("{name}.yaml")), "extends: [default]\n").unwrap();
    }
    fs::create_dir(folder.path().join("tenants")).unwrap();
    let mut seen = 0;
    for file in [
        "README.md",
        "docs/policies.md",
        "docs/detectors.md",
        "docs/configuration.md",
        "docs/classifiers.md",
        "docs/injection.md",
        "docs/operations.md",
        "docs/audit.md",
    ] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        for (line, block) in blocks(&text) {
            seen += 1;
            if let Err(problems) = check(&block, folder.path(), &policies) {
                panic!("{file}:{line}\n{problems}");
            }
        }
    }
    assert!(seen >= 15, "{seen} examples");
}

/// What is said to be held by a test is held by one that exists.
#[test]
fn every_threat_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("docs/THREATS.md")).unwrap();
    let named: Vec<(&str, &str)> = text.split('`').filter_map(|quoted| quoted.split_once(".rs::")).collect();
    assert!(named.len() > 60, "{} tests", named.len());
    for (file, test) in named {
        let source = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}(")), "no test {test} in {file}.rs");
    }
    for row in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| way round")) {
        assert!(row.contains(".rs::"), "held by nothing: {row}");
    }
}

/// Warnings count, too: an example should be a good one.
fn check(block: &str, folder: &Path, policies: &Path) -> Result<(), String> {
    let holds = |key: &str| block.lines().any(|line| line.starts_with(key));
    let read = |text: &str| Source::new("example.yaml", text);
    let warnings = if holds("tests:") {
        CaseFile::read(&read(block)).map_err(|problems| problems.to_string())?;
        return Ok(());
    } else if holds("upstreams:") {
        let variable = |_: &str| Some("a-value-for-an-example".to_owned());
        load_source(&read(block), folder, &variable).map_err(|problems| problems.to_string())?.1
    } else {
        let rules = if block.starts_with("- ") { format!("rules:\n{block}") } else { block.to_owned() };
        load_policy_source(&read(&rules), policies, Timestamp::UNIX_EPOCH).map_err(|problems| problems.to_string())?.1
    };
    if warnings.is_empty() { Ok(()) } else { Err(warnings.to_string()) }
}

/// The YAML blocks and the lines on which they begin.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            None if line == "```yaml" => open = Some((number + 2, String::new())),
            None => {}
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}
