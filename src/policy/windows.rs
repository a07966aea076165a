//! Which stretches of a text a classifier judges at a time. Cut by the text alone, never by how it arrives.

use std::ops::Range;

use super::rule::Window;

/// A sentence shorter than this, in bytes, is judged together with the next.
const MIN_SENTENCE: usize = 24;
/// A sentence is cut here at the latest, in bytes.
const MAX_SENTENCE: usize = 2048;

/// Cuts one text into windows.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    mode: Window,
    /// Start of the window that is still growing.
    start: usize,
    /// Bytes seen.
    at: usize,
    /// The last character ended a sentence if white space follows.
    ended: bool,
}

impl Windows {
    pub(super) fn new(mode: Window) -> Windows {
        Windows { mode, start: 0, at: 0, ended: false }
    }

    pub(super) fn mode(&self) -> Window {
        self.mode
    }

    /// Start of the window that is still growing.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Sees the next piece and reports the windows that end in it.
    pub(super) fn feed(&mut self, piece: &str, mut window: impl FnMut(Range<usize>)) {
        if self.mode == Window::End {
            self.at += piece.len();
            return;
        }
        for char in piece.chars() {
            self.at += char.len_utf8();
            let long = self.at - self.start;
            let over = match char {
                '\n' | '。' | '！' | '？' => true,
                space if space.is_whitespace() => self.ended,
                _ => false,
            };
            self.ended = matches!(char, '.' | '!' | '?' | '…')
                || (self.ended && matches!(char, '"' | '\'' | ')' | ']' | '”' | '’'));
            if (over && long >= MIN_SENTENCE) || long >= MAX_SENTENCE {
                window(self.start..self.at);
                self.start = self.at;
                self.ended = false;
            }
        }
    }

    /// The window that the end of the text closes.
    pub(super) fn finish(&mut self) -> Option<Range<usize>> {
        let last = self.start..self.at;
        self.start = self.at;
        (!last.is_empty()).then_some(last)
    }
}

/// The sentence windows of a whole text.
#[cfg(test)]
pub(crate) fn sentences(text: &str) -> Vec<Range<usize>> {
    let (mut windows, mut out) = (Windows::new(Window::Sentence), Vec::new());
    windows.feed(text, |window| out.push(window));
    out.extend(windows.finish());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, step: usize) -> Vec<Range<usize>> {
        let (mut windows, mut out) = (Windows::new(Window::Sentence), Vec::new());
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(step) {
            windows.feed(&piece.iter().collect::<String>(), |window| out.push(window));
        }
        out.extend(windows.finish());
        out
    }

    #[test]
    fn sentences_do_not_depend_on_arrival() {
        let text = "Short. But this one is long enough to stand alone! \"And so on?\" he said.\nNew line here, version 1.5 of it. 一二三四五六七八九十。x";
        let whole = cut(text, 1000);
        assert!(whole.len() >= 4, "{whole:?}");
        assert!((1..9).all(|step| cut(text, step) == whole));
        assert_eq!(whole.iter().map(Range::len).sum::<usize>(), text.len());
    }

    #[test]
    fn endless_sentences_are_cut() {
        let windows = cut(&"word ".repeat(2000), 7);
        assert!(windows.iter().all(|window| window.len() <= MAX_SENTENCE));
    }
}
