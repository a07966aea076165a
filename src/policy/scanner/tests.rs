//! The scanner against a naive oracle that tries every pair of offsets, and three ways to break it that must show.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use regex_automata::util::look::{Look, LookMatcher};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::*;
use crate::detector::{AsciiSet, Edges, Inner, Pattern, Surround, Validator};
use crate::policy::program::{Entry, Program};

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
        let may_start =
            |pattern: &&&Pattern| !text[..start].bytes().next_back().is_some_and(|byte| pattern.edges.before.has(byte));
        for pattern in spec.patterns.iter().filter(may_start) {
            let mut reach = start;
            let found: Vec<usize> = ends(&pattern.hir, text, start, &mut reach)
                .into_iter()
                .filter(|&end| {
                    pattern.validator.as_ref().is_none_or(|validator| validator.0(&text[start..end]))
                        && neighbours(pattern, text, start, end)
                })
                .collect();
            let near = |&end: &usize| end - start <= spec.max_match;
            // What has begun within the longest match may go on for ever.
            let begun = pattern.run && found.iter().any(near);
            best = best.max(found.into_iter().filter(|end| begun || near(end)).max().map(|end| (end, pattern.score)));
            cut |= reach > start + spec.max_match;
        }
        let outcome = match best {
            Some(_) => Outcome::Found,
            None if cut => Outcome::OverLimit,
            None => continue,
        };
        let (end, score) = best.unwrap_or((start, 0));
        hits.push(Hit { start, end, tracker, outcome, score });
        floor = best.map_or(floor, |(end, _)| end);
    }
    hits
}

/// Whether what stands behind a match, and around it, allows it.
fn neighbours(pattern: &Pattern, text: &str, start: usize, end: usize) -> bool {
    let after = text[end..].bytes().next().is_some_and(|byte| pattern.edges.after.has(byte));
    let around = pattern.surround.as_ref().is_none_or(|surround| {
        let from = (start.saturating_sub(surround.before)..=start).find(|&at| text.is_char_boundary(at)).unwrap();
        let to = (end..=(end + surround.after).min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
        (surround.holds)(&text[from..start], Some(&text[end..to])).unwrap()
    });
    !after && around
}

/// Patterns with something besides a regular expression. The last ones run on.
pub(crate) const SPECIAL: usize = 8;
/// From here on special patterns run on, and stand alone in their trackers.
pub(crate) const RUNS: usize = 6;

pub(crate) fn special(pick: usize) -> Pattern {
    let letters = AsciiSet::new("a-c");
    let digits = AsciiSet::new("0-9");
    let around = |before, after, holds: fn(&str, Option<&str>) -> Option<bool>| {
        Some(Surround { before, after, holds: Arc::new(holds) })
    };
    match pick {
        0 => Pattern {
            edges: Edges { before: letters, after: letters },
            inner: Some(Inner { byte: b'@', class: letters, min: 1, max: 3 }),
            ..pattern("[a-c]{1,3}@[a-c]{1,4}", None)
        },
        1 => Pattern {
            surround: around(6, 5, |before, after| match after {
                _ if before.contains("key") => Some(true),
                None => None,
                Some(after) => Some(after.contains('b')),
            }),
            score: 600,
            ..pattern(r"1\d{1,2}", None)
        },
        2 => Pattern { edges: Edges { before: digits, after: digits }, ..pattern("[0-9]{2,3}", Some(even_ones())) },
        3 => Pattern {
            surround: around(0, 2, |_, after| after.map(|after| !after.starts_with("a1"))),
            score: 300,
            ..pattern("[a-c][01 a]{1,5}", Some(even_ones()))
        },
        4 => {
            Pattern { surround: around(3, 0, |before, _| Some(!before.contains('é'))), ..pattern("(?i)key|b1", None) }
        }
        5 => Pattern {
            edges: Edges { before: AsciiSet::new("a-c:"), after: letters },
            inner: Some(Inner { byte: b'@', class: letters, min: 0, max: 2 }),
            ..pattern("[a-c]{0,2}(?:@[a-c]{0,2}){2,3}", Some(even_ones()))
        },
        6 => Pattern { run: true, ..pattern("b(?:-?[a1])*(?:--c)?", None) },
        _ => Pattern {
            run: true,
            edges: Edges { before: letters, after: AsciiSet::new("") },
            ..pattern(r"ab[a-c]*(?:\.[a-c]+)*", None)
        },
    }
}

/// A finding that was reported as it grew, as one.
fn whole(hits: Vec<Hit>) -> Vec<Hit> {
    let mut out: Vec<Hit> = Vec::new();
    for hit in hits {
        match hit.outcome {
            Outcome::Begun => out.push(Hit { outcome: Outcome::Found, ..hit }),
            Outcome::Grown => {
                let begun = out.iter_mut().rfind(|begun| begun.tracker == hit.tracker).unwrap();
                assert!(begun.start == hit.start && begun.end < hit.end);
                begun.end = hit.end;
            }
            _ => out.push(hit),
        }
    }
    out
}

/// The oracle for other tests: ranges, whether each stands for a bound that was met, and the scores in thousandths.
pub(crate) fn ranges(patterns: &[&Pattern], max_match: usize, text: &str) -> Vec<(std::ops::Range<usize>, bool, u16)> {
    let spec = TrackerSpec { rule: 0, patterns: patterns.to_vec(), holds: true, disguised: false, max_match };
    let hits = oracle(&spec, 0, text).into_iter();
    hits.map(|hit| (hit.start..hit.end, hit.outcome == Outcome::OverLimit, hit.score)).collect()
}

pub(crate) fn pattern(source: &str, validator: Option<Validator>) -> Pattern {
    Pattern { validator, ..Pattern::new(regex_syntax::parse(source).unwrap(), source.into()) }
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
    proptest::string::string_regex("[abckeyKEYzé10 @.\n-]{0,24}|[ab1c.-]{0,40}").unwrap()
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
        let late = new
            .iter()
            .find(|hit| set.trackers[hit.tracker].holds && hit.start < open_before && hit.outcome != Outcome::Grown);
        assert!(late.is_none(), "{late:?} starts before {open_before}, which was open");
        hits.extend(new);
        open_before = scanner.open();
        assert!(open_before <= to);
        from = to;
    }
    scanner.finish();
    hits.extend(scanner.take_hits());
    let mut hits = whole(hits);
    hits.sort();
    hits
}

/// One or two patterns of a tracker.
fn picks() -> impl Strategy<Value = Vec<usize>> {
    let several = PATTERNS.len() + RUNS;
    prop_oneof![
        3 => proptest::collection::vec(0..several, 1..3),
        2 => proptest::collection::vec(PATTERNS.len()..several, 1..3),
        1 => (several..PATTERNS.len() + SPECIAL).prop_map(|pick| vec![pick]),
    ]
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
        choice in proptest::collection::vec((picks(), any::<bool>(), any::<bool>()), 1..5),
        max_match in prop_oneof![Just(4096usize), 1..8usize],
        mut cuts in proptest::collection::vec(0..80usize, 0..12),
    ) {
        let choice: Choice = choice;
        let text = if max_match < 100 { text.replace('é', "e") } else { text };
        let trackers: Vec<Vec<Pattern>> = choice.iter().map(|(picks, validated, _)| {
            picks.iter().map(|&pick| match pick.checked_sub(PATTERNS.len()) {
                Some(pick) => special(pick),
                None => pattern(PATTERNS[pick], validated.then(even_ones)),
            }).collect()
        }).collect();
        // A start that no inner byte has given away yet is no start, nor over a limit.
        let max_match = if trackers.iter().flatten().any(|pattern| pattern.inner.is_some()) { 4096 } else { max_match };
        let specs: Vec<TrackerSpec<'_>> = trackers.iter().zip(&choice).map(|(patterns, (_, _, holds))| {
            TrackerSpec { rule: 0, patterns: patterns.iter().collect(), holds: *holds, disguised: false, max_match }
        }).collect();
        let set = Arc::new(ScanSet::new(&specs, &mut Shared::default()).unwrap());
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
    let spec =
        TrackerSpec { rule: 0, patterns: patterns.iter().collect(), holds: true, disguised: false, max_match: 100 };
    let set = Arc::new(ScanSet::new(&[spec], &mut Shared::default()).unwrap());
    assert!(set.programs.iter().all(|compiled| matches!(compiled.program.entry, Entry::Literals(_))));
    let found = |text: &str| scan(&set, text, &[3, 5]).iter().map(|hit| (hit.start, hit.end)).collect::<Vec<_>>();
    assert_eq!(found("xabcdefx"), [(1, 7)]);
    assert_eq!(found("xABCDeex"), [(1, 5)]);
    assert_eq!(found("xxbcdx"), [(3, 5)]);
}

#[test]
fn common_word_boundaries_stay_fast() {
    for source in [r"\bEMP-\d{6}\b", r"(?i)\b(?:secret|token)\b", r"\bfoo\b|\bbar\b", r"(\bfoo\b)"] {
        let programs = Program::compile(&pattern(source, None).hir, 4096).unwrap();
        assert!(programs.iter().all(|program| !program.is_slow()), "{source}");
    }
    let programs = Program::compile(&pattern(r"a\b.", None).hir, 4096).unwrap();
    assert!(programs.iter().any(Program::is_slow));
}

#[test]
fn memory_stays_bounded_on_endless_text() {
    let pattern = pattern("[a-z]+!", None);
    let spec = TrackerSpec { rule: 0, patterns: vec![&pattern], holds: true, disguised: false, max_match: 64 };
    let mut scanner = Scanner::new(Arc::new(ScanSet::new(&[spec], &mut Shared::default()).unwrap()));
    for _ in 0..10_000 {
        scanner.feed("abcdefgh");
        assert!(scanner.kept.len() < 4096 && scanner.runs[0].starts.len() < 256);
    }
}

#[test]
fn equal_patterns_are_compiled_once() {
    let mut shared = Shared::default();
    let one = |source: &str, max_match: usize, shared: &mut Shared| {
        let pattern = pattern(source, None);
        let spec = TrackerSpec { rule: 0, patterns: vec![&pattern], holds: true, disguised: false, max_match };
        ScanSet::new(&[spec], shared).unwrap()
    };
    let first = one("EMP-[0-9]{6}", 64, &mut shared);
    let same = |set: &ScanSet| Arc::ptr_eq(&set.programs[0].program, &first.programs[0].program);
    let again = one("EMP-[0-9]{6}", 64, &mut shared);
    assert!(same(&again));
    let literals = |set: &ScanSet| Arc::clone(&set.literals.as_ref().unwrap().automaton);
    assert!(Arc::ptr_eq(&literals(&again), &literals(&first)));
    assert!(!same(&one("EMP-[0-9]{6}", 65, &mut shared)), "for another longest match");
    assert!(!same(&one("EMP-[0-9]{7}", 64, &mut shared)));
    drop((first, again));
    shared.prune();
    assert_eq!(format!("{shared:?}"), format!("{:?}", Shared::default()), "nothing is kept that nobody uses");
}
