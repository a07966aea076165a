//! Values in JSON that people may look at on a terminal.

use std::fmt::Write as _;

/// The same JSON with everything escaped that a terminal acts on, does not show, or shows in another order. JSON itself
/// escapes only what lies below U+0020.
pub fn json_line(json: String) -> String {
    if json.is_ascii() && !json.contains('\u{7f}') {
        return json;
    }
    if !json.contains(odd) {
        return json;
    }
    json.chars().fold(String::new(), |mut out, char| {
        if odd(char) {
            // Outside of its texts JSON is ASCII, so this is inside of one.
            for unit in char.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(char);
        }
        out
    })
}

/// Controls, line ends, and characters of no width or that change direction (Unicode's categories Cc, Cf, Zl, Zp).
fn odd(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::json_line;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_and_means_the_same() {
        let text = "näh नमस्ते 😀 \u{202e}\u{9b}\u{7f}\u{200b}\u{e0041}";
        let json = serde_json::Value::from(text).to_string();
        let line = json_line(json.clone());
        assert_eq!(line, "\"näh नमस्ते 😀 \\u202e\\u009b\\u007f\\u200b\\udb40\\udc41\"");
        assert_eq!(serde_json::from_str::<String>(&line).ok().as_deref(), Some(text));
        assert_eq!(json_line("{\"a\":1}".to_owned()), "{\"a\":1}");
    }
}
