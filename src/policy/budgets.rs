//! Rules over what callers take: which of them a request is under, whether there is room for it, and what it owes.
//!
//! A request is asked for once, before its texts are judged, and by all its budgets or none: what was taken of some is
//! given back when another one blocks it. Requests count when they are let in. Tokens and dollars are reserved by an
//! estimate and settled by a [`Bill`] when the answer is there; a bill that nobody settles settles itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::compile::RuleSet;
use super::context::Context;
use super::rule::Mode;
use crate::action::Action;
use crate::budget::{Amounts, Book, Measure, Spender, Taken};
use crate::detector::{Per, Plan, Price, RatePlan};

/// The budgets among some rules, each with its book.
#[derive(Debug, Default)]
pub(super) struct Budgets(Vec<(usize, Arc<Book>)>);

/// The books of all rules, which outlive the policies.
#[derive(Debug, Default)]
pub struct Books(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    policy: Arc<str>,
    rule: Arc<str>,
    plan: RatePlan,
    book: Arc<Book>,
    /// Some rule is kept in it.
    used: bool,
}

impl Books {
    /// The same, to be gone through for other policies.
    #[must_use]
    pub fn again(&self) -> Books {
        let kept = |kept: &Kept| Kept {
            policy: Arc::clone(&kept.policy),
            rule: Arc::clone(&kept.rule),
            plan: kept.plan.clone(),
            book: Arc::clone(&kept.book),
            used: false,
        };
        Books(self.0.iter().map(kept).collect())
    }

    /// Forgets those that no rule is kept in.
    pub fn prune(&mut self) {
        self.0.retain(|kept| kept.used);
    }

    /// The book of a rule: the one that it had, if nothing in it is new.
    fn open(&mut self, policy: &Arc<str>, rule: &Arc<str>, plan: &RatePlan) -> Arc<Book> {
        let is_own = |kept: &&mut Kept| kept.policy == *policy && kept.rule == *rule && kept.plan == *plan;
        if let Some(kept) = self.0.iter_mut().find(is_own) {
            kept.used = true;
            return Arc::clone(&kept.book);
        }
        let book = book(plan);
        let (policy, rule) = (Arc::clone(policy), Arc::clone(rule));
        self.0.push(Kept { policy, rule, plan: plan.clone(), book: Arc::clone(&book), used: true });
        book
    }
}

fn book(plan: &RatePlan) -> Arc<Book> {
    Arc::new(Book::new(&plan.limits, plan.window, Instant::now()))
}

impl Budgets {
    /// `None`: no rule is one.
    pub(super) fn new(
        rules: &RuleSet,
        mut open: impl FnMut(&Arc<str>, &Arc<str>, &RatePlan) -> Arc<Book>,
    ) -> Option<Arc<Budgets>> {
        let mut own: Vec<(usize, Arc<Book>)> = Vec::new();
        for index in 0..rules.rules().len() {
            let rule = rules.rule(index);
            if let Plan::Rate(plan) = &rule.plan {
                let book = open(&rules.policy_of(index).name, &rule.id, plan);
                // A policy that a request is under twice counts it once.
                if !own.iter().any(|(_, known)| Arc::ptr_eq(known, &book)) {
                    own.push((index, book));
                }
            }
        }
        (!own.is_empty()).then(|| Arc::new(Budgets(own)))
    }
}

/// What budgets have to know of a request besides what conditions may ask.
#[derive(Clone, Copy, Debug)]
pub struct Spending<'a> {
    /// The API keys that came with it.
    pub keys: &'a [Spender],
    /// The route's name.
    pub route: &'a str,
    /// About so many tokens it has; `None`: it asks for nothing that takes tokens.
    pub tokens: Option<u64>,
    /// What time it is.
    pub now: Instant,
}

/// What budgets say of a request.
#[derive(Debug, Default)]
pub struct Admission {
    /// The budgets that have no room.
    pub over: Vec<OverBudget>,
    /// The rule that blocks it, and until when that will be so.
    pub blocked: Option<(usize, Duration)>,
    /// What it will owe, if it may go on.
    pub bill: Bill,
}

/// A budget without room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverBudget {
    /// Index of the rule.
    pub rule: usize,
    /// What it counts.
    pub measure: Measure,
    /// For people.
    pub why: String,
}

impl Context {
    /// The same rules with books of their own, in which nothing is written.
    pub fn renew_budgets(&mut self) {
        self.budgets = Budgets::new(&self.rules, |_, _, plan| book(plan));
    }

    /// The same rules with the books that they had.
    pub fn keep_budgets(&mut self, books: &mut Books) {
        self.budgets = Budgets::new(&self.rules, |policy, rule, plan| books.open(policy, rule, plan));
    }

    /// Whether any rule counts what callers take.
    pub fn has_budgets(&self) -> bool {
        self.budgets.is_some()
    }

    /// Whether any rule tells callers apart by their keys.
    pub fn counts_keys(&self) -> bool {
        self.plans().any(|plan| plan.per == Per::Key)
    }

    /// Whether any rule counts tokens or what they cost.
    pub fn counts_tokens(&self) -> bool {
        self.budgets.iter().any(|budgets| budgets.0.iter().any(|(_, book)| book.defers()))
    }

    fn plans(&self) -> impl Iterator<Item = &RatePlan> {
        let rules = self.budgets.iter().flat_map(|budgets| &budgets.0);
        rules
            .filter_map(|&(rule, _)| if let Plan::Rate(plan) = &self.rules.rule(rule).plan { Some(plan) } else { None })
    }

    /// Asks all budgets for room for a request, and takes it.
    pub fn admit(&self, spending: &Spending<'_>) -> Admission {
        let mut admission = Admission::default();
        let Some(budgets) = &self.budgets else { return admission };
        let mut all: Vec<Entry> = Vec::new();
        for (rule, book) in &budgets.0 {
            let spec = self.rules.rule(*rule);
            let Plan::Rate(plan) = &spec.plan else { continue };
            if !self.takes_part(*rule) {
                continue;
            }
            let price = plan.price(self.fact("model"));
            let amounts: Amounts = book
                .limits()
                .iter()
                .map(|limit| match limit.measure {
                    Measure::Requests => 1,
                    Measure::Tokens => spending.tokens.unwrap_or_default(),
                    Measure::Cost => price.of(spending.tokens.unwrap_or_default(), 0),
                })
                .collect();
            let from = all.len();
            for spender in self.spenders(plan.per, spending) {
                match book.take(spender, amounts.clone(), spending.now) {
                    Ok(taken) => all.push(Entry { book: Arc::clone(book), taken, price }),
                    Err(over) => {
                        let why = plan.why_over(over.limit, over.wanted);
                        let who = if over.shared { "many callers together" } else { &*self.who(plan.per, spending) };
                        let (rule, measure) = (*rule, book.limits()[over.limit].measure);
                        admission.over.push(OverBudget { rule, measure, why: format!("{why} ({who})") });
                        if spec.mode == Mode::Enforce && matches!(spec.action, Action::Block(_)) {
                            let later = |(_, wait): &(usize, Duration)| *wait >= over.wait;
                            admission.blocked = admission.blocked.filter(later).or(Some((rule, over.wait)));
                        }
                        // Of one rule, too, it is all or nothing.
                        all.drain(from..).for_each(|entry| entry.book.give_back(&entry.taken, spending.now));
                        break;
                    }
                }
            }
        }
        if admission.blocked.is_some() {
            for entry in &all {
                entry.book.give_back(&entry.taken, spending.now);
            }
        } else {
            all.retain(|entry| entry.book.defers());
            let (estimate, input) = (spending.tokens.is_some(), spending.tokens.unwrap_or_default());
            admission.bill = Bill { entries: all, input, estimate, sent: false };
        }
        admission
    }

    /// What conditions may ask about the request, as text.
    fn fact(&self, name: &str) -> &str {
        self.facts().request.get(name).and_then(|value| value.as_str()).unwrap_or_default()
    }

    /// Whose accounts a request goes by. Those of whom nothing is known have one together.
    fn spenders(&self, per: Per, spending: &Spending<'_>) -> SmallVec<[Spender; 1]> {
        let tenant = self.fact("tenant").as_bytes();
        let one = match per {
            // Whatever else it brings: the one that the provider takes is among them.
            Per::Key if !spending.keys.is_empty() => return spending.keys.into(),
            Per::Key => Spender::new(&[b"key"]),
            Per::Tenant => Spender::new(&[b"tenant", tenant]),
            // What tenants call their users is theirs to choose.
            Per::User => Spender::new(&[b"user", tenant, self.fact("user").as_bytes()]),
            Per::Ip => Spender::new(&[b"ip", self.network().as_bytes()]),
            Per::Route => Spender::new(&[b"route", spending.route.as_bytes()]),
            Per::Global => Spender::new(&[b"global"]),
        };
        SmallVec::from_buf([one])
    }

    /// Where a request comes from.
    fn network(&self) -> String {
        match self.fact("source_ip").parse() {
            Ok(IpAddr::V6(ip)) => std::net::Ipv6Addr::from(u128::from(ip) & !0 << 64).to_string(),
            _ => self.fact("source_ip").to_owned(),
        }
    }

    /// Whose budget it is, in words. Nothing that a client says, nor where it is.
    fn who(&self, per: Per, spending: &Spending<'_>) -> String {
        let tenant = match self.fact("tenant") {
            "" => "no tenant".to_owned(),
            tenant => format!("tenant {tenant}"),
        };
        match per {
            Per::Tenant => tenant,
            Per::User if self.fact("user").is_empty() => format!("no user, {tenant}"),
            Per::User => format!("one user, {tenant}"),
            Per::Key if spending.keys.is_empty() => "no key".to_owned(),
            Per::Key => "one key".to_owned(),
            Per::Ip => "one address".to_owned(),
            Per::Route => format!("route {}", spending.route),
            Per::Global => "all requests".to_owned(),
        }
    }
}

/// What a request owes once its answer is there. Dropped, it is settled: with the estimate of what was sent, if anything
/// was.
#[derive(Debug, Default)]
pub struct Bill {
    entries: Vec<Entry>,
    /// About so many tokens the request has.
    input: u64,
    /// What the provider does not say is estimated.
    estimate: bool,
    sent: bool,
}

#[derive(Debug)]
struct Entry {
    book: Arc<Book>,
    taken: Taken,
    price: Price,
}

/// What an answer came to, as far as somebody says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Tokens of the request, by the provider's count.
    pub input: Option<u64>,
    /// Tokens of the answer, by the provider's count.
    pub output: Option<u64>,
    /// About so many tokens were seen of the answer.
    pub seen: u64,
    /// The answer was seen to its end.
    pub whole: bool,
}

impl Bill {
    /// Whether there is anything to settle.
    pub fn is_open(&self) -> bool {
        !self.entries.is_empty()
    }

    /// The request is on its way: from now on it costs.
    pub fn send(&mut self) {
        self.sent = true;
    }

    /// The provider did not do what it was asked: what it does not count itself is free.
    pub fn fail(&mut self) {
        self.estimate = false;
    }

    /// Settles.
    pub fn settle(&mut self, came: Came, now: Instant) {
        let guess = |tokens: u64| if self.estimate { tokens } else { 0 };
        let input = came.input.unwrap_or_else(|| guess(self.input));
        let output = match came.output {
            Some(output) if came.whole => output,
            // It says so as it goes, and did not come to the end.
            Some(output) => output.max(guess(came.seen)),
            None => guess(came.seen),
        };
        for Entry { book, taken, price } in self.entries.drain(..) {
            let spent: Amounts = book
                .limits()
                .iter()
                .map(|limit| match limit.measure {
                    Measure::Requests => 0,
                    Measure::Tokens => input.saturating_add(output),
                    Measure::Cost => price.of(input, output),
                })
                .collect();
            book.settle(&taken, &spent, now);
        }
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        if self.is_open() {
            self.estimate &= self.sent;
            self.settle(Came::default(), Instant::now());
        }
    }
}

#[cfg(test)]
mod tests;
