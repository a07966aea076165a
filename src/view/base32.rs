//! The base32 view: texts that stand encoded inside a text in the standard alphabet (RFC 4648), in capitals.

use super::encoded::{self, Alphabet, Encoded};
use super::{Readers, Shape, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "base32",
    why: "decoded from base32",
    shape: Shape::Inside,
    readers: Readers::All,
    make: |at| Box::new(Encoded::new(&BASE32, at)),
    wakes: |piece, ended| encoded::wakes(&BASE32, piece, ended),
};

static BASE32: Alphabet = Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", &[], true, "", (b'a', b'z'));
