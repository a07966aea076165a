//! What tells a secret from what only looks like one: entropy, placeholders, digests, UUIDs.

/// Bits for each character, by how often each occurs (Shannon).
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0usize; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let share = |count: usize| count as f64 / text.len() as f64;
    counts.iter().filter(|&&count| count > 0).map(|&count| -share(count) * share(count).log2()).sum()
}

/// A token with its issuer's prefix: drawn at random, as a machine does it, and not spelled out by a person.
pub(super) fn is_token(text: &str) -> bool {
    let mixed = text.bytes().filter(u8::is_ascii_uppercase).count() >= 3
        && text.bytes().filter(u8::is_ascii_lowercase).count() >= 3;
    (has_digit(text) || mixed) && entropy(text) >= 2.5 && !is_placeholder(text)
}

/// A token in which words may stand between dashes, such as `sk-learn-based-models`: digits among its letters.
pub(super) fn is_dashed_token(text: &str) -> bool {
    has_digit(text) && is_token(text)
}

/// A token whose prefix is short or an ordinary word: capitals, small letters and digits behind it.
pub(super) fn is_mixed_token(text: &str) -> bool {
    let count = |test: fn(&u8) -> bool| text.bytes().filter(test).count();
    is_token(text)
        && count(u8::is_ascii_digit) >= 1
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3
}

/// A key of letters and digits that stands beside its provider's name. What all hexadecimal digests look like is none.
pub(super) fn is_key(value: &str) -> bool {
    let enough = if value.len() >= 20 { 3.0 } else { 2.6 };
    has_digit(value)
        && has_letter(value)
        && entropy(value) >= enough
        && !is_hash_or_uuid(value)
        && !is_placeholder(value)
}

/// A key of hexadecimal digits (or other few characters) that stands beside its provider's name.
pub(super) fn is_hex_key(value: &str) -> bool {
    has_digit(value) && has_letter(value) && entropy(value) >= 2.6 && !is_placeholder(value)
}

/// A UUID that stands beside its provider's name, and is none of those that documentation is full of.
pub(super) fn is_uuid_key(value: &str) -> bool {
    let known = KNOWN_UUIDS.iter().any(|known| known.eq_ignore_ascii_case(value));
    !known && entropy(value) >= 2.8 && !is_placeholder(value)
}

pub(super) fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

fn has_letter(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// What documentation and templates write in place of a token: their words, one character again and again, or the
/// alphabet.
pub(super) fn is_placeholder(text: &str) -> bool {
    is_template(text) || runs(text)
}

/// The words and signs alone. People do choose `123456` as a password.
pub(super) fn is_template(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    MARKS.iter().chain(WORDS).any(|word| lower.contains(word)) || lower.starts_with('$')
}

/// Six characters in a row that are all the same, or each one more than the one before.
fn runs(text: &str) -> bool {
    let (mut same, mut rising, mut last) = (1, 1, 0);
    text.bytes().any(|byte| {
        let byte = byte.to_ascii_lowercase();
        same = if byte == last { same + 1 } else { 1 };
        let next = byte.checked_sub(1) == Some(last) || (last == b'9' && matches!(byte, b'0' | b'a'));
        rising = if next && byte.is_ascii_alphanumeric() { rising + 1 } else { 1 };
        last = byte;
        same >= RUN || rising >= RUN
    })
}

/// Digests name content, UUIDs name things: neither opens anything.
pub(super) fn is_hash_or_uuid(value: &str) -> bool {
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digest = hex && matches!(value.len(), 32 | 40 | 56 | 64 | 96 | 128);
    let groups = value.split('-').map(str::len);
    let uuid = groups.eq([8, 4, 4, 4, 12]) && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digest || uuid
}

const RUN: usize = 6;
const MARKS: &[&str] = &["${", "$(", "{{", "<", "%(", "***", "xxxx", "...", "…"];
const WORDS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "your_",
    "your-",
    "my_pass",
    "my-pass",
    "mypass",
    "yourpass",
    "yourkey",
    "yourtoken",
    "yourapikey",
    "yoursecret",
    "dummy",
    "insert",
    "process.env",
    "os.environ",
    "getenv",
    "redacted",
    "replace_",
    "replace-",
    "_here",
    "-here",
    "tokenhere",
    "keyhere",
];
const KNOWN_UUIDS: &[&str] = &[
    "123e4567-e89b-12d3-a456-426614174000",
    "123e4567-e89b-12d3-a456-426655440000",
    "550e8400-e29b-41d4-a716-446655440000",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
];
