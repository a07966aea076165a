//! Canary tokens: letters that Palisade puts behind a conversation's system prompt, and by which it knows the prompt again
//! in an answer.
//!
//! A token is a keyed function of the tenant and the system prompt: every replica finds the same one, it stays the same over
//! the turns of a conversation, and conversations with one prompt send the same bytes, so that the provider's prompt cache
//! still hits. It is looked for in any case of its letters, with other characters between them, in letters that only look
//! different (full-width, mathematical), backwards, in ROT13, hex and base64.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use unicode_normalization::char::decompose_compatible;

/// A conversation's token. Shown nowhere but to the model.
#[derive(Clone)]
pub struct Canary {
    letters: String,
    forms: Arc<[Form]>,
}

impl Canary {
    /// The token of a tenant's conversations with this system prompt.
    pub fn new<'t>(key: &[u8], tenant: Option<&'t str>, system: impl Iterator<Item = &'t str>) -> Canary {
        let tenant = tenant.map_or([""; 2], |tenant| ["tenant", tenant]);
        let mut number = keyed(key, tenant.into_iter().chain(system));
        let mut letters = String::with_capacity(LETTERS);
        for _ in 0..LETTERS {
            letters.push(char::from(ALPHABET[(number % ALPHABET.len() as u128) as usize]));
            number /= ALPHABET.len() as u128;
        }
        let forms = forms(&letters).map(|form| Form::new(&form)).collect();
        Canary { letters, forms }
    }

    /// What is written behind the system prompt.
    pub fn mark(&self) -> String {
        format!("\n\n[ref: {}]", self.letters)
    }

    /// Looks for the token in a text.
    pub(super) fn seeker(&self) -> Seeker {
        let reached = vec![0; self.forms.len()];
        Seeker { forms: Arc::clone(&self.forms), reached, starts: VecDeque::new(), apart: 0 }
    }
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canary").finish_non_exhaustive()
    }
}

/// A spelling of the token, in small letters and digits: what a search has to know of it (Knuth, Morris, Pratt).
#[derive(Debug)]
struct Form {
    bytes: Box<[u8]>,
    /// For each place: how much of the beginning also ends there.
    border: Box<[usize]>,
}

impl Form {
    fn new(text: &str) -> Form {
        let bytes: Box<[u8]> = text.to_ascii_lowercase().into_bytes().into();
        let mut border = vec![0; bytes.len()];
        for at in 1..bytes.len() {
            let mut reached = border[at - 1];
            while reached > 0 && bytes[reached] != bytes[at] {
                reached = border[reached - 1];
            }
            border[at] = reached + usize::from(bytes[reached] == bytes[at]);
        }
        Form { bytes, border: border.into() }
    }

    /// How much of it has come with the next byte, given how much had before.
    fn step(&self, mut reached: usize, byte: u8) -> usize {
        while reached > 0 && self.bytes[reached] != byte {
            reached = self.border[reached - 1];
        }
        reached + usize::from(self.bytes[reached] == byte)
    }
}

/// The spellings in which the token is known again.
fn forms(letters: &str) -> impl Iterator<Item = String> {
    let backwards = letters.chars().rev().collect();
    let rot13 = letters.bytes().map(|letter| char::from((letter - b'a' + 13) % 26 + b'a')).collect();
    let hex = letters
        .bytes()
        .flat_map(|letter| [letter >> 4, letter & 15])
        .map(|digit| char::from(HEX[usize::from(digit)]))
        .collect();
    // Wherever the text begins that is encoded with it.
    [letters.to_owned(), backwards, rot13, hex].into_iter().chain((0..3).map(|before| base64(letters, before)))
}

/// The digits in base64 that depend on the letters alone, when so many bytes stand before them.
fn base64(letters: &str, before: usize) -> String {
    let bits = |at: usize| letters.as_bytes().get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let first = (6 - before * 8 % 6) % 6;
    let digits = (first..).step_by(6).take_while(|start| start + 6 <= letters.len() * 8);
    let digit = |start: usize| (start..start + 6).fold(0, |digit, at| digit << 1 | bits(at));
    digits.map(|start| char::from(BASE64[usize::from(digit(start))])).collect()
}

/// Looks for a token in one text.
#[derive(Clone, Debug)]
pub(super) struct Seeker {
    forms: Arc<[Form]>,
    /// How much of each form has come.
    reached: Vec<usize>,
    /// Where the last letters and digits stand, no more of them than have come of any form.
    starts: VecDeque<usize>,
    /// How many other characters stand behind them.
    apart: usize,
}

impl Seeker {
    /// Takes the character at `at` in. Gives what it is the end of.
    pub(super) fn take(&mut self, char: char, at: usize) -> Option<Range<usize>> {
        let end = at + char.len_utf8();
        if char.is_ascii() {
            return self.take_plain(char, at, end);
        }
        // A character may stand for several; it ends no more than one token.
        let mut found = None;
        decompose_compatible(char, |plain| found = found.take().or_else(|| self.take_plain(plain, at, end)));
        found
    }

    fn take_plain(&mut self, char: char, at: usize, end: usize) -> Option<Range<usize>> {
        if !char.is_ascii_alphanumeric() {
            self.apart += 1;
            // Letters of other scripts are no decoration.
            if !self.starts.is_empty() && (self.apart > MAX_APART || char.is_alphanumeric()) {
                self.forget();
            }
            return None;
        }
        let byte = char.to_ascii_lowercase() as u8;
        self.apart = 0;
        self.starts.push_back(at);
        let mut longest = 0;
        for (form, reached) in self.forms.iter().zip(&mut self.reached) {
            *reached = form.step(*reached, byte);
            if *reached == form.bytes.len() {
                let start = self.starts.len().checked_sub(*reached).and_then(|first| self.starts.get(first));
                let start = start.copied().unwrap_or(at);
                self.forget();
                return Some(start..end);
            }
            longest = longest.max(*reached);
        }
        while self.starts.len() > longest {
            self.starts.pop_front();
        }
        None
    }

    /// Where what may be the beginning of the token starts.
    pub(super) fn open(&self) -> Option<usize> {
        self.starts.front().copied()
    }

    fn forget(&mut self) {
        self.reached.fill(0);
        self.starts.clear();
    }
}

/// The first bits of HMAC-SHA-256 over texts, each with its length, so that no two lists of them are one.
fn keyed<'t>(key: &[u8], texts: impl Iterator<Item = &'t str>) -> u128 {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return 0 };
    mac.update(b"palisade canary 1");
    for text in texts {
        mac.update(&(text.len() as u64).to_be_bytes());
        mac.update(text.as_bytes());
    }
    mac.finalize().into_bytes().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// Consonants: they make no word, in no language, and no number.
const ALPHABET: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";
/// So many of them: 69 bits, which nobody guesses and no text holds by chance.
const LETTERS: usize = 16;
/// Most characters between two letters of a token.
const MAX_APART: usize = 16;
const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests;
