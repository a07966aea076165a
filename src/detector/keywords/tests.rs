#![expect(clippy::unwrap_used, reason = "tests")]

use regex_automata::nfa::thompson::pikevm::PikeVM;

use super::pattern;
use crate::config::{Collector, Node, Source};

/// The texts found, each with its start.
fn found(words: &[&str], case: bool, whole: bool, text: &str) -> Vec<(usize, String)> {
    let node = Node::parse(&Source::new("p.yaml", "words"), &Collector::default()).unwrap();
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let pattern = pattern(&words, case, whole, &node).unwrap();
    let nfa = regex_automata::nfa::thompson::Compiler::new().build_from_hir(&pattern.hir).unwrap();
    let vm = PikeVM::new_from_nfa(nfa).unwrap();
    let mut cache = vm.create_cache();
    vm.find_iter(&mut cache, text).map(|hit| (hit.start(), text[hit.range()].to_owned())).collect()
}

#[test]
fn whole_words_end_where_letters_end() {
    assert_eq!(found(&["cat"], false, true, "cat, concat cats CAT"), [(0, "cat".into()), (17, "CAT".into())]);
    assert_eq!(found(&["cat"], false, false, "concat"), [(3, "cat".into())]);
    assert_eq!(found(&["C++"], false, true, "c++, C++11 (C++)"), [(0, "c++".into()), (12, "C++".into())]);
    assert_eq!(found(&[".net"], false, true, "asp.net .NET"), [(8, ".NET".into())]);
}

#[test]
fn scripts_without_spaces_have_no_word_boundaries() {
    assert_eq!(found(&["極秘計画"], false, true, "これは極秘計画です"), [(9, "極秘計画".into())]);
    assert_eq!(found(&["오로라"], false, true, "프로젝트 오로라를"), [(13, "오로라".into())]);
    assert_eq!(found(&["X計画"], false, true, "AX計画 X計画書"), [(9, "X計画".into())]);
}

#[test]
fn case_folds_as_unicode_says() {
    assert_eq!(found(&["straße"], false, true, "STRAẞE"), [(0, "STRAẞE".into())]);
    assert_eq!(found(&["Kelvin"], false, true, "\u{212a}elvin"), [(0, "\u{212a}elvin".into())]);
    assert!(found(&["cat"], true, true, "Cat").is_empty());
}

#[test]
fn words_are_words_not_patterns() {
    assert_eq!(found(&["a.b", "(x"], true, false, "axb a.b (x"), [(4, "a.b".into()), (8, "(x".into())]);
}

#[test]
fn what_is_shown_never_holds_a_word() {
    let node = Node::parse(&Source::new("p.yaml", "words"), &Collector::default()).unwrap();
    assert_eq!(&*pattern(&["Aurora".to_owned()], false, true, &node).unwrap().shown, "a word");
}
