//! An array of strings is read on as one text, whole and in each event of a stream, as the oracle reads blocks.

use serde_json::{Value, json};

use super::messages::expected_joined;
use super::small::{compiled, finish, make, push};
use super::*;

const UNKNOWN: &str = "/unknown";

fn event(body: &Value) -> String {
    format!("data: {body}\n\n")
}

/// Sends events, in one piece and one by one, and gives what came out.
fn streamed(context: &Context, events: &[Value]) -> Vec<Value> {
    let events: Vec<String> = events.iter().map(event).collect();
    let mut stream = make(context, UNKNOWN);
    let whole = push(&mut stream, &events.concat()) + &finish(&mut stream);
    let mut stream = make(context, UNKNOWN);
    let out: String = events.iter().map(|event| push(&mut stream, event)).collect();
    assert_eq!(out + &finish(&mut stream), whole);
    let data = whole.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn an_array_is_read_on_within_its_event() {
    let context =
        compiled("rules: [{ id: r, detect: { keywords: { words: [pass word, secret] } }, action: { replace: '#' } }]");
    for (sent, wanted) in [
        (vec![json!({ "a": ["pass", "word"] })], vec![json!({ "a": ["#", ""] })]),
        (vec![json!({ "a": ["x sec", "ret", "y"] })], vec![json!({ "a": ["x sec", "ret", "y"] })]),
        (vec![json!({ "a": ["x sec", "", "ret", " y"] })], vec![json!({ "a": ["x #", "", "", " y"] })]),
        // What stood there before is the beginning of the text of each place, and no part of the array.
        (
            vec![json!({ "a": ["one ", "two "] }), json!({ "a": ["sec", "ret"] })],
            vec![json!({ "a": ["one ", "two "] }), json!({ "a": ["#", ""] })],
        ),
        // The same place goes on from event to event; an array does not.
        (
            vec![json!({ "a": ["sec", "x "] }), json!({ "a": ["ret", "y"] })],
            vec![json!({ "a": ["#", "x "] }), json!({ "a": ["", "y"] })],
        ),
        (
            vec![json!({ "a": ["x", "sec"] }), json!({ "a": [" ret", "y"] })],
            vec![json!({ "a": ["x", "sec"] }), json!({ "a": [" ret", "y"] })],
        ),
        (vec![json!({ "a": ["sec", ["ret", "urn"], "ret"] })], vec![json!({ "a": ["sec", ["ret", "urn"], "ret"] })]),
    ] {
        assert_eq!(streamed(&context, &sent), wanted);
    }
}

#[test]
fn a_finding_over_an_array_is_reported_once_and_names_its_strings() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    let mut stream = make(&context, UNKNOWN);
    push(&mut stream, &(event(&json!({ "a": ["so ", "on "] })) + &event(&json!({ "a": ["sec", "ret"] }))));
    finish(&mut stream);
    let report = stream.report();
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].pieces, [("/a/0".to_owned(), 3..6), ("/a/1".to_owned(), 3..6)]);
}

#[test]
fn what_models_have_to_say_of_an_array_is_waited_for() {
    let context = compiled(
        "rules: [{ id: r, scope: [output], action: { replace: '#' },
            detect: { classifier: { model: m, label: l, threshold: 0.5 } } }]",
    );
    let mut stream = make(&context, UNKNOWN);
    let sent = json!({ "a": ["say b", "1 and no more"] });
    assert_eq!(push(&mut stream, &event(&sent)), "");
    assert_eq!(finish(&mut stream), "");
    let mut out = Vec::new();
    let tickets = stream.take_tickets();
    // The key, each string, and both readings of the array.
    assert_eq!(tickets.len(), 5);
    for ticket in tickets.iter().rev() {
        stream.answer(ticket, &judge(&ticket.job), &mut out);
    }
    assert_eq!(String::from_utf8(out).unwrap(), event(&json!({ "a": ["#", ""] })));
}

/// Drives a stream of one array; gives what came out, and whether it was cut.
fn driven(context: &Context, texts: &[String]) -> (String, bool) {
    let mut stream = make(context, UNKNOWN);
    let mut out = Vec::new();
    stream.push(event(&json!(texts)).as_bytes(), &mut out);
    stream.finish(&mut out);
    for ticket in stream.take_tickets() {
        stream.answer(&ticket, &judge(&ticket.job), &mut out);
    }
    (String::from_utf8(out).unwrap(), stream.blocked().is_some())
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let context = context(&case.rules);
    let wanted = expected_joined(&context, &case.rules, &case.texts);
    let (out, cut) = driven(&context, &case.texts);
    prop_assert_eq!(cut, wanted.iter().any(|wanted| wanted.cut));
    let out_of: Vec<&str> = wanted.iter().map(|wanted| &*wanted.out).collect();
    if !cut {
        prop_assert_eq!(out, event(&json!(out_of)));
    }
    let body = json!(case.texts).to_string();
    let json = Json::parse(body.as_bytes()).unwrap();
    let walked = crate::protocol::walk::walk_unknown(&json, Direction::Response);
    let mut buffered = Buffered::new(&context, Body::Json(json, walked), Direction::Response);
    while buffered.scan(16) {}
    for ticket in buffered.take_tickets() {
        buffered.answer(&ticket, &judge(&ticket.job));
    }
    let concluded = buffered.conclude(false);
    prop_assert_eq!(concluded.block.is_some(), cut, "a whole body");
    if !cut {
        let new = concluded.rewritten(body.as_bytes(), None, |_| None);
        prop_assert_eq!(serde_json::from_slice::<Value>(&new).unwrap(), json!(out_of), "a whole body");
    }
    Ok(())
}

#[test]
fn arrays_agree_with_the_oracle_streamed_and_whole() {
    let cases = std::env::var("PALISADE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    if let Err(error) = runner(cases).run(&case(), |case| check(&case)) {
        panic!("{error}");
    }
}
