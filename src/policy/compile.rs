//! From policies to what runs: the rules of all policies that a request is under, compiled per kind of text.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::combined::Combination;
use super::context::Variants;
use super::job::Sought;
use super::program::ProgramError;
use super::reading;
use super::rule::{Decision, ExceptWhat, Mode, OnError, PolicySpec, RuleSpec, UNKNOWN_TOKENS, Unrewritable, Window};
pub use super::scanner::Shared;
use super::scanner::{ScanSet, TrackerSpec};
use super::{entities, lengths, topics};
use crate::action::Action;
use crate::classifier::Calibration;
use crate::detector::{ClassifierPlan, Form, LengthPlan, Pattern, Plan, Sorts, Span, Threshold, ToolPlan, WholeText};
use crate::finding::Finding;
use crate::segment::{Direction, Kind, Media, Scope};
use crate::view::{self, Path};

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
    /// Rules with a condition over the request alone.
    asking: Vec<usize>,
    /// Rules that act on the token that is put into system prompts.
    canaries: Vec<usize>,
    variants: Variants,
}

/// A rule that reads a text, or a member of what it is put together of.
#[derive(Clone, Copy)]
struct Reader<'p> {
    rule: usize,
    member: Option<&'p Plan>,
}

/// A rule among the rules of all policies.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Index of the policy that it comes from.
    pub policy: usize,
    /// What its author wrote.
    pub spec: RuleSpec,
}

/// Asked for in place of a label where only the model matters.
pub const NO_LABEL: &str = "";

/// Looks a model's label up: (model, label) → what there is to know, or why it cannot be used.
pub type Labels<'a> = dyn Fn(&str, &str) -> Result<LabelInfo, String> + 'a;

impl RuleSet {
    /// Compiles policies, baseline first. `shadow` makes every rule watch only.
    pub fn compile(policies: Vec<Arc<PolicySpec>>, labels: &Labels<'_>, shadow: bool) -> Result<RuleSet, CompileError> {
        RuleSet::compile_with(&mut Shared::default(), policies, labels, shadow)
    }

    /// The same, with what has been compiled for others.
    pub fn compile_with(
        shared: &mut Shared,
        policies: Vec<Arc<PolicySpec>>,
        labels: &Labels<'_>,
        shadow: bool,
    ) -> Result<RuleSet, CompileError> {
        shared.prune();
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
        let asks = |rule: &Rule| rule.spec.when.as_ref().is_some_and(|condition| !condition.uses().segment);
        let asking = (0..rules.len()).filter(|&rule| asks(&rules[rule])).collect();
        let canaries = (0..rules.len()).filter(|&rule| rules[rule].spec.seeks_canary()).collect();
        let (plans, variants) = (Vec::new(), Variants::default());
        let mut set = RuleSet { policies, rules, version, plans, asking, canaries, variants };
        let mut by_rules: HashMap<Vec<usize>, Arc<ChannelPlan>> = HashMap::new();
        let singles = [Direction::Request, Direction::Response]
            .into_iter()
            .flat_map(|direction| Kind::ALL.map(|kind| Scope::one(direction, kind)));
        for scope in singles.chain([Scope::INPUT, Scope::OUTPUT]) {
            let response = scope.meets(Scope::OUTPUT);
            let echo = scope == Scope::one(Direction::Response, Kind::System);
            let calls = scope.index().is_some() && scope.meets(Scope::kind(Kind::ToolCall));
            let is_in_vain =
                |rule: &RuleSpec| (response && pseudonymizes(rule)) || (!calls && matches!(rule.plan, Plan::Tool(_)));
            // A budget has an empty scope.
            let reads = |rule: &RuleSpec| rule.scope.meets(scope) && !is_in_vain(rule);
            let readers: Vec<usize> = (0..set.rules.len()).filter(|&rule| reads(&set.rules[rule].spec)).collect();
            let mut key = readers.clone();
            key.push(usize::from(response) + usize::from(echo));
            let plan = if let Some(plan) = by_rules.get(&key) {
                Arc::clone(plan)
            } else {
                let readers: Vec<Reader<'_>> = readers.iter().map(|&rule| Reader { rule, member: None }).collect();
                Arc::new(set.plan(&readers, (response, echo), labels, shared)?)
            };
            by_rules.insert(key, Arc::clone(&plan));
            set.plans.push(plan);
        }
        if set.plans.iter().any(|plan| plan.views.any) {
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

    /// Whether any rule compares answers with the conversation that they belong to.
    pub fn reads_conversation(&self) -> bool {
        let reads = |plan: &&Plan| matches!(plan, Plan::Whole(check) if check.reads_conversation());
        self.rules.iter().any(|rule| rule.spec.plan.parts().iter().any(reads))
    }

    /// Rules that act on the token that is put into system prompts.
    pub(super) fn canaries(&self) -> &[usize] {
        &self.canaries
    }

    /// The policy that a rule comes from.
    pub fn policy_of(&self, rule: usize) -> &PolicySpec {
        &self.policies[self.rules[rule].policy]
    }

    /// What runs over text of this scope: one (direction, kind), all input, or all output.
    pub fn plan_for(&self, scope: Scope) -> &Arc<ChannelPlan> {
        &self.plans[RuleSet::plan_index(scope)]
    }

    /// Most steps of patterns for a byte of any text of this scope, in each of its readings, and how many readings there
    /// are at most: the text itself, its views, and those of texts inside it. Slow: all that waits to be needed is built.
    pub fn most_work(&self, scope: Scope) -> (usize, usize) {
        let plan = self.plan_for(scope);
        (plan.scan.most_steps(), reading::most_readings(plan, Path::default()))
    }

    /// Where the plan for this scope stands. That for all output is the last.
    pub(super) fn plan_index(scope: Scope) -> usize {
        scope.index().unwrap_or(2 * Kind::ALL.len() + usize::from(scope.meets(Scope::OUTPUT)))
    }

    /// Rules with a condition over the request alone.
    pub(super) fn asking(&self) -> &[usize] {
        &self.asking
    }

    pub(super) fn variants(&self) -> &Variants {
        &self.variants
    }

    /// Whether any condition, or budget, may ask about the exchange that a message belongs to.
    pub fn asks(&self) -> bool {
        let requires = |rule: &RuleSpec| match &rule.plan {
            Plan::Tool(tool) => tool.require().is_some(),
            // Who calls is one of them.
            plan => matches!(plan, Plan::Rate(_)),
        };
        self.rules.iter().any(|rule| rule.spec.when.is_some() || requires(&rule.spec))
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
            Plan::Length(length) => {
                let bounds = |chars: Option<usize>, tokens: Option<usize>| {
                    let chars = chars.map(|chars| format!("{chars} characters"));
                    let tokens = tokens.map(|tokens| match &length.tokenizer {
                        Some(model) => format!("{tokens} tokens of {model}"),
                        None => format!("about {tokens} tokens"),
                    });
                    let bounds = chars.into_iter().chain(tokens);
                    bounds.collect::<Vec<_>>().join(" or ")
                };
                let (most, least) =
                    (bounds(length.max_chars, length.max_tokens), bounds(length.min_chars, length.min_tokens));
                if least.is_empty() || (finding.range.start > 0 && !most.is_empty()) {
                    format!("more than {most}")
                } else {
                    format!("fewer than {least}")
                }
            }
            Plan::Whole(check) => check.why(finding.label.as_deref()),
            Plan::Tool(tool) => tool.why(),
            Plan::Rate(rate) => rate.why(finding.label.as_deref()),
            Plan::Combined(combined) => combined.why(),
            Plan::Classifier(_) | Plan::Entities(_) | Plan::Topic(_) => {
                let mut all = self.plans.iter().flat_map(|plan| &plan.classifiers);
                let judged = all.find(|rule| rule.has_found(finding));
                judged.map_or_else(String::new, |rule| rule.why(finding))
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

    /// Whether the rule puts something else in place of what it finds.
    pub(super) fn rewrites(&self, rule: usize) -> bool {
        matches!(self.rules[rule].spec.action, Action::Rewrite(_))
    }

    fn plan(
        &self,
        readers: &[Reader<'_>],
        (response, echo): (bool, bool),
        labels: &Labels<'_>,
        shared: &mut Shared,
    ) -> Result<ChannelPlan, CompileError> {
        let mut plan = ChannelPlan { response, ..ChannelPlan::default() };
        plan.rules = readers.iter().map(|reader| reader.rule).collect();
        let (mut specs, mut infos) = (Vec::new(), Vec::new());
        for &Reader { rule: index, member: part } in readers {
            let rule = &self.rules[index].spec;
            let holds = self.holds(index);
            plan.holds |= holds;
            // When it takes part, and what voids findings, is the whole rule's to say.
            let is_whole = part.is_none();
            let asks = rule.when.as_ref().filter(|condition| is_whole && condition.uses().segment);
            plan.asking.extend(asks.map(|_| index));
            let mut members = vec![part.unwrap_or(&rule.plan)];
            while let Some(member) = members.pop() {
                match member {
                    Plan::Patterns(patterns) => {
                        for group in by_entity(patterns) {
                            let entity = group.first().and_then(|pattern| pattern.entity.clone());
                            let value = group.iter().find_map(|pattern| pattern.value);
                            let views = group.iter().all(|pattern| !pattern.text_only);
                            let disguised = views && group.iter().any(|pattern| pattern.disguised);
                            plan.views.add(views, holds);
                            plan.disguises.add(disguised, holds);
                            let (purpose, sorts) =
                                (Purpose::Find(entity), group.iter().find_map(|one| one.sorts.clone()));
                            infos.push(TrackerInfo { rule: index, purpose, value, sorts, views, disguised });
                            specs.push((index, group, holds));
                        }
                    }
                    Plan::Length(length) => {
                        plan.classifiers.extend(lengths::counter(index, rule, length, labels)?);
                        plan.lengths.extend(lengths::without_counter(length).map(|length| (index, length)));
                    }
                    // What a provider says again of the prompt is like the prompt.
                    Plan::Whole(check) if echo && check.reads_conversation() => {}
                    Plan::Whole(check) => plan.wholes.push((index, Arc::clone(check))),
                    Plan::Tool(tool) => plan.tools.push((index, tool.clone())),
                    Plan::Rate(_) => {}
                    Plan::Entities(entities) => {
                        let all = entities.labels.iter();
                        let all = all.map(|label| entities::resolve(index, rule, entities, label, response, labels));
                        plan.classifiers.append(&mut all.collect::<Result<_, _>>()?);
                    }
                    Plan::Topic(topic) => plan.classifiers.push(topics::resolve(index, rule, topic, response, labels)?),
                    Plan::Classifier(classifier) => {
                        plan.classifiers.push(resolve_classifier(index, rule, classifier, response, labels)?);
                    }
                    Plan::Combined(combined) if combined.form == Form::Any => {
                        members.extend(combined.members.iter().map(|(_, member)| member));
                    }
                    Plan::Combined(combined) => {
                        let mut own = |member: &Plan| {
                            let reader = Reader { rule: index, member: Some(member) };
                            let plan = self.plan(&[reader], (response, echo), labels, shared)?;
                            Ok((Arc::new(plan), !member.is_spanless()))
                        };
                        let members =
                            combined.members.iter().map(|(_, member)| own(member)).collect::<Result<_, _>>()?;
                        plan.combined.push(Combination { rule: index, form: combined.form, members });
                    }
                }
            }
            for except in rule.except.iter().filter(|_| is_whole) {
                match &except.what {
                    ExceptWhat::Pattern(pattern) => {
                        let purpose = Purpose::Void(except.until);
                        // What a rule may find in disguise, its exceptions may except.
                        let disguised = rule.plan.patterns().iter().any(|own| own.disguised);
                        let (value, sorts, views) = (None, None, true);
                        infos.push(TrackerInfo { rule: index, purpose, value, sorts, views, disguised });
                        specs.push((index, vec![pattern], holds));
                    }
                    ExceptWhat::Segment(hash) => plan.segment_voids.push((index, except.until, Arc::clone(hash))),
                }
            }
        }
        plan.trackers = Arc::new(infos);
        let trackers: Vec<TrackerSpec<'_>> = specs
            .iter()
            .zip(plan.trackers.iter())
            .map(|((rule, patterns, holds), info)| TrackerSpec {
                rule: *rule,
                patterns: patterns.clone(),
                holds: *holds,
                disguised: info.disguised,
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
        sought: Sought::Label,
        window,
    })
}

/// What runs over one kind of text.
#[derive(Debug, Default)]
pub struct ChannelPlan {
    /// All rules that read this kind of text.
    pub(super) rules: Vec<usize>,
    pub(super) scan: Arc<ScanSet>,
    /// Whose tracker is whose, in the order of the scan set.
    pub(super) trackers: Arc<Vec<TrackerInfo>>,
    pub(super) lengths: Vec<(usize, LengthPlan)>,
    pub(super) wholes: Vec<(usize, Arc<dyn WholeText>)>,
    pub(super) tools: Vec<(usize, ToolPlan)>,
    pub(super) combined: Vec<Combination>,
    pub(super) classifiers: Vec<ClassifierRule>,
    pub(super) segment_voids: Vec<(usize, Option<i32>, Arc<str>)>,
    pub(super) holds: bool,
    /// Who also reads the views of the text, and who those that rules ask for.
    pub(super) views: Readers,
    pub(super) disguises: Readers,
    pub(super) response: bool,
    /// Rules with a condition that asks about the text.
    pub(super) asking: Vec<usize>,
    /// By rule: those that take no part, if there are any.
    pub(super) off: Option<Arc<[bool]>>,
}

impl ChannelPlan {
    /// The same without the rules that are off.
    pub(super) fn without(&self, off: &Arc<[bool]>, rules: &RuleSet) -> ChannelPlan {
        let on = |rule: usize| !off[rule];
        let holds = |rule: usize| on(rule) && rules.holds(rule);
        let trackers = || self.trackers.iter().filter(|tracker| on(tracker.rule));
        let is_idle = trackers().next().is_none();
        let own = |rule: &ClassifierRule| on(rule.rule);
        let readers = |before: Readers, reads: fn(&TrackerInfo) -> bool| {
            let mut all = Readers::default();
            trackers().for_each(|tracker| all.add(reads(tracker), holds(tracker.rule)));
            Readers { any: all.any && before.any, holding: all.holding && before.holding }
        };
        ChannelPlan {
            scan: if is_idle { Arc::default() } else { Arc::clone(&self.scan) },
            trackers: Arc::clone(&self.trackers),
            lengths: self.lengths.iter().filter(|(rule, _)| on(*rule)).cloned().collect(),
            wholes: self.wholes.iter().filter(|(rule, _)| on(*rule)).cloned().collect(),
            combined: self.combined.iter().filter(|combination| on(combination.rule)).cloned().collect(),
            tools: self.tools.iter().filter(|(rule, _)| on(*rule)).cloned().collect(),
            classifiers: self.classifiers.iter().filter(|rule| own(rule)).cloned().collect(),
            segment_voids: self.segment_voids.iter().filter(|(rule, ..)| on(*rule)).cloned().collect(),
            holds: self.rules.iter().any(|&rule| holds(rule)),
            views: readers(self.views, |tracker| tracker.views),
            disguises: readers(self.disguises, |tracker| tracker.disguised),
            response: self.response,
            asking: self.asking.iter().copied().filter(|&rule| on(rule)).collect(),
            off: Some(Arc::clone(off)),
            rules: self.rules.iter().copied().filter(|&rule| on(rule)).collect(),
        }
    }

    /// Whether no rule reads this kind of text.
    pub fn is_empty(&self) -> bool {
        let patterns_and_more = self.scan.is_empty() && self.lengths.is_empty() && self.classifiers.is_empty();
        patterns_and_more && self.wholes.is_empty() && self.tools.is_empty() && self.combined.is_empty()
    }

    /// Whether a rule judges whole calls of tools.
    pub fn judges_calls(&self) -> bool {
        !self.tools.is_empty()
    }

    /// Whether any rule may block or rewrite this kind of text.
    pub fn holds(&self) -> bool {
        self.holds
    }

    /// Whether a rule may find something in a text that has no character.
    pub fn judges_empty(&self) -> bool {
        self.lengths.iter().any(|(_, length)| length.min_chars.or(length.min_tokens).is_some())
            || self.wholes.iter().any(|(_, check)| check.judges_empty())
            || self.combined.iter().any(Combination::judges_empty)
    }

    /// Whether a classifier reads this kind of text.
    pub fn has_classifiers(&self) -> bool {
        let in_members = |combination: &Combination| combination.members.iter().any(|(plan, _)| plan.has_classifiers());
        !self.classifiers.is_empty() || self.combined.iter().any(in_members)
    }
}

/// Who reads views.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Readers {
    /// Some rule.
    pub(super) any: bool,
    /// One that may block or rewrite.
    pub(super) holding: bool,
}

impl Readers {
    fn add(&mut self, reads: bool, holds: bool) {
        self.any |= reads;
        self.holding |= reads && holds;
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
    /// Whether it also reads the views of the text, and those that rules ask for.
    pub(super) views: bool,
    pub(super) disguised: bool,
}

impl TrackerInfo {
    /// Whether it reads what is seen this way.
    pub(super) fn reads(&self, seen: Path) -> bool {
        seen.is_text() || if seen.is_asked_for() { self.disguised } else { self.views }
    }
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
#[derive(Clone, Debug)]
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
    /// What it looks for; for the words of an entity, `output` is the entity's place.
    pub(super) sought: Sought,
    pub(super) window: Window,
}
