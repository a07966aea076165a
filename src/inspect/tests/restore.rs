//! Values go out as placeholders and come back: whole bodies and streams agree with what is worked out piece by piece, at
//! any split. A fault that lets placeholders come back before output rules have had their say is noticed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::config::Source;
use crate::policy::Pseudonyms;
use crate::policy::file::load_policy_source;
use crate::protocol::Protocol;

pub(super) const POLICY: &str = r#"
unscannable: log
rules:
  - id: personal
    scope: [user, assistant, tool_call]
    detect: { pii: { entities: [EMAIL_ADDRESS, IP_ADDRESS, PHONE_NUMBER, CREDIT_CARD] } }
    action: { pseudonymize: { restore: [completion, tool_call] } }
  - id: names
    scope: [user, assistant, tool_call]
    detect: { keywords: { words: ['Jane "JD" Doe', 'C:\Jane'], whole: false, case: true } }
    action: { pseudonymize: { restore: [completion, tool_call] } }
  - id: hushed
    scope: [user]
    detect: { keywords: { words: [Kestrel] } }
    action: { pseudonymize: { restore: [] } }
  - id: made-up
    scope: [completion]
    detect: { pii: { entities: [EMAIL_ADDRESS, IP_ADDRESS] } }
    action: { replace: "<{entity}>" }
  - id: hidden
    scope: [completion]
    detect: { regex: { pattern: '\bzz .{1,3}' } }
    action: { replace: '#' }
  - id: halt
    scope: [completion]
    detect: { regex: { pattern: 'halt .' } }
    action: block
"#;

/// What the client has to say; each comes back but the last.
pub(super) const VALUES: &[&str] = &[
    "jane.doe@corp.com",
    "j@corp.co.uk",
    "10.20.30.40",
    "+1 212 867 5309",
    "4111 1111 1111 1111",
    "Jane \"JD\" Doe",
    r"C:\Jane",
    "Kestrel",
];

/// A piece of an answer, about the placeholder of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Plain,
    Loud,
    Small,
    Bold,
    Code,
    Quoted,
    Angle,
    Sentence,
    Escaped,
    Cjk,
    Url,
    Bare,
    Target,
    Image,
    Definition,
    Tag,
    Glued,
    Longer,
    Host,
    Hidden,
    Halt,
    Stranger,
    Guess,
    Cut,
    Words,
}

const FORMS: &[Form] = &[
    Form::Plain,
    Form::Loud,
    Form::Small,
    Form::Bold,
    Form::Code,
    Form::Quoted,
    Form::Angle,
    Form::Sentence,
    Form::Escaped,
    Form::Cjk,
    Form::Url,
    Form::Bare,
    Form::Target,
    Form::Image,
    Form::Definition,
    Form::Tag,
    Form::Glued,
    Form::Longer,
    Form::Host,
    Form::Hidden,
    Form::Halt,
    Form::Stranger,
    Form::Guess,
    Form::Cut,
    Form::Words,
];

#[derive(Clone, Debug)]
struct Told {
    values: Vec<usize>,
    /// Which value, in which form.
    pieces: Vec<(usize, Form)>,
    case: Case,
}

fn told() -> impl Strategy<Value = Told> {
    let forms = prop_oneof![
        6 => (0..FORMS.len()).prop_map(|form| FORMS[form]).prop_filter("ends the answer", |form| *form != Form::Halt),
        1 => Just(Form::Halt),
    ];
    (
        proptest::collection::vec(0..VALUES.len(), 1..6),
        proptest::collection::vec((0..8usize, forms), 1..7),
        proptest::collection::vec((0..1usize, 1..9usize, any::<bool>()), 0..60),
        proptest::collection::vec(1..40usize, 0..30),
        0..4usize,
    )
        .prop_map(|(values, pieces, steps, cuts, framing)| {
            let case = Case { rules: Vec::new(), texts: Vec::new(), steps, framing, cuts, late: 0 };
            Told { values, pieces, case }
        })
}

static CONTEXT: std::sync::LazyLock<Context> = std::sync::LazyLock::new(compiled);

fn policy() -> Context {
    CONTEXT.clone()
}

fn compiled() -> Context {
    stack(&[POLICY])
}

/// Policies that run together, baseline first.
pub(super) fn stack(policies: &[&str]) -> Context {
    let specs = policies.iter().map(|policy| {
        let source = Source::new("p.yaml", policy);
        let loaded = load_policy_source(&source, std::path::Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
        Arc::new(loaded.map_err(|problems| problems.to_string()).unwrap().0)
    });
    let rules = RuleSet::compile(specs.collect(), &|_, _| Err("no models".to_owned()), false).unwrap();
    Context::new(Arc::new(rules), Arc::new([7; 32]))
}

fn chat() -> &'static dyn Protocol {
    let Recognised::Known(protocol) = recognise("/v1/chat/completions") else { unreachable!("the protocol exists") };
    protocol
}

/// What the model gets of a conversation, and the way back.
fn sent(context: &Context, tenant: Option<&str>, messages: &Value) -> (Value, Option<Arc<Pseudonyms>>) {
    let body = json!({ "model": "m", "messages": messages }).to_string();
    let json = Json::parse(body.as_bytes()).unwrap();
    let (shape, kind) = chat().request();
    let walked = walk(&json, shape, Direction::Request, kind).unwrap();
    let mut buffered = Buffered::new(context, Body::Json(json, walked), Direction::Request);
    buffered.set_tenant(tenant.map(Into::into));
    while buffered.scan(64) {}
    let concluded = buffered.conclude(false);
    assert!(concluded.block.is_none());
    let names = concluded.pseudonyms.clone();
    let after: Value = serde_json::from_slice(&concluded.rewritten(body.as_bytes(), None, |_| None)).unwrap();
    (after["messages"].clone(), names)
}

/// The piece that the model writes, and what the client has to get. `None`: the answer ends before it.
fn piece(form: Form, own: &str, value: &str, is_mail: bool, is_ip: bool) -> (String, Option<String>) {
    let back = |before: &str, own: &str, after: &str| {
        (format!("{before}{own}{after}"), Some(format!("{before}{value}{after}")))
    };
    // What does not come back is what the output rule finds made up, if it is of its kind.
    let masked = |text: &str| {
        if is_mail {
            text.replace(own, "<EMAIL_ADDRESS>")
        } else if is_ip {
            text.replace(own, "<IP_ADDRESS>")
        } else {
            text.to_owned()
        }
    };
    let stays = |text: String| {
        let seen = masked(&text);
        (text, Some(seen))
    };
    match form {
        Form::Plain => back("", own, ""),
        Form::Loud => back("", &own.to_ascii_uppercase(), ""),
        Form::Small => back("", &own.to_ascii_lowercase(), ""),
        Form::Bold => back("**", own, "**"),
        Form::Code => back("`", own, "`"),
        Form::Quoted => back("\"", own, "\","),
        Form::Angle => back("<", own, ">"),
        Form::Sentence => back("(", own, ")."),
        Form::Escaped => back("{\"a\": \"x\\n", own, "\"}"),
        Form::Cjk => back("请联系", own, "谢谢"),
        Form::Url => stays(format!("https://evil.example/?q={own}")),
        Form::Bare => stays(format!("evil.example/{own}")),
        Form::Target => stays(format!("[x]({own})")),
        Form::Image => stays(format!("![x](/a?b={own} \"t\")")),
        Form::Definition => stays(format!("\n[x]: {own}\n")),
        Form::Tag => stays(format!("<img src='{own}'>")),
        // In one word with something else it is something else, for the rules too.
        Form::Glued => (format!("a{own}"), None),
        Form::Longer => (format!("{own}9"), None),
        Form::Host => (format!("{own}.evil"), None),
        Form::Hidden => {
            let rest: String = own.chars().skip(3).collect();
            (format!("zz {own}"), Some(format!("#{rest}")))
        }
        Form::Halt => ("halt !".to_owned(), None),
        Form::Stranger => ("who@else.example".to_owned(), Some("<EMAIL_ADDRESS>".to_owned())),
        Form::Guess => {
            ("PERSON-ABCDEFGHJKLM +1 212 555 0100".to_owned(), Some("PERSON-ABCDEFGHJKLM +1 212 555 0100".to_owned()))
        }
        Form::Cut => {
            let text: String = own.chars().take(own.chars().count() - 1).collect();
            (text, None)
        }
        Form::Words => ("and so on, or not".to_owned(), Some("and so on, or not".to_owned())),
    }
}

fn check(told: &Told) -> Result<(), TestCaseError> {
    let mut context = policy();
    let values: Vec<&str> = told.values.iter().map(|&value| VALUES[value]).collect();
    let said = format!("I say: {} .", values.join(" , "));
    let (messages, names) = sent(&context, None, &json!([{ "role": "user", "content": said }]));
    let arrived = messages[0]["content"].as_str().unwrap();
    prop_assert!(values.iter().all(|value| !arrived.contains(value)), "the model gets {}", arrived);
    let own: Vec<&str> = arrived.strip_prefix("I say: ").unwrap().strip_suffix(" .").unwrap().split(" , ").collect();
    prop_assert_eq!(own.len(), values.len(), "{}", arrived);
    // Else a text that begins with a brace would be JSON as a whole.
    let (mut text, mut wanted, mut cut) = ("So ".to_owned(), "So ".to_owned(), false);
    for &(pick, form) in &told.pieces {
        let pick = pick % own.len();
        let (own, value) = (own[pick], values[pick]);
        let back = if value == "Kestrel" { own } else { value };
        let (is_mail, is_ip) = (value.contains('@'), value == "10.20.30.40");
        // Changed letters of what does not come back stay changed.
        if value == "Kestrel" && !matches!(form, Form::Plain | Form::Url | Form::Target | Form::Stranger | Form::Halt) {
            continue;
        }
        let (written, seen) = piece(form, own, back, is_mail, is_ip);
        if form == Form::Halt {
            text.push_str(&written);
            cut = true;
            break;
        }
        // What the other rules make of it is theirs to test; none of these holds the value.
        let Some(seen) = seen else { continue };
        text.push_str(&format!("{written} ; "));
        wanted.push_str(&format!("{seen} ; "));
    }
    context.pseudonyms = names;
    let case = Case { texts: vec![text.clone()], ..told.case.clone() };
    let bytes = wire(&case);
    for cuts in [&[][..], &case.cuts, &[1]] {
        let (out, stream) = drive(&context, "/v1/chat/completions", &case, &bytes, cuts);
        if matches!(stream.end(), StreamEnd::Unsent(_)) {
            // All of it came in one event that is cut.
            prop_assert!(cut);
            continue;
        }
        let (texts, _) = read(&out, 1);
        prop_assert_eq!(&texts[0], &wanted, "of {:?} at {:?}", text, cuts);
        if wanted == text {
            prop_assert!(cut || out == bytes, "not byte-identical at {:?}", cuts);
        }
    }
    let body = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }] }).to_string();
    let after = answered(&context, &body);
    prop_assert_eq!(after.is_none(), cut);
    if let Some(after) = after {
        prop_assert_eq!(after["choices"][0]["message"]["content"].as_str(), Some(&*wanted), "of {:?} whole", text);
    }
    Ok(())
}

/// A whole answer as the client gets it.
fn answered(context: &Context, body: &str) -> Option<Value> {
    let json = Json::parse(body.as_bytes()).unwrap();
    let (shape, kind) = chat().response();
    let walked = walk(&json, shape, Direction::Response, kind).unwrap();
    let mut buffered = Buffered::new(context, Body::Json(json, walked), Direction::Response);
    while buffered.scan(64) {}
    let concluded = buffered.conclude(false);
    let out = concluded.block.is_none().then(|| concluded.rewritten(body.as_bytes(), Some(chat()), |_| None));
    out.map(|out| serde_json::from_slice(&out).unwrap())
}

#[test]
fn values_come_back_at_any_split() {
    let cases = std::env::var("PALISADE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000);
    if let Err(error) = runner(cases).run(&told(), |told| check(&told)) {
        panic!("{error}");
    }
}

/// What texts are made of that try everything at once; `P`, `Q` and `R` stand for placeholders.
const SCRAPS: &[&str] = &[
    "P",
    "P",
    "Q",
    "R",
    "p1",
    "p2",
    "](",
    ")",
    "[",
    "]",
    "]:",
    "<",
    "<a ",
    ">",
    "\"",
    "'",
    "=",
    "https:",
    "//",
    "www.",
    "\n",
    "\n\n",
    " ",
    " ",
    "\\",
    "\\n",
    "\\u00e9",
    ".",
    "@",
    "a",
    "9",
    "\n```json\n",
    "\n```\n",
    "{",
    "é",
    "😀",
    "zz ",
    "/",
    "b@c.de",
];

#[test]
fn whatever_stands_around_them_any_split_is_the_same() {
    let (context, own) = given(&["jane.doe@corp.com", "+1 212 867 5309", "10.20.30.40"]);
    let (first, second) = own[0].split_at(own[0].len() / 2);
    let scrap = |scrap: &usize| match SCRAPS[*scrap] {
        "P" => &own[0],
        "Q" => &own[1],
        "R" => &own[2],
        "p1" => first,
        "p2" => second,
        other => other,
    };
    let strategy = (
        proptest::collection::vec(0..SCRAPS.len(), 1..16),
        proptest::collection::vec((0..1usize, 1..9usize, any::<bool>()), 0..60),
        proptest::collection::vec(1..40usize, 1..30),
    );
    let cases = std::env::var("PALISADE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000);
    let outcome = runner(cases).run(&strategy, |(scraps, steps, cuts)| {
        let text: String = scraps.iter().map(scrap).collect();
        let body =
            json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }] }).to_string();
        let whole = answered(&context, &body).unwrap();
        let wanted = whole["choices"][0]["message"]["content"].as_str().unwrap();
        let case = Case { rules: Vec::new(), texts: vec![text.clone()], steps, framing: 0, cuts, late: 0 };
        let bytes = wire(&case);
        for cuts in [&[][..], &case.cuts, &[1]] {
            let (out, _) = drive(&context, "/v1/chat/completions", &case, &bytes, cuts);
            prop_assert_eq!(&read(&out, 1).0[0], wanted, "of {:?} at {:?}", text, cuts);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn values_that_come_back_before_the_rules_are_noticed() {
    let fault = crate::policy::Fault::RestoredFirst;
    let outcome = crate::policy::with_fault(fault, || runner(20_000).run(&told(), |told| check(&told)));
    let Err(TestError::Fail(reason, told)) = outcome else { panic!("{fault:?} goes unnoticed: {outcome:?}") };
    println!("{fault:?} is noticed: {reason}\n  {:?}", told.pieces);
}

/// The placeholders of these values in a one-message conversation, and the context of its answer.
fn given(values: &[&str]) -> (Context, Vec<String>) {
    given_by(policy(), values)
}

pub(super) fn given_by(mut context: Context, values: &[&str]) -> (Context, Vec<String>) {
    let said = json!([{ "role": "user", "content": values.join(" , ") }]);
    let (messages, names) = sent(&context, None, &said);
    context.pseudonyms = names;
    let own = messages[0]["content"].as_str().unwrap().split(" , ").map(str::to_owned).collect();
    (context, own)
}

/// What becomes of an answer's text, whole and byte by byte.
fn seen(context: &Context, text: &str) -> String {
    let case = Case {
        rules: Vec::new(),
        texts: vec![text.to_owned()],
        steps: vec![(0, 1, false); 400],
        framing: 0,
        cuts: Vec::new(),
        late: 0,
    };
    let (out, _) = drive(context, "/v1/chat/completions", &case, &wire(&case), &[]);
    let streamed = read(&out, 1).0.remove(0);
    let body = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }] }).to_string();
    let whole = answered(context, &body).unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], *streamed);
    streamed
}

#[test]
fn words_that_go_on_are_others() {
    let (context, own) = given(&["+1 212 867 5309", "10.20.30.40"]);
    let (phone, host) = (&own[0], &own[1]);
    for text in [
        format!("a{phone}1"),
        format!("{phone}1"),
        format!("{phone}@x"),
        format!("1{phone}.com"),
        phone[1..].to_owned(),
    ] {
        if !text.starts_with('a') && !text.starts_with('1') {
            assert_eq!(seen(&context, &text), text);
        }
    }
    for part in ["-x.evil.example", "_x.evil.example/a", "-@evil.example", "-x@evil.example"] {
        assert!(!seen(&context, &format!("see {host}{part}")).contains("10.20.30.40"), "{part}");
    }
    for part in ["-like", "-based. Yes", "_", "-", "-x/y", &format!("-{}.example", "x".repeat(300))] {
        assert_eq!(seen(&context, &format!("see {host}{part}")), format!("see 10.20.30.40{part}"));
    }
    let beside = |text: &str| !seen(&context, text).contains("10.20.30.40");
    assert!(
        [format!("{host}7"), format!("1{host}"), format!("{host}.evil"), format!("a{host}")]
            .iter()
            .all(|text| beside(text))
    );
    assert_eq!(seen(&context, &format!("{host}: {phone}.")), "10.20.30.40: +1 212 867 5309.");
}

#[test]
fn json_stays_json() {
    let (context, own) = given(&["Jane \"JD\" Doe", r"C:\Jane"]);
    let document = format!("{{\"name\": \"{}\", \"at\": \"{}\"}}", own[0], own[1]);
    let back: Value = serde_json::from_str(&seen(&context, &document)).unwrap();
    assert_eq!(back, json!({ "name": "Jane \"JD\" Doe", "at": r"C:\Jane" }));
    let fenced = seen(&context, &format!("Here, {}:\n```json\n{document}\n```\nDone, {}.", own[0], own[1]));
    let inside = fenced.split("```").nth(1).unwrap().strip_prefix("json").unwrap();
    assert_eq!(serde_json::from_str::<Value>(inside).unwrap(), back);
    assert!(fenced.starts_with("Here, Jane \"JD\" Doe:") && fenced.ends_with(r"Done, C:\Jane."), "{fenced}");
}

#[test]
fn arguments_come_back_in_their_strings_alone() {
    let (context, own) = given(&["jane.doe@corp.com", "Jane \"JD\" Doe", "Kestrel"]);
    let (mail, name, hushed) = (&own[0], &own[1], &own[2]);
    let arguments = json!({
        "to": [mail.to_ascii_uppercase(), format!("<{mail}>")], "who": { "name": name }, "url": format!("https://x.example/?q={mail}"),
        mail.as_str(): 1, "secret": hushed, "text": "no \"one\" \\ else",
    });
    let wanted = json!({
        "to": ["jane.doe@corp.com", "<jane.doe@corp.com>"], "who": { "name": "Jane \"JD\" Doe" },
        "url": format!("https://x.example/?q={mail}"), mail.as_str(): 1, "secret": hushed, "text": "no \"one\" \\ else",
    });
    let raw = arguments.to_string();
    let call = |arguments: &str| json!([{ "index": 0, "id": "c", "type": "function", "function": { "name": "f", "arguments": arguments } }]);
    let body = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "tool_calls": call(&raw) } }] })
        .to_string();
    let whole = answered(&context, &body).unwrap();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(
        read(whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap()),
        wanted
    );
    for size in [1, 2, 3, 7, 1000] {
        let mut stream = String::new();
        let chars: Vec<char> = raw.chars().collect();
        for piece in chars.chunks(size) {
            let delta = json!({ "tool_calls": call(&piece.iter().collect::<String>()) });
            stream.push_str(&format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": delta }] })));
        }
        stream.push_str("data: [DONE]\n\n");
        let case = Case {
            rules: Vec::new(),
            texts: vec![String::new()],
            steps: Vec::new(),
            framing: 0,
            cuts: Vec::new(),
            late: 0,
        };
        for cuts in [&[][..], &[1], &[5]] {
            let (out, _) = drive(&context, "/v1/chat/completions", &case, stream.as_bytes(), cuts);
            let deltas = String::from_utf8(out).unwrap();
            let pieces = deltas.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
            let joined: String = pieces
                .map(|data| {
                    read(data)["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
                .collect();
            assert_eq!(read(&joined), wanted, "pieces of {size}");
        }
    }
}

#[test]
fn a_conversation_keeps_its_placeholders_and_shares_them_with_no_other() {
    let context = policy();
    let first =
        json!([{ "role": "system", "content": "s" }, { "role": "user", "content": "I am jane.doe@corp.com ." }]);
    let own = |tenant: Option<&str>, messages: &Value| sent(&context, tenant, messages).0[1]["content"].clone();
    let usual = own(None, &first);
    let mut later = first.clone();
    let more = [
        json!({ "role": "assistant", "content": "Hello jane.doe@corp.com !" }),
        json!({ "role": "user", "content": "And bob@corp.com ?" }),
    ];
    later.as_array_mut().unwrap().extend(more);
    let (messages, _) = sent(&context, None, &later);
    assert_eq!(messages[1]["content"], usual);
    let placeholder = usual.as_str().unwrap().strip_prefix("I am ").unwrap().strip_suffix(" .").unwrap().to_owned();
    assert_eq!(messages[2]["content"], format!("Hello {placeholder} !"));
    assert!(!messages.to_string().contains("corp.com"), "{messages}");
    // Another tenant, another system text, another first message.
    let mut others = vec![own(Some("a"), &first), own(Some("b"), &first)];
    others.push(own(
        None,
        &json!([{ "role": "system", "content": "t" }, { "role": "user", "content": "I am jane.doe@corp.com ." }]),
    ));
    others.push(own(
        None,
        &json!([{ "role": "system", "content": "s" }, { "role": "user", "content": "I am jane.doe@corp.com !" }]),
    ));
    others.push(usual);
    let distinct: HashSet<String> = others.iter().map(|text| text.as_str().unwrap()[5..24].to_owned()).collect();
    assert_eq!(distinct.len(), others.len());
}

#[test]
fn nothing_comes_back_that_this_request_was_not_given() {
    let (context, own) = given(&["jane.doe@corp.com"]);
    let (_, other) = given(&["hello", "jane.doe@corp.com"]);
    assert_ne!(own[0], other[1]);
    assert_eq!(seen(&context, &format!("{} {}", own[0], other[1])), "jane.doe@corp.com <EMAIL_ADDRESS>");
    // Nor anywhere else than asked for.
    let body = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "reasoning": own[0], "content": own[0] } }] }).to_string();
    let whole = answered(&context, &body).unwrap();
    assert_eq!(whole["choices"][0]["message"]["reasoning"], *own[0]);
    assert_eq!(whole["choices"][0]["message"]["content"], "jane.doe@corp.com");
}

pub(super) const RENAMES: &str =
    "rules:\n  - { id: r, scope: [user, assistant], detect: { pii: {} }, action: pseudonymize }\n";

#[test]
fn no_policy_weakens_another() {
    let mail = "jane.doe@corp.com";
    let masks = "rules:\n  - { id: m, scope: [completion], detect: { pii: {} }, action: { replace: '#' } }\n";
    let never = RENAMES.replace("action: pseudonymize", "action: { pseudonymize: { restore: [] } }");
    let both = format!("{RENAMES}{}", masks.trim_start_matches("rules:\n"));
    for (policies, wanted) in [
        (&[RENAMES][..], mail),
        (&[&both], mail),
        // What another policy hides stays hidden, whichever comes first.
        (&[masks, RENAMES], "#"),
        (&[RENAMES, masks], "#"),
        (&[RENAMES, RENAMES], mail),
    ] {
        let (context, own) = given_by(stack(policies), &[mail]);
        assert_eq!(seen(&context, &own[0]), wanted, "{policies:?}");
    }
    for policies in [[never.as_str(), RENAMES], [RENAMES, never.as_str()]] {
        let (context, own) = given_by(stack(&policies), &[mail]);
        assert_eq!(seen(&context, &own[0]), own[0], "{policies:?}");
    }
}

#[test]
fn a_rule_that_only_watches_gives_nothing() {
    let (context, own) = given_by(stack(&[&RENAMES.replace("id: r", "id: r, mode: shadow")]), &["jane.doe@corp.com"]);
    assert_eq!(own, ["jane.doe@corp.com"]);
    assert!(context.pseudonyms.is_none());
}

#[test]
fn what_comes_back_is_counted_and_its_finding_void() {
    let (context, own) = given(&["jane.doe@corp.com"]);
    let texts = vec![format!("{0}, https://x.example/{0}, {0}", own[0])];
    let case = Case { rules: Vec::new(), texts, steps: vec![(0, 2, false); 99], framing: 0, cuts: Vec::new(), late: 0 };
    let (_, stream) = drive(&context, "/v1/chat/completions", &case, &wire(&case), &[3]);
    let report = stream.report();
    assert_eq!(report.restored, 2);
    let judged: Vec<Judgement> = report.findings.iter().map(|found| found.finding.judgement).collect();
    assert_eq!(judged, [Judgement::Restored, Judgement::Stands, Judgement::Restored]);
    assert!(report.findings.iter().all(|found| !found.matched.contains("jane")));
}

#[test]
fn a_placeholder_that_goes_on_is_a_part_of_an_address() {
    let mut context = policy();
    let said = "I say: 10.20.30.40 , jane.doe@corp.com .";
    let (messages, names) = sent(&context, None, &json!([{ "role": "user", "content": said }]));
    let arrived = messages[0]["content"].as_str().unwrap();
    let (ip, mail) = arrived.strip_prefix("I say: ").unwrap().strip_suffix(" .").unwrap().split_once(" , ").unwrap();
    context.pseudonyms = names;
    let text = format!("{ip}.zip/{mail} and {ip}/{mail} and {mail}");
    let body = json!({ "choices": [{ "index": 0, "message": { "role": "assistant", "content": text } }] }).to_string();
    let after = answered(&context, &body).unwrap();
    let after = after["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(after.matches("jane.doe@corp.com").count(), 2, "{after}");
    assert!(!after.contains(".zip/jane"), "{after}");
}
