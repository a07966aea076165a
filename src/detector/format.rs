//! What `pii` and `secrets` are lists of: formats, each a few shapes that text can have.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use aho_corasick::AhoCorasick;
use regex_syntax::hir::Hir;

use super::{AsciiSet, Choice, Edges, Inner, Pattern, Surround, Validator};

/// One kind of thing that can be found.
pub(super) struct Format {
    /// What policies call it.
    pub(super) name: &'static str,
    /// What findings call it.
    pub(super) entity: &'static str,
    /// One line for people: what it is and how it is checked.
    pub(super) summary: &'static str,
    /// Whether it is looked for when the rule names nothing.
    pub(super) usual: bool,
    /// How it is written.
    pub(super) shapes: &'static [Shape],
}

impl Format {
    /// What finds it, however unsure.
    pub(super) fn patterns(&self) -> impl Iterator<Item = Pattern> {
        let allowed: Arc<[String]> = Arc::new([]);
        self.shapes.iter().filter_map(move |shape| shape.compile(self, 0, &allowed))
    }

    /// As people are told about it.
    pub(super) fn choice(&self, example: Option<String>) -> Choice {
        let (name, label, summary, usual) = (self.name, self.entity, self.summary, self.usual);
        Choice { name, label, summary, usual, example, patterns: self.patterns().collect() }
    }
}

/// One way to write it.
pub(super) struct Shape {
    /// A regular expression.
    pub(super) pattern: &'static str,
    /// Checksum and structure.
    pub(super) valid: fn(&str) -> bool,
    /// How sure a match is, in thousandths, with nothing around it.
    pub(super) score: u16,
    /// Words around it that make it surer, in small letters.
    pub(super) context: &'static [&'static str],
    /// What must not stand beside it.
    pub(super) edges: Edges,
    /// A number goes on over these when a digit follows: then it is another, longer number.
    pub(super) joiners: AsciiSet,
    /// What counts as a digit there.
    pub(super) joined: AsciiSet,
    /// A byte that gives it away, see [`Inner`].
    pub(super) inner: Option<Inner>,
    /// May be of any length (begin + run).
    pub(super) run: bool,
    /// The part of a match that is the value, where keywords belong to the pattern.
    pub(super) value: Option<fn(&str) -> Range<usize>>,
    /// A check of what stands before the value inside a match.
    pub(super) lead: fn(&str) -> bool,
}

impl Shape {
    /// A shape that is sure and has nothing special.
    pub(super) const fn new(pattern: &'static str) -> Shape {
        Shape {
            pattern,
            valid: |_| true,
            score: 1000,
            context: &[],
            edges: Edges { before: WORD, after: AsciiSet::new("") },
            joiners: AsciiSet::new(""),
            joined: AsciiSet::new("0-9"),
            inner: None,
            run: false,
            value: None,
            lead: |_| true,
        }
    }

    /// A number: no letter or digit may stand beside it.
    pub(super) const fn number(pattern: &'static str, valid: fn(&str) -> bool, score: u16) -> Shape {
        Shape { valid, score, edges: Edges { before: WORD, after: WORD }, ..Shape::new(pattern) }
    }

    /// The pattern that finds it, for a rule that wants at least `threshold` (thousandths) and not what is on its
    /// `allowed` list. `None`: it can never be sure enough.
    pub(super) fn compile(&self, format: &Format, threshold: u16, allowed: &Arc<[String]>) -> Option<Pattern> {
        let wants_context = self.score < threshold;
        let score = if wants_context { self.score + BOOST } else { self.score };
        if score < threshold || (wants_context && self.context.is_empty()) {
            return None;
        }
        // Shipped patterns are parsed by a test of each registry.
        let hir = parsed(self.pattern)?;
        let (valid, value, lead, allowed) = (self.valid, self.value, self.lead, Arc::clone(allowed));
        let check = move |text: &str| {
            let range = value.map_or(0..text.len(), |value| value(text));
            let (before, value) = (text.get(..range.start).unwrap_or_default(), text.get(range).unwrap_or(text));
            lead(before) && valid(value) && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(value))
        };
        let context: &[&str] = if wants_context { self.context } else { &[] };
        Some(Pattern {
            entity: Some(format.entity.into()),
            validator: (!self.run).then(|| Validator(Arc::new(check))),
            edges: self.edges,
            surround: surround(context, self.joiners, self.joined),
            inner: self.inner,
            run: self.run,
            score: score.min(1000),
            value: self.value,
            ..Pattern::new(hir, format.summary.into())
        })
    }
}

/// A shipped pattern, parsed once for all rules that look for it.
fn parsed(pattern: &'static str) -> Option<Arc<Hir>> {
    static PARSED: Mutex<BTreeMap<&str, Weak<Hir>>> = Mutex::new(BTreeMap::new());
    let mut all = PARSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(pattern).and_then(Weak::upgrade) {
        return Some(known);
    }
    let hir = Arc::new(regex_syntax::parse(pattern).ok()?);
    all.insert(pattern, Arc::downgrade(&hir));
    Some(hir)
}

/// The check of what stands around: some context word, and no number that goes on.
fn surround(context: &[&str], joiners: AsciiSet, joined: AsciiSet) -> Option<Surround> {
    let joins = joiners != AsciiSet::default();
    if context.is_empty() && !joins {
        return None;
    }
    let words = if context.is_empty() { None } else { Some(words(context)?) };
    let near = if joins { 2 } else { 0 };
    let (before, after) = if words.is_some() { (CONTEXT_BEFORE, CONTEXT_AFTER) } else { (near, near) };
    let holds = move |before: &str, after: Option<&str>| {
        let goes_on = |joiner: Option<&u8>, digit: Option<&u8>| {
            joins && joiner.is_some_and(|&byte| joiners.has(byte)) && digit.is_some_and(|&byte| joined.has(byte))
        };
        let mut back = before.as_bytes().iter().rev();
        if goes_on(back.next(), back.next()) {
            return Some(false);
        }
        let mut ahead = after.unwrap_or_default().as_bytes().iter();
        if goes_on(ahead.next(), ahead.next()) {
            return Some(false);
        }
        let Some(words) = &words else { return after.map(|_| true) };
        let told = contains_word(words, before);
        match after {
            Some(after) => Some(told || contains_word(words, after)),
            None if told && !joins => Some(true),
            None => None,
        }
    };
    Some(Surround { before, after, holds: Arc::new(holds) })
}

fn words(context: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder().ascii_case_insensitive(true).build(context).ok()
}

/// Whether one of the words stands in the text, not as a part of another.
fn contains_word(words: &AhoCorasick, text: &str) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    words.find_overlapping_iter(text).any(|found| {
        let before = found.start().checked_sub(1).and_then(|at| bytes.get(at));
        !letter(before) && !letter(bytes.get(found.end()))
    })
}

/// Letters, digits and `_`.
pub(super) const WORD: AsciiSet = AsciiSet::new("A-Za-z0-9_");
/// How much a context word adds to a score, in thousandths.
const BOOST: u16 = 350;
/// How far before a match context words may stand, in bytes.
const CONTEXT_BEFORE: usize = 64;
/// How far behind a match context words may stand, in bytes.
const CONTEXT_AFTER: usize = 32;

#[cfg(test)]
pub(super) mod tests;
