#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn error(text: &str) -> &'static str {
    Json::parse(text.as_bytes()).unwrap_err().reason
}

#[test]
fn finds_members_by_any_spelling() {
    let json = Json::parse(br#" {"messages":[{"Role":"user"}],"max_tokens":1,"strea\u006d":true} "#).unwrap();
    assert_eq!(json.raw(json.get(0, "maxtokens").unwrap()), "1");
    assert_eq!(json.kind(json.get(0, "stream").unwrap()), NodeKind::True);
    let first = json.elements(json.get(0, "messages").unwrap()).next().unwrap();
    assert_eq!(json.string(json.get(first, "role").unwrap()), "user");
}

#[test]
fn refuses_what_readers_disagree_about() {
    assert_eq!(error(r#"{"a":1,"a":2}"#), "the same key twice in an object");
    assert_eq!(error(r#"{"a":1,"\u0061":2}"#), "the same key twice in an object");
    assert_eq!(error(r"[1,]"), "expected a value");
    assert_eq!(error("[NaN]"), "expected a value");
    assert_eq!(error("// no\n1"), "expected a value");
    assert_eq!(error("\u{feff}1"), "expected a value");
    assert_eq!(error("01"), "something after the value");
    assert_eq!(error("1 2"), "something after the value");
    assert_eq!(error("\"\u{1}\""), "control byte in a string");
    assert_eq!(error(r#""\x""#), "bad escape");
    assert_eq!(error(r#"{"a":"#), "the text ends early");
    assert_eq!(error(&"[".repeat(200)), "nested too deeply");
    assert_eq!(Json::parse(b"\"\xff\"").unwrap_err().reason, "not UTF-8");
    let many = (0..20).map(|index| format!("\"k{index}\":1,")).collect::<Vec<_>>().concat();
    assert_eq!(error(&format!("{{{many}\"k3\":1}}")), "the same key twice in an object");
}

#[test]
fn surrogates() {
    assert_eq!(unescape(r"\ud83d\ude00"), "😀");
    assert_eq!(unescape(r"\ud83d!"), "\u{fffd}!");
    assert_eq!(trailing_high_surrogate(r"x\ud83d"), Some(0xd83d));
    assert_eq!(trailing_high_surrogate(r"x\\ud83d"), None);
    assert_eq!(leading_low_surrogate(r"\ude00 rest"), Some(0xde00));
    let mut offsets = RawOffsets::new(r"a\n\ud83d\ude00b");
    assert_eq!([offsets.at(0), offsets.at(1), offsets.at(2), offsets.at(6), offsets.at(7)], [0, 1, 3, 15, 16]);
}

#[test]
fn folds_keys() {
    assert!(fold_key("toolCalls") == *"toolcalls");
    assert!(fold_key("TOOL_calls") == *"toolcalls");
    assert!(fold_key("me\u{17f}\u{17f}ages") == *"messages");
    assert!(fold_key("\u{212a}ey") == *"key");
}

proptest! {
    #[test]
    fn agrees_with_serde_json(value in "\\PC{0,40}|[\\[\\]{}\",:0-9.eE\\-truefalsn\\\\u ]{0,30}") {
        let ours = Json::parse(value.as_bytes()).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&value);
        // serde_json takes duplicate keys and refuses lone surrogates and huge exponents: only the overlap is compared.
        if let Ok(theirs) = theirs
            && theirs.as_object().is_none()
            && theirs.as_array().is_none()
        {
            prop_assert!(ours);
        } else if ours {
            let lenient = value.contains("\\u") || value.contains(['e', 'E']);
            prop_assert!(lenient || serde_json::from_str::<serde_json::Value>(&value).is_ok());
        }
    }

    #[test]
    fn escape_and_back(text in "\\PC*|[\\x00-\\x7f]*") {
        prop_assert_eq!(unescape(&escape(&text)), text.clone());
        let quoted = format!("\"{}\"", escape(&text));
        let json = Json::parse(quoted.as_bytes()).unwrap();
        prop_assert_eq!(json.string(0), text);
    }
}

#[test]
fn what_ends_a_string_is_seen_wherever_it_stands() {
    for long in [7, 8, 31, 32, 33, 95, 96, 97, 160, 300] {
        for at in 0..long {
            for (inside, fine) in
                [("\\n", true), ("é", true), ("\u{7f}", true), ("\u{1f}", false), ("\\x", false), ("\"", false)]
            {
                let text = format!("\"{}{inside}{}\"", "a".repeat(at), "b".repeat(long - at));
                assert_eq!(Json::parse(text.as_bytes()).is_ok(), fine, "{text}");
            }
        }
    }
}
