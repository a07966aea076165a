//! Many literals in one automaton (Aho and Corasick), ASCII letters in either case.
//!
//! A state stands for the longest beginning of a literal that the text ends with, and they are numbered by its length.
//! The first ones, in which ordinary text nearly always is, have a row of transitions each. The others, by far the most,
//! know no more than how their own literals go on, and leave the rest to the next shorter beginning: that costs a few
//! bytes in place of a kilobyte, and as little time when policies are compiled.

use std::ops::Range;

/// Most memory for rows, in bytes.
const ROWS: usize = 1 << 20;
/// Set in a state in which literals end.
const ENDS: u32 = 1 << 31;
/// Of a state: that no literal ends there, nor in any shorter one.
const NONE: u32 = u32::MAX;

/// All literals of a set. None of them is empty, and none is longer than 255 bytes.
#[derive(Debug)]
pub(super) struct Automaton {
    /// By byte, its place in a row. The first is for all bytes that no literal has.
    columns: Box<[u8; 256]>,
    /// The length of a row, as a power of two.
    shift: u32,
    /// How many states have rows.
    full: usize,
    rows: Vec<u32>,
    nodes: Vec<Node>,
}

/// What is known of each state.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The state of the next shorter beginning that the text ends with.
    shorter: u32,
    /// The first of the states that go on from here; the next state's is the end of them.
    next: u32,
    /// The literal that ends here, or [`NONE`].
    literal: u32,
    /// This state, or the next shorter one in which a literal ends, or [`NONE`].
    ends: u32,
    /// The byte that led here, as its place in a row.
    column: u8,
    /// The same of the first state that goes on from here; 0: none does.
    first: u8,
    /// How long the beginning is, in bytes.
    length: u8,
}

/// Where a text stands: at first, where every text starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct State(u32);

impl State {
    /// Whether a literal ends here.
    pub(super) fn is_match(self) -> bool {
        self.0 & ENDS != 0
    }
}

impl Automaton {
    /// Of literals in small letters, sorted, each once. `None`: they are too many.
    pub(super) fn new(literals: &[&[u8]]) -> Option<Automaton> {
        Automaton::with_rows(literals, ROWS)
    }

    fn with_rows(literals: &[&[u8]], memory: usize) -> Option<Automaton> {
        let mut automaton = Automaton::columns(literals);
        automaton.grow(literals)?;
        let width = 1 << automaton.shift;
        automaton.full = automaton.nodes.len().min(memory / (4 * width)).max(1);
        // Beyond the rows and with the flag beside it, every state has a number of its own.
        let most = automaton.nodes.len() + automaton.full * width;
        u32::try_from(most).ok().filter(|&most| most < ENDS)?;
        automaton.link();
        Some(automaton)
    }

    fn columns(literals: &[&[u8]]) -> Automaton {
        let mut used = [false; 256];
        literals.iter().copied().flatten().for_each(|&byte| used[usize::from(byte)] = true);
        let (mut columns, mut count) = (Box::new([0; 256]), 0u8);
        for byte in (0..=255u8).filter(|&byte| used[usize::from(byte)]) {
            // Capitals are read as small letters, so that they are fewer than 256.
            count += 1;
            columns[usize::from(byte)] = count;
            columns[usize::from(byte.to_ascii_uppercase())] = count;
        }
        let shift = (usize::from(count) + 1).next_power_of_two().trailing_zeros();
        Automaton { columns, shift, full: 0, rows: Vec::new(), nodes: Vec::new() }
    }

    /// Makes the states, each length after the shorter ones.
    fn grow(&mut self, literals: &[&[u8]]) -> Option<()> {
        let root = Node { shorter: 0, next: 0, literal: NONE, ends: NONE, column: 0, first: 0, length: 0 };
        self.nodes.push(root);
        // Those of the literals that begin like each state.
        let mut begun: Vec<Range<usize>> = std::iter::once(0..literals.len()).collect();
        let mut from = 0;
        while from < self.nodes.len() {
            let to = self.nodes.len();
            let mut longer = Vec::new();
            for (state, own) in (from..to).zip(begun) {
                let length = usize::from(self.nodes[state].length);
                self.nodes[state].next = u32::try_from(self.nodes.len()).ok()?;
                let mut rest = own;
                if literals.get(rest.start).is_some_and(|literal| literal.len() == length) {
                    self.nodes[state].literal = u32::try_from(rest.start).ok()?;
                    rest.start += 1;
                }
                while let Some(&byte) = literals[rest.clone()].first().and_then(|literal| literal.get(length)) {
                    let same = literals[rest.clone()].partition_point(|literal| literal.get(length) == Some(&byte));
                    longer.push(rest.start..rest.start + same);
                    rest.start += same;
                    let (column, length) = (self.columns[usize::from(byte)], u8::try_from(length + 1).ok()?);
                    let parent = &mut self.nodes[state];
                    parent.first = if parent.first == 0 { column } else { parent.first };
                    self.nodes.push(Node { column, length, ..root });
                }
            }
            (from, begun) = (to, longer);
        }
        self.nodes.shrink_to_fit();
        Some(())
    }

    /// Finds what is shorter, and fills the rows. When a state's turn comes, that is done for all shorter ones.
    fn link(&mut self) {
        let width = 1 << self.shift;
        self.rows = Vec::with_capacity(self.full * width);
        for state in 0..self.nodes.len() {
            let Node { shorter, literal, .. } = self.nodes[state];
            let (is_root, shorter) = (state == 0, shorter as usize);
            let ends = if is_root { NONE } else { self.nodes[shorter].ends };
            self.nodes[state].ends = if literal == NONE { ends } else { state as u32 };
            let children = self.children(state);
            for child in children.clone().filter(|_| !is_root) {
                let beside = self.next_of(shorter, usize::from(self.nodes[child].column));
                self.nodes[child].shorter = beside as u32;
            }
            if state >= self.full {
                continue;
            }
            if is_root {
                self.rows.resize(width, 0);
            } else {
                self.rows.extend_from_within(shorter * width..(shorter + 1) * width);
            }
            for child in children {
                let own = state * width + usize::from(self.nodes[child].column);
                self.rows[own] = self.number(child);
            }
        }
        for place in 0..self.rows.len() {
            self.rows[place] = self.state(self.index(State(self.rows[place]))).0;
        }
    }

    /// Where a text stands after one more byte.
    #[inline]
    pub(super) fn next(&self, state: State, byte: u8) -> State {
        let column = usize::from(self.columns[usize::from(byte)]);
        // States with rows are numbered by where those begin: all others are beyond the last.
        match self.rows.get(state.0 as usize + column) {
            Some(&next) => State(next),
            None => self.follow(state, column),
        }
    }

    /// The same from a state without a row, or in which literals end.
    #[inline(never)]
    fn follow(&self, state: State, column: usize) -> State {
        let known = |number: usize| self.rows.get(number + column).map(|&next| State(next));
        let number = (state.0 & !ENDS) as usize;
        // What no literal has, none goes on with.
        if let Some(next) = if column == 0 { Some(State::default()) } else { known(number) } {
            return next;
        }
        let mut state = self.index(state);
        loop {
            let node = &self.nodes[state];
            if usize::from(node.first) == column {
                return self.state(node.next as usize);
            }
            let mut others = self.children(state).skip(1);
            if let Some(child) = others.find(|&child| usize::from(self.nodes[child].column) == column) {
                return self.state(child);
            }
            state = node.shorter as usize;
            if let Some(next) = (state < self.full).then(|| known(state << self.shift)).flatten() {
                return next;
            }
        }
    }

    fn next_of(&self, state: usize, column: usize) -> usize {
        self.index(self.follow(State(self.number(state)), column))
    }

    /// The literals that end here, the longest first: which, and how many bytes they have.
    pub(super) fn ending(&self, state: State) -> impl Iterator<Item = (usize, usize)> {
        let ends = |state: u32| (state != NONE).then(|| &self.nodes[state as usize]);
        let first = ends(self.nodes[self.index(state)].ends);
        let all = std::iter::successors(first, move |node| ends(self.nodes[node.shorter as usize].ends));
        all.map(|node| (node.literal as usize, usize::from(node.length)))
    }

    /// Number of states.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Of a state among all: the shorter ones have smaller numbers.
    pub(super) fn index(&self, state: State) -> usize {
        let (number, rows) = ((state.0 & !ENDS) as usize, self.full << self.shift);
        if number < rows { number >> self.shift } else { number - rows + self.full }
    }

    /// The state of the next shorter beginning that a text ends with which stands at `state`.
    pub(super) fn shorter(&self, state: usize) -> usize {
        self.nodes[state].shorter as usize
    }

    /// How long the beginning is that this state stands for, in bytes.
    pub(super) fn length(&self, state: usize) -> u8 {
        self.nodes[state].length
    }

    /// The literal that this state stands for.
    pub(super) fn literal(&self, state: usize) -> Option<usize> {
        let literal = self.nodes[state].literal;
        (literal != NONE).then_some(literal as usize)
    }

    /// The states that go on from this one.
    pub(super) fn children(&self, state: usize) -> Range<usize> {
        let end = self.nodes.get(state + 1).map_or(self.nodes.len(), |next| next.next as usize);
        self.nodes[state].next as usize..end
    }

    fn state(&self, index: usize) -> State {
        let ends = if self.nodes[index].ends == NONE { 0 } else { ENDS };
        State(self.number(index) | ends)
    }

    fn number(&self, index: usize) -> u32 {
        let number =
            if index < self.full { index << self.shift } else { (self.full << self.shift) + index - self.full };
        number as u32
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_state_tells_what_a_text_ends_with(
            mut literals in prop::collection::vec("[abé-]{1,5}", 1..12),
            text in "[abABé. -]{0,24}",
            rows in 0..12usize,
        ) {
            literals.sort();
            literals.dedup();
            let bytes: Vec<&[u8]> = literals.iter().map(String::as_bytes).collect();
            let automaton = Automaton::with_rows(&bytes, rows * 4 * 8).unwrap();
            let (mut state, lower) = (State::default(), text.to_ascii_lowercase());
            for end in 1..=text.len() {
                state = automaton.next(state, text.as_bytes()[end - 1]);
                let read = &lower.as_bytes()[..end];
                let mut ending: Vec<usize> = (0..bytes.len()).filter(|&literal| read.ends_with(bytes[literal])).collect();
                ending.sort_by_key(|&literal| std::cmp::Reverse(bytes[literal].len()));
                let told: Vec<(usize, usize)> = automaton.ending(state).collect();
                let wanted: Vec<(usize, usize)> =
                    ending.iter().map(|&literal| (literal, bytes[literal].len())).collect();
                prop_assert_eq!(&told, &wanted);
                prop_assert_eq!(state.is_match(), !told.is_empty());
                let begins = |length: usize| bytes.iter().any(|literal| literal.starts_with(&read[end - length..]));
                let lengths: Vec<usize> = (1..=end).rev().filter(|&length| begins(length)).collect();
                let states = std::iter::successors(Some(automaton.index(state)), |&state| Some(automaton.shorter(state)));
                let known: Vec<usize> =
                    states.take_while(|&state| state > 0).map(|state| usize::from(automaton.length(state))).collect();
                prop_assert_eq!(known, lengths);
            }
        }
    }
}
