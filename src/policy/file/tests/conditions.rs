//! What is said about conditions, calls of tools, and detectors that are put together.

use super::*;
use crate::detector::Form;

/// A rule with these keys.
fn rule(keys: &str) -> String {
    format!("rules:\n  - id: r\n    {keys}\n")
}

#[test]
fn conditions_are_read_and_kept() {
    let text =
        rule("when: request.tenant != \"internal\"\n    detect: { keywords: { words: [a] } }\n    action: block");
    let condition = policy(&text).rules[0].when.clone().unwrap();
    assert_eq!(&**condition.source(), "request.tenant != \"internal\"");
    let length = rule(
        "scope: [user]\n    when: segment.length > 5\n    detect: { keywords: { words: [a] } }\n    action: block",
    );
    assert!(policy(&length).rules[0].when.as_ref().unwrap().uses().length);
}

#[test]
fn what_is_wrong_with_a_condition_is_marked_where_it_stands() {
    let with = |when: &str| {
        refused(&rule(&format!("when: {when}\n    detect: {{ keywords: {{ words: [a] }} }}\n    action: block")))
    };
    insta::assert_snapshot!(with("request.stream && reqest.tenant == \"a\""), @r#"
        error: the condition cannot be used
         --> policies/p.yaml:3:29
          |
        3 |     when: request.stream && reqest.tenant == "a"
          |                             ^^^^^^ unknown variable `reqest`
          |
          = help: did you mean `request`?
    "#);
    insta::assert_snapshot!(with("'request.path.startsWth(\"/v1\")'"), @r#"
        error: the condition cannot be used
         --> policies/p.yaml:3:34
          |
        3 |     when: 'request.path.startsWth("/v1")'
          |                                  ^ unknown function `startsWth`
          |
          = help: did you mean `startsWith`?
    "#);
    insta::assert_snapshot!(with("request.tenant ="), @r#"
        error: the condition cannot be used
         --> policies/p.yaml:3:26
          |
        3 |     when: request.tenant =
          |                          ^ not a valid CEL expression: token recognition error at: '='
    "#);
    insta::assert_snapshot!(with("segment.length > 8000"), @r#"
        error: the length of an answer is not known when the rule would have to begin
         --> policies/p.yaml:3:11
          |
        3 |     when: segment.length > 8000
          |           ^^^^^^^^^^^^^^^^^^^^^ asks for `segment.length`, and `scope` has answers in it
          |
          = help: narrow `scope` to what clients send, or use the detector `length`
    "#);
}

#[test]
fn rules_about_calls_are_checked() {
    let plan =
        |tool: &str| policy(&rule(&format!("detect: {{ tool: {tool} }}\n    action: block"))).rules[0].plan.clone();
    assert!(matches!(plan("{ name: \"refund*\", require: \"args.amount <= 100\" }"), Plan::Tool(_)));
    assert!(matches!(plan("{ allow: [a, b] }"), Plan::Tool(_)));
    let wrong = |tool: &str, action: &str| refused(&rule(&format!("detect: {{ tool: {tool} }}\n    action: {action}")));
    for (tool, action, message) in [
        ("{ name: a, allow: [b] }", "block", "`name` and `allow` do not go together"),
        ("{ allow: [b], require: \"args.a == 1\" }", "block", "`require` is about the calls of a tool"),
        ("{ require: \"args.a == 1\" }", "block", "`tool` names no tool"),
        ("{ name: \"__\" }", "block", "expected the name of a tool"),
        ("{ name: a, require: \"segment.age == 1\" }", "block", "unknown variable `segment`"),
        ("{ name: a, require: \"args.a\", requires: x }", "block", "unknown key `requires`"),
        ("{ name: a }", "redact", "a call cannot be rewritten"),
    ] {
        let said = wrong(tool, action);
        assert!(said.contains(message), "{tool}: {said}");
    }
    let text = rule("scope: [user]\n    detect: { tool: { name: a } }\n    action: block");
    assert!(warned(&text).contains("rule `r` can never run"));
}

#[test]
fn detectors_are_put_together_within_bounds() {
    // Some of them warn that answers wait.
    let plan = |detect: &str| {
        let loaded = load_text(&rule(&format!("detect: {detect}\n    action: block")));
        loaded.map_err(|problems| problems.to_string()).unwrap().0.rules[0].plan.clone()
    };
    let nested = "{ any: [{ regex: { pattern: a } }, { all: [{ pii: {} }, { not: { length: { max_chars: 5 } } }] }] }";
    let Plan::Combined(combined) = plan(nested) else { panic!("several detectors") };
    assert_eq!((combined.form, combined.members.len()), (Form::Any, 2));
    let wrong = |detect: &str, action: &str| refused(&rule(&format!("detect: {detect}\n    action: {action}")));
    let deep = |depth: usize| "{ not: ".repeat(depth) + "{ regex: { pattern: a } }" + &" }".repeat(depth);
    let many = format!("{{ any: [{}] }}", vec!["{ regex: { pattern: a } }"; 33].join(", "));
    plan(&deep(4));
    for (detect, action, message) in [
        ("{ any: [] }", "block", "expected a list of 1 to 32 detectors"),
        (many.as_str(), "block", "expected a list of 1 to 32 detectors"),
        ("{ any: { regex: { pattern: a } } }", "block", "expected a list of 1 to 32 detectors"),
        ("{ not: [{ regex: { pattern: a } }] }", "block", "expected one detector"),
        ("{ all: [{ regx: { pattern: a } }] }", "block", "did you mean `regex`?"),
        ("{ all: [{ regex: { pattern: '(' } }] }", "block", "not a valid regular expression"),
        ("{ any: [{ tool: { name: a } }] }", "block", "calls of tools are judged by themselves"),
        (&deep(5), "block", "detectors stand more than 4 deep in each other"),
        ("{ not: { regex: { pattern: a } } }", "mask", "what is not in a text has no place in it"),
        ("{ any: [{ regex: { pattern: b } }, { not: { regex: { pattern: a } } }] }", "redact", "has no place in it"),
        ("{ not: { regex: { pattern: a } } }", "{ allow: { rules: r } }", "only `block` and `log` may follow `not`"),
    ] {
        let said = wrong(detect, action);
        assert!(said.contains(message), "{detect}: {said}");
    }
    plan("{ all: [{ regex: { pattern: b } }, { not: { regex: { pattern: a } } }] }");
    let masked =
        rule("detect: { all: [{ regex: { pattern: b } }, { not: { regex: { pattern: a } } }] }\n    action: mask");
    assert!(warned(&masked).contains("holds each answer until it is complete"));
    let not = rule("detect: { not: { regex: { pattern: a } } }\n    action: block");
    assert!(warned(&not).contains("`not` is decided only at the end of the text"));
    let fine = rule("detect: { any: [{ regex: { pattern: a } }] }\n    max_match: 5\n    action: block");
    assert!(load_text(&fine).unwrap().1.is_empty());
}
