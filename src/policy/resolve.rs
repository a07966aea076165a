//! From standing findings to what happens to a text: where it is cut, what is rewritten, how far it may go out.

use std::collections::VecDeque;
use std::ops::Range;

use super::channel::{Effect, effect};
use super::compile::RuleSet;
use super::rule::Mode;
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
}

#[derive(Debug)]
struct Rewritten {
    range: Range<usize>,
    rank: usize,
    text: String,
}

impl Resolver {
    /// Takes a standing finding in. `matched` is the text that it covers; `spell` turns new text into the form that
    /// stands in this text (escaped, inside tool arguments).
    pub fn take(&mut self, rules: &RuleSet, key: &[u8], finding: &Finding, matched: &str, spell: fn(&str) -> String) {
        let rule = rules.rule(finding.rule);
        if rule.mode == Mode::Shadow {
            return;
        }
        match effect(rules, finding) {
            Effect::Block => self.block_at(rules, finding.range.start, finding.rule),
            Effect::Rewrite => {
                if let Action::Rewrite(rewrite) = &rule.action {
                    let entity = finding.label.as_deref().unwrap_or(&rule.id);
                    let found = Found { text: matched, entity, rule: &rule.id, key };
                    self.rewrite(finding.range.clone(), rules.rank(finding.rule), spell(&(rewrite.with)(&found)));
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

    /// Replaces a range; overlapping ranges become one, with the text of the leftmost, then longest, then that of the
    /// rule with the lower `rank`.
    pub fn rewrite(&mut self, range: Range<usize>, rank: usize, text: String) {
        let order = |range: &Range<usize>, rank: usize| (range.start, usize::MAX - range.end, rank);
        let new = order(&range, rank);
        let at = self.growing.partition_point(|other| order(&other.range, other.rank) <= new);
        self.growing.insert(at, Rewritten { range, rank, text });
    }

    /// Decides all that can be, when everything that starts before `open` is known. Returns how far the text may go
    /// out; past a block it is the block's start and never moves again.
    pub fn advance(&mut self, open: usize) -> usize {
        let limit = self.block.map_or(usize::MAX, |(start, _)| start);
        let mut released = open.min(limit);
        while let Some(first) = self.growing.front() {
            if first.range.start >= released {
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
                released = first.range.start;
                break;
            }
            let range = first.range.start..end.min(limit);
            let first = self.growing.drain(..members).next();
            self.edits.extend(first.map(|first| Edit { range, text: first.text }));
        }
        self.released = self.released.max(released);
        self.released
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
