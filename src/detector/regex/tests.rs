use regex_syntax::hir::Hir;

use super::pattern;
use crate::config::{Collector, Node, Problems, Source};

fn refused(yaml: &str) -> String {
    let problems = Collector::default();
    let node = Node::parse(&Source::new("p.yaml", yaml), &problems);
    let Some(node) = node.as_ref().and_then(|node| node.child("pattern")) else { return String::new() };
    let text = crate::config::value::string(node).unwrap_or_default();
    pattern(&text, node).err().map(|problem| Problems::from(problem).to_string()).unwrap_or_default()
}

#[test]
fn a_pattern_takes_no_more_memory_than_it_is_told_to() {
    let all = [
        "a",
        "[a-z0-9]{3,40}x?",
        r"\w{1,9}",
        r"\p{L}+|[^a]{2,}",
        "(?s:.){7}",
        "(?i)straße|[а-яё]{2}",
        r"(a|bc|){5}\b",
        "[^\u{d7ff}]",
    ];
    for source in all {
        let hir = regex_syntax::parse(source).unwrap_or_else(|_| Hir::fail());
        assert!(hir.properties().minimum_len().is_some(), "{source} is a pattern");
        for shrink in [false, true] {
            let limits = super::thompson::Config::new().which_captures(super::WhichCaptures::None).shrink(shrink);
            let most = limits.nfa_size_limit(Some(super::most_memory(&hir)));
            let nfa = super::thompson::Compiler::new().configure(most).build_from_hir(&hir);
            assert!(nfa.is_ok(), "{source}: {nfa:?}");
        }
    }
}

#[test]
fn good_patterns_pass() {
    for good in [
        r"EMP-\d{6}",
        r"(?i)secret",
        r"\bкод\b",
        "a|b+",
        r"a$",
        r"[\p{Greek}]{2,9}",
        r"\w{1,256}",
        r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}\w{2,24}",
    ] {
        assert_eq!(refused(&format!("pattern: '{good}'")), "", "{good}");
    }
}

#[test]
fn syntax_errors_mark_the_place_inside_the_pattern() {
    insta::assert_snapshot!(refused("pattern: 'käse (\\d+'"), @r#"
        error: the pattern is not a valid regular expression
         --> p.yaml:1:16
          |
        1 | pattern: 'käse (\d+'
          |                ^ unclosed group
        "#);
    insta::assert_snapshot!(refused("pattern: x{2,1}y"), @r"
        error: the pattern is not a valid regular expression
         --> p.yaml:1:11
          |
        1 | pattern: x{2,1}y
          |           ^^^^^ invalid repetition count range, the start must be <= the end
        ");
    insta::assert_snapshot!(refused("pattern: \"tab\\t(\""), @r#"
        error: the pattern is not a valid regular expression
         --> p.yaml:1:10
          |
        1 | pattern: "tab\t("
          |          ^^^^^^^^ unclosed group
        "#);
}

#[test]
fn empty_matches_are_refused() {
    insta::assert_snapshot!(refused("pattern: '\\d*'"), @r#"
        error: the pattern matches the empty text
         --> p.yaml:1:10
          |
        1 | pattern: '\d*'
          |          ^^^^^ would be found everywhere
          |
          = help: make at least one character necessary, for example with `+` in place of `*`
        "#);
    for bad in ["", "a|", r"\b", "(?:a?){3}", "^", "$"] {
        assert!(refused(&format!("pattern: '{bad}'")).contains("matches the empty text"), "{bad}");
    }
}

#[test]
fn patterns_that_would_cost_too_much_are_refused() {
    assert!(refused(r"pattern: '(?:\w{100}){100}'").contains("too large"));
    assert!(refused(&format!("pattern: '{}a{}'", "(".repeat(100), ")".repeat(100))).contains("nest"));
    assert!(refused(r"pattern: '[^\s\S]'").contains("can never match"));
    assert!(refused(r"pattern: '(a)\1'").contains("not a valid regular expression"));
    assert!(refused(r"pattern: '(?-u)\xff'").contains("not a valid regular expression"));
}
