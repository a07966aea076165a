//! Secrets without a form of their own: passwords in connection strings, and what is assigned to a telling name.

use std::ops::Range;

use crate::detector::format::{Format, Shape, WORD};
use crate::detector::{AsciiSet, Edges};

pub(super) const CONNECTION_STRING: Format = Format {
    name: "connection_string",
    entity: "CONNECTION_STRING",
    summary: "a password in a URL (scheme://user:password@host)",
    usual: true,
    shapes: &[Shape {
        valid: is_no_placeholder,
        edges: Edges { before: WORD, after: AsciiSet::new("") },
        value: Some(password_of),
        ..Shape::new(concat!(
            r"(?i:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|clickhouse|jdbc:[a-z]{2,20}|",
            r"nats|s?ftp|https?|smtps?|ldaps?)://[A-Za-z0-9._%+-]{0,128}:[!#$%&*+.0-9:;=?@A-Z^_a-z|~(),-]{1,256}@[A-Za-z0-9\[]"
        ))
    }],
};

pub(super) const ASSIGNMENT: Format = Format {
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
};

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

/// Bits for each character, by how often each occurs (Shannon).
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0usize; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let share = |count: usize| count as f64 / text.len() as f64;
    counts.iter().filter(|&&count| count > 0).map(|&count| -share(count) * share(count).log2()).sum()
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
        && is_no_placeholder(value)
        && !is_hash_or_uuid(value)
}

/// What documentation and templates write in place of a secret.
fn is_no_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let templated = ["${", "$(", "{{", "<", "%(", "***", "xxx", "...", "…"].iter().any(|mark| lower.contains(mark));
    let named = PLACEHOLDERS.iter().any(|word| lower.contains(word));
    let empty = value.is_empty() || ["password", "passwd", "pass", "secret", "pwd", "pw", "token"].contains(&&*lower);
    !templated && !named && !empty && !lower.starts_with('$')
}

/// Digests name content, UUIDs name things: neither opens anything.
fn is_hash_or_uuid(value: &str) -> bool {
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest = hex && matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128);
    let groups: Vec<usize> = value.split('-').map(str::len).collect();
    let uuid = groups == [8, 4, 4, 4, 12] && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digest || uuid
}

const PLACEHOLDERS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "your_",
    "your-",
    "yourpass",
    "yourkey",
    "dummy",
    "insert",
    "process.env",
    "os.environ",
    "getenv",
    "redacted",
];
/// What a value is made of; it ends where something else comes.
const VALUE: AsciiSet = AsciiSet::new(r"-(!#$%&*+./0-9:=?@A-Z\^_a-z|~");
