//! One pattern as an automaton that is stepped byte by byte from a given start.
//!
//! A pattern becomes an anchored dense DFA where that is possible, when a candidate first needs it. Two things are in
//! the way: Unicode word boundaries, which need the neighbouring characters, and size. Boundaries at the ends of a
//! pattern (`\bword\b`, by far the most common) are taken off and checked beside the automaton; whatever is left over
//! runs as a set of NFA states.
//!
//! Both machines report a match one byte late, when they see what follows it: that is how they know about look-ahead.

use std::collections::HashSet;
use std::sync::OnceLock;

use regex_automata::dfa::Automaton;
use regex_automata::dfa::dense;
use regex_automata::nfa::thompson::{self, NFA, State as NfaState};
use regex_automata::util::look::{Look, LookMatcher};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{self, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

use super::scanner::{DEPTH, Reach};

/// Most memory that one pattern's DFA may take, in bytes; larger ones run as an NFA.
const MAX_DFA: usize = 2 << 20;
/// Most memory that one pattern's NFA may take, in bytes.
const MAX_NFA: usize = 4 << 20;
/// Most memory that the NFA of a pattern may take that becomes one with others, in bytes.
const MAX_JOINED: usize = 256 << 10;
/// Longest literal that the prefilter looks for, in bytes.
const MAX_LITERAL: usize = 16;
/// Most literals that one pattern gives to the prefilter.
const MAX_LITERALS: usize = 4096;
/// Of more literals the first bytes do: what they begin with is what costs memory.
const FEW_LITERALS: usize = 128;
/// So many first bytes.
const SHORT_LITERAL: usize = 6;
/// Most literals where classes are spelled out, as in `id-[0-9a-f]`.
const MAX_SPELLED: usize = 512;
/// Most states of an automaton after some bytes that are told apart.
const MAX_STATES: usize = 256;
/// Most programs that one pattern is taken apart into.
const MAX_BRANCHES: usize = 64;

/// Why a pattern cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The automaton would be too large.
    #[error("the pattern is too large: {0}")]
    TooLarge(#[from] Box<thompson::BuildError>),
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    machine: Lazy,
    before: Vec<Look>,
    after: Vec<Look>,
    pub(super) entry: Entry,
    reach: OnceLock<Reach>,
}

/// How the scanner notices that a match of the pattern may start.
#[derive(Debug)]
pub(super) enum Entry {
    /// Every match starts with one of these, ASCII letters in either case. None is a prefix of another.
    Literals(Vec<Vec<u8>>),
    /// Every match starts with one of these bytes.
    Bytes(Box<[bool; 256]>),
}

/// A machine that is built when a candidate first needs it. Of hundreds of formats with literal beginnings a text has a
/// few, and building one takes a few milliseconds at most.
#[derive(Debug)]
struct Lazy {
    core: Hir,
    built: OnceLock<Machine>,
    /// What a match begins with, as far as literals go: tells whether a text may become a candidate.
    head: Option<Machine>,
    /// Whether one automaton of several patterns may hold it.
    joins: bool,
}

#[derive(Debug)]
enum Machine {
    /// The automaton, and its match states from which nothing goes on: a match is reported one byte late, so that such a
    /// state says that something has ended and is not worth another step.
    Dfa(Box<dense::DFA<Vec<u32>>>, HashSet<StateID>),
    Nfa(NFA),
}

/// Where a candidate stands in its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Dfa(StateID),
    /// Sorted; looks at the current position are not yet resolved.
    Nfa(Box<[StateID]>),
}

/// Text around a position, for look-around: what is kept of the text, and the position in it.
#[derive(Clone, Copy)]
pub(super) struct Around<'t> {
    pub(super) kept: &'t [u8],
    pub(super) at: usize,
}

impl Around<'_> {
    fn holds(self, looks: &[Look]) -> bool {
        if looks.is_empty() {
            return true;
        }
        let before = self.at.checked_sub(1).and_then(|at| self.kept.get(at));
        let after = self.kept.get(self.at);
        // Between ASCII characters, as most are, no table has to be asked.
        let is_ascii = [before, after].iter().all(|byte| byte.is_none_or(u8::is_ascii));
        let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let (before, after, matcher) = (is_word(before), is_word(after), LookMatcher::new());
        looks.iter().all(|&look| match look {
            Look::WordUnicode if is_ascii => before != after,
            Look::WordUnicodeNegate if is_ascii => before == after,
            Look::WordStartUnicode if is_ascii => !before && after,
            Look::WordEndUnicode if is_ascii => before && !after,
            Look::WordStartHalfUnicode if is_ascii => !before,
            Look::WordEndHalfUnicode if is_ascii => !after,
            _ => matcher.matches(look, self.kept, self.at),
        })
    }
}

impl Program {
    /// Compiles a pattern. Alternations between word boundaries give one program for each branch, so that boundaries at
    /// the ends of branches are cheap too. `max_match` is the longest match that anybody wants, in bytes.
    pub(super) fn compile(hir: &Hir, max_match: usize) -> Result<Vec<Program>, ProgramError> {
        let mut programs = Vec::new();
        Program::expand(hir, &[], &[], max_match, &mut programs)?;
        Ok(programs)
    }

    fn expand(
        hir: &Hir,
        before: &[Look],
        after: &[Look],
        max_match: usize,
        out: &mut Vec<Program>,
    ) -> Result<(), ProgramError> {
        let (head, core, tail) = peel(bare(hir));
        let before = [before, &head].concat();
        let after = [&tail, after].concat();
        if let HirKind::Alternation(branches) = bare(&core).kind()
            && core.properties().look_set().contains_word_unicode()
            && out.len() + branches.len() <= MAX_BRANCHES
        {
            return branches.iter().try_for_each(|branch| Program::expand(branch, &before, &after, max_match, out));
        }
        out.push(Program::single(&core, before, after, max_match)?);
        Ok(())
    }

    fn single(core: &Hir, before: Vec<Look>, after: Vec<Look>, max_match: usize) -> Result<Program, ProgramError> {
        // What is too large is said at once, whenever the machine is built.
        let nfa = nfa_of(core).map_err(Box::new)?;
        let entry = Entry::of(core, &nfa, max_match);
        let head = match &entry {
            Entry::Bytes(_) => None,
            Entry::Literals(literals) => {
                let longest = literals.iter().map(Vec::len).max().unwrap_or(0);
                Some(Machine::Nfa(nfa_of(&head(core, longest)).map_err(Box::new)?))
            }
        };
        let joins = nfa.memory_usage() <= MAX_JOINED && !core.properties().look_set().contains_word_unicode();
        let machine = Lazy { core: core.clone(), built: OnceLock::new(), head, joins };
        Ok(Program { machine, before, after, entry, reach: OnceLock::new() })
    }

    /// The pattern was built into an NFA once, when the policy was loaded: it can be again.
    fn machine(&self) -> &Machine {
        let core = &self.machine.core;
        self.machine.built.get_or_init(|| Machine::new(nfa_of(core).unwrap_or_else(|_| NFA::never_match())))
    }

    /// The state at a start, or nothing when what stands around it rules a match out.
    pub(super) fn start(&self, around: Around<'_>) -> Option<State> {
        if !around.holds(&self.before) {
            return None;
        }
        self.machine().start(around)
    }

    /// Whether a match may begin with the `length` bytes from here on, which are fewer than a literal has.
    pub(super) fn may_begin(&self, kept: &[u8], from: usize, length: usize) -> bool {
        let machine = self.machine.head.as_ref().unwrap_or_else(|| self.machine());
        let around = |at: usize| Around { kept, at };
        if !around(from).holds(&self.before) {
            return false;
        }
        let end = (from..from + length).try_fold(machine.start(around(from)), |state, at| {
            let (next, _) = machine.step(state.as_ref()?, kept[at], around(at));
            next.map(Some)
        });
        end.flatten().is_some()
    }

    /// The length of the shortest literal that a match starts with, in bytes; 0 if it need not start with any.
    pub(super) fn shortest_literal(&self) -> usize {
        match &self.entry {
            Entry::Literals(literals) => literals.iter().map(Vec::len).min().unwrap_or(0),
            Entry::Bytes(_) => 0,
        }
    }

    /// Whether a match may start with one of these characters, whatever stands around it.
    pub(super) fn may_start_with(&self, chars: &[char]) -> bool {
        let starts = [None, Some(b' '), Some(b'a'), Some(b'\n')];
        // Few literals begin like any of them, and there may be thousands of both.
        let mut first = [false; 256];
        for char in chars {
            first[usize::from(char.encode_utf8(&mut [0; 4]).as_bytes()[0])] = true;
        }
        let literals: Vec<&Vec<u8>> = match &self.entry {
            Entry::Literals(literals) => literals.iter().filter(|literal| first[usize::from(literal[0])]).collect(),
            Entry::Bytes(_) => Vec::new(),
        };
        let one = |char: &char| {
            let mut bytes = [0; 4];
            let bytes = char.encode_utf8(&mut bytes).as_bytes();
            match &self.entry {
                Entry::Literals(_) => {
                    literals.iter().any(|literal| literal.starts_with(bytes) || bytes.starts_with(literal))
                }
                Entry::Bytes(first) if !first[usize::from(bytes[0])] => false,
                Entry::Bytes(_) => match self.machine() {
                    Machine::Nfa(_) => true,
                    Machine::Dfa(dfa, _) => starts.iter().any(|&behind| {
                        let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes).look_behind(behind));
                        let end =
                            start.map(|start| bytes.iter().fold(start, |state, &byte| dfa.next_state(state, byte)));
                        end.map_or(true, |end| !dfa.is_dead_state(end))
                    }),
                },
            }
        };
        chars.iter().any(one)
    }

    /// Steps over the byte at `around`. Tells whether a match ends before that byte (`end_holds` still to be asked), and
    /// the state after it unless nothing can match any more.
    pub(super) fn step(&self, state: &State, byte: u8, around: Around<'_>) -> (Option<State>, bool) {
        self.machine().step(state, byte, around)
    }

    /// Whether a match ends where the text ends.
    pub(super) fn matches_at_end(&self, state: &State, around: Around<'_>) -> bool {
        match (self.machine(), state) {
            (Machine::Dfa(dfa, _), State::Dfa(id)) => dfa.is_match_state(dfa.next_eoi_state(*id)),
            (Machine::Nfa(nfa), State::Nfa(ids)) => {
                let mut matched = false;
                closure(nfa, ids, Some(around), |id| matched |= matches!(nfa.state(id), NfaState::Match { .. }));
                matched
            }
            _ => false,
        }
    }

    /// Reports the ends of all matches that start here, if nothing goes on within `most` bytes, as far as text is there.
    /// Returns how many bytes say so.
    pub(super) fn ends_within(
        &self,
        state: &State,
        around: Around<'_>,
        most: usize,
        mut report: impl FnMut(usize),
    ) -> Option<usize> {
        let (Machine::Dfa(dfa, spent), State::Dfa(id)) = (self.machine(), state) else { return None };
        let mut id = *id;
        for (steps, &byte) in around.kept.get(around.at..).unwrap_or_default().iter().take(most).enumerate() {
            id = dfa.next_state(id, byte);
            if dfa.is_special_state(id) {
                let matched = dfa.is_match_state(id);
                if matched {
                    report(around.at + steps);
                }
                if dfa.is_dead_state(id) || (matched && spent.contains(&id)) {
                    return Some(steps);
                }
            }
        }
        None
    }

    /// What the automaton is made of, if the pattern begins with no literal and may be one with others.
    pub(super) fn headless(&self) -> Option<&Hir> {
        matches!(self.entry, Entry::Bytes(_)).then_some(&self.machine.core).filter(|_| self.machine.joins)
    }

    /// Whether what stands around a match's beginning allows it.
    pub(super) fn start_holds(&self, around: Around<'_>) -> bool {
        around.holds(&self.before)
    }

    /// Which bytes a match can take at each of the first places behind its start; of those from which on it may be over,
    /// or about which too much would have to be known, none is told.
    pub(super) fn reach(&self) -> &[[bool; 256]] {
        self.reach.get_or_init(|| nfa_of(&self.machine.core).map_or_else(|_| Reach::new(), |nfa| reach(&nfa, DEPTH)))
    }

    /// Whether what stands around a match's end allows it.
    pub(super) fn end_holds(&self, around: Around<'_>) -> bool {
        around.holds(&self.after)
    }

    /// Whether the pattern runs as an NFA, which is slower.
    #[cfg(test)]
    pub(super) fn is_slow(&self) -> bool {
        matches!(self.machine(), Machine::Nfa(_))
    }
}

impl Machine {
    fn new(nfa: NFA) -> Machine {
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(regex_automata::dfa::StartKind::Anchored)
            .accelerate(false)
            .dfa_size_limit(Some(MAX_DFA))
            .determinize_size_limit(Some(2 * MAX_DFA));
        match dense::Builder::new().configure(config).build_from_nfa(&nfa) {
            Ok(dfa) => {
                let spent = spent(&dfa);
                Machine::Dfa(Box::new(dfa), spent)
            }
            Err(_) => Machine::Nfa(nfa),
        }
    }
}

impl Machine {
    fn start(&self, around: Around<'_>) -> Option<State> {
        match self {
            Machine::Dfa(dfa, _) => {
                let behind = around.at.checked_sub(1).and_then(|at| around.kept.get(at)).copied();
                dfa.start_state(&start::Config::new().anchored(Anchored::Yes).look_behind(behind)).ok().map(State::Dfa)
            }
            Machine::Nfa(nfa) => Some(State::Nfa([nfa.start_anchored()].into())),
        }
    }

    fn step(&self, state: &State, byte: u8, around: Around<'_>) -> (Option<State>, bool) {
        match (self, state) {
            (Machine::Dfa(dfa, spent), State::Dfa(id)) => {
                let next = dfa.next_state(*id, byte);
                if !dfa.is_special_state(next) {
                    return (Some(State::Dfa(next)), false);
                }
                let matched = dfa.is_match_state(next);
                let over = dfa.is_dead_state(next) || (matched && spent.contains(&next));
                ((!over).then_some(State::Dfa(next)), matched)
            }
            (Machine::Nfa(nfa), State::Nfa(ids)) => {
                let (mut next, mut matched) = (Vec::new(), false);
                closure(nfa, ids, Some(around), |id| match nfa.state(id) {
                    NfaState::ByteRange { trans } if trans.matches_byte(byte) => next.push(trans.next),
                    NfaState::Sparse(sparse) => next.extend(sparse.matches_byte(byte)),
                    NfaState::Dense(dense) => next.extend(dense.matches_byte(byte)),
                    NfaState::Match { .. } => matched = true,
                    _ => {}
                });
                next.sort_unstable();
                next.dedup();
                ((!next.is_empty()).then(|| State::Nfa(next.into())), matched)
            }
            _ => (None, false),
        }
    }
}

/// The first parts of a pattern, which match `length` bytes or more.
fn head(hir: &Hir, length: usize) -> Hir {
    let HirKind::Concat(parts) = bare(hir).kind() else { return hir.clone() };
    let mut sum = 0;
    let few = parts.iter().take_while(|part| {
        let before = sum;
        sum += part.properties().minimum_len().unwrap_or(0);
        before < length
    });
    Hir::concat(few.cloned().collect())
}

fn nfa_of(core: &Hir) -> Result<NFA, thompson::BuildError> {
    let config =
        NFA::config().shrink(false).which_captures(thompson::WhichCaptures::None).nfa_size_limit(Some(MAX_NFA));
    thompson::Compiler::new().configure(config).build_from_hir(core)
}

/// What [`Program::reach`] tells, of the first `depth` places.
fn reach(nfa: &NFA, depth: usize) -> Reach {
    let mut reach = Reach::new();
    let mut states = vec![nfa.start_anchored()];
    while reach.len() < depth && states.len() <= MAX_STATES {
        let (mut bytes, mut after, mut matched) = ([false; 256], Vec::new(), false);
        // Looks are taken to hold.
        closure(nfa, &states, None, |id| match nfa.state(id) {
            NfaState::Match { .. } => matched = true,
            state => transitions(state, |first, last, next| {
                bytes[usize::from(first)..=usize::from(last)].fill(true);
                after.push(next);
            }),
        });
        if matched {
            break;
        }
        reach.push(bytes);
        after.sort_unstable();
        after.dedup();
        states = after;
    }
    reach
}

/// The match states whose every transition is dead.
fn spent(dfa: &dense::DFA<Vec<u32>>) -> HashSet<StateID> {
    let start = |behind| dfa.start_state(&start::Config::new().anchored(Anchored::Yes).look_behind(behind)).ok();
    let mut stack: Vec<StateID> = (0..=255).map(Some).chain([None]).filter_map(start).collect();
    let (mut seen, mut spent) = (HashSet::new(), HashSet::new());
    while let Some(id) = stack.pop() {
        if !seen.insert(id) {
            continue;
        }
        let before = stack.len();
        stack.extend((0..=255).map(|byte| dfa.next_state(id, byte)).filter(|&next| !dfa.is_dead_state(next)));
        if stack.len() == before && dfa.is_match_state(id) && !dfa.is_match_state(dfa.next_eoi_state(id)) {
            spent.insert(id);
        }
        stack[before..].sort_unstable();
        stack.dedup();
    }
    spent
}

/// Calls `visit` for every state that can be reached without a byte, each once. Without surroundings, all looks hold.
fn closure(nfa: &NFA, ids: &[StateID], around: Option<Around<'_>>, mut visit: impl FnMut(StateID)) {
    let mut seen = vec![false; nfa.states().len()];
    let mut stack = ids.to_vec();
    while let Some(id) = stack.pop() {
        if std::mem::replace(&mut seen[id.as_usize()], true) {
            continue;
        }
        visit(id);
        match nfa.state(id) {
            NfaState::Look { look, next } if around.is_none_or(|around| around.holds(&[*look])) => stack.push(*next),
            NfaState::Union { alternates } => stack.extend(alternates.iter()),
            NfaState::BinaryUnion { alt1, alt2 } => stack.extend([*alt1, *alt2]),
            NfaState::Capture { next, .. } => stack.push(*next),
            _ => {}
        }
    }
}

/// The pattern without groups round all of it.
fn bare(hir: &Hir) -> &Hir {
    match hir.kind() {
        HirKind::Capture(capture) => bare(&capture.sub),
        _ => hir,
    }
}

/// Takes Unicode word boundaries off the ends of a concatenation.
fn peel(hir: &Hir) -> (Vec<Look>, Hir, Vec<Look>) {
    let HirKind::Concat(parts) = hir.kind() else { return (Vec::new(), hir.clone(), Vec::new()) };
    let word = |part: &Hir| match bare(part).kind() {
        HirKind::Look(look) => convert(*look),
        _ => None,
    };
    let first = parts.iter().take_while(|part| word(part).is_some()).count();
    let last = parts.iter().rev().take_while(|part| word(part).is_some()).count();
    if first + last >= parts.len() {
        return (Vec::new(), hir.clone(), Vec::new());
    }
    let (head, rest) = parts.split_at(first);
    let (core, tail) = rest.split_at(rest.len() - last);
    let looks = |parts: &[Hir]| parts.iter().filter_map(word).collect();
    (looks(head), Hir::concat(core.to_vec()), looks(tail))
}

/// The Unicode word looks, as the matcher names them.
fn convert(look: hir::Look) -> Option<Look> {
    Some(match look {
        hir::Look::WordUnicode => Look::WordUnicode,
        hir::Look::WordUnicodeNegate => Look::WordUnicodeNegate,
        hir::Look::WordStartUnicode => Look::WordStartUnicode,
        hir::Look::WordEndUnicode => Look::WordEndUnicode,
        hir::Look::WordStartHalfUnicode => Look::WordStartHalfUnicode,
        hir::Look::WordEndHalfUnicode => Look::WordEndHalfUnicode,
        _ => return None,
    })
}

impl Entry {
    fn of(hir: &Hir, nfa: &NFA, max_match: usize) -> Entry {
        Entry::literals(hir, max_match).map_or_else(|| Entry::Bytes(first_bytes(nfa)), Entry::Literals)
    }

    fn literals(hir: &Hir, max_match: usize) -> Option<Vec<Vec<u8>>> {
        let lowered = lower(hir);
        // Words and prefixes alone are few. What they do not tell apart, classes behind them may.
        let words = Entry::extract(&lowered, 3, MAX_LITERALS, max_match);
        if words.as_ref().is_some_and(|words| words.iter().all(|literal| literal.len() >= 3)) {
            return words;
        }
        Entry::extract(&lowered, 16, MAX_SPELLED, max_match).or(words)
    }

    /// Literals in which classes of up to `class` characters are spelled out.
    fn extract(lowered: &Hir, class: usize, total: usize, max_match: usize) -> Option<Vec<Vec<u8>>> {
        let mut extractor = hir::literal::Extractor::new();
        extractor.limit_literal_len(MAX_LITERAL).limit_total(total).limit_class(class).limit_repeat(MAX_LITERAL);
        let mut found = extractor.extract(lowered);
        // A literal longer than the longest match would hide starts that are over the limit.
        found.keep_first_bytes(MAX_LITERAL.min(max_match));
        let mut literals: Vec<Vec<u8>> =
            found.literals()?.iter().map(|literal| literal.as_bytes().to_ascii_lowercase()).collect();
        if literals.len() > FEW_LITERALS {
            for literal in &mut literals {
                literal.truncate(SHORT_LITERAL);
            }
        }
        literals.sort();
        // Sorted, a literal's extensions follow it directly: keeping the shortest makes every start show up once.
        literals.dedup_by(|longer, kept| longer.starts_with(kept));
        // One byte turns up everywhere, and digits in every number; the table of first bytes is cheaper then.
        let tells = |literal: &Vec<u8>| literal.len() >= 2 && !literal.iter().all(u8::is_ascii_digit);
        (!literals.is_empty() && literals.iter().all(tells)).then_some(literals)
    }
}

/// The bytes that a match can start with, whatever stands around it.
fn first_bytes(nfa: &NFA) -> Box<[bool; 256]> {
    let mut bytes = Box::new([false; 256]);
    closure(nfa, &[nfa.start_anchored()], None, |id| {
        transitions(nfa.state(id), |first, last, _| bytes[usize::from(first)..=usize::from(last)].fill(true));
    });
    bytes
}

/// Reports where a state goes with which bytes.
fn transitions(state: &NfaState, mut report: impl FnMut(u8, u8, StateID)) {
    match state {
        NfaState::ByteRange { trans } => report(trans.start, trans.end, trans.next),
        NfaState::Sparse(sparse) => {
            sparse.transitions.iter().for_each(|trans| report(trans.start, trans.end, trans.next))
        }
        NfaState::Dense(dense) => {
            (0..=255).for_each(|byte| dense.matches_byte(byte).into_iter().for_each(|next| report(byte, byte, next)));
        }
        _ => {}
    }
}

/// The pattern with ASCII capitals replaced by small letters. A prefilter that ignores case finds all that it finds,
/// and `(?i)word` gives one literal in place of sixteen.
fn lower(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Unicode(class)) => {
            let small = class.ranges().iter().flat_map(|range| {
                let (low, high) = (range.start().max('A'), range.end().min('Z'));
                let folded =
                    (low <= high).then(|| ClassUnicodeRange::new(low.to_ascii_lowercase(), high.to_ascii_lowercase()));
                let below = (range.start() < 'A').then(|| ClassUnicodeRange::new(range.start(), range.end().min('@')));
                let above = (range.end() > 'Z').then(|| ClassUnicodeRange::new(range.start().max('['), range.end()));
                [folded, below, above].into_iter().flatten()
            });
            Hir::class(Class::Unicode(ClassUnicode::new(small)))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            let small = bytes.map(|byte| byte.to_ascii_lowercase()).map(|byte| ClassBytesRange::new(byte, byte));
            Hir::class(Class::Bytes(ClassBytes::new(small)))
        }
        HirKind::Repetition(repetition) => {
            let mut lowered = repetition.clone();
            lowered.sub = Box::new(lower(&repetition.sub));
            Hir::repetition(lowered)
        }
        HirKind::Capture(capture) => lower(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(lower).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(lower).collect()),
        _ => hir.clone(),
    }
}
