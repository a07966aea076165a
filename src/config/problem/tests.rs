use std::sync::Arc;

use super::{At, Collector, Problem, quoted};
use crate::config::Source;

fn at(source: &Arc<Source>, text: &str) -> At {
    let start = source.text().find(text).unwrap_or_default();
    At { source: Arc::clone(source), range: start..start + text.len() }
}

#[test]
fn problems_come_in_order_and_once() {
    let [a, b] = ["a.yaml", "b.yaml"].map(|name| Source::new(name, "zażółć: gęślą\n  jaźń: 🦀 crab\n"));
    let problems = Collector::default();
    problems.push(Problem::error(&at(&b, "gęślą"), "second file").label("here").help("do\nthis"));
    problems.push(Problem::warning(&at(&a, "crab"), "late").label("expected `x`, found `crab`"));
    problems.push(Problem::error(&at(&a, "zażółć"), "early"));
    problems.push(Problem::error(&at(&a, "zażółć"), "early"));
    problems.push(Problem::of_file("c.yaml", "cannot read the file"));
    let problems = problems.finish();
    assert_eq!((problems.errors(), problems.warnings()), (3, 1));
    insta::assert_snapshot!(problems, @r"
        error: early
         --> a.yaml:1:1
          |
        1 | zażółć: gęślą
          | ^^^^^^

        warning: late
         --> a.yaml:2:11
          |
        2 |   jaźń: 🦀 crab
          |            ^^^^ expected `x`, found `crab`

        error: second file
         --> b.yaml:1:9
          |
        1 | zażółć: gęślą
          |         ^^^^^ here
          |
          = help: do
                  this

        error: cannot read the file
        --> c.yaml
        ");
}

#[test]
fn hidden_bytes_never_show_and_marks_stay_right() {
    let source = Source::new("a.yaml", "key: żżż, other: x");
    let problems = Collector::default();
    problems.hide(&at(&source, "żżż"));
    problems.push(Problem::error(&at(&source, "other"), "wrong"));
    insta::assert_snapshot!(problems.finish(), @r"
        error: wrong
         --> a.yaml:1:14
          |
        1 | key: ******, other: x
          |              ^^^^^
        ");
}

#[test]
fn places_at_the_end_of_the_file_can_be_shown() {
    for text in ["", "a", "a\n", "a\n\n", "a\r\n"] {
        let source = Source::new("a.yaml", text);
        let end = source.text().len();
        let problem = Problem::error(&At { source, range: end..end }, "something is missing").label("here");
        let shown = super::Problems::from(problem).to_string();
        assert!(shown.contains("something is missing") && shown.contains("here"), "{text:?}: {shown}");
    }
}

#[test]
fn warnings_never_crowd_errors_out() {
    let source = Source::new("a.yaml", &"x\n".repeat(5000));
    let problems = Collector::default();
    let place = |start| At { source: Arc::clone(&source), range: start..start + 1 };
    (0..3000).for_each(|line| problems.push(Problem::warning(&place(2 * line), "warning")));
    problems.push(Problem::error(&place(6000), "error"));
    assert_eq!(problems.errors(), 1);
}

#[test]
fn quoted_text_is_one_harmless_line() {
    assert_eq!(quoted("a\n\u{1b}[31m\"b\""), "`a\\n\\u{1b}[31m\"b\"`");
    assert_eq!(quoted(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
}
