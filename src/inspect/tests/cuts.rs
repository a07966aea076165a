//! A value of every format of personal data and of secrets, cut everywhere on its way: of it nothing reaches the client
//! but what the action keeps.

use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::config::Source;
use crate::policy::file::load_policy_source;

/// How a text stands in a stream.
#[derive(Clone, Copy, Debug)]
enum Place {
    Content,
    Argument,
    /// In two answers at once.
    Choices,
    /// In two calls of one answer at once.
    Calls,
}

/// Bytes at the end of a value that the rules leave.
const KEPT: usize = 2;
/// Pairs of cuts of a value that is too long for all of them.
const PAIRS: usize = 2000;

fn context_of(detector: &str) -> Context {
    let rule =
        format!("{{ id: r, scope: [output], detect: {{ {detector} }}, action: {{ mask: {{ keep_last: {KEPT} }} }} }}");
    let source = Source::new("cuts.yaml", &format!("version: 1\nname: cuts\nrules: [ {rule} ]\n"));
    let loaded = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::UNIX_EPOCH);
    let (spec, _) = loaded.map_err(|problems| problems.to_string()).unwrap();
    let rules = RuleSet::compile(vec![Arc::new(spec)], &|_, _| Err("no models".to_owned()), false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

/// One delta of a channel of its place.
fn delta(place: Place, channel: usize, piece: &str) -> String {
    let call = |index: usize| json!({ "tool_calls": [{ "index": index, "function": { "arguments": piece } }] });
    let (choice, delta) = match place {
        Place::Content => (0, json!({ "content": piece })),
        Place::Choices => (channel, json!({ "content": piece })),
        Place::Argument | Place::Calls => (0, call(channel)),
    };
    format!("data: {}\n\n", json!({ "choices": [{ "index": choice, "delta": delta, "finish_reason": null }] }))
}

/// What a client puts together of each channel.
fn put_together(out: &[u8]) -> [String; 2] {
    let mut texts = [String::new(), String::new()];
    for line in std::str::from_utf8(out).unwrap().lines().filter_map(|line| line.strip_prefix("data: {")) {
        let event: Value = serde_json::from_str(&format!("{{{line}")).unwrap();
        let choice = &event["choices"][0];
        if choice.is_null() {
            continue;
        }
        let calls = choice["delta"]["tool_calls"].as_array().into_iter().flatten();
        let arguments = calls.map(|call| (&call["index"], &call["function"]["arguments"]));
        for (index, text) in arguments.chain([(&choice["index"], &choice["delta"]["content"])]) {
            texts[index.as_u64().unwrap() as usize].push_str(text.as_str().unwrap_or_default());
        }
    }
    texts
}

fn stream(context: &Context) -> Stream {
    let Recognised::Known(protocol) = recognise("/v1/chat/completions") else { unreachable!("the protocol exists") };
    let options = StreamOptions {
        id: "id".to_owned(),
        created: 1,
        choices: 1,
        usage: false,
        notice: Arc::new(|_| Notice { message: String::new(), refusal: false, status: 400 }),
    };
    Stream::new(context, Some(protocol), options)
}

/// Sends a text cut at these places and gives what arrives in each channel.
fn sent(context: &Context, place: Place, text: &str, cuts: &[usize]) -> [String; 2] {
    let (mut stream, mut out) = (stream(context), Vec::new());
    let borders: Vec<usize> = [0].iter().chain(cuts).chain([&text.len()]).copied().collect();
    let channels = if matches!(place, Place::Choices | Place::Calls) { 2 } else { 1 };
    for border in borders.windows(2) {
        for channel in 0..channels {
            stream.push(delta(place, channel, &text[border[0]..border[1]]).as_bytes(), &mut out);
        }
    }
    stream.push(b"data: [DONE]\n\n", &mut out);
    stream.finish(&mut out);
    put_together(&out)
}

/// Every cut of a value in two, and every pair of cuts, or many.
fn cuts(value: &Range<usize>) -> Vec<Vec<usize>> {
    let places: Vec<usize> = (value.start..=value.end).collect();
    let mut all: Vec<Vec<usize>> = places.iter().map(|&at| vec![at]).collect();
    if value.len() <= 64 {
        let pairs = places.iter().flat_map(|&first| places.iter().map(move |&second| vec![first, second]));
        all.extend(pairs.filter(|pair| pair[0] < pair[1]));
    } else {
        let mut random = proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
        let pair = |random: &mut proptest::test_runner::TestRng| {
            let mut pair: Vec<usize> = (0..2).map(|_| places[random.next_u32() as usize % places.len()]).collect();
            pair.sort_unstable();
            pair
        };
        all.extend((0..PAIRS).map(|_| pair(&mut random)));
    }
    all
}

fn nothing_gets_out(samples: impl Iterator<Item = (String, String, String)>) {
    let mut streams = 0;
    for (detector, text, value) in samples {
        let context = context_of(&detector);
        let masked = format!("{}{}", "*".repeat(value.len() - KEPT), &value[value.len() - KEPT..]);
        let wanted = text.replacen(&value, &masked, 1);
        for place in [Place::Content, Place::Argument, Place::Choices, Place::Calls] {
            let in_json = matches!(place, Place::Argument | Place::Calls);
            let spell = |text: &str| if in_json { json!({ "x": text }).to_string() } else { text.to_owned() };
            let (text, wanted, value) = (spell(&text), spell(&wanted), spell(&value));
            let value = if in_json { &value[6..value.len() - 2] } else { &*value };
            let start = text.find(value).unwrap();
            for cuts in cuts(&(start..start + value.len())) {
                let [first, second] = sent(&context, place, &text, &cuts);
                assert_eq!(first, wanted, "{detector} {place:?} cut at {cuts:?}");
                if matches!(place, Place::Choices | Place::Calls) {
                    assert_eq!(second, wanted, "{detector} {place:?} cut at {cuts:?}");
                }
                streams += 1;
            }
        }
    }
    println!("{streams} streams");
}

#[test]
fn of_personal_data_that_is_cut_nothing_gets_out() {
    nothing_gets_out(crate::detector::samples().into_iter().filter(|(detector, ..)| detector.starts_with("pii")));
}

#[test]
fn of_secrets_that_are_cut_nothing_gets_out() {
    nothing_gets_out(crate::detector::samples().into_iter().filter(|(detector, ..)| detector.starts_with("secrets")));
}

#[test]
fn of_urls_that_are_cut_nothing_gets_out() {
    nothing_gets_out(crate::detector::samples().into_iter().filter(|(detector, ..)| detector.starts_with("urls")));
}

/// A stream that is not sent to its end has not said what it was about to say: what waits stays.
#[test]
fn of_a_value_in_which_a_stream_breaks_off_nothing_gets_out() {
    let context = context_of("secrets: {}");
    let (before, value) = ("The key is ", format!("AKIA{}", "Q4D7XBW2ZNH5RTYK"));
    for length in 1..=value.len() {
        for how in ["lost", "garbage", "half an event", "no event", "too long"] {
            let (mut stream, mut out) = (stream(&context), Vec::new());
            // In an event with what stands before it, and in one of its own.
            let at = before.len() - length % 2 * 4;
            let text = format!("{before}{}", &value[..length]);
            for piece in [&text[..at], &text[at..]] {
                stream.push(delta(Place::Content, 0, piece).as_bytes(), &mut out);
            }
            match how {
                "lost" => stream.fail("gone", &mut out),
                "garbage" => stream.push(b"data: {\"choices\": [\n\n", &mut out),
                "half an event" => {
                    stream.push(b"data: {\"choices\": [", &mut out);
                    stream.finish(&mut out);
                }
                "no event" => stream.push(b"<html>\n\n", &mut out),
                _ => stream.push(format!("data: {}", " ".repeat(9 << 20)).as_bytes(), &mut out),
            }
            assert_eq!(*stream.end(), StreamEnd::Done, "{how}");
            let ending = String::from_utf8(out.clone()).unwrap();
            assert!(ending.contains("error") || ending.contains("content_filter"), "{how}: {ending}");
            assert_eq!(put_together(&out)[0], before, "{how} after {length}");
        }
    }
}
