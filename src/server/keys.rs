//! Clients' keys: who may use the data port.
//!
//! The configuration holds hashes alone. A key may come in any header in which official clients send theirs; where it
//! is Palisade's, it goes no further. With keys configured every request needs one, whatever its route: a client that
//! brings a provider's key of its own sends Palisade's in another of these headers.

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use super::query;
use crate::budget::Spender;

/// The keys that let a client in.
#[derive(Clone, Default)]
pub struct Keys(Box<[[u8; 32]]>);

impl Keys {
    /// From the keys' SHA-256 hashes. None: everybody is let in.
    pub fn new(hashes: &[[u8; 32]]) -> Keys {
        Keys(hashes.into())
    }

    /// Whether clients need a key.
    pub fn are_needed(&self) -> bool {
        !self.0.is_empty()
    }

    /// Takes Palisade's keys out of the headers. False if one is needed and there was none.
    pub fn admit(&self, headers: &mut HeaderMap) -> bool {
        if !self.are_needed() {
            return true;
        }
        let mut admitted = false;
        for name in HEADERS {
            if headers.get_all(&name).iter().any(|value| self.knows(secret(value))) {
                admitted = true;
                // Other values of the same name could be a second guess; none of them is the provider's business.
                headers.remove(&name);
            }
        }
        admitted
    }

    /// Takes the same time whatever is presented and however much of it is right.
    fn knows(&self, presented: &[u8]) -> bool {
        let hash: [u8; 32] = Sha256::digest(presented).into();
        let known = self.0.iter().fold(Choice::from(0), |known, key| known | key.ct_eq(&hash));
        known.into()
    }
}

/// Who a request may be from, by all keys that stand in it. Which of them the provider takes is not known here, and what
/// others a client adds is its own choice: it goes by all of them.
pub(super) fn presented(request: &Parts) -> Vec<Spender> {
    let spender = |key: &[u8]| Spender::new(&[b"key", key]);
    let headers =
        HEADERS.into_iter().flat_map(|name| request.headers.get_all(name)).map(|value| spender(secret(value)));
    let query = request.uri.query().into_iter().flat_map(query::keys).map(|key| spender(key.as_bytes()));
    let mut keys: Vec<Spender> = Vec::new();
    for key in headers.chain(query) {
        if keys.len() == MAX_PRESENTED {
            // And by the account of those who have no key.
            keys.push(Spender::new(&[b"key"]));
            break;
        }
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// More keys than this no client sends.
const MAX_PRESENTED: usize = 8;

/// The key without the name of its scheme.
fn secret(value: &HeaderValue) -> &[u8] {
    let value = value.as_bytes().trim_ascii();
    match value.split_at_checked(7) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case(b"bearer ") => key.trim_ascii(),
        _ => value,
    }
}

impl std::fmt::Debug for Keys {
    /// How many there are, nothing of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

/// Where official clients put their key: `OpenAI` and most others, Anthropic, Azure, Google.
const HEADERS: [HeaderName; 4] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_key_lets_in_and_goes_no_further() {
        let keys = Keys::new(&[Sha256::digest(b"pk-1").into(), Sha256::digest(b"pk-2").into()]);
        for (name, value) in [
            ("authorization", "Bearer pk-1"),
            ("authorization", "bearer  pk-2 "),
            ("x-api-key", "pk-2"),
            ("api-key", "pk-1"),
            ("x-goog-api-key", "pk-1"),
        ] {
            let mut all = headers(&[("x-other", "kept"), (name, value)]);
            assert!(keys.admit(&mut all), "{name}");
            assert_eq!(all, headers(&[("x-other", "kept")]));
        }
        let mut both = headers(&[("authorization", "Bearer sk-theirs"), ("x-api-key", "pk-1")]);
        assert!(keys.admit(&mut both));
        assert_eq!(both, headers(&[("authorization", "Bearer sk-theirs")]));
    }

    #[test]
    fn what_is_no_key_lets_nobody_in() {
        let keys = Keys::new(&[Sha256::digest(b"pk-1").into()]);
        for list in [
            &[][..],
            &[("authorization", "Bearer pk-")],
            &[("authorization", "Basic pk-1")],
            &[("authorization", "")],
            &[("x-key", "pk-1")],
        ] {
            assert!(!keys.admit(&mut headers(list)), "{list:?}");
        }
        assert!(Keys::default().admit(&mut headers(&[])));
    }
}
