//! Rules that ask to see through disguises, and texts for them.

use proptest::prelude::*;

use super::{Look, PATTERNS};
use crate::view::Readers;

/// What a rule reads: some of those with plain patterns ask.
pub(super) fn readers(look: &Look) -> Readers {
    match look {
        Look::Patterns(picks, _) if picks[0] < PATTERNS.len() && picks[0] % 3 == 0 => Readers::Asking,
        _ => Readers::All,
    }
}

/// Texts that such rules read otherwise than the rest: figures for letters, letters apart, marks between them, Morse code.
pub(super) fn texts() -> impl Strategy<Value = String> {
    let regex = |source| proptest::string::string_regex(source).unwrap();
    prop_oneof![
        2 => regex("[ab48k3y@!1. é]{1,30}"),
        2 => regex("(([abcky1é][ .]){2,5} {0,2}){1,4}[abcé]{0,3}"),
        2 => regex("([abckey1]{1,2}(\\*|__|<b>|<!---->|<|/b>|\\\\)?){1,9}"),
        1 => regex("((\\.-|-\\.\\.\\.|-\\.-\\.|\\.|-|\\.----)( | / |\n)){3,9}[.ab-]{0,3}"),
    ]
}
