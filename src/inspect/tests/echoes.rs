//! What repeats an answer token by token says nothing that the answer does not say, whichever of the two comes first.

use serde_json::{Value, json};

use super::small::{chunk, compiled, concluded, finish, make, push};
use super::*;

/// An event with a part of the text and an echo of these tokens, each of them if there are any.
fn event(text: Option<&str>, tokens: &[&str]) -> String {
    let delta = text.map_or_else(|| json!({}), |text| json!({ "content": text }));
    let echo = |token: &&str| json!({ "token": token, "logprob": -0.5, "bytes": token.as_bytes(), "top_logprobs": [{ "token": token }, { "token": "b1" }] });
    let said: Vec<Value> = tokens.iter().map(echo).collect();
    let logprobs = if said.is_empty() { Value::Null } else { json!({ "content": said, "refusal": null }) };
    let choice = json!({ "index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": null });
    format!("data: {}\n\n", json!({ "choices": [choice] }))
}

/// What the echoes that got through say.
fn echoed(out: &str) -> String {
    let data = out.lines().filter_map(|line| line.strip_prefix("data: {"));
    let events = data.map(|data| serde_json::from_str::<Value>(&format!("{{{data}")).unwrap());
    let tokens = events.map(|event| event["choices"][0]["logprobs"]["content"].clone());
    let tokens = tokens.flat_map(|tokens| tokens.as_array().cloned().unwrap_or_default());
    tokens.map(|token| token["token"].as_str().unwrap().to_owned()).collect()
}

/// A text in pieces, each with its echo `late` events later, or as many earlier.
fn wire(pieces: &[String], late: isize) -> String {
    let count = pieces.len().cast_signed();
    let at = |position: isize| {
        usize::try_from(position).ok().and_then(|position| pieces.get(position)).map(|piece| &**piece)
    };
    let events = late.min(0)..count + late.max(0);
    events.map(|position| event(at(position), &at(position - late).into_iter().collect::<Vec<_>>())).collect()
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let context = context(&case.rules);
    let text = &case.texts[0];
    let wanted = expected(&context, &case.rules, text);
    let mut chars = text.chars();
    let sizes = case.steps.iter().map(|step| step.1).chain([usize::MAX]);
    let pieces: Vec<String> = sizes.map(|size| chars.by_ref().take(size).collect()).collect();
    for late in -3..=3 {
        let bytes = wire(&pieces, late) + "data: [DONE]\n\n";
        for cuts in [&[][..], &case.cuts, &[1]] {
            let case = Case { texts: vec![text.clone()], ..case.clone() };
            let (out, _) = drive(&context, "/v1/chat/completions", &case, bytes.as_bytes(), cuts);
            let (said, _) = read(&out, 1);
            prop_assert_eq!(&said[0], &wanted.out, "{} late at {:?}", late, cuts);
            let out = String::from_utf8(out).unwrap();
            // Of echoes that come first the last ones may be undecided when there are no more.
            if !wanted.cut && wanted.out == *text && stays_whole(&case) && late >= 0 {
                prop_assert_eq!(&out, &bytes, "{} late at {:?}", late, cuts);
            }
            let same = said[0].bytes().zip(text.bytes()).take_while(|(one, other)| one == other).count();
            let echoed = echoed(&out);
            prop_assert!(text.starts_with(&echoed), "{:?} of {:?}, {} late at {:?}", echoed, text, late, cuts);
            prop_assert!(echoed.len() <= same, "{:?} and {:?}, {} late at {:?}", echoed, said[0], late, cuts);
        }
    }
    Ok(())
}

#[test]
fn echoes_say_no_more_than_the_text() {
    let cases = std::env::var("PALISADE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    if let Err(error) = runner(cases).run(&case(), |case| check(&case)) {
        panic!("{error}");
    }
}

/// The rules of a keyword that is masked.
fn masks() -> Context {
    compiled("rules: [{ id: r, scope: [completion], detect: { keywords: { words: [secret] } }, action: mask }]")
}

#[test]
fn an_echo_without_text_goes_by_what_was_said_before() {
    let context = masks();
    let mut stream = make(&context, "/v1/chat/completions");
    let said = event(Some("a secret."), &[]) + &event(None, &["a ", "sec", "ret", "."]) + &event(None, &["!"]);
    let out = push(&mut stream, &said) + &finish(&mut stream);
    assert_eq!(out, event(Some("a ******."), &[]) + &event(None, &[]).repeat(2));
}

#[test]
fn an_echo_that_comes_first_is_read_as_text() {
    let context = masks();
    let mut stream = make(&context, "/v1/chat/completions");
    // What may become the word waits, echo or not.
    assert_eq!(push(&mut stream, &event(None, &["a sec"])), "");
    let out = push(&mut stream, &(event(None, &["ret"]) + &event(Some("a secret"), &[]) + &event(Some("."), &["."])));
    let nothing = event(None, &[]);
    assert_eq!(out + &finish(&mut stream), nothing.repeat(2) + &event(Some("a ******"), &[]) + &event(Some("."), &[]));
    assert!(stream.report().findings.len() == 1, "what is found in an echo is not found twice");
}

#[test]
fn a_text_without_echoes_does_not_wait_for_one() {
    let context = masks();
    let mut stream = make(&context, "/v1/chat/completions");
    assert_eq!(push(&mut stream, &event(Some("a s"), &["a s"])), "");
    let both = event(Some("a s"), &[]) + &event(Some("ee. "), &[]);
    assert_eq!(push(&mut stream, &event(Some("ee. "), &[])), both);
}

#[test]
fn an_echo_goes_with_what_stands_elsewhere_in_its_answer() {
    let context =
        compiled("rules: [{ id: r, scope: [reasoning], detect: { keywords: { words: [secret] } }, action: mask }]");
    let mut stream = make(&context, "/v1/chat/completions");
    let said = chunk(&json!({ "reasoning": "a secret." })) + &event(None, &["a ", "secret", "."]);
    let out = push(&mut stream, &said) + &finish(&mut stream);
    assert_eq!(out, chunk(&json!({ "reasoning": "a ******." })) + &event(None, &[]));
    let logprobs = json!({ "content": [{ "token": "secret" }] });
    let body = json!({ "choices": [{ "index": 0, "message": { "reasoning": "a secret" }, "logprobs": logprobs }] });
    let wanted = json!({ "choices": [{ "index": 0, "message": { "reasoning": "a ******" }, "logprobs": null }] });
    assert_eq!(concluded(&context, "/v1/chat/completions", &body.to_string()), (None, wanted.to_string()));
}

#[test]
fn an_echo_of_what_is_cut_does_not_go_out() {
    let context =
        compiled("rules: [{ id: r, scope: [completion], detect: { keywords: { words: [secret] } }, action: block }]");
    let mut stream = make(&context, "/v1/chat/completions");
    let said = event(Some("It is "), &["It", " is "])
        + &event(None, &["a ", "sec"])
        + &event(Some("a secret."), &["ret", "."]);
    let out = push(&mut stream, &said) + &finish(&mut stream);
    assert_eq!(echoed(&out), "It is ");
    assert!(out.contains("content_filter") && !out.contains("secret"), "{out}");
}
