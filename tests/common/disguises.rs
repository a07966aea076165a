//! Disguises: what people do to a text so that models still read it and filters do not.

/// A disguise, and how many points of recall it may cost.
pub(crate) struct Disguise {
    pub(crate) name: &'static str,
    pub(crate) apply: fn(&str) -> String,
    pub(crate) most: f64,
}

const fn hides(name: &'static str, apply: fn(&str) -> String) -> Disguise {
    Disguise { name, apply, most: 10.0 }
}

/// All that are measured. Those that change letters leave alone what is not of their alphabet.
pub(crate) const DISGUISES: &[Disguise] = &[
    hides("zero-width characters inside words", |text| {
        inside_words(text, &["\u{200b}", "\u{200d}", "\u{2060}", "\u{feff}"])
    }),
    hides("bidirectional controls inside words", |text| {
        inside_words(text, &["\u{202e}", "\u{202d}", "\u{2067}", "\u{2069}"])
    }),
    hides("tag characters inside words", |text| inside_words(text, &["\u{e0061}", "\u{e0020}", "\u{e007f}"])),
    hides("all in tag characters", |text| each(text, |char| shifted(char, ' '..='~', 0xe0000))),
    hides("variation selectors inside words", |text| inside_words(text, &["\u{fe0f}", "\u{fe00}", "\u{e0101}"])),
    hides("soft hyphens inside words", |text| inside_words(text, &["\u{ad}"])),
    hides("floods of combining marks", |text| each_letter(text, |letter| format!("{letter}\u{336}\u{301}\u{489}"))),
    hides("homoglyphs", |text| each(text, |char| swapped(char, HOMOGLYPHS))),
    hides("full-width letters", |text| {
        each(text, |char| if char == ' ' { "\u{3000}".into() } else { shifted(char, '!'..='~', 0xfee0) })
    }),
    hides("mathematical letters", |text| each(text, mathematical)),
    hides("leetspeak", |text| each(text, |char| swapped(char, LEET))),
    hides("leetspeak with signs", |text| each(text, |char| swapped(char, SIGNS))),
    hides("letters spaced apart", |text| apart(text, " ")),
    hides("letters dotted apart", |text| text.split(' ').map(|word| apart(word, ".")).collect::<Vec<_>>().join(" ")),
    hides("URL-encoding", |text| each_byte(text, |byte| format!("%{byte:02X}"))),
    hides("HTML entities", |text| each(text, |char| format!("&#{};", u32::from(char)))),
    hides("quoted-printable", quoted_printable),
    hides("base64", |text| in_digits(text, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, 4)),
    hides("base32", |text| in_digits(text, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 8)),
    hides("hexadecimal", |text| in_digits(text, b"0123456789abcdef", 4, 2)),
    hides("Morse code", morse),
    hides("Braille", |text| each(text, |char| swapped(char.to_ascii_lowercase(), BRAILLE))),
    hides("Markdown emphasis inside words", |text| each_word(text, |head, tail| format!("{head}**{tail}**"))),
    hides("HTML comments inside words", |text| each_word(text, |head, tail| format!("{head}<!-- {head} -->{tail}"))),
    hides("empty HTML tags inside words", |text| {
        each_word(text, |head, tail| format!("{head}<b class=\"x\"></b>{tail}"))
    }),
    Disguise { name: "ROT13", apply: |text| each(text, rot13), most: 20.0 },
    Disguise { name: "reversed text", apply: |text| text.chars().rev().collect(), most: 20.0 },
];

const HOMOGLYPHS: &[(char, &str)] = &[
    ('a', "а"),
    ('c', "с"),
    ('e', "е"),
    ('i', "і"),
    ('j', "ј"),
    ('o', "о"),
    ('p', "р"),
    ('s', "ѕ"),
    ('x', "х"),
    ('y', "у"),
    ('h', "һ"),
    ('d', "ԁ"),
    ('A', "А"),
    ('B', "Β"),
    ('E', "Ε"),
    ('I', "І"),
    ('N', "Ν"),
    ('O', "Ο"),
    ('P', "Р"),
    ('T', "Τ"),
];

const LEET: &[(char, &str)] = &[
    ('a', "4"),
    ('e', "3"),
    ('i', "1"),
    ('o', "0"),
    ('s', "5"),
    ('t', "7"),
    ('A', "4"),
    ('E', "3"),
    ('I', "1"),
    ('O', "0"),
    ('S', "5"),
    ('T', "7"),
];

const SIGNS: &[(char, &str)] = &[('a', "@"), ('e', "3"), ('i', "!"), ('o', "0"), ('s', "$"), ('b', "8"), ('g', "9")];

const BRAILLE: &[(char, &str)] = &[
    ('a', "⠁"),
    ('b', "⠃"),
    ('c', "⠉"),
    ('d', "⠙"),
    ('e', "⠑"),
    ('f', "⠋"),
    ('g', "⠛"),
    ('h', "⠓"),
    ('i', "⠊"),
    ('j', "⠚"),
    ('k', "⠅"),
    ('l', "⠇"),
    ('m', "⠍"),
    ('n', "⠝"),
    ('o', "⠕"),
    ('p', "⠏"),
    ('q', "⠟"),
    ('r', "⠗"),
    ('s', "⠎"),
    ('t', "⠞"),
    ('u', "⠥"),
    ('v', "⠧"),
    ('w', "⠺"),
    ('x', "⠭"),
    ('y', "⠽"),
    ('z', "⠵"),
];

const MORSE: &[(char, &str)] = &[
    ('a', ".-"),
    ('b', "-..."),
    ('c', "-.-."),
    ('d', "-.."),
    ('e', "."),
    ('f', "..-."),
    ('g', "--."),
    ('h', "...."),
    ('i', ".."),
    ('j', ".---"),
    ('k', "-.-"),
    ('l', ".-.."),
    ('m', "--"),
    ('n', "-."),
    ('o', "---"),
    ('p', ".--."),
    ('q', "--.-"),
    ('r', ".-."),
    ('s', "..."),
    ('t', "-"),
    ('u', "..-"),
    ('v', "...-"),
    ('w', ".--"),
    ('x', "-..-"),
    ('y', "-.--"),
    ('z', "--.."),
    ('0', "-----"),
    ('1', ".----"),
    ('2', "..---"),
    ('3', "...--"),
    ('4', "....-"),
    ('5', "....."),
    ('6', "-...."),
    ('7', "--..."),
    ('8', "---.."),
    ('9', "----."),
    ('.', ".-.-.-"),
    (',', "--..--"),
    ('?', "..--.."),
    ('\'', ".----."),
    ('!', "-.-.--"),
    ('/', "-..-."),
    ('(', "-.--."),
    (')', "-.--.-"),
    ('&', ".-..."),
    (':', "---..."),
    (';', "-.-.-."),
    ('=', "-...-"),
    ('+', ".-.-."),
    ('-', "-....-"),
    ('_', "..--.-"),
    ('"', ".-..-."),
    ('$', "...-..-"),
    ('@', ".--.-."),
];

fn each(text: &str, spell: impl FnMut(char) -> String) -> String {
    text.chars().map(spell).collect()
}

fn each_byte(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

fn each_letter(text: &str, spell: impl Fn(char) -> String) -> String {
    each(text, |char| if char.is_alphabetic() { spell(char) } else { char.into() })
}

fn swapped(char: char, table: &[(char, &str)]) -> String {
    table.iter().find(|(own, _)| *own == char).map_or_else(|| char.to_string(), |(_, other)| (*other).to_owned())
}

/// A character of the range, so much further on.
fn shifted(char: char, range: std::ops::RangeInclusive<char>, by: u32) -> String {
    let moved = range.contains(&char).then(|| char::from_u32(u32::from(char) + by)).flatten();
    moved.unwrap_or(char).into()
}

/// Something between every two letters of a word, in turn.
fn inside_words(text: &str, fillers: &[&str]) -> String {
    let (mut out, mut last, mut turn) = (String::new(), ' ', 0);
    for char in text.chars() {
        if last.is_alphabetic() && char.is_alphabetic() {
            out.push_str(fillers[turn % fillers.len()]);
            turn += 1;
        }
        out.push(char);
        last = char;
    }
    out
}

fn mathematical(char: char) -> String {
    let code = match char {
        'A'..='Z' => 0x1d5d4 + u32::from(char) - u32::from('A'),
        'a'..='z' => 0x1d5ee + u32::from(char) - u32::from('a'),
        _ => u32::from(char),
    };
    char::from_u32(code).unwrap_or(char).into()
}

fn apart(text: &str, between: &str) -> String {
    text.chars().map(String::from).collect::<Vec<_>>().join(between)
}

/// Every word of three letters or more, in two parts.
fn each_word(text: &str, spell: impl Fn(&str, &str) -> String) -> String {
    let word = |word: &str| {
        let half = word.char_indices().nth(word.chars().count() / 2).map_or(0, |(at, _)| at);
        let whole = word.chars().count() >= 3 && word.chars().all(char::is_alphabetic);
        if whole { spell(&word[..half], &word[half..]) } else { word.to_owned() }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn rot13(char: char) -> String {
    let turned = |first: u8| char::from(first + (char as u8 - first + 13) % 26);
    match char {
        'A'..='Z' => turned(b'A').into(),
        'a'..='z' => turned(b'a').into(),
        _ => char.into(),
    }
}

fn morse(text: &str) -> String {
    let word =
        |word: &str| word.chars().map(|char| swapped(char.to_ascii_lowercase(), MORSE)).collect::<Vec<_>>().join(" ");
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" / ")
}

/// Every byte, in lines of 76 characters.
fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    for (index, byte) in text.bytes().enumerate() {
        if index % 25 == 24 {
            out.push_str("=\r\n");
        }
        if byte.is_ascii_alphanumeric() && index % 3 > 0 {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("={byte:02X}"));
        }
    }
    out
}

/// All bytes in digits of so many bits, filled up to groups; the last kind has none to fill.
fn in_digits(text: &str, digits: &[u8], bits: usize, group: usize) -> String {
    let all = each_byte(text, |byte| format!("{byte:08b}"));
    let mut out: String = all
        .as_bytes()
        .chunks(bits)
        .map(|chunk| {
            let value =
                chunk.iter().fold(0, |value, bit| value << 1 | usize::from(*bit == b'1')) << (bits - chunk.len());
            char::from(digits[value])
        })
        .collect();
    while !out.len().is_multiple_of(group) {
        out.push('=');
    }
    out
}
