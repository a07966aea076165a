//! Phone numbers: with a country's code everywhere, as people write them at home only for the regions of the rule.
//!
//! Which leading digits and lengths a region uses is in [`REGIONS`], made from the metadata of libphonenumber by a test
//! (`tests/metadata.rs`). That says whether digits can be a number, not whether somebody has it.

#[rustfmt::skip]
mod regions;

use std::net::Ipv4Addr;
use std::sync::Arc;

use self::regions::REGIONS;
use crate::detector::format::{Format, Shape, WORD};
use crate::detector::pii::Example;
use crate::detector::{AsciiSet, Edges, Pattern, Surround, Validator};

/// What is looked for.
pub(super) const FORMATS: &[&Format] = &[&PHONE_NUMBER];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("PHONE_NUMBER", "Call ", "+44 20 7946 0958"),
    ("PHONE_NUMBER", "Call ", "+1-903-140-4508x769"),
    ("PHONE_NUMBER", "Call ", "(212) 555-0142"),
    ("PHONE_NUMBER", "My phone is ", "2125550142"),
    ("PHONE_NUMBER", "Call ", "0044 20 7946 0958"),
];

/// The extension that may follow, as in North America.
macro_rules! extension {
    () => {
        r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
    };
}

pub(super) const PHONE_NUMBER: Format = Format {
    name: "PHONE_NUMBER",
    entity: "PHONE_NUMBER",
    summary: "a phone number (country's code, leading digits, length; national forms for the rule's regions)",
    usual: true,
    shapes: &[
        Shape {
            edges: Edges { before: AsciiSet::new("A-Za-z0-9_+"), after: WORD },
            valid: |text| is_international(text, 0),
            score: 700,
            ..Shape::new(concat!(r"\+[0-9](?:[ ()./-]{0,3}[0-9]){6,16}", extension!()))
        },
        Shape {
            context: WORDS,
            joiners: AsciiSet::new(".-"),
            ..Shape::number(r"00[1-9](?:[ ()./-]{0,3}[0-9]){6,15}", |text| is_international(text, 2), 300)
        },
    ],
};

/// How people write numbers at home: in the groups of their region, or in any way beside a context word.
const NATIONAL: &[(Shape, Check)] = &[(national(SURE), is_sure), (national(300), is_national)];

type Check = fn(&Written, &Region) -> bool;

const fn national(score: u16) -> Shape {
    Shape {
        context: WORDS,
        joiners: AsciiSet::new("-./"),
        edges: Edges { before: AsciiSet::new("A-Za-z0-9_+"), after: WORD },
        ..Shape::number(concat!(r"\(?[0-9](?:[ ()./-]{0,3}[0-9]){3,16}", extension!()), |_| true, score)
    }
}

/// The numbers of a region.
pub(super) struct Region {
    /// ISO 3166; `001` for codes that belong to no country.
    id: &'static str,
    /// The country's code.
    code: u16,
    /// What is dialled before a number at home.
    prefixes: &'static [&'static str],
    /// By the first digit: how long area codes are, a bit for each length. Bit 0: may be written without a prefix; bit 15:
    /// is so, in one piece.
    areas: [u16; 10],
    /// The leading three digits, from and to, and the lengths of such numbers, a bit for each.
    numbers: &'static [(u16, u16, u16)],
}

impl Region {
    /// Whether it has numbers with these leading digits and so many of them.
    fn has(&self, digits: &[u8]) -> bool {
        let Some(lead) = digits.first_chunk::<3>() else { return false };
        let lead = lead.iter().fold(0, |lead, &digit| lead * 10 + u16::from(digit));
        let uses = |lengths: u16| u32::from(lengths) >> digits.len() & 1 == 1;
        self.numbers.iter().any(|&(from, to, lengths)| (from..=to).contains(&lead) && uses(lengths))
    }

    fn area(&self, digits: &[u8]) -> u16 {
        digits.first().and_then(|&first| self.areas.get(usize::from(first))).copied().unwrap_or(0)
    }

    /// What follows a prefix, and where.
    fn prefixed<'d>(&self, digits: &'d [u8]) -> impl Iterator<Item = (usize, &'d [u8])> {
        let follows = |prefix: &'static str| {
            let (head, rest) = digits.split_at_checked(prefix.len())?;
            head.iter().map(|digit| digit + b'0').eq(prefix.bytes()).then_some((prefix.len(), rest))
        };
        self.prefixes.iter().filter_map(move |prefix| follows(prefix))
    }

    /// The number in what was dialled at home, and where in that it begins.
    fn numbers<'w>(&self, written: &'w Written) -> impl Iterator<Item = (usize, &'w [u8])> {
        let bare = Some((0, written.digits())).filter(|(_, digits)| self.area(digits) & 0x8001 != 0);
        self.prefixed(written.digits()).chain(bare).filter(|(_, digits)| self.has(digits))
    }
}

/// A number as it is written.
struct Written {
    digits: [u8; MOST],
    count: usize,
    /// A bit for each digit before which something stands.
    breaks: u32,
}

impl Written {
    /// Reads a number up to its extension. None has more than [`MOST`] digits, and parentheses come in pairs.
    fn read(text: &str) -> Option<Written> {
        let mut written = Written { digits: [0; MOST], count: 0, breaks: 0 };
        let mut open = false;
        for byte in text.bytes().take_while(|&byte| byte != b'x' && byte != b'e') {
            match byte {
                b'0'..=b'9' => {
                    *written.digits.get_mut(written.count)? = byte - b'0';
                    written.count += 1;
                }
                b'(' | b')' if open == (byte == b'(') => return None,
                b'(' | b')' => open = !open,
                _ => {}
            }
            if !byte.is_ascii_digit() {
                written.breaks |= 1 << written.count;
            }
        }
        (!open).then_some(written)
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }

    /// The lengths of the groups from the digit at `from` on.
    fn groups(&self, from: usize) -> impl Iterator<Item = usize> {
        let ends = (from + 1..=self.count).filter(|&at| at == self.count || self.breaks >> at & 1 == 1);
        ends.scan(from, |start, end| Some(end - std::mem::replace(start, end)))
    }

    /// Whether it is rather a date: year, month and day, or the other way round, or without the day.
    fn is_date(&self) -> bool {
        let century = |at: usize| matches!(self.digits().get(at..at + 2), Some([1, 9] | [2, 0]));
        let grouped = |lengths: &[usize]| self.groups(0).eq(lengths.iter().copied());
        century(0) && (grouped(&[4, 2, 2]) || grouped(&[4, 2]))
            || century(4) && grouped(&[2, 2, 4])
            || century(2) && grouped(&[2, 4])
    }
}

/// The regions whose national forms are known, by ISO 3166.
pub(super) fn regions() -> impl Iterator<Item = &'static str> + Clone {
    REGIONS.iter().map(|region| region.id).filter(|id| *id != "001")
}

/// What finds the national forms of some regions.
pub(super) fn patterns(regions: &[&str], threshold: u16, allowed: &Arc<[String]>) -> Vec<Pattern> {
    let regions: Arc<[&Region]> = REGIONS.iter().filter(|region| regions.contains(&region.id)).collect();
    if regions.is_empty() {
        return Vec::new();
    }
    let compiled = NATIONAL.iter().filter_map(|(shape, check)| {
        let (pattern, regions) = (shape.compile(&PHONE_NUMBER, threshold, allowed)?, Arc::clone(&regions));
        let Validator(allows) = pattern.validator.clone()?;
        let valid = move |text: &str| {
            Written::read(text).is_some_and(|written| {
                !written.is_date() && regions.iter().any(|region| check(&written, region)) && allows(text)
            }) && text.parse::<Ipv4Addr>().is_err()
                && !is_social_security(text)
        };
        let Surround { before, after, holds } = pattern.surround.clone()?;
        // Groups before it, and behind a short one, make it a part of another number, such as a card's.
        let short = shape.score < SURE;
        let stands = move |before: &str, after: Option<&str>| match (before.as_bytes(), after.map(str::as_bytes)) {
            ([.., b'0'..=b'9', b' '], _) => Some(false),
            (_, Some([b' ', b'0'..=b'9', ..])) if short => Some(false),
            _ => holds(before, after),
        };
        let surround = Surround { before, after, holds: Arc::new(stands) };
        Some(Pattern { validator: Some(Validator(Arc::new(valid))), surround: Some(surround), ..pattern })
    });
    compiled.collect()
}

/// Whether it is in groups of about the same length, and so many digits that it is hardly anything else.
fn is_sure(written: &Written, region: &Region) -> bool {
    written.count >= 9
        && region.numbers(written).any(|(from, digits)| {
            let subscriber = || written.groups(from).skip(1);
            let one = subscriber().nth(1).is_none();
            let alike = subscriber().zip(subscriber().skip(1)).all(|(one, next)| one.abs_diff(next) < 2);
            is_grouped(written, from, region.area(digits))
                && (one || alike && subscriber().all(|group| matches!(group, 2..=5)))
        })
}

/// Whether it is in groups or in one piece. Short numbers are those of small countries, whose codes have three digits.
fn is_national(written: &Written, region: &Region) -> bool {
    (written.count >= 7 || region.code >= 200)
        && region.numbers(written).any(|(from, digits)| {
            written.groups(from).nth(1).is_none() || is_grouped(written, from, region.area(digits))
        })
}

/// Whether the first group is an area code.
fn is_grouped(written: &Written, from: usize, areas: u16) -> bool {
    let first = written.groups(from).next().unwrap_or(0);
    (from > 0 || areas & 1 == 1)
        && matches!(first, 1..10)
        && areas >> first & 1 == 1
        && written.count > from + first + 1
}

/// Whether it is rather a US social security number: no other is written `123-45-6789`.
fn is_social_security(text: &str) -> bool {
    let dashes = text.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_digit());
    text.len() == 11 && dashes.eq([(3, b'-'), (6, b'-')])
}

/// Whether a number with its country's code, `from` digits in, has leading digits and a length that the country uses. Many
/// leave the national prefix in.
fn is_international(text: &str, from: usize) -> bool {
    // What is left out when calling from abroad does not count.
    let shown = text.replacen("(0)", "", 1);
    let Some(written) = Written::read(&shown) else { return false };
    let digits = written.digits().get(from..).unwrap_or_default();
    (1..=3).any(|length| {
        let Some((code, number)) = digits.split_at_checked(length) else { return false };
        let code = code.iter().fold(0, |code, &digit| code * 10 + u16::from(digit));
        let first = REGIONS.partition_point(|region| region.code < code);
        let mut regions = REGIONS.iter().skip(first).take_while(|region| region.code == code);
        regions.any(|region| region.has(number) || region.prefixed(number).any(|(_, number)| region.has(number)))
    })
}

/// The score of a number in the groups of its region, in thousandths.
const SURE: u16 = 600;
/// The most digits that are read: an international prefix, a country's code, a number.
const MOST: usize = 17;

const WORDS: &[&str] = &[
    "phone",
    "phones",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "number",
    "call",
    "calls",
    "contact",
    "fax",
    "sms",
    "text",
    "whatsapp",
    "dial",
    "reach",
    "ring",
    "telefon",
    "telefonnummer",
    "telefonnummeret",
    "rufnummer",
    "handy",
    "handynummer",
    "mobil",
    "mobilnummer",
    "mobiltelefon",
    "natel",
    "anrufen",
    "telefono",
    "teléfono",
    "móvil",
    "movil",
    "llama",
    "téléphone",
    "telephone",
    "portable",
    "appelez",
    "cellulare",
    "chiama",
    "telefone",
    "celular",
    "telemóvel",
    "telefoon",
    "telefoonnummer",
    "mobiel",
    "bel",
    "tlf",
    "puhelin",
    "telefonu",
    "komórka",
    "телефон",
    "Телефон",
    "тел.",
    "Тел.",
    "моб.",
    "τηλέφωνο",
    "Τηλέφωνο",
    "κινητό",
    "טלפון",
    "נייד",
    "هاتف",
    "جوال",
    "फ़ोन",
    "फोन",
    "โทร",
    "电话",
    "電話",
    "手机",
    "手機",
    "携帯",
    "전화",
    "휴대폰",
    "연락처",
];

#[cfg(test)]
pub(super) mod tests;
