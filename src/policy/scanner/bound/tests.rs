#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::tests::pattern;
use super::super::{ScanSet, Scanner, Shared, TrackerSpec};
use super::steps;
use crate::config::Source;
use crate::detector::DETECTORS;
use crate::policy::file::load_policy_source;
use crate::policy::{Channel, Context, RuleSet};
use crate::segment::{Direction, Kind, Scope};

const SIZE: usize = 4096;

/// The texts of the bench `texts`, each a piece that is repeated.
fn adversarial() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/adversarial");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let text = |path: &Path| {
        let piece = std::fs::read_to_string(path).unwrap();
        let text = piece.repeat(SIZE / piece.len() + 1);
        let end = (0..=SIZE).rev().find(|&at| text.is_char_boundary(at)).unwrap();
        text[..end].to_owned()
    };
    let all: Vec<_> = files.map(|path| (path.display().to_string(), text(&path))).collect();
    assert!(all.len() > 10);
    all
}

fn taken(set: &Arc<ScanSet>, pieces: impl Iterator<Item = impl AsRef<str>>) -> usize {
    steps::take();
    let mut scanner = Scanner::new(Arc::clone(set));
    pieces.for_each(|piece| scanner.feed(piece.as_ref()));
    scanner.finish();
    steps::take()
}

#[test]
fn no_text_takes_more_steps_than_is_told() {
    let texts = adversarial();
    let scope = Scope::one(Direction::Request, Kind::User);
    for kind in DETECTORS.iter().filter(|kind| kind.choice.is_some()) {
        let rule = format!("rules: [{{ id: r, detect: {{ {}: {{}} }}, action: mask }}]", kind.name);
        let source = Source::new("p.yaml", &rule);
        let policy = load_policy_source(&source, Path::new(""), Timestamp::UNIX_EPOCH).unwrap().0;
        let rules = RuleSet::compile(vec![Arc::new(policy)], &|_, _| Err(String::new()), false).unwrap();
        let (most, readings) = rules.most_work(scope);
        let context = Context::new(Arc::new(rules), Arc::new([0; 32]));
        let plan = context.rules.plan_for(scope);
        for (name, text) in &texts {
            let whole = taken(&plan.scan, std::iter::once(text));
            assert!(whole <= most * text.len(), "{} over {name}: {whole} steps, {most} a byte", kind.name);
            let single = taken(&plan.scan, text.chars().map(|char| char.to_string()));
            assert!(
                single <= most * text.len(),
                "{} over {name}, bit by bit: {single} steps, {most} a byte",
                kind.name
            );
            let mut channel = Channel::new(&context, Arc::clone(plan));
            channel.feed(text);
            channel.finish();
            let all = steps::take();
            assert!(all <= most * readings * text.len(), "{} over {name} and its views: {all} steps", kind.name);
        }
    }
}

/// The bound is no more than a small multiple of what the worst texts take.
#[test]
fn the_bound_is_near_what_the_worst_text_takes() {
    let cases = [("[ab]{24}c", "a"), ("[0-9](?: ?[0-9]){15}!", "1"), ("(?i)ab[a-c]{30}!", "ab")];
    for (source, piece) in cases {
        let pattern = pattern(source, None);
        let spec = TrackerSpec { rule: 0, patterns: vec![&pattern], holds: true, disguised: false, max_match: 64 };
        let set = Arc::new(ScanSet::new(&[spec], &mut Shared::default()).unwrap());
        let (text, most) = (piece.repeat(2048), set.most_steps());
        let taken = taken(&set, std::iter::once(&text));
        assert!(taken <= most * text.len(), "{source}: {taken} steps, {most} a byte");
        assert!(taken * 5 > most * text.len(), "{source}: {taken} steps for {} bytes, {most} a byte", text.len());
    }
}
