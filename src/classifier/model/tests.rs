#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use super::*;

fn tiny(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)
}

/// A copy of the tiny BERT folder with one file changed.
fn changed(file: &str, change: impl Fn(&str) -> String) -> Result<ModelFolder, String> {
    let dir = tempfile::tempdir().unwrap();
    for name in ["model.onnx", TOKENIZER, CONFIG, SETTINGS] {
        fs::copy(tiny("bert").join(name), dir.path().join(name)).unwrap();
    }
    if file != SETTINGS {
        fs::remove_file(dir.path().join(SETTINGS)).unwrap();
    }
    let old = fs::read_to_string(dir.path().join(file)).unwrap();
    fs::write(dir.path().join(file), change(&old)).unwrap();
    ModelFolder::read("tiny", dir.path())
        .map_err(|error| error.to_string().replace(&dir.path().display().to_string(), "DIR"))
}

fn refused(file: &str, from: &str, to: &str) -> String {
    changed(file, |old| {
        assert!(old.contains(from), "{from}");
        old.replace(from, to)
    })
    .err()
    .unwrap()
}

#[test]
fn limits_come_from_the_files_unless_written() {
    let bert = ModelFolder::read("bert", &tiny("bert")).unwrap();
    assert_eq!((bert.info.max_length, bert.info.stride), (16, 4));
    assert_eq!(bert.activation, Activation::Softmax);
    assert_eq!(bert.first_position, 0);

    // 34 positions of which the first two are taken; the tokenizer would allow 64.
    let roberta = ModelFolder::read("roberta", &tiny("roberta")).unwrap();
    assert_eq!((roberta.info.max_length, roberta.info.stride), (32, 8));
    assert_eq!(roberta.activation, Activation::Sigmoid);
    assert_eq!(roberta.first_position, 2);
    assert!(roberta.graph.ends_with("onnx/model.onnx"));

    // Without palisade.yaml: the tokenizer's truncation.
    let plain = changed(CONFIG, str::to_owned).unwrap();
    assert_eq!((plain.info.max_length, plain.info.stride), (64, 16));
    assert_ne!(plain.hash, bert.hash, "settings are part of what makes the scores");
}

#[test]
fn what_is_wrong_is_said_with_its_file() {
    insta::assert_snapshot!(refused(CONFIG, "\"1\": ", "\"2\": "), @"DIR/config.json: `id2label` has 2 labels but none numbered 1");
    insta::assert_snapshot!(refused(CONFIG, "id2label", "labels"), @r#"DIR/config.json: no `id2label`: not a text-classification export, or add { "0": "label", … }"#);
    insta::assert_snapshot!(refused(CONFIG, "injection", "benign"), @"DIR/config.json: `id2label` has `benign` twice");
    insta::assert_snapshot!(refused(CONFIG, "single_label_classification", "regression"), @"DIR/config.json: `problem_type` is `regression`: only single_label_classification and multi_label_classification give scores");
    insta::assert_snapshot!(refused(CONFIG, "{", "["), @r#"DIR/config.json: invalid type: string "architectures", expected a sequence at line 1 column 16"#);
    insta::assert_snapshot!(refused(SETTINGS, "injection", "inject"), @"DIR/palisade.yaml: label `inject` is not in config.json (it has: benign, injection)");
    insta::assert_snapshot!(refused(SETTINGS, "max_length: 16", "max_length: 1024"), @"DIR/palisade.yaml: max_length is 1024, the model has 512 positions");
    insta::assert_snapshot!(refused(SETTINGS, "config.json: 45c6", "config.json: 45c7"), @"DIR/config.json: SHA-256 is 45c650ec6cbad38332e68a7f79b9c183cc9344259a564c2508f36ddc168c023e, palisade.yaml says 45c750ec6cbad38332e68a7f79b9c183cc9344259a564c2508f36ddc168c023e: restore the file, or correct the digest if you changed it");
    insta::assert_snapshot!(refused(SETTINGS, "config.json:", "../config.json:"), @"DIR: palisade.yaml: `../config.json` is not a file of this folder");
    insta::assert_snapshot!(refused(SETTINGS, "stride", "strides"), @"DIR/palisade.yaml: line 4: unknown key `strides` (known: version, license, max_length, stride, embedding, pooling, entities, labels, sha256)");
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(tiny("bert").join(CONFIG), dir.path().join(CONFIG)).unwrap();
    fs::copy(tiny("bert").join(TOKENIZER), dir.path().join(TOKENIZER)).unwrap();
    let error = ModelFolder::read("tiny", dir.path()).err().unwrap().to_string();
    insta::assert_snapshot!(error.replace(&dir.path().display().to_string(), "DIR"), @"DIR/model.onnx: No such file or directory (os error 2): a model folder needs model.onnx (or onnx/model.onnx), tokenizer.json and config.json");
}

#[test]
fn scores_are_probabilities() {
    let mut logits = [1000.0, 999.0, -1000.0];
    Activation::Softmax.apply(&mut logits);
    assert!((logits[0] - 0.731_058_6).abs() < 1e-6 && logits[2] < 1e-30, "{logits:?}");
    let mut logits = [0.0, 100.0, -100.0];
    Activation::Sigmoid.apply(&mut logits);
    assert!((logits[0] - 0.5).abs() < 1e-6 && logits[1] > 0.999 && logits[2] < 1e-30, "{logits:?}");
}

#[test]
fn tags_of_tokens_come_from_the_export_or_from_palisade_yaml() {
    let ner = ModelFolder::read("ner", &tiny("ner")).unwrap();
    assert_eq!((&*ner.info.labels, &*ner.info.entities), (&[][..], &["PERSON".to_owned(), "LOCATION".to_owned()][..]));
    let both = ModelFolder::read("both", &tiny("both")).unwrap();
    assert_eq!((both.info.labels.len(), both.info.entities.len()), (2, 2));
    assert_eq!(both.tags.unwrap().output.as_deref(), Some("tag_logits"));
    let with = |entities: &str| changed(SETTINGS, |old| format!("{old}entities: {entities}\n")).err().unwrap();
    insta::assert_snapshot!(with("{ output: t, tags: { 0: O, 2: B-PER } }"), @"DIR/palisade.yaml: `entities.tags` must be numbered 0, 1, 2, … without a gap");
    insta::assert_snapshot!(with("{ tags: { 0: O, 1: B-PER } }"), @"DIR/palisade.yaml: `entities.output` is missing: which output has the tags?");
    insta::assert_snapshot!(with("{ output: t, tags: { 0: O } }"), @"DIR/palisade.yaml: `entities.tags` has no tag but `O`");
    insta::assert_snapshot!(with("{ aggregation: mean }"), @"DIR/palisade.yaml: line 12: `mean` is no aggregation (known: first, max, simple)");
    insta::assert_snapshot!(with("{ aggregation: max }"), @"DIR/config.json: `id2label` names labels of texts: name the tags under `entities`, as `tags: { 0: O, 1: B-PER }`");
    insta::assert_snapshot!(with("{ labels: x }"), @"DIR/palisade.yaml: line 12: unknown key `labels` (known: output, aggregation, tags)");
}
