//! Conditions: a rule that takes no part is as if it were not there, whatever arrives how.

use serde_json::{Value, json};

use super::small::{chunk, compiled, concluded, finish, make, push};
use super::*;
use crate::policy::{Facts, rule::CONDITION};

const CHAT: &str = "/v1/chat/completions";

fn about(context: &Context, request: Value) -> Context {
    let mut facts = Facts::default();
    facts.request.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
    let mut context = context.clone();
    context.ask_about(facts);
    context
}

/// What goes out after each delta, and what is found.
fn steps(context: &Context, deltas: &[&str]) -> (Vec<String>, Vec<(usize, Range<usize>)>) {
    let mut stream = make(context, CHAT);
    let mut out: Vec<String> =
        deltas.iter().map(|delta| push(&mut stream, &chunk(&json!({ "content": delta })))).collect();
    out.push(finish(&mut stream));
    let found = stream.report().findings.into_iter().map(|found| (found.finding.rule, found.finding.range));
    (out, found.collect())
}

#[test]
fn a_rule_that_takes_no_part_is_as_if_it_were_not_there() {
    let always = "{ id: m, detect: { keywords: { words: [mango] } }, action: mask }";
    let conditional = [
        "detect: { regex: { pattern: 'secret[0-9]{1,20}' } }, action: block",
        "detect: { keywords: { words: [secretly] } }, action: redact",
        "detect: { length: { min_chars: 500 } }, action: block",
        "detect: { length: { max_chars: 10 } }, action: block",
        "detect: { pii: { entities: [EMAIL_ADDRESS] } }, action: mask",
        "detect: { unicode: {} }, action: block",
        "detect: { regex: { pattern: 'mango' } }, action: { allow: { rules: m } }",
        "detect: { classifier: { model: m, label: l, threshold: 0.5, span: segment } }, action: block",
        "detect: { keywords: { words: [mango] } }, except: [{ keyword: mango }], action: block",
    ];
    let plain = ["a mang", "o and secret", "12", "34, secretly to anna@exam", "ple.com and so", " on"];
    // Where views wait for what follows, they wait for any rule's sake.
    let odd = ["a mang", "o and secret12 secretly anna@exam", "ple.com e", "\u{301} \u{200b}and so", " on"];
    let all = |(out, found): (Vec<String>, Vec<_>)| (out.concat(), found);
    let base = compiled(&format!("rules: [{always}]"));
    let (without, without_odd) = (steps(&base, &plain), all(steps(&base, &odd)));
    for rule in conditional {
        for (when, scope) in
            [("request.stream", "all"), ("segment.kind == \"user\"", "all"), ("segment.age > 0", "output")]
        {
            let policy = format!("rules: [{always}, {{ id: c, scope: {scope}, when: '{when}', {rule} }}]");
            let context = compiled(&policy);
            assert_eq!(steps(&context, &plain), without, "{policy}");
            assert_eq!(all(steps(&context, &odd)), without_odd, "{policy}");
            let on = about(&context, json!({ "stream": true }));
            let differs = all(steps(&on, &odd)) != without_odd || steps(&on, &plain) != without;
            assert!(differs == (when == "request.stream") || rule.contains("except"), "{policy}");
        }
    }
}

/// One condition, three requests; each has the rules that it asks for.
#[test]
fn requests_are_told_apart() {
    let context = compiled(
        r#"rules:
          - { id: a, when: 'request.tenant == "a"', detect: { keywords: { words: [one] } }, action: block }
          - { id: b, when: 'request.headers["x-team"] == "b"', detect: { keywords: { words: [two] } }, action: block }"#,
    );
    let blocks = |context: &Context, say: &str| {
        let body = json!({ "id": "c", "choices": [], "note": [say], "content": say });
        concluded(context, CHAT, &body.to_string()).0
    };
    for (request, one, two) in [
        (json!({ "tenant": "a", "headers": { "x-team": "b" } }), true, true),
        (json!({ "tenant": "a", "headers": { "x-team": "c" } }), true, false),
        (json!({ "tenant": "b", "headers": { "x-team": "c" } }), false, false),
        // A header that is not there: the rule stays.
        (json!({ "tenant": "b" }), false, true),
    ] {
        let context = about(&context, request.clone());
        let found = (blocks(&context, "one").is_some(), blocks(&context, "two").is_some());
        assert_eq!(found, (one, two), "{request}");
    }
}

#[test]
fn what_cannot_be_judged_is_said_and_keeps_to_the_safe_side() {
    let context = compiled(
        r#"rules:
          - { id: b, when: 'request.headers.x == "a"', detect: { keywords: { words: [one] } }, action: block }
          - { id: a, when: 'request.headers.x == "a"', detect: { keywords: { words: [one] } }, action: { allow: { rules: b } } }
          - { id: s, when: 'segment.index / 0 == 1', detect: { keywords: { words: [one] } }, action: log }"#,
    );
    let mut stream = make(&context, CHAT);
    push(&mut stream, &chunk(&json!({ "content": "one " })));
    finish(&mut stream);
    assert!(stream.blocked().is_some());
    assert_eq!(stream.report().skipped, [(0, CONDITION), (1, CONDITION), (2, CONDITION)]);
    let fine = about(&context, json!({ "headers": { "x": "a" } }));
    let mut stream = make(&fine, CHAT);
    push(&mut stream, &chunk(&json!({ "content": "one " })));
    finish(&mut stream);
    assert!(stream.blocked().is_none());
    assert_eq!(stream.report().skipped, [(2, CONDITION)]);
}

/// What a request says of its messages.
#[test]
fn conditions_ask_about_single_texts() {
    let cases = [
        ("segment.age == 0", vec![2, 3]),
        ("segment.age == 1", vec![1]),
        ("segment.index == 1", vec![1]),
        ("segment.role == \"assistant\"", vec![2]),
        ("segment.kind == \"user\" && segment.direction == \"request\"", vec![1, 3]),
        ("segment.length == 5", vec![0, 2]),
        ("segment.length > 5", vec![1, 3]),
    ];
    let say = |role: &str, text: &str| json!({ "role": role, "content": text });
    let messages = [say("system", "one a"), say("user", "one abc"), say("assistant", "one d"), say("user", "one defg")];
    let body = json!({ "messages": messages }).to_string();
    for (when, expected) in cases {
        let context = compiled(&format!(
            "rules: [{{ id: r, scope: [system, user, assistant], when: '{when}', detect: {{ keywords: {{ words: [one] }} }}, action: log }}]"
        ));
        let json = Json::parse(body.as_bytes()).unwrap();
        let Recognised::Known(protocol) = recognise(CHAT) else { panic!() };
        let (shape, kind) = protocol.request();
        let walked = walk(&json, shape, Direction::Request, kind).unwrap();
        let mut buffered = Buffered::new(&context, Body::Json(json, walked), Direction::Request);
        while buffered.scan(64) {}
        let found = buffered.conclude(false).report.findings;
        let places: Vec<usize> = found
            .iter()
            .map(|found| found.segment.pointer.split('/').nth(2).unwrap().parse().unwrap())
            .filter(|message| *message > 0 || when.contains("length"))
            .collect();
        let expected: Vec<usize> =
            expected.into_iter().filter(|message| *message > 0 || when.contains("length")).collect();
        assert_eq!(places, expected, "{when}");
    }
}
