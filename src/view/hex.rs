//! The hex view: texts that stand inside a text as hex digits, two for each byte; between the bytes there may be a space,
//! a comma, a colon or a dash.

use super::encoded::{self, Alphabet, Encoded};
use super::{Readers, Shape, ViewKind};

pub(super) const KIND: ViewKind = ViewKind {
    name: "hex",
    why: "decoded from hex",
    shape: Shape::Inside,
    readers: Readers::All,
    make: |at| Box::new(Encoded::new(&HEX, at)),
    wakes: |piece, ended| encoded::wakes(&HEX, piece, ended),
};

const CAPITALS: &[(u8, u8)] = &[(b'A', b'a'), (b'B', b'b'), (b'C', b'c'), (b'D', b'd'), (b'E', b'e'), (b'F', b'f')];

static HEX: Alphabet = Alphabet::new("0123456789abcdef", CAPITALS, false, " ,:-", (b'g', b'z'));
