#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::verify::{NotWhole, Whole, text_path, verify};
use super::*;
use crate::segment::Direction;

const SECRET: Option<&[u8]> = Some(b"a secret of some length");

fn audit(folder: &TempDir) -> Audit {
    Audit { file: folder.path().join("d.jsonl"), text: AuditText::None, on_full: OnFull::Block }
}

fn verdict(id: &str, direction: Direction) -> Arc<Verdict> {
    Arc::new(Verdict {
        id: id.into(),
        time: jiff::Timestamp::UNIX_EPOCH,
        direction,
        verdict: "allow",
        shadow: None,
        policy: "p@00000000".into(),
        tenant: None,
        route: None,
        model: Some("m\n\u{1b}".into()),
        findings: Vec::new(),
        findings_omitted: 0,
        skipped: Vec::new(),
        unscanned: Vec::new(),
        texts: None,
        scores: None,
        unreadable: None,
        restored: 0,
        elapsed_us: 1,
    })
}

fn write(log: &Log, id: &str, text: Option<&str>) {
    let place = log.reserve(2, OnFull::Block).unwrap();
    let body = text.map(|text| Original {
        bytes: format!("{{\"x\":{}}}", Value::from(text)).into(),
        protocol: None,
        keep: AuditText::Full,
    });
    place.write(Record { verdict: verdict(id, Direction::Request), stream: None, body });
}

fn filled(audit: &Audit, secret: Option<&[u8]>, ids: std::ops::Range<usize>) {
    let log = Log::open(audit, secret).unwrap();
    ids.for_each(|id| write(&log, &format!("id{id}"), (id % 2 == 1).then_some("some text")));
    log.close();
    assert!(log.reserve(1, OnFull::Drop).is_some_and(|place| !place.is_real()), "closed");
}

fn whole(path: &Path, secret: Option<&[u8]>) -> Whole {
    verify(path, secret).unwrap()
}

fn lines(path: &PathBuf) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_chain_goes_on_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let audit = audit(&folder);
    for (round, (secret, keyed)) in [(None, 0), (None, 0), (SECRET, 7), (SECRET, 14)].into_iter().enumerate() {
        filled(&audit, secret, 6 * round..6 * round + 6);
        let whole = whole(&audit.file, SECRET);
        assert_eq!((whole.keyed, whole.torn), (keyed, 0));
    }
    let found = whole(&audit.file, SECRET);
    assert_eq!((found.lines, found.verdicts), (28, 24));
    assert!(matches!(verify(&audit.file, None), Err(NotWhole::Secret)));
    assert!(matches!(verify(&audit.file, Some(b"another")), Err(NotWhole::Line { line: 15, .. })));
    // Whoever leaves the key out later is noticed.
    filled(&audit, None, 24..25);
    assert!(matches!(verify(&audit.file, SECRET), Err(NotWhole::Line { line: 29, .. })));
}

#[test]
fn whatever_is_changed_is_noticed_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let audit = audit(&folder);
    filled(&audit, SECRET, 0..8);
    let good = lines(&audit.file);
    let bad = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        fs::write(&audit.file, lines.join("\n") + "\n").unwrap();
        match verify(&audit.file, SECRET) {
            Err(NotWhole::Line { line, .. }) => line,
            other => unreachable!("{other:?}"),
        }
    };
    assert_eq!(bad(&|lines| lines[3] = lines[3].replace("allow", "block")), 4);
    assert_eq!(bad(&|lines| drop(lines.remove(3))), 4);
    assert_eq!(bad(&|lines| lines.swap(3, 4)), 4);
    assert_eq!(bad(&|lines| lines.insert(3, lines[3].clone())), 5);
    assert_eq!(bad(&|lines| drop(lines.drain(..2))), 1);
    assert_eq!(bad(&|lines| lines[8].push(' ')), 9);
    assert_eq!(bad(&|lines| lines[8] = lines[8].replace("id7", "id8")), 9);
    // Every single byte of a line matters.
    for at in (0..good[2].len()).step_by(7) {
        assert_eq!(
            bad(&|lines| {
                let old = lines[2].remove(at);
                lines[2].insert(at, if old == 'x' { 'y' } else { 'x' });
            }),
            3
        );
    }
    // What no chain can show by itself: the end is cut off. Its last hash, kept elsewhere, does.
    fs::write(&audit.file, good[..5].join("\n") + "\n").unwrap();
    assert_eq!(whole(&audit.file, SECRET).lines, 5);
}

#[test]
fn a_torn_line_is_noted_and_the_chain_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let audit = audit(&folder);
    filled(&audit, SECRET, 0..3);
    let good = fs::read(&audit.file).unwrap();
    for cut in [good.len() - 1, good.len() - 30, good.len() - 200] {
        fs::write(&audit.file, &good[..cut]).unwrap();
        assert_ne!(whole(&audit.file, SECRET).torn, 0);
        filled(&audit, SECRET, 4..5);
        let found = whole(&audit.file, SECRET);
        assert_eq!((found.lines, found.torn), (6, 0));
        let notes: Vec<Value> = lines(&audit.file).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(notes[4]["kind"], "torn");
        assert!(notes[4]["line"].as_str().unwrap().starts_with("{\"seq\":3,"));
    }
    // All that there is is torn.
    fs::write(&audit.file, "{\"seq\":0").unwrap();
    filled(&audit, SECRET, 0..1);
    assert_eq!(whole(&audit.file, SECRET).lines, 3);
    // A file of something else is not written to.
    fs::write(&audit.file, "hello\n").unwrap();
    assert!(matches!(Log::open(&audit, SECRET), Err(OpenError::Chain(..))));
}

#[test]
fn a_text_can_be_erased_but_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let audit = audit(&folder);
    filled(&audit, SECRET, 0..6);
    let texts = text_path(&audit.file);
    assert!(!fs::read_to_string(&audit.file).unwrap().contains("some text"));
    let found = whole(&audit.file, SECRET);
    assert_eq!((found.texts, found.erased), (3, 0));
    let kept = lines(&texts);
    assert!(kept[0].contains("\"text\":\"some text\""), "{}", kept[0]);
    fs::write(&texts, kept[1..].join("\n") + "\n").unwrap();
    let found = whole(&audit.file, SECRET);
    assert_eq!((found.texts, found.erased), (2, 1));
    fs::write(&texts, kept.join("\n").replacen("some text", "some other", 2) + "\n").unwrap();
    assert!(matches!(verify(&audit.file, SECRET), Err(NotWhole::Line { line: 1, .. })));
    fs::remove_file(&texts).unwrap();
    assert_eq!(whole(&audit.file, SECRET).erased, 3);
}

#[test]
fn a_full_log_does_as_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let audit = audit(&folder);
    let log = Log::open(&audit, None).unwrap();
    let taken: Vec<Place> = (0..PLACES / 2).map(|_| log.reserve(2, OnFull::Block).unwrap()).collect();
    assert_eq!((log.waiting(), log.trouble()), (PLACES, Some("the decision log is full")));
    assert!(log.reserve(1, OnFull::Block).is_none());
    assert!(!log.reserve(2, OnFull::Drop).unwrap().is_real());
    let spilled = log.reserve(2, OnFull::Spill).unwrap();
    spilled.write(Record { verdict: verdict("spilled", Direction::Request), stream: None, body: None });
    drop((taken, spilled));
    assert_eq!((log.waiting(), log.trouble()), (0, None));
    write(&log, "after", None);
    log.close();
    let all = fs::read_to_string(&audit.file).unwrap();
    assert!(all.contains("\"kind\":\"dropped\"") && all.contains("\"requests\":1") && !all.contains("spilled"));
    let mut spill = audit.file.clone().into_os_string();
    spill.push(".spill");
    assert_eq!(whole(Path::new(&spill), None).verdicts, 1);
    assert_eq!(whole(&audit.file, None).verdicts, 1);
}

#[test]
fn a_failed_write_is_tried_again_and_leaves_no_half_line() {
    let folder = tempfile::tempdir().unwrap();
    let audit = audit(&folder);
    let log = Log::open(&audit, None).unwrap();
    // Somebody else's bytes at the end stand in the way.
    let good = fs::read(&audit.file).unwrap();
    fs::write(&audit.file, [&good[..], b"xx"].concat()).unwrap();
    write(&log, "a", None);
    let soon = Instant::now() + Duration::from_secs(5);
    while log.trouble().is_none() {
        assert!(Instant::now() < soon);
        std::thread::yield_now();
    }
    assert_eq!(log.trouble(), Some("the decision log cannot be written"));
    fs::OpenOptions::new().write(true).open(&audit.file).unwrap().set_len(good.len() as u64).unwrap();
    while log.trouble().is_some() {
        assert!(Instant::now() < soon);
        std::thread::yield_now();
    }
    log.close();
    assert_eq!(whole(&audit.file, None).verdicts, 1);
}
