#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Checked;

/// Exit code, standard output, standard error.
fn validate(folder: &Path, files: &[&str]) -> (u8, String, String) {
    let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let checked = Checked { now: Timestamp::UNIX_EPOCH, variable: &|_| None };
    let code = checked.files(&paths, &mut out, &mut err).unwrap();
    let place = format!("{}/", folder.display());
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&place, "");
    (code, text(out), text(err))
}

#[test]
fn good_files_get_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("palisade.yaml"), "upstreams: { a: { url: https://a } }").unwrap();
    fs::write(folder.path().join("p.yaml"), "extends: [demo]").unwrap();
    let (code, out, err) = validate(folder.path(), &["palisade.yaml", "p.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.starts_with("palisade.yaml: fine (configuration, 1 upstream, 1 route, 1 policy)\np.yaml: fine (policy p@")
    );
    assert!(out.ends_with(", 9 rules)\n"), "{out}");
}

#[test]
fn problems_of_all_files_come_together() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    let config = "upstreams: { a: { url: https://a } }\nroutes: [ { path: /**, upstream: a, policy: bad } ]\n";
    fs::write(folder.path().join("palisade.yaml"), config).unwrap();
    fs::write(folder.path().join("policies/bad.yaml"), "rules:\n  - { id: x, detect: { regx: {} } }\n").unwrap();
    fs::write(folder.path().join("other.yaml"), "mode: enforced\n").unwrap();
    let (code, out, err) = validate(folder.path(), &["palisade.yaml", "policies/bad.yaml", "other.yaml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    insta::assert_snapshot!(err, @r"
        error: wrong value for `mode`
         --> other.yaml:1:7
          |
        1 | mode: enforced
          |       ^^^^^^^^ expected `enforce` or `shadow`, found the text `enforced`
          |
          = help: did you mean `enforce`?

        error: rule `x` has no `action`
         --> policies/bad.yaml:2:7
          |
        2 |   - { id: x, detect: { regx: {} } }
          |       ^^ expected `action` here

        error: unknown detector `regx`
         --> policies/bad.yaml:2:24
          |
        2 |   - { id: x, detect: { regx: {} } }
          |                        ^^^^ expected `regex`, `keywords`, `pii`, `secrets`, `unicode`, `urls`, `length`, `language`, `code`, `json_schema`, `similarity`, `classifier`, `entities`, `topic`, `tool`, `rate` or one of 3 more
          |
          = help: did you mean `regex`?
        ");
}

#[test]
fn files_that_cannot_be_read_are_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("latin1.yaml"), b"a: 1\nb: \xe9\n").unwrap();
    fs::write(folder.path().join("bad.yaml"), "mode: x").unwrap();
    let (code, _, err) = validate(folder.path(), &["none.yaml", "latin1.yaml", "bad.yaml"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(err, @r"
        error: wrong value for `mode`
         --> bad.yaml:1:7
          |
        1 | mode: x
          |       ^ expected `enforce` or `shadow`, found the text `x`

        error: the file is not UTF-8 (line 2)
        --> latin1.yaml
         = help: save the file as UTF-8

        error: cannot read the file: No such file or directory (os error 2)
        --> none.yaml
        ");
}
