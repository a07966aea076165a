#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde_json::json;

use super::{CaseFile, Given, shipped};
use crate::config::Source;
use crate::segment::Kind;

fn read(text: &str) -> Result<CaseFile, String> {
    CaseFile::read(&Source::new("a.test.yaml", text)).map_err(|problems| problems.to_string())
}

#[test]
fn every_way_to_try_a_policy_is_read() {
    let file = read(
        r#"
policy: support-bot
tests:
  - { name: in, input: hello, expect: { verdict: allow, rules: [] } }
  - { name: out, output: "42", expect: { verdict: rewrite, rules: [b, a], text: "**" } }
  - name: chat
    messages:
      - { role: system, content: Be kind. }
      - { role: user, content: [{ type: text, text: hi }], n: 1 }
    expect: { verdict: block }
  - { name: stream, stream: [a, "", b c], expect: { verdict: block, text: "" } }
  - { name: long, output: { repeat: "ab ", times: 3 }, expect: { verdict: block } }
  - { name: tool, input: A calculator., as: tool_definition, expect: { verdict: allow } }
"#,
    )
    .unwrap();
    assert_eq!(file.policy.as_deref(), Some("support-bot"));
    let given: Vec<&Given> = file.cases.iter().map(|case| &case.given).collect();
    assert_eq!(*given[0], Given::Text(Kind::User, "hello".to_owned()));
    assert_eq!(*given[1], Given::Text(Kind::Completion, "42".to_owned()));
    let messages = json!([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}], "n": 1},
    ]);
    assert_eq!(*given[2], Given::Messages(messages));
    assert_eq!(*given[3], Given::Stream(["a", "", "b c"].map(str::to_owned).to_vec()));
    assert_eq!(*given[4], Given::Text(Kind::Completion, "ab ab ab ".to_owned()));
    assert_eq!(*given[5], Given::Text(Kind::ToolDefinition, "A calculator.".to_owned()));
    assert_eq!(file.cases[0].expect.rules.as_deref(), Some(&[][..]));
    assert_eq!(file.cases[1].expect.rules.as_deref().unwrap(), ["a", "b"]);
    assert_eq!(file.cases[2].expect.rules, None);
    assert_eq!(file.cases[3].expect.text.as_deref(), Some(""));
}

#[test]
fn all_problems_come_at_once() {
    let error = read(
        "tests:
  - { name: a, input: x, output: y, expect: { verdict: pass } }
  - { name: b, stream: [], expect: { verdict: block, rules: r1, txt: z } }
  - { inptu: x, expect: { verdict: block } }
  - { name: c, output: x, as: user, expect: { verdict: block } }
  - { name: d, input: { repeat: x, times: 0 }, as: usr, expect: { verdict: block } }
",
    )
    .unwrap_err();
    insta::assert_snapshot!(error, @r#"
    error: a case tries one thing
     --> a.test.yaml:2:7
      |
    2 |   - { name: a, input: x, output: y, expect: { verdict: pass } }
      |       ^^^^ expected one of `input`, `output`, `messages` or `stream`, found 2

    error: wrong value for `verdict`
     --> a.test.yaml:2:56
      |
    2 |   - { name: a, input: x, output: y, expect: { verdict: pass } }
      |                                                        ^^^^ expected `allow`, `rewrite` or `block`, found the text `pass`

    error: wrong value
     --> a.test.yaml:3:24
      |
    3 |   - { name: b, stream: [], expect: { verdict: block, rules: r1, txt: z } }
      |                        ^^ expected a list of texts, one a delta, found a list

    error: wrong value
     --> a.test.yaml:3:61
      |
    3 |   - { name: b, stream: [], expect: { verdict: block, rules: r1, txt: z } }
      |                                                             ^^ expected a list of rule ids; `[]` for none, found the text `r1`

    error: unknown key `txt` in `expect`
     --> a.test.yaml:3:65
      |
    3 |   - { name: b, stream: [], expect: { verdict: block, rules: r1, txt: z } }
      |                                                                 ^^^ expected `verdict`, `rules` or `text`
      |
      = help: did you mean `text`?

    error: the case has no `name`
     --> a.test.yaml:4:7
      |
    4 |   - { inptu: x, expect: { verdict: block } }
      |       ^^^^^ expected `name` here

    error: a case tries one thing
     --> a.test.yaml:4:7
      |
    4 |   - { inptu: x, expect: { verdict: block } }
      |       ^^^^^ expected one of `input`, `output`, `messages` or `stream`, found 0

    error: unknown key `inptu` in the case
     --> a.test.yaml:4:7
      |
    4 |   - { inptu: x, expect: { verdict: block } }
      |       ^^^^^ expected `name`, `input`, `output`, `messages`, `stream`, `as`, `vars`, `request`, `system`, `expect` or `requests`
      |
      = help: did you mean `input`?

    error: only an `input` is of a kind that `as` names
     --> a.test.yaml:5:7
      |
    5 |   - { name: c, output: x, as: user, expect: { verdict: block } }
      |       ^^^^ expected no `as`

    error: wrong value for `times`
     --> a.test.yaml:6:43
      |
    6 |   - { name: d, input: { repeat: x, times: 0 }, as: usr, expect: { verdict: block } }
      |                                           ^ expected a whole number from 1 to 16777216, found the number `0`

    error: unknown kind `usr`
     --> a.test.yaml:6:52
      |
    6 |   - { name: d, input: { repeat: x, times: 0 }, as: usr, expect: { verdict: block } }
      |                                                    ^^^ expected `system`, `user`, `assistant`, `document`, `tool_definition`, `tool_call`, `tool_result`, `reasoning`, `completion` or `metadata`
      |
      = help: did you mean `user`?
    "#);
}

#[test]
fn only_requests_come_in_great_numbers() {
    let case = |given: &str| read(&format!("tests: [{{ name: a, {given}, expect: {{ verdict: allow }} }}]"));
    for (given, requests) in
        [("input: x", 1), ("input: x, requests: 7", 7), ("messages: [{ role: user, content: x }], requests: 2", 2)]
    {
        assert_eq!(case(given).unwrap().cases[0].requests, requests);
    }
    for given in ["output: x, requests: 2", "stream: [x], requests: 2", "input: x, as: reasoning, requests: 2"] {
        assert!(case(given).unwrap_err().contains("answers are no requests"), "{given}");
    }
    assert!(case("input: x, requests: 0").unwrap_err().contains("from 1 to 1000000"));
}

#[test]
fn the_shipped_policies_have_tests() {
    for (name, source) in shipped() {
        let file = CaseFile::read(&source).unwrap_or_else(|problems| panic!("{name}: {problems}"));
        assert!(file.cases.len() >= 8, "{name}");
    }
}
