//! From YAML 1.2 to a [`Node`].
//!
//! One document, bounded in depth and size, without anchors and aliases (a few bytes of those can stand for gigabytes,
//! and what a guard does should be readable where it is written). Duplicate keys are problems, never "last one wins".

use std::collections::HashSet;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::problem::{Collector, Problem, quoted};
use super::scalar::Scalar;
use super::source::{At, Source};
use super::tree::{Entry, Node, Value};

impl Node {
    /// Reads a source. `None`: the problems say why.
    pub fn parse(source: &Arc<Source>, problems: &Collector) -> Option<Node> {
        let before = problems.errors();
        let root =
            Builder { source, problems, open: Vec::new(), nodes: 0, root: None, documents: 0, cursor: (1, 0, 0) }.run();
        root.filter(|_| problems.errors() == before)
    }
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    problems: &'a Collector,
    open: Vec<Open>,
    nodes: usize,
    root: Option<Node>,
    documents: usize,
    /// The place found last: line, column, byte offset.
    cursor: (usize, usize, usize),
}

/// A collection whose end has not come yet.
enum Open {
    Seq { start: usize, items: Vec<Node> },
    Map { start: usize, entries: Vec<Entry>, names: HashSet<String>, key: Option<(String, At)> },
}

impl Builder<'_> {
    fn run(mut self) -> Option<Node> {
        let mut parser = Parser::new_from_str(self.source.text());
        let mut last = None;
        while let Some(next) = parser.next_event() {
            let step = next.map_err(|error| self.syntax(&error)).and_then(|(event, span)| self.event(event, span));
            match step {
                Ok(true) => last = Some(()),
                Ok(false) => break,
                Err(problem) => {
                    self.problems.push(problem);
                    return None;
                }
            }
        }
        last?;
        // An empty file is an empty mapping.
        let empty = self.at(0, 0);
        Some(self.root.unwrap_or(Node { at: empty, value: Value::Map(Vec::new()) }))
    }

    /// Takes one event; `false` at the end of the stream.
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<bool, Problem> {
        let at = self.place(span);
        match event {
            Event::StreamEnd => return Ok(false),
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Problem::error(&at, "the file holds several documents")
                        .label("expected the end of the file, found another document")
                        .help("put each document into a file of its own"));
                }
            }
            Event::Alias(_) => return Err(no_anchors(&at)),
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.without_trivia(at, style);
                let plain = self.check(&at, anchor, tag.as_deref(), style == ScalarStyle::Plain)?;
                let scalar = Scalar { text: text.into_owned(), plain, expanded: false };
                self.scalar(scalar, at)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.check(&at, anchor, tag.as_deref(), false)?;
                self.open(&at, Open::Seq { start: at.range.start, items: Vec::new() })?;
            }
            Event::MappingStart(anchor, tag) => {
                self.check(&at, anchor, tag.as_deref(), false)?;
                self.open(
                    &at,
                    Open::Map { start: at.range.start, entries: Vec::new(), names: HashSet::new(), key: None },
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&at)?,
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
        }
        Ok(true)
    }

    /// Refuses anchors and foreign tags; says whether a scalar may be more than text.
    fn check(&mut self, at: &At, anchor: usize, tag: Option<&Tag>, plain: bool) -> Result<bool, Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Problem::error(at, format!("the file has more than {MAX_NODES} values")));
        }
        if anchor != 0 {
            return Err(no_anchors(at));
        }
        let Some(tag) = tag else { return Ok(plain) };
        match tag.suffix.as_str() {
            "str" if tag.is_yaml_core_schema() => Ok(false),
            "int" | "float" | "bool" | "null" if tag.is_yaml_core_schema() => Ok(true),
            "map" | "seq" if tag.is_yaml_core_schema() => Ok(plain),
            "" if tag.handle == "!" => Ok(false),
            _ => Err(Problem::error(at, format!("unknown tag {}", quoted(&tag.to_string())))
                .label("expected a value without a tag")),
        }
    }

    fn open(&mut self, at: &At, open: Open) -> Result<(), Problem> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::error(at, format!("values are nested more than {MAX_DEPTH} deep")));
        }
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return Err(Problem::error(at, "a key is a list or a mapping").label("expected a name"));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, at: &At) -> Result<(), Problem> {
        let (start, last, value) = match self.open.pop() {
            Some(Open::Seq { start, items }) => (start, items.last().map(|node| node.at.range.end), Value::Seq(items)),
            Some(Open::Map { start, entries, .. }) => {
                (start, entries.last().map(|entry| entry.value.at.range.end), Value::Map(entries))
            }
            None => return Ok(()),
        };
        // Block collections "end" where the next token begins, so that their last entry says it better; the end of
        // flow collections begins at their bracket.
        let flow = self.source.text().as_bytes().get(start).is_some_and(|byte| matches!(byte, b'[' | b'{'));
        let end = if flow { at.range.start + 1 } else { last.unwrap_or(start) };
        let at = self.at(start, end.max(start));
        self.node(Node { at, value })
    }

    fn scalar(&mut self, scalar: Scalar, mut at: At) -> Result<(), Problem> {
        if let Some(Open::Map { entries, names, key, .. }) = self.open.last_mut() {
            match key {
                None => {
                    if scalar.plain && scalar.text.is_empty() {
                        return Err(Problem::error(&at, "a key is missing").label("expected a name before the `:`"));
                    }
                    if !names.insert(scalar.text.clone()) {
                        let first = entries.iter().find(|entry| entry.key == scalar.text);
                        let first = first.map(|entry| entry.key_at.file_and_line()).unwrap_or_default();
                        return Err(Problem::error(&at, format!("duplicate key {}", quoted(&scalar.text)))
                            .label(format!("already given at {first}")));
                    }
                    *key = Some((scalar.text, at));
                    return Ok(());
                }
                // What is not written is shown at its key.
                Some((_, key_at)) if scalar.text.is_empty() && at.range.is_empty() => at = key_at.clone(),
                Some(_) => {}
            }
        }
        self.node(Node { at, value: Value::Scalar(scalar) })
    }

    fn node(&mut self, node: Node) -> Result<(), Problem> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Seq { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some((key, key_at)) => entries.push(Entry { key, key_at, value: node }),
                None => return Err(Problem::error(&node.at, "a key is a list or a mapping").label("expected a name")),
            },
        }
        Ok(())
    }

    fn place(&mut self, span: Span) -> At {
        let start = self.offset(&span.start);
        let end = self.offset(&span.end);
        self.at(start, end.max(start))
    }

    /// The parser's place of a quoted scalar includes the space and the comment behind it: cuts it at the closing quote.
    fn without_trivia(&self, mut at: At, style: ScalarStyle) -> At {
        let quote = match style {
            ScalarStyle::SingleQuoted => b'\'',
            ScalarStyle::DoubleQuoted => b'"',
            _ => return at,
        };
        let raw = self.source.text().as_bytes().get(at.range.clone()).unwrap_or_default();
        let mut index = 1;
        while let Some(byte) = raw.get(index) {
            // `\"` in double quotes and `''` in single ones do not close.
            let escape =
                (quote == b'"' && *byte == b'\\') || (quote == b'\'' && raw.get(index..index + 2) == Some(b"''"));
            if *byte == quote && !escape {
                at.range.end = at.range.start + index + 1;
                break;
            }
            index += if escape { 2 } else { 1 };
        }
        at
    }

    /// The byte offset of a marker, by its line and column: the marker's index is not reliable after comments.
    /// Events come in order, so the walk along a line goes on where the last one ended.
    fn offset(&mut self, marker: &Marker) -> usize {
        let (line, column) = (marker.line(), marker.col());
        let (last_line, last_column, last) = self.cursor;
        let (from, steps) = match column.checked_sub(last_column) {
            Some(steps) if line == last_line => (last, steps),
            _ => (self.source.line_start(line), column),
        };
        let rest = self.source.text().get(from..).unwrap_or_default();
        let offset = rest.char_indices().nth(steps).map_or(self.source.text().len(), |(offset, _)| from + offset);
        self.cursor = (line, column, offset);
        offset
    }

    fn at(&self, start: usize, end: usize) -> At {
        At { source: Arc::clone(self.source), range: start..end }
    }

    fn syntax(&mut self, error: &ScanError) -> Problem {
        let offset = self.offset(error.marker());
        Problem::error(&self.at(offset, offset), "the file is not valid YAML").label(error.info())
    }
}

fn no_anchors(at: &At) -> Problem {
    Problem::error(at, "anchors and aliases are not supported")
        .label("found an anchor (`&`) or an alias (`*`)")
        .help("write the value out; text that begins with `&` or `*` needs quotes")
}

/// How deep values may be nested.
const MAX_DEPTH: usize = 64;
/// How many values a file may have.
const MAX_NODES: usize = 100_000;

#[cfg(test)]
mod tests;
