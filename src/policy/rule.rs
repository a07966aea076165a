//! A policy as its author means it: checked, with every name resolved, not yet compiled into automata.

use std::sync::Arc;

use crate::action::Action;
use crate::condition::Condition;
use crate::detector::{Pattern, Plan};
use crate::segment::{Media, Scope};

/// A policy after `extends`, ready to be compiled. Made by [`crate::policy::file`].
#[derive(Clone, Debug)]
pub struct PolicySpec {
    /// `name` in the file, else the file's stem.
    pub name: Arc<str>,
    /// First eight hex digits of the SHA-256 of the effective policy (all files that took part).
    pub hash: Arc<str>,
    /// Whether the policy acts or only watches.
    pub mode: Mode,
    /// What rules do whose detector failed, unless they say otherwise.
    pub on_error: OnError,
    /// What happens to a body that cannot be read in full.
    pub unreadable: Decision,
    /// What happens when a bound stopped a rule from seeing everything.
    pub over_limit: OverLimit,
    /// What happens to content that Palisade cannot look into; indexed by `Media as usize`.
    pub unscannable: [Decision; Media::ALL.len()],
    /// What happens when a rewrite hits text that must not change.
    pub unrewritable: Unrewritable,
    /// What a blocked client is told. `None`: `rules` on a loopback listener, else `id`.
    pub expose: Option<Expose>,
    /// In the order of the files; the order carries no meaning.
    pub rules: Vec<RuleSpec>,
}

impl PolicySpec {
    /// `NAME@HASH8`, as verdicts and headers show it.
    pub fn version(&self) -> String {
        format!("{}@{}", self.name, self.hash)
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct RuleSpec {
    /// Unique within the policy.
    pub id: Arc<str>,
    /// For people.
    pub description: Option<String>,
    /// Such as `owasp:LLM01`.
    pub tags: Arc<[String]>,
    /// Which text the rule reads.
    pub scope: Scope,
    /// What must hold for the rule to take part.
    pub when: Option<Condition>,
    /// The detector's name, as in `detect`.
    pub detector: &'static str,
    /// What the detector looks for.
    pub plan: Plan,
    /// What voids a finding of this rule.
    pub except: Vec<Except>,
    /// What happens to findings.
    pub action: Action,
    /// Whether the rule acts or only watches; the policy's mode already applied.
    pub mode: Mode,
    /// What happens when the detector failed.
    pub on_error: OnError,
    /// What happens when this rule's rewrite hits text that must not change.
    pub unrewritable: Unrewritable,
    /// For classifier rules on model output: how much text is judged at a time.
    pub window: Window,
    /// The longest match, in bytes.
    pub max_match: usize,
    /// `file:line` of the rule, for `policy show` and messages.
    pub origin: String,
}

impl RuleSpec {
    /// Whether it acts on the token that is put into system prompts. For a rule that only watches nothing is changed.
    pub(super) fn seeks_canary(&self) -> bool {
        let plants = |plan: &&Plan| matches!(plan, Plan::Whole(check) if check.plants_canary());
        self.mode == Mode::Enforce && self.scope.meets(Scope::ANSWER) && self.plan.parts().iter().any(plants)
    }
}

/// Whether a rule acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// It acts.
    #[default]
    Enforce,
    /// It records what it would have done.
    Shadow,
}

/// An answer that a policy gives without a rule: `block`, `log` or `allow`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Decision {
    /// Refuse.
    #[default]
    Block,
    /// Let it through and record it.
    Log,
    /// Let it through.
    Allow,
}

/// What a failed detector means, by how it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct OnError {
    /// The detector did not answer in time.
    pub timeout: Decision,
    /// The detector had no room.
    pub overload: Decision,
    /// The detector broke.
    pub error: Decision,
}

impl OnError {
    /// The same answer for every kind of failure.
    pub const fn all(decision: Decision) -> OnError {
        OnError { timeout: decision, overload: decision, error: decision }
    }
}

/// What a rewrite that hits text which must not change becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Unrewritable {
    /// A block.
    #[default]
    Block,
    /// The piece goes, where its removal is possible; else a block.
    Remove,
    /// A log entry.
    Log,
}

/// What a client is told about a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expose {
    /// Verdict, policy and rules.
    Rules,
    /// Verdict and policy.
    Id,
    /// The id alone.
    None,
}

/// What a bound means that stopped a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct OverLimit {
    /// A classifier does not know most words of a text, and has judged the others.
    pub unknown_tokens: Decision,
    /// Any other bound.
    pub other: Decision,
}

impl OverLimit {
    /// The same for every bound.
    pub const fn all(decision: Decision) -> OverLimit {
        OverLimit { unknown_tokens: decision, other: decision }
    }
}

/// The reason that verdicts give for words that a classifier does not know.
pub const UNKNOWN_TOKENS: &str = "unknown_tokens";

/// The reason that verdicts give for a condition that could not be judged.
pub const CONDITION: &str = "condition";

/// How much text of a stream is judged at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Window {
    /// Sentence by sentence.
    #[default]
    Sentence,
    /// About so many tokens at a time.
    Tokens(usize),
    /// Once, at the end.
    End,
}

/// One entry of a rule's `except`.
#[derive(Clone, Debug)]
pub struct Except {
    /// What must cover the finding.
    pub what: ExceptWhat,
    /// From this day on the entry is dead: days since 1970-01-01, UTC.
    pub until: Option<i32>,
    /// For people.
    pub reason: Option<String>,
}

/// What voids a finding.
#[derive(Clone, Debug)]
pub enum ExceptWhat {
    /// A match of this pattern that covers the finding wholly (`regex` or `keyword`).
    Pattern(Box<Pattern>),
    /// The whole segment, named by the keyed hash of its text (`segment: "hmac:…"`).
    Segment(Arc<str>),
}
