//! What all texts of one message are judged with: the rules, and which of them take part (`when`).
//!
//! Conditions over the request alone are judged once for all its texts, those that ask about a text once for each. A rule
//! whose condition is false is not in the plan that its texts are read with: it costs nothing and holds nothing back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use super::budgets::Budgets;
use super::compile::{ChannelPlan, RuleSet};
use super::pseudonyms::Pseudonyms;
use crate::action::Action;
use crate::condition;
use crate::detector::{Canary, Conversation};
use crate::segment::{Direction, Kind, Scope};

/// What all channels of one message share.
#[derive(Clone, Debug)]
pub struct Context {
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// The key of this installation.
    pub key: Arc<[u8]>,
    /// What values are called in this exchange: for a request while it is judged, for its answer the way back.
    pub pseudonyms: Option<Arc<Pseudonyms>>,
    /// For an answer: what its request told the model.
    pub conversation: Arc<Conversation>,
    /// What callers may take, if any rule bounds it.
    pub(super) budgets: Option<Arc<Budgets>>,
    facts: Arc<Facts>,
    /// Rules whose condition is false, if there are any.
    variant: Option<Arc<Variant>>,
    /// Rules whose condition could not be judged.
    unjudged: Arc<[usize]>,
}

/// What conditions may ask about the exchange that a message belongs to. May hold credentials: never shown.
#[derive(Clone)]
pub struct Facts {
    /// `request`, a mapping.
    pub request: Value,
    /// `tenant`, a mapping with `vars`.
    pub tenant: Value,
}

impl Default for Facts {
    /// Of a text that comes without a request.
    fn default() -> Facts {
        Facts {
            request: json!({
                "method": "", "path": "", "model": "", "tenant": "", "user": "", "headers": {}, "stream": false,
                "protocol": "", "source_ip": "",
            }),
            tenant: json!({ "vars": {} }),
        }
    }
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Facts").finish_non_exhaustive()
    }
}

/// What conditions may ask about a text.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// What it is.
    pub kind: Kind,
    /// Whose message it stands in: `system`, `user`, `assistant` or `tool`; empty outside messages.
    pub role: &'static str,
    /// Which way it travels.
    pub direction: Direction,
    /// How many messages stand before its own.
    pub index: u32,
    /// Its characters. `None` in answers, which are not whole when they are judged.
    pub length: Option<usize>,
    /// How many messages of the same kind come after its own.
    pub age: u32,
}

impl Standing {
    /// The role of the messages whose text is of this kind.
    pub const fn role_of(kind: Kind) -> &'static str {
        match kind {
            Kind::System => "system",
            Kind::User | Kind::Document => "user",
            Kind::Assistant | Kind::Completion | Kind::Reasoning | Kind::ToolCall => "assistant",
            Kind::ToolResult => "tool",
            Kind::ToolDefinition | Kind::Metadata => "",
        }
    }

    /// The same of a text of an answer.
    pub const fn in_answer(kind: Kind) -> Standing {
        Standing { kind, role: "assistant", direction: Direction::Response, index: 0, length: None, age: 0 }
    }

    fn to_json(self) -> Value {
        let direction = if self.direction == Direction::Request { "request" } else { "response" };
        let mut json = json!({
            "kind": self.kind.name(), "role": self.role, "direction": direction, "index": self.index, "age": self.age,
        });
        if let (Some(length), Some(members)) = (self.length, json.as_object_mut()) {
            members.insert("length".to_owned(), length.into());
        }
        json
    }
}

impl Context {
    /// What messages are judged with before anything is known of them.
    pub fn new(rules: Arc<RuleSet>, key: Arc<[u8]>) -> Context {
        let (conversation, facts, unjudged) = (Arc::default(), Arc::default(), Arc::default());
        let (pseudonyms, budgets, variant) = (None, None, None);
        let mut context = Context { rules, key, pseudonyms, conversation, budgets, facts, variant, unjudged };
        context.renew_budgets();
        context.judge();
        context
    }

    /// Says which exchange it is about; conditions are judged anew.
    pub fn ask_about(&mut self, facts: Facts) {
        self.facts = Arc::new(facts);
        self.judge();
    }

    fn judge(&mut self) {
        if self.rules.asking().is_empty() {
            return;
        }
        let (mut off, mut unjudged) = (vec![false; self.rules.rules().len()], Vec::new());
        self.judge_rules(self.rules.asking(), &Value::Null, &mut off, &mut unjudged);
        (self.variant, self.unjudged) = (self.rules.without(off), unjudged.into());
    }

    /// One that cannot be judged counts as true, but for rules that let others' findings go.
    fn judge_rules(&self, rules: &[usize], segment: &Value, off: &mut [bool], unjudged: &mut Vec<usize>) {
        let facts = condition::Facts { segment, ..self.facts() };
        for &index in rules {
            let rule = self.rules.rule(index);
            let Some(condition) = &rule.when else { continue };
            off[index] = if let Ok(holds) = condition.holds(&facts) {
                !holds
            } else {
                unjudged.push(index);
                matches!(rule.action, Action::Allow(_))
            };
        }
    }

    /// What conditions are judged by.
    pub fn facts(&self) -> condition::Facts<'_> {
        condition::Facts { request: &self.facts.request, tenant: &self.facts.tenant, ..condition::Facts::default() }
    }

    /// Rules whose condition could not be judged, for the exchange as a whole.
    pub fn unjudged(&self) -> &[usize] {
        &self.unjudged
    }

    /// Whether a rule's condition over the exchange lets it take part.
    pub(super) fn takes_part(&self, rule: usize) -> bool {
        self.variant.as_ref().is_none_or(|variant| !variant.off[rule])
    }

    /// What runs over text of this scope (one kind, all input, or all output), before its own conditions.
    pub fn plan_for(&self, scope: Scope) -> &Arc<ChannelPlan> {
        match &self.variant {
            None => self.rules.plan_for(scope),
            Some(variant) => variant.plan(&self.rules, scope),
        }
    }

    /// What runs over one text, and which rules' conditions could not be judged for it.
    pub fn plan_of(&self, scope: Scope, standing: impl FnOnce() -> Standing) -> (Arc<ChannelPlan>, Vec<usize>) {
        let plan = self.plan_for(scope);
        if plan.asking.is_empty() {
            return (Arc::clone(plan), Vec::new());
        }
        let mut off =
            self.variant.as_ref().map_or_else(|| vec![false; self.rules.rules().len()], |own| own.off.to_vec());
        let mut unjudged = Vec::new();
        self.judge_rules(&plan.asking, &standing().to_json(), &mut off, &mut unjudged);
        (self.plan_without(scope, off), unjudged)
    }

    /// What runs over a run of texts with these plans: what runs over any of them.
    pub fn plan_of_run<'p>(&self, scope: Scope, plans: impl Iterator<Item = &'p ChannelPlan>) -> Arc<ChannelPlan> {
        let plan = self.plan_for(scope);
        if plan.asking.is_empty() {
            return Arc::clone(plan);
        }
        let mut off = vec![true; self.rules.rules().len()];
        for plan in plans {
            let own = plan.off.as_deref();
            off.iter_mut().enumerate().for_each(|(rule, off)| *off &= own.is_some_and(|own| own[rule]));
        }
        self.plan_without(scope, off)
    }

    fn plan_without(&self, scope: Scope, off: Vec<bool>) -> Arc<ChannelPlan> {
        let variant = self.rules.without(off);
        Arc::clone(
            variant.as_ref().map_or_else(|| self.rules.plan_for(scope), |variant| variant.plan(&self.rules, scope)),
        )
    }

    /// Whether answers may hold what is turned back in text of this scope: placeholders, or a prompt with its token.
    pub fn restores(&self, scope: Scope) -> bool {
        self.pseudonyms.as_ref().is_some_and(|pseudonyms| pseudonyms.comes_back_in(scope))
            || self.mark_in(scope).is_some()
    }

    /// For an answer: what was put into the system prompt, if text of this scope is the prompt once more.
    pub fn mark_in(&self, scope: Scope) -> Option<String> {
        let echo = scope == Scope::one(Direction::Response, Kind::System);
        self.conversation.canary().filter(|_| echo).map(Canary::mark)
    }

    /// Whether a token is to be put into the system prompt: a rule that takes part acts on it.
    pub fn plants_canary(&self) -> bool {
        let is_on = |&rule: &usize| self.variant.as_ref().is_none_or(|variant| !variant.off[rule]);
        self.rules.canaries().iter().any(is_on)
    }
}

/// The rules without some of them. Conditions that are often judged alike need one.
#[derive(Debug)]
pub(super) struct Variant {
    /// By rule.
    off: Arc<[bool]>,
    /// As in the rule set.
    plans: Vec<OnceLock<Arc<ChannelPlan>>>,
}

impl Variant {
    fn plan(&self, rules: &RuleSet, scope: Scope) -> &Arc<ChannelPlan> {
        let index = RuleSet::plan_index(scope);
        self.plans[index].get_or_init(|| Arc::new(rules.plan_for(scope).without(&self.off, rules)))
    }
}

/// The variants that were asked for.
#[derive(Debug, Default)]
pub(super) struct Variants(Mutex<HashMap<Arc<[bool]>, Arc<Variant>>>);

/// Most variants that are kept.
const MAX_VARIANTS: usize = 256;

impl RuleSet {
    /// The rules without those that are off; `None`: all of them.
    fn without(&self, off: Vec<bool>) -> Option<Arc<Variant>> {
        if !off.contains(&true) {
            return None;
        }
        let mut known = self.variants().0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(variant) = known.get(off.as_slice()) {
            return Some(Arc::clone(variant));
        }
        if known.len() >= MAX_VARIANTS {
            known.clear();
        }
        let off: Arc<[bool]> = off.into();
        let plans = (0..=RuleSet::plan_index(Scope::OUTPUT)).map(|_| OnceLock::new()).collect();
        let variant = Arc::new(Variant { off: Arc::clone(&off), plans });
        known.insert(off, Arc::clone(&variant));
        Some(variant)
    }
}
