//! What is wrong with a file, and how people are told: all problems of all files at once, in the layout of rustc.
//!
//! Values that may be secret are never shown: whoever builds a message leaves them out, and [`Collector::hide`]
//! blanks their bytes in the lines that are quoted.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::source::At;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file works, but perhaps not as its author thinks.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// What is marked.
    pub place: Place,
    /// One line: what is wrong.
    pub title: String,
    /// Stands beside the mark: what was expected, what was found.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What a problem is about.
#[derive(Clone, Debug)]
pub enum Place {
    /// Bytes of a file.
    In(At),
    /// A file or folder as a whole, by its name.
    File(String),
}

impl Problem {
    /// An error at a place.
    pub fn error(at: &At, title: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            place: Place::In(at.clone()),
            title: title.into(),
            label: String::new(),
            help: None,
        }
    }

    /// A warning at a place.
    pub fn warning(at: &At, title: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(at, title) }
    }

    /// An error that concerns a whole file.
    pub fn of_file(file: &str, title: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            place: Place::File(file.to_owned()),
            title: title.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Says beside the mark what was expected or found.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = label.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// The file's name and the first byte marked.
    fn position(&self) -> (&str, usize) {
        match &self.place {
            Place::In(at) => (at.source.name(), at.range.start),
            Place::File(name) => (name, 0),
        }
    }

    fn render(&self, hidden: &[At]) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = match &self.place {
            Place::In(at) => {
                let (number, line) = at.source.line_of(at.range.start);
                let mark = mark(&at.range, &line);
                let annotation = AnnotationKind::Primary.span(mark).label(&*self.label);
                let shown = blank(at, line, hidden);
                let snippet = Snippet::source(shown).line_start(number).path(at.source.name()).annotation(annotation);
                level.primary_title(&*self.title).element(snippet)
            }
            Place::File(name) => level.primary_title(&*self.title).element(Origin::path(&**name)),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(&**help));
        }
        Renderer::plain().render(&[group])
    }
}

/// Every problem of every file that was looked at, in order of file and place.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    hidden: Vec<At>,
}

impl Problems {
    /// The problems in order.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many are errors.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// How many are warnings.
    pub fn warnings(&self) -> usize {
        self.list.len() - self.errors()
    }

    /// Adds those of another run; what both found is kept once.
    pub fn merge(&mut self, other: Problems) {
        self.list.extend(other.list);
        self.hidden.extend(other.hidden);
        self.list.sort_by(|a, b| (a.position(), a.severity).cmp(&(b.position(), b.severity)));
        self.list.dedup_by(|a, b| a.position() == b.position() && a.title == b.title);
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            writeln!(f, "{}", problem.render(&self.hidden))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems { list: vec![problem], hidden: Vec::new() }
    }
}

/// Where readers put what they find. Shared by all readers of one run.
#[derive(Debug, Default)]
pub struct Collector {
    problems: RefCell<Vec<Problem>>,
    hidden: RefCell<Vec<At>>,
    settled: RefCell<Vec<At>>,
}

impl Collector {
    /// Adds a problem. After [`MAX_WARNINGS`] no more warnings, after [`MAX_PROBLEMS`] nothing more is taken.
    pub fn push(&self, problem: Problem) {
        if let Place::In(at) = &problem.place
            && self.settled.borrow().iter().any(|settled| settled.same(at))
        {
            return;
        }
        let mut problems = self.problems.borrow_mut();
        let room = if problem.severity == Severity::Warning { MAX_WARNINGS } else { MAX_PROBLEMS };
        if problems.len() < room {
            problems.push(problem);
        }
    }

    /// Adds the problem, if there is one, and hands over the value, if there is one.
    pub fn keep<T>(&self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.push(problem)).ok()
    }

    /// Never shows these bytes.
    pub fn hide(&self, at: &At) {
        self.hidden.borrow_mut().push(at.clone());
    }

    /// All is said about this place: later problems there would only follow from the first.
    pub fn settle(&self, at: &At) {
        self.settled.borrow_mut().push(at.clone());
    }

    /// How many errors there are so far.
    pub fn errors(&self) -> usize {
        self.problems.borrow().iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// What was found, in order.
    pub fn finish(self) -> Problems {
        let mut problems = Problems::default();
        problems.merge(Problems { list: self.problems.into_inner(), hidden: self.hidden.into_inner() });
        problems
    }
}

/// A found name or text in backticks, fit for one line of a terminal.
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    // Escapes of quotes would only distract here.
    format!("`{}`", shown.replace("\\\"", "\"").replace("\\'", "'"))
}

/// The mark within its line; a place that spans lines is marked on its first.
fn mark(place: &Range<usize>, line: &Range<usize>) -> Range<usize> {
    let length = line.len();
    let start = place.start.saturating_sub(line.start).min(length);
    let end = place.end.saturating_sub(line.start).clamp(start, length);
    start..end
}

/// The line with what must not be shown replaced, byte for byte so that marks stay right.
fn blank(at: &At, line: Range<usize>, hidden: &[At]) -> String {
    let mut shown = at.source.text().get(line.clone()).unwrap_or_default().to_owned();
    for secret in hidden.iter().filter(|secret| Arc::ptr_eq(&secret.source, &at.source)) {
        let from = secret.range.start.clamp(line.start, line.end) - line.start;
        let to = secret.range.end.clamp(line.start, line.end) - line.start;
        if from < to && shown.is_char_boundary(from) && shown.is_char_boundary(to) {
            shown.replace_range(from..to, &"*".repeat(to - from));
        }
    }
    shown
}

/// More problems than this help nobody.
const MAX_PROBLEMS: usize = 1000;
/// Warnings stop earlier, so that they never take the place of an error.
const MAX_WARNINGS: usize = 200;
/// The longest found text that is quoted, in characters.
const MAX_SHOWN: usize = 60;

#[cfg(test)]
mod tests;
