//! Entities of words, and of texts: at every place of a window, on every chunking.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::classifier::{Inference, Job, ModelDirs, Priority, Question, runtime_available};
use crate::config::Source;
use crate::policy::file::load_policy_source;
use crate::policy::{Answer, Channel, Context, LabelInfo, RuleSet};
use crate::segment::{Direction, Kind, Scope};

fn tagged(range: Range<usize>, word: usize, entity: usize, begins: bool, score: f32) -> Tagged {
    Tagged { range, word, entity, begins, score }
}

fn scored(words: &[Tagged]) -> Scored {
    Scored { range: 0..0, scores: Arc::default(), words: words.into(), vector: Arc::default() }
}

#[test]
fn words_in_a_row_are_one_entity() {
    let words = [
        tagged(0..4, 0, 0, true, 1.0),
        tagged(5..8, 1, 0, false, 0.5),
        // Another begins directly behind.
        tagged(9..13, 2, 0, true, 0.8),
        tagged(20..25, 4, 0, false, 0.6),
        tagged(20..25, 4, 1, true, 0.3),
    ];
    let found = |entity, threshold| entities(&[scored(&words)], entity, threshold);
    assert_eq!(found(0, 0.5), [(0..8, 0.75), (9..13, 0.8), (20..25, 0.6)]);
    assert_eq!(found(0, 0.75), [(0..4, 1.0), (9..13, 0.8)]);
    assert_eq!(found(1, 0.5), []);
    assert_eq!(found(1, 0.2), [(20..25, 0.3)]);
    assert!((highest(&[scored(&words)], 1) - 0.3).abs() < 1e-6);
}

#[test]
fn what_two_windows_share_is_found_once_and_whole() {
    // The first window ends inside of the second word, and takes it for something else.
    let first = scored(&[tagged(0..4, 0, 0, true, 1.0), tagged(5..7, 1, 0, true, 0.2)]);
    let second = scored(&[tagged(0..4, 0, 0, true, 0.5), tagged(5..10, 1, 0, false, 0.5)]);
    assert_eq!(entities(&[first, second], 0, 0.5), [(0..10, 0.75)]);
}

/// The tiny model that tags; `None`, with a word about it, where there is no ONNX Runtime.
fn ner(name: &str) -> Option<Inference> {
    if !runtime_available() {
        assert!(std::env::var_os("CI").is_none(), "ONNX Runtime is missing: run `make runtime`");
        eprintln!("skipped: ONNX Runtime is missing (make runtime)");
        return None;
    }
    let dirs = ModelDirs::only(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models"));
    Some(Inference::load(&[name], &dirs, b"key", 1).unwrap())
}

fn ask(inference: &Inference, model: &str, text: &str) -> Vec<Scored> {
    let job = Job {
        model: model.into(),
        text: text.into(),
        question: Question::Scores,
        kind: Kind::User,
        client: 1,
        tenant: None,
        priority: Priority::Gate,
        deadline: Instant::now() + Duration::from_secs(60),
    };
    let windows = inference.submit(job).unwrap().wait().unwrap().windows;
    windows
        .into_iter()
        .map(|one| Scored { range: one.range, scores: one.scores, words: one.words, vector: one.vector })
        .collect()
}

fn named(inference: &Inference, model: &str, text: &str, entity: &str) -> Vec<String> {
    let index = inference.model(model).unwrap().entity(entity).unwrap();
    let found = entities(&ask(inference, model, text), index, 0.5);
    found.into_iter().map(|(range, _)| text[range].to_owned()).collect()
}

#[test]
fn a_model_finds_names_with_their_places_in_the_text() {
    let Some(inference) = ner("ner") else { return };
    assert_eq!(*inference.model("ner").unwrap().entities, ["PERSON", "LOCATION"]);
    for (text, people, places) in [
        ("I met Jane Doe, in New York!", &["Jane Doe"][..], &["New York"][..]),
        ("Jane, Jane Doe and Jane", &["Jane", "Jane Doe", "Jane"], &[]),
        ("Jane Jane", &["Jane", "Jane"], &[]),
        ("JANÉ (Jane\u{301}) Doe", &["JANÉ", "Jane\u{301}", "Doe"], &[]),
        ("Janet of Parisian descent", &["Janet"], &["Parisian"]),
        ("nobody is here", &[], &[]),
        ("", &[], &[]),
    ] {
        assert_eq!(named(&inference, "ner", text, "PERSON"), people, "{text}");
        assert_eq!(named(&inference, "ner", text, "LOCATION"), places, "{text}");
    }
}

#[test]
fn no_entity_is_lost_at_the_edge_of_a_window() {
    let Some(inference) = ner("ner") else { return };
    for before in 0..40 {
        for text in ["Jane Doe", "New York", "Janet Doe"] {
            let whole = format!("{}{text}{}", "é ".repeat(before), " x".repeat(20));
            let entity = if text == "New York" { "LOCATION" } else { "PERSON" };
            let index = inference.model("ner").unwrap().entity(entity).unwrap();
            let found: Vec<Range<usize>> =
                entities(&ask(&inference, "ner", &whole), index, 0.5).into_iter().map(|(range, _)| range).collect();
            let at = "é ".len() * before;
            assert_eq!((found.len(), &found[0]), (1, &(at..at + text.len())), "{text} behind {before} words");
        }
    }
}

#[test]
fn one_pass_gives_labels_and_entities() {
    let Some(inference) = ner("both") else { return };
    let info = inference.model("both").unwrap();
    assert_eq!(
        (&*info.labels, &*info.entities),
        (&["benign".to_owned(), "injection".to_owned()][..], &["PERSON".to_owned(), "LOCATION".to_owned()][..])
    );
    assert_eq!(named(&inference, "both", "ignore Jane Doe", "PERSON"), ["Jane Doe"]);
    let windows = ask(&inference, "both", "ignore Jane Doe");
    assert!(windows[0].scores[1] > 0.9, "{windows:?}");
    assert_eq!(inference.stats().cache_misses, 1, "the second question was answered from memory");
}

const NAMES: &[(&str, usize)] = &[("Jane", 0), ("Doe", 0), ("Paris", 1)];

/// Stands for a model: words that are names, by white space.
fn answer(text: &str) -> Answer {
    let mut at = 0;
    let words = text.split_inclusive(' ').enumerate().filter_map(|(word, part)| {
        let start = at;
        at += part.len();
        let bare = part.trim_end().trim_end_matches(|char: char| !char.is_alphanumeric());
        let (_, entity) = NAMES.iter().find(|(name, _)| *name == bare)?;
        Some(tagged(start..start + bare.len(), word, *entity, *bare == *"Jane", 0.9))
    });
    Answer::Scores(vec![Scored {
        range: 0..text.len(),
        scores: Arc::default(),
        words: words.collect(),
        vector: Arc::default(),
    }])
}

fn context(window: &str) -> Context {
    let text = format!(
        "rules: [{{ id: r, scope: [completion], detect: {{ entities: {{ model: m, labels: [PERSON, LOCATION] }} }},
            action: mask, window: {window} }}]"
    );
    let source = Source::new("p.yaml", &text);
    let loaded = load_policy_source(&source, Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let labels = |_: &str, label: &str| {
        Ok(LabelInfo { model: "m@0".into(), index: usize::from(label == "LOCATION"), calibration: None, entity: true })
    };
    Context::new(Arc::new(RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap()), Arc::new([0; 32]))
}

/// What is found in a text that comes in pieces, and whether text was ever let go before what is found in it.
fn found(context: &Context, pieces: &[&str], late: bool) -> Vec<(Range<usize>, Option<Arc<str>>)> {
    let plan = context.rules.plan_for(Scope::one(Direction::Response, Kind::Completion));
    let mut channel = Channel::new(context, Arc::clone(plan));
    let (mut jobs, mut open) = (Vec::new(), 0);
    for piece in pieces.iter().map(Some).chain([None]) {
        match piece {
            Some(piece) => channel.feed(piece),
            None => channel.finish(),
        }
        jobs.extend(channel.take_jobs());
        let before = channel.findings().len();
        if !late || piece.is_none() {
            for job in jobs.drain(..) {
                channel.answer(job.id, &answer(&job.text));
            }
        }
        for finding in &channel.findings()[before..] {
            assert!(finding.range.start >= open, "{finding:?} in text that was let go up to {open}");
        }
        open = open.max(channel.open());
    }
    let mut all: Vec<_> =
        channel.findings().iter().map(|finding| (finding.range.clone(), finding.label.clone())).collect();
    all.sort_by_key(|(range, _)| (range.start, range.end));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn chunks_do_not_matter(
        words in prop::collection::vec(0..8_usize, 1..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        window in 0..3_usize,
        late in any::<bool>(),
    ) {
        const WORDS: [&str; 8] = ["Jane ", "Doe ", "Paris. ", "and ", "é, ", "others! ", "Doe, ", "\n"];
        let text: String = words.iter().map(|&word| WORDS[word]).collect();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.retain(|&at| text.is_char_boundary(at));
        places.extend([0, text.len()]);
        places.sort_unstable();
        let pieces: Vec<&str> = places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let context = context(["sentence", "{ tokens: 8 }", "end"][window]);
        prop_assert_eq!(found(&context, &pieces, late), found(&context, &[&text], false));
    }
}
