//! The base64 view: texts that stand encoded inside a text, in the standard or the URL-safe alphabet (RFC 4648).

use super::encoded::{self, Alphabet, Encoded};
use super::{Readers, Shape, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "base64",
    why: "decoded from base64",
    shape: Shape::Inside,
    readers: Readers::All,
    make: |at| Box::new(Encoded::new(&BASE64, at)),
    wakes: |piece, ended| encoded::wakes(&BASE64, piece, ended),
};

const CHARS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static BASE64: Alphabet = Alphabet::new(CHARS, &[(b'-', b'+'), (b'_', b'/')], true, "", (b' ', b'*'));
