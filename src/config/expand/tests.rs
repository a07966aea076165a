#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use super::Expander;
use crate::config::{Collector, Node, Source, Value};

fn expand_in(folder: &Path, text: &str) -> Result<String, String> {
    let problems = Collector::default();
    let mut node = Node::parse(&Source::new("a.yaml", &format!("'{text}'")), &problems).unwrap();
    let variable = |name: &str| match name {
        "A" => Some("one".to_owned()),
        "NESTED" => Some("${A}".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    Expander { variable: &variable, folder, problems: &problems }.expand(&mut node);
    let problems = problems.finish();
    match node.value {
        Value::Scalar(scalar) if problems.is_empty() => Ok(scalar.text),
        _ => Err(problems.to_string()),
    }
}

fn expand(text: &str) -> Result<String, String> {
    expand_in(Path::new(""), text)
}

#[test]
fn references_expand_once() {
    assert_eq!(expand("a ${A} b ${A}").unwrap(), "a one b one");
    assert_eq!(expand("${NESTED}").unwrap(), "${A}");
    assert_eq!(expand("${NONE:-two}/${EMPTY:-three}/${A:-four}/${EMPTY}.").unwrap(), "two/three/one/.");
    assert_eq!(expand("$${A} $A {A}").unwrap(), "${A} $A {A}");
}

#[test]
fn bad_references_are_problems() {
    assert!(expand("${NONE}").unwrap_err().contains("the environment variable `NONE` is not set"));
    assert!(expand("${A").unwrap_err().contains("`${` without `}`"));
    assert!(expand("${A-B}").unwrap_err().contains("unknown kind of reference"));
    assert!(expand("${}").unwrap_err().contains("unknown kind of reference"));
}

#[test]
fn files_lose_their_last_line_break_only() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("key"), " a\nb\r\n").unwrap();
    assert_eq!(expand_in(folder.path(), "${file:key}").unwrap(), " a\nb");
    fs::write(folder.path().join("long"), vec![b'a'; 65 << 10]).unwrap();
    assert!(expand_in(folder.path(), "${file:long}").unwrap_err().contains("longer than 64 KiB"));
    assert!(expand_in(folder.path(), "${file:none}").unwrap_err().contains("cannot read `none`"));
}
