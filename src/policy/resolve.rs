//! From standing findings to what happens to a text: where it is cut, what is rewritten, how far it may go out.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::compile::RuleSet;
use super::context::Context;
use super::effect::{Effect, effect};
use super::pseudonyms::Pseudonyms;
use super::rule::{Mode, RuleSpec};
use crate::action::{Action, Found};
use crate::finding::{Edit, Finding};

/// What has been decided about one text.
#[derive(Debug, Default)]
pub struct Resolver {
    /// Rewrites whose union may still grow, sorted by start, the longest first.
    growing: VecDeque<Rewritten>,
    edits: Vec<Edit>,
    block: Option<(usize, usize)>,
    released: usize,
    /// How many placeholders have been turned back.
    restored: usize,
}

#[derive(Debug)]
struct Rewritten {
    range: Range<usize>,
    order: Order,
    text: String,
    run: Option<Tail>,
    /// A placeholder that is turned back. Gives way to whatever else touches it.
    restores: bool,
}

/// How far a finding over several texts goes beyond the one that it is looked at in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// It began in an earlier text.
    pub before: bool,
    /// It ends in a later one.
    pub after: bool,
}

/// Which of several rewrites gives a union its text: the one whose finding starts first, then the longest, then the
/// rule's rank, then the surer one, then by name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    /// `None`: in an earlier text.
    start: Option<usize>,
    shorter: usize,
    rank: usize,
    doubt: u16,
    entity: Arc<str>,
}

/// What a begin + run adds to its new text: `fill` for each byte from `from` on.
#[derive(Clone, Copy, Debug)]
struct Tail {
    from: usize,
    fill: Option<char>,
}

impl Order {
    fn of(rules: &RuleSet, finding: &Finding, beyond: Beyond) -> Order {
        // What has outgrown the longest match, or goes on in another text, is longer than all that has not.
        let shorter = if finding.head.is_some() || beyond.after { 0 } else { usize::MAX - finding.range.end };
        #[expect(clippy::cast_sign_loss, reason = "clamped to 0..=1")]
        let doubt = finding.score.map_or(0, |score| 1000 - (score.clamp(0.0, 1.0) * 1000.0) as u16);
        let entity = finding.label.clone().unwrap_or_default();
        let start = (!beyond.before).then_some(finding.range.start);
        Order { start, shorter, rank: rules.rank(finding.rule), doubt, entity }
    }
}

impl Rewritten {
    /// The new text of all before `end`.
    fn text_until(&mut self, end: usize) -> String {
        let mut text = std::mem::take(&mut self.text);
        if let Some(tail) = self.run {
            text.extend(tail.fill.into_iter().cycle().take(end.saturating_sub(tail.from)));
        }
        text
    }
}

impl Resolver {
    /// Takes a standing finding in. `matched` is the text that it covers; `spell` turns new text into the form that
    /// stands in this text (escaped, inside tool arguments).
    pub fn take(&mut self, context: &Context, finding: &Finding, matched: &str, spell: fn(&str) -> String) {
        let rules = &*context.rules;
        let rule = rules.rule(finding.rule);
        if rule.mode == Mode::Shadow {
            return;
        }
        match effect(rules, finding) {
            Effect::Block => self.block_at(rules, finding.range.start, finding.rule),
            Effect::Rewrite => {
                if let Action::Rewrite(rewrite) = &rule.action {
                    // What has a name of its own is one thing, however long.
                    let is_named = rewrite.restore.is_some() && is_known(context, matched);
                    let head = finding.head.and_then(|head| matched.get(..head)).filter(|_| !is_named);
                    let run = head.map(|head| Tail { from: finding.range.start + head.len(), fill: rewrite.fill });
                    let order = Order::of(rules, finding, Beyond::default());
                    let new = replacement(context, finding, head.unwrap_or(matched), head.is_none());
                    let text = spell(&new.unwrap_or_default());
                    self.insert(Rewritten { range: finding.range.clone(), order, text, run, restores: false });
                }
            }
            Effect::Log | Effect::None => {}
        }
    }

    /// Blocks from `start` on, because of `rule`. Of two that start at one byte the lower in rank is named.
    pub fn block_at(&mut self, rules: &RuleSet, start: usize, rule: usize) {
        let order = |(start, rule): (usize, usize)| (start, rules.rank(rule));
        if self.block.is_none_or(|block| order((start, rule)) < order(block)) {
            self.block = Some((start, rule));
        }
    }

    /// The rule that blocks, if any does.
    pub fn blocked_by(&self) -> Option<usize> {
        self.block.map(|(_, rule)| rule)
    }

    /// Replaces what a finding covers; overlapping ranges become one, with the text of the leftmost, then longest.
    pub fn rewrite(&mut self, rules: &RuleSet, finding: &Finding, beyond: Beyond, text: String) {
        let (range, order) = (finding.range.clone(), Order::of(rules, finding, beyond));
        self.insert(Rewritten { range, order, text, run: None, restores: false });
    }

    /// Turns a placeholder back. Unlike rewrites these never overlap each other, and any rewrite goes before them.
    pub fn restore(&mut self, range: Range<usize>, text: String) {
        let shorter = usize::MAX - range.end;
        let order = Order { start: Some(range.start), shorter, rank: usize::MAX, doubt: 0, entity: Arc::default() };
        self.insert(Rewritten { range, order, text, run: None, restores: true });
    }

    /// How many placeholders have been turned back.
    pub fn restored(&self) -> usize {
        self.restored
    }

    /// Takes in what a finding that has outgrown the longest match covers of this text, when it began in another: from
    /// `from` on each byte becomes the fill, before that nothing is left.
    pub fn go_on(&mut self, rules: &RuleSet, finding: &Finding, from: usize) {
        let Action::Rewrite(rewrite) = &rules.rule(finding.rule).action else { return };
        let beyond = Beyond { before: true, after: false };
        let (range, order) = (finding.range.clone(), Order::of(rules, finding, beyond));
        self.insert(Rewritten {
            range,
            order,
            text: String::new(),
            run: Some(Tail { from, fill: rewrite.fill }),
            restores: false,
        });
    }

    /// A finding that has been taken in, and has outgrown the longest match, goes on; it ended at `from` before.
    pub fn grow(&mut self, rules: &RuleSet, finding: &Finding, beyond: Beyond, from: usize) {
        let rule = rules.rule(finding.rule);
        let Action::Rewrite(rewrite) = &rule.action else { return };
        if rule.mode == Mode::Shadow {
            return;
        }
        let (order, end) = (Order::of(rules, finding, beyond), finding.range.end);
        let same = |other: &Order| (other.start, other.rank, &other.entity) == (order.start, order.rank, &order.entity);
        if let Some(run) = self.growing.iter_mut().find(|run| run.run.is_some() && same(&run.order)) {
            run.range.end = end;
        } else {
            let run = Some(Tail { from, fill: rewrite.fill });
            self.insert(Rewritten { range: from..end, order, text: String::new(), run, restores: false });
        }
    }

    fn insert(&mut self, new: Rewritten) {
        // What covers nothing has nothing to rewrite.
        if new.range.is_empty() {
            return;
        }
        // The text comes last, so that nothing depends on who came first.
        let at = self.growing.partition_point(|other| {
            (other.range.start, &other.order, &other.text) <= (new.range.start, &new.order, &new.text)
        });
        self.growing.insert(at, new);
    }

    /// Decides all that can be, when everything that starts before `open` is known. Returns how far the text may go
    /// out; past a block it is the block's start and never moves again.
    pub fn advance(&mut self, open: usize) -> usize {
        let limit = self.block.map_or(usize::MAX, |(start, _)| start);
        let mut released = open.min(limit);
        while let Some(first) = self.growing.front() {
            let first_start = first.range.start;
            if first_start >= released {
                break;
            }
            let mut end = first.range.end;
            let members = self.growing.iter().take_while(|other| {
                let inside = other.range.start < end;
                end = if inside { end.max(other.range.end) } else { end };
                inside
            });
            let members = members.count();
            if end > open && limit >= open {
                released = self.split(open).unwrap_or(first_start);
                break;
            }
            if self.give_way(members, end > limit) {
                continue;
            }
            let range = first_start..end.min(limit);
            if let Some(mut first) = self.growing.drain(..members).next() {
                self.restored += usize::from(first.restores);
                let text = first.text_until(first.range.end.min(limit));
                self.edits.push(Edit { range, text });
            }
        }
        self.released = self.released.max(released);
        self.released
    }

    /// Drops placeholders among the first rewrites that overlap others, or that a cut runs through. Whether there were any.
    fn give_way(&mut self, members: usize, is_cut: bool) -> bool {
        if members < 2 && !is_cut || !self.growing.iter().take(members).any(|first| first.restores) {
            return false;
        }
        #[cfg(test)]
        if super::scanner::sabotage::restores_first() {
            let before = self.growing.len();
            let mut at = 0;
            self.growing.retain(|rewritten| {
                at += 1;
                at > members || rewritten.restores
            });
            return self.growing.len() < before;
        }
        let stay: Vec<Rewritten> = self.growing.drain(..members).filter(|rewritten| !rewritten.restores).collect();
        stay.into_iter().rev().for_each(|rewritten| self.growing.push_front(rewritten));
        true
    }

    /// Lets go of the first rewrite up to `open`, if that is inside the tail of a run: what it becomes does not depend on
    /// what follows.
    fn split(&mut self, open: usize) -> Option<usize> {
        let first = self.growing.front_mut()?;
        let tail = first.run.filter(|tail| tail.from < open && open < first.range.end)?;
        let text = first.text_until(open);
        self.edits.push(Edit { range: first.range.start..open, text });
        first.run = Some(Tail { from: open, ..tail });
        for inside in self.growing.iter_mut().take_while(|other| other.range.start < open) {
            inside.range.start = open;
        }
        self.growing.retain(|other| !other.range.is_empty());
        Some(open)
    }

    /// Where the text is cut, once `advance` has got there, and by which rule.
    pub fn cut(&self) -> Option<(usize, usize)> {
        self.block.filter(|&(start, _)| self.released >= start)
    }

    /// The rewrites decided so far, sorted, not overlapping.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }
}

/// The new text for a finding, if its rule rewrites. `text` is what it covers, or the head of that.
pub fn replacement(context: &Context, finding: &Finding, text: &str, whole: bool) -> Option<String> {
    let rule: &RuleSpec = context.rules.rule(finding.rule);
    let Action::Rewrite(rewrite) = &rule.action else { return None };
    let entity = finding.label.as_deref().unwrap_or(&rule.id);
    let pseudonym = match (&context.pseudonyms, rewrite.restore) {
        (_, None) => String::new(),
        (Some(pseudonyms), _) => pseudonyms.name(entity, text),
        (None, _) => Pseudonyms::new(&context.key, None, std::iter::empty()).name(entity, text),
    };
    let found = Found { text, whole, entity, rule: &rule.id, key: &context.key, pseudonym: &pseudonym };
    Some((rewrite.with)(&found))
}

fn is_known(context: &Context, value: &str) -> bool {
    context.pseudonyms.as_ref().is_some_and(|pseudonyms| pseudonyms.knows(value))
}
