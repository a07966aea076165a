//! Calls of tools in a whole body: which texts are of one call, and what it is called.

use std::collections::HashMap;

use crate::protocol::json::Json;
use crate::protocol::walk::{CallPart, Walked};

/// A call: its name, if it has one, and the texts that stand for it: its arguments, or else its name.
pub(super) type Called = (Option<String>, Vec<usize>);

/// The calls in the order of the body, of those texts that rules judge.
pub(super) fn calls(json: &Json<'_>, walked: &Walked, is_judged: impl Fn(usize) -> bool) -> Vec<Called> {
    let mut out: Vec<Called> = Vec::new();
    let mut by_key: HashMap<u64, usize> = HashMap::new();
    let is_arguments = |text: &usize| walked.texts[*text].call.is_some_and(|call| call.part == CallPart::Arguments);
    for (index, leaf) in walked.texts.iter().enumerate() {
        let Some(call) = leaf.call.filter(|call| call.part != CallPart::Other && is_judged(index)) else { continue };
        let position = *by_key.entry(call.key).or_insert(out.len());
        if position == out.len() {
            out.push((None, Vec::new()));
        }
        let (name, texts) = &mut out[position];
        if call.part == CallPart::Name {
            name.get_or_insert_default().push_str(&json.string(leaf.node));
            if texts.is_empty() {
                texts.push(index);
            }
        } else {
            texts.retain(is_arguments);
            texts.push(index);
        }
    }
    out
}
