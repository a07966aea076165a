//! How commands speak to people: colours where a terminal shows them, and texts that cannot speak to the terminal.

use std::io::IsTerminal;

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours if the stream is a terminal that has them and `NO_COLOR` (<https://no-color.org>) is not set.
    pub(super) fn of(stream: &impl IsTerminal) -> Paint {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Paint { on: stream.is_terminal() && !set("NO_COLOR") && !dumb }
    }

    /// No colours.
    #[cfg(test)]
    pub(super) fn plain() -> Paint {
        Paint { on: false }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(super) fn green(self, text: &str) -> String {
        self.wrap("1;32", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.wrap("1;33", text)
    }

    /// A verdict in its colour.
    pub(super) fn verdict(self, verdict: &str) -> String {
        match verdict {
            "allow" => self.green(verdict),
            "block" => self.red(verdict),
            _ => self.yellow(verdict),
        }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The text on one line, with everything escaped that a terminal would act on or not show: control characters, direction
/// overrides, invisible characters. Quotes and backslashes stay: doubled ones would only distract.
pub(super) fn escaped(text: &str) -> String {
    let parts: Vec<String> = text.split(['"', '\'', '\\']).map(|part| part.escape_debug().to_string()).collect();
    let mut marks = text.matches(['"', '\'', '\\']);
    parts.into_iter().fold(String::new(), |out, part| out + &part + marks.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Paint, escaped};

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        assert_eq!(escaped("a\x1b[2Jb\nc\u{202e}d\u{200b}e\u{9b}f"), r"a\u{1b}[2Jb\nc\u{202e}d\u{200b}e\u{9b}f");
        assert_eq!(escaped(r#"it's "näh" \d नमस्ते"#), r#"it's "näh" \d नमस्ते"#);
    }

    #[test]
    fn without_colours_nothing_is_added() {
        assert_eq!(Paint::plain().verdict("block"), "block");
    }
}
