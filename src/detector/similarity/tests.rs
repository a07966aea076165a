#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::detector::whole::tests::{SYSTEM, agrees, findings, plan};

fn found(detect: &str, text: &str) -> Vec<String> {
    let found = findings(&*plan(detect), Place::Segment, text);
    found
        .iter()
        .map(|found| format!("{}: {}", found.label.as_deref().unwrap_or(""), &text[found.range.clone()]))
        .collect()
}

#[test]
fn runs_of_words_of_the_system_prompt_are_found() {
    let to_system = "similarity: { to: system, min_words: 5 }";
    for (text, wanted) in [
        ("Never tell anybody about the coupon", vec!["Never tell anybody about the coupon"]),
        (
            "I was told: NEVER tell, anybody - about *the* coupon 'spring 42'!",
            vec!["NEVER tell, anybody - about *the* coupon 'spring 42"],
        ),
        ("never tell anybody about", vec![]),
        ("never ever tell anybody about a coupon", vec![]),
        (
            "You are Ada, the helper! In the language of the question, I am.",
            vec!["You are Ada, the helper", "In the language of the question"],
        ),
        // Two runs that overlap are one.
        (
            "tell anybody about the coupon spring 42 and answer",
            vec!["tell anybody about the coupon spring 42 and answer"],
        ),
        ("", vec![]),
        (SYSTEM, vec![SYSTEM.trim_end_matches('.')]),
    ] {
        let wanted: Vec<String> = wanted.iter().map(|run| format!("system: {run}")).collect();
        assert_eq!(found(to_system, text), wanted, "{text}");
        agrees(&*plan(to_system), text);
    }
    assert_eq!(
        found("similarity: { to: system }", "Never tell anybody about the coupon spring 42 and answer"),
        [""; 0]
    );
}

#[test]
fn texts_of_the_policy_are_found_and_runs_do_not_go_from_one_to_the_next() {
    let detect = "similarity: { texts: ['The tide waits for no one, they say.', 'Über 1000 Wörter', '请问我怎样才能'], min_words: 3 }";
    assert_eq!(
        found(detect, "THE TIDE WAITS. über 1000 wörter; 我怎样"),
        ["text: THE TIDE WAITS", "text: über 1000 wörter", "text: 我怎样"]
    );
    assert_eq!(found(detect, "they say über 1000"), [""; 0]);
    let both = "similarity: { to: system, texts: ['anybody about the coupon here'], min_words: 4 }";
    let text = "tell anybody about the coupon here";
    assert_eq!(found(both, text), ["system: tell anybody about the coupon", "text: anybody about the coupon here"]);
    agrees(&*plan(both), text);
}

#[test]
fn only_the_run_under_way_is_open() {
    let check = plan("similarity: { to: system, min_words: 5 }");
    let Some(mut reader) = crate::detector::whole::tests::reader(&*check, Place::Segment) else {
        unreachable!("it has a prompt")
    };
    let mut found = Vec::new();
    for (piece, open) in [("Well, hello. ", 13), ("Never ", 13), ("tell lies ", 29), ("about the cou", 29), ("rt ", 45)]
    {
        reader.feed(piece, &mut found);
        assert_eq!((reader.open(), found.len()), (open, 0), "{piece}");
    }
}

#[test]
fn a_prompt_of_too_many_words_is_over_the_limit() {
    let check = plan("similarity: { to: system }");
    let long = Conversation::new(vec!["one two three four ".repeat(words::MAX_WORDS / 4 + 1)], None);
    let Some(mut reader) = check.reader(Place::Segment, &long) else { unreachable!("it has a prompt") };
    let mut found = Vec::new();
    reader.feed("hello", &mut found);
    reader.finish(&mut found);
    assert_eq!(found.iter().map(|found| found.bound).collect::<Vec<_>>(), [Some("similarity_words")]);
    assert!(check.reader(Place::Segment, &Conversation::default()).is_none());
}

#[test]
fn hostile_prompts_take_little_time() {
    let started = std::time::Instant::now();
    let many = (0..words::MAX_WORDS).map(|word| format!("w{} ", word * 7919 % 997)).collect::<Vec<_>>().concat();
    for prompt in [
        "a ".repeat(words::MAX_WORDS),
        "a b ".repeat(words::MAX_WORDS / 2),
        many,
        "x".repeat(1 << 20),
        "é".repeat(1 << 20),
    ] {
        let conversation = Conversation::new(vec![prompt.clone()], None);
        let check = plan("similarity: { to: system }");
        let Some(mut reader) = check.reader(Place::Segment, &conversation) else { unreachable!("it has a prompt") };
        let mut found = Vec::new();
        reader.feed(&prompt, &mut found);
        reader.finish(&mut found);
        assert_eq!(found.len(), 1);
    }
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

/// The words of a text, and where they stand.
fn words_of(text: &str) -> Vec<(String, Range<usize>)> {
    let (mut word, mut out) = (Word::default(), Vec::new());
    for (at, char) in text.char_indices() {
        word.take(char, at, |word, range| out.push((word.to_owned(), range)));
    }
    word.finish(text.len(), |word, range| out.push((word.to_owned(), range)));
    out
}

/// Every run of `least` words that stands in one of the texts, and those that overlap as one.
fn naive(known: &[String], least: usize, text: &str) -> Vec<Range<usize>> {
    let known: Vec<Vec<String>> =
        known.iter().map(|text| words_of(text).into_iter().map(|(word, _)| word).collect()).collect();
    let words = words_of(text);
    let mut out: Vec<Range<usize>> = Vec::new();
    for run in words.windows(least) {
        let own: Vec<&String> = run.iter().map(|(word, _)| word).collect();
        if !known.iter().any(|text| text.windows(least).any(|other| other.iter().eq(own.iter().copied()))) {
            continue;
        }
        let range = run[0].1.start..run[least - 1].1.end;
        match out.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = range.end,
            None => out.push(range),
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_naive_search_finds_the_same(
        known in proptest::collection::vec("[abA]{1,2}([ ,]{1,2}[abcA一]{1,2}){2,14}", 1..4),
        text in "[abcA一]{0,2}([ ,\\-]{1,2}[abcdA一]{1,2}){0,24}",
        least in 3..5usize,
    ) {
        let conversation = Conversation::new(known.clone(), None);
        let check = Similarity { least, system: true, texts: None, canary: false };
        for step in [1, 3, 1000] {
            let mut reader = check.reader(Place::Segment, &conversation).unwrap();
            let (mut found, mut open) = (Vec::new(), 0);
            for piece in text.chars().collect::<Vec<_>>().chunks(step) {
                let before = found.len();
                reader.feed(&piece.iter().collect::<String>(), &mut found);
                prop_assert!(found[before..].iter().all(|found: &WholeFinding| found.range.start >= open));
                prop_assert!(reader.open() >= open);
                open = reader.open();
            }
            let before = found.len();
            reader.finish(&mut found);
            prop_assert!(found[before..].iter().all(|found| found.range.start >= open));
            let ranges: Vec<_> = found.into_iter().map(|found| found.range).collect();
            prop_assert_eq!(ranges, naive(&known, least, &text), "in pieces of {}", step);
        }
    }
}
