//! Checks that are no patterns, for the property tests: one that only the end of a text decides, which runs are not read
//! by, and one that decides line by line.

use std::ops::Range;

use crate::detector::{Conversation, Place, WholeFinding, WholeReader, WholeText};

#[derive(Clone, Copy, Debug)]
pub(super) enum Check {
    /// All of a text with an even number of `a`, which an empty one is.
    AtEnd,
    /// Each line with an odd number of `b`.
    ByLine,
    /// What a check that does not read runs finds in them.
    Nothing,
}

impl Check {
    /// What it finds in a text.
    pub(super) fn ranges(self, text: &str) -> Vec<Range<usize>> {
        let count = |text: &str, wanted: char| text.chars().filter(|char| *char == wanted).count();
        match self {
            Check::AtEnd => count(text, 'a').is_multiple_of(2).then_some(0..text.len()).into_iter().collect(),
            Check::ByLine => {
                let lines = text.split_inclusive('\n').scan(0, |at, line| {
                    *at += line.len();
                    Some(*at - line.len()..*at)
                });
                lines.filter(|line| count(&text[line.clone()], 'b') % 2 == 1).collect()
            }
            Check::Nothing => Vec::new(),
        }
    }
}

impl WholeText for Check {
    fn reader(&self, place: Place, _: &Conversation) -> Option<Box<dyn WholeReader>> {
        let reads = !matches!((self, place), (Check::AtEnd, Place::Run));
        reads.then(|| Box::new(Reader { check: *self, at: 0, start: 0, count: 0 }) as Box<dyn WholeReader>)
    }

    fn why(&self, _: Option<&str>) -> String {
        String::new()
    }

    fn judges_empty(&self) -> bool {
        matches!(self, Check::AtEnd)
    }
}

#[derive(Clone, Debug)]
struct Reader {
    check: Check,
    at: usize,
    /// Of the line.
    start: usize,
    count: usize,
}

impl Reader {
    fn end_line(&mut self, found: &mut Vec<WholeFinding>) {
        let line = std::mem::replace(&mut self.start, self.at)..self.at;
        if std::mem::take(&mut self.count) % 2 == 1 {
            found.push(WholeFinding::at(line));
        }
    }
}

impl WholeReader for Reader {
    fn feed(&mut self, piece: &str, found: &mut Vec<WholeFinding>) {
        for char in piece.chars() {
            self.at += char.len_utf8();
            match (self.check, char) {
                (Check::AtEnd, 'a') | (Check::ByLine, 'b') => self.count += 1,
                (Check::ByLine, '\n') => self.end_line(found),
                _ => {}
            }
        }
    }

    fn finish(&mut self, found: &mut Vec<WholeFinding>) {
        match self.check {
            Check::AtEnd if self.count.is_multiple_of(2) => found.push(WholeFinding::at(0..self.at)),
            Check::ByLine => self.end_line(found),
            _ => {}
        }
    }

    fn open(&self) -> usize {
        self.start
    }

    fn goes_on(&mut self) -> bool {
        matches!(self.check, Check::ByLine)
    }

    fn copy(&self) -> Box<dyn WholeReader> {
        Box::new(self.clone())
    }
}
