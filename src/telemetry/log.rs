//! How log lines are written: for people or as JSON, one line an event, to standard error.
//!
//! Every value is escaped, so that nothing in it can begin a line of its own or speak to a terminal. Libraries are held
//! at warnings whatever level is asked for: what they trace holds headers, and so keys.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::escape::json_line;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `TIME LEVEL message key=value …`
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// Sends Palisade's own events of this level and above, and libraries' warnings, to standard error. The first call
/// decides.
pub fn start(format: Format, level: LevelFilter) {
    let filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("palisade", level);
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colours && format == Format::Text)
        .event_format(Lines(format));
    // Fails only if a subscriber is there already, which then does the work.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

struct Lines(Format);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let level = *event.metadata().level();
        let line = match self.0 {
            Format::Json => json(&time, level, event.metadata().target(), fields),
            Format::Text => text(&time, level, &fields, to.has_ansi_escapes()),
        };
        to.write_str(&line)?;
        to.write_char('\n')
    }
}

/// An event's message and values, as they came.
#[derive(Default)]
struct Fields {
    message: String,
    values: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => self.values.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, value.to_string().into());
    }
}

fn json(time: &str, level: Level, target: &str, fields: Fields) -> String {
    let mut line = Map::new();
    line.insert("time".to_owned(), time.into());
    line.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
    line.insert("target".to_owned(), target.into());
    line.insert("message".to_owned(), fields.message.into());
    line.extend(fields.values.into_iter().map(|(name, value)| (name.to_owned(), value)));
    json_line(Value::Object(line).to_string())
}

fn text(time: &str, level: Level, fields: &Fields, colours: bool) -> String {
    let colour = match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        _ => "2",
    };
    let mut line =
        if colours { format!("{time} \x1b[{colour}m{level:5}\x1b[0m ") } else { format!("{time} {level:5} ") };
    escape_into(&fields.message, &mut line);
    for (name, value) in &fields.values {
        // Writing to a string cannot fail.
        let _ = write!(line, " {name}=");
        match value {
            Value::String(text) if is_plain(text) => line.push_str(text),
            Value::String(text) => {
                line.push('"');
                escape_into(text, &mut line);
                line.push('"');
            }
            other => {
                let _ = write!(line, "{other}");
            }
        }
    }
    line
}

/// Whether the text can stand without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\'))
}

/// Escapes what ends a line, speaks to a terminal, is invisible or changes the direction of text; and quotes.
fn escape_into(text: &str, out: &mut String) {
    out.extend(text.chars().flat_map(|char| {
        let keep = char == '\'';
        keep.then_some(char).into_iter().chain((!keep).then(|| char.escape_debug()).into_iter().flatten())
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: Format) -> String {
        let odd = "a\r\n2026-01-01 ERROR \u{1b}[2J\u{202e}\u{9b}\"b\"";
        let fields = Fields {
            message: "decided".to_owned(),
            values: vec![("id", "01ABC".into()), ("odd", odd.into()), ("n", 3.into()), ("none", "".into())],
        };
        match format {
            Format::Json => json("T", Level::INFO, "palisade", fields),
            Format::Text => text("T", Level::INFO, &fields, false),
        }
    }

    #[test]
    fn values_cannot_speak_to_a_terminal_or_begin_a_line() {
        assert_eq!(
            line(Format::Text),
            r#"T INFO  decided id=01ABC odd="a\r\n2026-01-01 ERROR \u{1b}[2J\u{202e}\u{9b}\"b\"" n=3 none="""#
        );
    }

    #[test]
    fn json_lines_keep_the_values() -> Result<(), serde_json::Error> {
        let text = line(Format::Json);
        assert!(!text.contains(['\n', '\u{1b}', '\u{202e}', '\u{9b}']), "{text}");
        let value: Value = serde_json::from_str(&text)?;
        assert!(value["odd"].as_str().is_some_and(|odd| odd.contains("\u{202e}\u{9b}")));
        assert_eq!((&value["level"], &value["id"], &value["n"]), (&"info".into(), &"01ABC".into(), &3.into()));
        Ok(())
    }
}
