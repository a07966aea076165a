//! Which module may know which: read off the `crate::` paths in `src/`.
//!
//! The journey goes one way. A protocol adapter and the policy engine meet only in `inspect`; detectors and classifiers
//! know nothing of HTTP; nobody knows the command line.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Module → modules that it may import. A module that is missing here may import nothing.
const ALLOWED: &[(&str, &[&str])] = &[
    ("segment", &[]),
    ("view", &[]),
    ("finding", &["view"]),
    // A route names policies; how such a name is told from a path is the policy module's to say.
    ("config", &["policy", "segment"]),
    ("coding", &[]),
    ("budget", &[]),
    ("condition", &["config"]),
    ("action", &["config", "segment"]),
    ("detector", &["budget", "condition", "config"]),
    ("protocol", &["config", "segment"]),
    ("classifier", &["segment"]),
    ("policy", &["action", "budget", "classifier", "condition", "config", "detector", "finding", "segment", "view"]),
    ("inspect", &["action", "detector", "finding", "policy", "protocol", "segment"]),
    ("verdict", &["finding", "inspect", "policy", "segment"]),
    ("decisions", &["verdict"]),
    ("telemetry", &[]),
    ("guard", &["classifier", "config", "detector", "finding", "inspect", "policy", "telemetry"]),
    ("audit", &["config", "inspect", "protocol", "telemetry", "verdict"]),
    ("upstream", &["config"]),
    (
        "server",
        &[
            "action",
            "audit",
            "budget",
            "classifier",
            "coding",
            "config",
            "decisions",
            "detector",
            "finding",
            "guard",
            "inspect",
            "policy",
            "protocol",
            "segment",
            "telemetry",
            "upstream",
            "verdict",
        ],
    ),
    // It looks at everything that is served, and changes none of it but by a reload.
    (
        "admin",
        &[
            "classifier",
            "config",
            "decisions",
            "guard",
            "inspect",
            "policy",
            "protocol",
            "segment",
            "server",
            "telemetry",
            "verdict",
        ],
    ),
    ("standin", &["protocol"]),
    ("lib", &[]),
    ("main", &["cli", "classifier"]),
];

fn sources(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// The top-level modules that a source names in `crate::` paths, outside comments.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            if line[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_') {
                continue;
            }
            let name: String =
                line[at + 7..].chars().take_while(|char| char.is_ascii_alphanumeric() || *char == '_').collect();
            if !name.is_empty() {
                found.insert(name);
            }
        }
    }
    found
}

#[test]
fn modules_know_only_whom_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&root).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        // The command line and tests may know everybody.
        let is_test =
            inside.components().any(|part| part.as_os_str().to_str().is_some_and(|part| part.starts_with("tests")));
        if module == "cli" || is_test {
            continue;
        }
        let text = std::fs::read_to_string(file).unwrap();
        let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for import in imports(own) {
            let may = allowed.get(module.as_str()).copied().unwrap_or_default();
            if import != module && !may.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", inside.display()));
            }
        }
    }
    assert!(files.len() > 50, "only {} sources found", files.len());
    assert!(wrong.is_empty(), "not allowed by tests/layers.rs:\n  {}", wrong.join("\n  "));
}

#[test]
fn files_stay_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let own = text.split("#[cfg(test)]\nmod tests").next().unwrap().lines().count();
        assert!(own <= 700, "{} has {own} lines; take it apart", file.display());
    }
}
