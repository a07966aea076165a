use super::*;
use crate::detector::whole::tests::{agrees, findings, plan, reader};

const PERSON: &str = "json_schema: { schema: { type: object, additionalProperties: false, required: [name],
    properties: { name: { type: string, maxLength: 5, pattern: '^[a-z]+$' }, age: { type: integer, minimum: 0 } } } }";

fn label(detect: &str, text: &str) -> Option<String> {
    let found = findings(&*plan(detect), Place::Segment, text);
    assert!(found.iter().all(|found| found.range == (0..text.len())));
    assert!(found.len() <= 1);
    let found = found.into_iter().next()?;
    Some(found.bound.map_or_else(|| found.label.as_deref().unwrap_or("").to_owned(), |bound| format!("over: {bound}")))
}

#[test]
fn what_fails_is_named_by_the_place_in_the_schema() {
    for (text, wanted) in [
        (r#"{"name":"ann"}"#, None),
        (" {\"age\": 3, \"name\": \"ann\"}\n", None),
        (r#"{"name":"ann","age":"secret"}"#, Some("/properties/age/type")),
        (r#"{"name":"ann","age":-1}"#, Some("/properties/age/minimum")),
        (r#"{"name":"annabel"}"#, Some("/properties/name/maxLength")),
        (r#"{"name":"Ann"}"#, Some("/properties/name/pattern")),
        (r#"{"age":1}"#, Some("/required")),
        (r#"{"name":"ann","secret-key":1}"#, Some("/additionalProperties")),
        ("[]", Some("/type")),
        ("", Some("not_json")),
        ("Sure! {\"name\":\"ann\"}", Some("not_json")),
        ("{\"name\":\"ann\"} {}", Some("not_json")),
        ("{\"name\":\"Ann\",\"name\":\"ann\"}", Some("not_json")),
        ("{\"name\":\"ann\"", Some("not_json")),
        ("```json\n{\"name\":\"ann\"}\n```", Some("not_json")),
    ] {
        assert_eq!(label(PERSON, text).as_deref(), wanted, "{text}");
        agrees(&*plan(PERSON), text);
    }
}

#[test]
fn one_fenced_block_counts_as_its_inside_if_the_rule_says_so() {
    let fenced = PERSON.replace("json_schema: {", "json_schema: { fence: true,");
    for (text, wanted) in [
        ("{\"name\":\"ann\"}", None),
        ("```json\n{\"name\":\"ann\"}\n```", None),
        ("\n```\n{\"name\":\"ann\"}```\n", None),
        ("```json\n{}\n```", Some("/required")),
        ("```yaml\n{\"name\":\"ann\"}\n```", Some("not_json")),
        ("Here:\n```json\n{\"name\":\"ann\"}\n```", Some("not_json")),
        ("```json\n{\"name\":\"ann\"}\n```\n```json\n{}\n```", Some("not_json")),
        ("``````", Some("not_json")),
    ] {
        assert_eq!(label(&fenced, text).as_deref(), wanted, "{text}");
        agrees(&*plan(&fenced), text);
    }
}

#[test]
fn bounds_are_no_pass() {
    let any = "json_schema: { schema: true }";
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    assert_eq!(label(any, &deep).as_deref(), Some("over: json_depth"));
    assert_eq!(label(any, &format!("\"{}\"", "x".repeat(MAX_TEXT - 2))), None);
    let long = format!("\"{}\"", "x".repeat(MAX_TEXT - 1));
    assert_eq!(label(any, &long).as_deref(), Some("over: json_length"));
    assert_eq!(label(any, &"[".repeat(MAX_TEXT)).as_deref(), Some("over: json_depth"));
    assert_eq!(label(any, &format!("[{}0]", "0,".repeat(MAX_TEXT / 3))), None);
    assert_eq!(label(any, "1e999").as_deref(), Some("not_json"));
}

#[test]
fn hostile_values_take_little_time() {
    let started = std::time::Instant::now();
    let schema = "json_schema: { schema: { type: array, uniqueItems: true, items: { pattern: '^(a+)+$' } } }";
    let items: Vec<String> = (0..8000).map(|index| format!("\"{}b{index}\"", "a".repeat(16))).collect();
    assert!(label(schema, &format!("[{}]", items.join(","))).is_some());
    assert!(label(schema, &format!("[\"{}b\"]", "a".repeat(200_000))).is_some());
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn strings_of_arguments_and_joined_texts_are_no_json() {
    assert!(reader(&*plan(PERSON), Place::Run).is_none() && reader(&*plan(PERSON), Place::Leaf).is_none());
}
