//! What several sets of patterns have in common, compiled once: most rules read requests and answers alike, and many
//! stand in several policies, and in the next version of the same policy.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

use regex_syntax::hir::{Class, Hir, HirKind};

use super::super::program::{Program, ProgramError};
use super::automaton::Automaton;
use super::joint::Union;

/// Compiled patterns, and the automata of their literals, for as long as a set uses them.
#[derive(Debug, Default)]
pub struct Shared {
    /// By the pattern and the longest match.
    programs: HashMap<Source, Vec<Weak<Program>>>,
    /// By the programs whose literals they look for.
    prefilters: ByPrograms<Automaton>,
    /// By the programs that they follow together.
    unions: ByPrograms<Union>,
}

impl Shared {
    pub(super) fn programs(&mut self, hir: &Arc<Hir>, max_match: usize) -> Result<Vec<Arc<Program>>, ProgramError> {
        let source = Source { hir: Arc::clone(hir), max_match };
        let known = self.programs.get(&source).and_then(|known| known.iter().map(Weak::upgrade).collect());
        if let Some(known) = known {
            return Ok(known);
        }
        let programs: Vec<_> = Program::compile(hir, max_match)?.into_iter().map(Arc::new).collect();
        self.programs.insert(source, programs.iter().map(Arc::downgrade).collect());
        Ok(programs)
    }

    /// The automaton of these literals, which are those of these programs.
    pub(super) fn prefilter(&mut self, programs: &[Arc<Program>], literals: &[&[u8]]) -> Option<Arc<Automaton>> {
        known(&mut self.prefilters, programs, || Automaton::new(literals))
    }

    /// What follows these programs together.
    pub(super) fn union(&mut self, programs: &[Arc<Program>], make: impl Fn() -> Option<Union>) -> Option<Arc<Union>> {
        known(&mut self.unions, programs, make)
    }

    /// Forgets what nothing uses any more.
    pub(in crate::policy) fn prune(&mut self) {
        self.prefilters.retain(|(_, automaton)| automaton.strong_count() > 0);
        self.unions.retain(|(_, union)| union.strong_count() > 0);
        self.programs.retain(|_, programs| programs.iter().any(|program| program.strong_count() > 0));
    }
}

/// What several programs have together.
type ByPrograms<T> = Vec<(Vec<Weak<Program>>, Weak<T>)>;

fn known<T>(all: &mut ByPrograms<T>, programs: &[Arc<Program>], make: impl Fn() -> Option<T>) -> Option<Arc<T>> {
    let programs: Vec<Weak<Program>> = programs.iter().map(Arc::downgrade).collect();
    let same = |known: &[Weak<Program>]| {
        known.len() == programs.len() && known.iter().zip(&programs).all(|(one, other)| one.ptr_eq(other))
    };
    if let Some(known) = all.iter().filter(|(known, _)| same(known)).find_map(|(_, known)| known.upgrade()) {
        return Some(known);
    }
    let made = Arc::new(make()?);
    all.push((programs, Arc::downgrade(&made)));
    Some(made)
}

/// What a program is compiled from.
#[derive(Debug, PartialEq, Eq)]
struct Source {
    hir: Arc<Hir>,
    max_match: usize,
}

impl Hash for Source {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.max_match.hash(hasher);
        hash(&self.hir, hasher);
    }
}

fn hash(hir: &Hir, hasher: &mut impl Hasher) {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => literal.0.hash(hasher),
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().for_each(|range| (range.start(), range.end()).hash(hasher));
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().for_each(|range| (range.start(), range.end()).hash(hasher));
        }
        HirKind::Look(look) => look.as_repr().hash(hasher),
        HirKind::Repetition(repetition) => {
            (repetition.min, repetition.max).hash(hasher);
            hash(&repetition.sub, hasher);
        }
        HirKind::Capture(capture) => hash(&capture.sub, hasher),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.len().hash(hasher);
            for part in parts {
                hash(part, hasher);
            }
        }
    }
}
