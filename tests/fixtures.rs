//! Recorded traffic through the inspection: what nothing matches comes out byte by byte as it went in, and a rewrite
//! changes the word that it rewrites and nothing else; however the bytes arrive.
//!
//! The recordings lie beside the repository; where they are not there, the tests say so.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

#[path = "common/recordings.rs"]
mod recordings;
#[path = "common/rewrites.rs"]
mod rewrites;
#[path = "common/upstream.rs"]
mod upstream;

use palisade::config::{Config, Inspect, Route};
use palisade::guard::Guard;
use palisade::protocol::framing::Frames;
use palisade::protocol::{PROTOCOLS, Protocol};
use palisade::segment::Direction;
use palisade::server::{App, Server};
use recordings::{Judged, Recording, Sort, context, judge, judge_stream, recordings};

/// Protocols of which there are no recordings; their tests make up bodies.
const UNRECORDED: &[&str] = &[
    "gemini-count-tokens",
    "gemini-embeddings",
    "vertex-predict",
    "ollama-embed",
    "cohere-embed",
    "mistral-fim",
    "mistral-agents",
];

const STEPS: [usize; 4] = [1, 7, 64, usize::MAX];

/// Rules of every detector that match nothing. They hold text back as long as they might match.
const FLOWING: &str = r"
version: 1
name: flowing
unscannable: log
rules:
  - { id: regex, detect: { regex: { pattern: 'zq[a-z]{3,20}zq' } }, action: block }
  - { id: anything, detect: { regex: { pattern: '.{1,200}zqzq' } }, action: mask }
  - { id: keywords, detect: { keywords: { words: [zqxjkvbpt, the zqxjkvbpt of] } }, action: mask }
  - { id: replace, detect: { keywords: { words: [zqwwvvkkx], whole: false } }, action: { replace: 'x' } }
  - { id: length, detect: { length: { max_chars: 10000000 } }, action: block }
";

/// The same with a classifier and a rule that waits for the end of each text.
const HOLDING: &str = r"
version: 1
name: holding
unscannable: log
rules:
  - { id: regex, detect: { regex: { pattern: 'zq[a-z]{3,20}zq' } }, action: redact }
  - { id: end, detect: { regex: { pattern: 'zqxjkvbpt$' } }, action: block }
  - { id: classifier, detect: { classifier: { model: test, label: bad, threshold: 0.5 } }, action: block }
  - { id: whole, detect: { classifier: { model: test, label: bad, threshold: 0.5, span: segment } }, action: block }
";

fn judged(context: &palisade::policy::Context, recording: &Recording, step: usize) -> Judged {
    let Recording { bytes, protocol, frames, .. } = recording;
    match recording.sort {
        Sort::Stream => judge_stream(context, bytes, *protocol, *frames, step),
        _ => judge(context, bytes, *protocol, recording.direction(), step),
    }
}

#[test]
fn what_nothing_matches_is_byte_identical() {
    let policies = [FLOWING, HOLDING].map(context);
    let recordings = recordings();
    for recording in &recordings {
        for (context, step) in policies.iter().flat_map(|context| STEPS.map(|step| (context, step))) {
            let judged = judged(context, recording, step);
            assert_eq!(judged.report.unreadable, None, "{}", recording.name);
            assert_eq!(judged.block, None, "{}", recording.name);
            assert_same(&judged.bytes, &recording.bytes, &format!("{}, step {step}", recording.name));
        }
    }
    count("byte-identical", &recordings);
}

/// Providers differ in line endings, and so may the cuts between them.
#[test]
fn streams_with_other_line_endings_are_byte_identical() {
    let policies = [FLOWING, HOLDING].map(context);
    for recording in
        recordings().iter().filter(|recording| recording.sort == Sort::Stream && recording.frames == Frames::Sse)
    {
        for ending in ["\r\n", "\r"] {
            let stream = String::from_utf8(recording.bytes.clone()).unwrap().replace('\n', ending);
            for (context, step) in policies.iter().flat_map(|context| STEPS.map(|step| (context, step))) {
                let judged = judge_stream(context, stream.as_bytes(), recording.protocol, recording.frames, step);
                assert_same(&judged.bytes, stream.as_bytes(), &format!("{}, {ending:?}, step {step}", recording.name));
            }
        }
    }
}

#[test]
fn a_rewrite_changes_one_word_and_nothing_else() {
    let recordings = recordings();
    let mut rewritten = Vec::new();
    for recording in &recordings {
        let words = rewrites::words(recording);
        if words.is_empty() {
            println!("no word to rewrite in {}", recording.name);
            continue;
        }
        for word in &words {
            let context = context(&rewrites::policy(word));
            for step in STEPS {
                let judged = judged(&context, recording, step);
                let place = format!("{}, word {word}, step {step}", recording.name);
                assert_eq!(judged.block, None, "{place}");
                rewrites::check(recording, word, &judged.bytes, &place);
            }
        }
        rewritten.push(recording);
    }
    count("rewritten", rewritten);
}

/// What the recordings show none of: repeats of the text, and rewrites in arguments.
#[test]
fn repeats_of_a_rewritten_text_go() {
    let context = context(&rewrites::policy("secret"));
    let chat = PROTOCOLS[0];
    let whole = |text: &str| {
        let judged = judge(&context, text.as_bytes(), Some(chat), Direction::Response, usize::MAX);
        String::from_utf8(judged.bytes).unwrap()
    };
    let choice = |message: &str, logprobs: &str| {
        format!(r#"{{"choices":[{{"index":0,"message":{message},"logprobs":{logprobs}}}]}}"#)
    };
    let logprobs = r#"{"content":[{"token":"secret","bytes":[115],"top_logprobs":[]}]}"#;
    assert_eq!(whole(&choice(r#"{"content":"a secret"}"#, logprobs)), choice(r#"{"content":"a zqnewzq"}"#, "null"));
    let untouched = choice(r#"{"content":"no such word"}"#, logprobs);
    assert_eq!(whole(&untouched), untouched);
    let call = |text: &str| {
        choice(&format!(r#"{{"tool_calls":[{{"function":{{"arguments":"{{\"a\":\"{text}\"}}"}}}}]}}"#), "null")
    };
    assert_eq!(whole(&call("secret")), call("zqnewzq"));

    let event = |content: &str, logprobs: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"logprobs\":{logprobs}}}]}}\n\n"
        )
    };
    let stream = format!("{}{}{}", event("a ", logprobs), event("sec", logprobs), event("ret!", logprobs));
    let judged = judge_stream(&context, stream.as_bytes(), Some(chat), Frames::Sse, usize::MAX);
    let expected = format!("{}{}{}", event("a ", logprobs), event("zqnewzq", "null"), event("!", "null"));
    assert_eq!(String::from_utf8(judged.bytes).unwrap(), expected);
}

/// The same where the text comes in pieces and the repeat at the end, or points into it.
#[test]
fn what_counts_on_a_rewritten_text_goes() {
    let context = context(&rewrites::policy("secret"));
    let protocol = |name: &str| PROTOCOLS.iter().copied().find(|protocol| protocol.name() == name);
    let check = |name: &str, frames: Frames, stream: &str, expected: &str| {
        for step in STEPS {
            let judged = judge_stream(&context, stream.as_bytes(), protocol(name), frames, step);
            assert_eq!(String::from_utf8(judged.bytes).unwrap(), expected, "{name}, step {step}");
        }
    };

    let pieces = "{\"response\":\"a sec\",\"done\":false}\n{\"response\":\"ret!\",\"done\":false}\n";
    let last = "{\"response\":\"\",\"done\":true,\"context\":[1,2]}\n";
    let new = "{\"response\":\"a zqnewzq\",\"done\":false}\n{\"response\":\"!\",\"done\":false}\n";
    let gone = last.replace("[1,2]", "[]");
    check("ollama-generate", Frames::Ndjson, &format!("{pieces}{last}"), &format!("{new}{gone}"));
    let fine = format!("{}{last}", pieces.replace("ret", "ond"));
    check("ollama-generate", Frames::Ndjson, &fine, &fine);

    let event = |name: &str, message: &str| {
        format!("event: {name}\ndata: {{\"type\":\"{name}\",\"index\":0,\"delta\":{{\"message\":{{{message}}}}}}}\n\n")
    };
    let said = |text: &str| event("content-delta", &format!("\"content\":{{\"text\":\"{text}\"}}"));
    let begin = event("content-start", "\"content\":{\"type\":\"text\",\"text\":\"\"}");
    let cited = |citation: &str| event("citation-start", &format!("\"citations\":{citation}"));
    let early = cited("{\"start\":0,\"end\":1,\"text\":\"A\",\"sources\":[]}");
    let late = cited("{\"start\":9,\"end\":10,\"text\":\"B\",\"sources\":[]}");
    let stream = [&*begin, &said("A sec"), &early, &said("ret B"), &late].concat();
    // The first one may point at what the rewrite has moved.
    let expected = [&*begin, &said("A zqnewzq"), &cited("null"), &said(" B"), &cited("null")].concat();
    check("cohere-chat", Frames::Sse, &stream, &expected);

    let event = |text: &str, whole: &str| {
        format!(
            "data:{{\"index\":1,\"token\":{{\"id\":1,\"text\":\"{text}\",\"special\":false}},\"generated_text\":{whole}}}\n\n"
        )
    };
    let end = |whole: &str| {
        format!(
            "data:{{\"index\":2,\"token\":{{\"id\":2,\"text\":\"</s>\",\"special\":true}},\"generated_text\":\"{whole}\"}}\n\n"
        )
    };
    let stream = [event("a sec", "null"), event("ret!", "null"), end("a secret!")].concat();
    let expected = [event("a zqnewzq", "null"), event("!", "null"), end("a zqnewzq!")].concat();
    check("tgi", Frames::Sse, &stream, &expected);

    let whole = |name: &str, body: &str| {
        let judged = judge(&context, body.as_bytes(), protocol(name), Direction::Response, usize::MAX);
        String::from_utf8(judged.bytes).unwrap()
    };
    let tgi = r#"{"generated_text":"a secret","details":{"finish_reason":"length","prefill":[],"tokens":[{"id":1,"text":"a secret"}]}}"#;
    let rewritten = r#"{"generated_text":"a zqnewzq","details":{"finish_reason":"length","prefill":[],"tokens":[]}}"#;
    assert_eq!(whole("tgi", tgi), rewritten);
    let ollama = r#"{"response":"a secret","done":true,"context":[1,2]}"#;
    assert_eq!(whole("ollama-generate", ollama), r#"{"response":"a zqnewzq","done":true,"context":[]}"#);
}

/// A string and the text of a part are one text, and calls that come whole are calls of their own.
#[test]
fn pieces_of_one_text_are_read_as_one_however_they_come() {
    let context = context(&rewrites::policy("secret"));
    let event = |delta: &str| format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}}}}]}}\n\n");
    let part = |text: &str| event(&format!("\"content\":[{{\"type\":\"text\",\"text\":\"{text}\"}}]"));
    let bare = |text: &str| event(&format!("\"content\":\"{text}\""));
    let call = |text: &str| {
        event(&format!(
            "\"tool_calls\":[{{\"index\":0,\"id\":\"a\",\"function\":{{\"name\":\"f\",\"arguments\":{{\"x\":\"{text}\"}}}}}}]"
        ))
    };
    let stream = [part("sec"), bare("ret, "), part("then"), call("secret")].concat();
    let expected = [part("zqnewzq"), bare(", "), part("then"), call("zqnewzq")].concat();
    for step in STEPS {
        let judged = judge_stream(&context, stream.as_bytes(), Some(PROTOCOLS[0]), Frames::Sse, step);
        assert_eq!(String::from_utf8(judged.bytes).unwrap(), expected);
    }
    let line = |text: &str| {
        format!(
            "{{\"message\":{{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{{\"function\":{{\"name\":\"f\",\"arguments\":{{\"x\":\"{text}\"}}}}}}]}},\"done\":false}}\n"
        )
    };
    let ollama = PROTOCOLS.iter().copied().find(|protocol| protocol.name() == "ollama-chat");
    for step in STEPS {
        let stream = [line("one"), line("a secret")].concat();
        let judged = judge_stream(&context, stream.as_bytes(), ollama, Frames::Ndjson, step);
        assert_eq!((judged.block, judged.report.unreadable), (None, None));
        assert_eq!(String::from_utf8(judged.bytes).unwrap(), [line("one"), line("a zqnewzq")].concat());
    }
}

/// Over sockets, through the whole proxy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_passes_what_nothing_matches() {
    let recordings = recordings();
    let upstream = upstream::spawn().await;
    let mut config = Config::from_upstreams(&[format!("http://{}", upstream.addr)]).unwrap().0;
    config.server.listen.set_port(0);
    config.routes = vec![Route {
        path: "/**".to_owned(),
        upstream: 0,
        inspect: Inspect::Full,
        baseline: Vec::new(),
        policy: Vec::new(),
        api: None,
        store: palisade::config::Store::AsAsked,
    }];
    let guard = Guard::of(vec![Some(context(FLOWING))], None);
    let server = Server::start(App::new(config, guard).unwrap(), Some(1)).await.unwrap();
    let client = reqwest::Client::new();
    for recording in &recordings {
        let path = if recording.protocol.is_some() { &*recording.path } else { "/v1/unknown" };
        let url = format!("http://{}{path}", server.addr());
        for step in [7, usize::MAX] {
            let place = format!("{}, step {step}", recording.name);
            let reply = upstream::Reply {
                status: recording.status,
                content_type: if recording.sort == Sort::Stream {
                    recording.frames.content_type()
                } else {
                    "application/json"
                },
                bytes: if recording.sort == Sort::Request { b"{}".to_vec() } else { recording.bytes.clone() },
                step,
            };
            *upstream.reply.lock().unwrap() = reply;
            let request = if recording.sort == Sort::Request { recording.bytes.clone() } else { b"{}".to_vec() };
            let answer = client.post(&url).header("content-type", "application/json").body(request.clone());
            let answer = answer.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), recording.status, "{place}");
            assert_eq!(answer.headers()["x-palisade-verdict"], "allow", "{place}");
            let bytes = answer.bytes().await.unwrap();
            if recording.sort == Sort::Request {
                assert_same(&upstream.got.lock().unwrap(), &request, &place);
            } else {
                assert_same(&bytes, &recording.bytes, &place);
            }
        }
    }
    count("through the proxy", &recordings);
}

fn assert_same(got: &[u8], expected: &[u8], place: &str) {
    let at = got.iter().zip(expected).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let part = &bytes[at.saturating_sub(60).min(bytes.len())..(at + 60).min(bytes.len())];
        String::from_utf8_lossy(part).into_owned()
    };
    assert!(got == expected, "{place}: differs at byte {at}\n  got: {}\n  not: {}", around(got), around(expected));
}

fn count<'r>(what: &str, recordings: impl IntoIterator<Item = &'r Recording>) {
    let mut counts = [0; 3];
    let mut protocols: BTreeMap<&str, usize> = BTreeMap::new();
    for recording in recordings {
        counts[recording.sort as usize] += 1;
        *protocols.entry(recording.protocol.map_or("none", Protocol::name)).or_default() += 1;
    }
    let [requests, responses, streams] = counts;
    println!("{what}: {requests} requests, {responses} responses, {streams} streams; by protocol {protocols:?}");
    if recordings::present() {
        assert!(requests > 0 && responses > 0 && streams > 0);
        let missing: Vec<_> =
            PROTOCOLS.iter().map(|protocol| protocol.name()).filter(|name| !protocols.contains_key(name)).collect();
        assert!(missing.iter().all(|name| UNRECORDED.contains(name)), "not every protocol: {missing:?} are missing");
        assert!(protocols.contains_key("none"));
    }
}
