//! What values are called in one conversation, and the way back.
//!
//! A placeholder is a keyed function of tenant, conversation, kind and value, so every replica finds the same one, and so
//! does every turn. Only where two values of one request would share one, or where one stands in the request already, is
//! another taken. The way back holds nothing but what this very request was given, and lives as long as its exchange.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::compile::RuleSet;
use crate::action::{Action, placeholder};
use crate::finding::Edit;
use crate::segment::Scope;

/// Values and placeholders of one exchange: personal data, shown nowhere.
#[derive(Default)]
pub struct Pseudonyms {
    seed: [u8; 32],
    /// What the values of a request are called.
    named: Vec<Named>,
    by_value: HashMap<Box<str>, Vec<usize>>,
    /// What was put into the request, by the placeholder.
    given: Vec<Given>,
    /// Where any of it comes back.
    back: Scope,
}

struct Named {
    entity: Box<str>,
    value: Box<str>,
    placeholder: String,
    tries: u32,
    /// The rules that found it.
    rules: Vec<usize>,
}

/// A placeholder that was put into the request.
pub struct Given {
    /// In small letters.
    pub placeholder: Box<str>,
    /// What it stands for.
    pub value: Box<str>,
    /// For each policy that gave it: where answers get the value back.
    restore: Vec<(usize, Scope)>,
}

/// A value that a pseudonymizing rule has found.
pub struct Value {
    /// The rule's index.
    pub rule: usize,
    /// Entity, label or the rule's id.
    pub entity: Arc<str>,
    /// The text.
    pub text: String,
}

/// How often another choice from a small range is made before a plain one is.
const TRIES: u32 = 8;
/// How many values of a request are given placeholders that look like them; those of the rest are long enough not to be
/// looked for in the text.
const MAX_LIKE: usize = 4096;

impl Pseudonyms {
    /// Those of one conversation of a tenant, which its first texts tell from others.
    pub fn new<'t>(key: &[u8], tenant: Option<&'t str>, conversation: impl Iterator<Item = &'t str>) -> Pseudonyms {
        let tenant = tenant.map_or([""; 2], |tenant| ["tenant", tenant]);
        Pseudonyms { seed: keyed(key, tenant.into_iter().chain(conversation)), ..Pseudonyms::default() }
    }

    /// Names every value. None gets a name that stands in `present`, whatever the case of its letters.
    pub fn name_all(&mut self, values: Vec<Value>, present: &[impl AsRef<[u8]>]) {
        for value in values {
            let known = self.by_value.get(&*value.text).into_iter().flatten();
            match known.copied().find(|&known| *self.named[known].entity == *value.entity) {
                Some(known) if self.named[known].rules.contains(&value.rule) => {}
                Some(known) => self.named[known].rules.push(value.rule),
                None => {
                    let text: Box<str> = value.text.into();
                    self.by_value.entry(text.clone()).or_default().push(self.named.len());
                    let tries = if self.named.len() < MAX_LIKE { 0 } else { TRIES };
                    let (entity, rules) = ((*value.entity).into(), vec![value.rule]);
                    self.named.push(Named { entity, value: text, placeholder: String::new(), tries, rules });
                }
            }
        }
        let mut taken = HashSet::new();
        let mut open: Vec<usize> = (0..self.named.len()).collect();
        for round in 0.. {
            for &index in &open {
                self.choose(index, &mut taken);
            }
            open.retain(|&index| self.named[index].tries < TRIES);
            let stands = standing(open.iter().map(|&index| &self.named[index].placeholder), present);
            open = stands.into_iter().filter_map(|at| open.get(at).copied()).collect();
            if open.is_empty() {
                break;
            }
            for &index in &open {
                self.named[index].tries += if round < 2 { 1 } else { TRIES };
            }
        }
        // What is itself the placeholder of another value was sent back by somebody who got it in this conversation.
        let names: HashSet<String> = self.named.iter().map(|named| named.placeholder.to_ascii_lowercase()).collect();
        for named in &mut self.named {
            if names.contains(&named.value.to_ascii_lowercase()) {
                named.placeholder = named.value.to_string();
            }
        }
    }

    /// Gives a value a placeholder that no other has.
    fn choose(&mut self, index: usize, taken: &mut HashSet<String>) {
        loop {
            let named = &self.named[index];
            let new = candidate(&self.seed, &named.entity, &named.value, named.tries);
            let is_new = taken.insert(new.to_ascii_lowercase());
            let named = &mut self.named[index];
            if is_new {
                named.placeholder = new;
                return;
            }
            named.tries += 1;
        }
    }

    /// What a value is called.
    pub fn name(&self, entity: &str, value: &str) -> String {
        let mut known = self.by_value.get(value).into_iter().flatten().map(|&known| &self.named[known]);
        match known.find(|known| *known.entity == *entity) {
            Some(known) => known.placeholder.clone(),
            None => candidate(&self.seed, entity, value, 0),
        }
    }

    /// Whether the request had this very value.
    pub(super) fn knows(&self, value: &str) -> bool {
        self.by_value.contains_key(value)
    }

    /// The way back, for the answer: of the placeholders that `edits` put into the request and of no others. `None`: there
    /// is nothing to give back.
    pub fn given<'e>(&self, rules: &RuleSet, edits: impl Iterator<Item = &'e Edit>) -> Option<Pseudonyms> {
        let by_name: HashMap<&str, &Named> = self
            .named
            .iter()
            .filter(|named| !named.placeholder.eq_ignore_ascii_case(&named.value))
            .map(|named| (&*named.placeholder, named))
            .collect();
        let mut given: HashMap<&str, Given> = HashMap::new();
        for named in edits.filter_map(|edit| by_name.get(&*edit.text)) {
            given.entry(&named.placeholder).or_insert_with(|| Given {
                placeholder: named.placeholder.to_ascii_lowercase().into(),
                value: named.value.clone(),
                restore: by_policy(rules, &named.rules),
            });
        }
        let mut given: Vec<Given> = given.into_values().collect();
        given.sort_unstable_by(|one, other| one.placeholder.cmp(&other.placeholder));
        let back = given.iter().fold(Scope::EMPTY, |back, given| back | given.everywhere());
        (!given.is_empty()).then(|| Pseudonyms { seed: self.seed, given, back, ..Pseudonyms::default() })
    }

    /// Whether text of this scope may get anything back.
    pub fn comes_back_in(&self, scope: Scope) -> bool {
        let kinds = scope.common(Scope::ANSWER);
        !kinds.is_empty() && self.back.includes(kinds)
    }

    /// What the request was given, sorted by the placeholder.
    pub fn all_given(&self) -> &[Given] {
        &self.given
    }
}

impl Given {
    /// Whether text of this scope gets the value back: every policy that gave it must want that. Text that counts as
    /// several kinds does only if all of them do.
    pub fn comes_back_in(&self, scope: Scope) -> bool {
        let kinds = scope.common(Scope::ANSWER);
        !kinds.is_empty() && self.everywhere().includes(kinds)
    }

    fn everywhere(&self) -> Scope {
        self.restore.iter().fold(Scope::ANSWER, |back, (_, restore)| back.common(*restore))
    }

    /// Whether a rule of this policy gave it.
    pub fn is_of(&self, policy: usize) -> bool {
        self.restore.iter().any(|(own, _)| *own == policy)
    }
}

/// Where each policy wants the values back that its rules found: one rule that says so is enough within a policy.
fn by_policy(rules: &RuleSet, found: &[usize]) -> Vec<(usize, Scope)> {
    let mut all: Vec<(usize, Scope)> = Vec::new();
    for &rule in found {
        let Action::Rewrite(rewrite) = &rules.rule(rule).action else { continue };
        let (policy, restore) = (rules.rules()[rule].policy, rewrite.restore.unwrap_or(Scope::EMPTY));
        match all.iter_mut().find(|(own, _)| *own == policy) {
            Some((_, all)) => *all |= restore,
            None => all.push((policy, restore)),
        }
    }
    all
}

fn candidate(seed: &[u8; 32], entity: &str, value: &str, tries: u32) -> String {
    let bits = keyed(seed, [entity, value, &tries.to_string()].into_iter());
    placeholder(entity, value, &bits, tries >= TRIES)
}

/// Which of the names stand in the texts.
fn standing<'n>(names: impl Iterator<Item = &'n String>, texts: &[impl AsRef<[u8]>]) -> Vec<usize> {
    let names: Vec<&String> = names.collect();
    if names.is_empty() {
        return Vec::new();
    }
    // Names are short and few: this cannot fail. If it did, they would all count as seen.
    let Ok(finder) = AhoCorasick::builder().ascii_case_insensitive(true).build(&names) else {
        return (0..names.len()).collect();
    };
    let mut seen = vec![false; names.len()];
    for found in texts.iter().flat_map(|text| finder.find_overlapping_iter(text.as_ref())) {
        seen[found.pattern().as_usize()] = true;
    }
    (0..names.len()).filter(|&name| seen[name]).collect()
}

/// HMAC-SHA-256 over texts, each with its length, so that no two lists of them are one.
fn keyed<'t>(key: &[u8], texts: impl Iterator<Item = &'t str>) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(b"palisade pseudonyms 1");
    for text in texts {
        mac.update(&(text.len() as u64).to_be_bytes());
        mac.update(text.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").field("given", &self.given.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
