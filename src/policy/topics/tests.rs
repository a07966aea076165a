//! Topics of windows: near, far, short, broken, and on every chunking.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::classifier::{FixedModel, Inference, ModelDirs, Question, runtime_available};
use crate::config::Source;
use crate::policy::file::load_policy_source;
use crate::policy::{Answer, Channel, Context, LabelInfo, RuleSet};
use crate::segment::{Direction, Kind, Scope};

const WORDS: &[(&str, usize)] = &[("doctor", 0), ("rash", 0), ("bank", 1), ("loan", 1), ("broken", 2)];

/// Stands for a model: words point their ways, all others point the last.
fn vector(text: &str) -> Arc<[f32]> {
    let mut vector = [0.0_f32; 4];
    for word in text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()) {
        vector[WORDS.iter().find(|(known, _)| *known == word).map_or(3, |(_, way)| *way)] += 1.0;
    }
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    vector.iter().map(|number| number / length).collect()
}

fn policy(detect: &str, more: &str) -> Result<Arc<PolicySpec>, String> {
    let text = format!("rules: [{{ id: r, scope: [completion], detect: {{ {detect} }}, {more} }}]");
    let source = Source::new("p.yaml", &text);
    let loaded = load_policy_source(&source, Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
    loaded.map(|(policy, _)| Arc::new(policy)).map_err(|problems| problems.to_string())
}

fn context(detect: &str, more: &str) -> Context {
    let policy = read_examples(policy(detect, more).unwrap(), &|_, text| Ok(vector(text))).unwrap();
    let labels = |_: &str, _: &str| Ok(LabelInfo { model: "m@0".into(), index: 0, calibration: None, entity: false });
    Context::new(Arc::new(RuleSet::compile(vec![policy], &labels, false).unwrap()), Arc::new([0; 32]))
}

const DENY: &str = "topic: { deny: { medical: [a doctor, rash], money: bank }, threshold: 0.7 }";
const ALLOW: &str = "topic: { allow: { medical: [a doctor, rash], money: bank }, threshold: 0.7 }";

fn stretch(text: &str, from: usize) -> Waiting {
    let range = from..from + text.len();
    let (id, question, rules) = (0, Question::Vectors, Vec::new());
    Waiting { id, model: "m".into(), question, text: text.into(), range, rules }
}

fn window(range: Range<usize>, vector: &[f32]) -> Scored {
    Scored { range, scores: Arc::default(), words: Arc::default(), vector: vector.into() }
}

/// Label, range and score in hundredths, or that it failed.
fn judged(detect: &str, text: &str, windows: &[Scored]) -> Vec<(String, Range<usize>, Option<i32>)> {
    let context = context(detect, "action: block");
    let Plan::Topic(plan) = &context.rules.rule(0).plan else { unreachable!("it is about topics") };
    let found = judge(plan, &stretch(text, 100), windows, &mut Vec::new());
    let shown = |near: Near| {
        assert_eq!(near.score.is_none(), near.outcome == Outcome::Failed(Failure::Error));
        (near.label.to_string(), near.range, near.score.map(|score| (score * 100.0).round() as i32))
    };
    found.into_iter().map(shown).collect()
}

#[test]
fn a_window_is_about_each_topic_that_it_is_near() {
    let text = "x".repeat(60);
    let both = [0.6, 0.8, 0.0, 0.0];
    let rash = [1.0, 0.0, 0.0, 0.0];
    let other = [0.0, 0.0, 0.0, 1.0];
    let found = |windows: &[Scored]| judged(DENY, &text, windows);
    let medical = |range, score| ("medical".to_owned(), range, Some(score));
    let money = |range, score| ("money".to_owned(), range, Some(score));
    assert_eq!(found(&[window(0..60, &rash)]), [medical(100..160, 100)]);
    assert_eq!(found(&[window(0..60, &both)]), [money(100..160, 80)]);
    // "a doctor" points half that way, and the nearest example counts.
    assert_eq!(found(&[window(0..60, &other)]), [medical(100..160, 71)]);
    assert_eq!(found(&[window(0..60, &[0.0, 0.0, 1.0, 0.0])]), []);
    assert_eq!(found(&[window(0..60, &[-1.0, 0.0, 0.0, 0.0])]), []);
    // Windows that overlap are one finding, those of another view among them; others are not.
    let windows = [window(0..30, &rash), window(20..50, &both), window(50..60, &rash), window(0..35, &rash)];
    assert_eq!(found(&windows), [medical(100..135, 100), money(120..150, 80), medical(150..160, 100)]);
}

#[test]
fn what_is_near_no_allowed_topic_is_off_topic_unless_it_is_short() {
    let off = |range, score| ("off-topic".to_owned(), range, Some(score));
    let far = [0.0, 0.6, 0.8, 0.0];
    let text = "Tell me of the weather, and then of cars";
    let found = |text: &str, windows: &[Scored]| judged(ALLOW, text, windows);
    assert_eq!(found(text, &[window(0..40, &[1.0, 0.0, 0.0, 0.0])]), []);
    assert_eq!(found(text, &[window(0..40, &far)]), [off(100..140, 60)]);
    let windows = [window(0..30, &far), window(20..40, &[0.0, 0.0, 1.0, 0.0])];
    assert_eq!(found(text, &windows), [off(100..140, 0)]);
    for short in ["Yes, please.", " \u{a0}OK!!! ", "Ω ω", "", "你好", "--- ..."] {
        assert_eq!(found(short, &[window(0..short.len(), &far)]), [], "{short}");
    }
    let long = format!("a {}", "b".repeat(60));
    for spoken in ["Yes, do it.", "a-b-c", "你好吗", "a_b_c", &long] {
        assert_eq!(found(spoken, &[window(0..spoken.len(), &far)]), [off(100..100 + spoken.len(), 60)], "{spoken}");
    }
}

#[test]
fn what_cannot_be_compared_is_a_failure_and_no_pass() {
    for detect in [DENY, ALLOW] {
        for broken in [&[1.0, 0.0][..], &[], &[f32::NAN; 4]] {
            let windows = [window(0..3, &[1.0, 0.0, 0.0, 0.0]), window(3..9, broken)];
            assert_eq!(judged(detect, "some text", &windows), [("topic".to_owned(), 100..109, None)], "{broken:?}");
        }
    }
}

#[test]
fn why_names_the_model_the_topic_and_the_line() {
    for (detect, expected) in [
        (DENY, "m@0 topic medical 1.000 >= 0.7"),
        (ALLOW, "m@0 nearest allowed topic 0.000 < 0.7"),
        ("any: [{ topic: { deny: { x: rash } } }]", "found by any of topic"),
    ] {
        let context = context(detect, "action: block");
        let text = if detect == ALLOW { "broken broken broken" } else { "rash" };
        let found = found(&context, &[text], false);
        assert_eq!(found.len(), 1, "{detect}");
        assert_eq!(context.rules.why(&found[0]), expected);
    }
}

/// What is found in a text that comes in pieces. No text is let go before what is found in it.
fn found(context: &Context, pieces: &[&str], late: bool) -> Vec<crate::finding::Finding> {
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
                assert_eq!((job.question, &*job.model), (Question::Vectors, "guard"));
                channel.answer(job.id, &Answer::Scores(vec![window(0..job.text.len(), &vector(&job.text))]));
            }
        }
        for finding in &channel.findings()[before..] {
            assert!(finding.range.start >= open, "{finding:?} in text that was let go up to {open}");
        }
        channel.forget(channel.open());
        open = open.max(channel.open());
    }
    assert!(!channel.is_waiting());
    channel.findings().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn chunks_do_not_matter(
        words in prop::collection::vec(0..8_usize, 1..60),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        window in 0..3_usize,
        late in any::<bool>(),
        allows in any::<bool>(),
    ) {
        const TEXTS: [&str; 8] = ["doctor ", "rash, ", "bank. ", "loan ", "é, ", "others! ", "broken ", "\n"];
        let text: String = words.iter().map(|&word| TEXTS[word]).collect();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.retain(|&at| text.is_char_boundary(at));
        places.extend([0, text.len()]);
        places.sort_unstable();
        let pieces: Vec<&str> = places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let window = ["sentence", "{ tokens: 8 }", "end"][window];
        let context = context(if allows { ALLOW } else { DENY }, &format!("action: mask, window: {window}"));
        let shown = |mut found: Vec<crate::finding::Finding>| {
            found.sort_by_key(|finding| (finding.range.start, finding.range.end, finding.label.clone()));
            format!("{found:?}")
        };
        prop_assert_eq!(shown(found(&context, &pieces, late)), shown(found(&context, &[&text], false)));
    }
}

#[test]
fn policies_say_what_is_wrong_with_their_topics() {
    let many = |count: usize| (0..count).map(|number| format!("t{number}: x")).collect::<Vec<_>>().join(", ");
    let long = format!("topic: {{ deny: {{ a: [{}] }} }}", ["x"; 257].join(", "));
    let crowd = format!("topic: {{ deny: {{ {} }} }}", many(65));
    for (detect, expected) in [
        ("topic: {}", "`topic` names no topics"),
        ("topic: { threshold: 0.5 }", "`topic` names no topics"),
        ("topic: { deny: {} }", "there are no topics here"),
        ("topic: { deny: { a: [] } }", "topic `a` has no example sentences"),
        ("topic: { deny: { a: [\" \"] } }", "some text"),
        ("topic: { deny: { a: [[x]] } }", "some text"),
        ("topic: { deny: { \" \": [x] } }", "cannot have this name"),
        ("topic: { deny: [a] }", "a mapping"),
        ("topic: { deny: { a: x }, allow: { b: x } }", "expected one of `deny` and `allow`"),
        ("topic: { deny: { a: x }, threshold: 2 }", "a number from 0 to 1"),
        ("topic: { deny: { a: x }, model: ../x }", "up to 64 letters"),
        ("topic: { denied: { a: x } }", "expected `model`, `threshold`, `deny` or `allow`"),
        (&long, "there are too many example sentences"),
        (&crowd, "there are too many topics"),
    ] {
        let problem = policy(detect, "action: log").err().unwrap_or_default();
        assert!(problem.contains(expected) && problem.contains("p.yaml:1:"), "{detect}: {problem}");
    }
    assert!(policy(&format!("topic: {{ allow: {{ {} }} }}", many(64)), "action: log").is_ok());
}

#[test]
fn a_model_that_gives_no_vectors_or_other_ones_is_refused() {
    let refused = |vectors: &Vectors<'_>| {
        let policy = policy(&format!("any: [{{ {DENY} }}]"), "action: log").unwrap();
        read_examples(policy, vectors).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(
        refused(&|_, _| Err("it gives none".to_owned())),
        "p.yaml:1: rule r: an example of topic medical: model guard: it gives none"
    );
    let widths = refused(&|_, text| Ok(if text == "rash" { [1.0, 0.0].into() } else { [1.0].into() }));
    assert!(widths.ends_with("its vectors are of different widths"), "{widths}");

    let inference = Inference::fixed(&[FixedModel::embedder("topics", WORDS), FixedModel::guard(&[])], b"key").unwrap();
    let none = inference.vector("guard", "a doctor").unwrap_err();
    assert_eq!(none, "it gives no vectors of texts");
    let long = inference.vector("topics", &"doctor ".repeat(200)).unwrap_err();
    assert_eq!(long, "the text is longer than one window of the model, which has 128 tokens");
    // The, doctor, s, bank.
    let vector = inference.vector("topics", "The doctor's bank").unwrap();
    let six = 6.0_f32.sqrt();
    assert!(
        vector.iter().zip([1.0, 1.0, 0.0, 2.0]).all(|(found, wanted)| (found * six - wanted).abs() < 1e-5),
        "{vector:?}"
    );
}

/// Whether there is an ONNX Runtime; says so if not.
fn runtime() -> bool {
    let is_there = runtime_available();
    assert!(is_there || std::env::var_os("CI").is_none(), "ONNX Runtime is missing: run `make runtime`");
    if !is_there {
        eprintln!("skipped: ONNX Runtime is missing (make runtime)");
    }
    is_there
}

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
}

/// A copy of a tiny model, as `m`, with other files; and what it makes of a word.
fn changed(model: &str, files: &[(&str, &str)], word: &str) -> Result<Arc<[f32]>, String> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("m");
    fs::create_dir(&folder).unwrap();
    for name in ["model.onnx", "tokenizer.json", "config.json"] {
        fs::copy(tiny().join(model).join(name), folder.join(name)).unwrap();
    }
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let inference = Inference::load(&["m"], &ModelDirs::only(dir.path().to_owned()), b"key", 1);
    inference.map_err(|error| error.to_string())?.vector("m", word)
}

#[test]
fn a_folder_says_which_vectors_it_means() {
    if !runtime() {
        return;
    }
    let pooled = |settings: &str| changed("minilm", &[("palisade.yaml", settings)], "doctor");
    assert_eq!(*pooled("version: 1\npooling: cls").unwrap(), [0.0, 0.0, 0.0, 1.0]);
    assert!(pooled("version: 1\npooling: mean\nembedding: last_hidden_state").unwrap()[0] > 0.9);
    let other = pooled("version: 1\nembedding: other").unwrap_err();
    assert!(other.contains("palisade.yaml names the output `other`, the graph has last_hidden_state"), "{other}");
    // The labels that every model has whose author gave it none.
    let config = r#"{ "architectures": ["BertModel"], "id2label": { "0": "LABEL_0", "1": "LABEL_1" } }"#;
    assert!(changed("minilm", &[("config.json", config)], "doctor").is_ok());
    let neither = changed("ner", &[("config.json", r#"{ "architectures": ["BertModel"] }"#)], "doctor").unwrap_err();
    let wanted = "config.json has no `id2label`, and the graph has no vectors of texts: no output `sentence_embedding`";
    assert!(neither.contains(wanted), "{neither}");
    // Tags of tokens are rows as good as any.
    let tags = changed("ner", &[("palisade.yaml", "version: 1\nembedding: logits")], "jane").unwrap();
    assert_eq!(tags.len(), 5);
}

#[test]
fn a_feature_extraction_export_tells_topics() {
    if !runtime() {
        return;
    }
    let dirs = ModelDirs::only(tiny());
    let inference = Inference::load(&["minilm", "bert", "ner"], &dirs, b"key", 1).unwrap();
    assert!(inference.model("minilm").unwrap().labels.is_empty());
    let vector = |model: &str, text: &str| inference.vector(model, text);
    let near =
        |one: &str, other: &str| cosine(&vector("minilm", one).unwrap(), &vector("minilm", other).unwrap()).unwrap();
    assert!(near("a doctor", "is this rash bad") > 0.9);
    assert!(near("a doctor", "a bank loan") < 0.2);
    // The mean of all tokens, special ones too: [CLS], doctor, [SEP].
    let doctor = vector("minilm", "doctor").unwrap();
    assert!((doctor[3] / doctor[0] - 0.3).abs() < 1e-6, "{doctor:?}");
    // An output with the vector of the text, named in palisade.yaml, is taken as it is.
    assert_eq!(vector("bert", "hello").unwrap().len(), 2);
    let none = vector("ner", "hello").unwrap_err();
    assert!(none.starts_with("the graph has no vectors of texts") && none.contains("(it has logits)"), "{none}");
    let long = vector("minilm", &"doctor ".repeat(20)).unwrap_err();
    assert_eq!(long, "the text is longer than one window of the model, which has 16 tokens");
    let unknown = vector("minilm", "☃ ☃ ☃ ☃ ☃ ☃").unwrap_err();
    assert_eq!(unknown, "the model does not know most words of the text");
}
