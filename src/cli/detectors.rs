//! `palisade detectors`: what rules can look for, with examples and cost.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::Args as Arguments;
use jiff::Timestamp;

use super::Outcome;
use crate::config::{Source, did_you_mean};
use crate::detector::{Choice, DETECTORS, DetectorKind, Pattern};
use crate::policy::file::load_policy_source;
use crate::policy::{Channel, Context, RuleSet};
use crate::segment::{Direction, Kind, Scope};

/// Show what rules can look for, with examples and cost
#[derive(Arguments, Clone, Debug)]
#[command(
    after_help = "Examples: palisade detectors\n          palisade detectors pii\n          palisade detectors IBAN_CODE"
)]
pub(super) struct Args {
    /// A detector, or one of the things that a detector finds.
    name: Option<String>,
}

/// Runs the command.
pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    let text = match &args.name {
        None => all(),
        Some(name) => match DETECTORS.iter().find(|kind| kind.name == name) {
            Some(kind) => one(kind)?,
            None => found(name)?,
        },
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Outcome::Yes),
    }
}

fn all() -> String {
    let mut out = String::new();
    for kind in DETECTORS {
        let _ = writeln!(out, "{}: {}", kind.name, kind.summary);
        let _ = writeln!(out, "    detect: {}", kind.example);
        if let Some((option, choices)) = kind.choice {
            let choices = choices();
            let usual = choices.iter().filter(|choice| choice.usual).count();
            let _ = writeln!(out, "    {} {option}, {usual} of them unless a rule names others", choices.len());
        }
    }
    out + "\nMore about one: palisade detectors NAME\n"
}

/// A detector and all that it finds.
fn one(kind: &DetectorKind) -> anyhow::Result<String> {
    let mut out = format!("{}: {}\n    detect: {}\n", kind.name, kind.summary, kind.example);
    let Some((option, choices)) = kind.choice else { return Ok(out) };
    let choices = choices();
    let _ = writeln!(out, "    {}", cost(&format!("{}: {{}}", kind.name))?);
    let _ = writeln!(out, "\n{option} (* is looked for unless a rule names others):");
    for choice in &choices {
        let usual = if choice.usual { '*' } else { ' ' };
        let _ = writeln!(out, "{usual} {}: {}", choice.name, choice.summary);
    }
    Ok(out)
}

/// One of the things that detectors find.
fn found(name: &str) -> anyhow::Result<String> {
    let mut names: Vec<&str> = DETECTORS.iter().map(|kind| kind.name).collect();
    for kind in DETECTORS {
        let Some((option, choices)) = kind.choice else { continue };
        let choices = choices();
        if let Some(choice) = choices.iter().find(|choice| choice.name.eq_ignore_ascii_case(name)) {
            return describe(kind, option, choice);
        }
        names.extend(choices.iter().map(|choice| choice.name));
    }
    let more = did_you_mean(name, names).unwrap_or_else(|| "`palisade detectors` lists what there is".to_owned());
    bail!("no detector finds {name:?}: {more}")
}

fn describe(kind: &DetectorKind, option: &str, choice: &Choice) -> anyhow::Result<String> {
    let detect = format!("{}: {{ {option}: [{}] }}", kind.name, choice.name);
    let mut out = format!("{}: {}\n    detect: {{ {detect} }}\n", choice.name, choice.summary);
    let _ = writeln!(out, "    label: {}", choice.label);
    if let Some(example) = &choice.example {
        let _ = writeln!(out, "    example: {}", example.escape_debug());
    }
    let usual = if choice.usual { "when a rule names nothing" } else { "only when a rule names it" };
    let _ = writeln!(out, "    looked for: {usual}");
    let _ = writeln!(out, "    locality: {}", locality(&choice.patterns));
    let _ = writeln!(out, "    {}", cost(&detect)?);
    Ok(out)
}

/// How much text is looked at together.
fn locality(patterns: &[Pattern]) -> String {
    let mut longest = patterns.iter().map(|pattern| pattern.hir.properties().maximum_len());
    let longest = longest.try_fold(0, |most, longest| Some(most.max(longest?)));
    let mut out = match longest {
        _ if patterns.iter().any(|pattern| pattern.run) => "of any length".to_owned(),
        Some(longest) => format!("{longest} bytes at most"),
        None => "as long as the rule's `max_match` lets it be".to_owned(),
    };
    let around = patterns.iter().filter_map(|pattern| pattern.surround.as_ref());
    let (before, after) = around.fold((0, 0), |most, next| (most.0.max(next.before), most.1.max(next.after)));
    if before + after > 0 {
        let _ = write!(out, ", and what stands around it: {before} before, {after} behind");
    }
    out
}

/// What the detector alone takes over ordinary text, on this machine.
fn cost(detect: &str) -> anyhow::Result<String> {
    let rule = format!("rules: [{{ id: cost, detect: {{ {detect} }}, action: log }}]");
    let loaded = load_policy_source(&Source::new("cost.yaml", &rule), Path::new(""), Timestamp::now());
    let policy = loaded.map_err(|problems| anyhow::anyhow!("{problems}"))?.0;
    let started = Instant::now();
    let labels = |_: &str, _: &str| Err("no model is needed here".to_owned());
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).context("cannot be compiled")?;
    let compiled = started.elapsed().as_secs_f64() * 1e3;
    let context = Context::new(Arc::new(rules), Arc::new([0; 32]));
    let text = PROSE.repeat(TEXT / PROSE.len() + 1);
    let scan = || {
        let plan = context.rules.plan_for(SCOPE);
        let started = Instant::now();
        let mut channel = Channel::new(&context, Arc::clone(plan));
        channel.feed(&text);
        channel.finish();
        started.elapsed().as_secs_f64()
    };
    // The first builds what is built on demand.
    let best = (0..ROUNDS).map(|_| scan()).fold(f64::MAX, f64::min);
    let per_kb = best * 1e6 / (text.len() as f64 / 1024.0);
    let (steps, readings) = context.rules.most_work(SCOPE);
    let views = if readings > 1 { format!(", in each of at most {readings} readings of it") } else { String::new() };
    Ok(format!(
        "cost: {per_kb:.2} µs for a KB of ordinary text here, {compiled:.1} ms when the policy is loaded\n    work: at most \
         {steps} steps a byte of any text{views}"
    ))
}

/// What is read.
const SCOPE: Scope = Scope::one(Direction::Request, Kind::User);
const TEXT: usize = 256 << 10;
const ROUNDS: usize = 5;
const PROSE: &str = "The council met on Tuesday to talk about the new bridge. Most speakers were in favour, though some \
                     asked what it would cost (about 3.5 million) and when work could begin. Anna, who lives on the \
                     other side of the river, said that the ferry had been late 14 times since March; nobody else \
                     minded. In the end it was agreed to ask for two more offers before 30 June, and to meet again.\n";
