//! The query of a request's target: its parameters as text, and those that carry credentials.

use std::borrow::Cow;

use crate::protocol::json::escape;

/// The query's parameters as an object, so that their values are read like any other text. Credentials stay out.
pub(super) fn as_json(query: &str) -> String {
    let mut out = String::from("{");
    for (index, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (percent_decode(name), percent_decode(value));
        if is_one_of(CREDENTIALS, &name) {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        // Parameters may repeat; the position keeps the keys of the object apart.
        out.extend(["\"", &index.to_string(), ":", &escape(&name), "\":\"", &escape(&value), "\""]);
    }
    out.push('}');
    out
}

pub(super) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let hex = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// The API keys in a query.
pub(super) fn keys(query: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| is_one_of(KEYS, &percent_decode(name))).map(|(_, value)| percent_decode(value))
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Query parameters that carry credentials.
const CREDENTIALS: &[&str] = &[
    "key",
    "api-key",
    "api_key",
    "apikey",
    "access_token",
    "token",
    "sig",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
];

/// Those of them that stay the same from request to request.
const KEYS: &[&str] = &["key", "api-key", "api_key", "apikey", "access_token", "token"];
