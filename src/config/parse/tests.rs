#![expect(clippy::unwrap_used, reason = "tests")]

use crate::config::{Collector, Node, Source, Value};

fn parse(text: &str) -> Node {
    let problems = Collector::default();
    let node = Node::parse(&Source::new("a.yaml", text), &problems);
    let problems = problems.finish();
    assert!(problems.is_empty(), "{problems}");
    node.unwrap()
}

fn refused(text: &str) -> String {
    let problems = Collector::default();
    let node = Node::parse(&Source::new("a.yaml", text), &problems);
    assert!(node.is_none());
    problems.finish().to_string()
}

/// Every scalar's own text as it stands in the file.
fn raws(node: &Node, out: &mut Vec<String>) {
    match &node.value {
        Value::Scalar(_) => out.push(node.at.raw().to_owned()),
        Value::Seq(items) => items.iter().for_each(|item| raws(item, out)),
        Value::Map(entries) => entries.iter().for_each(|entry| {
            out.push(entry.key_at.raw().to_owned());
            raws(&entry.value, out);
        }),
    }
}

#[test]
fn places_are_exact_whatever_stands_before_them() {
    let text = "\u{feff}# żółć 🦀 comment\r\nключ: 'значение' # 🦀🦀 — hm\n\
                list: [ä, \"ö\\n\", {ü: 1}]  # ünïcode\nblock:\n  - eins # ß\n  - zwei\nlast: ende";
    let mut found = Vec::new();
    raws(&parse(text), &mut found);
    let expected = ["ключ", "'значение'", "list", "ä", "\"ö\\n\"", "ü", "1", "block", "eins", "zwei", "last", "ende"];
    assert_eq!(found, expected);
}

#[test]
fn missing_values_are_shown_at_their_keys() {
    let node = parse("a:\nb: {c: , d: 1}\n");
    assert_eq!(node.child("a").unwrap().at.raw(), "a");
    assert!(node.child("a").unwrap().is_null());
    assert_eq!(node.child("b").unwrap().child("c").unwrap().at.raw(), "c");
    assert_eq!(node.child("b").unwrap().at.raw(), "{c: , d: 1}");
}

#[test]
fn a_place_inside_a_scalar_is_exact_unless_escapes_move_it() {
    let node = parse("a: 'x(y'\nb: x(y\nc: \"x\\(y\"\nd: \"\\t(y\"\ne: 'it''s (y'\n".replace("\\(", "(").as_str());
    assert_eq!(node.child("a").unwrap().within(1, 2).raw(), "(");
    assert_eq!(node.child("b").unwrap().within(1, 2).raw(), "(");
    assert_eq!(node.child("c").unwrap().within(1, 2).raw(), "(");
    assert_eq!(node.child("d").unwrap().within(1, 2).raw(), "\"\\t(y\"");
    assert_eq!(node.child("e").unwrap().within(5, 6).raw(), "'it''s (y'");
}

#[test]
fn an_empty_file_is_an_empty_mapping() {
    assert!(matches!(parse("").value, Value::Map(entries) if entries.is_empty()));
    assert!(matches!(parse("# nothing\n").value, Value::Map(entries) if entries.is_empty()));
}

#[test]
fn hostile_files_are_refused() {
    assert!(refused("a: &x 1\nb: *x\n").contains("anchors and aliases are not supported"));
    assert!(refused("a: 1\n---\nb: 2\n").contains("several documents"));
    assert!(refused(&"[".repeat(100)).contains("nested more than 64 deep"));
    assert!(refused(&"- ".repeat(100)).contains("nested more than 64 deep"));
    assert!(refused(&format!("[{}]", "1,".repeat(100_001))).contains("more than 100000 values"));
    assert!(refused("? [a]\n: b\n").contains("a key is a list or a mapping"));
    assert!(refused("{: b}").contains("a key is missing"));
    assert!(refused("a: !!binary aGk=\n").contains("unknown tag"));
    assert!(refused("a: !custom {}\n").contains("unknown tag"));
}

#[test]
fn text_that_is_no_yaml_is_never_a_panic() {
    let pieces = ["a: ", "'", "\"", "[", "{", "- ", "\n", "  ", "|\n", "? ", "*x", "\u{feff}", "\t", "%TAG ! x\n", "é"];
    let mut state = 1u64;
    for _ in 0..2000 {
        let mut text = String::new();
        for _ in 0..8 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let problems = Collector::default();
        let node = Node::parse(&Source::new("a.yaml", &text), &problems);
        let problems = problems.finish();
        assert_eq!(node.is_none(), problems.errors() > 0, "{text:?}: {problems}");
    }
}

#[test]
fn quoted_text_is_never_a_number() {
    assert_eq!(parse("a: '1'").child("a").unwrap().found(), "the text `1`");
    assert_eq!(parse("a: !!str 1").child("a").unwrap().found(), "the text `1`");
    assert_eq!(parse("a: !!int '1'").child("a").unwrap().found(), "the number `1`");
}

#[test]
fn syntax_errors_show_the_place() {
    insta::assert_snapshot!(refused("a: 1\nb: [1, 2\nc: 3\n"), @r"
        error: the file is not valid YAML
         --> a.yaml:3:2
          |
        3 | c: 3
          |  ^ illegal placement of ':' indicator
        ");
    insta::assert_snapshot!(refused("rules:\n  - id: 'ä\n"), @r"
        error: the file is not valid YAML
         --> a.yaml:2:9
          |
        2 |   - id: 'ä
          |         ^ while scanning a quoted scalar, found unexpected end of stream
        ");
}

#[test]
fn duplicate_keys_are_refused() {
    insta::assert_snapshot!(refused("mode: shadow\nrules: []\nmode: enforce\n"), @r"
        error: duplicate key `mode`
         --> a.yaml:3:1
          |
        3 | mode: enforce
          | ^^^^ already given at a.yaml:1
        ");
}
