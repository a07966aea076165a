//! `json_schema`: texts that are not JSON, or do not satisfy a schema (the library `jsonschema`, which fetches nothing here).
//!
//! A text is kept until its end, up to [`MAX_TEXT`], and judged then. Keys that come twice are not JSON here: readers differ on
//! which one counts.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Conversation, DetectorKind, Place, Plan, WholeFinding, WholeReader, WholeText};
use crate::config::value::{boolean, filled, wrong};
use crate::config::{Core, MapReader, Node, Problem, Source, Value as Yaml};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "json_schema",
    summary: "text that is not JSON or does not satisfy a JSON Schema",
    example: "{ json_schema: { schema: { type: object, required: [answer] } } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let fence = reader.optional("fence", boolean).unwrap_or(false);
    let file = reader.optional("file", from_file);
    let inline = reader.optional("schema", |node| from_yaml(node).map(|schema| (schema, String::new())));
    let node = match (reader.node("file"), reader.node("schema")) {
        (Some(_), Some(_)) => {
            let problem = Problem::error(reader.head(), "`file` and `schema` say the same thing twice");
            reader.problem(problem.label("expected one of the two"));
            return None;
        }
        (None, None) => {
            let problem = Problem::error(reader.head(), "`json_schema` names no schema");
            reader.problem(problem.label("expected `file` or `schema`"));
            return None;
        }
        (file, schema) => file.or(schema)?,
    };
    let (schema, source) = file.or(inline)?;
    let validator = reader.problems().keep(compiled(&schema, node))?;
    Some(Plan::Whole(Arc::new(Schema { validator: Arc::new(validator), fence, source })))
}

/// The schema of a file, named from where the policy stands; and its text.
fn from_file(node: &Node) -> Result<(Value, String), Problem> {
    let name = filled(node)?;
    let path = Path::new(node.at.source.name()).parent().unwrap_or(Path::new("")).join(name);
    let source = Source::read(&path).map_err(|error| Problem::error(&node.at, error.title).label("named here"))?;
    let schema = serde_json::from_str::<Strict>(source.text()).map_err(|error| {
        let title = format!("{} is not JSON", source.name());
        Problem::error(&node.at, title).label(error.to_string())
    })?;
    Ok((schema.0, source.text().to_owned()))
}

/// What is written in YAML, as JSON.
fn from_yaml(node: &Node) -> Result<Value, Problem> {
    Ok(match &node.value {
        Yaml::Seq(items) => Value::Array(items.iter().map(from_yaml).collect::<Result<_, _>>()?),
        Yaml::Map(entries) => {
            let entry = |entry: &crate::config::Entry| Ok((entry.key.clone(), from_yaml(&entry.value)?));
            Value::Object(entries.iter().map(entry).collect::<Result<_, Problem>>()?)
        }
        Yaml::Scalar(scalar) => match scalar.core() {
            Core::Null => Value::Null,
            Core::Bool(value) => Value::Bool(value),
            Core::Str(text) => Value::String(text.to_owned()),
            Core::Int(value) => {
                let number = i64::try_from(value).map(Number::from).or_else(|_| u64::try_from(value).map(Number::from));
                Value::Number(number.map_err(|_| wrong(node, "a number of at most 64 bits"))?)
            }
            Core::Float(value) => {
                Value::Number(Number::from_f64(value).ok_or_else(|| wrong(node, "a number that JSON has"))?)
            }
        },
    })
}

/// Checks the schema against its own. Patterns are those that take linear time; formats are checked as the draft says.
fn compiled(schema: &Value, node: &Node) -> Result<Validator, Problem> {
    let options = jsonschema::options().offline().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|error| {
        let place = error.instance_path().as_str();
        let place = if place.is_empty() { String::new() } else { format!(", at {place}") };
        Problem::error(&node.at, "this is no JSON Schema that can be used")
            .label(format!("{error}{place}"))
            .help("nothing is fetched: `$ref` reaches what stands in the schema; patterns have no look-around and no back-references")
    })
}

/// A schema, ready.
#[derive(Clone)]
struct Schema {
    validator: Arc<Validator>,
    fence: bool,
    source: String,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

impl WholeText for Schema {
    /// A piece of JSON is none: several texts that are read as one, and strings inside of arguments, are not looked at.
    fn reader(&self, place: Place, _: &Conversation) -> Option<Box<dyn WholeReader>> {
        let reader = || Reader { schema: self.clone(), at: 0, text: String::new() };
        (place == Place::Segment).then(|| Box::new(reader()) as Box<dyn WholeReader>)
    }

    fn why(&self, label: Option<&str>) -> String {
        match label {
            None | Some(NOT_JSON) => "not JSON".to_owned(),
            Some(place) => format!("does not satisfy the schema at {place}"),
        }
    }

    fn source(&self) -> Option<&str> {
        Some(&self.source)
    }

    fn needs_the_end(&self) -> Option<&'static str> {
        Some("whether a text is JSON that satisfies a schema is known only at its end")
    }

    fn judges_empty(&self) -> bool {
        true
    }
}

#[derive(Clone, Debug)]
struct Reader {
    schema: Schema,
    /// Bytes read.
    at: usize,
    /// All of it, unless it is too long.
    text: String,
}

impl WholeReader for Reader {
    fn feed(&mut self, piece: &str, _: &mut Vec<WholeFinding>) {
        self.at += piece.len();
        if self.at <= MAX_TEXT {
            self.text.push_str(piece);
        } else {
            self.text = String::new();
        }
    }

    fn finish(&mut self, found: &mut Vec<WholeFinding>) {
        let text = std::mem::take(&mut self.text);
        let whole = WholeFinding::at(0..self.at);
        found.extend(match self.schema.judge(&text) {
            _ if self.at > MAX_TEXT => Some(WholeFinding { bound: Some("json_length"), ..whole }),
            Judged::Satisfies => None,
            Judged::Fails(label) => Some(WholeFinding { label: Some(label), ..whole }),
            Judged::TooDeep => Some(WholeFinding { bound: Some("json_depth"), ..whole }),
        });
    }

    fn open(&self) -> usize {
        0
    }

    fn goes_on(&mut self) -> bool {
        false
    }

    fn copy(&self) -> Box<dyn WholeReader> {
        Box::new(self.clone())
    }
}

enum Judged {
    Satisfies,
    /// Where in the schema, or [`NOT_JSON`].
    Fails(Arc<str>),
    TooDeep,
}

impl Schema {
    fn judge(&self, text: &str) -> Judged {
        let text = if self.fence { inside_fence(text) } else { text };
        let value = match serde_json::from_str::<Strict>(text) {
            Ok(value) => value.0,
            Err(error) if error.to_string().starts_with("recursion limit exceeded") => return Judged::TooDeep,
            Err(_) => return Judged::Fails(NOT_JSON.into()),
        };
        match self.validator.validate(&value) {
            Ok(()) => Judged::Satisfies,
            Err(error) => {
                // The schema's own words, never the text's.
                let place = error.schema_path().as_str();
                let end = (0..=MAX_LABEL.min(place.len())).rev().find(|end| place.is_char_boundary(*end));
                Judged::Fails(place.get(..end.unwrap_or(0)).filter(|place| !place.is_empty()).unwrap_or("/").into())
            }
        }
    }
}

/// What stands in the one fenced block that a text is, or the text.
fn inside_fence(text: &str) -> &str {
    let inside = || {
        let inside = text.trim().strip_prefix("```")?.strip_suffix("```")?;
        let (mark, inside) = inside.split_once('\n')?;
        matches!(mark.trim(), "" | "json" | "JSON").then_some(inside)
    };
    inside().unwrap_or(text)
}

/// A value in which no key comes twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if out.insert(key, value).is_some() {
                return Err(A::Error::custom("a key comes twice"));
            }
        }
        Ok(Value::Object(out))
    }
}

/// A longer text is over the limit, in bytes: to read and check it would keep others waiting.
const MAX_TEXT: usize = 256 << 10;
/// The longest label, in bytes.
const MAX_LABEL: usize = 200;
/// The label of what is no JSON.
const NOT_JSON: &str = "not_json";

#[cfg(test)]
mod tests;
