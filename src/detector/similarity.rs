//! `similarity`: runs of words that also stand in a known text: the system prompt of the same conversation, or texts of the
//! policy; and the token that stands in the system prompt for being found ([`canary`]).
//!
//! A text is read word by word, case and punctuation apart, through an automaton that knows every run of words of the known
//! text: after each word it tells the longest run up to here that stands there, too. What is open is that run, and the word under
//! way.

mod canary;
mod words;

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, OnceLock};

pub use self::canary::Canary;
use self::canary::Seeker;
use self::words::{Index, ROOT, Word};
use super::{DetectorKind, Place, Plan, WholeFinding, WholeReader, WholeText};
use crate::config::value::{boolean, count, filled, one_of};
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "similarity",
    summary: "runs of words that also stand in the conversation's system prompt, or in texts of the policy; a token in the prompt",
    example: "{ similarity: { to: system, min_words: 12 } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let canary = reader.optional("canary", boolean).unwrap_or(false);
    let least = reader.optional("min_words", count(MIN_WORDS)).unwrap_or(USUAL_WORDS);
    let to = reader.optional("to", one_of(&[("system", ())]));
    let texts = reader.list("texts", |node| {
        let text = filled(node)?;
        let words = Index::new([&*text]).words();
        if words < least {
            let problem = Problem::error(&node.at, "this text is too short to be found");
            return Err(problem.label(format!("has {words} words, and `min_words` is {least}")));
        }
        Ok(text)
    });
    if reader.node("to").is_none() && reader.node("texts").is_none() && !canary {
        let problem = Problem::error(reader.head(), "`similarity` has nothing to compare with");
        reader.problem(problem.label("expected `to: system`, `texts` or `canary: true`"));
        return None;
    }
    let index = texts.map(|texts| Arc::new(Index::new(texts.iter().map(String::as_str))));
    if let Some(index) = index.as_ref().filter(|index| index.is_cut())
        && let Some(node) = reader.node("texts")
    {
        let problem = Problem::error(&node.at, "these texts are too long");
        reader.problem(problem.label(format!(
            "expected at most {} words, found more than {}",
            words::MAX_WORDS,
            index.words()
        )));
        return None;
    }
    Some(Plan::Whole(Arc::new(Similarity { least, system: to.is_some(), texts: index, canary })))
}

/// What is known of the conversation that a text belongs to.
#[derive(Debug, Default)]
pub struct Conversation {
    /// The texts of its system prompt.
    system: Vec<String>,
    /// The token that was put into it.
    canary: Option<Canary>,
    /// Made when the first text is compared with them.
    index: OnceLock<Arc<Index>>,
}

impl Conversation {
    /// A conversation with this system prompt, into which this token was put.
    pub fn new(system: Vec<String>, canary: Option<Canary>) -> Conversation {
        Conversation { system, canary, index: OnceLock::new() }
    }

    /// The token that was put into the system prompt.
    pub fn canary(&self) -> Option<&Canary> {
        self.canary.as_ref()
    }

    fn index(&self) -> &Arc<Index> {
        self.index.get_or_init(|| Arc::new(Index::new(self.system.iter().map(String::as_str))))
    }
}

/// A rule's comparison.
#[derive(Clone, Debug)]
struct Similarity {
    /// Fewer words in a row are no finding.
    least: usize,
    system: bool,
    texts: Option<Arc<Index>>,
    canary: bool,
}

impl WholeText for Similarity {
    fn reader(&self, _: Place, conversation: &Conversation) -> Option<Box<dyn WholeReader>> {
        let system = (self.system && !conversation.system.is_empty()).then(|| ("system", conversation.index()));
        let known = system.into_iter().chain(self.texts.iter().map(|texts| ("text", texts)));
        let tracks: Vec<Track> = known.map(|(label, index)| Track::new(label, Arc::clone(index), self.least)).collect();
        let seeker = conversation.canary.as_ref().filter(|_| self.canary).map(Canary::seeker);
        if tracks.is_empty() && seeker.is_none() {
            return None;
        }
        let is_cut = tracks.iter().any(|track| track.index.is_cut());
        Some(Box::new(Reader { at: 0, word: Word::default(), tracks, seeker, is_cut }))
    }

    fn why(&self, label: Option<&str>) -> String {
        if label == Some(CANARY) {
            return "the token that Palisade has put into the system prompt".to_owned();
        }
        let known = if label == Some("system") { "the system prompt" } else { "a text of the policy" };
        format!("{} words in a row or more that stand in {known}", self.least)
    }

    fn reads_conversation(&self) -> bool {
        self.system || self.canary
    }

    fn plants_canary(&self) -> bool {
        self.canary
    }
}

/// Reads one text.
#[derive(Clone, Debug)]
struct Reader {
    /// Bytes read.
    at: usize,
    word: Word,
    tracks: Vec<Track>,
    seeker: Option<Seeker>,
    /// A known text is too long, and that is still to be said.
    is_cut: bool,
}

/// A text in comparison with one known text.
#[derive(Clone, Debug)]
struct Track {
    label: &'static str,
    index: Arc<Index>,
    least: usize,
    /// Where in the index the longest run up to here ends, and its words.
    state: u32,
    length: usize,
    /// Where the last of them begin, no more than make a finding.
    starts: VecDeque<usize>,
    /// What is a finding so far: runs that overlap are one.
    run: Option<Range<usize>>,
}

impl Track {
    fn new(label: &'static str, index: Arc<Index>, least: usize) -> Track {
        Track { label, index, least, state: ROOT, length: 0, starts: VecDeque::new(), run: None }
    }

    /// A word has come.
    fn take(&mut self, word: &str, range: Range<usize>, found: &mut Vec<WholeFinding>) {
        (self.state, self.length) = self.index.step(self.state, self.length, word);
        self.starts.push_back(range.start);
        while self.starts.len() > self.length.min(self.least) {
            self.starts.pop_front();
        }
        // No run that is still to come begins before this one.
        let begin = self.starts.front().copied().unwrap_or(range.end);
        if self.run.as_ref().is_some_and(|run| begin >= run.end) {
            self.end_run(found);
        }
        if self.length >= self.least {
            self.run = Some(self.run.as_ref().map_or(begin, |run| run.start)..range.end);
        }
    }

    fn end_run(&mut self, found: &mut Vec<WholeFinding>) {
        let label = Some(self.label.into());
        found.extend(self.run.take().map(|run| WholeFinding { label, ..WholeFinding::at(run) }));
    }

    fn open(&self) -> usize {
        self.run.as_ref().map(|run| run.start).or(self.starts.front().copied()).unwrap_or(usize::MAX)
    }
}

impl WholeReader for Reader {
    fn feed(&mut self, piece: &str, found: &mut Vec<WholeFinding>) {
        self.tell_bound(found);
        let tracks = &mut self.tracks;
        for char in piece.chars() {
            if !tracks.is_empty() {
                self.word.take(char, self.at, |word, range| take(tracks, word, &range, found));
            }
            let token = self.seeker.as_mut().and_then(|seeker| seeker.take(char, self.at));
            found.extend(token.map(|range| WholeFinding { label: Some(CANARY.into()), ..WholeFinding::at(range) }));
            self.at += char.len_utf8();
        }
    }

    fn finish(&mut self, found: &mut Vec<WholeFinding>) {
        self.tell_bound(found);
        let tracks = &mut self.tracks;
        self.word.finish(self.at, |word, range| take(tracks, word, &range, found));
        self.tracks.iter_mut().for_each(|track| track.end_run(found));
    }

    fn open(&self) -> usize {
        let tracks = self.tracks.iter().map(Track::open);
        let token = self.seeker.iter().filter_map(Seeker::open);
        tracks.chain(token).min().unwrap_or(usize::MAX).min(self.word.start().unwrap_or(self.at))
    }

    fn goes_on(&mut self) -> bool {
        true
    }

    fn copy(&self) -> Box<dyn WholeReader> {
        Box::new(self.clone())
    }
}

/// A word has come.
fn take(tracks: &mut [Track], word: &str, range: &Range<usize>, found: &mut Vec<WholeFinding>) {
    for track in tracks {
        track.take(word, range.clone(), found);
    }
}

impl Reader {
    fn tell_bound(&mut self, found: &mut Vec<WholeFinding>) {
        if std::mem::take(&mut self.is_cut) {
            found.push(WholeFinding { bound: Some("similarity_words"), ..WholeFinding::at(0..0) });
        }
    }
}

/// The label of a token.
const CANARY: &str = "canary";
/// So many words in a row are a finding, unless the rule says otherwise.
const USUAL_WORDS: usize = 12;
/// Fewer stand in any two texts; more leave nothing to find.
const MIN_WORDS: RangeInclusive<usize> = 3..=200;

#[cfg(test)]
mod tests;
