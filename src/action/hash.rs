//! `hash`: a keyed hash in place of the found text, so that equal texts stay recognisable and nothing else does.

use std::sync::Arc;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{Action, ActionKind, Found, Rewrite};
use crate::config::MapReader;

pub(super) const KIND: ActionKind = ActionKind {
    name: "hash",
    summary: "put `<ENTITY:keyed hash>` in place of the found text",
    example: "hash",
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the signature that all kinds share")]
fn build(_: &mut MapReader<'_>) -> Option<Action> {
    Some(Action::Rewrite(Rewrite { name: KIND.name, fill: None, restore: None, with: Arc::new(hashed) }))
}

/// `<ENTITY:…>` with the first 12 hex digits of HMAC-SHA-256 (RFC 2104) over the text.
fn hashed(found: &Found<'_>) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(found.key) else {
        // HMAC takes keys of any length. Were it ever otherwise, nothing of the text may show.
        return format!("<{}>", found.entity);
    };
    mac.update(found.text.as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex = digest.iter().take(6).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("<{}:{hex}>", found.entity)
}

#[cfg(test)]
mod tests {
    use super::{Found, hashed};

    #[test]
    fn equal_texts_have_equal_hashes_under_one_key_only() {
        // RFC 4231, test case 2: HMAC-SHA-256 begins with 5bdcc146bf60.
        let found = Found {
            whole: true,
            text: "what do ya want for nothing?",
            entity: "EMAIL",
            rule: "r",
            key: b"Jefe",
            pseudonym: "",
        };
        assert_eq!(hashed(&found), "<EMAIL:5bdcc146bf60>");
        assert_ne!(hashed(&Found { key: b"other", ..found }), "<EMAIL:5bdcc146bf60>");
    }
}
