//! Placeholders in answers, turned back into what they stand for: those that this very request was given, in the kinds that
//! their rules name, in running text alone.
//!
//! A text is fed in pieces; what is found is a function of the whole. Text waits only while a placeholder may be under way,
//! and for the byte behind one: inside a longer word it is none.

use std::ops::Range;
use std::sync::Arc;

use super::place::Place;
use crate::policy::Pseudonyms;
use crate::policy::pseudonyms::Given;
use crate::protocol::json::escape;
use crate::segment::Scope;

/// Looks for placeholders in one text.
#[derive(Debug)]
pub(super) struct Restorer {
    pseudonyms: Arc<Pseudonyms>,
    scope: Scope,
    /// Small first letters of the placeholders.
    first: [bool; 256],
    place: Place,
    at: usize,
    /// Placeholders that have begun, the earliest first.
    begun: Vec<Begun>,
    /// Those that are whole, and wait for what comes behind them.
    whole: Vec<Whole>,
    /// Those that stand, but for an earlier or longer one that may still come.
    standing: Vec<Found>,
    found: Vec<Found>,
    /// How many of `found` were taken.
    taken: usize,
}

/// A placeholder in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    /// How many bytes of an escape stand before it, which a rule may take for a part of it.
    lead: usize,
    /// Its index among those given.
    given: usize,
    /// The text around it is JSON.
    json: bool,
}

#[derive(Debug)]
struct Begun {
    start: usize,
    lead: usize,
    /// Those given that begin like this.
    given: Range<usize>,
    /// `<` stands before it.
    in_angle: bool,
    json: bool,
}

#[derive(Debug)]
struct Whole {
    found: Found,
    in_angle: bool,
    behind: Behind,
}

/// What has come behind a placeholder, as far as it may be a part of a host's name or of an address.
#[derive(Clone, Copy, Debug)]
enum Behind {
    Nothing,
    /// `-` or `_`, and more of a word.
    Word,
    Dot,
}

/// A host's name is no longer than this (RFC 1035, 2.3.4).
const MAX_HOST: usize = 255;

impl Restorer {
    /// A restorer for text of this scope, if anything comes back there.
    pub(super) fn new(pseudonyms: Option<&Arc<Pseudonyms>>, scope: Scope) -> Option<Restorer> {
        let pseudonyms = pseudonyms.filter(|pseudonyms| pseudonyms.comes_back_in(scope))?;
        let mut first = [false; 256];
        for given in pseudonyms.all_given() {
            first[usize::from(given.placeholder.bytes().next().unwrap_or(0))] = true;
        }
        Some(Restorer {
            pseudonyms: Arc::clone(pseudonyms),
            scope,
            first,
            place: Place::default(),
            at: 0,
            begun: Vec::new(),
            whole: Vec::new(),
            standing: Vec::new(),
            found: Vec::new(),
            taken: 0,
        })
    }

    /// One for another text of the same kind.
    pub(super) fn again(&self) -> Option<Restorer> {
        Restorer::new(Some(&self.pseudonyms), self.scope)
    }

    pub(super) fn feed(&mut self, piece: &str) {
        piece.bytes().for_each(|byte| self.step(byte));
    }

    pub(super) fn finish(&mut self) {
        self.begun.clear();
        self.standing.extend(self.whole.drain(..).filter(|whole| !whole.in_angle).map(|whole| whole.found));
        self.settle();
        self.at = usize::MAX;
    }

    /// Everything before this is decided.
    pub(super) fn open(&self) -> usize {
        let begun = self.begun.iter().map(|begun| begun.start - begun.lead);
        let whole = self.whole.iter().map(|whole| whole.found.range.start - whole.found.lead);
        let standing = self.standing.iter().map(|found| found.range.start - found.lead);
        begun.chain(whole).chain(standing).min().unwrap_or(self.at)
    }

    /// Takes what was found since the last time: where, and the text that belongs there.
    pub(super) fn take(&mut self) -> Vec<(Range<usize>, String)> {
        let new = self.found.get(self.taken..).unwrap_or_default().iter();
        let given = self.pseudonyms.all_given();
        let new = new.filter_map(|found| {
            let value = &given.get(found.given)?.value;
            Some((found.range.clone(), if found.json { escape(value) } else { value.to_string() }))
        });
        let new = new.collect();
        self.taken = self.found.len();
        new
    }

    /// The placeholder that comes back in a place that covers the range.
    pub(super) fn covering(&self, range: &Range<usize>) -> Option<&Given> {
        let before = self.found.partition_point(|found| found.range.start - found.lead <= range.start);
        let found = self.found.get(before.checked_sub(1)?)?;
        if range.end <= found.range.end { self.pseudonyms.all_given().get(found.given) } else { None }
    }

    fn step(&mut self, byte: u8) {
        let at = self.at;
        // Unless it goes on: then it is a part of a longer name.
        let goes_on = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'@' | b'-' | b'_');
        if !goes_on && self.whole.iter().any(|whole| whole.found.range.end == at) {
            self.place.forget_word();
        }
        self.judge_whole(byte);
        let small = byte.to_ascii_lowercase();
        if self.first[usize::from(small)]
            && self.place.is_text()
            && !self.place.is_tag()
            && let Some(lead) = self.place.may_begin()
        {
            let in_angle = self.place.last(1) == b'<';
            let given = 0..self.pseudonyms.all_given().len();
            self.begun.push(Begun { start: at, lead, given, in_angle, json: self.place.is_json() });
        }
        self.place.feed(byte);
        self.at += 1;
        let (is_text, is_tag) = (self.place.is_text(), self.place.is_tag());
        let (all, scope, whole) = (self.pseudonyms.all_given(), self.scope, &mut self.whole);
        self.begun.retain_mut(|begun| {
            if !is_text || (is_tag && !begun.in_angle) {
                return false;
            }
            let depth = at - begun.start;
            begun.given = narrow(all, &begun.given, depth, small);
            let Some(first) = all.get(begun.given.start).filter(|_| !begun.given.is_empty()) else { return false };
            if first.placeholder.len() == depth + 1 {
                let (range, given) = (begun.start..at + 1, begun.given.start);
                let found = Found { range, lead: begun.lead, given, json: begun.json };
                if first.comes_back_in(scope) {
                    whole.push(Whole { found, in_angle: begun.in_angle, behind: Behind::Nothing });
                }
                begun.given.start += 1;
            }
            !begun.given.is_empty()
        });
        // At each byte: what is found must not depend on where pieces end.
        self.settle();
    }

    /// What stands behind a placeholder says whether it is one.
    fn judge_whole(&mut self, byte: u8) {
        let (at, standing) = (self.at, &mut self.standing);
        self.whole.retain_mut(|whole| {
            let is_long = at - whole.found.range.end > MAX_HOST;
            whole.behind = match (whole.behind, byte) {
                (Behind::Nothing, _) if whole.in_angle && byte != b'>' => return false,
                (Behind::Nothing | Behind::Word, b'@') => return false,
                (Behind::Nothing | Behind::Dot, _) if byte.is_ascii_alphanumeric() => return false,
                (Behind::Nothing | Behind::Word, b'.') => Behind::Dot,
                (Behind::Nothing | Behind::Word, b'-' | b'_') if !is_long => Behind::Word,
                (Behind::Word, _) if byte.is_ascii_alphanumeric() && !is_long => Behind::Word,
                _ => {
                    standing.push(whole.found.clone());
                    return false;
                }
            };
            true
        });
    }

    /// Of those that overlap the leftmost, then longest counts.
    fn settle(&mut self) {
        if self.standing.is_empty() {
            return;
        }
        self.standing.sort_by_key(|found| (found.range.start, usize::MAX - found.range.end));
        while let Some(first) = self.standing.first() {
            let range = first.range.clone();
            let begun = self.begun.iter().map(|begun| begun.start);
            let whole = self.whole.iter().map(|whole| whole.found.range.start);
            if begun.chain(whole).any(|start| start <= range.start) {
                return;
            }
            self.found.push(self.standing.remove(0));
            self.standing.retain(|found| found.range.start >= range.end);
            self.begun.retain(|begun| begun.start >= range.end);
            self.whole.retain(|whole| whole.found.range.start >= range.end);
        }
    }
}

/// Of a sorted range those with this byte at a place.
fn narrow(all: &[Given], range: &Range<usize>, place: usize, byte: u8) -> Range<usize> {
    let part = all.get(range.clone()).unwrap_or_default();
    let at = |given: &Given| given.placeholder.as_bytes().get(place).copied();
    let start = part.partition_point(|given| at(given) < Some(byte));
    let end = part.partition_point(|given| at(given) <= Some(byte));
    range.start + start..range.start + end
}
