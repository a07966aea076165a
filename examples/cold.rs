#![allow(clippy::unwrap_used, missing_docs)]
use palisade::config::Config;
use palisade::guard::Guard;
use palisade::inspect::{Body, Buffered, Notice, Stream, StreamOptions};
use palisade::policy::Context;
use palisade::protocol::framing::Frames;
use palisade::protocol::json::Json;
use palisade::protocol::walk::walk;
use palisade::protocol::{Protocol, Recognised, recognise};
use palisade::segment::Direction;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
const NO_RULES: &str = "version: 1\nname: empty\nrules: []\n";
const DEFAULT_RULES: &str =
    "version: 1\nname: some\nextends: [default]\nrules: [{ id: prompt-injection, disabled: true }]\n";
fn prose(size: usize) -> String {
    const TEXT: &str = "The council met on Tuesday to talk about the new bridge. Most speakers were in favour, though \
                        some asked what it would cost (about 3.5 million) and when work could begin. ";
    let own = std::env::var("TEXT").unwrap_or_else(|_| TEXT.to_owned());
    own.chars().cycle().take(size).collect()
}
fn chat(size: usize) -> Vec<u8> {
    let head = r#"{"model":"gpt-4o-mini","temperature":0.7,"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":""#;
    format!("{head}{}\"}}]}}", prose(size.saturating_sub(head.len()))).into_bytes()
}
fn protocol() -> &'static dyn Protocol {
    let Recognised::Known(p) = recognise("/v1/chat/completions") else { unreachable!() };
    p
}
fn context(policy: &str) -> Context {
    let file: PathBuf = std::env::temp_dir().join(format!("cold{}.yaml", policy.len()));
    std::fs::write(&file, policy).unwrap();
    Guard::single(file.to_str().unwrap(), &Config::default(), |_| {}).unwrap().0
}
#[inline(never)]
fn measured_scan(b: &mut Buffered<'_>) {
    while b.scan(64 << 10) {}
    black_box(());
}
#[inline(never)]
fn measured_push(s: &mut Stream, e: &[u8], out: &mut Vec<u8>) {
    s.push(e, out);
    black_box(());
}
#[inline(never)]
fn measured_walk<'a>(
    json: &Json<'a>,
    shape: &'static palisade::protocol::walk::Shape,
    kind: palisade::segment::Kind,
) -> palisade::protocol::walk::Walked {
    black_box(walk(json, shape, Direction::Request, kind).unwrap())
}
fn main() {
    let cold = std::env::args().nth(1).is_none_or(|a| a == "cold");
    let mut flush = vec![1u8; std::env::var("FLUSH").ok().and_then(|n| n.parse().ok()).unwrap_or(96) << 20];
    let contexts = [context(NO_RULES), context(DEFAULT_RULES)];
    let body = chat(1024);
    let event = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"The council met on a \"},\"finish_reason\":null}]}\n\n";
    let notice = |_: &_| Notice { message: String::new(), refusal: false, status: 400 };
    let options =
        StreamOptions { id: "bench".to_owned(), created: 0, choices: 1, usage: false, notice: Arc::new(notice) };
    let names = ["parse", "walk", "new", "scan", "conclude", "stream new", "stream push"];
    let mut all: Vec<Vec<Vec<f64>>> = vec![vec![Vec::new(); names.len()]; 2];
    for round in 0..std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(300) {
        let which: usize = if std::env::var("ONLY").is_ok() { 1 } else { round % 2 };
        let context = &contexts[which];
        let mut out: Vec<u8> = Vec::with_capacity(1024);
        if cold {
            for at in (0..flush.len()).step_by(64) {
                flush[at] = flush[at].wrapping_add(1);
            }
            black_box(&flush);
        }
        let mut marks = Vec::with_capacity(10);
        let _ = Instant::now();
        marks.push(Instant::now());
        let json = Json::parse(black_box(&body)).unwrap();
        marks.push(Instant::now());
        let (shape, kind) = protocol().request();
        let walked = measured_walk(&json, shape, kind);
        marks.push(Instant::now());
        let mut buffered = Buffered::new(context, Body::Json(json, walked), Direction::Request);
        marks.push(Instant::now());
        measured_scan(&mut buffered);
        marks.push(Instant::now());
        black_box(buffered.conclude(false).changes());
        marks.push(Instant::now());
        let mut stream = Stream::new(context, Some(protocol()), options.clone()).framed(Frames::Sse);
        marks.push(Instant::now());
        measured_push(&mut stream, event, &mut out);
        marks.push(Instant::now());
        assert_eq!(out.len(), event.len());
        for (at, pair) in marks.windows(2).enumerate() {
            all[which][at].push((pair[1] - pair[0]).as_nanos() as f64 / 1000.0);
        }
    }
    for (at, name) in names.iter().enumerate() {
        let mid = |v: &mut Vec<f64>| {
            v.sort_by(f64::total_cmp);
            v[v.len() / 2]
        };
        println!("{name:12} empty {:6.2}  default {:6.2}", mid(&mut all[0][at]), mid(&mut all[1][at]));
    }
}
