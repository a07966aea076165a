//! Text to windows: tokens, cut so that each window fits the model, with the bytes that each window covers.
//!
//! Windows are a function of the text alone. The cut, which the training scripts share: tokens without special ones;
//! a window holds c = `max_length` − special tokens; windows begin at token 0, c − stride, 2(c − stride), … until one
//! reaches the end. Nobody smuggles a special token in by writing it: `[SEP]` in a text is five characters.

use std::ops::Range;

use serde::Deserialize;
use tokenizers::models::ModelWrapper;
use tokenizers::normalizer::Range as Referential;
use tokenizers::normalizers::StripAccents;
use tokenizers::{Encoding, NormalizedString, Normalizer, Token, Tokenizer};

use super::InferenceError;

/// More windows than this is too long a text: two or three seconds of one core on a small model.
pub(super) const MAX_WINDOWS: usize = 256;
/// Bytes of text a token stands for at the most, over a whole text; keeps tokenisation of hostile text bounded.
const MAX_BYTES_PER_TOKEN: usize = 16;
/// Longest text of which tokens are counted, in bytes: one worker is busy with it for a second or so.
const MAX_COUNTED: usize = 1 << 20;
/// So many unknown tokens in a window are no matter.
const FEW_UNKNOWN: usize = 3;

/// One piece of text as the model sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The bytes of the original text.
    pub range: Range<usize>,
    /// Token ids, special ones included.
    pub ids: Vec<i64>,
    /// Which view of the text was cut.
    pub view: View,
    /// How many special tokens stand before the text's.
    pub(super) prefix: usize,
    /// What its tokens stand for; empty unless somebody asks about tokens.
    pub(super) pieces: Vec<Piece>,
}

/// A token in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Bytes of the window.
    pub(super) range: Range<usize>,
    /// Which word of the whole view it belongs to.
    pub(super) word: usize,
}

impl Window {
    /// The place of its first word among all of the view.
    pub(super) fn first_word(&self) -> usize {
        self.pieces.first().map_or(0, |piece| piece.word)
    }
}

/// How the text was written down before it was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As it stands.
    Plain,
    /// Compatibility characters, accents and case folded away: 𝓲𝓰𝓷𝓸𝓻𝓮 is `ignore`.
    Folded,
    /// Folded, and without the tokens that the model does not know: what it can read of a text that it cannot read.
    Known,
}

/// Cuts texts for one model.
pub struct Windower {
    tokenizer: Tokenizer,
    prefix: Vec<i64>,
    suffix: Vec<i64>,
    /// Tokens of text in one window.
    capacity: usize,
    /// From one window's start to the next one's, in tokens. At least 1.
    step: usize,
    unknown: Option<u32>,
    /// Ids that text must never become.
    special: Vec<u32>,
    /// Whether windows say what their tokens stand for.
    pieces: bool,
}

/// Tokens of a whole text with the bytes they stand for.
struct Tokens {
    ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
    /// Numbers of words, from the tokenizer; of what belongs to none there is none.
    words: Vec<Option<u32>>,
}

#[derive(Deserialize)]
struct TokenizerFile {
    model: UnknownToken,
}

#[derive(Deserialize)]
struct UnknownToken {
    unk_token: Option<String>,
    unk_id: Option<u32>,
}

impl Windower {
    /// From the bytes of a `tokenizer.json`. Errors say what is wrong with it, or with the two numbers.
    pub fn from_json(bytes: &[u8], max_length: usize, stride: usize) -> Result<Windower, String> {
        let tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| error.to_string())?;
        let file: TokenizerFile = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let named = file.model.unk_token.and_then(|token| tokenizer.token_to_id(&token));
        Windower::new(tokenizer, named.or(file.model.unk_id), max_length, stride)
    }

    /// From a tokenizer and the id, if any, of its unknown token.
    pub(super) fn new(
        mut tokenizer: Tokenizer,
        unknown: Option<u32>,
        max_length: usize,
        stride: usize,
    ) -> Result<Windower, String> {
        tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
        tokenizer.with_padding(None);
        tokenizer.set_encode_special_tokens(true);
        if let ModelWrapper::BPE(model) = tokenizer.get_model()
            && model.dropout.is_some()
        {
            // Meant for training: the same text would give other tokens each time.
            let mut model = model.clone();
            model.dropout = None;
            tokenizer.with_model(model);
        }
        let (prefix, suffix) = frame(&tokenizer)?;
        let capacity = max_length.saturating_sub(prefix.len() + suffix.len());
        if stride >= capacity {
            return Err(format!(
                "windows of {max_length} tokens, {} of them special, cannot share {stride}",
                prefix.len() + suffix.len()
            ));
        }
        let special = tokenizer.get_added_tokens_decoder().into_iter().filter(|(_, token)| token.special);
        let special = special.map(|(id, _)| id).filter(|id| Some(*id) != unknown).collect();
        Ok(Windower { tokenizer, prefix, suffix, capacity, step: capacity - stride, unknown, special, pieces: false })
    }

    /// Whose windows say what their tokens stand for.
    #[must_use]
    pub(super) fn with_pieces(self, pieces: bool) -> Windower {
        Windower { pieces, ..self }
    }

    /// The window of an empty text.
    pub fn frame(&self) -> Vec<i64> {
        self.framed(&[])
    }

    /// How many windows a text may have, before its tokens are known. At least 1.
    pub(super) fn estimate(&self, text: &str) -> usize {
        (text.len() / (self.step * 4) + 1).min(MAX_WINDOWS)
    }

    /// The windows of a text, at least one. `TooLong` means that some text would go unseen, and so does a window of
    /// [`View::Known`]: words between are unknown to the model.
    pub fn cut(&self, text: &str) -> Result<Vec<Window>, InferenceError> {
        if text.len() > MAX_WINDOWS * self.step * MAX_BYTES_PER_TOKEN {
            return Err(InferenceError::TooLong);
        }
        let tokens = self.tokens(text)?;
        let mut windows = self.windows(&tokens, text.len(), View::Plain)?;
        for window in &mut windows {
            widen(text, &mut window.range);
            window.settle(text);
        }
        if windows.iter().any(|window| self.is_unknown(&window.ids)) {
            windows.extend(self.folded(text)?);
        }
        if windows.len() > MAX_WINDOWS {
            return Err(InferenceError::TooLong);
        }
        Ok(windows)
    }

    /// Where the tokens of a text begin, in bytes, each on the border of a character. `TooLong` beyond a megabyte.
    pub(super) fn starts(&self, text: &str) -> Result<Vec<u32>, InferenceError> {
        if text.len() > MAX_COUNTED {
            return Err(InferenceError::TooLong);
        }
        let tokens = self.tokens(text)?;
        let start = |&(from, _): &(usize, usize)| {
            let mut range = from..from;
            widen(text, &mut range);
            range.start as u32
        };
        Ok(tokens.offsets.iter().map(start).collect())
    }

    fn folded(&self, text: &str) -> Result<Vec<Window>, InferenceError> {
        let mut view = NormalizedString::from(text);
        view.nfkd();
        StripAccents.normalize(&mut view).map_err(failed)?;
        view.nfc().lowercase();
        let folded = view.get();
        if folded.len() > MAX_WINDOWS * self.step * MAX_BYTES_PER_TOKEN {
            return Err(InferenceError::TooLong);
        }
        let tokens = self.tokens(folded)?;
        let mut windows = self.windows(&tokens, folded.len(), View::Folded)?;
        if windows.iter().any(|window| self.is_unknown(&window.ids)) {
            windows = self.windows(&self.known(tokens), folded.len(), View::Known)?;
        }
        let count = windows.len();
        for (i, window) in windows.iter_mut().enumerate() {
            // What folds to nothing (marks at the very end) belongs to the windows at the ends.
            let range = view.convert_offsets(Referential::Normalized(window.range.clone())).unwrap_or(0..text.len());
            window.range = range;
            if i == 0 {
                window.range.start = 0;
            }
            if i + 1 == count {
                window.range.end = text.len();
            }
            widen(text, &mut window.range);
            for piece in &mut window.pieces {
                let range = view.convert_offsets(Referential::Normalized(piece.range.clone()));
                piece.range = range.unwrap_or(window.range.start..window.range.start);
            }
            window.settle(text);
        }
        Ok(windows)
    }

    fn windows(&self, tokens: &Tokens, len: usize, view: View) -> Result<Vec<Window>, InferenceError> {
        let mut windows: Vec<Window> = Vec::new();
        let pieces = if self.pieces { tokens.pieces() } else { Vec::new() };
        let mut at = 0;
        loop {
            let end = (at + self.capacity).min(tokens.ids.len());
            let last = end == tokens.ids.len();
            // Tokens of a normalised text need not be in order; and without a stride, the space between windows
            // belongs to the later one.
            let offsets = &tokens.offsets[at..end];
            let before = windows.last().map_or(0, |window| window.range.end);
            let from = offsets.iter().map(|offset| offset.0).min().unwrap_or(0).min(before);
            let to = offsets.iter().map(|offset| offset.1).max().unwrap_or(len).max(before);
            let range = if at == 0 { 0 } else { from }..if last { len } else { to };
            windows.push(Window {
                range,
                ids: self.framed(&tokens.ids[at..end]),
                view,
                prefix: self.prefix.len(),
                pieces: pieces.get(at..end).unwrap_or_default().to_vec(),
            });
            if last {
                return Ok(windows);
            }
            if windows.len() == MAX_WINDOWS {
                return Err(InferenceError::TooLong);
            }
            at += self.step;
        }
    }

    fn framed(&self, ids: &[u32]) -> Vec<i64> {
        let text = ids.iter().map(|id| i64::from(*id));
        self.prefix.iter().copied().chain(text).chain(self.suffix.iter().copied()).collect()
    }

    fn tokens(&self, text: &str) -> Result<Tokens, InferenceError> {
        let encoding = self.tokenizer.encode(text, false).map_err(failed)?;
        let tokens = Tokens {
            ids: encoding.get_ids().to_vec(),
            offsets: encoding.get_offsets().to_vec(),
            words: encoding.get_word_ids().to_vec(),
        };
        if tokens.ids.iter().any(|id| self.special.contains(id)) { self.spell_out(text, &tokens) } else { Ok(tokens) }
    }

    /// Some vocabularies have the special tokens among the words. Those that a text spells become single characters,
    /// and what even then is special becomes unknown or goes.
    fn spell_out(&self, text: &str, tokens: &Tokens) -> Result<Tokens, InferenceError> {
        let mut plain = Tokens { ids: Vec::new(), offsets: Vec::new(), words: Vec::new() };
        for ((&id, &(from, to)), &word) in tokens.ids.iter().zip(&tokens.offsets).zip(&tokens.words) {
            if !self.special.contains(&id) {
                plain.ids.push(id);
                plain.offsets.push((from, to));
                plain.words.push(word);
                continue;
            }
            let mut range = from..to;
            widen(text, &mut range);
            let start = range.start;
            for (i, c) in text[range].char_indices() {
                let encoding = self.tokenizer.encode(&*c.encode_utf8(&mut [0; 4]), false).map_err(failed)?;
                for &id in encoding.get_ids() {
                    if let Some(id) = if self.special.contains(&id) { self.unknown } else { Some(id) } {
                        plain.ids.push(id);
                        plain.offsets.push((start + i, start + i + c.len_utf8()));
                        plain.words.push(None);
                    }
                }
            }
        }
        Ok(plain)
    }

    fn known(&self, tokens: Tokens) -> Tokens {
        let all = tokens.ids.into_iter().zip(tokens.offsets).zip(tokens.words);
        let known = all.filter(|((id, _), _)| Some(*id) != self.unknown);
        let ((ids, offsets), words) = known.unzip();
        Tokens { ids, offsets, words }
    }

    fn is_unknown(&self, ids: &[i64]) -> bool {
        let Some(unknown) = self.unknown else { return false };
        let text = ids.len() - self.prefix.len() - self.suffix.len();
        let count = ids[self.prefix.len()..][..text].iter().filter(|id| **id == i64::from(unknown)).count();
        count > FEW_UNKNOWN && count * 5 > text
    }
}

impl Tokens {
    /// A word goes on where the tokenizer says so and nothing stands between.
    fn pieces(&self) -> Vec<Piece> {
        let (mut word, mut before) = (0, None);
        let each = self.words.iter().zip(&self.offsets);
        let piece = |(&number, &(from, to)): (&Option<u32>, &(usize, usize))| {
            let goes_on = before.is_some_and(|(last, end)| number.is_some() && last == number && from <= end);
            word += usize::from(before.is_some() && !goes_on);
            before = Some((number, to));
            Piece { range: from..to, word }
        };
        each.map(piece).collect()
    }
}

impl Window {
    /// Moves the pieces to the borders of characters, and to where the window begins.
    fn settle(&mut self, text: &str) {
        for piece in &mut self.pieces {
            widen(text, &mut piece.range);
            piece.range.start = piece.range.start.saturating_sub(self.range.start);
            piece.range.end = piece.range.end.saturating_sub(self.range.start);
        }
    }
}

/// The special tokens around a text, learnt by letting the tokenizer put them around one token.
fn frame(tokenizer: &Tokenizer) -> Result<(Vec<i64>, Vec<i64>), String> {
    const TEXT: u32 = u32::MAX;
    let one = Encoding::from_tokens(vec![Token::new(TEXT, "x".to_owned(), (0, 1))], 0);
    let framed = tokenizer.post_process(one, None, true).map_err(|error| error.to_string())?;
    let ids = framed.get_ids();
    let at = ids.iter().position(|id| *id == TEXT).ok_or("its post-processor drops the text")?;
    let wide = |ids: &[u32]| ids.iter().map(|id| i64::from(*id)).collect();
    Ok((wide(&ids[..at]), wide(&ids[at + 1..])))
}

/// Moves both ends outwards to the borders of characters.
fn widen(text: &str, range: &mut Range<usize>) {
    range.end = range.end.min(text.len());
    range.start = range.start.min(range.end);
    while !text.is_char_boundary(range.start) {
        range.start -= 1;
    }
    while !text.is_char_boundary(range.end) {
        range.end += 1;
    }
}

fn failed(error: tokenizers::Error) -> InferenceError {
    // The tokenizer's own message may quote the text.
    drop(error);
    InferenceError::Failed("the tokenizer refused the text".to_owned())
}

#[cfg(test)]
mod tests;
