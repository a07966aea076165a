#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn facts() -> Value {
    json!({
        "request": {
            "method": "POST", "path": "/v1/chat/completions", "model": "gpt-5", "tenant": "acme", "user": "",
            "headers": { "x-team": "blue", "accept": "a, b" }, "stream": true, "protocol": "openai-chat",
            "source_ip": "10.0.0.1",
        },
        "segment": { "kind": "user", "role": "user", "direction": "request", "index": 2, "length": 12, "age": 0 },
        "tenant": { "vars": { "limit": 100, "plan": "gold", "tags": ["a", "b"] } },
    })
}

fn when(source: &str) -> Result<bool, Unjudged> {
    let all = facts();
    let facts =
        Facts { request: &all["request"], segment: &all["segment"], tenant: &all["tenant"], ..Facts::default() };
    Condition::new(source, About::When).unwrap_or_else(|fault| panic!("{source}: {fault:?}")).holds(&facts)
}

fn require(source: &str, args: Value) -> Result<bool, Unjudged> {
    let all = facts();
    let facts = Facts { request: &all["request"], tenant: &all["tenant"], args: &args, ..Facts::default() };
    Condition::new(source, About::Require).unwrap_or_else(|fault| panic!("{source}: {fault:?}")).holds(&facts)
}

fn fault(source: &str, about: About) -> (String, String) {
    let fault = Condition::new(source, about).err().unwrap_or_else(|| panic!("{source} passes"));
    (source.get(fault.range).unwrap().to_owned(), fault.message)
}

#[test]
fn conditions_are_judged_as_cel_says() {
    for (source, holds) in [
        ("request.tenant != \"internal\"", true),
        ("request.tenant == 'acme' && request.stream", true),
        ("!request.stream || request.method == \"GET\"", false),
        ("request.headers[\"x-team\"] == \"blue\"", true),
        ("\"x-other\" in request.headers", false),
        ("has(request.headers.accept) && !has(request.headers.nothing)", true),
        ("request.path.startsWith(\"/v1/\") && request.path.endsWith(\"completions\")", true),
        ("request.path.contains(\"chat\")", true),
        ("request.model.matches(\"^gpt-[0-9]$\")", true),
        ("request.model.matches('gpt$')", false),
        ("matches(request.model, '5')", true),
        ("request.source_ip in [\"10.0.0.1\", \"10.0.0.2\"]", true),
        ("segment.kind == \"user\" && segment.index >= 2 && segment.age < 1", true),
        ("segment.length > 10 ? true : false", true),
        ("tenant.vars.limit * 2 == 200 && tenant.vars.limit / 3 == 33 && -tenant.vars.limit % 7 == -2", true),
        ("tenant.vars.plan in [\"gold\", \"silver\"]", true),
        ("tenant.vars.tags.exists(tag, tag == \"b\") && tenant.vars.tags.all(tag, tag < \"c\")", true),
        ("tenant.vars.tags.exists_one(tag, tag.contains(\"a\"))", true),
        ("tenant.vars.tags[1] == \"b\" && size(tenant.vars.tags) == 2 && tenant.vars.plan.size() == 4", true),
        ("tenant.vars.tags == ['a', 'b'] && tenant.vars.tags != ['b', 'a']", true),
        ("request.tenant.upperAscii() == \"ACME\" && \"ÄB\".lowerAscii() == \"Äb\"", true),
        ("int(\"12\") + 1 == 13 && double(1) == 1.0 && string(5) + \"a\" == \"5a\"", true),
        ("1 == 1.0 && 1 < 1.5 && 2.5 > 2", true),
        ("tenant.vars.limit == null", false),
        // Of different types: unequal, and no error.
        ("tenant.vars.limit == \"100\" || tenant.vars.plan != 5", true),
        // What one side decides is decided.
        ("request.headers[\"nothing\"] == \"a\" || request.stream", true),
        ("request.headers[\"nothing\"] == \"a\" && !request.stream", false),
        ("tenant.vars.tags.all(tag, tag > 5 || tag == \"a\")", false),
    ] {
        let expected = if source.contains("tag > 5") { Err(Unjudged::Type) } else { Ok(holds) };
        assert_eq!(when(source), expected, "{source}");
    }
}

#[test]
fn what_cannot_be_judged_says_why() {
    for (source, why) in [
        ("request.headers[\"nothing\"] == \"a\"", Unjudged::Missing),
        ("tenant.vars.nothing > 5", Unjudged::Missing),
        ("tenant.vars.tags[2] == \"c\"", Unjudged::Missing),
        ("tenant.vars.tags[-1] == \"c\"", Unjudged::Missing),
        ("tenant.vars.plan > 5", Unjudged::Type),
        ("tenant.vars.plan", Unjudged::Type),
        ("int(tenant.vars.plan) == 5", Unjudged::Type),
        ("tenant.vars.limit / 0 == 5", Unjudged::Arithmetic),
        ("tenant.vars.limit / 0.0 == 5", Unjudged::Arithmetic),
        ("tenant.vars.limit * 9223372036854775807 == 5", Unjudged::Arithmetic),
        ("int(1e300) == 5", Unjudged::Arithmetic),
    ] {
        assert_eq!(when(source), Err(why), "{source}");
    }
    // Facts that are not there at all.
    let condition = Condition::new("request.tenant == \"a\"", About::When).unwrap();
    assert_eq!(condition.holds(&Facts::default()), Err(Unjudged::Missing));
}

#[test]
fn what_is_required_of_arguments_is_judged_strictly() {
    let small = "args.amount <= 100";
    assert_eq!(require(small, json!({ "amount": 100 })), Ok(true));
    assert_eq!(require(small, json!({ "amount": 1e2 })), Ok(true));
    assert_eq!(require(small, json!({ "amount": 100.01 })), Ok(false));
    assert_eq!(require(small, json!({ "amount": -5 })), Ok(true));
    assert_eq!(require(small, json!({ "amount": u64::MAX })), Ok(false));
    for odd in [json!({}), json!({ "Amount": 5 }), json!({ "amount": null }), json!({ "amount": "5" }), json!(null)] {
        assert!(require(small, odd.clone()).is_err(), "{odd}");
    }
    for odd in [json!({ "amount": [5] }), json!({ "amount": { "amount": 5 } }), json!([5]), json!("amount")] {
        assert!(require(small, odd.clone()).is_err(), "{odd}");
    }
    // Another type is not merely unequal.
    let not_to = "args.to != \"boss\"";
    assert_eq!(require(not_to, json!({ "to": "me" })), Ok(true));
    for odd in [json!({ "to": ["boss"] }), json!({ "to": null }), json!({ "to": 5 }), json!({})] {
        assert!(require(not_to, odd.clone()).is_err(), "{odd}");
    }
    assert!(require("!(args.to in [\"boss\", \"chief\"])", json!({ "to": ["boss"] })).is_err());
    assert!(require("args.tags != [\"a\"]", json!({ "tags": [["a"]] })).is_err());
    // Nor does what stands beside it make up for it.
    let either = "args.amount <= 100 || args.approved";
    assert_eq!(require(either, json!({ "amount": 500, "approved": true })), Ok(true));
    assert_eq!(require(either, json!({ "approved": true })), Err(Unjudged::Missing));
    assert!(require("args.list.exists(x, x > 5)", json!({ "list": ["a", 6] })).is_err());
    // What may be missing is asked for.
    let optional = "!has(args.amount) || args.amount <= 100";
    assert_eq!(require(optional, json!({})), Ok(true));
    assert_eq!(require(optional, json!({ "amount": 500 })), Ok(false));
    assert_eq!(require("args.note == null", json!({ "note": "a" })), Ok(false));
    assert_eq!(require("args.amount <= tenant.vars.limit", json!({ "amount": 100 })), Ok(true));
    assert_eq!(require("request.tenant == \"acme\"", json!({})), Ok(true));
}

#[test]
fn unknown_names_and_wrong_types_are_refused_where_they_stand() {
    for (source, part, message) in [
        ("reqest.tenant == \"a\"", "reqest", "unknown variable `reqest`"),
        ("args.a == 1", "args", "unknown variable `args`"),
        ("request.tennant == \"a\"", ".", "`request` has no field `tennant`"),
        ("tenant.name == \"a\"", ".", "`tenant` has no field `name`"),
        ("request.tenant.name == \"a\"", ".", "a string has no fields"),
        ("request.path.startWith(\"a\")", "(", "unknown function `startWith`"),
        ("startsWith(request.path)", "(", "`startsWith` is called in another way"),
        ("request.tenant", "request.tenant", "a condition is true or false, and this is a string"),
        ("  1 + 2 ", "1 + 2", "a condition is true or false, and this is a number"),
        ("request.tenant == 5", "==", "these can never be equal: a string and a number"),
        ("request.tenant < 5", "<", "these have no order: a string and a number"),
        (
            "request.stream && request.path",
            "",
            "only what is true or false can be put together: a boolean and a string",
        ),
        ("!request.path", "", "expected a boolean, and this is a string"),
        ("request.path in \"a\"", "in", "`in` wants a list or a mapping behind it: a string and a string"),
        ("request.headers[\"X-Team\"] == \"a\"", "[", "no header has this name: they are in lower case here"),
        ("request.path.matches(request.model)", "", "`matches` wants a pattern that is written out"),
        ("request.path.matches(\"(\")", "\"(\"", ""),
        ("[1].map(x, x * 2) == [2]", "(", "unknown function `map`"),
        ("[1].all(x, [2].all(y, x == y))", "(", "`all` stands in another quantifier"),
        ("{\"a\": 1} == null", "{", "mappings cannot be written out in a condition"),
        ("timestamp(\"2026-01-01T00:00:00Z\") == null", "(", "unknown function `timestamp`"),
        ("b\"a\" == null", "", "conditions know strings, no bytes"),
        ("has(request)", "request", "`has` asks for a field, as in `has(args.amount)`"),
    ] {
        let (at, found) = fault(source, About::When);
        assert!(found.starts_with(message), "{source}: {found}");
        assert!(at.starts_with(part), "{source}: {at}");
    }
    for broken in ["request.tenant ==", "(", "a b", "\"", "request..tenant", "'\\q' == 'a'", "1 +* 2"] {
        let (_, found) = fault(broken, About::When);
        assert!(found.starts_with("not a valid CEL expression"), "{broken}: {found}");
    }
    assert_eq!(fault(" ", About::When).1, "the condition is empty");
    assert_eq!(fault("segment.kind == \"a\"", About::Require).1, "unknown variable `segment`");
}

#[test]
fn what_conditions_ask_for_is_known() {
    let uses = |source: &str| Condition::new(source, About::When).unwrap().uses();
    assert_eq!(uses("request.stream"), Uses::default());
    assert_eq!(uses("segment.age == 0"), Uses { segment: true, length: false });
    assert_eq!(uses("segment.age == 0 || segment.length > 5"), Uses { segment: true, length: true });
}

/// On a small stack, where too deep a nesting would end the process.
#[test]
fn size_and_nesting_are_bounded() {
    let nested = |open: &str, middle: &str, close: &str, times: usize| {
        format!("{}{middle}{}", open.repeat(times), close.repeat(times))
    };
    let chain = |part: &str, times: usize| vec![part; times].join(".");
    let run = move || {
        for times in [10, 40, 60, 100, 250, 500, 2000] {
            for source in [
                nested("(", "request.stream", ")", times),
                nested("[", "1", "]", times) + " == null",
                nested("!", "request.stream", "", times),
                nested("-(", "1", ")", times) + " == 1",
                nested("true ? ", "true", " : false", times),
                nested("", "true ? true : ", "true", times),
                "true ? true : ".repeat(times) + "true",
                "request.stream && ".repeat(times) + "true",
                "request.stream || ".repeat(times) + "true",
                "1 + ".repeat(times) + "1 == 1",
                chain("tenant.vars", times) + " == 1",
                format!("tenant.vars{} == 1", "[\"a\"]".repeat(times)),
                nested("size(", "[1]", ")", times) + " == 1",
                nested("tenant.vars.all(x, ", "true", ")", times),
                "a(".repeat(times),
                "[".repeat(times),
                "\"".repeat(times),
            ] {
                if let Ok(condition) = Condition::new(&source, About::When) {
                    let _ = condition.holds(&Facts::default());
                }
            }
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
    assert_eq!(fault(&"a".repeat(MAX_SOURCE + 1), About::When).1, "the condition is longer than 4 KiB");
    assert!(fault(&"!".repeat(300), About::When).1.contains("256 operators"));
}

#[test]
fn what_judging_costs_is_bounded() {
    let many = json!({ "list": (0..20_000).collect::<Vec<_>>(), "text": "a".repeat(4 << 20) });
    assert_eq!(require("args.list.all(x, x in args.list)", many.clone()), Err(Unjudged::Cost));
    assert_eq!(require("args.text.contains(\"b\")", many.clone()), Err(Unjudged::Cost));
    assert_eq!(require("args.list.all(x, x < 20000)", json!({ "list": (0..10_000).collect::<Vec<_>>() })), Ok(true));
    // Cost is no reason to take the other side.
    assert_eq!(when("tenant.vars.limit == 100 || request.stream"), Ok(true));
    let source = "request.user.contains(\"b\") || request.stream";
    let request = json!({ "user": "a".repeat(4 << 20), "stream": true });
    let facts = Facts { request: &request, ..Facts::default() };
    assert_eq!(Condition::new(source, About::When).unwrap().holds(&facts), Err(Unjudged::Cost));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-c]", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Sources made of the words that conditions are made of.
fn sources() -> impl Strategy<Value = String> {
    let words = [
        "args",
        "args.a",
        "args.b",
        "args.a.c",
        "args[\"a\"]",
        "args.c[0]",
        "1",
        "0",
        "-1",
        "2.5",
        "'a'",
        "null",
        "true",
        "request.headers",
        "tenant.vars.a",
        "[1, 'a', args.b]",
        "size(args.a)",
        "int(args.b)",
        "double(args.c)",
        "string(args.a)",
        "has(args.a)",
        "args.a.all(x, x == args.b)",
        "args.b.exists(x, x in args)",
        "args.a.startsWith('a')",
        "args.c.matches('[ab]+')",
        "args.a.lowerAscii()",
    ];
    let operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in", "?", ":"];
    let word = prop::sample::select(words.to_vec());
    let operator = prop::sample::select(operators.to_vec());
    (
        word.clone(),
        prop::collection::vec((operator, prop_oneof![word.clone(), Just("!args.a"), Just("(args.b)")]), 0..5),
    )
        .prop_map(|(first, rest)| {
            rest.into_iter().fold(first.to_owned(), |source, (operator, word)| format!("{source} {operator} {word}"))
        })
}

proptest! {
    /// Nothing panics, and what is the same is judged the same.
    #[test]
    fn conditions_never_panic(source in sources(), args in values(), vars in values()) {
        for about in [About::When, About::Require] {
            let Ok(condition) = Condition::new(&source, about) else { continue };
            let facts = Facts { args: &args, tenant: &vars, request: &vars, ..Facts::default() };
            prop_assert_eq!(condition.holds(&facts), condition.holds(&facts));
        }
    }

    /// What is met strictly is met by CEL's own rules, too.
    #[test]
    fn strictness_only_takes_away(source in sources(), args in values()) {
        let Ok(mut condition) = Condition::new(&source, About::Require) else { return Ok(()) };
        let facts = Facts { args: &args, ..Facts::default() };
        let strict = condition.holds(&facts);
        condition.strict = false;
        if let Ok(holds) = strict {
            prop_assert_eq!(condition.holds(&facts), Ok(holds), "{}", source);
        }
    }

    /// Whatever is read, the parser's faults are ours to report.
    #[test]
    fn any_source_is_read_or_refused(source in "[ -~]{0,60}|\\PC{0,20}") {
        if let Err(fault) = Condition::new(&source, About::When) {
            prop_assert!(source.get(fault.range.clone()).is_some(), "{:?}", fault);
        }
    }
}
