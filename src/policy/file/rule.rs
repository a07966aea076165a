//! The keys of one rule.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::civil::{Date, date};

use super::extends::Merged;
use super::policy::{Defaults, MODES, UNREWRITABLE, on_error};
use super::rate;
use crate::action::{self, ACTIONS, Action};
use crate::condition::{About, Condition};
use crate::config::value::{boolean, count, filled, one_of, size, string, unknown, with_help, wrong};
use crate::config::{Collector, Entry, MapReader, Node, Problem, Value, did_you_mean, not_available, quoted};
use crate::detector::{self, CombinedPlan, DETECTORS, DetectorKind, Form, Plan, combine};
use crate::policy::rule::{Except, ExceptWhat, Mode, RuleSpec, Window};
use crate::segment::{Kind, Scope};

/// Reads a rule; also says whether it is disabled.
pub(super) fn read(
    id: &str,
    node: &Node,
    merged: &Merged,
    defaults: &Defaults,
    today: Date,
    problems: &Collector,
) -> Option<(RuleSpec, bool)> {
    let what = format!("rule {}", quoted(id));
    MapReader::read(node, &what, problems, |reader| {
        reader.later(&["turns", "history", "enforce_for", "inspect"]);
        let id_at = reader.node("id").map_or(node.at.clone(), |id| id.at.clone());
        let description = reader.optional("description", string);
        let tags = reader.list("tags", filled).unwrap_or_default();
        let scope = scopes(reader);
        let when = read_when(reader, scope);
        let detect = read_detect(reader, id, merged);
        let except = read_except(reader, today);
        let action = reader.required_node("action").and_then(|node| read_action(node, problems));
        let mode = reader.optional("mode", one_of(MODES)).unwrap_or_default();
        let on_error = on_error(reader, defaults.on_error);
        let unrewritable = reader.optional("unrewritable", one_of(UNREWRITABLE)).unwrap_or(defaults.unrewritable);
        let window = read_window(reader);
        let max_match = reader.optional("max_match", size(1..=MAX_MAX_MATCH)).unwrap_or(MAX_MATCH);
        let disabled = reader.optional("disabled", boolean).unwrap_or(false);
        let (detector, plan) = detect?;
        if let (Plan::Tool(_), Some(Action::Rewrite(_))) = (&plan, &action) {
            let at = reader.node("action").map_or(id_at.clone(), |node| node.at.clone());
            reader.problem(
                Problem::error(&at, "a call cannot be rewritten")
                    .label("`tool` finds whole calls")
                    .help("`block` or `log` them; rewrite what stands in their arguments by rules of their own"),
            );
        }
        if let Plan::Rate(_) = &plan {
            rate::check(reader, action.as_ref(), when.as_ref());
        }
        if let (true, Some(Action::Rewrite(_) | Action::Allow(_))) = (plan.is_spanless(), &action) {
            let at = reader.node("action").map_or(id_at.clone(), |node| node.at.clone());
            reader.problem(
                Problem::error(&at, "what is not in a text has no place in it")
                    .label("only `block` and `log` may follow `not`")
                    .help("`all` with another detector beside `not` finds what that one finds"),
            );
        }
        let rule = RuleSpec {
            id: id.into(),
            description,
            tags: tags.into(),
            // No text is any business of theirs.
            scope: if matches!(plan, Plan::Rate(_)) { Scope::EMPTY } else { scope },
            when,
            detector,
            plan,
            except,
            action: action?,
            mode: if defaults.mode == Mode::Shadow { Mode::Shadow } else { mode },
            on_error,
            unrewritable,
            window,
            max_match,
            origin: id_at.file_and_line(),
        };
        Some((rule, disabled))
    })
    .flatten()
}

fn scopes(reader: &mut MapReader<'_>) -> Scope {
    let names = Kind::ALL.map(Kind::name).into_iter().chain(["input", "output", "untrusted", "all"]);
    let read = reader.list("scope", |node| {
        let name = string(node)?;
        Scope::from_name(&name).ok_or_else(|| unknown(node, "scope", &name, names.clone()))
    });
    read.map_or(Scope::ALL, |scopes| scopes.into_iter().fold(Scope::EMPTY, Scope::union))
}

fn read_when(reader: &mut MapReader<'_>, scope: Scope) -> Option<Condition> {
    let condition = reader.optional("when", |node| Condition::written(node, About::When))?;
    let node = reader.node("when")?;
    if condition.uses().length && scope.meets(Scope::ANSWER) {
        reader.problem(
            Problem::error(&node.at, "the length of an answer is not known when the rule would have to begin")
                .label("asks for `segment.length`, and `scope` has answers in it")
                .help("narrow `scope` to what clients send, or use the detector `length`"),
        );
    }
    Some(condition)
}

fn read_detect(reader: &mut MapReader<'_>, id: &str, merged: &Merged) -> Option<(&'static str, Plan)> {
    let problems = reader.problems();
    let Some(node) = reader.node("detect") else {
        let problem = Problem::error(reader.head(), format!("rule {} has no `detect`", quoted(id)))
            .label("expected `detect` in this rule");
        // Perhaps it was to change a rule of a base and missed its name.
        let others = merged.rules.iter().map(|(other, _)| other.as_str()).filter(|other| *other != id);
        reader.problem(with_help(problem, did_you_mean(id, others)));
        return None;
    };
    read_detector(node, problems, 0)
}

/// A detector, or several put together.
fn read_detector(node: &Node, problems: &Collector, depth: usize) -> Option<(&'static str, Plan)> {
    let names: Vec<&str> = DETECTORS.iter().map(|kind| kind.name).collect();
    let entry = the_one_key(node, "detector", &names, detector::LATER, problems)?;
    let Some(kind) = DETECTORS.iter().find(|kind| kind.name == entry.key) else {
        problems.push(unknown_key(entry, "detector", &names, detector::LATER));
        return None;
    };
    if let Some(form) = Form::from_name(kind.name) {
        return Some((kind.name, Plan::Combined(read_combined(kind, form, entry, problems, depth)?)));
    }
    if depth > 0 && matches!(kind.name, "tool" | "rate") {
        let what = if kind.name == "tool" { "calls of tools are judged" } else { "what callers take is counted" };
        let problem = Problem::error(&entry.key_at, format!("{what} by themselves"));
        problems.push(problem.label("cannot be put together with others").help("write a rule of its own for it"));
        return None;
    }
    if !matches!(entry.value.value, Value::Map(_)) {
        let problem = wrong(&entry.value, "a mapping of options");
        problems.push(problem.help(format!("for example `detect: {}`", kind.example)));
        return None;
    }
    let plan = MapReader::read(&entry.value, &quoted(kind.name), problems, |reader| (kind.build)(reader)).flatten()?;
    Some((kind.name, plan))
}

/// What stands under `any`, `all` or `not`.
fn read_combined(
    kind: &DetectorKind,
    form: Form,
    entry: &Entry,
    problems: &Collector,
    depth: usize,
) -> Option<CombinedPlan> {
    if depth == combine::MAX_DEPTH {
        let title = format!("detectors stand more than {} deep in each other", combine::MAX_DEPTH);
        problems.push(Problem::error(&entry.key_at, title));
        return None;
    }
    let nodes = match (&entry.value.value, form) {
        (Value::Map(_), Form::Not) => std::slice::from_ref(&entry.value),
        (Value::Seq(nodes), Form::Any | Form::All) if (1..=combine::MAX_MEMBERS).contains(&nodes.len()) => nodes,
        _ => {
            let expected = match form {
                Form::Not => "one detector, a mapping with its name as the one key".to_owned(),
                Form::Any | Form::All => format!("a list of 1 to {} detectors", combine::MAX_MEMBERS),
            };
            problems.push(wrong(&entry.value, &expected).help(format!("for example `detect: {}`", kind.example)));
            return None;
        }
    };
    let members: Vec<_> = nodes.iter().filter_map(|node| read_detector(node, problems, depth + 1)).collect();
    (members.len() == nodes.len()).then_some(CombinedPlan { form, members })
}

/// A name, or a map with the name as its one key.
fn read_action(node: &Node, problems: &Collector) -> Option<Action> {
    let names: Vec<&str> = ACTIONS.iter().map(|kind| kind.name).collect();
    let bare;
    let entry = if let Value::Map(_) = node.value {
        the_one_key(node, "action", &names, action::LATER, problems)?
    } else {
        let key = problems.keep(string(node))?;
        let nothing = Node { at: node.at.clone(), value: Value::Map(Vec::new()) };
        bare = Entry { key, key_at: node.at.clone(), value: nothing };
        &bare
    };
    let Some(kind) = ACTIONS.iter().find(|kind| kind.name == entry.key) else {
        problems.push(unknown_key(entry, "action", &names, action::LATER));
        return None;
    };
    let what = quoted(kind.name);
    let value = &entry.value;
    if matches!(value.value, Value::Map(_)) || value.is_null() {
        let entries = if let Value::Map(entries) = &value.value { entries.as_slice() } else { &[] };
        return MapReader::over(entries, &entry.key_at, &what, problems, |reader| (kind.build)(reader)).flatten();
    }
    let entries = [Entry { key: "value".to_owned(), key_at: value.at.clone(), value: value.clone() }];
    MapReader::over(&entries, &entry.key_at, &what, problems, |reader| (kind.build)(reader)).flatten()
}

/// The entry of a map that must have exactly one.
fn the_one_key<'n>(
    node: &'n Node,
    what: &str,
    names: &[&str],
    later: &[&'static str],
    problems: &Collector,
) -> Option<&'n Entry> {
    let Value::Map(entries) = &node.value else {
        problems.push(wrong(node, &format!("a mapping with the {what} as its one key")));
        return None;
    };
    match entries.as_slice() {
        [entry] => Some(entry),
        [] => {
            problems.push(wrong(node, &format!("a mapping with the {what} as its one key")));
            None
        }
        [_, second, ..] => {
            for entry in entries.iter().filter(|entry| !names.contains(&entry.key.as_str())) {
                problems.push(unknown_key(entry, what, names, later));
            }
            problems.push(
                Problem::error(&second.key_at, format!("a rule has one {what}"))
                    .label(format!("found another {what}"))
                    .help("write a rule for each"),
            );
            None
        }
    }
}

fn unknown_key(entry: &Entry, what: &str, names: &[&str], later: &[&'static str]) -> Problem {
    if later.contains(&entry.key.as_str()) {
        return not_available(&entry.key_at, &entry.key);
    }
    let name = Node { at: entry.key_at.clone(), value: entry.value.value.clone() };
    unknown(&name, what, &entry.key, names.iter().copied())
}

fn read_window(reader: &mut MapReader<'_>) -> Window {
    let Some(node) = reader.node("window") else { return Window::default() };
    if matches!(node.value, Value::Map(_)) {
        let read = |reader: &mut MapReader<'_>| reader.required("tokens", count(WINDOW_TOKENS));
        let tokens = MapReader::read(node, "`window`", reader.problems(), read).flatten();
        return tokens.map(Window::Tokens).unwrap_or_default();
    }
    let names = [("sentence", Window::Sentence), ("end", Window::End)];
    reader.optional("window", one_of(&names)).unwrap_or_default()
}

/// Fewer tokens are no text to judge; more are several windows of most models.
const WINDOW_TOKENS: RangeInclusive<usize> = 8..=4096;

fn read_except(reader: &mut MapReader<'_>, today: Date) -> Vec<Except> {
    let problems = reader.problems();
    let Some(node) = reader.node("except") else { return Vec::new() };
    if !matches!(node.value, Value::Seq(_)) {
        problems.push(wrong(node, "a list of exemptions, such as `- keyword: …`"));
    }
    let read =
        |item| MapReader::read(item, "the exemption", problems, |reader| read_exemption(reader, today)).flatten();
    node.items().iter().filter_map(read).collect()
}

fn read_exemption(reader: &mut MapReader<'_>, today: Date) -> Option<Except> {
    let given = ["regex", "keyword", "segment"].into_iter().filter(|key| reader.node(key).is_some()).count();
    if given != 1 {
        reader.problem(
            Problem::error(reader.head(), "an exemption says what it exempts in one way")
                .label("expected one of `regex`, `keyword` or `segment`"),
        );
    }
    let regex = reader.optional("regex", |node| detector::regex::pattern(&string(node)?, node));
    let keyword = reader.optional("keyword", |node| detector::keywords::pattern(&[filled(node)?], false, true, node));
    let segment = reader.optional("segment", segment_hash);
    let until = reader.optional("until", |node| {
        string(node)?.parse::<Date>().map_err(|_| wrong(node, "a date such as `2027-01-31`"))
    });
    if let (Some(until), Some(node)) = (until, reader.node("until"))
        && until <= today
    {
        reader.problem(Problem::warning(&node.at, "this exemption has ended").label("no longer voids any finding"));
    }
    let pattern = regex.or(keyword).map(|pattern| ExceptWhat::Pattern(Box::new(pattern)));
    Some(Except {
        what: pattern.or(segment.map(ExceptWhat::Segment))?,
        until: until.map(days_since_1970),
        reason: reader.optional("reason", string),
    })
}

/// `hmac:` and the hex digits of the keyed hash of a segment's text; kept in lower case.
fn segment_hash(node: &Node) -> Result<Arc<str>, Problem> {
    let text = string(node)?.to_ascii_lowercase();
    let digits = text.strip_prefix("hmac:").unwrap_or_default();
    if !(12..=64).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong(node, "`hmac:` and 12 to 64 hex digits, as a verdict shows it"));
    }
    Ok(text.into())
}

fn days_since_1970(day: Date) -> i32 {
    (day - date(1970, 1, 1)).get_days()
}

/// The longest match unless a rule says otherwise, in bytes.
const MAX_MATCH: usize = 4 << 10;
/// The most that a rule may ask for: so much of a stream is held back for it.
const MAX_MAX_MATCH: usize = 64 << 10;
