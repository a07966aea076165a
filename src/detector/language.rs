//! `language`: which language a text is written in, by the library `whatlang` (trigrams and alphabets of 70 languages).
//!
//! A text is judged stretch by stretch, of its words alone: what has digits or signs in it (addresses, code, formulas) says
//! nothing about a language. A stretch of too few letters is no finding, nor is one about which the library is not sure: it
//! has to be much more like a language that is a finding than like any that is none.

use std::ops::Range;
use std::sync::Arc;

use unicode_normalization::char::is_combining_mark;
use whatlang::{Detector, Lang, Script, detect};

use super::{Conversation, DetectorKind, Place, Plan, WholeFinding, WholeReader, WholeText};
use crate::config::value::{string, unknown};
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "language",
    summary: "text in a language that is not among the allowed ones, or is among the denied ones",
    example: "{ language: { allow: [en, de] } }",
    build,
    choice: None,
};

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let names = || LANGUAGES.iter().map(|(_, code)| *code);
    let mut languages = |key| {
        reader.list(key, |node| {
            let name = string(node)?;
            let known = LANGUAGES.iter().find(|(_, code)| *code == name);
            known.map(|(_, code)| *code).ok_or_else(|| unknown(node, "language", &name, names()))
        })
    };
    let (allow, deny) = (languages("allow"), languages("deny"));
    match (reader.node("allow").is_some(), reader.node("deny").is_some()) {
        (true, true) => reader.problem(
            Problem::error(reader.head(), "`allow` and `deny` say the same thing twice")
                .label("expected one of the two"),
        ),
        (false, false) => reader
            .problem(Problem::error(reader.head(), "`language` names no language").label("expected `allow` or `deny`")),
        _ => {}
    }
    let (denies, languages) = if let Some(deny) = deny { (true, deny) } else { (false, allow?) };
    Some(Plan::Whole(Arc::new(Languages { denies, languages: languages.into() })))
}

/// The languages that a rule allows or denies.
#[derive(Clone, Debug)]
struct Languages {
    denies: bool,
    languages: Arc<[&'static str]>,
}

impl Languages {
    /// Whether text in this language is a finding.
    fn finds(&self, language: Lang) -> bool {
        code(language).is_some_and(|code| self.languages.contains(&code) == self.denies)
    }

    /// The language of these words if it is a finding, and how sure that is.
    fn judge(&self, words: &Words) -> Option<(&'static str, f32)> {
        if words.weight < ENOUGH {
            return None;
        }
        let info = detect(&words.text).filter(|info| self.finds(info.lang()))?;
        let script = info.script();
        let score = if script.langs().len() > 1 && script != Script::Mandarin {
            // In a longer text it does not matter which of many languages it is: it has to be none of the others.
            let others = script.langs().iter().copied().filter(|language| !self.finds(*language)).collect();
            match Detector::with_allowlist(others).detect_lang(&words.text) {
                None => 1.0,
                Some(other) if words.weight < ENOUGH_FOR_KIN && are_kin(info.lang(), other) => return None,
                Some(_) if words.weight < ENOUGH_FOR_ANY && !info.is_reliable() => return None,
                Some(other) => {
                    let pair = Detector::with_allowlist(vec![info.lang(), other]).detect(&words.text)?;
                    if pair.lang() == info.lang() && pair.is_reliable() { pair.confidence() } else { return None }
                }
            }
        } else if info.is_reliable() {
            info.confidence()
        } else {
            return None;
        };
        Some((code(info.lang())?, score as f32))
    }
}

impl WholeText for Languages {
    fn reader(&self, place: Place, _: &Conversation) -> Option<Box<dyn WholeReader>> {
        let (languages, in_run) = (self.clone(), place == Place::Run);
        Some(Box::new(Reader {
            languages,
            in_run,
            at: 0,
            start: 0,
            word: Word::default(),
            words: Words::default(),
            first: None,
        }))
    }

    fn why(&self, label: Option<&str>) -> String {
        let list = if self.denies { "among" } else { "not among" };
        format!("text in {}, which is {list} {}", label.unwrap_or("another language"), self.languages.join(", "))
    }

    fn needs_the_end(&self) -> Option<&'static str> {
        Some("the language of a text is known only at its end")
    }
}

/// Reads one text.
#[derive(Clone, Debug)]
struct Reader {
    languages: Languages,
    /// Of a run the finding covers the stretch: none of its texts is the one that is in the language.
    in_run: bool,
    /// Bytes read.
    at: usize,
    /// Where the stretch begins.
    start: usize,
    word: Word,
    words: Words,
    /// What is found of the text so far: the first stretch that is a finding tells the language.
    first: Option<(&'static str, f32)>,
}

/// The word that is being read.
#[derive(Clone, Debug, Default)]
struct Word {
    text: String,
    /// It goes on over its longest, or has signs in it: it is left out.
    odd: bool,
    /// Signs behind its last letter, which may yet turn out to stand inside.
    signs: bool,
}

/// The words of a stretch.
#[derive(Clone, Debug, Default)]
struct Words {
    text: String,
    /// How much they say: letters, those of Chinese, Japanese and Korean four times.
    weight: usize,
}

impl WholeReader for Reader {
    fn feed(&mut self, piece: &str, found: &mut Vec<WholeFinding>) {
        for char in piece.chars() {
            self.at += char.len_utf8();
            if self.word.take(char) && self.word.text.len() < MAX_WORD {
                continue;
            }
            self.words.add(&mut self.word);
            if self.words.text.len() >= STRETCH {
                self.judge(found);
            }
        }
    }

    fn finish(&mut self, found: &mut Vec<WholeFinding>) {
        self.words.add(&mut self.word);
        self.judge(found);
        if let Some((code, score)) = self.first {
            found.push(finding(0..self.at, code, score));
        }
    }

    fn open(&self) -> usize {
        if self.in_run { self.start } else { 0 }
    }

    fn goes_on(&mut self) -> bool {
        (self.in_run, self.first) = (true, None);
        true
    }

    fn copy(&self) -> Box<dyn WholeReader> {
        Box::new(self.clone())
    }
}

impl Reader {
    /// Judges the stretch that ends here.
    fn judge(&mut self, found: &mut Vec<WholeFinding>) {
        let stretch = std::mem::replace(&mut self.start, self.at)..self.at;
        let words = std::mem::take(&mut self.words);
        let Some((code, score)) = self.languages.judge(&words) else { return };
        if self.in_run {
            found.push(finding(stretch, code, score));
        } else {
            self.first.get_or_insert((code, score));
        }
    }
}

fn finding(range: Range<usize>, code: &'static str, score: f32) -> WholeFinding {
    WholeFinding { label: Some(code.into()), score: Some(score), ..WholeFinding::at(range) }
}

impl Word {
    /// Takes the next character in, if the word goes on with it.
    fn take(&mut self, char: char) -> bool {
        if char.is_alphabetic() || is_combining_mark(char) {
            self.odd |= std::mem::take(&mut self.signs);
            self.text.push(char);
        } else if matches!(char, '\'' | '’') {
            self.text.push(char);
        } else if char.is_ascii_digit() || matches!(char, '_' | '@' | '/' | '\\' | '=' | '<' | '>' | '{' | '}' | '$') {
            self.odd = true;
        } else if char.is_ascii_punctuation() {
            // Before a word they open something, behind it they end it; inside it is none.
            self.signs |= !self.text.is_empty() && char != '-';
        } else {
            return false;
        }
        true
    }
}

impl Words {
    /// Adds a word that has ended, and makes room for the next.
    fn add(&mut self, word: &mut Word) {
        if !word.odd && !word.text.is_empty() {
            self.weight += word.text.chars().map(|char| if is_syllable(char) { 4 } else { 1 }).sum::<usize>();
            self.text.push_str(&word.text);
            self.text.push(' ');
        }
        word.text.clear();
        (word.odd, word.signs) = (false, false);
    }
}

fn code(language: Lang) -> Option<&'static str> {
    LANGUAGES.iter().find(|(known, _)| *known == language).map(|(_, code)| *code)
}

/// Whether two languages are so close that a few words do not tell them apart.
fn are_kin(one: Lang, other: Lang) -> bool {
    KIN.iter().any(|kin| kin.contains(&one) && kin.contains(&other))
}

/// Whether a character is about as much as four letters: Chinese, Japanese, Korean.
fn is_syllable(char: char) -> bool {
    matches!(char, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

/// A stretch ends with the word that makes it so long, in bytes of its words.
const STRETCH: usize = 2048;
/// A word is cut here, in bytes: scripts without spaces have no end of a word.
const MAX_WORD: usize = 64;
/// Fewer letters tell no language.
const ENOUGH: usize = 32;
/// Fewer letters have to tell the language for sure, and not just that it is another.
const ENOUGH_FOR_ANY: usize = 96;
/// Fewer letters do not tell one language from another that is close to it.
const ENOUGH_FOR_KIN: usize = 256;

/// Languages that the library mistakes for each other in short texts.
const KIN: &[&[Lang]] = &[
    &[Lang::Rus, Lang::Ukr, Lang::Bel, Lang::Bul, Lang::Mkd, Lang::Srp],
    &[Lang::Hrv, Lang::Srp, Lang::Slv],
    &[Lang::Ces, Lang::Slk],
    &[Lang::Dan, Lang::Nob, Lang::Swe],
    &[Lang::Nld, Lang::Afr],
    &[Lang::Spa, Lang::Por, Lang::Cat],
    &[Lang::Ind, Lang::Jav],
    &[Lang::Hin, Lang::Mar, Lang::Nep],
    &[Lang::Ara, Lang::Pes, Lang::Urd],
    &[Lang::Tur, Lang::Aze, Lang::Tuk, Lang::Uzb],
    &[Lang::Est, Lang::Fin],
    &[Lang::Lav, Lang::Lit],
    &[Lang::Zul, Lang::Sna],
];

/// The languages that are told apart, with their ISO 639-1 codes.
const LANGUAGES: &[(Lang, &str)] = &[
    (Lang::Afr, "af"),
    (Lang::Aka, "ak"),
    (Lang::Amh, "am"),
    (Lang::Ara, "ar"),
    (Lang::Aze, "az"),
    (Lang::Bel, "be"),
    (Lang::Ben, "bn"),
    (Lang::Bul, "bg"),
    (Lang::Cat, "ca"),
    (Lang::Ces, "cs"),
    (Lang::Cmn, "zh"),
    (Lang::Cym, "cy"),
    (Lang::Dan, "da"),
    (Lang::Deu, "de"),
    (Lang::Ell, "el"),
    (Lang::Eng, "en"),
    (Lang::Epo, "eo"),
    (Lang::Est, "et"),
    (Lang::Fin, "fi"),
    (Lang::Fra, "fr"),
    (Lang::Guj, "gu"),
    (Lang::Heb, "he"),
    (Lang::Hin, "hi"),
    (Lang::Hrv, "hr"),
    (Lang::Hun, "hu"),
    (Lang::Hye, "hy"),
    (Lang::Ind, "id"),
    (Lang::Ita, "it"),
    (Lang::Jav, "jv"),
    (Lang::Jpn, "ja"),
    (Lang::Kan, "kn"),
    (Lang::Kat, "ka"),
    (Lang::Khm, "km"),
    (Lang::Kor, "ko"),
    (Lang::Lat, "la"),
    (Lang::Lav, "lv"),
    (Lang::Lit, "lt"),
    (Lang::Mal, "ml"),
    (Lang::Mar, "mr"),
    (Lang::Mkd, "mk"),
    (Lang::Mya, "my"),
    (Lang::Nep, "ne"),
    (Lang::Nld, "nl"),
    (Lang::Nob, "nb"),
    (Lang::Ori, "or"),
    (Lang::Pan, "pa"),
    (Lang::Pes, "fa"),
    (Lang::Pol, "pl"),
    (Lang::Por, "pt"),
    (Lang::Ron, "ro"),
    (Lang::Rus, "ru"),
    (Lang::Sin, "si"),
    (Lang::Slk, "sk"),
    (Lang::Slv, "sl"),
    (Lang::Sna, "sn"),
    (Lang::Spa, "es"),
    (Lang::Srp, "sr"),
    (Lang::Swe, "sv"),
    (Lang::Tam, "ta"),
    (Lang::Tel, "te"),
    (Lang::Tgl, "tl"),
    (Lang::Tha, "th"),
    (Lang::Tuk, "tk"),
    (Lang::Tur, "tr"),
    (Lang::Ukr, "uk"),
    (Lang::Urd, "ur"),
    (Lang::Uzb, "uz"),
    (Lang::Vie, "vi"),
    (Lang::Yid, "yi"),
    (Lang::Zul, "zu"),
];

#[cfg(test)]
mod tests;
