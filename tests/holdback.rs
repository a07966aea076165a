//! How much of an ordinary answer waits for a decision: this project's own prose, in events of 20 bytes and of about a
//! token, under each rule of the default policy that reads answers, and under all of them.
//!
//! `cargo test --test holdback -- --nocapture` prints the figures that `docs/streaming.md` quotes.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use palisade::config::Source;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Channel, Context, RuleSet};
use palisade::segment::Scope;

const RULES: &[(&str, &str)] = &[
    ("secrets, all formats", "{ id: r, scope: [output], detect: { secrets: {} }, action: mask }"),
    (
        "secrets with a fixed beginning",
        "{ id: r, scope: [output], detect: { secrets: { formats: [openai, anthropic, github, gitlab, slack, stripe, npm] } }, action: mask }",
    ),
    ("e-mail addresses", "{ id: r, scope: [output], detect: { pii: { entities: [EMAIL_ADDRESS] } }, action: mask }"),
    ("payment cards", "{ id: r, scope: [output], detect: { pii: { entities: [CREDIT_CARD] } }, action: mask }"),
    ("a keyword", "{ id: r, scope: [output], detect: { keywords: { words: [falcon] } }, action: mask }"),
];

/// A rule that asks for more views than the others, which none of the default policy does.
const DISGUISED: &str =
    "{ id: r, scope: [output], detect: { keywords: { words: [falcon], disguised: true } }, action: mask }";

fn context(rules: &str) -> Context {
    let source = Source::new("holdback.yaml", &format!("version: 1\nname: p\nrules: [ {rules} ]\n"));
    let (spec, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::UNIX_EPOCH).unwrap();
    let rules = RuleSet::compile(vec![Arc::new(spec)], &|_, _| Err("no models".to_owned()), false).unwrap();
    Context::new(Arc::new(rules), Arc::from(&b"key"[..]))
}

/// The paragraphs of this project's documentation, without tables and code. An ellipsis is three dots, as people type it:
/// behind a character that folds, a view is read beside the text for a while.
fn prose() -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut files: Vec<_> = std::fs::read_dir(docs).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let text: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let blocks = text.split("\n\n").filter(|block| block.starts_with(|first: char| first.is_ascii_uppercase()));
    blocks.collect::<Vec<_>>().join("\n\n").replace('`', "").replace('…', "...")
}

/// Events of about a token: a word with the space before it, in pieces of six letters.
fn tokens(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    for (at, char) in text.char_indices() {
        let from = *cuts.last().unwrap();
        if at > from && (char.is_whitespace() || at - from >= 6) {
            cuts.push(at);
        }
    }
    cuts.push(text.len());
    cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect()
}

fn twenty_bytes(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.len().min(20);
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (piece, after) = rest.split_at(end);
        out.push(piece);
        rest = after;
    }
    out
}

/// Bytes held after each event, and how many events each waited until all of it was out.
fn held(context: &Context, events: &[&str]) -> (Vec<usize>, Vec<usize>) {
    let mut channel = Channel::new(context, Arc::clone(context.rules.plan_for(Scope::ANSWER)));
    let (mut held, mut waited, mut ends) = (Vec::new(), Vec::new(), std::collections::VecDeque::new());
    for (turn, event) in events.iter().enumerate() {
        channel.feed(event);
        channel.judge();
        let open = channel.open().min(channel.len());
        channel.forget(open);
        held.push(channel.len() - open);
        ends.push_back((turn, channel.len()));
        while ends.front().is_some_and(|(_, end)| *end <= open) {
            waited.push(turn - ends.pop_front().unwrap().0);
        }
    }
    (held, waited)
}

fn percentile(values: &mut [usize], percent: usize) -> usize {
    values.sort_unstable();
    values[(values.len() - 1) * percent / 100]
}

#[test]
fn ordinary_prose_hardly_waits() {
    let text = prose();
    assert!(text.len() > 10_000, "{} bytes are too few to measure", text.len());
    let all: Vec<&str> = RULES.iter().map(|(_, rule)| *rule).collect();
    let together = all
        .iter()
        .enumerate()
        .map(|(index, rule)| rule.replace("id: r,", &format!("id: r{index},")))
        .collect::<Vec<_>>();
    let cases = RULES.iter().map(|(name, rule)| (*name, (*rule).to_owned()));
    println!("{:<34} {:>9} {:>8} {:>8} {:>14} {:>12}", "rule", "events", "p50", "p99", "own event, %", "p50 events");
    let last = [("all of these", together.join(", ")), ("a keyword, disguised", DISGUISED.to_owned())];
    for (name, rules) in cases.chain(last) {
        let context = context(&rules);
        for (size, events) in [("20 bytes", twenty_bytes(&text)), ("a token", tokens(&text))] {
            let (mut held, mut waited) = held(&context, &events);
            let own = 100.0 * waited.iter().filter(|&&events| events == 0).count() as f64 / waited.len() as f64;
            let (p50, p99) = (percentile(&mut held, 50), percentile(&mut held, 99));
            let events = percentile(&mut waited, 50);
            println!("{name:<34} {size:>9} {p50:>8} {p99:>8} {own:>14.1} {events:>12}");
            assert!(p50 <= 8 && p99 <= 32 && events <= 1, "{name}: {p50}, {p99}, {events}");
        }
    }
}
