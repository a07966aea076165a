//! About how many tokens a text has. Tokenizers differ; what depends on a number of tokens here must not.

/// Letters of a word that count as one token.
const LETTERS_PER_TOKEN: usize = 6;

/// Counts the tokens of one text, about: one for each six letters or digits of a word that have begun, one for each
/// character of Chinese, Japanese or Korean, and one for every other character that is no white space.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokens {
    /// So many have begun.
    pub count: usize,
    /// Letters of the word that is growing.
    letters: usize,
}

impl Tokens {
    /// Takes the next character in. Whether it is a letter of a word, which may go on.
    pub fn take(&mut self, char: char) -> bool {
        let is_letter = char.is_alphanumeric() && !is_syllable(char);
        if is_letter {
            self.count += usize::from(self.letters.is_multiple_of(LETTERS_PER_TOKEN));
            self.letters += 1;
        } else {
            self.count += usize::from(!char.is_whitespace());
            self.letters = 0;
        }
        is_letter
    }
}

/// Whether a character of this script is about a token by itself: Chinese, Japanese, Korean.
pub(super) fn is_syllable(char: char) -> bool {
    matches!(char, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_characters_and_signs_are_counted() {
        let tokens = |text: &str| {
            let mut tokens = Tokens::default();
            text.chars().for_each(|char| _ = tokens.take(char));
            tokens.count
        };
        assert_eq!(tokens(""), 0);
        assert_eq!(tokens(" \n\t"), 0);
        assert_eq!(tokens("The cat sat."), 4);
        assert_eq!(tokens("internationalisation"), 4);
        assert_eq!(tokens("一二三"), 3);
        assert_eq!(tokens("a-b"), 3);
    }
}
