//! How formats of secrets are written: with the issuer's own prefix, or beside the provider's name.

use std::ops::Range;

use super::check::{is_dashed_token, is_token};
use crate::detector::format::{Format, Shape, WORD};
use crate::detector::{AsciiSet, Edges};

/// A format that is looked for unless the rule names others.
pub(super) const fn secret(
    name: &'static str,
    entity: &'static str,
    summary: &'static str,
    shapes: &'static [Shape],
) -> Format {
    Format { name, entity, summary, usual: true, shapes }
}

/// A token with the issuer's prefix. It stands apart from letters and digits: `…=glpat-…` and `"glpat-…"` are tokens,
/// `myglpat-…` is none.
pub(super) const fn token(pattern: &'static str) -> Shape {
    Shape { valid: is_token, ..Shape::number(pattern, is_token, 1000) }
}

/// A token of letters, digits, dashes and `_`, with the issuer's prefix. Words may be joined like that as well.
pub(super) const fn dashed(pattern: &'static str) -> Shape {
    Shape { valid: is_dashed_token, edges: Edges { before: WORD, after: DASHED }, ..Shape::new(pattern) }
}

/// A key that has no form of its own and counts because its provider's name stands before it. See [`keyed!`].
pub(super) const fn beside_a_name(pattern: &'static str, valid: fn(&str) -> bool) -> Shape {
    Shape {
        valid,
        edges: Edges { before: LETTERS, after: BASE64 },
        value: Some(value_of),
        lead: names_a_key,
        ..Shape::new(pattern)
    }
}

/// The shape of a key that counts only as the value of something with the provider's name in it and a word that says
/// that it is a key: `DATADOG_API_KEY=…`, `"algolia": {"apiKey": "…"}`, `my Mailgun key is …`. Up to 40 bytes stand
/// between the name and the separator.
///
/// `keyed!("datadog|dd_api", "[0-9a-f]{32}", is_hex_key)`: names in any case, the value, and its check. The names give
/// the prefilter its literals: they are long enough not to turn up everywhere.
macro_rules! keyed {
    ($name:literal, $value:expr, $valid:expr) => {
        $crate::detector::secrets::shape::beside_a_name(
            concat!(
                "(?i:",
                $name,
                ")",
                // The rest of the identifier, and words of a sentence.
                r"[A-Za-z0-9_.-]{0,24}(?:[ \t][A-Za-z]{2,12}){0,3}",
                r#"["'`*\\\])]{0,3}[ \t]{0,8}"#,
                // One member of an object, one argument of a call.
                r#"(?:[:=]?[ \t]{0,4}[({\[][ \t\r\n]{0,16}["'`\\]{0,2}[A-Za-z0-9_-]{2,24}["'`\\]{0,2}[ \t]{0,8})?"#,
                r#"(?:[=:>|,(]{1,3}| is)[ \t\r\n"'`*\\]{0,10}"#,
                $value
            ),
            $valid,
        )
    };
}
pub(super) use keyed;

/// A UUID, as part of a pattern.
macro_rules! uuid {
    () => {
        "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
    };
}
pub(super) use uuid;

/// The value: all behind the last sign that separates it from its name.
pub(super) fn value_of(text: &str) -> Range<usize> {
    let padded = text.trim_end_matches('=').len();
    let from = text.get(..padded).unwrap_or_default().rfind(SEPARATORS).map_or(0, |at| at + 1);
    from..text.len()
}

/// The value where it has a colon inside.
pub(super) fn pair_of(text: &str) -> Range<usize> {
    let colon = text.rfind(':').unwrap_or(text.len());
    value_of(text.get(..colon).unwrap_or_default()).start..text.len()
}

/// Whether an identifier is one of something secret, and not of its digest or a public half.
fn names_a_key(lead: &str) -> bool {
    let lower = lead.to_ascii_lowercase();
    KEYS.iter().any(|word| lower.contains(word)) && !OTHERS.iter().any(|word| lower.contains(word))
}

const SEPARATORS: &[char] = &[' ', '\t', '\r', '\n', '"', '\'', '`', '*', '\\', '=', ':', '>', '|', ',', '('];
const KEYS: &[&str] = &[
    "key", "token", "secret", "auth", "pass", "pwd", "cred", "access", "api", "client", "bearer", "license", "dsn",
    "_pat", "_sid", "signing", "login", "webhook",
];
const OTHERS: &[&str] = &[
    "hash",
    "sha1",
    "sha256",
    "sha512",
    "sha_",
    "md5",
    "commit",
    "digest",
    "checksum",
    "integrity",
    "fingerprint",
    "revision",
    "etag",
    "public",
    "author",
];
/// What base64 is made of, URL-safe or not.
pub(super) const BASE64: AsciiSet = AsciiSet::new("-A-Za-z0-9+/_=");
/// A name is a word or the beginning of one, or stands behind a `_`: a text waits for what may begin like a name, and
/// every word has letters in it that do.
const LETTERS: AsciiSet = AsciiSet::new("A-Za-z");
/// Letters, digits, `_` and `-`.
const DASHED: AsciiSet = AsciiSet::new("-A-Za-z0-9_");
