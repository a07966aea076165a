//! `code`: which programming languages stand in a text, in Markdown's fenced blocks and in lines that look like code.
//!
//! Read line by line, at most [`MAX_LINE`] bytes of each. What is open is the block or the lines of code under way; in prose, the
//! line.

mod lines;

use std::ops::Range;
use std::sync::Arc;

use self::lines::{Clue, clues, is_neutral};
use super::{Conversation, DetectorKind, Place, Plan, WholeFinding, WholeReader, WholeText};
use crate::config::MapReader;
use crate::config::value::{string, unknown};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "code",
    summary: "code in certain programming languages, in fenced blocks and in lines that look like it",
    example: "{ code: { languages: [sql, shell] } }",
    build,
    choice: None,
};

#[expect(clippy::unnecessary_wraps, reason = "every detector is built the same way")]
fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let languages = reader.list("languages", |node| {
        let name = string(node)?;
        let names = LANGUAGES.iter().map(|language| language.name());
        let known = LANGUAGES.iter().copied().find(|language| language.name() == name);
        known.ok_or_else(|| unknown(node, "language", &name, names))
    });
    let languages = languages.unwrap_or_else(|| LANGUAGES.to_vec());
    Some(Plan::Whole(Arc::new(Code { languages: languages.into() })))
}

/// A programming language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    C,
    Cpp,
    Csharp,
    Go,
    Html,
    Java,
    Javascript,
    Php,
    Powershell,
    Python,
    Ruby,
    Rust,
    Shell,
    Sql,
    Typescript,
}

const LANGUAGES: [Language; 15] = [
    Language::C,
    Language::Cpp,
    Language::Csharp,
    Language::Go,
    Language::Html,
    Language::Java,
    Language::Javascript,
    Language::Php,
    Language::Powershell,
    Language::Python,
    Language::Ruby,
    Language::Rust,
    Language::Shell,
    Language::Sql,
    Language::Typescript,
];

impl Language {
    /// What policies and findings call it.
    const fn name(self) -> &'static str {
        self.tags()[0]
    }

    /// The words that fenced blocks are marked with, its name first.
    const fn tags(self) -> &'static [&'static str] {
        match self {
            Language::C => &["c", "h"],
            Language::Cpp => &["cpp", "c++", "cc", "cxx", "hpp"],
            Language::Csharp => &["csharp", "c#", "cs"],
            Language::Go => &["go", "golang"],
            Language::Html => &["html", "htm", "xhtml"],
            Language::Java => &["java"],
            Language::Javascript => &["javascript", "js", "jsx", "mjs", "cjs", "node"],
            Language::Php => &["php"],
            Language::Powershell => &["powershell", "ps1", "pwsh"],
            Language::Python => &["python", "py", "python3", "py3", "python2", "pycon", "ipython"],
            Language::Ruby => &["ruby", "rb"],
            Language::Rust => &["rust", "rs"],
            Language::Shell => {
                &["shell", "sh", "bash", "zsh", "console", "shell-session", "shellsession", "shellscript", "ksh"]
            }
            Language::Sql => &["sql", "mysql", "postgresql", "postgres", "plsql", "tsql", "t-sql", "sqlite", "psql"],
            Language::Typescript => &["typescript", "ts", "tsx"],
        }
    }

    fn of_tag(tag: &str) -> Option<Language> {
        let tag = tag.to_ascii_lowercase();
        LANGUAGES.into_iter().find(|language| language.tags().contains(&&*tag))
    }
}

/// The languages that a rule looks for.
#[derive(Clone, Debug)]
struct Code {
    languages: Arc<[Language]>,
}

impl WholeText for Code {
    fn reader(&self, _: Place, _: &Conversation) -> Option<Box<dyn WholeReader>> {
        Some(Box::new(Reader {
            languages: Arc::clone(&self.languages),
            at: 0,
            start: 0,
            line: String::new(),
            fence: None,
            parts: Vec::new(),
        }))
    }

    fn why(&self, label: Option<&str>) -> String {
        format!("code in {}", label.unwrap_or("a programming language"))
    }
}

/// Reads one text.
#[derive(Clone, Debug)]
struct Reader {
    languages: Arc<[Language]>,
    /// Bytes read.
    at: usize,
    /// Where the line begins, and what it says, as far as that is looked at.
    start: usize,
    line: String,
    /// The fenced block under way.
    fence: Option<Fence>,
    /// What the lines of code under way say, for each language that they give a clue of.
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Fence {
    mark: char,
    /// How many of it.
    length: usize,
    start: usize,
    /// The language that it is marked with, if it is looked for.
    language: Option<Language>,
}

/// Lines that speak for one language.
#[derive(Clone, Debug)]
struct Part {
    language: Language,
    range: Range<usize>,
    points: usize,
}

impl WholeReader for Reader {
    fn feed(&mut self, piece: &str, found: &mut Vec<WholeFinding>) {
        for part in piece.split_inclusive('\n') {
            self.at += part.len();
            let room = MAX_LINE.saturating_sub(self.line.len());
            // Whole characters, as many as fit: the same ones however they come.
            let fits = part.char_indices().map(|(at, char)| at + char.len_utf8()).take_while(|end| *end <= room).last();
            self.line.push_str(&part[..fits.unwrap_or(0)]);
            if fits.unwrap_or(0) < part.trim_end_matches('\n').len() {
                // Nothing more of this line, also of what is short enough and comes later.
                self.line.extend(std::iter::repeat_n(' ', MAX_LINE.saturating_sub(self.line.len())));
            }
            if part.ends_with('\n') {
                self.end_line(found);
            }
        }
    }

    fn finish(&mut self, found: &mut Vec<WholeFinding>) {
        if self.start < self.at {
            self.end_line(found);
        }
        self.end_code(found);
        if let Some(Fence { start, language: Some(language), .. }) = self.fence.take() {
            found.push(finding(start..self.at, language));
        }
    }

    fn open(&self) -> usize {
        let parts = self.parts.iter().map(|part| part.range.start);
        let fence = self.fence.iter().filter(|fence| fence.language.is_some()).map(|fence| fence.start);
        parts.chain(fence).min().unwrap_or(self.start)
    }

    fn goes_on(&mut self) -> bool {
        true
    }

    fn copy(&self) -> Box<dyn WholeReader> {
        Box::new(self.clone())
    }
}

impl Reader {
    fn end_line(&mut self, found: &mut Vec<WholeFinding>) {
        let line = std::mem::take(&mut self.line);
        let start = std::mem::replace(&mut self.start, self.at);
        let text = line.trim_end();
        let end = if line.len() < MAX_LINE { start + text.len() } else { self.at };
        if let Some((mark, length, info)) = fence_of(text) {
            match self.fence.take() {
                Some(fence) if fence.mark == mark && length >= fence.length && info.is_empty() => {
                    self.end_code(found);
                    if let Some(language) = fence.language {
                        found.push(finding(fence.start..end, language));
                    }
                    return;
                }
                None => {
                    self.end_code(found);
                    let tag = info.split([' ', '\t', ',', '{', ':']).find(|word| !word.is_empty());
                    let tag = tag.map(|tag| tag.trim_matches(['.', '}']));
                    let language = tag.and_then(Language::of_tag).filter(|language| self.languages.contains(language));
                    self.fence = Some(Fence { mark, length, start, language });
                    return;
                }
                other => self.fence = other,
            }
        }
        // What a block is marked with is believed; what else stands in it is not looked at again.
        if self.fence.as_ref().is_some_and(|fence| fence.language.is_some()) {
            return;
        }
        let mut is_code = is_neutral(text) || self.fence.is_some();
        for Clue { language, points } in clues(text) {
            is_code = true;
            if !self.languages.contains(&language) {
                continue;
            }
            match self.parts.iter_mut().find(|part| part.language == language) {
                Some(part) => (part.range.end, part.points) = (end, part.points + points),
                None => self.parts.push(Part { language, range: start..end, points }),
            }
        }
        if !is_code {
            self.end_code(found);
        }
    }

    /// The lines of code under way are over.
    fn end_code(&mut self, found: &mut Vec<WholeFinding>) {
        let enough = self.parts.drain(..).filter(|part| part.points >= ENOUGH);
        found.extend(enough.map(|part| finding(part.range, part.language)));
    }
}

fn finding(range: Range<usize>, language: Language) -> WholeFinding {
    WholeFinding { label: Some(language.name().into()), ..WholeFinding::at(range) }
}

/// A line that begins or ends a fenced block: its mark, how many of it, and what stands behind.
fn fence_of(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim_start_matches([' ', '\t', '>']);
    let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = line.trim_start_matches(mark);
    let length = line.len() - rest.len();
    (length >= 3 && !rest.contains('`')).then(|| (mark, length, rest.trim()))
}

/// So much of a line is looked at, in bytes.
const MAX_LINE: usize = 1024;
/// Points of neighbouring lines that make them code.
const ENOUGH: usize = 2;

#[cfg(test)]
mod tests;
