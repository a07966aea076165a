//! From policies to what runs: the rules of all policies that a request is under, compiled per kind of text.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::program::ProgramError;
use super::rule::{Decision, ExceptWhat, Mode, OnError, PolicySpec, RuleSpec, UNKNOWN_TOKENS, Unrewritable, Window};
use super::scanner::{ScanSet, Shared, TrackerSpec};
use crate::action::Action;
use crate::classifier::Calibration;
use crate::detector::{ClassifierPlan, EntitiesPlan, LengthPlan, Pattern, Plan, Sorts, Span, Threshold};
use crate::finding::Finding;
use crate::segment::{Direction, Kind, Media, Scope};
use crate::view;

/// What a policy needs to know about a classifier's label.
#[derive(Clone, Debug)]
pub struct LabelInfo {
    /// `NAME@HASH8` of the model.
    pub model: Arc<str>,
    /// Index of the label among the model's outputs.
    pub index: usize,
    /// The label's lines, where the model was calibrated.
    pub calibration: Option<Calibration>,
    /// It is an entity, of which the model tags words, and no label of texts.
    pub entity: bool,
}

/// Why policies cannot be run together.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// A pattern does not compile.
    #[error("{origin}: rule {rule}: {error}")]
    Pattern {
        /// `file:line`.
        origin: String,
        /// The rule's id.
        rule: Arc<str>,
        /// What is wrong.
        error: ProgramError,
    },
    /// A classifier or label is not there.
    #[error("{origin}: rule {rule}: {message}")]
    Classifier {
        /// `file:line`.
        origin: String,
        /// The rule's id.
        rule: Arc<str>,
        /// What is wrong and what to do.
        message: String,
    },
}

/// All rules that a request is under, compiled.
#[derive(Debug)]
pub struct RuleSet {
    policies: Vec<Arc<PolicySpec>>,
    rules: Vec<Rule>,
    version: Arc<str>,
    /// By [`Scope::index`]; then of all input, and of all output.
    plans: Vec<Arc<ChannelPlan>>,
}

/// A rule among the rules of all policies.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Index of the policy that it comes from.
    pub policy: usize,
    /// What its author wrote.
    pub spec: RuleSpec,
}

/// Looks a model's label up: (model, label) → what there is to know, or why it cannot be used.
pub type Labels<'a> = dyn Fn(&str, &str) -> Result<LabelInfo, String> + 'a;

impl RuleSet {
    /// Compiles policies, baseline first. `shadow` makes every rule watch only.
    pub fn compile(policies: Vec<Arc<PolicySpec>>, labels: &Labels<'_>, shadow: bool) -> Result<RuleSet, CompileError> {
        let mut rules = Vec::new();
        for (policy, spec) in policies.iter().enumerate() {
            for rule in &spec.rules {
                let mut rule = Rule { policy, spec: rule.clone() };
                if shadow {
                    rule.spec.mode = Mode::Shadow;
                }
                rules.push(rule);
            }
        }
        let version = policies.iter().map(|policy| policy.version()).collect::<Vec<_>>().join("+").into();
        let mut set = RuleSet { policies, rules, version, plans: Vec::new() };
        let mut by_rules: HashMap<Vec<usize>, Arc<ChannelPlan>> = HashMap::new();
        let mut shared = Shared::default();
        let singles = [Direction::Request, Direction::Response]
            .into_iter()
            .flat_map(|direction| Kind::ALL.map(|kind| Scope::one(direction, kind)));
        for scope in singles.chain([Scope::INPUT, Scope::OUTPUT]) {
            let response = scope.meets(Scope::OUTPUT);
            let reads = |rule: &RuleSpec| rule.scope.meets(scope) && !(response && pseudonymizes(rule));
            let readers: Vec<usize> = (0..set.rules.len()).filter(|&rule| reads(&set.rules[rule].spec)).collect();
            let mut key = readers.clone();
            key.push(usize::from(response));
            let plan = match by_rules.get(&key) {
                Some(plan) => Arc::clone(plan),
                None => Arc::new(set.plan(&readers, response, labels, &mut shared)?),
            };
            by_rules.insert(key, Arc::clone(&plan));
            set.plans.push(plan);
        }
        if set.plans.iter().any(|plan| plan.views) {
            view::prepare();
        }
        Ok(set)
    }

    /// The policies, baseline first.
    pub fn policies(&self) -> &[Arc<PolicySpec>] {
        &self.policies
    }

    /// `NAME@HASH8` of all policies, baseline first, joined with `+`.
    pub fn version(&self) -> &Arc<str> {
        &self.version
    }

    /// All rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this index.
    pub fn rule(&self, index: usize) -> &RuleSpec {
        &self.rules[index].spec
    }

    /// The rule's place among all, by policy and id: decides between equal rewrites, so that the order in which rules
    /// are written never matters.
    pub fn rank(&self, rule: usize) -> usize {
        let order = |rule: &Rule| (rule.policy, Arc::clone(&rule.spec.id));
        let own = order(&self.rules[rule]);
        self.rules.iter().filter(|other| order(other) < own).count()
    }

    /// Whether any rule that acts puts pseudonyms in place of what it finds.
    pub fn pseudonymizes(&self) -> bool {
        self.rules.iter().any(|rule| rule.spec.mode == Mode::Enforce && pseudonymizes(&rule.spec))
    }

    /// The policy that a rule comes from.
    pub fn policy_of(&self, rule: usize) -> &PolicySpec {
        &self.policies[self.rules[rule].policy]
    }

    /// What runs over text of this scope: one (direction, kind), all input, or all output.
    pub fn plan_for(&self, scope: Scope) -> &Arc<ChannelPlan> {
        let everything = 2 * Kind::ALL.len() + usize::from(scope.meets(Scope::OUTPUT));
        &self.plans[scope.index().unwrap_or(everything)]
    }

    /// The strictest answer that any policy gives to a body that cannot be read.
    pub fn unreadable(&self) -> Decision {
        self.strictest(|policy| policy.unreadable)
    }

    /// The strictest answer that any policy gives to a body with more texts than are looked at.
    pub fn over_limit_of_body(&self) -> Decision {
        self.strictest(|policy| policy.over_limit.other)
    }

    /// The strictest answer that any policy gives to content that cannot be looked into.
    pub fn unscannable(&self, media: Media) -> Decision {
        self.strictest(|policy| policy.unscannable[media as usize])
    }

    fn strictest(&self, answer: impl Fn(&PolicySpec) -> Decision) -> Decision {
        let enforced = self.policies.iter().filter(|policy| policy.mode == Mode::Enforce);
        let rank = |decision: &Decision| match decision {
            Decision::Block => 2,
            Decision::Log => 1,
            Decision::Allow => 0,
        };
        let shadow = self.policies.iter().any(|policy| policy.mode == Mode::Shadow);
        enforced.map(|policy| answer(policy)).max_by_key(rank).unwrap_or(if shadow {
            Decision::Log
        } else {
            Decision::Block
        })
    }

    /// Why something is a finding, without its text.
    pub fn why(&self, finding: &Finding) -> String {
        match &self.rule(finding.rule).plan {
            Plan::Patterns(patterns) => {
                let sorts = patterns.iter().find_map(|pattern| pattern.sorts.as_ref());
                let sort = finding.label.as_deref().and_then(|label| sorts?.shown(label));
                let own = || patterns.iter().find(|pattern| pattern.entity == finding.label).map(|own| &own.shown);
                let mut why = sort.or_else(own).map_or_else(String::new, ToString::to_string);
                if let Some(score) = finding.score {
                    why.push_str(&format!(", score {score:.2}"));
                }
                finding.seen.views().for_each(|view| why.push_str(&format!(", {}", view.why)));
                why
            }
            Plan::Length(length) => match (length.max_chars, length.min_chars) {
                (Some(max), _) if finding.range.start > 0 => format!("more than {max} characters"),
                (_, Some(min)) => format!("fewer than {min} characters"),
                (Some(max), None) => format!("more than {max} characters"),
                (None, None) => String::new(),
            },
            Plan::Classifier(_) | Plan::Entities(_) => {
                let own = |rule: &&ClassifierRule| {
                    rule.rule == finding.rule && finding.label.as_ref().is_none_or(|label| rule.label == *label)
                };
                let judged = self.plans.iter().flat_map(|plan| &plan.classifiers).find(own);
                judged.map_or_else(String::new, |rule| {
                    let score = finding.score.unwrap_or_default();
                    format!("{} {} {score:.3} >= {}", rule.version, rule.label, rule.threshold)
                })
            }
        }
    }

    /// What a failed detector of this rule means.
    pub fn on_error(&self, rule: usize) -> OnError {
        self.rule(rule).on_error
    }

    /// What it means that this bound stopped this rule.
    pub fn over_limit(&self, rule: usize, reason: &str) -> Decision {
        let over_limit = self.policies[self.rules[rule].policy].over_limit;
        if reason == UNKNOWN_TOKENS { over_limit.unknown_tokens } else { over_limit.other }
    }

    /// What a rewrite of this rule becomes that hits text which must not change.
    pub fn unrewritable(&self, rule: usize) -> Unrewritable {
        self.rule(rule).unrewritable
    }

    /// Whether `allow` rule `by` silences `rule`. Policies do not silence each other's rules, and a rule that only
    /// watches silences none that acts.
    pub(super) fn silences(&self, by: usize, rule: usize) -> bool {
        if self.rules[by].spec.mode == Mode::Shadow && self.rules[rule].spec.mode == Mode::Enforce {
            return false;
        }
        let Action::Allow(names) = &self.rules[by].spec.action else { return false };
        let target = &self.rules[rule];
        target.policy == self.rules[by].policy
            && names.iter().any(|name| match name.strip_prefix("tag:") {
                Some(tag) => target.spec.tags.iter().any(|own| own == tag),
                None => **name == *target.spec.id,
            })
    }

    /// Whether text waits for this rule.
    pub(super) fn holds(&self, rule: usize) -> bool {
        let spec = &self.rules[rule].spec;
        spec.mode == Mode::Enforce && spec.action.holds()
    }

    fn plan(
        &self,
        readers: &[usize],
        response: bool,
        labels: &Labels<'_>,
        shared: &mut Shared,
    ) -> Result<ChannelPlan, CompileError> {
        let mut plan = ChannelPlan { response, ..ChannelPlan::default() };
        let mut specs = Vec::new();
        for &index in readers {
            let rule = &self.rules[index].spec;
            let holds = self.holds(index);
            plan.holds |= holds;
            match &rule.plan {
                Plan::Patterns(patterns) => {
                    for group in by_entity(patterns) {
                        let entity = group.first().and_then(|pattern| pattern.entity.clone());
                        let value = group.iter().find_map(|pattern| pattern.value);
                        let views = group.iter().all(|pattern| !pattern.text_only);
                        plan.views |= views;
                        plan.views_hold |= views && holds;
                        let (purpose, sorts) = (Purpose::Find(entity), group.iter().find_map(|one| one.sorts.clone()));
                        plan.trackers.push(TrackerInfo { rule: index, purpose, value, sorts, views });
                        specs.push((index, group, holds));
                    }
                }
                Plan::Length(length) => plan.lengths.push((index, *length)),
                Plan::Classifier(classifier) => {
                    plan.classifiers.push(resolve_classifier(index, rule, classifier, response, labels)?);
                }
                Plan::Entities(entities) => {
                    let all = entities.labels.iter();
                    let all = all.map(|label| resolve_entity(index, rule, entities, label, response, labels));
                    plan.classifiers.append(&mut all.collect::<Result<_, _>>()?);
                }
            }
            for except in &rule.except {
                match &except.what {
                    ExceptWhat::Pattern(pattern) => {
                        let purpose = Purpose::Void(except.until);
                        plan.trackers.push(TrackerInfo { rule: index, purpose, value: None, sorts: None, views: true });
                        specs.push((index, vec![pattern], holds));
                    }
                    ExceptWhat::Segment(hash) => plan.segment_voids.push((index, except.until, Arc::clone(hash))),
                }
            }
        }
        let trackers: Vec<TrackerSpec<'_>> = specs
            .iter()
            .map(|(rule, patterns, holds)| TrackerSpec {
                patterns: patterns.clone(),
                holds: *holds,
                max_match: self.rules[*rule].spec.max_match,
            })
            .collect();
        plan.scan = Arc::new(ScanSet::new(&trackers, shared).map_err(|error| self.blame(&trackers, &specs, error))?);
        Ok(plan)
    }

    /// Finds the rule whose pattern does not compile.
    fn blame(
        &self,
        trackers: &[TrackerSpec<'_>],
        specs: &[(usize, Vec<&Pattern>, bool)],
        error: ProgramError,
    ) -> CompileError {
        let culprit = trackers
            .iter()
            .position(|tracker| ScanSet::new(std::slice::from_ref(tracker), &mut Shared::default()).is_err());
        let rule = &self.rules[specs[culprit.unwrap_or(0)].0].spec;
        CompileError::Pattern { origin: rule.origin.clone(), rule: Arc::clone(&rule.id), error }
    }
}

/// Whether a rule puts pseudonyms in place of what it finds. Such a rule reads what clients send and no more: in an answer,
/// where nobody can turn them back, made-up values would pass for what the model said.
fn pseudonymizes(rule: &RuleSpec) -> bool {
    matches!(&rule.action, Action::Rewrite(rewrite) if rewrite.restore.is_some())
}

/// Patterns of one entity compete; patterns of different entities do not, nor do those that report a part of a match
/// with those that report all of it. Those of one entity that report a part do it by the same function.
fn by_entity(patterns: &[Pattern]) -> Vec<Vec<&Pattern>> {
    let mut groups: Vec<Vec<&Pattern>> = Vec::new();
    let same_value = |one: &Pattern, other: &Pattern| match (one.value, other.value) {
        (Some(one), Some(other)) => std::ptr::fn_addr_eq(one, other),
        (one, other) => one.is_some() == other.is_some(),
    };
    for pattern in patterns {
        match groups.iter_mut().find(|group| group[0].entity == pattern.entity && same_value(group[0], pattern)) {
            Some(group) => group.push(pattern),
            None => groups.push(vec![pattern]),
        }
    }
    groups
}

fn resolve_classifier(
    index: usize,
    rule: &RuleSpec,
    plan: &ClassifierPlan,
    response: bool,
    labels: &Labels<'_>,
) -> Result<ClassifierRule, CompileError> {
    let fault = |message| CompileError::Classifier { origin: rule.origin.clone(), rule: Arc::clone(&rule.id), message };
    let info = labels(&plan.model, &plan.label).map_err(fault)?;
    if info.entity {
        let help = format!("`entities: {{ model: {}, labels: [{}] }}` finds it", plan.model, plan.label);
        return Err(fault(format!(
            "model {} has no label {} for texts, but tags words with it: {help}",
            plan.model, plan.label
        )));
    }
    let calibrated = |line: fn(&Calibration) -> f32| {
        info.calibration.as_ref().map(line).ok_or_else(|| {
            fault(format!("model {} has no calibration for {}; give the rule a `threshold`", plan.model, plan.label))
        })
    };
    let threshold = match plan.threshold {
        Threshold::Fixed(threshold) => threshold,
        Threshold::Calibrated => calibrated(|lines| lines.threshold)?,
        Threshold::Low => calibrated(|lines| lines.low)?,
        Threshold::Medium => calibrated(|lines| lines.medium)?,
        Threshold::High => calibrated(|lines| lines.high)?,
    };
    // What a client sends is there at once and judged whole; only the model's answer is judged as it comes.
    let window = if response { rule.window } else { Window::End };
    Ok(ClassifierRule {
        rule: index,
        model: Arc::clone(&plan.model),
        version: info.model,
        label: Arc::clone(&plan.label),
        output: info.index,
        threshold,
        span: plan.span,
        entity: false,
        window,
    })
}

fn resolve_entity(
    index: usize,
    rule: &RuleSpec,
    plan: &EntitiesPlan,
    label: &Arc<str>,
    response: bool,
    labels: &Labels<'_>,
) -> Result<ClassifierRule, CompileError> {
    let fault = |message| CompileError::Classifier { origin: rule.origin.clone(), rule: Arc::clone(&rule.id), message };
    let info = labels(&plan.model, label).map_err(fault)?;
    if !info.entity {
        let help = format!("`classifier: {{ model: {}, label: {label} }}` asks for it", plan.model);
        return Err(fault(format!(
            "model {} judges whole texts as {label} and tags no words with it: {help}",
            plan.model
        )));
    }
    Ok(ClassifierRule {
        rule: index,
        model: Arc::clone(&plan.model),
        version: info.model,
        label: Arc::clone(label),
        output: info.index,
        threshold: plan.threshold,
        span: Span::Window,
        entity: true,
        window: if response { rule.window } else { Window::End },
    })
}

/// What runs over one kind of text.
#[derive(Debug, Default)]
pub struct ChannelPlan {
    pub(super) scan: Arc<ScanSet>,
    /// Whose tracker is whose, in the order of the scan set.
    pub(super) trackers: Vec<TrackerInfo>,
    pub(super) lengths: Vec<(usize, LengthPlan)>,
    pub(super) classifiers: Vec<ClassifierRule>,
    pub(super) segment_voids: Vec<(usize, Option<i32>, Arc<str>)>,
    pub(super) holds: bool,
    /// Some rule also reads the views of the text; one that may block or rewrite.
    pub(super) views: bool,
    pub(super) views_hold: bool,
    pub(super) response: bool,
}

impl ChannelPlan {
    /// Whether no rule reads this kind of text.
    pub fn is_empty(&self) -> bool {
        self.scan.is_empty() && self.lengths.is_empty() && self.classifiers.is_empty()
    }

    /// Whether any rule may block or rewrite this kind of text.
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// Whether a rule may find something in a text that has no character.
    pub fn judges_empty(&self) -> bool {
        self.lengths.iter().any(|(_, length)| length.min_chars.is_some())
    }

    /// Whether a classifier reads this kind of text.
    pub fn has_classifiers(&self) -> bool {
        !self.classifiers.is_empty()
    }
}

#[derive(Debug)]
pub(super) struct TrackerInfo {
    pub(super) rule: usize,
    pub(super) purpose: Purpose,
    /// The part of a match that a finding covers, if not all.
    pub(super) value: Option<fn(&str) -> Range<usize>>,
    /// What its findings are called, if each tells by itself.
    pub(super) sorts: Option<Sorts>,
    /// Whether it also reads the views of the text.
    pub(super) views: bool,
}

/// What a tracker's findings are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Findings of the rule, of this entity.
    Find(Option<Arc<str>>),
    /// They void findings of the rule, until this day (days since 1970-01-01).
    Void(Option<i32>),
}

/// A classifier rule with everything looked up.
#[derive(Debug)]
pub(super) struct ClassifierRule {
    pub(super) rule: usize,
    pub(super) model: Arc<str>,
    /// `NAME@HASH8`.
    pub(super) version: Arc<str>,
    pub(super) label: Arc<str>,
    /// Index of the label among the scores.
    pub(super) output: usize,
    pub(super) threshold: f32,
    pub(super) span: Span,
    /// It asks for the words of an entity: `output` is the entity's place.
    pub(super) entity: bool,
    pub(super) window: Window,
}
