//! Words, and every run of them that stands in a text: its suffix automaton, over words.

use std::collections::HashMap;
use std::ops::Range;

/// The state of a run of no word.
pub(super) const ROOT: u32 = 0;
/// Most words of the texts that are compared with.
pub(super) const MAX_WORDS: usize = 1 << 15;
/// A word is cut here, in bytes.
const MAX_WORD: usize = 64;

/// The word under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    /// In small letters.
    text: String,
    start: usize,
}

impl Word {
    /// Takes the character at `at` in. `done` is told each word that ends: letters and digits in a row, each character of
    /// Chinese, Japanese or Korean by itself.
    pub(super) fn take(&mut self, char: char, at: usize, mut done: impl FnMut(&str, Range<usize>)) {
        let end = at + char.len_utf8();
        if !char.is_alphanumeric() {
            self.finish(at, done);
        } else if is_syllable(char) {
            self.finish(at, &mut done);
            done(char.encode_utf8(&mut [0; 4]), at..end);
        } else {
            if self.text.is_empty() {
                self.start = at;
            }
            self.text.extend(char.to_lowercase());
            if self.text.len() >= MAX_WORD {
                self.finish(end, done);
            }
        }
    }

    /// The word, if there is one, ends here.
    pub(super) fn finish(&mut self, at: usize, mut done: impl FnMut(&str, Range<usize>)) {
        if !self.text.is_empty() {
            done(&self.text, self.start..at);
            self.text.clear();
        }
    }

    /// Where the word under way begins.
    pub(super) fn start(&self) -> Option<usize> {
        (!self.text.is_empty()).then_some(self.start)
    }
}

/// Whether a character of this script is a word by itself here: Chinese, Japanese, Korean.
fn is_syllable(char: char) -> bool {
    matches!(char, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

/// Every run of words of some texts. What reads them is linear in their words.
#[derive(Debug, Default)]
pub(super) struct Index {
    ids: HashMap<Box<str>, u32>,
    /// From a state by a word to a state.
    next: HashMap<(u32, u32), u32>,
    states: Vec<State>,
    words: usize,
}

#[derive(Debug, Default)]
struct State {
    /// Words of the longest run that ends here.
    length: usize,
    /// The state of the longest run that ends this one and stands elsewhere, too.
    link: u32,
    /// The words that go on from here.
    words: Vec<u32>,
}

impl Index {
    pub(super) fn new<'t>(texts: impl IntoIterator<Item = &'t str>) -> Index {
        let mut index = Index { states: vec![State::default()], ..Index::default() };
        for text in texts {
            let (mut word, mut last) = (Word::default(), ROOT);
            // From the root on: runs do not go on from one text to the next.
            for (at, char) in text.char_indices() {
                word.take(char, at, |word, _| last = index.add(last, word));
                if index.is_cut() {
                    return index;
                }
            }
            word.finish(text.len(), |word, _| last = index.add(last, word));
        }
        index
    }

    /// How many words there are.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Whether there are more words than are compared with.
    pub(super) fn is_cut(&self) -> bool {
        self.words > MAX_WORDS
    }

    /// The longest run that ends with this word, given the longest one before it: its state and words.
    pub(super) fn step(&self, mut state: u32, mut length: usize, word: &str) -> (u32, usize) {
        let Some(&id) = self.ids.get(word) else { return (ROOT, 0) };
        loop {
            if let Some(&to) = self.next.get(&(state, id)) {
                return (to, length + 1);
            }
            if state == ROOT {
                return (ROOT, 0);
            }
            state = self.state(state).link;
            length = self.state(state).length;
        }
    }

    fn state(&self, state: u32) -> &State {
        &self.states[state as usize]
    }

    /// Adds a word behind the text that ends in `last`; gives where the text ends now.
    fn add(&mut self, last: u32, word: &str) -> u32 {
        self.words += 1;
        let fresh = self.ids.len() as u32;
        let id = *self.ids.entry(word.into()).or_insert(fresh);
        // Another text may have begun like this one.
        if let Some(&known) = self.next.get(&(last, id)) {
            if self.state(known).length == self.state(last).length + 1 {
                return known;
            }
            return self.split(last, id, known);
        }
        let length = self.state(last).length + 1;
        let new = self.push(State { length, ..State::default() });
        let mut from = last;
        loop {
            match self.next.get(&(from, id)).copied() {
                None => {
                    self.connect(from, id, new);
                    if from == ROOT {
                        return new;
                    }
                    from = self.state(from).link;
                }
                Some(known) => {
                    let exact = self.state(known).length == self.state(from).length + 1;
                    let link = if exact { known } else { self.split(from, id, known) };
                    self.states[new as usize].link = link;
                    return new;
                }
            }
        }
    }

    /// Takes the shorter runs out of a state that stands for longer ones as well.
    fn split(&mut self, mut from: u32, id: u32, known: u32) -> u32 {
        let length = self.state(from).length + 1;
        let words = self.state(known).words.clone();
        let copy = self.push(State { length, link: self.state(known).link, words: Vec::new() });
        for word in words {
            if let Some(&to) = self.next.get(&(known, word)) {
                self.connect(copy, word, to);
            }
        }
        self.states[known as usize].link = copy;
        while self.next.get(&(from, id)) == Some(&known) {
            self.next.insert((from, id), copy);
            if from == ROOT {
                break;
            }
            from = self.state(from).link;
        }
        copy
    }

    fn push(&mut self, state: State) -> u32 {
        self.states.push(state);
        self.states.len() as u32 - 1
    }

    fn connect(&mut self, from: u32, word: u32, to: u32) {
        self.next.insert((from, word), to);
        self.states[from as usize].words.push(word);
    }
}
