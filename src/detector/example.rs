//! Made-up values: what a pattern finds, drawn from the pattern itself.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::Pattern;

/// A text that the pattern finds, always the same one. `None`: its check takes nothing that was drawn.
pub(super) fn example(pattern: &Pattern) -> Option<String> {
    let mut draw = Draw(SEED);
    let holds = |text: &String| pattern.validator.as_ref().is_none_or(|check| (check.0)(text));
    (0..TRIES).map(|_| draw.text(&pattern.hir)).find(holds)
}

/// Whether a repetition is one that may be left out, and may be this text.
fn takes(repetition: &Repetition, text: &str) -> bool {
    let HirKind::Class(Class::Unicode(class)) = repetition.sub.kind() else { return false };
    let in_class = |char: char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&char));
    repetition.min == 0 && repetition.max.is_none_or(|max| max as usize >= text.len()) && text.chars().all(in_class)
}

const NAME: &str = "_api_key";
/// Checks take one value in a hundred at the least, but for those of long hashes.
const TRIES: usize = 4_000;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Pseudo-random choices (xorshift64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    fn text(&mut self, hir: &Hir) -> String {
        let mut text = String::new();
        self.add(hir, &mut text);
        text
    }

    fn add(&mut self, hir: &Hir, text: &mut String) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => text.extend(self.one_of(class)),
            // As short as it may be: what is optional is left out, but for the rest of a name that says what is named.
            HirKind::Repetition(repetition) if takes(repetition, NAME) && self.below(2) == 0 => text.push_str(NAME),
            HirKind::Repetition(repetition) => {
                (0..repetition.min.max(u32::from(repetition.max.is_none())))
                    .for_each(|_| self.add(&repetition.sub, text));
            }
            HirKind::Capture(capture) => self.add(&capture.sub, text),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.add(part, text)),
            HirKind::Alternation(parts) => {
                let part = parts.get(self.below(parts.len() as u64) as usize);
                if let Some(part) = part {
                    self.add(part, text);
                }
            }
        }
    }

    /// A character of the class, an ASCII one if there are any; a small letter if it is one in either case.
    fn one_of(&mut self, class: &Class) -> Option<char> {
        let ranges: Vec<(u32, u32)> = match class {
            Class::Unicode(class) => {
                class.ranges().iter().map(|range| (range.start() as u32, range.end() as u32)).collect()
            }
            Class::Bytes(class) => {
                class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
            }
        };
        let ascii: Vec<(u32, u32)> =
            ranges.iter().filter(|(from, _)| *from < 0x80).map(|&(from, to)| (from, to.min(0x7e))).collect();
        let ranges = if ascii.is_empty() { ranges } else { ascii };
        if let [(capital, _), (small, last)] = ranges[..]
            && small == last
            && char::from_u32(capital).is_some_and(|capital| capital.to_ascii_lowercase() as u32 == small)
        {
            return char::from_u32(small);
        }
        let size = |&(from, to): &(u32, u32)| u64::from(to.saturating_sub(from)) + 1;
        let mut at = self.below(ranges.iter().map(size).sum());
        ranges.iter().find_map(|range| match at.checked_sub(size(range)) {
            Some(rest) => {
                at = rest;
                None
            }
            None => char::from_u32(range.0 + at as u32),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::detector::DETECTORS;
    use crate::detector::format::tests::found;

    #[test]
    fn everything_has_an_example_in_which_it_is_found() {
        for kind in DETECTORS {
            let Some((option, choices)) = kind.choice else { continue };
            for choice in choices() {
                let rule = format!("{}: {{ {option}: [{}] }}", kind.name, choice.name);
                let example = choice.example.unwrap_or_default();
                assert!(!found(&rule, &example).is_empty(), "{}: {example:?}", choice.name);
            }
        }
    }
}
