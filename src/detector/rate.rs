//! `rate`: how many requests, tokens or dollars a caller takes in a while.
//!
//! A rule with it reads no text: it is asked once for each request, before its texts are judged. What was taken is kept in
//! a [`crate::budget::Book`]; here is what the rule's author wrote.

use std::sync::Arc;
use std::time::Duration;

use super::tool::is_like;
use super::{DetectorKind, Plan};
use crate::budget::{Limit, Measure};
use crate::config::value::{count, duration, one_of, show_duration, wrong};
use crate::config::{Core, MapReader, Node, Problem, Value};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "rate",
    summary: "more requests, tokens or dollars than a caller may take in a while",
    example: "{ rate: { per: tenant, requests: 100, window: 1m } }",
    build,
    choice: None,
};

/// `rate: { per, requests, tokens, cost_usd, window, prices }`.
#[derive(Clone, Debug, PartialEq)]
pub struct RatePlan {
    /// Who has a budget of his own.
    pub per: Per,
    /// Never empty.
    pub limits: Vec<Limit>,
    /// What counts is what was taken in a window of this length.
    pub window: Duration,
    /// What tokens cost. Not empty where a limit is of costs.
    prices: Vec<(Arc<str>, Price)>,
}

/// Who has a budget of his own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// A tenant.
    Tenant,
    /// A user of a tenant, by the name that the request gives.
    User,
    /// An API key.
    Key,
    /// An IP address; of version 6, the 64 bits that one connection has.
    Ip,
    /// A route.
    Route,
    /// Nobody: all have one together.
    Global,
}

/// What tokens of a model cost, in billionths of a US dollar a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// Of the request.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

impl Price {
    /// What so many tokens cost.
    pub fn of(self, input: u64, output: u64) -> u64 {
        self.input.saturating_mul(input).saturating_add(self.output.saturating_mul(output))
    }
}

impl Per {
    const NAMES: [(&str, Per); 6] = [
        ("tenant", Per::Tenant),
        ("user", Per::User),
        ("key", Per::Key),
        ("ip", Per::Ip),
        ("route", Per::Route),
        ("global", Per::Global),
    ];
}

impl RatePlan {
    /// What tokens of a model cost. The longest name that fits says it; a model that has no name in the list is as dear as
    /// the dearest in it.
    pub fn price(&self, model: &str) -> Price {
        let own = self.prices.iter().filter(|(name, _)| is_like(name, model)).max_by_key(|(name, _)| name.len());
        let dearest = || {
            self.prices.iter().fold(Price::default(), |most, (_, price)| Price {
                input: most.input.max(price.input),
                output: most.output.max(price.output),
            })
        };
        own.map_or_else(dearest, |(_, price)| *price)
    }

    /// Shown in `why`, where there is nothing better to say.
    pub fn why(&self, label: Option<&str>) -> String {
        let own = |limit: &&Limit| label.is_none_or(|label| label == limit.measure.name());
        self.limits.iter().find(own).map_or_else(String::new, |limit| {
            format!("more than {} in {}", amount(limit.measure, limit.most), show_duration(self.window))
        })
    }

    /// What it would have come to, and what may.
    pub fn why_over(&self, limit: usize, wanted: u64) -> String {
        self.limits.get(limit).map_or_else(String::new, |&Limit { measure, most }| {
            let (wanted, most) = (amount(measure, wanted), plain(measure, most));
            format!("{wanted} in {}, at most {most}", show_duration(self.window))
        })
    }
}

/// With its unit.
fn amount(measure: Measure, much: u64) -> String {
    match measure {
        Measure::Requests => format!("{much} requests"),
        Measure::Tokens => format!("{much} tokens"),
        Measure::Cost => format!("{} USD", plain(measure, much)),
    }
}

/// The number alone.
fn plain(measure: Measure, much: u64) -> String {
    if measure != Measure::Cost {
        return much.to_string();
    }
    let cents = much.div_ceil(NANOS_PER_USD / 10_000);
    let text = format!("{}.{:04}", cents / 10_000, cents % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let before = reader.problems().errors();
    let per = reader.required("per", one_of(&Per::NAMES));
    let window = reader.required("window", duration(WINDOW));
    let whole = |most: usize| most as u64;
    let limits = [
        (Measure::Requests, reader.optional("requests", count(1..=MOST)).map(whole)),
        (Measure::Tokens, reader.optional("tokens", count(1..=MOST)).map(whole)),
        (Measure::Cost, reader.optional("cost_usd", |node| usd(node, 0.001..=1e9))),
    ];
    let priced = reader.node("cost_usd").is_some();
    let prices = reader.map("prices", prices).flatten();
    let node = reader.node("prices");
    match node {
        None if priced => {
            let problem = Problem::error(reader.head(), "a budget in dollars needs prices");
            let example =
                "for example `prices: { \"gpt-5*\": { input: 1.25, output: 10 } }`, in dollars a million tokens";
            reader.problem(problem.label("expected `prices` beside `cost_usd`").help(example));
        }
        Some(node) if !priced => {
            let problem = Problem::error(&node.at, "prices without a budget in dollars");
            reader.problem(problem.label("expected `cost_usd` beside `prices`"));
        }
        _ => {}
    }
    let limits: Vec<Limit> =
        limits.into_iter().filter_map(|(measure, most)| Some(Limit { measure, most: most? })).collect();
    if limits.is_empty() && reader.problems().errors() == before {
        let problem = Problem::error(reader.head(), "`rate` has no bound");
        reader.problem(problem.label("expected `requests`, `tokens` or `cost_usd`"));
    }
    if reader.problems().errors() > before {
        return None;
    }
    Some(Plan::Rate(RatePlan { per: per?, limits, window: window?, prices: prices.unwrap_or_default() }))
}

/// `prices`: by model, in dollars a million tokens.
fn prices(reader: &mut MapReader<'_>) -> Option<Vec<(Arc<str>, Price)>> {
    let problems = reader.problems();
    let entries = reader.entries();
    if entries.is_empty() || entries.len() > MAX_PRICES {
        let problem = Problem::error(reader.head(), "no list of prices");
        reader.problem(problem.label(format!("expected 1 to {MAX_PRICES} models, each with `input` and `output`")));
        return None;
    }
    let prices = entries.iter().filter_map(|entry| {
        let price = MapReader::read(&entry.value, "the price", problems, |reader| {
            // A dollar for a million tokens is a thousandth of a millionth for each.
            let each = |node: &Node| usd(node, 0.0..=1e6).map(|million| million / 1_000_000);
            Some(Price { input: reader.required("input", each)?, output: reader.required("output", each)? })
        });
        Some((entry.key.as_str().into(), price.flatten()?))
    });
    Some(prices.collect())
}

/// An amount of dollars, in billionths.
#[expect(clippy::cast_sign_loss, reason = "no bounds are below nothing")]
fn usd(node: &Node, bounds: std::ops::RangeInclusive<f64>) -> Result<u64, Problem> {
    let found = match &node.value {
        Value::Scalar(scalar) => match scalar.core() {
            Core::Int(value) => Some(value as f64),
            Core::Float(value) => Some(value),
            _ => None,
        },
        _ => None,
    };
    let found = found.filter(|value| bounds.contains(value));
    let found = found.map(|value| (value * NANOS_PER_USD as f64).round() as u64);
    found.ok_or_else(|| wrong(node, &format!("dollars, from {} to {}", bounds.start(), bounds.end())))
}

/// More is no budget.
const MOST: usize = 1_000_000_000_000;
const WINDOW: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(31 * 86_400);
const NANOS_PER_USD: u64 = 1_000_000_000;
const MAX_PRICES: usize = 1000;

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::config::{Collector, Source};

    fn read(options: &str) -> Result<RatePlan, String> {
        let problems = Collector::default();
        let node = Node::parse(&Source::new("p.yaml", options), &problems).unwrap();
        match MapReader::read(&node, "`rate`", &problems, build).flatten() {
            Some(Plan::Rate(plan)) => Ok(plan),
            Some(_) => panic!("another plan"),
            None => Err(problems.finish().to_string()),
        }
    }

    #[test]
    fn what_is_counted_is_said() {
        let plan = read("{ per: tenant, requests: 100, tokens: 5000, window: 1m }").unwrap();
        assert_eq!((plan.per, plan.window), (Per::Tenant, Duration::from_secs(60)));
        assert_eq!(plan.why(Some("tokens")), "more than 5000 tokens in 1m");
        assert_eq!(plan.why_over(0, 101), "101 requests in 1m, at most 100");
        let plan = read("{ per: key, cost_usd: 12.5, window: 30d, prices: { x: { input: 1, output: 2 } } }").unwrap();
        assert_eq!(plan.why_over(0, 12_500_000_001), "12.5001 USD in 30d, at most 12.5");
    }

    #[test]
    fn a_model_has_its_own_price_or_the_dearest() {
        let prices = "{ \"*\": { input: 1, output: 2 }, gpt-5*: { input: 1.25, output: 10 }, gpt-5-mini*: { input: 0.25, output: 2 } }";
        let plan = read(&format!("{{ per: global, cost_usd: 1, window: 1d, prices: {prices} }}")).unwrap();
        assert_eq!(plan.price("gpt-5-2026"), Price { input: 1250, output: 10_000 });
        assert_eq!(plan.price("gpt-5-mini"), Price { input: 250, output: 2000 });
        assert_eq!(plan.price("claude"), Price { input: 1000, output: 2000 });
        let prices = "{ a: { input: 5, output: 1 }, b: { input: 1, output: 7 } }";
        let plan = read(&format!("{{ per: global, cost_usd: 1, window: 1d, prices: {prices} }}")).unwrap();
        for stranger in ["", "A", "ab", "c"] {
            assert_eq!(plan.price(stranger), Price { input: 5000, output: 7000 }, "{stranger}");
        }
        assert_eq!(plan.price("a").of(2, 3), 13_000);
        assert_eq!(plan.price("a").of(u64::MAX, 1), u64::MAX);
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        for (options, says) in [
            ("{ per: tenant, window: 1m }", "`rate` has no bound"),
            ("{ per: tenant, requests: 0, window: 1m }", "wrong value for `requests`"),
            ("{ per: tenant, requests: 1.5, window: 1m }", "wrong value for `requests`"),
            ("{ per: tenant, tokens: -1, window: 1m }", "wrong value for `tokens`"),
            ("{ per: tenants, requests: 1, window: 1m }", "did you mean `tenant`"),
            ("{ requests: 1, window: 1m }", "has no `per`"),
            ("{ per: tenant, requests: 1 }", "has no `window`"),
            ("{ per: tenant, requests: 1, window: 10ms }", "a time from 1s to 31d"),
            ("{ per: tenant, requests: 1, window: 32d }", "a time from 1s to 31d"),
            ("{ per: tenant, cost_usd: 1, window: 1d }", "a budget in dollars needs prices"),
            (
                "{ per: tenant, requests: 1, window: 1d, prices: { a: { input: 1, output: 1 } } }",
                "without a budget in dollars",
            ),
            ("{ per: tenant, cost_usd: 1, window: 1d, prices: { a: { input: 1 } } }", "the price has no `output`"),
            ("{ per: tenant, cost_usd: 1, window: 1d, prices: { a: { input: -1, output: 1 } } }", "dollars, from 0"),
            ("{ per: tenant, cost_usd: 1, window: 1d, prices: {} }", "no list of prices"),
            (
                "{ per: tenant, cost_usd: .inf, window: 1d, prices: { a: { input: 1, output: 1 } } }",
                "wrong value for `cost_usd`",
            ),
        ] {
            let problems = read(options).unwrap_err();
            assert!(problems.contains(says), "{options}: {problems}");
        }
    }
}
