//! Text that people wrote, and places in it.
//!
//! A [`Source`] is read whole and checked (size, UTF-8) before anything looks at it. An [`At`] is a byte range of one
//! source and keeps it alive, so a problem can be shown long after its file was read.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::problem::Problem;

/// A file's text under the name that people see.
pub struct Source {
    name: String,
    text: String,
    /// Byte offset of each line's first character.
    lines: Vec<usize>,
}

impl Source {
    /// Takes text that is already in memory. A byte-order mark is dropped.
    pub fn new(name: impl Into<String>, text: &str) -> Arc<Source> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Arc::new(Source { name: name.into(), text: text.to_owned(), lines: line_starts(text) })
    }

    /// Reads a file of at most [`MAX_BYTES`].
    pub fn read(path: &Path) -> Result<Arc<Source>, Problem> {
        let name = path.display().to_string();
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            return Err(Problem::of_file(&name, format!("cannot read the file: {error}")));
        }
        if bytes.len() as u64 > MAX_BYTES {
            return Err(Problem::of_file(&name, format!("the file is longer than {} KiB", MAX_BYTES >> 10)));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Source::new(name, text)),
            Err(error) => {
                let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
                Err(Problem::of_file(&name, format!("the file is not UTF-8 (line {line})"))
                    .help("save the file as UTF-8"))
            }
        }
    }

    /// What people call the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the line, without its end, that the byte at `offset` stands in, and its number from 1.
    pub(super) fn line_of(&self, offset: usize) -> (usize, Range<usize>) {
        let number = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(number - 1).copied().unwrap_or(0);
        let end = self.lines.get(number).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or_default();
        (number, start..start + line.trim_end_matches(['\n', '\r']).len())
    }

    /// The byte offset of a line's first character; lines count from 1.
    pub(super) fn line_start(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or(self.text.len())
    }
}

impl fmt::Debug for Source {
    /// The name alone: the text may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A place: a range of bytes of a source.
#[derive(Clone, Debug)]
pub struct At {
    /// The file.
    pub source: Arc<Source>,
    /// Byte offsets into [`Source::text`], on character borders.
    pub range: Range<usize>,
}

impl At {
    /// The text of the place as it stands in the file.
    pub fn raw(&self) -> &str {
        self.source.text.get(self.range.clone()).unwrap_or_default()
    }

    /// Whether both are the same bytes of the same source.
    pub(super) fn same(&self, other: &At) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.range == other.range
    }

    /// `file:line`.
    pub fn file_and_line(&self) -> String {
        format!("{}:{}", self.source.name, self.source.line_of(self.range.start).0)
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    // YAML ends lines with LF, CR LF or a lone CR.
    let ends = bytes.iter().enumerate().filter(|(index, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(index + 1) != Some(&b'\n'),
        _ => false,
    });
    std::iter::once(0).chain(ends.map(|(index, _)| index + 1)).collect()
}

/// The longest file that is read.
const MAX_BYTES: u64 = 1 << 20;
