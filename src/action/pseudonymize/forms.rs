//! What placeholders look like: as the value does, but from ranges that are set aside or that nobody is ever given, so
//! that a placeholder that is used is nobody's. Plain ASCII without a character that Markdown, HTML or JSON would read.

/// A placeholder for a value. `bits` choose it; the same give the same.
///
/// With `plain`, or where nothing is set aside for the entity, it is the entity's name and sixty bits of the choice.
pub fn placeholder(entity: &str, value: &str, bits: &[u8; 32], plain: bool) -> String {
    let mut draw = Draw { bits, at: 0 };
    let draw = &mut draw;
    if plain || !value.is_ascii() {
        return token(entity, draw);
    }
    match entity {
        "EMAIL_ADDRESS" => email(draw),
        "PHONE_NUMBER" => phone(value, draw),
        "CREDIT_CARD" => card(value, draw),
        "IBAN_CODE" => iban(value, draw),
        "CRYPTO" => wallet(value, draw),
        "IP_ADDRESS" if value.contains(':') => {
            // RFC 3849.
            let mut group = || 0x1000 + draw.below(0xf000);
            format!("2001:db8:{:x}:{:x}::{:x}", group(), group(), group())
        }
        "IP_ADDRESS" => {
            // RFC 5737.
            let net = draw.pick(&["192.0.2", "198.51.100", "203.0.113"]);
            format!("{net}.{}", 1 + draw.below(254))
        }
        "MAC_ADDRESS" => {
            // RFC 9542, section 2.1.4: for documentation.
            let between = if value.contains('-') { "-" } else { ":" };
            ["00", "00", "5E", "00", "53", &format!("{:02X}", draw.below(256))].join(between)
        }
        // Areas 000 and 9xx are never given; of 9xx, groups up to 49 are no taxpayer's either.
        "US_SSN" => {
            let group = 10 + draw.below(90);
            like(value, &[&[0, 0, 0, group / 10, group % 10], &draw.digits(4)[..]].concat())
        }
        "US_ITIN" => {
            let (area, group) = (draw.digits(2), 10 + draw.below(40));
            like(value, &[&[9], &area[..], &[group / 10, group % 10], &draw.digits(4)[..]].concat())
        }
        // Set aside for tests.
        "UK_NHS" => like(value, &[&[9, 9, 9], &draw.digits(7)[..]].concat()),
        "DE_TAX_ID" => like(value, &[&[0], &draw.digits(10)[..]].concat()),
        // Neither Q in the prefix, nor U as the check letter, nor 9 as the sex exists.
        "UK_NINO" => {
            let mut letters = ["Q", "Q", draw.pick(&["A", "B", "C", "D"])].into_iter();
            let shape = like(value, &draw.digits(6));
            let letter = |char: char| if char.is_ascii_alphabetic() { letters.next().unwrap_or("") } else { "" };
            let mut letter = letter;
            shape
                .chars()
                .map(|char| if char.is_ascii_alphabetic() { letter(char).to_owned() } else { char.into() })
                .collect()
        }
        "ES_NIF" | "ES_NIE" => {
            let mut shape = like(value, &draw.digits(8));
            shape.pop();
            shape + "U"
        }
        "FR_NIR" => like(value, &[&[9], &draw.digits(14)[..]].concat()),
        "UUID" => {
            // Version 8 of RFC 9562: made by whoever likes to.
            let hex = draw.string(30, b"0123456789abcdef");
            let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
            format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
        }
        _ => token(entity, draw),
    }
}

/// Choices made of a hash.
struct Draw<'b> {
    bits: &'b [u8; 32],
    at: usize,
}

impl Draw<'_> {
    /// A number below `bound`, as good as evenly.
    fn below(&mut self, bound: u32) -> u32 {
        let mut number = 0_u32;
        for _ in 0..if bound <= 32 { 2 } else { 4 } {
            // What is longer than the hash goes round it again, in another step.
            let byte = self.bits[(self.at + self.at / 32) % 32];
            number = number << 8 | u32::from(byte);
            self.at += 1;
        }
        number % bound
    }

    fn digits(&mut self, count: usize) -> Vec<u32> {
        (0..count).map(|_| self.below(10)).collect()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    fn string(&mut self, count: usize, alphabet: &[u8]) -> String {
        (0..count).map(|_| char::from(self.pick(alphabet))).collect()
    }
}

/// RFC 2606. Fifty bits of choice: nobody comes upon it by chance.
fn email(draw: &mut Draw<'_>) -> String {
    let (name, end) = (draw.pick(NAMES), draw.pick(&["com", "net", "org"]));
    format!("{name}.{}@example.{end}", draw.string(10, b"abcdefghijkmnpqrstuvwxyz23456789"))
}

/// Numbers that the countries keep for films and books, in the form of the value where that says the country.
fn phone(value: &str, draw: &mut Draw<'_>) -> String {
    let (number, rest) = value.split_at(value.find(['x', 'e']).unwrap_or(value.len()));
    let abroad = number.starts_with('+') || number.starts_with("00");
    let digits: Vec<u32> = number.chars().filter_map(|char| char.to_digit(10)).collect();
    let digits = if number.starts_with("00") { &digits[2..] } else { &digits[..] };
    let zeros: &[u32] = if number.starts_with("00") { &[0, 0] } else { &[] };
    let own: Vec<u32> = match (abroad, digits, digits.len()) {
        (_, [1, ..], 11) => [vec![1], america(draw)].concat(),
        (false, [2..=9, ..], 10) => america(draw),
        (true, [4, 4, ..], 12) => [vec![4, 4], britain(draw)].concat(),
        (false, [0, 7, ..], 11) => [vec![0, 7, 7, 0, 0, 9, 0, 0], draw.digits(3)].concat(),
        (true, [3, 3, ..], 11) => [vec![3, 3], france(draw)].concat(),
        (true, [4, 9, ..], 12) => [vec![4, 9], germany(draw)].concat(),
        (true, [6, 1, ..], 11) => [vec![6, 1, draw.pick(&[2, 3, 7, 8]), 5, 5, 5, 0], draw.digits(4)].concat(),
        _ => {
            let number: String = america(draw).iter().map(u32::to_string).collect();
            let part = |from: usize, to: usize| number.get(from..to).unwrap_or_default();
            return format!("+1 {} {} {}", part(0, 3), part(3, 6), part(6, 10));
        }
    };
    let extension = draw.digits(rest.chars().filter(char::is_ascii_digit).count());
    like(value, &[zeros, &own[..], &extension[..]].concat())
}

/// 555-0100 to 555-0199 in any area.
fn america(draw: &mut Draw<'_>) -> Vec<u32> {
    let mut area = [2 + draw.below(8), draw.below(9), draw.below(10)];
    if area[1] == 1 && area[2] == 1 {
        area[2] = 2;
    }
    [&area[..], &[5, 5, 5, 0, 1], &draw.digits(2)[..]].concat()
}

/// Ofcom's numbers for drama.
fn britain(draw: &mut Draw<'_>) -> Vec<u32> {
    const RANGES: &[[u32; 7]] = &[
        [7, 7, 0, 0, 9, 0, 0],
        [1, 6, 3, 2, 9, 6, 0],
        [2, 0, 7, 9, 4, 6, 0],
        [1, 1, 3, 4, 9, 6, 0],
        [1, 1, 4, 4, 9, 6, 0],
        [1, 1, 5, 4, 9, 6, 0],
        [1, 1, 6, 4, 9, 6, 0],
        [1, 1, 7, 4, 9, 6, 0],
        [1, 1, 8, 4, 9, 6, 0],
        [1, 2, 1, 4, 9, 6, 0],
        [1, 3, 1, 4, 9, 6, 0],
        [1, 4, 1, 4, 9, 6, 0],
        [1, 5, 1, 4, 9, 6, 0],
        [1, 6, 1, 4, 9, 6, 0],
        [1, 9, 1, 4, 9, 8, 0],
    ];
    [&draw.pick(RANGES)[..], &draw.digits(3)[..]].concat()
}

/// ARCEP's.
fn france(draw: &mut Draw<'_>) -> Vec<u32> {
    const RANGES: &[[u32; 5]] =
        &[[1, 9, 9, 0, 0], [2, 6, 1, 9, 1], [3, 5, 3, 0, 1], [4, 6, 5, 7, 1], [5, 3, 6, 4, 9], [6, 3, 9, 9, 8]];
    [&draw.pick(RANGES)[..], &draw.digits(4)[..]].concat()
}

/// The Bundesnetzagentur's.
fn germany(draw: &mut Draw<'_>) -> Vec<u32> {
    const RANGES: &[[u32; 7]] = &[
        [3, 0, 2, 3, 1, 2, 5],
        [6, 9, 9, 0, 0, 0, 9],
        [4, 0, 6, 6, 9, 6, 9],
        [2, 2, 1, 4, 7, 1, 0],
        [8, 9, 9, 9, 9, 9, 8],
    ];
    [&draw.pick(RANGES)[..], &draw.digits(3)[..]].concat()
}

/// ISO/IEC 7812: 9 is for national bodies, and 999 is no country's. The checksum holds.
fn card(value: &str, draw: &mut Draw<'_>) -> String {
    let count = value.bytes().filter(u8::is_ascii_digit).count();
    let mut digits = [&[9, 9, 9, 9], &draw.digits(count.saturating_sub(5))[..]].concat();
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(at, &digit)| if at % 2 == 0 { doubled(digit) } else { digit }).sum();
    digits.push((10 - sum % 10) % 10);
    like(value, &digits)
}

/// ISO 3166 leaves XX to its users. The checksum holds.
fn iban(value: &str, draw: &mut Draw<'_>) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let shape: Vec<char> = value.chars().filter(char::is_ascii_alphanumeric).skip(4).collect();
    let own: Vec<char> = shape
        .iter()
        .map(|char| {
            let new = char::from(if char.is_ascii_digit() { draw.pick(b"0123456789") } else { draw.pick(letters) });
            if char.is_ascii_lowercase() { new.to_ascii_lowercase() } else { new }
        })
        .collect();
    let remainder = own.iter().chain(&['X', 'X', '0', '0']).fold(0, |remainder, char| {
        let digit = char.to_digit(36).unwrap_or(0);
        (remainder * if digit > 9 { 100 } else { 10 } + digit) % 97
    });
    let check = format!("{:02}", 98 - remainder);
    let mut all = "XX".chars().chain(check.chars()).chain(own);
    value.chars().map(|char| if char.is_ascii_alphanumeric() { all.next().unwrap_or(char) } else { char }).collect()
}

/// Bitcoin's test network; an Ethereum address that begins with zeros.
fn wallet(value: &str, draw: &mut Draw<'_>) -> String {
    if value.starts_with("0x") {
        return format!("0x00000000{}", draw.string(32, b"0123456789abcdef"));
    }
    format!("tb1q{}", draw.string(value.len().clamp(24, 64) - 4, b"qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
}

/// The entity's name and a choice.
fn token(entity: &str, draw: &mut Draw<'_>) -> String {
    let words = entity.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-").to_ascii_uppercase();
    name.truncate(24);
    let name = if name.is_empty() { "PRIVATE" } else { name.trim_end_matches('-') };
    format!("{name}-{}", draw.string(12, b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789"))
}

/// The value with other digits.
fn like(value: &str, digits: &[u32]) -> String {
    let mut digits = digits.iter().filter_map(|&digit| char::from_digit(digit, 10));
    value.chars().map(|char| if char.is_ascii_digit() { digits.next().unwrap_or('0') } else { char }).collect()
}

/// First names that are known in many places.
const NAMES: &[&str] = &[
    "alex", "andrea", "chris", "dana", "eli", "jamie", "jordan", "kim", "lee", "luca", "morgan", "noa", "robin", "sam",
    "sasha", "toni",
];

#[cfg(test)]
mod tests;
