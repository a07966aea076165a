//! `palisade.yaml` of a model folder: what an export does not say about itself.
//!
//! Small and strict: two levels of maps with scalars, every key known, nothing twice; no anchors, tags or lists.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, Span, StrInput};

use super::tags::Aggregation;
use super::vectors::Pooling;

const KEYS: &str = "version, license, max_length, stride, embedding, pooling, entities, labels, sha256";
const MAX_DEPTH: usize = 3;

/// What the file says; absent keys are `None` or empty.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settings {
    /// SPDX expression.
    pub(super) license: Option<String>,
    /// Tokens of one window, special tokens included.
    pub(super) max_length: Option<usize>,
    /// Tokens that neighbouring windows share.
    pub(super) stride: Option<usize>,
    /// The graph's output with the vector of the text, or those of its tokens.
    pub(super) embedding: Option<String>,
    /// How the vectors of tokens become that of the text.
    pub(super) pooling: Pooling,
    /// How tokens are tagged.
    pub(super) entities: Entities,
    /// Calibrated thresholds by label.
    pub(super) labels: BTreeMap<String, Calibration>,
    /// Lower-case hex digests by file name, relative to the folder.
    pub(super) sha256: BTreeMap<String, String>,
}

/// `entities`: what an export does not say about its tags of tokens.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entities {
    /// The graph's output with the tags' logits.
    pub(super) output: Option<String>,
    /// How a word's tokens become one.
    pub(super) aggregation: Aggregation,
    /// The tags by their numbers, where `id2label` names the labels of texts.
    pub(super) tags: BTreeMap<usize, String>,
}

/// Thresholds that were chosen on text the model never saw. All in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Used when a rule names none.
    pub threshold: f32,
    /// At 0.1 % false positives.
    pub low: f32,
    /// At 1 % false positives.
    pub medium: f32,
    /// At 5 % false positives.
    pub high: f32,
}

/// Reads the file. Errors begin with the line.
pub(super) fn parse(text: &str) -> Result<Settings, String> {
    let mut reader = Reader(Parser::new_from_str(text));
    let root = reader.document()?;
    let mut settings = Settings::default();
    let mut version = None;
    for (key, line, value) in root.map()? {
        match key.as_str() {
            "version" => version = Some(value.number::<u32>()?),
            "license" => settings.license = Some(value.text()?),
            "max_length" => settings.max_length = Some(value.number()?),
            "stride" => settings.stride = Some(value.number()?),
            "embedding" => settings.embedding = Some(value.text()?),
            "entities" => settings.entities = entities(value)?,
            "labels" => {
                for (label, _, thresholds) in value.map()? {
                    settings.labels.insert(label, calibration(thresholds)?);
                }
            }
            "sha256" => {
                for (file, line, digest) in value.map()? {
                    settings.sha256.insert(file, hex_digest(line, digest)?);
                }
            }
            "pooling" => {
                settings.pooling = match value.text()?.as_str() {
                    "mean" => Pooling::Mean,
                    "cls" => Pooling::Cls,
                    other => return Err(format!("line {line}: `{other}` is no pooling (known: mean, cls)")),
                }
            }
            _ => return Err(format!("line {line}: unknown key `{key}` (known: {KEYS})")),
        }
    }
    match version {
        Some(1) => Ok(settings),
        Some(other) => Err(format!("line 1: version {other} is not known; this version reads 1")),
        None => Err("line 1: `version: 1` is missing".to_owned()),
    }
}

fn entities(node: Node) -> Result<Entities, String> {
    let mut entities = Entities::default();
    for (key, line, value) in node.map()? {
        match key.as_str() {
            "output" => entities.output = Some(value.text()?),
            "aggregation" => {
                entities.aggregation = match value.text()?.as_str() {
                    "first" => Aggregation::First,
                    "max" => Aggregation::Max,
                    "simple" => Aggregation::Simple,
                    other => {
                        return Err(format!("line {line}: `{other}` is no aggregation (known: first, max, simple)"));
                    }
                }
            }
            "tags" => {
                for (number, line, tag) in value.map()? {
                    let number = number.parse().map_err(|_| format!("line {line}: tags are numbered: `0: O`"))?;
                    entities.tags.insert(number, tag.text()?);
                }
            }
            _ => return Err(format!("line {line}: unknown key `{key}` (known: output, aggregation, tags)")),
        }
    }
    Ok(entities)
}

fn calibration(node: Node) -> Result<Calibration, String> {
    let line = node.line;
    let mut values: BTreeMap<String, f32> = BTreeMap::new();
    for (key, line, value) in node.map()? {
        let value = value.number::<f32>()?;
        if !(0.0..=1.0).contains(&value) {
            return Err(format!("line {line}: `{key}` must be between 0 and 1"));
        }
        if !["threshold", "low", "medium", "high"].contains(&key.as_str()) {
            return Err(format!("line {line}: unknown key `{key}` (known: threshold, low, medium, high)"));
        }
        values.insert(key, value);
    }
    let take = |key: &str| values.get(key).copied().ok_or_else(|| format!("line {line}: `{key}` is missing"));
    let found =
        Calibration { threshold: take("threshold")?, low: take("low")?, medium: take("medium")?, high: take("high")? };
    if found.low < found.medium || found.medium < found.high {
        return Err(format!("line {line}: fewer false positives need a higher threshold: low >= medium >= high"));
    }
    Ok(found)
}

fn hex_digest(line: usize, node: Node) -> Result<String, String> {
    let digest = node.text()?.to_ascii_lowercase();
    if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(format!("line {line}: a SHA-256 is 64 hex digits"));
    }
    Ok(digest)
}

/// One YAML node with the line it begins on.
struct Node {
    line: usize,
    content: Content,
}

enum Content {
    Scalar(String),
    Map(Vec<(String, usize, Node)>),
}

impl Node {
    fn text(self) -> Result<String, String> {
        match self.content {
            Content::Scalar(text) if !text.is_empty() => Ok(text),
            _ => Err(format!("line {}: a value was expected", self.line)),
        }
    }

    fn number<T: std::str::FromStr>(self) -> Result<T, String> {
        let line = self.line;
        let text = self.text()?;
        text.parse().map_err(|_| format!("line {line}: a number was expected, not `{text}`"))
    }

    fn map(self) -> Result<Vec<(String, usize, Node)>, String> {
        match self.content {
            Content::Map(entries) => Ok(entries),
            Content::Scalar(_) => Err(format!("line {}: `key: value` pairs were expected", self.line)),
        }
    }
}

struct Reader<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Node, String> {
        loop {
            match self.event()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, _) => return Err("line 1: the file is empty".to_owned()),
                (event, span) => {
                    let root = self.node(event, span, MAX_DEPTH)?;
                    self.end()?;
                    return Ok(root);
                }
            }
        }
    }

    fn end(&mut self) -> Result<(), String> {
        loop {
            match self.event()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, span) => return Err(format!("line {}: one document was expected", span.start.line())),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, String> {
        let line = span.start.line();
        match event {
            Event::Scalar(text, _, 0, None) => Ok(Node { line, content: Content::Scalar(text.into_owned()) }),
            Event::MappingStart(0, None) if depth > 0 => self.map(line, depth - 1),
            _ => Err(format!("line {line}: only plain values and `key: value` pairs can stand here")),
        }
    }

    fn map(&mut self, line: usize, depth: usize) -> Result<Node, String> {
        let mut entries: Vec<(String, usize, Node)> = Vec::new();
        loop {
            let (event, span) = self.event()?;
            if event == Event::MappingEnd {
                return Ok(Node { line, content: Content::Map(entries) });
            }
            let key_line = span.start.line();
            let key = self.node(event, span, 0)?.text()?;
            if entries.iter().any(|(known, ..)| *known == key) {
                return Err(format!("line {key_line}: `{key}` stands here twice"));
            }
            let (event, span) = self.event()?;
            let value = self.node(event, span, depth)?;
            entries.push((key, key_line, value));
        }
    }

    fn event(&mut self) -> Result<(Event<'a>, Span), String> {
        match self.0.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(format!("line {}: {}", error.marker().line(), error.info())),
            None => Err("the file ends too early".to_owned()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_training_script_writes() {
        let settings = parse(
            "version: 1\nlicense: Apache-2.0\nmax_length: 128   # tokens\nstride: 32\nembedding: embedding\nlabels:\n  \
             injection: { threshold: 0.9, low: 0.95, medium: 0.9, high: 0.5 }\nsha256:\n  model.onnx: \
             0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc\n",
        )
        .unwrap();
        assert_eq!(settings.max_length, Some(128));
        assert_eq!(settings.stride, Some(32));
        assert_eq!(settings.embedding.as_deref(), Some("embedding"));
        let expected = Calibration { threshold: 0.9, low: 0.95, medium: 0.9, high: 0.5 };
        assert_eq!(settings.labels["injection"], expected);
        assert!(settings.sha256["model.onnx"].starts_with("0b9a"));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let cases = [
            ("", "line 1: the file is empty"),
            ("stride: 3", "line 1: `version: 1` is missing"),
            ("version: 2", "line 1: version 2 is not known; this version reads 1"),
            ("version: 1\nstrid: 3", &format!("line 2: unknown key `strid` (known: {KEYS})")),
            ("version: 1\nstride: many", "line 2: a number was expected, not `many`"),
            ("version: 1\nstride: 1\nstride: 2", "line 3: `stride` stands here twice"),
            ("version: 1\npooling: max", "line 2: `max` is no pooling (known: mean, cls)"),
            ("version: 1\nlabels: [a]", "line 2: only plain values and `key: value` pairs can stand here"),
            ("version: 1\nlabels: { a: { threshold: 2 } }", "line 2: `threshold` must be between 0 and 1"),
            ("version: 1\nlabels: { a: { threshold: 1 } }", "line 2: `low` is missing"),
            ("version: 1\nsha256: { a: b }", "line 2: a SHA-256 is 64 hex digits"),
            ("version: 1\n---\nversion: 1", "line 2: one document was expected"),
            ("version: &a 1", "line 1: only plain values and `key: value` pairs can stand here"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
