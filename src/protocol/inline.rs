//! Files that stand in a body in base64 (RFC 4648, sections 4 and 5): read as text where they are text.

/// The text in a file, if all of it is UTF-8 and none of it is NUL, which stands between the letters of other encodings.
/// Either alphabet is taken, with padding or without.
pub(super) fn text(encoded: &str) -> Option<String> {
    let data = encoded.trim_end_matches('=').as_bytes();
    let padding = encoded.len() - data.len();
    let whole = data.len().div_ceil(4) * 4;
    if data.len() % 4 == 1 || (padding > 0 && data.len() + padding != whole) {
        return None;
    }
    let mut out = Vec::with_capacity(data.len() / 4 * 3 + 2);
    for group in data.chunks(4) {
        let mut bits = 0;
        for &byte in group {
            let value = VALUES[usize::from(byte)];
            if value == NONE {
                return None;
            }
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(..group.len() - 1)?);
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

/// The other way round, in the standard alphabet with padding, which every reader takes.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len().div_ceil(3) * 4);
    for group in text.as_bytes().chunks(3) {
        let bits = group.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let value = bits >> (18 - 6 * place) & 63;
            out.push(if place > group.len() { '=' } else { char::from(ALPHABET[value as usize]) });
        }
    }
    out
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// No character of either alphabet.
const NONE: u8 = 64;

const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < 64 {
        values[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_both_alphabets_and_any_padding() {
        for spelled in ["8J+Yij8/Pg==", "8J-Yij8_Pg", "8J+Yij8/Pg"] {
            assert_eq!(text(spelled).as_deref(), Some("😊??>"));
        }
        assert_eq!(text("").as_deref(), Some(""));
        for other in ["a", "aGk=x", "aGk==", "aG k", "/w==", "aGVsbG8====", "cwBlAGMA"] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_again(plain in "[^\0]{0,40}") {
            prop_assert_eq!(text(&encoded(&plain)), Some(plain));
        }
    }
}
