//! Which stretches of a text a classifier judges at a time. Cut by the text alone, never by how it arrives.

use std::ops::Range;

use super::rule::Window;
use super::tokens::Tokens;

/// A sentence shorter than this, in bytes, is judged together with the next.
const MIN_SENTENCE: usize = 24;
/// A sentence is cut here at the latest, in bytes.
const MAX_SENTENCE: usize = 2048;
/// A window of tokens is cut at the latest when it has so many bytes for each.
const BYTES_PER_TOKEN: usize = 16;
/// Most windows of one text.
const MAX_WINDOWS: usize = 1 << 16;
/// Most bytes of a window; no model reads a part of that.
const MAX_WINDOW: usize = 8 << 20;

/// Cuts one text into windows.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    mode: Window,
    /// Start of the window that is still growing.
    start: usize,
    /// Bytes seen.
    at: usize,
    /// How many windows may still come.
    left: usize,
    /// The last character ended a sentence if white space follows.
    ended: bool,
    /// Tokens since the window's start, about.
    tokens: Tokens,
}

impl Windows {
    pub(super) fn new(mode: Window) -> Windows {
        Windows { mode, start: 0, at: 0, left: MAX_WINDOWS, ended: false, tokens: Tokens::default() }
    }

    pub(super) fn mode(&self) -> Window {
        self.mode
    }

    /// Start of the window that is still growing.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Whether a bound was met: nothing more of the text is judged from the start on.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0 || self.at - self.start > MAX_WINDOW
    }

    /// Sees the next piece and reports the windows that end in it.
    pub(super) fn feed(&mut self, piece: &str, mut window: impl FnMut(Range<usize>)) {
        if self.mode == Window::End {
            self.at += piece.len();
            return;
        }
        #[cfg(test)]
        let end = self.at + piece.len();
        for char in piece.chars() {
            self.at += char.len_utf8();
            let over = match self.mode {
                Window::Sentence => self.ends_sentence(char),
                Window::Tokens(tokens) => self.ends_tokens(char, tokens),
                Window::End => false,
            };
            #[cfg(test)]
            let over = over || super::scanner::sabotage::cuts(self.at == end);
            if over {
                window(self.start..self.at);
                self.start = self.at;
                self.left -= 1;
                if self.left == 0 {
                    return;
                }
                (self.ended, self.tokens) = (false, Tokens::default());
            }
        }
    }

    fn ends_sentence(&mut self, char: char) -> bool {
        let long = self.at - self.start;
        let over = match char {
            '\n' | '。' | '！' | '？' => true,
            space if space.is_whitespace() => self.ended,
            _ => false,
        };
        self.ended =
            matches!(char, '.' | '!' | '?' | '…') || (self.ended && matches!(char, '"' | '\'' | ')' | ']' | '”' | '’'));
        (over && long >= MIN_SENTENCE) || long >= MAX_SENTENCE
    }

    /// Words stay whole: a window ends with the white space, or the other character, after them.
    fn ends_tokens(&mut self, char: char, most: usize) -> bool {
        let is_letter = self.tokens.take(char);
        (self.tokens.count >= most && !is_letter) || self.at - self.start >= most * BYTES_PER_TOKEN
    }

    /// The window that the end of the text closes.
    pub(super) fn finish(&mut self) -> Option<Range<usize>> {
        let last = self.start..self.at;
        self.start = self.at;
        (!last.is_empty()).then_some(last)
    }
}

/// The windows of a whole text.
#[cfg(test)]
pub(crate) fn whole_windows(mode: Window, text: &str) -> Vec<Range<usize>> {
    let (mut windows, mut out) = (Windows::new(mode), Vec::new());
    windows.feed(text, |window| out.push(window));
    out.extend(windows.finish());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, step: usize) -> Vec<Range<usize>> {
        cut_as(Window::Sentence, text, step)
    }

    fn cut_as(mode: Window, text: &str, step: usize) -> Vec<Range<usize>> {
        let (mut windows, mut out) = (Windows::new(mode), Vec::new());
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
    fn windows_are_bounded_in_number_and_length() {
        let line = "a line of twenty-four..\n\n";
        let text = line.repeat(MAX_WINDOWS + 10);
        for step in [text.len(), 1000, 7919] {
            let (mut windows, mut count) = (Windows::new(Window::Sentence), 0);
            for at in (0..text.len()).step_by(step) {
                let piece = &text[at..text.len().min(at + step)];
                if !windows.is_over() {
                    windows.feed(piece, |_| count += 1);
                }
            }
            assert!(windows.is_over());
            assert_eq!((count, windows.start()), (MAX_WINDOWS, line.len() * MAX_WINDOWS - 1), "in steps of {step}");
        }
        let (mut windows, mut count) = (Windows::new(Window::End), 0);
        let piece = "word ".repeat(1 << 16);
        for _ in 0..MAX_WINDOW / piece.len() {
            windows.feed(&piece, |_| count += 1);
            assert!(!windows.is_over());
        }
        windows.feed(&piece, |_| count += 1);
        assert!(windows.is_over() && windows.start() == 0 && count == 0);
    }

    #[test]
    fn endless_sentences_are_cut() {
        let windows = cut(&"word ".repeat(2000), 7);
        assert!(windows.iter().all(|window| window.len() <= MAX_SENTENCE));
    }

    #[test]
    fn windows_of_tokens_do_not_depend_on_arrival_and_keep_words_whole() {
        let text = "The quick brown fox jumps over the lazy dog, again and again; 一二三四五六七八九十 and internationalisation.";
        let whole = cut_as(Window::Tokens(8), text, 1000);
        assert!((1..9).all(|step| cut_as(Window::Tokens(8), text, step) == whole));
        assert_eq!(whole.iter().map(Range::len).sum::<usize>(), text.len());
        assert_eq!(&text[whole[0].clone()], "The quick brown fox jumps over the lazy ");
        assert!(whole.len() >= 4, "{whole:?}");
        let endless = cut_as(Window::Tokens(8), &"x".repeat(1000), 7);
        assert!(endless.iter().all(|window| window.len() <= 8 * BYTES_PER_TOKEN));
    }
}
