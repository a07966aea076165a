//! The options of detectors that read texts as a whole.

use super::*;

/// One rule with this `detect`.
fn rule(detect: &str) -> String {
    format!("rules:\n  - id: r\n    scope: [user]\n    detect: {{ {detect} }}\n    action: block\n")
}

/// What is said about a `detect` that cannot be used, each with the place and the label.
fn says(detect: &str, wanted: &[&str]) {
    let said = refused(&rule(detect));
    assert_eq!(
        said.matches("error: ").count(),
        wanted.iter().filter(|part| part.starts_with("error: ")).count(),
        "{said}"
    );
    for part in wanted {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

#[test]
fn language_names_languages() {
    policy(&rule("language: { allow: [en, de] }"));
    policy(&rule("language: { deny: zh }"));
    says("language: { allow: [english] }", &["error: unknown language `english`", "4:35", "expected `af`, `ak`, "]);
    says(
        "language: { alow: [en] }",
        &["error: unknown key `alow` in `language`", "error: `language` names no language"],
    );
    says(
        "language: { allow: [en], deny: [de] }",
        &["error: `allow` and `deny` say the same thing twice", "one of the two"],
    );
    says("language: { deny: [] }", &["error: `deny` is empty"]);
    let held = "rules: [{ id: r, detect: { language: { allow: [en] } }, action: block }]";
    let said = warned(held);
    assert!(said.contains("warning: rule `r` holds each answer until it is complete"), "{said}");
    assert!(said.contains("the language of a text is known only at its end"), "{said}");
}
