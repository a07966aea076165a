//! Values made from a specification: some that follow it, and some with a fault each.
#![expect(clippy::unwrap_used, reason = "tests")]

/// Characters drawn from a seed, so that every run tries the same ones.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: &str) -> Draw {
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Draw(seed.bytes().fold(0xcbf2_9ce4_8422_2325, fold) | 1)
    }

    /// xorshift.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}

/// A part of a value.
#[derive(Clone, Debug)]
enum Part {
    Fixed(String),
    /// Alphabet, least and most characters.
    Drawn(&'static str, usize, usize),
}

/// A specification such as `sk_live_{alnum:24+}`.
#[derive(Clone, Debug)]
pub(super) struct Form {
    parts: Vec<Part>,
    /// Any length will do.
    loose: bool,
}

impl Form {
    pub(super) fn parse(spec: &str) -> Form {
        let mut parts = Vec::new();
        let loose = spec.starts_with('~');
        let mut rest = spec.trim_start_matches('~').replace("{uuid}", "{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}");
        while let Some(at) = rest.find('{') {
            parts.push(Part::Fixed(rest[..at].to_owned()));
            let end = rest.find('}').unwrap();
            let (alphabet, length) = rest[at + 1..end].split_once(':').unwrap();
            let (least, most) = match length.split_once('-') {
                Some((least, most)) => (least.parse().unwrap(), most.parse().unwrap()),
                None if length.ends_with('+') => (length.trim_end_matches('+').parse().unwrap(), usize::MAX),
                None => (length.parse().unwrap(), length.parse().unwrap()),
            };
            parts.push(Part::Drawn(alphabet_of(alphabet), least, most));
            rest = rest[end + 1..].to_owned();
        }
        parts.push(Part::Fixed(rest));
        Form { parts, loose }
    }

    /// A value that follows the specification.
    pub(super) fn value(&self, draw: &mut Draw) -> String {
        self.with(draw, |_, body| body)
    }

    /// A value whose longest drawn part is changed.
    fn with(&self, draw: &mut Draw, change: impl Fn(&'static str, String) -> String) -> String {
        let longest = self.longest();
        let parts = self.parts.iter().enumerate().map(|(index, part)| match part {
            Part::Fixed(text) => text.clone(),
            Part::Drawn(alphabet, least, most) => {
                let length = least + draw.below((most.saturating_sub(*least)).min(6) + 1);
                let body = body(alphabet, length, draw);
                if index == longest { change(alphabet, body) } else { body }
            }
        });
        parts.collect()
    }

    fn longest(&self) -> usize {
        let length = |part: &Part| if let Part::Drawn(_, least, _) = part { *least } else { 0 };
        let longest = self.parts.iter().map(length).max().unwrap();
        self.parts.iter().position(|part| length(part) == longest).unwrap()
    }

    /// Values with a fault. `named`: the value counts only beside a name, so that letters and digits are asked of it.
    pub(super) fn faults(&self, draw: &mut Draw, named: bool) -> Vec<(&'static str, String)> {
        let Part::Drawn(_, least, most) = self.parts[self.longest()] else { unreachable!("a part is drawn") };
        let short = |_: &str, body: String| body[..least - 1].to_owned();
        let mut faults = if self.loose {
            Vec::new()
        } else {
            vec![
                ("one short", self.with(draw, short)),
                ("a third", self.with(draw, |_, body| body[..least / 3].to_owned())),
                ("a wrong character", self.with(draw, |_, body| spliced(&body[..least], ";"))),
                ("a foreign character", self.with(draw, |_, body| spliced(&body[..least], "\u{e9}"))),
                ("a blank inside", self.with(draw, |_, body| spliced(&body[..least], " "))),
                ("a line inside", self.with(draw, |_, body| spliced(&body[..least], "\n"))),
                ("one character", self.with(draw, |alphabet, body| alphabet[..1].repeat(body.len()))),
                ("the last one", self.with(draw, |alphabet, body| alphabet[alphabet.len() - 1..].repeat(body.len()))),
                ("the alphabet", self.with(draw, |alphabet, body| alphabet.chars().cycle().take(body.len()).collect())),
                ("nothing", self.with(draw, |_, _| String::new())),
            ]
        };
        if least >= 12 && most == least && !self.loose {
            faults.push((
                "the alphabet inside",
                self.with(draw, |alphabet, body| format!("{}{}{}", &body[..2], &alphabet[..8], &body[10..])),
            ));
        }
        let last = self.parts.iter().rev().find(|part| !matches!(part, Part::Fixed(text) if text.is_empty()));
        if let Some(Part::Drawn(alphabet, _, most)) = last
            && *most < usize::MAX
            && !self.loose
        {
            let fill = most - self.last_least();
            let more: String = alphabet.chars().rev().cycle().step_by(3).take(fill + 1).collect();
            faults.push(("one too many", format!("{}{more}", self.least(draw))));
        }
        let Part::Fixed(prefix) = &self.parts[0] else { unreachable!("parts begin with a fixed one") };
        if !named {
            let value = self.value(draw);
            for glued in ["my", "x", "Z", "0", "a_", "qWe7"] {
                faults.push(("glued to a word", format!("{glued}{value}")));
            }
            faults.push(("behind a line", format!("_{value}")));
            faults.push(("another's prefix", format!("q{}", &value[1..])));
            faults.push(("words", format!("{prefix}this-is-where-your-own-key-goes-in")));
            faults.push(("its end alone", value[1..].to_owned()));
            faults.push(("the prefix alone", prefix.clone()));
            faults.push(("a placeholder", format!("{prefix}your_{prefix}goes_here")));
            let swapped: String = prefix.chars().map(swap).collect();
            if swapped != *prefix && !prefix.contains("://") {
                faults.push(("the other case", value.replacen(prefix, &swapped, 1)));
            }
        }
        faults
    }

    fn last_least(&self) -> usize {
        let drawn = self.parts.iter().rev().find_map(|part| match part {
            Part::Drawn(_, least, _) => Some(*least),
            Part::Fixed(_) => None,
        });
        drawn.unwrap()
    }

    /// A value with as few characters as there can be.
    fn least(&self, draw: &mut Draw) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Part::Fixed(text) => text.clone(),
            Part::Drawn(alphabet, least, _) => body(alphabet, *least, draw),
        });
        parts.collect()
    }
}

fn swap(char: char) -> char {
    if char.is_ascii_lowercase() { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() }
}

fn spliced(body: &str, other: &str) -> String {
    let at = body.len() / 3;
    format!("{}{other}{}", &body[..at], &body[at + 1..])
}

/// Characters of an alphabet, each sort of them among the first ones, none next to its like.
fn body(alphabet: &'static str, length: usize, draw: &mut Draw) -> String {
    let chars: Vec<char> = alphabet.chars().collect();
    let sorts: [fn(&char) -> bool; 3] = [char::is_ascii_digit, char::is_ascii_uppercase, char::is_ascii_lowercase];
    let sorts: Vec<Vec<char>> = sorts.iter().map(|sort| chars.iter().copied().filter(*sort).collect()).collect();
    let sorts: Vec<Vec<char>> = sorts.into_iter().filter(|sort| !sort.is_empty()).collect();
    let mut out: Vec<char> = Vec::new();
    while out.len() < length {
        // Nine places in which the sorts take turns, then all of the alphabet.
        let from = if out.len() < 9 { &sorts[out.len() % sorts.len()] } else { &chars };
        let next = from[draw.below(from.len())];
        let near = out.last().is_some_and(|last| (u32::from(*last)).abs_diff(u32::from(next)) < 2);
        if !near || from.len() < 4 {
            out.push(next);
        }
    }
    out.into_iter().collect()
}

fn alphabet_of(name: &str) -> &'static str {
    match name {
        "num" => "0123456789",
        "hex" => "0123456789abcdef",
        "HEX" => "0123456789ABCDEF",
        "ah" => "0123456789abcdefgh",
        "b32" => "234567abcdefghijklmnopqrstuvwxyz",
        "b32up" => "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "bech" => "023456789ACDEFGHJKLMNPQRSTUVWXYZ",
        "low" => "0123456789abcdefghijklmnopqrstuvwxyz",
        "up" => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "alpha" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "alnum" => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "url" => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_abcdefghijklmnopqrstuvwxyz",
        "b64" => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+/abcdefghijklmnopqrstuvwxyz",
        _ => unreachable!("no alphabet {name}"),
    }
}
