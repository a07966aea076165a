//! The chain: what a line is, and its hash.
//!
//! A line is `{"seq":N,"prev":"P",…,"hash":"H"}`. H is the hash of all that stands before `,"hash"`, P the H of the
//! line before (64 zeros for the first). With the installation's `secret` it is HMAC-SHA-256 (RFC 2104), which nobody
//! can make anew without that secret; else SHA-256, which only shows what was changed carelessly.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Makes the hashes of lines.
#[derive(Clone)]
pub struct Hasher {
    key: Option<Hmac<Sha256>>,
}

/// A line's hash, or none before the first.
pub type Hash = [u8; 32];

/// Where a chain stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Number of the next line, from 0.
    pub next: u64,
    /// Hash of the last line.
    pub hash: Hash,
}

impl Hasher {
    /// Keyed, if there is a secret.
    pub fn new(secret: Option<&[u8]>) -> Hasher {
        let key = secret.map(|secret| {
            // Of exactly one block, which cannot be refused; and no other use of the secret makes the same.
            let mut block = [0; 64];
            block[..32]
                .copy_from_slice(&Sha256::new_with_prefix(b"palisade decision log\0").chain_update(secret).finalize());
            Hmac::new(&block.into())
        });
        Hasher { key }
    }

    /// Its name in the log.
    pub fn name(&self) -> &'static str {
        if self.key.is_some() { KEYED } else { PLAIN }
    }

    /// The hash of a line up to its own.
    pub fn hash(&self, line: &[u8]) -> Hash {
        match &self.key {
            Some(key) => {
                let mut mac = key.clone();
                mac.update(line);
                mac.finalize().into_bytes().into()
            }
            None => Sha256::digest(line).into(),
        }
    }
}

impl Link {
    /// Appends a line to `out`: `fields` is what stands between `prev` and `hash`, without outer commas.
    pub fn append(&mut self, fields: &str, hasher: &Hasher, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(format!("{{\"seq\":{},\"prev\":\"{}\",", self.next, hex(&self.hash)).as_bytes());
        out.extend_from_slice(fields.as_bytes());
        self.hash = hasher.hash(out.get(start..).unwrap_or_default());
        self.next += 1;
        out.extend_from_slice(format!("{HASH}{}\"}}\n", hex(&self.hash)).as_bytes());
    }
}

impl std::fmt::Debug for Hasher {
    /// Leaves the key out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Takes a line (without its end) apart: what was hashed, and the hash it claims.
pub fn split(line: &[u8]) -> Option<(&[u8], Hash)> {
    let tail = HASH.len() + 64 + 2;
    let (hashed, tail) = line.split_at_checked(line.len().checked_sub(tail)?)?;
    let digits = tail.strip_prefix(HASH.as_bytes())?.strip_suffix(b"\"}")?;
    Some((hashed, unhex(std::str::from_utf8(digits).ok()?)?))
}

/// As lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// From lower-case hex.
pub fn unhex(text: &str) -> Option<Hash> {
    let lower = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    if text.len() != 64 || !text.bytes().all(lower) {
        return None;
    }
    let mut hash = Hash::default();
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// Before a line's own hash.
const HASH: &str = ",\"hash\":\"";
/// Hashes that need the secret.
pub const KEYED: &str = "hmac-sha256";
/// Hashes that anybody can make.
pub const PLAIN: &str = "sha256";
