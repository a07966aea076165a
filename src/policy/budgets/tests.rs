#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use super::*;
use crate::config::Source;
use crate::policy::Facts;
use crate::policy::file::load_policy_source;
use crate::policy::rule::PolicySpec;

fn policy(rules: &str) -> Arc<PolicySpec> {
    let text = format!("version: 1\nname: p\nrules:\n{rules}");
    let loaded = load_policy_source(&Source::new("p.yaml", &text), Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
    Arc::new(loaded.unwrap_or_else(|problems| panic!("{problems}")).0)
}

fn context_of(policies: Vec<Arc<PolicySpec>>) -> Context {
    let rules = RuleSet::compile(policies, &|_, _| Err(String::new()), false).unwrap();
    Context::new(Arc::new(rules), Arc::new([7; 32]))
}

fn context(rules: &str) -> Context {
    context_of(vec![policy(rules)])
}

/// The same budgets, asked by somebody.
fn of(context: &Context, members: &[(&str, &str)]) -> Context {
    let mut context = context.clone();
    let mut facts = Facts::default();
    for (name, value) in members {
        facts.request[*name] = (*value).into();
    }
    context.ask_about(facts);
    context
}

fn spending(keys: &[Spender], tokens: Option<u64>) -> Spending<'_> {
    Spending { keys, route: "/v1/**", tokens, now: Instant::now() }
}

/// The rules that have no room, and whether one of them blocks.
fn ask(context: &Context, keys: &[Spender]) -> (Vec<String>, bool) {
    let admission = context.admit(&spending(keys, Some(1)));
    let over = admission.over.iter().map(|over| context.rules.rule(over.rule).id.to_string()).collect();
    (over, admission.blocked.is_some())
}

fn passes(context: &Context) -> bool {
    !ask(context, &[]).1
}

fn rule(id: &str, rate: &str) -> String {
    format!("  - {{ id: {id}, detect: {{ rate: {{ {rate} }} }}, action: block }}\n")
}

#[test]
fn everybody_has_a_budget_of_his_own() {
    for (per, somebody, others) in [
        ("tenant", &[("tenant", "acme")][..], &[&[("tenant", "beta")][..], &[]][..]),
        (
            "user",
            &[("tenant", "acme"), ("user", "1")],
            &[
                &[("tenant", "acme"), ("user", "2")],
                &[("tenant", "beta"), ("user", "1")],
                &[("user", "1")],
                &[("tenant", "acme")],
            ],
        ),
        ("ip", &[("source_ip", "10.0.0.1")], &[&[("source_ip", "10.0.0.2")], &[]]),
        ("ip", &[("source_ip", "2001:db8:0:1::5")], &[&[("source_ip", "2001:db8:0:2::5")], &[("source_ip", "::")]]),
    ] {
        let all = context(&rule("r", &format!("per: {per}, requests: 1, window: 1h")));
        assert!(passes(&of(&all, somebody)) && !passes(&of(&all, somebody)), "{per}");
        for other in others {
            assert!(passes(&of(&all, other)) && !passes(&of(&all, other)), "{per}: {other:?}");
        }
    }
    let all = context(&rule("r", "per: ip, requests: 1, window: 1h"));
    assert!(passes(&of(&all, &[("source_ip", "2001:db8:0:1::5")])));
    assert!(!passes(&of(&all, &[("source_ip", "2001:db8:0:1:ffff::5")])), "one connection has many addresses");
    for per in ["global", "route"] {
        let all = context(&rule("r", &format!("per: {per}, requests: 1, window: 1h")));
        assert!(passes(&of(&all, &[("tenant", "acme")])) && !passes(&of(&all, &[("tenant", "beta")])), "{per}");
    }
}

#[test]
fn a_request_goes_by_all_of_its_keys() {
    let all = context(&rule("r", "per: key, requests: 2, window: 1h"));
    let [own, junk, more] = [&b"sk-own"[..], b"junk-1", b"junk-2"].map(|key| Spender::new(&[b"key", key]));
    assert!(!ask(&all, &[own]).1);
    assert!(!ask(&all, &[junk, own]).1);
    assert!(ask(&all, &[more, own]).1, "new keys beside it are no way out");
    assert!(!ask(&all, &[more]).1);
    assert!(!ask(&all, &[more]).1, "nothing was taken of them");
    assert_eq!((0..3).map(|_| ask(&all, &[]).1).collect::<Vec<_>>(), [false, false, true], "those without a key");
}

#[test]
fn what_one_budget_refuses_takes_nothing_from_another() {
    let all = context(
        &(rule("big", "per: tenant, requests: 3, window: 1h") + &rule("small", "per: user, requests: 1, window: 1h")),
    );
    let (anna, ben) = (of(&all, &[("user", "anna")]), of(&all, &[("user", "ben")]));
    assert!(passes(&anna));
    for _ in 0..10 {
        assert_eq!(ask(&anna, &[]), (vec!["small".to_owned()], true));
    }
    assert!(passes(&ben) && passes(&of(&all, &[("user", "cleo")])));
    assert_eq!(ask(&of(&all, &[("user", "dora")]), &[]), (vec!["big".to_owned()], true));
    assert_eq!(ask(&ben, &[]), (vec!["big".to_owned(), "small".to_owned()], true));
}

#[test]
fn those_that_watch_block_nothing() {
    for rest in ["action: log", "action: block, mode: shadow"] {
        let all = context(&format!(
            "  - {{ id: r, detect: {{ rate: {{ per: global, requests: 1, window: 1h }} }}, {rest} }}\n"
        ));
        assert_eq!(ask(&all, &[]), (vec![], false));
        assert_eq!(ask(&all, &[]), (vec!["r".to_owned()], false));
    }
}

#[test]
fn a_condition_says_for_which_requests_it_counts() {
    let all = context(
        "  - id: r\n    when: request.model == \"dear\"\n    detect: { rate: { per: global, requests: 1, window: 1h } }\n    action: block\n",
    );
    let (dear, cheap) = (of(&all, &[("model", "dear")]), of(&all, &[("model", "cheap")]));
    assert!((0..5).all(|_| passes(&cheap)) && passes(&dear) && !passes(&dear) && passes(&cheap));
}

#[test]
fn tokens_are_reserved_and_settled() {
    let all = context(&rule("r", "per: global, tokens: 100, window: 1h"));
    let left = |context: &Context| {
        (0..=100).rev().find(|&tokens| context.admit(&spending(&[], Some(tokens))).blocked.is_none()).unwrap()
    };
    let taken = |tokens: u64, end: &dyn Fn(&mut Bill)| {
        let before = left(&all);
        let mut admission = all.admit(&spending(&[], Some(tokens)));
        assert_eq!((admission.blocked, left(&all)), (None, before - tokens));
        end(&mut admission.bill);
        drop(admission);
        before - left(&all)
    };
    let now = Instant::now();
    let came = Came { input: Some(3), output: Some(4), seen: 9, whole: true };
    assert_eq!(taken(10, &|bill| bill.settle(came, now)), 7, "as the provider says");
    assert_eq!(
        taken(10, &|bill| bill.settle(Came { whole: false, ..came }, now)),
        12,
        "it did not come to say the last"
    );
    assert_eq!(taken(10, &|bill| bill.settle(Came { input: None, output: None, ..came }, now)), 19, "as was seen");
    assert_eq!(taken(10, &|_| ()), 0, "it was not sent");
    assert_eq!(taken(10, &Bill::send), 10, "it was sent and given up");
    assert_eq!(
        taken(10, &|bill| {
            bill.send();
            bill.fail();
        }),
        0,
        "it was refused"
    );
    assert_eq!(
        taken(10, &|bill| {
            bill.fail();
            bill.settle(came, now);
        }),
        7,
        "it was refused, and counted"
    );
    let fetched = all.admit(&spending(&[], None));
    assert!(fetched.blocked.is_none());
    let mut bill = fetched.bill;
    bill.settle(Came { output: Some(500), ..Came::default() }, now);
    assert_eq!(left(&all), 0);
    assert!(all.admit(&spending(&[], None)).blocked.is_none(), "what asks for no tokens is not held up");
    let over = all.admit(&spending(&[], Some(1)));
    assert_eq!(over.over[0].why, "556 tokens in 1h, at most 100 (all requests)");
}

#[test]
fn dollars_are_counted_by_the_models_prices() {
    let prices = "prices: { cheap: { input: 1, output: 10 }, dear: { input: 100, output: 1000 } }";
    let all = context(&rule("r", &format!("per: global, cost_usd: 1, window: 1h, {prices}")));
    let call = |model: &str| {
        let context = of(&all, &[("model", model)]);
        let mut admission = context.admit(&spending(&[], Some(100)));
        admission.bill.settle(Came { input: Some(100), output: Some(400), ..Came::default() }, Instant::now());
        admission.over.pop().map(|over| over.why)
    };
    assert_eq!((call("cheap"), call("dear"), call("unheard-of")), (None, None, None));
    // 0.0041 + 0.41 + 0.41, and as much again.
    assert_eq!((call("cheap"), call("dear")), (None, None));
    assert_eq!(call("cheap").unwrap(), "1.2383 USD in 1h, at most 1 (all requests)");
}

#[test]
fn books_outlive_the_policies_that_they_are_kept_for() {
    let rules = rule("a", "per: global, requests: 1, window: 1h") + &rule("b", "per: tenant, requests: 9, window: 1h");
    let mut books = Books::default();
    let load = |rules: &str, books: &mut Books| {
        let mut context = context(rules);
        context.keep_budgets(books);
        context
    };
    let first = load(&rules, &mut books);
    assert!(passes(&first) && !passes(&load(&rules, &mut books)), "one policy on two routes");
    books.prune();
    let mut next = books.again();
    let other = rule("a", "per: global, requests: 1, window: 1h") + &rule("b", "per: tenant, requests: 8, window: 1h");
    assert!(!passes(&load(&other, &mut next)), "`a` is what it was");
    next.prune();
    assert_eq!(next.0.len(), 2);
    let renamed = rule("c", "per: global, requests: 1, window: 1h");
    let mut last = next.again();
    assert!(passes(&load(&renamed, &mut last)), "another rule");
    last.prune();
    assert_eq!(last.0.len(), 1);
    assert!(passes(&load(&rules, &mut last.again())), "what was gone is new");
}

#[test]
fn a_policy_that_a_request_is_under_twice_counts_it_once() {
    let own = policy(&rule("r", "per: global, requests: 2, window: 1h"));
    let mut books = Books::default();
    let mut context = context_of(vec![Arc::clone(&own), own]);
    context.keep_budgets(&mut books);
    assert_eq!([passes(&context), passes(&context), passes(&context)], [true, true, false]);
}

#[test]
fn why_says_nothing_that_a_client_said() {
    let all = context(&rule("r", "per: user, requests: 1, window: 1h"));
    let own = of(&all, &[("tenant", "acme"), ("user", "jane@corp.com"), ("source_ip", "10.0.0.1")]);
    assert!(passes(&own));
    let over = own.admit(&spending(&[], None)).over;
    assert_eq!(over[0].why, "2 requests in 1h, at most 1 (one user, tenant acme)");
}

#[test]
fn policies_without_a_budget_have_no_book() {
    let context = context("  - { id: r, detect: { keywords: { words: [a] } }, action: block }\n");
    assert!(!context.has_budgets() && !context.counts_tokens() && !context.counts_keys());
    assert!(!context.admit(&spending(&[], Some(1))).bill.is_open());
}

#[test]
fn what_a_budget_cannot_have_is_refused() {
    let rate = "rate: { per: tenant, requests: 1, window: 1m }";
    for (rule, says) in [
        (format!("id: r, scope: [user], detect: {{ {rate} }}, action: block"), "`rate` has no use for `scope`"),
        (
            format!("id: r, detect: {{ {rate} }}, except: [{{ keyword: a }}], action: block"),
            "`rate` has no use for `except`",
        ),
        (format!("id: r, detect: {{ {rate} }}, action: mask"), "only `block` and `log` may follow `rate`"),
        (
            format!("id: r, detect: {{ {rate} }}, action: {{ allow: {{ rules: [r] }} }}"),
            "only `block` and `log` may follow `rate`",
        ),
        (format!("id: r, when: segment.age > 1, detect: {{ {rate} }}, action: block"), "asks about `segment`"),
        (format!("id: r, detect: {{ any: [{{ {rate} }}] }}, action: block"), "cannot be put together with others"),
        (format!("id: r, detect: {{ not: {{ {rate} }} }}, action: block"), "cannot be put together with others"),
    ] {
        let text = format!("version: 1\nname: p\nrules:\n  - {{ {rule} }}\n");
        let read =
            load_policy_source(&Source::new("p.yaml", &text), Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
        let problems = read.unwrap_err().to_string();
        assert!(problems.contains(says), "{rule}: {problems}");
    }
}
