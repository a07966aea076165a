//! The rules of the shipped policies over texts of three sizes, in process: what a message costs before any model.
//!
//! `cargo bench --bench scan`. Ordinary English is what most traffic is; the others are the texts that the patterns like
//! least, and must cost no more than a constant factor, whatever their length.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use jiff::Timestamp;
use palisade::config::Source;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Channel, Context, RuleSet};
use palisade::segment::{Direction, Kind, Scope};

const SIZES: &[usize] = &[1 << 10, 8 << 10, 1 << 20];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn nothing_english(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, "rules: []", ENGLISH, size);
}

#[divan::bench(args = SIZES)]
fn default_english(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, DEFAULT, ENGLISH, size);
}

#[divan::bench(args = SIZES)]
fn shield_english(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, SHIELD, ENGLISH, size);
}

#[divan::bench(args = SIZES)]
fn shield_letters_then_at(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, SHIELD, &format!("{}@", "a".repeat(999)), size);
}

#[divan::bench(args = SIZES)]
fn shield_only_at(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, SHIELD, "a@a.a@", size);
}

#[divan::bench(args = SIZES)]
fn shield_one_long_number(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, SHIELD, "4111111111111112", size);
}

#[divan::bench(args = SIZES)]
fn shield_many_short_numbers(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, SHIELD, "415 555 ", size);
}

#[divan::bench(args = SIZES)]
fn default_private_key(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, DEFAULT, "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B", size);
}

#[divan::bench(args = SIZES)]
fn default_half_secrets(bencher: Bencher<'_, '_>, size: usize) {
    scan(bencher, DEFAULT, "sk-proj-ghp_eyJhbGciOi", size);
}

/// The default policy without its classifier.
const DEFAULT: &str = "extends: [default]\nrules: [{ id: prompt-injection, disabled: true }]";
const SHIELD: &str = "extends: [default, pii-shield]\nrules: [{ id: prompt-injection, disabled: true }]";

/// Scans what a user says, as often as it takes to fill `size` bytes.
fn scan(bencher: Bencher<'_, '_>, policy: &str, text: &str, size: usize) {
    let source = Source::new("bench.yaml", policy);
    let loaded = load_policy_source(&source, Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let labels = |_: &str, _: &str| Err("no models here".to_owned());
    let rules = Arc::new(RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap());
    let plan = Arc::clone(rules.plan_for(Scope::one(Direction::Request, Kind::User)));
    let context = Context::new(rules, Arc::new([0; 32]));
    let text: String = text.chars().cycle().take(size).collect();
    bencher.counter(BytesCount::new(size)).bench(|| {
        let mut channel = Channel::new(&context, Arc::clone(&plan));
        channel.feed(&text);
        channel.finish();
        channel.judge();
        channel.findings().len()
    });
}

const ENGLISH: &str = "Could you help me plan a small trip for next spring? We are four people, two of them children, and \
would like to spend about ten days near the sea. Last year we paid 1,240 for the house and some 300 for trains, which \
was fine. My sister says that May is better than June, because the beaches are empty and the weather is mild; she was \
there in 2019 with her dog. Please suggest three places, tell us how to get there without flying, and what a day could \
look like when it rains. If you know a good token museum or a password-free wifi cafe, all the better. Thanks a lot!\n";
