//! The parts of a request's way, each by itself: strict JSON, the walk over it, rules over text, a rewrite, a stream's
//! framing and inspection, and a classifier's windows with its queue and cache.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at any fault")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use palisade::classifier::{FixedModel, Inference, Job, Priority, Question};
use palisade::config::Config;
use palisade::guard::Guard;
use palisade::inspect::{Body, Buffered, Concluded, Notice, Stream, StreamOptions};
use palisade::policy::Context;
use palisade::protocol::framing::Frames;
use palisade::protocol::json::Json;
use palisade::protocol::walk::{Walked, walk};
use palisade::protocol::{Protocol, Recognised, json_array, ndjson, recognise, sse};
use palisade::segment::{Direction, Kind};

const SIZES: [usize; 3] = [1 << 10, 8 << 10, 1 << 20];
const EVENTS: usize = 200;

const NO_RULES: &str = "version: 1\nname: empty\nrules: []\n";
const DEFAULT_RULES: &str =
    "version: 1\nname: some\nextends: [default]\nrules: [{ id: prompt-injection, disabled: true }]\n";
const RULES: &str = r#"
version: 1
name: some
rules:
  - { id: number, scope: [all], detect: { regex: { pattern: '\bEMP-\d{6}\b' } }, action: mask }
  - { id: key, scope: [all], detect: { regex: { pattern: '\bsk-[A-Za-z0-9_-]{20,200}\b' } }, action: mask }
  - { id: name, scope: [all], detect: { keywords: { words: ["Project Aurora", "umbrella"] } }, action: { replace: "<name>" } }
"#;

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher<'_, '_>, size: usize) {
    let body = chat(size);
    bencher.counter(BytesCount::new(body.len())).bench(|| Json::parse(black_box(&body)).unwrap().len());
}

#[divan::bench(args = SIZES)]
fn parse_and_walk(bencher: Bencher<'_, '_>, size: usize) {
    let body = chat(size);
    bencher.counter(BytesCount::new(body.len())).bench(|| read(black_box(&body)).1.texts.len());
}

#[divan::bench(args = SIZES)]
fn request_without_rules(bencher: Bencher<'_, '_>, size: usize) {
    judge(bencher, NO_RULES, size);
}

#[divan::bench(args = SIZES)]
fn request_with_rules(bencher: Bencher<'_, '_>, size: usize) {
    judge(bencher, RULES, size);
}

/// A judged body with one word to replace, into bytes.
#[divan::bench(args = SIZES)]
fn splice(bencher: Bencher<'_, '_>, size: usize) {
    let context = context(RULES);
    let mut body = chat(size);
    let at = body.len() / 2;
    body.splice(at..at, *b" umbrella ");
    let conclude = || conclude(&context, &body);
    assert!(conclude().changes());
    bencher
        .counter(BytesCount::new(body.len()))
        .with_inputs(conclude)
        .bench_local_values(|concluded| concluded.rewritten(&body, None, |_| None).len());
}

/// What the next one is compared with: the same bytes, checked to be JSON and forgotten.
#[divan::bench]
fn messages_ignored(bencher: Bencher<'_, '_>) {
    let body = messages();
    let ignore = |body: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(body).unwrap();
    bencher.counter(BytesCount::new(body.len())).bench(|| ignore(black_box(&body)));
}

/// Where the text of a request of 500 messages stands, from its bytes.
#[divan::bench]
fn messages_segments(bencher: Bencher<'_, '_>) {
    let body = messages();
    bencher.counter(BytesCount::new(body.len())).bench(|| read(black_box(&body)).1.texts.len());
}

#[divan::bench]
fn sse_events(bencher: Bencher<'_, '_>) {
    let events = events();
    bencher.counter(BytesCount::new(events.len())).bench(|| {
        let mut count = 0;
        sse::Decoder::default().feed(black_box(&events), |_| count += 1).unwrap();
        count
    });
}

/// The same payloads a line each.
#[divan::bench]
fn ndjson_events(bencher: Bencher<'_, '_>) {
    let events = payloads().join("\n");
    bencher.counter(BytesCount::new(events.len())).bench(|| {
        let mut count = 0;
        ndjson::Decoder::default().feed(black_box(events.as_bytes()), |_| count += 1).unwrap();
        count
    });
}

/// The same payloads in one array.
#[divan::bench]
fn array_events(bencher: Bencher<'_, '_>) {
    let events = format!("[{}]", payloads().join("\n,\r\n"));
    bencher.counter(BytesCount::new(events.len())).bench(|| {
        let mut count = 0;
        json_array::Decoder::default().feed(black_box(events.as_bytes()), |_| count += 1).unwrap();
        count
    });
}

/// 200 events of 20 characters, fed in pieces of a socket's read.
#[divan::bench]
fn stream_without_rules(bencher: Bencher<'_, '_>) {
    stream(bencher, NO_RULES);
}

#[divan::bench]
fn stream_with_rules(bencher: Bencher<'_, '_>) {
    stream(bencher, RULES);
}

/// The same events on a path that no protocol knows, in each framing.
#[divan::bench(args = [Frames::Sse, Frames::Ndjson, Frames::Array])]
fn stream_framed(bencher: Bencher<'_, '_>, frames: Frames) {
    let stream = match frames {
        Frames::Sse => events(),
        Frames::Ndjson => (payloads().join("\n") + "\n").into_bytes(),
        Frames::Array => format!("[{}]", payloads().join("\n,\r\n")).into_bytes(),
    };
    judge_stream(bencher, NO_RULES, None, frames, &stream);
}

/// The rules of `default` that read answers.
#[divan::bench]
fn stream_with_default_rules(bencher: Bencher<'_, '_>) {
    stream(bencher, DEFAULT_RULES);
}

/// A text of several windows through queue, tokenizer, cache look-up and back, with a model that costs nothing.
#[divan::bench]
fn windows(bencher: Bencher<'_, '_>) {
    let inference = Inference::fixed(&[FixedModel::guard(&["ignore"])], b"key").unwrap();
    let mut number = 0;
    let mut fresh = || {
        number += 1;
        format!("{number} {}", prose(8 << 10))
    };
    bencher.counter(BytesCount::new(fresh().len())).with_inputs(fresh).bench_local_values(|text| {
        let job = Job {
            model: "guard".into(),
            text: text.into(),
            question: Question::Scores,
            kind: Kind::User,
            client: 1,
            tenant: None,
            priority: Priority::Gate,
            deadline: Instant::now() + Duration::from_secs(10),
        };
        inference.submit(job).unwrap().wait().unwrap().windows.len()
    });
}

fn judge(bencher: Bencher<'_, '_>, policy: &str, size: usize) {
    let context = context(policy);
    let body = chat(size);
    bencher.counter(BytesCount::new(body.len())).bench(|| conclude(&context, black_box(&body)).changes());
}

fn conclude(context: &Context, body: &[u8]) -> Concluded {
    let (json, walked) = read(body);
    let mut buffered = Buffered::new(context, Body::Json(json, walked), Direction::Request);
    while buffered.scan(64 << 10) {}
    buffered.conclude(false)
}

fn stream(bencher: Bencher<'_, '_>, policy: &str) {
    judge_stream(bencher, policy, Some(protocol()), Frames::Sse, &events());
}

fn judge_stream(
    bencher: Bencher<'_, '_>,
    policy: &str,
    protocol: Option<&'static dyn Protocol>,
    frames: Frames,
    events: &[u8],
) {
    let context = context(policy);
    let notice = |_: &_| Notice { message: String::new(), refusal: false, status: 400 };
    let options =
        StreamOptions { id: "bench".to_owned(), created: 0, choices: 1, usage: false, notice: Arc::new(notice) };
    bencher.counter(BytesCount::new(events.len())).bench(|| {
        let mut out = Vec::new();
        let mut stream = Stream::new(&context, protocol, options.clone()).framed(frames);
        events.chunks(4 << 10).for_each(|piece| stream.push(piece, &mut out));
        stream.finish(&mut out);
        assert_eq!(out.len(), events.len());
    });
}

fn read(body: &[u8]) -> (Json<'_>, Walked) {
    let json = Json::parse(body).unwrap();
    let (shape, kind) = protocol().request();
    let walked = walk(&json, shape, Direction::Request, kind).unwrap();
    (json, walked)
}

fn protocol() -> &'static dyn Protocol {
    let Recognised::Known(protocol) = recognise("/v1/chat/completions") else { unreachable!("it is built in") };
    protocol
}

fn context(policy: &str) -> Context {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("bench.yaml");
    std::fs::write(&file, policy).unwrap();
    Guard::single(file.to_str().unwrap(), &Config::default(), |_| {}).unwrap().0
}

/// A chat request of about so many bytes.
fn chat(size: usize) -> Vec<u8> {
    let head = r#"{"model":"gpt-4o-mini","temperature":0.7,"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":""#;
    format!("{head}{}\"}}]}}", prose(size.saturating_sub(head.len()))).into_bytes()
}

/// A conversation of 500 messages in 1 MB.
fn messages() -> Vec<u8> {
    let message = |at: usize| {
        let role = if at.is_multiple_of(2) { "user" } else { "assistant" };
        format!("{{\"role\":\"{role}\",\"content\":\"{} \\\"{at}\\\"\"}}", prose(2050))
    };
    let messages: Vec<String> = (0..500).map(message).collect();
    format!("{{\"model\":\"gpt-4o-mini\",\"messages\":[{}]}}", messages.join(",")).into_bytes()
}

fn prose(size: usize) -> String {
    const TEXT: &str = "The council met on Tuesday to talk about the new bridge. Most speakers were in favour, though \
                        some asked what it would cost (about 3.5 million) and when work could begin. ";
    TEXT.chars().cycle().take(size).collect()
}

fn events() -> Vec<u8> {
    payloads().iter().flat_map(|payload| ["data: ", payload, "\n\n"]).collect::<String>().into_bytes()
}

fn payloads() -> Vec<String> {
    let payload = |text: &str| {
        format!(
            "{{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\
             \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"logprobs\":null,\"finish_reason\":null}}]}}"
        )
    };
    let text = prose(EVENTS * 20);
    text.as_bytes().chunks(20).map(|piece| payload(&String::from_utf8_lossy(piece))).collect()
}
