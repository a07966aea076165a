//! Scalars and the types that YAML 1.2's core schema gives them.

/// A scalar as written.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The text, unescaped, with references expanded.
    pub text: String,
    /// Whether it may be a number, a boolean or null: written without quotes and not tagged as text.
    pub plain: bool,
    /// Whether part of it came from `${…}`: then it must never be shown.
    pub expanded: bool,
}

/// What YAML's core schema makes of a scalar (YAML 1.2.2, 10.3).
#[derive(Clone, Debug, PartialEq)]
pub enum Core<'a> {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Everything else.
    Str(&'a str),
}

impl Scalar {
    /// The typed value.
    pub fn core(&self) -> Core<'_> {
        if !self.plain {
            return Core::Str(&self.text);
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Core::Null,
            "true" | "True" | "TRUE" => Core::Bool(true),
            "false" | "False" | "FALSE" => Core::Bool(false),
            text => number(text).unwrap_or(Core::Str(text)),
        }
    }
}

fn number(text: &str) -> Option<Core<'_>> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(octal) = text.strip_prefix("0o") {
        return i128::from_str_radix(octal, 8).ok().map(Core::Int);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return i128::from_str_radix(hex, 16).ok().map(Core::Int);
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Core::Int);
    }
    match digits {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => return Some(Core::Float(f64::NEG_INFINITY)),
        ".inf" | ".Inf" | ".INF" => return Some(Core::Float(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" if digits.len() == text.len() => return Some(Core::Float(f64::NAN)),
        _ => {}
    }
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let starts = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if numeric && starts { text.parse().ok().map(Core::Float) } else { None }
}

#[cfg(test)]
mod tests {
    use super::{Core, Scalar};

    #[test]
    fn types_are_those_of_the_core_schema() {
        let core = |text: &str, plain| match (Scalar { text: text.to_owned(), plain, expanded: false }).core() {
            Core::Str(_) => "text".to_owned(),
            core => format!("{core:?}"),
        };
        // YAML 1.1's yes, no, on, off and octal 017 are text or decimal in 1.2.
        for text in ["yes", "off", "0x", "1_000", "1.2.3", "-", ".", "e5", "inf", "nan", "-.nan", "12:30"] {
            assert_eq!(core(text, true), "text", "{text}");
        }
        assert_eq!(core("017", true), "Int(17)");
        assert_eq!(core("0o17", true), "Int(15)");
        assert_eq!(core("0xff", true), "Int(255)");
        assert_eq!(core("-3", true), "Int(-3)");
        assert_eq!(core(".5", true), "Float(0.5)");
        assert_eq!(core("1e3", true), "Float(1000.0)");
        assert_eq!(core("-.inf", true), "Float(-inf)");
        assert_eq!(core("~", true), "Null");
        assert_eq!(core("True", true), "Bool(true)");
        assert_eq!(core("true", false), "text");
    }
}
