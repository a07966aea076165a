//! Plain readings of the views that look at a text character by character, each written from its page.

use super::super::{apart as spaced, leet as figures, markup as marks, morse as signs};
use super::Seen;

/// Characters, where each begins, and where the text ends.
fn chars(text: &str) -> (Vec<char>, Vec<usize>) {
    let begins = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    (text.chars().collect(), begins.collect())
}

/// The text with letters for figures.
pub(super) fn leet(text: &str) -> Seen {
    let (chars, begins) = chars(text);
    let letter = |char: char| figures::LETTERS.iter().find(|(byte, _)| char == char::from(*byte)).map(|(_, to)| *to);
    let (mut seen, mut at, mut last_replaced) = (Seen::default(), 0, None);
    while at < chars.len() {
        let run = chars[at..].iter().take_while(|char| letter(**char).is_some()).count();
        if run == 0 {
            seen.same(text, begins[at]..begins[at + 1]);
            at += 1;
            continue;
        }
        let follows = chars.get(at + run).is_some_and(char::is_ascii_alphabetic);
        let precedes = at > 0 && chars[at - 1].is_ascii_alphabetic();
        let near = last_replaced.is_some_and(|last: usize| begins[at] - last <= 32);
        let own = &chars[at..at + run];
        let alone = run <= 2 && near && !own.iter().any(|char| "!|+".contains(*char));
        let end = if follows { 0 } else { own.iter().rev().take_while(|char| "!|+".contains(**char)).count() };
        for (index, char) in own.iter().enumerate() {
            let (from, to) = (begins[at + index], begins[at + index + 1]);
            if run <= 8 && (follows || precedes || alone) && index < run - end {
                let pair = own.get(index + 1) == Some(&'1') || (index > 0 && own[index - 1] == '1');
                let plain = if *char == '1' && pair { 'l' } else { letter(*char).unwrap() };
                seen.push(&plain.to_string(), from..to);
                last_replaced = Some(to);
            } else {
                seen.same(text, from..to);
            }
        }
        at += run;
    }
    seen
}

/// The text with spelled words put together.
pub(super) fn apart(text: &str) -> Seen {
    let (chars, begins) = chars(text);
    let (mut seen, mut at) = (Seen::default(), 0);
    while at < chars.len() {
        let run = spelled(&chars, at);
        if run.len() < 3 {
            seen.same(text, begins[at]..begins[at + 1]);
            at += 1;
            continue;
        }
        for pair in run.windows(2) {
            seen.same(text, begins[pair[0]]..begins[pair[0] + 1]);
            let gap = begins[pair[0] + 1]..begins[pair[1]];
            match &text[gap.clone()] {
                between if between.chars().eq([chars[run[0] + 1]]) => {}
                " " => seen.same(text, gap),
                _ => seen.push(" ", gap),
            }
        }
        let last = *run.last().unwrap();
        seen.same(text, begins[last]..begins[last + 1]);
        at = last + 1;
    }
    seen
}

/// Where the characters of a run stand that begins here.
fn spelled(chars: &[char], from: usize) -> Vec<usize> {
    let is_letter = |at: usize| chars.get(at).is_some_and(|char| char.is_alphanumeric());
    if !is_letter(from) || from.checked_sub(1).is_some_and(is_letter) {
        return Vec::new();
    }
    let Some(&between) = chars.get(from + 1).filter(|char| spaced::BETWEEN.contains(char)) else { return Vec::new() };
    let mut run = vec![from];
    loop {
        let end = run.last().unwrap() + 1;
        let gap = chars[end..].iter().take_while(|char| **char == between || char.is_whitespace()).count();
        let most = if run.len() == 1 { 1 } else { 3 };
        let next = end + gap;
        if gap == 0 || gap > most || next >= chars.len() || is_letter(next + 1) {
            return run;
        }
        run.push(next);
    }
}

/// The text without marks beside letters.
pub(super) fn markup(text: &str) -> Seen {
    let (mut seen, mut at, mut is_word) = (Seen::default(), 0, false);
    while let Some(char) = text[at..].chars().next() {
        let mut end = at;
        while let Some(len) = mark(&text[end..]).filter(|_| end - at <= 1024 && !(is_word && end > at)) {
            end += len;
        }
        let is_row = end > at && end - at <= 1024;
        let before_word = text[end..].chars().next().is_some_and(char::is_alphanumeric);
        if end > at && (is_word || is_row && before_word) {
            at = end;
            continue;
        }
        if !is_row {
            let long =
                if end > at { text[at..].find(|char| !"*_~`\\<=".contains(char)) } else { Some(char.len_utf8()) };
            end = long.map_or(text.len(), |long| at + long);
        }
        seen.same(text, at..end);
        is_word = text[at..end].chars().next_back().is_some_and(char::is_alphanumeric);
        at = end;
    }
    seen
}

/// The length of the mark that the text begins with.
fn mark(text: &str) -> Option<usize> {
    let len = match text.chars().next()? {
        '*' | '_' | '~' | '`' | '\\' => 1,
        '=' => ["=\n", "=\r\n"].into_iter().find(|end| text.starts_with(end))?.len(),
        '<' if text.starts_with("<!--") => text[4..].find("-->")? + 7,
        '<' => {
            let inside = &text[1..text.find('>')?];
            let name = inside.strip_prefix('/').unwrap_or(inside);
            if inside.contains('<') || !name.starts_with(|char: char| char.is_ascii_alphabetic()) {
                return None;
            }
            inside.len() + 2
        }
        _ => return None,
    };
    (len <= marks::MAX_MARKS).then_some(len)
}

/// The texts that stand inside a text in Morse code.
pub(super) fn morse(text: &str) -> Vec<Seen> {
    let (chars, begins) = chars(text);
    let sign = |at: usize| chars.get(at).copied().and_then(signs::sign);
    let (mut out, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let torn = at.checked_sub(1).is_some_and(|last| chars[last].is_alphanumeric() || sign(last).is_some());
        if sign(at).is_none() || torn {
            at += 1;
            continue;
        }
        let (mut seen, mut count, mut gap) = (Seen::default(), 0, at..at);
        loop {
            let code: Vec<u8> = (at..).map_while(sign).collect();
            let code = String::from_utf8(code).unwrap();
            let known = signs::CODES.iter().find(|(own, _)| *own == code);
            let Some((_, meaning)) = known else {
                at += code.len();
                break;
            };
            if gap.len() > 1 || (gap.len() == 1 && chars[gap.start] != ' ') {
                seen.push(" ", begins[gap.start]..begins[gap.end]);
            }
            seen.push(&meaning.to_string(), begins[at]..begins[at + code.len()]);
            count += 1;
            at += code.len();
            let length = chars[at..].iter().take_while(|char| char.is_whitespace() || "/|".contains(**char)).count();
            if length == 0 || length > 5 || sign(at + length).is_none() {
                break;
            }
            gap = at..at + length;
            at += length;
        }
        if count >= 4 {
            out.push(seen);
        }
    }
    out
}

/// The texts that stand inside a text in tag characters.
pub(super) fn tags(text: &str) -> Vec<Seen> {
    let plain = |char: char| char::from_u32(u32::from(char) ^ 0xe0000).filter(|plain| (' '..='~').contains(plain));
    let (chars, begins) = chars(text);
    let (mut out, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let run: Vec<char> = chars[at..].iter().map_while(|char| plain(*char)).collect();
        if run.len() >= 4 {
            let mut seen = Seen::default();
            run.iter().enumerate().for_each(|(index, char)| {
                seen.push(&char.to_string(), begins[at + index]..begins[at + index + 1]);
            });
            out.push(seen);
        }
        at += run.len().max(1);
    }
    out
}
