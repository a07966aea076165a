//! What the documentation shows has to work: every YAML block is read by the code that reads people's files.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use palisade::config::{Source, load_source};
use palisade::policy::case::{self, CaseFile};
use palisade::policy::file::load_policy_source;
use palisade::policy::load_policy;
use palisade::policy::rule::{PolicySpec, RuleSpec};

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
        "docs/shipped-policies.md",
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

#[test]
fn the_page_of_shipped_policies_names_their_rules_and_no_others() {
    let text = page("docs/shipped-policies.md");
    let sections: HashMap<&str, &str> =
        text.split("\n## `").skip(1).filter_map(|section| section.split_once("`\n")).collect();
    let policies = shipped();
    for anchor in text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(sections.contains_key(anchor), "no section {anchor}");
    }
    assert_eq!(sections.len(), policies.len());
    for (name, policy) in &policies {
        let section = sections.get(name).unwrap_or_else(|| panic!("no section for {name}"));
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
        let named: HashSet<&str> = rows.flat_map(|cell| cell.trim_matches('`').split("`, `")).collect();
        for rule in &named {
            assert!(policies.values().any(|policy| rule_of(policy, rule).is_some()), "{name}: no rule {rule}");
        }
        // This one has a page of its own.
        for rule in policy.rules.iter().filter(|_| *name != "injection") {
            let own = rule.origin.starts_with(&format!("shipped/{name}.yaml:"));
            assert!(!own || named.contains(&*rule.id), "{name}: {} is not named", rule.id);
        }
    }
}

#[test]
fn tags_of_shipped_policies_are_known_and_explained() {
    let text = page("docs/compliance.md");
    for (name, policy) in shipped() {
        for rule in &policy.rules {
            for tag in rule.tags.iter() {
                let known = IDENTIFIERS.contains(&tag.as_str()) || TOPICS.contains(&tag.as_str());
                assert!(known, "{name}/{}: unknown tag {tag}", rule.id);
                assert!(text.contains(&format!("`{tag}`")), "{tag} is not explained");
            }
            let has =
                |prefixes: &[&str]| rule.tags.iter().any(|tag| prefixes.iter().any(|prefix| tag.starts_with(prefix)));
            assert!(has(&["owasp:"]) && has(&["nist:", "eu-ai-act:"]), "{name}/{}: {:?}", rule.id, rule.tags);
        }
    }
}

#[test]
fn the_page_on_compliance_names_what_exists() {
    let text = page("docs/compliance.md");
    let policies = shipped();
    let named = text.split('`').skip(1).step_by(2);
    for name in named {
        let exists = match name.split_once('/') {
            Some((policy, rule)) => policies.get(policy).is_some_and(|policy| rule_of(policy, rule).is_some()),
            None => {
                policies.contains_key(name) || IDENTIFIERS.contains(&name) || TOPICS.contains(&name) || name == "allow"
            }
        };
        assert!(exists, "{name}");
    }
}

fn page(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The policies that are compiled in.
fn shipped() -> BTreeMap<&'static str, PolicySpec> {
    let load = |name| load_policy(name, Path::new("/nowhere"), Timestamp::UNIX_EPOCH).unwrap().0;
    case::shipped().map(|(name, _)| (name, load(name))).collect()
}

fn rule_of<'p>(policy: &'p PolicySpec, id: &str) -> Option<&'p RuleSpec> {
    policy.rules.iter().find(|rule| *rule.id == *id)
}

/// Risks of the OWASP Top 10 for LLM Applications 2025, subcategories of the NIST AI RMF 1.0 (NIST AI 100-1), and articles of
/// Regulation (EU) 2024/1689 that tags may name.
const IDENTIFIERS: &[&str] = &[
    "owasp:LLM01",       // Prompt Injection
    "owasp:LLM02",       // Sensitive Information Disclosure
    "owasp:LLM03",       // Supply Chain
    "owasp:LLM04",       // Data and Model Poisoning
    "owasp:LLM05",       // Improper Output Handling
    "owasp:LLM06",       // Excessive Agency
    "owasp:LLM07",       // System Prompt Leakage
    "owasp:LLM08",       // Vector and Embedding Weaknesses
    "owasp:LLM09",       // Misinformation
    "owasp:LLM10",       // Unbounded Consumption
    "nist:measure-2.4",  // functionality and behaviour are monitored in production
    "nist:measure-2.6",  // safety risks
    "nist:measure-2.7",  // security and resilience
    "nist:measure-2.10", // privacy risk
    "nist:manage-2.4",   // mechanisms to supersede, disengage, deactivate
    "eu-ai-act:art-12",  // record-keeping
    "eu-ai-act:art-14",  // human oversight
    "eu-ai-act:art-15",  // accuracy, robustness and cybersecurity
];

/// Tags that belong to no standard.
const TOPICS: &[&str] = &[
    "pii",
    "exfiltration",
    "indirect-injection",
    "instruction-override",
    "prompt-leak",
    "jailbreak",
    "forged-turn",
    "obfuscation",
];

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
