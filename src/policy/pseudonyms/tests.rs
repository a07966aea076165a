use super::*;

fn value(entity: &str, text: &str) -> Value {
    Value { rule: 0, entity: entity.into(), text: text.to_owned() }
}

fn names(tenant: Option<&str>, conversation: &[&str], values: &[(&str, &str)], present: &[&str]) -> Vec<String> {
    let mut names = Pseudonyms::new(b"key", tenant, conversation.iter().copied());
    names.name_all(values.iter().map(|(entity, text)| value(entity, text)).collect(), present);
    values.iter().map(|(entity, text)| names.name(entity, text)).collect()
}

const EMAIL: (&str, &str) = ("EMAIL_ADDRESS", "jane.doe@corp.com");

#[test]
fn a_name_depends_on_key_tenant_conversation_and_value_alone() {
    let own = names(Some("a"), &["s", "hello"], &[EMAIL], &[]);
    assert_eq!(own, names(Some("a"), &["s", "hello"], &[EMAIL], &[]));
    assert_eq!(own[0], names(Some("a"), &["s", "hello"], &[("PERSON", "Jo"), EMAIL], &[])[1]);
    let others = [
        names(Some("b"), &["s", "hello"], &[EMAIL], &[]),
        names(None, &["s", "hello"], &[EMAIL], &[]),
        names(Some("a"), &["s", "hello!"], &[EMAIL], &[]),
        names(Some("a"), &["shello"], &[EMAIL], &[]),
        names(Some("a"), &["s", "hello"], &[("EMAIL_ADDRESS", "jane.doe@corp.co")], &[]),
    ];
    assert!(others.iter().all(|other| *other != own), "{own:?} {others:?}");
    let mut other_key = Pseudonyms::new(b"other", Some("a"), ["s", "hello"].into_iter());
    other_key.name_all(vec![value(EMAIL.0, EMAIL.1)], &[""; 0]);
    assert_ne!(other_key.name(EMAIL.0, EMAIL.1), own[0]);
}

#[test]
fn no_two_values_share_a_name_however_small_the_range() {
    // There are 762 addresses to give; the rest get plain names.
    let values: Vec<String> = (0..2000).map(|at| format!("10.0.{}.{}", at / 250, at % 250 + 1)).collect();
    let values: Vec<(&str, &str)> = values.iter().map(|value| ("IP_ADDRESS", value.as_str())).collect();
    let first = names(None, &["c"], &values, &[]);
    let distinct: HashSet<String> = first.iter().map(|name| name.to_ascii_lowercase()).collect();
    assert_eq!(distinct.len(), values.len());
    assert!(first.iter().filter(|name| name.parse::<std::net::Ipv4Addr>().is_ok()).count() > 500);
    // What comes later in the conversation moves nothing that came before.
    assert_eq!(names(None, &["c"], &values[..300], &[]), first[..300]);
}

#[test]
fn a_name_that_stands_in_the_request_is_not_taken() {
    let usual = names(None, &["c"], &[EMAIL], &[]).remove(0);
    let text = format!("<{}>, she said", usual.to_ascii_uppercase());
    let other = names(None, &["c"], &[EMAIL], &[&text]).remove(0);
    assert_ne!(other, usual);
    let both = format!("{usual} {other}");
    assert!(!names(None, &["c"], &[EMAIL], &[&both]).iter().any(|name| both.contains(name.as_str())));
}

#[test]
fn a_name_that_comes_back_in_the_history_stays_what_it_is() {
    let own = names(None, &["c"], &[EMAIL], &[]).remove(0);
    let again = names(None, &["c"], &[EMAIL, ("EMAIL_ADDRESS", &own.to_ascii_uppercase())], &[]);
    assert_eq!(again, [own.clone(), own.to_ascii_uppercase()]);
}

#[test]
fn nothing_of_it_is_shown() {
    let mut names = Pseudonyms::new(b"key", None, std::iter::empty());
    names.name_all(vec![value(EMAIL.0, EMAIL.1)], &[""; 0]);
    let shown = format!("{names:?}");
    assert!(!shown.contains("jane") && !shown.contains("example"), "{shown}");
}
