//! The tests beside the shipped policies guard every rule: whichever is broken, one of them fails.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::run::{Bench, Seen};
use super::{Case, CaseFile, ENDING, case, differences};
use crate::action::Action;
use crate::classifier::Inference;
use crate::config::{Config, Source};
use crate::guard::{Guard, context};
use crate::policy::load_policy;
use crate::policy::rule::{Decision, Mode, PolicySpec, RuleSpec};
use crate::segment::Media;

#[test]
fn no_rule_of_a_shipped_policy_can_be_broken_unnoticed() {
    let (_, inference) = Guard::single("default", &Config::default(), |_| {}).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let trial = Trial { inference, key: Arc::new([7; 32]), runtime };
    let read = |name: &str| Source::read(&Path::new(POLICIES).join(format!("{name}{ENDING}"))).unwrap();
    let unnoticed: Vec<String> =
        case::shipped().flat_map(|(name, _)| trial.policy(name, &CaseFile::read(&read(name)).unwrap().cases)).collect();
    assert!(unnoticed.is_empty(), "no test fails:\n{}", unnoticed.join("\n"));
}

struct Trial {
    inference: Option<Arc<Inference>>,
    key: Arc<[u8]>,
    runtime: tokio::runtime::Runtime,
}

impl Trial {
    /// What can be done to the policy without any of the cases failing.
    fn policy(&self, name: &str, cases: &[Case]) -> Vec<String> {
        let (spec, warnings) = load_policy(name, Path::new(POLICIES), jiff::Timestamp::UNIX_EPOCH).unwrap();
        assert!(warnings.is_empty(), "{warnings}");
        assert!(cases.len() >= 8, "{name} has {} cases", cases.len());
        assert!(cases.iter().any(|case| matches!(case.given, case::Given::Stream(_))), "{name} has no stream");
        let whole = self.bench(&spec);
        let seen: Vec<(&Case, Seen)> = cases.iter().map(|case| (case, self.run(&whole, case))).collect();
        for (case, seen) in &seen {
            assert_eq!(differences(case, seen), [""; 0], "{name}: {}", case.name);
        }
        let mut unnoticed = Vec::new();
        for (what, broken) in breaks(name, &spec) {
            // Each rule finds what it would find alone: those that find nothing in a case need not be compiled for it.
            let fails = |(case, seen): &(&Case, Seen)| {
                let only = |spec: &PolicySpec| {
                    let concerned =
                        |rule: &RuleSpec| seen.rules.iter().any(|id| **id == *rule.id) || what.is_about(rule);
                    let rules = spec.rules.iter().filter(|rule| concerned(rule)).cloned().collect();
                    self.run(&self.bench(&PolicySpec { rules, ..spec.clone() }), case)
                };
                if what.may_matter(seen) && !differences(case, &only(&broken)).is_empty() {
                    assert_eq!(differences(case, &only(&spec)), [""; 0], "{name}: {} with fewer rules", case.name);
                    return true;
                }
                false
            };
            if !seen.iter().any(fails) {
                unnoticed.push(format!("{name}: {}", what.name));
            }
        }
        unnoticed
    }

    fn bench(&self, spec: &PolicySpec) -> Bench {
        let context = context(vec![Arc::new(spec.clone())], self.inference.as_deref(), &self.key, false).unwrap();
        Bench { context, inference: self.inference.clone() }
    }

    fn run(&self, bench: &Bench, case: &Case) -> Seen {
        self.runtime.block_on(bench.run(case)).unwrap()
    }
}

/// One way to break a policy.
struct Break {
    name: String,
    /// The rules that it breaks; none: the policy as a whole.
    rules: BTreeSet<Arc<str>>,
    /// Whether cases in which these rules find nothing may tell, too.
    widens: bool,
}

impl Break {
    fn is_about(&self, rule: &RuleSpec) -> bool {
        self.widens && self.rules.contains(&rule.id)
    }

    fn may_matter(&self, seen: &Seen) -> bool {
        self.widens || self.rules.is_empty() || seen.rules.iter().any(|id| self.rules.contains(id.as_str()))
    }
}

/// Everything that is done to a policy: each rule of its own file is taken out, only logs, acts where it should watch, forgets
/// its exceptions; all rules of each base go; what cannot be looked into is decided the other way.
fn breaks(name: &str, spec: &PolicySpec) -> Vec<(Break, PolicySpec)> {
    let mut all = Vec::new();
    let mut change = |what: String, ids: &[&Arc<str>], widens: bool, with: &dyn Fn(&mut PolicySpec)| {
        let mut broken = spec.clone();
        with(&mut broken);
        all.push((Break { name: what, rules: ids.iter().map(|id| Arc::clone(id)).collect(), widens }, broken));
    };
    let file = |rule: &RuleSpec| rule.origin.rsplit_once(':').unwrap().0.to_owned();
    let own = format!("{POLICIES}/{name}.yaml");
    for (at, rule) in spec.rules.iter().enumerate().filter(|(_, rule)| file(rule) == own) {
        let id = &rule.id;
        change(format!("without {id}"), &[id], false, &|spec| drop(spec.rules.remove(at)));
        if rule.mode == Mode::Shadow {
            change(format!("{id} acts"), &[id], false, &|spec| spec.rules[at].mode = Mode::Enforce);
        } else if !matches!(rule.action, Action::Log) {
            change(format!("{id} only logs"), &[id], false, &|spec| spec.rules[at].action = Action::Log);
        }
        if !rule.except.is_empty() {
            change(format!("{id} without exceptions"), &[id], true, &|spec| spec.rules[at].except.clear());
        }
    }
    let bases: BTreeSet<String> = spec.rules.iter().map(file).filter(|base| *base != own).collect();
    for base in bases {
        let ids: Vec<&Arc<str>> = spec.rules.iter().filter(|rule| file(rule) == base).map(|rule| &rule.id).collect();
        change(format!("without {base}"), &ids, false, &|spec| spec.rules.retain(|rule| file(rule) != base));
        if spec.mode == Mode::Shadow {
            let act = |rule: &mut RuleSpec| rule.mode = if file(rule) == base { Mode::Enforce } else { rule.mode };
            change(format!("{base} acts"), &ids, false, &|spec| spec.rules.iter_mut().for_each(act));
        }
    }
    // A policy that only watches never blocks what it cannot look into.
    if spec.mode == Mode::Enforce {
        let blocks = spec.unscannable[Media::Image as usize] == Decision::Block;
        let other = if blocks { Decision::Log } else { Decision::Block };
        change(format!("pictures: {other:?}"), &[], false, &|spec| spec.unscannable = [other; Media::ALL.len()]);
    }
    all
}

/// The files as they stand: tests run in the package's folder.
const POLICIES: &str = "policies";
