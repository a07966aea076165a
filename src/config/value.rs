//! How single values are read: each function takes a node and gives the value or the problem.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Secret;
use super::nearest::{did_you_mean, either};
use super::problem::{Problem, quoted};
use super::scalar::{Core, Scalar};
use super::tree::{Node, Value};

/// Any text. What came from `${…}` counts as text even if it looks like a number.
pub fn string(node: &Node) -> Result<String, Problem> {
    match &node.value {
        Value::Scalar(scalar) if scalar.expanded => Ok(scalar.text.clone()),
        Value::Scalar(scalar) => match scalar.core() {
            Core::Str(text) => Ok(text.to_owned()),
            Core::Null => Err(wrong(node, "some text")),
            _ => Err(wrong(node, "some text").help(format!("write it in quotes: \"{}\"", scalar.text))),
        },
        _ => Err(wrong(node, "some text")),
    }
}

/// Text with something in it besides space.
pub fn filled(node: &Node) -> Result<String, Problem> {
    let text = string(node)?;
    if text.trim().is_empty() { Err(wrong(node, "some text")) } else { Ok(text) }
}

/// Text that is never shown again.
pub fn secret(node: &Node) -> Result<Secret, Problem> {
    match &node.value {
        Value::Scalar(scalar) if !scalar.text.trim().is_empty() => Ok(Secret::new(scalar.text.clone())),
        _ => Err(Problem::error(&node.at, WRONG).label("expected some text (what was found is not shown)")),
    }
}

/// `true` or `false`.
pub fn boolean(node: &Node) -> Result<bool, Problem> {
    match scalar(node).map(Scalar::core) {
        Some(Core::Bool(value)) => Ok(value),
        _ => Err(wrong(node, "`true` or `false`")),
    }
}

/// A whole number within bounds.
pub fn count(bounds: RangeInclusive<usize>) -> impl Fn(&Node) -> Result<usize, Problem> {
    move |node| {
        let found = match scalar(node).map(Scalar::core) {
            Some(Core::Int(value)) => usize::try_from(value).ok(),
            _ => None,
        };
        found
            .filter(|value| bounds.contains(value))
            .ok_or_else(|| wrong(node, &format!("a whole number from {} to {}", bounds.start(), bounds.end())))
    }
}

/// A number from 0 to 1.
pub fn fraction(node: &Node) -> Result<f32, Problem> {
    let found = match scalar(node).map(Scalar::core) {
        Some(Core::Int(value)) => Some(value as f64),
        Some(Core::Float(value)) => Some(value),
        _ => None,
    };
    match found.filter(|value| (0.0..=1.0).contains(value)) {
        Some(value) => Ok(value as f32),
        None => Err(wrong(node, "a number from 0 to 1")),
    }
}

/// A number of bytes such as `4096`, `64KiB` or `16MiB`.
pub fn size(bounds: RangeInclusive<usize>) -> impl Fn(&Node) -> Result<usize, Problem> {
    move |node| {
        let found = scalar(node).and_then(|scalar| {
            let (digits, unit) = split_unit(&scalar.text)?;
            let factor = match unit {
                "" | "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                "KB" | "kB" => 1_000,
                "MB" => 1_000_000,
                "GB" => 1_000_000_000,
                _ => return None,
            };
            digits.parse::<usize>().ok()?.checked_mul(factor)
        });
        found.filter(|value| bounds.contains(value)).ok_or_else(|| {
            let (low, high) = (show_size(*bounds.start()), show_size(*bounds.end()));
            wrong(node, &format!("a size from {low} to {high}, such as `64KiB`"))
        })
    }
}

/// A span of time such as `200ms`, `5s`, `15m`, `1h` or `7d`.
pub fn duration(bounds: RangeInclusive<Duration>) -> impl Fn(&Node) -> Result<Duration, Problem> {
    move |node| {
        let found = scalar(node).and_then(|scalar| {
            let (digits, unit) = split_unit(&scalar.text)?;
            let millis = match unit {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => return None,
            };
            digits.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
        });
        found.filter(|value| bounds.contains(value)).ok_or_else(|| {
            let (low, high) = (bounds.start(), bounds.end());
            let (low, high) = (show_duration(*low), show_duration(*high));
            wrong(node, &format!("a time from {low} to {high} with its unit, such as `200ms` or `5s`"))
        })
    }
}

/// An IP address with a port.
pub fn address(node: &Node) -> Result<SocketAddr, Problem> {
    scalar(node)
        .and_then(|scalar| scalar.text.parse().ok())
        .ok_or_else(|| wrong(node, "an IP address and a port").help("for example `127.0.0.1:8080` or `0.0.0.0:8080`"))
}

/// One of several names.
pub fn one_of<T: Copy>(names: &[(&str, T)]) -> impl Fn(&Node) -> Result<T, Problem> {
    move |node| {
        let found = scalar(node).map_or("", |scalar| scalar.text.as_str());
        let hit = names.iter().find(|(name, _)| *name == found);
        hit.map(|(_, value)| *value).ok_or_else(|| {
            let problem = wrong(node, &either(names.iter().map(|(name, _)| *name)));
            with_help(problem, did_you_mean(found, names.iter().map(|(name, _)| *name)))
        })
    }
}

/// A name that may become part of a path or a header: letters, digits, `.`, `_` and `-`, not `.` first.
pub fn name(longest: usize) -> impl Fn(&Node) -> Result<String, Problem> {
    move |node| {
        let text = string(node)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > longest || text.starts_with('.') || !text.bytes().all(allowed) {
            let expected = format!("up to {longest} letters, digits, `.`, `_` or `-`");
            return Err(wrong(node, &expected));
        }
        Ok(text)
    }
}

/// A SHA-256 as `sha256:` and 64 hex digits.
pub fn sha256(node: &Node) -> Result<[u8; 32], Problem> {
    let text = string(node)?;
    let digits = text.strip_prefix("sha256:").unwrap_or_default().as_bytes();
    let mut hash = [0; 32];
    let pairs = digits.chunks_exact(2).zip(&mut hash).filter_map(|(pair, byte)| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
        Some(())
    });
    if pairs.count() == hash.len() && digits.len() == 2 * hash.len() {
        return Ok(hash);
    }
    // It may be the key itself, so what was found is not shown.
    Err(Problem::error(&node.at, WRONG)
        .label("expected `sha256:` and 64 hex digits (what was found is not shown)")
        .help("hash the key with `printf %s KEY | sha256sum`"))
}

/// "expected …, found …".
pub fn wrong(node: &Node, expected: &str) -> Problem {
    Problem::error(&node.at, WRONG).label(format!("expected {expected}, found {}", node.found()))
}

/// Adds the help, if there is one.
pub fn with_help(problem: Problem, help: Option<String>) -> Problem {
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// An unknown name where one of `valid` was expected.
pub fn unknown<'a>(node: &Node, what: &str, found: &str, valid: impl IntoIterator<Item = &'a str> + Clone) -> Problem {
    let title = match &node.value {
        Value::Scalar(scalar) if scalar.expanded => format!("unknown {what}"),
        _ => format!("unknown {what} {}", quoted(found)),
    };
    let expected = either(valid.clone());
    let label = if expected.is_empty() { "there is none to choose".to_owned() } else { format!("expected {expected}") };
    let problem = Problem::error(&node.at, title).label(label);
    with_help(problem, did_you_mean(found, valid))
}

fn scalar(node: &Node) -> Option<&Scalar> {
    match &node.value {
        Value::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}

fn split_unit(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let (digits, unit) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    (!digits.is_empty()).then(|| (digits, unit.trim_start()))
}

fn show_size(bytes: usize) -> String {
    [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        .into_iter()
        .find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift)
        .map_or_else(|| format!("{bytes} B"), |(shift, unit)| format!("{} {unit}", bytes >> shift))
}

/// As people write it.
pub fn show_duration(time: Duration) -> String {
    let millis = time.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")]
        .into_iter()
        .find(|(unit, _)| millis.is_multiple_of(*unit))
        .map_or_else(|| format!("{millis}ms"), |(unit, name)| format!("{}{name}", millis / unit))
}

/// The title of problems with a value; readers add the key's name to it.
pub(super) const WRONG: &str = "wrong value";

/// The same value in JSON.
pub fn json(node: &Node) -> Result<serde_json::Value, Problem> {
    Ok(match &node.value {
        Value::Seq(items) => items.iter().map(json).collect::<Result<_, _>>()?,
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| Ok((entry.key.clone(), json(&entry.value)?)));
            serde_json::Value::Object(entries.collect::<Result<serde_json::Map<_, _>, Problem>>()?)
        }
        Value::Scalar(scalar) => match scalar.core() {
            Core::Null => serde_json::Value::Null,
            Core::Bool(value) => value.into(),
            Core::Str(text) => text.into(),
            Core::Int(value) => {
                serde_json::Number::from_i128(value).ok_or_else(|| wrong(node, "a smaller number"))?.into()
            }
            Core::Float(value) => {
                serde_json::Number::from_f64(value).ok_or_else(|| wrong(node, "a finite number"))?.into()
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, size};
    use crate::config::{At, Node, Scalar, Source, Value};

    fn node(text: &str) -> Node {
        let at = At { source: Source::new("a", text), range: 0..text.len() };
        Node { at, value: Value::Scalar(Scalar { text: text.to_owned(), plain: true, expanded: false }) }
    }

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        let read = |text: &str| size(1..=1 << 30)(&node(text)).ok();
        assert_eq!(read("4096"), Some(4096));
        assert_eq!(read("64KiB"), Some(64 << 10));
        assert_eq!(read("16 MiB"), Some(16 << 20));
        assert_eq!(read("1MB"), Some(1_000_000));
        for bad in ["", "0", "-1", "1.5MiB", "MiB", "2GiB", "1 mib", "99999999999999999999", "18446744073709551615GiB"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_need_a_unit() {
        let read = |text: &str| duration(Duration::from_millis(1)..=Duration::from_secs(3600))(&node(text)).ok();
        assert_eq!(read("200ms"), Some(Duration::from_millis(200)));
        assert_eq!(read("15m"), Some(Duration::from_secs(900)));
        assert_eq!(read("1h"), Some(Duration::from_secs(3600)));
        let days = duration(Duration::ZERO..=Duration::from_secs(2 * 86_400));
        assert_eq!(days(&node("2d")).ok(), Some(Duration::from_secs(2 * 86_400)));
        assert_eq!(days(&node("3d")).ok(), None);
        for bad in ["", "5", "0s", "2h", "1.5s", "s", "-1s", "99999999999999999999h", "1 day"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
