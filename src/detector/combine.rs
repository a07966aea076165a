//! `any`, `all` and `not`: detectors put together.

use std::sync::Arc;

use super::{ClassifierPlan, DetectorKind, EntitiesPlan, Pattern, Plan};
use crate::config::{MapReader, Problem};

pub(super) const ANY: DetectorKind = DetectorKind {
    name: "any",
    summary: "what any of several detectors finds",
    example: "{ any: [{ keywords: { words: [refund] } }, { regex: { pattern: 'RF-[0-9]{6}' } }] }",
    build: wants_list,
    choice: None,
};

pub(super) const ALL: DetectorKind = DetectorKind {
    name: "all",
    summary: "what several detectors find, if each finds something in the text",
    example: "{ all: [{ keywords: { words: [password] } }, { regex: { pattern: '[0-9]{8}' } }] }",
    build: wants_list,
    choice: None,
};

pub(super) const NOT: DetectorKind = DetectorKind {
    name: "not",
    summary: "texts in which a detector finds nothing",
    example: "{ not: { keywords: { words: [\"no legal advice\"] } } }",
    build: wants_list,
    choice: None,
};

/// How deep they may stand in each other.
pub(crate) const MAX_DEPTH: usize = 4;
/// Most members of one.
pub(crate) const MAX_MEMBERS: usize = 32;

/// How members make up a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Each by itself.
    Any,
    /// Each, where all find something in one text.
    All,
    /// The one member finds nothing.
    Not,
}

/// `any: […]`, `all: […]`, `not: {…}`.
#[derive(Clone, Debug)]
pub struct CombinedPlan {
    /// How its members make up a finding.
    pub form: Form,
    /// Each with the name of its detector.
    pub members: Vec<(&'static str, Plan)>,
}

/// Members are detectors, which the options of one cannot say: whoever reads `detect` reads them.
fn wants_list(reader: &mut MapReader<'_>) -> Option<Plan> {
    let problem = Problem::error(reader.head(), "detectors are put together in a list");
    reader.problem(problem.label("expected a list of detectors, each a mapping with its name as the one key"));
    reader.entries();
    None
}

impl Form {
    /// The form with this name.
    pub fn from_name(name: &str) -> Option<Form> {
        [Form::Any, Form::All, Form::Not].into_iter().find(|form| form.name() == name)
    }

    /// The name that policies use.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Any => "any",
            Form::All => "all",
            Form::Not => "not",
        }
    }
}

impl CombinedPlan {
    /// Whether every finding is of the whole text because something is not in it.
    pub fn is_spanless(&self) -> bool {
        match self.form {
            Form::Not => true,
            Form::All => self.members.iter().all(|(_, plan)| plan.is_spanless()),
            Form::Any => self.members.iter().any(|(_, plan)| plan.is_spanless()),
        }
    }

    /// Shown in `why`.
    pub fn why(&self) -> String {
        let names = self.members.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        match self.form {
            Form::Any => format!("found by any of {names}"),
            Form::All => format!("found by all of {names}"),
            Form::Not => format!("nothing found by {names}"),
        }
    }
}

impl Plan {
    /// Whether what it finds has no place of its own in the text.
    pub fn is_spanless(&self) -> bool {
        matches!(self, Plan::Combined(combined) if combined.is_spanless())
    }

    /// It, or what it is put together of.
    pub fn parts(&self) -> Vec<&Plan> {
        match self {
            Plan::Combined(combined) => combined.members.iter().flat_map(|(_, plan)| plan.parts()).collect(),
            plan => vec![plan],
        }
    }

    /// The patterns in it.
    pub fn patterns(&self) -> Vec<&Pattern> {
        let parts = self.parts().into_iter();
        parts.flat_map(|plan| if let Plan::Patterns(patterns) = plan { patterns.as_slice() } else { &[] }).collect()
    }

    /// The models that it asks.
    pub fn models(&self) -> Vec<&Arc<str>> {
        fn model(plan: &Plan) -> Option<&Arc<str>> {
            match plan {
                Plan::Classifier(ClassifierPlan { model, .. }) | Plan::Entities(EntitiesPlan { model, .. }) => {
                    Some(model)
                }
                Plan::Topic(topic) => Some(&topic.model),
                Plan::Length(length) => length.tokenizer.as_ref(),
                _ => None,
            }
        }
        self.parts().into_iter().filter_map(model).collect()
    }
}
