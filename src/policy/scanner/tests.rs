//! The scanner against a naive oracle that tries every pair of offsets, and three ways to break it that must show.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use regex_automata::util::look::{Look, LookMatcher};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::*;

/// Ends of all matches of `hir` that start at `from`, by trying everything. `reach` becomes the furthest position that
/// any attempt got to, failed attempts included.
fn ends(hir: &Hir, text: &str, from: usize, reach: &mut usize) -> Vec<usize> {
    let mut out = match hir.kind() {
        HirKind::Empty => vec![from],
        HirKind::Literal(literal) => {
            let common = text.as_bytes()[from..].iter().zip(literal.0.iter()).take_while(|(a, b)| a == b).count();
            *reach = (*reach).max(from + common);
            if common == literal.0.len() { vec![from + common] } else { vec![] }
        }
        HirKind::Class(Class::Unicode(class)) => match text[from..].chars().next() {
            Some(char) if class.ranges().iter().any(|range| range.start() <= char && char <= range.end()) => {
                vec![from + char.len_utf8()]
            }
            _ => vec![],
        },
        HirKind::Class(Class::Bytes(class)) => match text.as_bytes().get(from) {
            Some(&byte) if class.ranges().iter().any(|range| range.start() <= byte && byte <= range.end()) => {
                vec![from + 1]
            }
            _ => vec![],
        },
        HirKind::Look(look) => {
            let look = Look::from_repr(look.as_repr());
            let holds = look.is_some_and(|look| LookMatcher::new().matches(look, text.as_bytes(), from));
            if holds { vec![from] } else { vec![] }
        }
        HirKind::Capture(capture) => ends(&capture.sub, text, from, reach),
        HirKind::Concat(parts) => parts
            .iter()
            .fold(vec![from], |froms, part| froms.into_iter().flat_map(|from| ends(part, text, from, reach)).collect()),
        HirKind::Alternation(parts) => parts.iter().flat_map(|part| ends(part, text, from, reach)).collect(),
        HirKind::Repetition(repetition) => {
            let (mut out, mut froms, mut count) = (vec![], vec![from], 0u32);
            loop {
                if count >= repetition.min {
                    out.extend(&froms);
                }
                if froms.is_empty() || repetition.max == Some(count) || count as usize > text.len() + 1 {
                    break out;
                }
                froms = froms.into_iter().flat_map(|from| ends(&repetition.sub, text, from, reach)).collect();
                froms.sort_unstable();
                froms.dedup();
                count += 1;
            }
        }
    };
    out.sort_unstable();
    out.dedup();
    *reach = (*reach).max(out.last().copied().unwrap_or(0));
    out
}

/// DESIGN 12.3 and 12.4, word for word, for one tracker.
fn oracle(spec: &TrackerSpec<'_>, tracker: usize, text: &str) -> Vec<Hit> {
    let (mut hits, mut floor) = (Vec::new(), 0);
    for start in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
        if start < floor {
            continue;
        }
        let (mut best, mut cut) = (None, false);
        for pattern in &spec.patterns {
            let mut reach = start;
            let found = ends(&pattern.hir, text, start, &mut reach).into_iter().filter(|&end| {
                end - start <= spec.max_match
                    && pattern.validator.as_ref().is_none_or(|validator| validator.0(&text[start..end]))
            });
            best = best.max(found.max());
            cut |= reach > start + spec.max_match;
        }
        let outcome = match best {
            Some(_) => Outcome::Found,
            None if cut => Outcome::OverLimit,
            None => continue,
        };
        hits.push(Hit { start, end: best.unwrap_or(start), tracker, outcome });
        floor = best.unwrap_or(floor);
    }
    hits
}

/// The oracle for other tests: ranges, and whether each stands for a bound that was met.
pub(crate) fn ranges(patterns: &[&Pattern], max_match: usize, text: &str) -> Vec<(std::ops::Range<usize>, bool)> {
    let spec = TrackerSpec { patterns: patterns.to_vec(), holds: true, max_match };
    oracle(&spec, 0, text).into_iter().map(|hit| (hit.start..hit.end, hit.outcome == Outcome::OverLimit)).collect()
}

fn pattern(source: &str, validator: Option<Validator>) -> Pattern {
    Pattern { entity: None, hir: regex_syntax::parse(source).unwrap(), validator, shown: source.into() }
}

/// Stands for a checksum: the number of digits `1` is even.
fn even_ones() -> Validator {
    Validator(Arc::new(|text| text.bytes().filter(|&byte| byte == b'1').count() % 2 == 0))
}

const PATTERNS: &[&str] = &[
    "abc",
    "ab+c?",
    "a[ab]{0,5}",
    "(?i)key",
    r"\bab\b",
    r"\b(?:ab|ba)\b",
    r"a\b.b",
    "[a-c]{2,6}1",
    r"\d{1,4}",
    r"1\d+0",
    "^ab",
    "b$",
    "é+",
    "(?:ab|abab|b1)c?",
    r"(?m)^b",
    r"[\w]+@[\w]+",
    "a.{0,8}z",
    r"\bk\b|\bey\b",
    r"\B1",
    "ba?b",
    r"(?i)\bÉb?\b",
    r"0+\b{end}",
];

fn texts() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[abckeyKEYzé10 @\n]{0,24}").unwrap()
}

/// Runs the scanner over the text in the given pieces and checks the promise of `open` on the way.
fn scan(set: &Arc<ScanSet>, text: &str, cuts: &[usize]) -> Vec<Hit> {
    let mut scanner = Scanner::new(Arc::clone(set));
    let (mut hits, mut from) = (Vec::new(), 0);
    let mut open_before = 0;
    for &to in cuts.iter().chain([&text.len()]) {
        if to <= from || !text.is_char_boundary(to) {
            continue;
        }
        scanner.feed(&text[from..to]);
        let new = scanner.take_hits();
        let late = new.iter().find(|hit| set.trackers[hit.tracker].holds && hit.start < open_before);
        assert!(late.is_none(), "{late:?} starts before {open_before}, which was open");
        hits.extend(new);
        open_before = scanner.open();
        assert!(open_before <= to);
        from = to;
    }
    scanner.finish();
    hits.extend(scanner.take_hits());
    hits.sort();
    hits
}

type Choice = Vec<(Vec<usize>, bool, bool)>;

fn cases() -> u32 {
    std::env::var("PALISADE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4_000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whole_equals_oracle_equals_any_split(
        text in texts(),
        choice in proptest::collection::vec((proptest::collection::vec(0..PATTERNS.len(), 1..3), any::<bool>(), any::<bool>()), 1..5),
        max_match in prop_oneof![Just(4096usize), 1..8usize],
        mut cuts in proptest::collection::vec(0..80usize, 0..12),
    ) {
        let choice: Choice = choice;
        let text = if max_match < 100 { text.replace('é', "e") } else { text };
        let trackers: Vec<Vec<Pattern>> = choice.iter().map(|(picks, validated, _)| {
            picks.iter().map(|&pick| pattern(PATTERNS[pick], validated.then(even_ones))).collect()
        }).collect();
        let specs: Vec<TrackerSpec<'_>> = trackers.iter().zip(&choice).map(|(patterns, (_, _, holds))| {
            TrackerSpec { patterns: patterns.iter().collect(), holds: *holds, max_match }
        }).collect();
        let set = Arc::new(ScanSet::new(&specs).unwrap());
        let mut wanted: Vec<Hit> = specs.iter().enumerate().flat_map(|(index, spec)| oracle(spec, index, &text)).collect();
        wanted.sort();
        cuts.sort_unstable();
        prop_assert_eq!(&scan(&set, &text, &[]), &wanted, "whole");
        prop_assert_eq!(&scan(&set, &text, &cuts), &wanted, "split at {:?}", cuts);
        let every: Vec<usize> = (1..text.len()).collect();
        prop_assert_eq!(&scan(&set, &text, &every), &wanted, "byte by byte");
    }
}

#[test]
fn literals_hand_every_start_over_once() {
    let patterns = [pattern("abcdef", None), pattern("cd", None), pattern("(?i)ABCD", None)];
    let spec = TrackerSpec { patterns: patterns.iter().collect(), holds: true, max_match: 100 };
    let set = Arc::new(ScanSet::new(&[spec]).unwrap());
    assert!(set.programs.iter().all(|compiled| matches!(compiled.program.entry, Entry::Literals(_))));
    let found = |text: &str| scan(&set, text, &[3, 5]).iter().map(|hit| (hit.start, hit.end)).collect::<Vec<_>>();
    assert_eq!(found("xabcdefx"), [(1, 7)]);
    assert_eq!(found("xABCDeex"), [(1, 5)]);
    assert_eq!(found("xxbcdx"), [(3, 5)]);
}

#[test]
fn common_word_boundaries_stay_fast() {
    for source in [r"\bEMP-\d{6}\b", r"(?i)\b(?:secret|token)\b", r"\bfoo\b|\bbar\b", r"(\bfoo\b)"] {
        let programs = Program::compile(&regex_syntax::parse(source).unwrap(), 4096).unwrap();
        assert!(programs.iter().all(|program| !program.is_slow()), "{source}");
    }
    let programs = Program::compile(&regex_syntax::parse(r"a\b.").unwrap(), 4096).unwrap();
    assert!(programs.iter().any(Program::is_slow));
}

#[test]
fn memory_stays_bounded_on_endless_text() {
    let pattern = pattern("[a-z]+!", None);
    let spec = TrackerSpec { patterns: vec![&pattern], holds: true, max_match: 64 };
    let mut scanner = Scanner::new(Arc::new(ScanSet::new(&[spec]).unwrap()));
    for _ in 0..10_000 {
        scanner.feed("abcdefgh");
        assert!(scanner.kept.len() < 4096 && scanner.runs[0].starts.len() < 256);
    }
}
