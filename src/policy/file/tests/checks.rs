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

#[test]
fn length_has_bounds_in_characters_or_tokens() {
    policy(&rule("length: { max_tokens: 100 }"));
    policy(&rule("length: { max_chars: 100, min_tokens: 3 }"));
    says(
        "length: { max_tokens: 2, min_tokens: 3 }",
        &["error: no text can pass", "`min_tokens` (3) is more than `max_tokens` (2)"],
    );
    policy(&rule("length: { max_tokens: 100, tokenizer: guard }"));
    says("length: { max_chars: 2, tokenizer: guard }", &["error: `tokenizer` has no tokens to count"]);
    says("length: { max_tokens: 2, tokenizer: ../up }", &["error: wrong value for `tokenizer`"]);
    let said = warned("rules: [{ id: r, detect: { length: { min_tokens: 3 } }, action: block }]");
    assert!(said.contains("`min_tokens` is decided only at the end of the text"), "{said}");
}

#[test]
fn code_names_languages() {
    policy(&rule("code: {}"));
    policy(&rule("code: { languages: [sql, shell] }"));
    says("code: { languages: [bash] }", &["error: unknown language `bash`", "expected `c`, `cpp`, "]);
    says("code: { lang: [sql] }", &["error: unknown key `lang` in `code`", "expected `languages`"]);
}

#[test]
fn a_schema_is_checked_when_the_policy_is_loaded() {
    policy(&rule("json_schema: { schema: { type: object } }"));
    says("json_schema: {}", &["error: `json_schema` names no schema", "expected `file` or `schema`"]);
    says(
        "json_schema: { file: a.json, schema: true }",
        &["error: cannot read", "error: `file` and `schema` say the same thing twice"],
    );
    says("json_schema: { schema: { type: objekt } }", &["error: this is no JSON Schema that can be used", "at /type"]);
    says(
        "json_schema: { schema: { pattern: '(?=a)' } }",
        &["error: this is no JSON Schema that can be used", "no look-around"],
    );
    for far in ["https://example.com/s.json", "file:///etc/hostname", "other.json"] {
        says(
            &format!("json_schema: {{ schema: {{ $ref: '{far}' }} }}"),
            &["error: this is no JSON Schema that can be used", "nothing is fetched"],
        );
    }
    policy(&rule("json_schema: { schema: { $ref: '#/$defs/a', $defs: { a: { type: string } } } }"));
    let said = warned("rules: [{ id: r, detect: { json_schema: { schema: true } }, action: block }]");
    assert!(said.contains("is known only at its end"), "{said}");
}

#[test]
fn a_schema_file_stands_beside_the_policy_and_counts_in_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    fs::write(&path, rule("json_schema: { file: sub/answer.schema.json }")).unwrap();
    let load = || load_policy(path.to_str().unwrap(), Path::new("/nowhere"), now());
    assert!(load().unwrap_err().to_string().contains("answer.schema.json"));
    fs::create_dir(folder.path().join("sub")).unwrap();
    let schema = folder.path().join("sub/answer.schema.json");
    fs::write(&schema, "{\"type\": \"object\"}").unwrap();
    let (one, warnings) = load().unwrap();
    assert!(warnings.is_empty(), "{warnings}");
    fs::write(&schema, "{\"type\": \"array\"}").unwrap();
    assert_ne!(load().unwrap().0.hash, one.hash);
    fs::write(&schema, "{type: array}").unwrap();
    assert!(load().unwrap_err().to_string().contains("answer.schema.json is not JSON"));
}

#[test]
fn similarity_names_what_it_compares_with() {
    let answers = |detect: &str| rule(detect).replace("user", "completion");
    policy(&answers("similarity: { to: system }"));
    policy(&answers("similarity: { to: system, texts: [one two three four], min_words: 3 }"));
    policy(&rule("similarity: { texts: [one two three four], min_words: 3 }"));
    says(
        "similarity: {}",
        &["error: `similarity` has nothing to compare with", "expected `to: system`, `texts` or `canary: true`"],
    );
    says("similarity: { to: user }", &["error: wrong value for `to`", "expected `system`"]);
    says("similarity: { to: system, min_words: 2 }", &["error: wrong value for `min_words`", "from 3 to 200"]);
    says("similarity: { texts: [one two three] }", &["error: this text is too short to be found", "has 3 words"]);
    policy(&answers("similarity: { canary: true }"));
    policy(&answers("similarity: { to: system, canary: true }"));
    says("similarity: { canary: false }", &["error: `similarity` has nothing to compare with"]);
    let canary = ["error: wrong value for `canary`", "error: `similarity` has nothing to compare with"];
    says("similarity: { canary: yes please }", &canary);
    let said = warned(&rule("similarity: { to: system }"));
    assert!(said.contains("rule `r` finds nothing in what clients send"), "{said}");
    let said = warned(&rule("similarity: { canary: true }"));
    assert!(said.contains("rule `r` finds nothing in what clients send"), "{said}");
    // As a member of others, too.
    for form in ["any", "all"] {
        let said =
            warned(&rule(&format!("{form}: [{{ keywords: {{ words: [a] }} }}, {{ similarity: {{ to: system }} }}]")));
        assert!(said.contains("`similarity` in rule `r` finds nothing in what clients send"), "{said}");
        assert!(said.contains("only answers are compared with the request"), "{said}");
    }
    let said = warned(&rule("not: { any: [{ similarity: { to: system } }] }"));
    assert!(said.contains("`similarity` in rule `r` finds nothing in what clients send"), "{said}");
    let watching = answers("similarity: { canary: true }").replace("rules:", "mode: shadow\nrules:");
    let said = warned(&watching);
    assert!(said.contains("rule `r` has no token to find while it only watches"), "{said}");
}

#[test]
fn exemptions_that_may_begin_anywhere_are_warned_of() {
    let with = |except: &str| {
        format!("rules:\n  - {{ id: r, detect: {{ keywords: {{ words: [a] }} }}, action: log, except: [{except}] }}\n")
    };
    for slow in [r"'\w{1,9} ok'", r"'.{0,20}example'", r"'[a-z]{2,8}-[0-9]'", r"'\b(?:test|[a-z]{3}) a'"] {
        let said = warned(&with(&format!("{{ keyword: fine }}, {{ regex: {slow} }}")));
        assert!(said.contains("warning: an exemption makes rule `r` slow"), "{slow}: {said}");
        assert!(said.contains("p.yaml:2:") && said.contains("may begin with any letter"), "{slow}: {said}");
    }
    for fine in [
        "{ keyword: a }",
        r"{ regex: 'test [a-z]{1,9}' }",
        r"{ regex: '[0-9]{3} a' }",
        "{ segment: 'hmac:0123456789ab' }",
    ] {
        policy(&with(fine));
    }
}
