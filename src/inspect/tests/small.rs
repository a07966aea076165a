//! Faults that somebody found by reading, each as small as it gets.

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::config::Source;
use crate::policy::file::load_policy_source;
use crate::protocol::Protocol;
use crate::protocol::framing::Frames;
use crate::segment::Kind;

/// The rules of a policy file. Every model has every label, and no line of its own.
pub(super) fn compiled(policy: &str) -> Context {
    let source = Source::new("p.yaml", policy);
    let loaded = load_policy_source(&source, std::path::Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let labels = |_: &str, _: &str| Ok(LabelInfo { model: "m@0".into(), index: 0, calibration: None, entity: false });
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

fn protocol(path: &str) -> Option<&'static dyn Protocol> {
    if let Recognised::Known(protocol) = recognise(path) { Some(protocol) } else { None }
}

pub(super) fn make(context: &Context, path: &str) -> Stream {
    let options = StreamOptions {
        id: "id".to_owned(),
        created: 1,
        choices: 1,
        usage: false,
        notice: Arc::new(|_| Notice { message: "no".to_owned(), refusal: false, status: 400 }),
    };
    Stream::new(context, protocol(path), options)
}

/// An event with one answer's part.
pub(super) fn chunk(delta: &serde_json::Value) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }))
}

pub(super) fn push(stream: &mut Stream, bytes: &str) -> String {
    let mut out = Vec::new();
    stream.push(bytes.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

pub(super) fn finish(stream: &mut Stream) -> String {
    let mut out = Vec::new();
    stream.finish(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_judged_as_a_whole_waits_for_the_last_score() {
    let context = compiled(
        "rules: [{ id: r, scope: [completion], action: block,
            detect: { classifier: { model: m, label: l, threshold: 0.5, span: segment } } }]",
    );
    let mut stream = make(&context, "/v1/chat/completions");
    let said = "The first sentence is a harmless one. The second sentence says b1 and no more.";
    assert_eq!(push(&mut stream, &chunk(&json!({ "content": said }))), "");
    assert_eq!(finish(&mut stream), "");
    let tickets = stream.take_tickets();
    assert_eq!(tickets.len(), 2);
    let mut out = Vec::new();
    for ticket in tickets {
        stream.answer(&ticket, &judge(&ticket.job), &mut out);
    }
    assert_eq!(String::from_utf8_lossy(&out), "");
    assert_eq!(stream.end(), &StreamEnd::Unsent(Cause::Rule(0)));
}

/// A whole answer, and what comes of it.
pub(super) fn concluded(context: &Context, path: &str, body: &str) -> (Option<Cause>, String) {
    let json = Json::parse(body.as_bytes()).unwrap();
    let (shape, kind) = protocol(path).unwrap().response();
    let walked = walk(&json, shape, Direction::Response, kind).unwrap();
    let mut buffered = Buffered::new(context, Body::Json(json, walked), Direction::Response);
    while buffered.scan(64) {}
    let concluded = buffered.conclude(false);
    let block = concluded.block.clone();
    (block, String::from_utf8(concluded.rewritten(body.as_bytes(), protocol(path), |_| None)).unwrap())
}

#[test]
fn nothing_of_a_blocked_answer_of_several_stays() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: block }]");
    let body = json!({ "choices": [
        { "index": 0, "message": { "role": "assistant", "content": "fine" }, "text": "a secret", "note": ["secret"] },
        { "index": 1, "message": { "role": "assistant", "content": "good" }, "finish_reason": "stop" },
    ] });
    let (block, new) = concluded(&context, "/v1/chat/completions", &body.to_string());
    assert_eq!(block, None);
    assert!(!new.contains("secret") && new.contains("good"), "{new}");
}

#[test]
fn halves_of_a_character_meet_over_an_empty_string() {
    let context =
        compiled("rules: [{ id: r, detect: { keywords: { words: [😀], whole: false } }, action: { replace: x } }]");
    let mut stream = make(&context, "/v1/chat/completions");
    let raw = |raw: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{raw}\"}}}}]}}\n\n");
    let out = push(&mut stream, &[raw("a\\ud83d"), raw(""), raw("\\ude00b")].concat()) + &finish(&mut stream);
    assert_eq!(out, [raw("ax"), raw(""), raw("b")].concat());
}

#[test]
fn an_event_that_says_more_than_its_text_goes_out_once() {
    let context =
        compiled("rules: [{ id: r, scope: [completion], detect: { keywords: { words: [secret] } }, action: block }]");
    let long = format!("{} secre", "word ".repeat(20));
    for more in [
        json!({ "content": long, "tool_calls": [{ "index": 0, "function": { "name": "f", "arguments": "{}" } }] }),
        json!({ "content": long, "reasoning_content": "hm" }),
        json!({ "content": long, "role": "assistant" }),
    ] {
        let mut stream = make(&context, "/v1/chat/completions");
        let bytes = chunk(&more) + &chunk(&json!({ "content": "." }));
        let out = push(&mut stream, &bytes) + &finish(&mut stream);
        assert_eq!(out, bytes);
        let mut stream = make(&context, "/v1/chat/completions");
        let out = push(&mut stream, &chunk(&more)) + &push(&mut stream, &chunk(&json!({ "content": "." })));
        assert_eq!(out + &finish(&mut stream), bytes);
    }
}

pub(super) fn block_event(name: &str, rest: &str) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\",{rest}}}\n\n")
}

pub(super) fn begin(index: usize) -> String {
    block_event("content_block_start", &format!(r#""index":{index},"content_block":{{"type":"text","text":""}}"#))
}

fn delta(index: usize, text: &str) -> String {
    block_event("content_block_delta", &format!(r#""index":{index},"delta":{{"type":"text_delta","text":"{text}"}}"#))
}

#[test]
fn a_block_that_never_ends_is_read_on_in_the_next() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    let mut stream = make(&context, "/v1/messages");
    let bytes = [begin(0), delta(0, "a sec"), begin(1), delta(1, "ret b")].concat();
    let out = push(&mut stream, &bytes) + &finish(&mut stream);
    assert_eq!(out, [begin(0), delta(0, "a "), begin(1), delta(1, " b")].concat());
}

#[test]
fn blocks_that_go_on_in_turns_are_unreadable() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    let mut stream = make(&context, "/v1/messages");
    let bytes = [begin(0), delta(0, "a sec"), begin(1), delta(1, "x"), delta(0, "ret b")].concat();
    let out = push(&mut stream, &bytes) + &finish(&mut stream);
    assert_eq!(stream.blocked(), Some(&Cause::Unreadable));
    assert!(!out.contains("ret b"), "{out}");
}

#[test]
fn texts_of_one_block_are_read_on_too() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: redact }]");
    let mut stream = make(&context, "/v1/messages");
    let block = |one: &str, other: &str| {
        block_event(
            "content_block_start",
            &format!(
                r#""index":0,"content_block":{{"type":"mcp_tool_result","tool_use_id":"t","content":[{{"type":"text","text":"{one}"}},{{"type":"text","text":"{other}"}}]}}"#
            ),
        )
    };
    let out = push(&mut stream, &block("a sec", "ret b")) + &finish(&mut stream);
    assert_eq!(out, block("a ", " b"));
    let mut stream = make(&context, "/v1/messages");
    let out = push(&mut stream, &block("a \\ud83d", "b")) + &finish(&mut stream);
    assert_eq!(out, block("a \\ud83d", "b"));
}

#[test]
fn the_ending_of_a_torn_stream_is_an_event_of_its_own() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: block }]");
    let mut stream = make(&context, "/v1/chat/completions");
    let last = chunk(&json!({ "content": "b secret" }));
    let out = push(&mut stream, &chunk(&json!({ "content": "a " }))) + &push(&mut stream, last.trim_end());
    let out = out + &finish(&mut stream);
    let (texts, ends) = read(out.as_bytes(), 1);
    assert_eq!((&*texts[0], ends[0].as_deref()), ("a b ", Some("content_filter")));
    let mut stream = make(&context, "/unknown").framed(Frames::of(b"application/x-ndjson").unwrap());
    let out = push(&mut stream, "{\"a\":\"x \"}\n{\"a\":\"y secret\"}") + &finish(&mut stream);
    assert!(out.lines().all(|line| line.is_empty() || Json::parse(line.as_bytes()).is_ok()), "{out}");
}

#[test]
fn keys_in_arguments_are_read_unescaped() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: mask }]");
    let body = |arguments: &str| {
        let call = json!({ "id": "c", "type": "function", "function": { "name": "f", "arguments": arguments } });
        json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "tool_calls": [call] } }] }).to_string()
    };
    for arguments in [r#"{"secret":1}"#, r#"{"\u0073ecret":1}"#, r#"{"a":[{"s\u0065cret":"x"}]}"#] {
        let (block, _) = concluded(&context, "/v1/chat/completions", &body(arguments));
        assert_eq!(block, Some(Cause::Rule(0)), "{arguments}");
    }
    assert_eq!(concluded(&context, "/v1/chat/completions", &body(r#"{"\u0073ecre":1}"#)).0, None);
}

#[test]
fn the_same_place_in_another_kind_of_block_is_another_text() {
    let context = compiled(
        "rules: [{ id: r, scope: [completion], detect: { keywords: { words: [secret] } }, action: redact },
        { id: t, scope: [tool_call], detect: { keywords: { words: [nothing] } }, action: redact }]",
    );
    let mut stream = make(&context, "/v1/messages");
    let call = r#""index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{},"text":"a"}"#;
    let begins = block_event("content_block_start", call);
    let out = push(&mut stream, &(begins.clone() + &delta(0, "b secret"))) + &finish(&mut stream);
    assert_eq!(out, begins + &delta(0, "b "));
}

#[test]
fn one_event_of_many_texts_or_answers_is_over_the_limit_early() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: block }]");
    let mut stream = make(&context, "/unknown");
    push(&mut stream, &format!("data: {}\n\n", json!(vec!["a"; 20_000])));
    assert_eq!(stream.end(), &StreamEnd::Unsent(Cause::OverLimit));
    assert!(stream.texts() < 5000);
    let mut stream = make(&context, "/v1/chat/completions");
    let choices: Vec<_> = (0..2000).map(|index| json!({ "index": index, "delta": {} })).collect();
    push(&mut stream, &format!("data: {}\n\n", json!({ "choices": choices })));
    assert_eq!(stream.end(), &StreamEnd::Unsent(Cause::OverLimit));
}

#[test]
fn half_a_call_stays_when_a_stream_is_cut() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret] } }, action: block }]");
    let mut stream = make(&context, "/v1/chat/completions");
    let call = |arguments: &str| {
        chunk(
            &json!({ "tool_calls": [{ "index": 0, "id": "c", "function": { "name": "f", "arguments": arguments } }] }),
        )
    };
    let text = chunk(&json!({ "content": "Fine. " }));
    let out = push(&mut stream, &[text.clone(), call(r#"{"a":"\u0073ec"#), "data: {\n\n".to_owned()].concat());
    assert!(out.starts_with(&text) && !out.contains("tool_calls") && out.contains("error"), "{out}");
    assert_eq!(stream.blocked(), Some(&Cause::Unreadable));
}

/// Takes less than a second where time is linear, and minutes where it is not.
#[test]
fn many_findings_take_linear_time() {
    let started = std::time::Instant::now();
    let context =
        compiled("rules: [{ id: r, detect: { keywords: { words: [ab] } }, except: [{ regex: 'ab0' }], action: mask }]");
    let call = |arguments: &str| {
        json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "tool_calls": [
            { "id": "c", "type": "function", "function": { "name": "f", "arguments": arguments } }
        ] } }] })
    };
    let arguments = json!({ "x": "\"ab ".repeat(60_000) }).to_string();
    let (block, new) = concluded(&context, "/v1/chat/completions", &call(&arguments).to_string());
    assert!(block.is_none() && !new.contains("ab "));
    let text = "ab0 ".repeat(400_000) + &"ab ".repeat(60_000);
    let body = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }] });
    concluded(&context, "/v1/chat/completions", &body.to_string());
    let parts: Vec<_> = (0..30_000).map(|_| json!({ "type": "text", "text": "ab ab " })).collect();
    let body = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": parts } }] });
    concluded(&context, "/v1/chat/completions", &body.to_string());
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn what_is_only_recorded_keeps_no_text() {
    let context =
        compiled("rules: [{ id: r, scope: [completion], detect: { keywords: { words: [noted] } }, action: log }]");
    let plan = context.rules.plan_for(Scope::one(Direction::Response, Kind::Completion));
    let mut channel = crate::policy::Channel::new(&context, Arc::clone(plan));
    for _ in 0..2_000 {
        channel.feed("noted and ");
        assert!(channel.judge().is_empty());
        channel.forget(channel.open());
    }
    assert_eq!(channel.text(0..5), "");
    channel.finish();
    assert_eq!(channel.judge().len(), 2_000);
}

/// What a model would have to read whole is kept up to a bound, and then no more.
#[test]
fn a_window_without_end_is_over_the_limit() {
    let look = Look::Judge(Window::End, Span::Window);
    let rule = |act| RuleCase { look: look.clone(), act, except: None, shadow: false, max_match: 4096 };
    let piece = "all calm here. ".repeat(1 << 14);
    for act in [Act::Log, Act::Block] {
        let context = context(&[rule(act)]);
        let mut stream = make(&context, "/v1/chat/completions");
        let mut out = 0;
        for _ in 0..(9 << 20) / piece.len() {
            out += push(&mut stream, &chunk(&serde_json::json!({ "content": piece }))).len();
        }
        finish(&mut stream);
        stream.settle();
        let report = stream.report();
        let reported: Vec<_> = report.findings.iter().map(|found| &found.finding.outcome).collect();
        match act {
            Act::Log => assert_eq!(reported, [&crate::finding::Outcome::OverLimit("windows")]),
            _ => assert!(matches!(stream.blocked(), Some(Cause::OverLimit | Cause::Rule(_))) && out == 0),
        }
    }
}

#[test]
fn an_array_stays_one_when_an_element_goes_ahead_in_part() {
    let context = compiled("rules: [{ id: r, detect: { keywords: { words: [secret], whole: false } }, action: mask }]");
    let element = |text: &str| json!({ "candidates": [{ "content": { "parts": [{ "text": text }] } }] }).to_string();
    let long = "words and words and words and words, sec";
    let mut stream = make(&context, "/v1beta/models/m:streamGenerateContent").framed(Frames::Array);
    let mut out = push(&mut stream, &format!("[{}", element(long)));
    assert!(out.contains("words, \"}"), "{out}");
    out += &push(&mut stream, &format!("\n,\r\n{}\n]", element("ond")));
    out += &finish(&mut stream);
    let said = serde_json::from_str::<Vec<serde_json::Value>>(&out).unwrap();
    let texts = said.iter().map(|event| event["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap());
    assert_eq!((texts.collect::<String>(), said.len()), (format!("{long}ond"), 3));

    // What is no array waits for its end.
    let mut stream = make(&context, "/v1beta/models/m:streamGenerateContent").framed(Frames::Array);
    assert_eq!(push(&mut stream, &element(long)), "");
    assert_eq!(finish(&mut stream), element(long));
}

/// Whoever masks findings in texts that are kept counts in what the file decodes to.
#[test]
fn the_text_of_a_file_is_what_it_decodes_to() {
    let file = json!({ "mimeType": "text/csv", "data": "YSxi" });
    let body = json!({ "contents": [{ "parts": [{ "inlineData": file }] }] }).to_string();
    let path = "/v1beta/models/m:generateContent";
    let texts = originals(body.as_bytes(), protocol(path), Direction::Request);
    assert_eq!(texts, [("/contents/0/parts/0/inlineData/data".to_owned(), "a,b".to_owned())]);
}
