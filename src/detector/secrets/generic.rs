//! Secrets without a form of their own: passwords in connection strings, what headers hand over, and what is assigned to a
//! telling name.

use std::ops::Range;

use super::check::{entropy, has_digit, is_hash_or_uuid, is_placeholder, is_template};
use super::shape::{beside_a_name, secret};
use crate::detector::format::{Format, Shape, WORD};
use crate::detector::{AsciiSet, Edges};

pub(super) const FORMATS: &[Format] = &[
    secret(
        "connection_string",
        "CONNECTION_STRING",
        "a password in a URL (scheme://user:password@host) or in a list of settings (User Id=…;Password=…)",
        &[
            Shape {
                valid: is_password,
                edges: Edges { before: WORD, after: AsciiSet::new("") },
                value: Some(password_of),
                ..Shape::new(concat!(
                    r"(?i:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|clickhouse|jdbc:[a-z]{2,20}|",
                    r"nats|s?ftp|https?|smtps?|ldaps?)://[A-Za-z0-9._%+-]{0,128}:[!#$%&*+.0-9:;=?@A-Z^_a-z|~(),-]{1,256}@[A-Za-z0-9\[]"
                ))
            },
            Shape {
                valid: is_password,
                edges: Edges { before: WORD, after: PASSWORD },
                value: Some(setting_of),
                ..Shape::new(concat!(
                    r"(?i:user id|userid|username|user|uid)[ ]?=[ ]?[A-Za-z0-9@._\\-]{1,64};[ ]?",
                    r"(?:[A-Za-z ]{1,20}=[A-Za-z0-9@._ -]{0,40};[ ]?){0,2}",
                    r"(?i:password|pwd)[ ]?=[ ]?[!#$%&*+.0-9:=?@A-Z^_a-z|~(),-]{3,128}[A-Za-z0-9!#$%&+=?@^_~-]"
                ))
            },
        ],
    ),
    secret(
        "authorization",
        "AUTHORIZATION",
        "what a header (Authorization: Bearer …, X-Api-Key: …) or curl -u hands over",
        &[
            Shape {
                lead: |_| true,
                ..beside_a_name(
                    concat!(
                        r#"(?i:authorization)["']{0,2}[ \t]{0,4}[:=,][ \t]{0,4}["']?(?i:bearer|basic|token|apikey)[ ]{1,2}"#,
                        "[A-Za-z0-9._~+/-]{11,1024}[A-Za-z0-9_-]={0,2}"
                    ),
                    is_header,
                )
            },
            Shape {
                lead: |_| true,
                ..beside_a_name(
                    concat!(
                        r#"(?i:x-api-key|x-auth-token|x-access-token|private-token|job-token)["']{0,2}[ \t]{0,4}:[ \t]{0,4}["']?"#,
                        "[A-Za-z0-9._~+/-]{15,512}[A-Za-z0-9_-]={0,2}"
                    ),
                    is_header,
                )
            },
            Shape {
                score: 200,
                context: &["curl"],
                valid: is_password,
                edges: Edges { before: WORD, after: PASSWORD },
                value: Some(|text| text.find(':').map_or(0, |at| at + 1)..text.len()),
                ..Shape::new(r#"(?:-u|--user)[ =]["']?[A-Za-z0-9._%+@-]{1,64}:[A-Za-z0-9!@#$%^&_+=?~-]{6,128}"#)
            },
        ],
    ),
    Format {
        name: "generic",
        entity: "SECRET",
        summary: "a value with letters, digits and entropy, assigned to a name such as password, token, api_key",
        usual: false,
        shapes: &[Shape {
            valid: is_secret_value,
            score: 600,
            edges: Edges { before: AsciiSet::new(""), after: VALUE },
            value: Some(value_of),
            ..Shape::new(concat!(
                r"(?i:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|credentials?)",
                r#"[A-Za-z0-9_-]{0,24}["'`]?[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8}["'`]?[!#$%&*+./0-9:=?@A-Z\\^_a-z|~-]{8,512}"#
            ))
        }],
    },
];

/// The value in `name = "value`.
pub(super) fn value_of(text: &str) -> Range<usize> {
    let name = text.find(['=', ':']).or_else(|| text.rfind(" is").map(|at| at + 2)).unwrap_or(0);
    let separators = |char: char| matches!(char, '=' | ':' | '>' | ' ' | '\t' | '"' | '\'' | '`');
    let value = text.get(name + 1..).map_or("", |rest| rest.trim_start_matches(separators));
    text.len() - value.len()..text.len()
}

/// The password in `scheme://user:password@h`.
fn password_of(text: &str) -> Range<usize> {
    let user = text.find("://").map_or(0, |at| at + 3);
    let from = text.get(user..).and_then(|rest| rest.find(':')).map_or(user, |at| user + at + 1);
    from..text.rfind('@').unwrap_or(text.len()).max(from)
}

/// The password in `…;Password=…`.
fn setting_of(text: &str) -> Range<usize> {
    let name = text.rfind(';').unwrap_or(0);
    let from = text.get(name..).and_then(|rest| rest.find('=')).map_or(0, |at| name + at + 1);
    let value = text.get(from..).map_or("", str::trim_start);
    text.len() - value.len()..text.len()
}

/// What people choose: anything that is not written to be replaced.
fn is_password(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let named = ["password", "passwd", "pass", "secret", "pwd", "pw", "token"].contains(&&*lower);
    !value.is_empty() && !named && !is_template(value) && !lower.contains("xxx")
}

/// What a header hands over: a token, or a name and a password in base64.
fn is_header(value: &str) -> bool {
    has_digit(value)
        && entropy(value) >= 3.0
        && !is_placeholder(value)
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a value looks made by a machine, or by somebody who cares.
fn is_secret_value(value: &str) -> bool {
    let has = |test: fn(&u8) -> bool| value.bytes().any(|byte| test(&byte));
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let code = value.contains("://") || value.contains("::") || value.contains("()");
    value.len() >= 8
        && mixed
        && !code
        && entropy(value) >= if value.len() >= 16 { 3.0 } else { 2.5 }
        && is_password(value)
        && (value.len() < 16 || !is_placeholder(value))
        && !is_hash_or_uuid(value)
}

/// What a password ends with: where it goes on, less of it is none.
const PASSWORD: AsciiSet = AsciiSet::new("-A-Za-z0-9!#$%&+=?@^_~");
/// What a value is made of; it ends where something else comes.
const VALUE: AsciiSet = AsciiSet::new(r"-(!#$%&*+./0-9:=?@A-Z\^_a-z|~");
