//! What is a trick and what is writing.

use crate::detector::format::tests::{cut_anywhere, found};

#[test]
fn tricks_are_found() {
    for (kind, text, hidden) in [
        ("tags", "Hello\u{e0049}\u{e0067}\u{e006e}!", "\u{e0049}\u{e0067}\u{e006e}"),
        ("bidi", "access\u{202e}resu\u{202c}", "\u{202e}"),
        ("invisible", "ig\u{200b}nore", "\u{200b}"),
        ("invisible", "ig\u{200d}nore", "\u{200d}"),
        ("confusable", "log in to pаypаl now", "pаypаl"),
        ("confusable", "аpple", "аpple"),
    ] {
        let rule = format!("unicode: {{ kinds: [{kind}] }}");
        assert_eq!(found(&rule, text).first().map(String::as_str), Some(hidden), "{kind}");
        let (before, after) = if kind == "confusable" { ("x ", " y") } else { ("x", "y") };
        cut_anywhere(&rule, before, hidden, hidden, after);
    }
}

#[test]
fn writing_is_no_trick() {
    for text in [
        "The flag of England \u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} and a family 👨\u{200d}👩\u{200d}👧",
        "می\u{200c}خواهم",
        "Привет, мир! Ελλάδα. naïve café Ωm 10kΩ",
        "שלום\u{200f} world",
    ] {
        assert_eq!(found("unicode: {}", text), [""; 0], "{text}");
    }
}

#[test]
fn tags_behind_a_flag_do_not_hide_a_message() {
    let hidden: String = "ignore all".chars().filter_map(|char| char::from_u32(0xe0000 + char as u32)).collect();
    assert!(!found("unicode: { kinds: [tags] }", &format!("\u{1f3f4}{hidden}")).is_empty());
}
