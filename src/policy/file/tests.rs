#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod checks;

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::{load_policy, load_policy_source, names, shipped};
use crate::action::{Action, Block, BlockAs, Found};
use crate::config::{Problems, Source};
use crate::detector::{Plan, Span, Threshold};
use crate::policy::rule::{Decision, ExceptWhat, Expose, Mode, OnError, OverLimit, PolicySpec, Unrewritable, Window};
use crate::segment::{Kind, Media, Scope};

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn load_text(text: &str) -> Result<(PolicySpec, Problems), Problems> {
    load_policy_source(&Source::new("policies/p.yaml", text), Path::new("/nowhere"), now())
}

fn policy(text: &str) -> PolicySpec {
    match load_text(text) {
        Ok((policy, warnings)) => {
            assert!(warnings.is_empty(), "{warnings}");
            policy
        }
        Err(problems) => panic!("{problems}"),
    }
}

fn refused(text: &str) -> String {
    load_text(text).unwrap_err().to_string()
}

fn warned(text: &str) -> String {
    let (_, warnings) = load_text(text).unwrap();
    assert!(!warnings.is_empty());
    warnings.to_string()
}

fn rewritten(action: &Action, text: &str) -> String {
    let Action::Rewrite(rewrite) = action else { panic!("not a rewrite: {action:?}") };
    (rewrite.with)(&Found { text, whole: true, entity: "EMAIL", rule: "r", key: b"k", pseudonym: "p" })
}

#[test]
fn shipped_policies_are_fine() {
    for name in shipped::names() {
        let (policy, warnings) = load_policy(name, Path::new("/nowhere"), now()).unwrap();
        assert!(warnings.is_empty(), "{warnings}");
        assert_eq!(&*policy.name, name);
        assert!(!policy.rules.is_empty());
    }
    let (demo, _) = load_policy("demo", Path::new("/nowhere"), now()).unwrap();
    let ids: Vec<&str> = demo.rules.iter().map(|rule| &*rule.id).collect();
    assert_eq!(
        ids,
        [
            "prompt-injection",
            "hidden-text",
            "key-in-answer",
            "key-in-prompt",
            "personal-data-in",
            "account-numbers-out",
            "internal-codename",
            "demo-key-in-answer",
            "launch-code",
        ]
    );
    assert_eq!(demo.unscannable, [Decision::Log; Media::ALL.len()]);
}

#[test]
fn an_empty_policy_fails_closed() {
    let policy = policy("");
    assert_eq!(&*policy.name, "p");
    assert_eq!((policy.unreadable, policy.over_limit), (Decision::Block, OverLimit::all(Decision::Block)));
    assert_eq!(policy.unscannable, [Decision::Block; Media::ALL.len()]);
    assert_eq!(policy.on_error, OnError::all(Decision::Block));
    assert_eq!((policy.mode, policy.unrewritable, policy.expose), (Mode::Enforce, Unrewritable::Block, None));
}

#[test]
fn every_key_is_read() {
    let policy = policy(
        r##"
version: 1
name: support-bot
mode: enforce
on_error: { timeout: allow }
unreadable: log
over_limit: log
unscannable: { image: log, file: allow }
unrewritable: remove
expose: none
rules:
  - id: injection
    description: d
    tags: [owasp:LLM01, x]
    scope: [user, untrusted]
    detect: { classifier: { model: guard, label: injection, threshold: 0.9, span: sentence } }
    except:
      - { keyword: pardon, until: 2027-01-31, reason: known }
      - { regex: 'a{3}' }
      - { segment: "hmac:0123456789AB" }
    action: { block: { message: No., status: 403 } }
    mode: shadow
    on_error: { overload: log }
    window: end
  - id: mask
    detect: { keywords: { words: Aurora, whole: false } }
    action: { mask: { char: "#", keep_last: 2 } }
    unrewritable: log
    max_match: 1KiB
  - { id: replace, detect: { regex: { pattern: 'a{3}' } }, action: { replace: "<{entity}/{rule}>" } }
  - { id: redact, detect: { length: { max_chars: 3 } }, action: redact }
  - { id: refuse, scope: user, detect: { length: { min_chars: 3 } }, action: { block: { as: refusal } } }
  - { id: off, detect: { length: { max_chars: 3 } }, action: log, disabled: true }
  - { id: quiet, detect: { regex: { pattern: b } }, action: { allow: { rules: [mask, "tag:x", off] } } }
"##,
    );
    assert_eq!(&*policy.name, "support-bot");
    assert_eq!(policy.on_error, OnError { timeout: Decision::Allow, ..OnError::all(Decision::Block) });
    assert_eq!(policy.unscannable[Media::Image as usize], Decision::Log);
    assert_eq!(policy.unscannable[Media::Audio as usize], Decision::Block);
    assert_eq!(policy.expose, Some(Expose::None));
    let [injection, mask, replace, redact, refuse, quiet] = policy.rules.as_slice() else { panic!("six rules") };
    let untrusted = Scope::kind(Kind::User) | Scope::kind(Kind::Document) | Scope::kind(Kind::ToolResult);
    assert_eq!(injection.scope, untrusted);
    assert_eq!((injection.mode, injection.window), (Mode::Shadow, Window::End));
    let expected = OnError { timeout: Decision::Allow, overload: Decision::Log, error: Decision::Block };
    assert_eq!(injection.on_error, expected);
    let Plan::Classifier(plan) = &injection.plan else { panic!("a classifier") };
    assert_eq!((plan.threshold, plan.span), (Threshold::Fixed(0.9), Span::Sentence));
    // 2027-01-31 is day 20849 since 1970-01-01.
    assert_eq!(injection.except.iter().map(|except| except.until).collect::<Vec<_>>(), [Some(20849), None, None]);
    assert!(matches!(&injection.except[2].what, ExceptWhat::Segment(hash) if &**hash == "hmac:0123456789ab"));
    let Action::Block(block) = &injection.action else { panic!("a block") };
    assert_eq!(*block, Block { message: Some("No.".into()), status: Some(403), as_: BlockAs::Error });
    assert_eq!(injection.origin, "policies/p.yaml:12");
    assert_eq!(rewritten(&mask.action, "Aurora"), "####ra");
    assert_eq!((mask.max_match, mask.scope), (1024, Scope::ALL));
    assert_eq!((mask.unrewritable, replace.unrewritable), (Unrewritable::Log, Unrewritable::Remove));
    assert_eq!(rewritten(&replace.action, "x"), "<EMAIL/r>");
    assert_eq!(rewritten(&redact.action, "x"), "");
    assert!(matches!(&refuse.action, Action::Block(Block { as_: BlockAs::Refusal, .. })));
    assert!(matches!(&quiet.action, Action::Allow(rules) if rules.len() == 3));
}

#[test]
fn all_problems_come_at_once() {
    insta::assert_snapshot!(refused(
        r#"
mode: shadw
onerror: block
budget: 50ms
unscannable: { image: log, vidio: log }
rules:
  - id: a
    scpe: [user]
    scope: [usr, output]
    when: request.tenant != "x"
    detect: { tool: {} }
    action: { blok: {} }
  - id: b
    detect: { regex: { pattern: '(a', flags: i } }
    action: { block: { status: 429, as: refuse } }
  - id: a
    detect: { length: {} }
    action: prepend
  - id: "bad id"
  - detect: {}
  - id: c
    detect: { regex: x }
    action: replace
  - id: d
    detect: { keywords: { words: [] }, length: { max_chars: 1 } }
    action: { replace: "{entty}" }
    window: { tokens: 2 }
  - id: e
    detect: { classifier: { model: ../guard, label: x, threshold: 1.5, sensitivity: low } }
    except: [ { keyword: a, regex: b }, { until: tomorrow, segment: x } ]
    action: { mask: { char: ab } }
  - id: f
    detect: { regex: { pattern: b } }
    action: { allow: { rules: [bb, "tag:nope"] } }
  - just text
"#,
    ), @r#"
        error: wrong value for `mode`
         --> policies/p.yaml:2:7
          |
        2 | mode: shadw
          |       ^^^^^ expected `enforce` or `shadow`, found the text `shadw`
          |
          = help: did you mean `shadow`?

        error: unknown key `onerror` in the policy
         --> policies/p.yaml:3:1
          |
        3 | onerror: block
          | ^^^^^^^ expected `version`, `name`, `extends`, `rules`, `mode`, `on_error`, `unrewritable`, `unreadable`, `over_limit`, `unscannable` or `expose`
          |
          = help: did you mean `on_error`?

        error: `budget` is not available in this version
         --> policies/p.yaml:4:1
          |
        4 | budget: 50ms
          | ^^^^^^ part of the format, but not built yet

        error: unknown key `vidio` in `unscannable`
         --> policies/p.yaml:5:28
          |
        5 | unscannable: { image: log, vidio: log }
          |                            ^^^^^ expected `image`, `audio`, `file`, `encrypted_reasoning` or `server_state`
          |
          = help: did you mean `audio`?

        error: unknown key `scpe` in rule `a`
         --> policies/p.yaml:8:5
          |
        8 |     scpe: [user]
          |     ^^^^ expected `id`, `description`, `tags`, `scope`, `when`, `detect`, `except`, `action`, `mode`, `on_error`, `unrewritable`, `window`, `max_match` or `disabled`
          |
          = help: did you mean `scope`?

        error: unknown scope `usr`
         --> policies/p.yaml:9:13
          |
        9 |     scope: [usr, output]
          |             ^^^ expected `system`, `user`, `assistant`, `document`, `tool_definition`, `tool_call`, `tool_result`, `reasoning`, `completion`, `metadata`, `input`, `output`, `untrusted` or `all`
          |
          = help: did you mean `user`?

        error: `tool` names no tool
          --> policies/p.yaml:11:21
           |
        11 |     detect: { tool: {} }
           |                     ^^ expected `name`, or `allow` with the tools that may be called

        error: unknown action `blok`
          --> policies/p.yaml:12:15
           |
        12 |     action: { blok: {} }
           |               ^^^^ expected `block`, `mask`, `redact`, `replace`, `hash`, `pseudonymize`, `log` or `allow`
           |
           = help: did you mean `block`?

        error: the pattern is not a valid regular expression
          --> policies/p.yaml:14:34
           |
        14 |     detect: { regex: { pattern: '(a', flags: i } }
           |                                  ^ unclosed group

        error: unknown key `flags` in `regex`
          --> policies/p.yaml:14:39
           |
        14 |     detect: { regex: { pattern: '(a', flags: i } }
           |                                       ^^^^^ expected `pattern` or `disguised`

        error: wrong value for `status`
          --> policies/p.yaml:15:32
           |
        15 |     action: { block: { status: 429, as: refuse } }
           |                                ^^^ expected a status from 400 to 499 that clients neither retry nor misread, found the number `429`
           |
           = help: 401, 404, 408, 409 and 429 mean other things to clients; 400 is usual

        error: wrong value for `as`
          --> policies/p.yaml:15:41
           |
        15 |     action: { block: { status: 429, as: refuse } }
           |                                         ^^^^^^ expected `error` or `refusal`, found the text `refuse`
           |
           = help: did you mean `refusal`?

        error: two rules have the id `a`
          --> policies/p.yaml:16:9
           |
        16 |   - id: a
           |         ^ the first is at policies/p.yaml:7

        error: wrong value
          --> policies/p.yaml:19:9
           |
        19 |   - id: "bad id"
           |         ^^^^^^^^ expected up to 64 letters, digits, `.`, `_` or `-`, found the text `bad id`

        error: a rule has no `id`
          --> policies/p.yaml:20:5
           |
        20 |   - detect: {}
           |     ^^^^^^ expected `id` in this rule

        error: wrong value
          --> policies/p.yaml:22:22
           |
        22 |     detect: { regex: x }
           |                      ^ expected a mapping of options, found the text `x`
           |
           = help: for example `detect: { regex: { pattern: 'EMP-\d{6}' } }`

        error: `replace` without the new text
          --> policies/p.yaml:23:13
           |
        23 |     action: replace
           |             ^^^^^^^ expected a text
           |
           = help: for example `action: { replace: "<{entity}>" }`

        error: a rule has one detector
          --> policies/p.yaml:25:40
           |
        25 |     detect: { keywords: { words: [] }, length: { max_chars: 1 } }
           |                                        ^^^^^^ found another detector
           |
           = help: write a rule for each

        error: unknown placeholder
          --> policies/p.yaml:26:25
           |
        26 |     action: { replace: "{entty}" }
           |                         ^^^^^^^ expected `{entity}` or `{rule}`
           |
           = help: did you mean `entity`?

        error: wrong value for `tokens`
          --> policies/p.yaml:27:23
           |
        27 |     window: { tokens: 2 }
           |                       ^ expected a whole number from 8 to 4096, found the number `2`

        error: wrong value for `model`
          --> policies/p.yaml:29:36
           |
        29 |     detect: { classifier: { model: ../guard, label: x, threshold: 1.5, sensitivity: low } }
           |                                    ^^^^^^^^ expected up to 64 letters, digits, `.`, `_` or `-`, found the text `../guard`

        error: wrong value for `threshold`
          --> policies/p.yaml:29:67
           |
        29 |     detect: { classifier: { model: ../guard, label: x, threshold: 1.5, sensitivity: low } }
           |                                                                   ^^^ expected a number from 0 to 1, found the number `1.5`

        error: an exemption says what it exempts in one way
          --> policies/p.yaml:30:17
           |
        30 |     except: [ { keyword: a, regex: b }, { until: tomorrow, segment: x } ]
           |                 ^^^^^^^ expected one of `regex`, `keyword` or `segment`

        error: wrong value for `until`
          --> policies/p.yaml:30:50
           |
        30 |     except: [ { keyword: a, regex: b }, { until: tomorrow, segment: x } ]
           |                                                  ^^^^^^^^ expected a date such as `2027-01-31`, found the text `tomorrow`

        error: wrong value for `segment`
          --> policies/p.yaml:30:69
           |
        30 |     except: [ { keyword: a, regex: b }, { until: tomorrow, segment: x } ]
           |                                                                     ^ expected `hmac:` and 12 to 64 hex digits, as a verdict shows it, found the text `x`

        error: wrong value for `char`
          --> policies/p.yaml:31:29
           |
        31 |     action: { mask: { char: ab } }
           |                             ^^ expected one character, found the text `ab`

        error: unknown rule or tag `bb`
          --> policies/p.yaml:34:32
           |
        34 |     action: { allow: { rules: [bb, "tag:nope"] } }
           |                                ^^ expected `a`, `b`, `c`, `d`, `e` or `f`

        error: unknown rule or tag `tag:nope`
          --> policies/p.yaml:34:36
           |
        34 |     action: { allow: { rules: [bb, "tag:nope"] } }
           |                                    ^^^^^^^^^^ expected `a`, `b`, `c`, `d`, `e` or `f`

        error: wrong value
          --> policies/p.yaml:35:5
           |
        35 |   - just text
           |     ^^^^^^^^^ expected a rule (a mapping with `id`, `detect` and `action`), found the text `just text`
        "#);
}

#[test]
fn doubtful_rules_are_warned_of() {
    insta::assert_snapshot!(warned(
        r"
rules:
  - { id: endless, scope: input, detect: { regex: { pattern: 'x+' } }, action: log }
  - { id: long, scope: input, detect: { regex: { pattern: 'x{50}' } }, action: log, max_match: 49 }
  - { id: tail, scope: output, detect: { regex: { pattern: 'x$' } }, action: mask, window: end }
  - { id: short, detect: { length: { min_chars: 3 } }, action: block, max_match: 3 }
  - { id: whole, detect: { classifier: { model: m, label: l, span: segment } }, action: block }
  - { id: late, detect: { classifier: { model: m, label: l } }, window: end, action: block, unrewritable: log }
  - { id: old, detect: { regex: { pattern: x } }, except: [{ keyword: y, until: 2026-06-01 }], action: log }
  - { id: fine, detect: { classifier: { model: m, label: l, span: segment } }, window: end, action: log }
  - { id: named, scope: [user], detect: { pii: {} }, action: pseudonymize }
  - { id: called, scope: [untrusted, assistant], detect: { pii: {} }, action: { pseudonymize: { restore: output } } }
  - { id: given, scope: output, detect: { pii: {} }, action: pseudonymize }
  - { id: kept, scope: [user], detect: { pii: {} }, action: { pseudonymize: { restore: [] } } }
",
    ), @r#"
        warning: rule `endless` may hit its limit
         --> policies/p.yaml:3:62
          |
        3 |   - { id: endless, scope: input, detect: { regex: { pattern: 'x+' } }, action: log }
          |                                                              ^^^^ a match may be longer than `max_match` (4096 bytes)
          |
          = help: text that goes on matching beyond it is `over_limit`: bound the repetition, as in `{1,64}`

        warning: rule `long` can never find anything
         --> policies/p.yaml:4:59
          |
        4 |   - { id: long, scope: input, detect: { regex: { pattern: 'x{50}' } }, action: log, max_match: 49 }
          |                                                           ^^^^^^^ the shortest match is longer than `max_match` (49 bytes)
          |
          = help: raise `max_match`

        warning: rule `tail` holds each answer until it is complete
         --> policies/p.yaml:5:60
          |
        5 |   - { id: tail, scope: output, detect: { regex: { pattern: 'x$' } }, action: mask, window: end }
          |                                                            ^^^^ `$` or `\z` is known only at the end of the text
          |
          = help: narrow `scope` to what clients send, or only `log`, if answers should stream

        warning: `window` has no effect on rule `tail`
         --> policies/p.yaml:5:92
          |
        5 |   - { id: tail, scope: output, detect: { regex: { pattern: 'x$' } }, action: mask, window: end }
          |                                                                                            ^^^ only classifier rules judge windows
          |
          = help: remove it

        warning: rule `short` holds each answer until it is complete
         --> policies/p.yaml:6:36
          |
        6 |   - { id: short, detect: { length: { min_chars: 3 } }, action: block, max_match: 3 }
          |                                    ^^^^^^^^^^^^^^^^ `min_chars` is decided only at the end of the text
          |
          = help: narrow `scope` to what clients send, or only `log`, if answers should stream

        warning: `max_match` has no effect on rule `short`
         --> policies/p.yaml:6:82
          |
        6 |   - { id: short, detect: { length: { min_chars: 3 } }, action: block, max_match: 3 }
          |                                                                                  ^ only rules with patterns have matches
          |
          = help: remove it

        warning: rule `whole` holds each answer until it is complete
         --> policies/p.yaml:7:40
          |
        7 |   - { id: whole, detect: { classifier: { model: m, label: l, span: segment } }, action: block }
          |                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `span: segment` covers the whole text
          |
          = help: narrow `scope` to what clients send, or only `log`, if answers should stream

        warning: rule `late` holds each answer until it is complete
         --> policies/p.yaml:8:39
          |
        8 |   - { id: late, detect: { classifier: { model: m, label: l } }, window: end, action: block, unrewritable: log }
          |                                       ^^^^^^^^^^^^^^^^^^^^^^ `window: end` judges the whole text
          |
          = help: narrow `scope` to what clients send, or only `log`, if answers should stream

        warning: `unrewritable` has no effect on rule `late`
         --> policies/p.yaml:8:107
          |
        8 |   - { id: late, detect: { classifier: { model: m, label: l } }, window: end, action: block, unrewritable: log }
          |                                                                                                           ^^^ only rules that rewrite can hit text that must not change
          |
          = help: remove it

        warning: this exemption has ended
         --> policies/p.yaml:9:81
          |
        9 |   - { id: old, detect: { regex: { pattern: x } }, except: [{ keyword: y, until: 2026-06-01 }], action: log }
          |                                                                                 ^^^^^^^^^^ no longer voids any finding

        warning: rule `named` lets through as history what it gives back
          --> policies/p.yaml:11:25
           |
        11 |   - { id: named, scope: [user], detect: { pii: {} }, action: pseudonymize }
           |                         ^^^^^^ does not read `assistant`
           |
           = help: answers hold the values again, and clients send them back: add `assistant` to `scope`

        warning: rule `called` lets through as history what it gives back
          --> policies/p.yaml:12:26
           |
        12 |   - { id: called, scope: [untrusted, assistant], detect: { pii: {} }, action: { pseudonymize: { restore: output } } }
           |                          ^^^^^^^^^^^^^^^^^^^^^^ does not read `reasoning`
           |
           = help: answers hold the values again, and clients send them back: add `reasoning` to `scope`

        warning: rule `given` has nothing to give back
          --> policies/p.yaml:13:62
           |
        13 |   - { id: given, scope: output, detect: { pii: {} }, action: pseudonymize }
           |                                                              ^^^^^^^^^^^^ only what clients send is given back to them
           |
           = help: add kinds of input to `scope`; what answers hold is for `mask` or `replace`
        "#);
}

#[test]
fn bases_merge_by_rule_id() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "base.yaml",
        "name: base\nmode: shadow\nunscannable: log\nrules:\n  - id: a\n    tags: [one, two]\n    scope: [user]\n    \
         detect: { regex: { pattern: aaa } }\n    action: { mask: { char: '#', keep_last: 1 } }\n  \
         - { id: b, detect: { regex: { pattern: bbb } }, action: log }\n",
    );
    write(
        "child.yaml",
        "extends: base\nmode: enforce\nrules:\n  - id: a\n    tags: [three]\n    action: { mask: { keep_last: 0 } }\n  \
         - { id: b, disabled: true }\n  - { id: c, detect: { length: { max_chars: 1 } }, action: log }\n",
    );
    write(
        "kind.yaml",
        "extends: ./child.yaml\nrules:\n  - { id: a, detect: { length: { max_chars: 9 } }, action: block }\n",
    );
    let (child, _) = load_policy("child", folder.path(), now()).unwrap();
    let [a, c] = child.rules.as_slice() else { panic!("two rules: {:?}", child.rules) };
    assert_eq!((&*child.name, child.mode), ("child", Mode::Enforce));
    assert_eq!((&*a.id, &*c.id), ("a", "c"));
    assert_eq!((&a.tags[..], a.scope), (&["three".to_owned()][..], Scope::kind(Kind::User)));
    assert_eq!(rewritten(&a.action, "aaa"), "###");
    assert_eq!(child.unscannable, [Decision::Log; Media::ALL.len()]);
    let (kind, _) = load_policy("kind", folder.path(), now()).unwrap();
    assert!(matches!(kind.rules[0].plan, Plan::Length(_)) && matches!(kind.rules[0].action, Action::Block(_)));
    let mut known: Vec<&str> = shipped::names().chain(["base", "child", "kind"]).collect();
    known.sort_unstable();
    assert_eq!(names(folder.path()), known);

    write("default.yaml", "extends: default\nunscannable: block\n");
    let (default, _) = load_policy("default", folder.path(), now()).unwrap();
    assert_eq!((default.rules.len(), default.unscannable[0]), (4, Decision::Block));

    write("x.yaml", "extends: [y]");
    write("y.yaml", "extends: [x, bsae, y]\nrules:\n  - { id: n }");
    let shown = load_policy("x", folder.path(), now()).unwrap_err().to_string();
    insta::assert_snapshot!(shown.replace(&format!("{}/", folder.path().display()), ""), @r"
        error: policies extend each other in a circle
         --> y.yaml:1:11
          |
        1 | extends: [x, bsae, y]
          |           ^ x.yaml -> y.yaml -> x.yaml

        error: unknown policy `bsae`
         --> y.yaml:1:14
          |
        1 | extends: [x, bsae, y]
          |              ^^^^ expected `agent`, `base`, `child`, `coding-assistant`, `default`, `demo`, `healthcare`, `injection`, `kind`, `observe`, `output-safety`, `pii-shield`, `rag`, `saas`, `secrets`, `strict` or one of 3 more
          |
          = help: did you mean `base`?

        error: a policy extends itself
         --> y.yaml:1:20
          |
        1 | extends: [x, bsae, y]
          |                    ^ expected the name of another policy

        error: rule `n` has no `detect`
         --> y.yaml:3:7
          |
        3 |   - { id: n }
          |       ^^ expected `detect` in this rule

        error: rule `n` has no `action`
         --> y.yaml:3:7
          |
        3 |   - { id: n }
          |       ^^ expected `action` here
        ");
    let shown = load_policy("chlid", folder.path(), now()).unwrap_err().to_string();
    assert!(shown.contains("did you mean `child`?"), "{shown}");
}

#[test]
fn an_override_of_nothing_names_the_rule_that_was_meant() {
    insta::assert_snapshot!(refused(
        "extends: default\nrules:\n  - { id: prompt-injektion, mode: shadow, action: log }\n"
    ), @r"
        error: rule `prompt-injektion` has no `detect`
         --> policies/p.yaml:3:7
          |
        3 |   - { id: prompt-injektion, mode: shadow, action: log }
          |       ^^ expected `detect` in this rule
          |
          = help: did you mean `prompt-injection`?
        ");
}

#[test]
fn a_shadow_policy_shadows_all_rules() {
    let text = "mode: shadow\nrules: [{ id: a, mode: enforce, detect: { regex: { pattern: x } }, action: log }]";
    assert_eq!(policy(text).rules[0].mode, Mode::Shadow);
}

#[test]
fn the_hash_knows_meaning_only() {
    let hash = |text: &str| policy(text).hash;
    let one = "rules:\n  - { id: a, detect: { regex: { pattern: x } }, action: log }\n";
    let same = "# comment\nrules:\n  - action: log\n    id: 'a'\n    detect:\n      regex:\n        pattern: \"x\"\n";
    assert_eq!(hash(one), hash(same));
    assert_eq!(hash(one).len(), 8);
    assert_ne!(hash(one), hash(&one.replace("pattern: x", "pattern: y")));
    assert_ne!(hash(one), hash(&format!("name: q\n{one}")));
    assert_ne!(hash(one), hash(&format!("mode: shadow\n{one}")));
    assert_ne!(hash("extends: default"), hash("extends: demo"));
}

#[test]
fn statuses_that_clients_retry_are_refused() {
    for (status, fine) in [
        (400, true),
        (403, true),
        (422, true),
        (499, true),
        (200, false),
        (401, false),
        (404, false),
        (408, false),
        (409, false),
        (429, false),
        (500, false),
        (503, false),
    ] {
        let text = format!(
            "rules: [{{ id: a, detect: {{ regex: {{ pattern: x }} }}, action: {{ block: {{ status: {status} }} }} }}]"
        );
        assert_eq!(load_text(&text).is_ok(), fine, "{status}");
    }
    assert!(
        refused("rules: [{ id: a, detect: { regex: { pattern: x } }, action: { block: { as: tool_error } } }]")
            .contains("`tool_error` is not available in this version")
    );
}

mod conditions;

#[test]
fn examples_of_kinds_work() {
    for kind in crate::detector::DETECTORS {
        policy(&format!("rules: [{{ id: a, detect: {}, action: log }}]", kind.example));
    }
    for kind in crate::action::ACTIONS {
        let example = kind.example.replace("secrets-out, \"tag:pii\"", "a, \"tag:b\"");
        policy(&format!("rules: [{{ id: a, tags: [b], detect: {{ regex: {{ pattern: x }} }}, action: {example} }}]"));
    }
}

#[test]
fn damaged_policies_are_problems_and_never_panics() {
    let text = include_str!("../../../policies/default.yaml");
    let pieces = ["'", "\"", "{", "}", "[", "]", ":", "- ", "\n", "\t", "ż", "\\", "null", "(", "*"];
    let mut state = 7u64;
    for _ in 0..3000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let random = (state >> 16) as usize;
        let place = random % text.len();
        let piece = pieces[(random >> 24) % pieces.len()];
        let cut = (place + (random >> 32) % 3).min(text.len());
        let damaged = format!("{}{piece}{}", &text[..place], &text[cut..]);
        if let Err(problems) = load_text(&damaged) {
            assert!(problems.errors() > 0 && problems.to_string().contains("error: "), "{damaged}");
        }
    }
}

#[test]
fn policies_are_bounded() {
    let rule = |id: usize| format!("  - {{ id: r{id}, detect: {{ regex: {{ pattern: x }} }}, action: log }}\n");
    let text = |count: usize| format!("rules:\n{}", (0..count).map(rule).collect::<String>());
    assert_eq!(policy(&text(2000)).rules.len(), 2000);
    assert!(refused(&text(2001)).contains("too many rules"));
}
