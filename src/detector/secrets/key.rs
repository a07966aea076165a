//! What has no issuer: private keys, signed tokens. Either may be of any length.

use crate::detector::format::{Format, Shape};
use crate::detector::{AsciiSet, Edges};

pub(super) const FORMATS: &[Format] = &[PRIVATE_KEY, JWT];

/// From the line that begins it to the line that ends it. Without an end it goes on as far as a key's text can.
const PRIVATE_KEY: Format = Format {
    name: "private_key",
    entity: "PRIVATE_KEY",
    summary: "a private key (PEM or PGP block, from its first line to its last)",
    usual: true,
    shapes: &[Shape {
        run: true,
        edges: Edges { before: NOTHING, after: NOTHING },
        ..Shape::new(concat!(
            r"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----(?:-?[A-Za-z0-9+/=:,.\\ \t\r\n])*",
            r"(?:-----END [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----)?"
        ))
    }],
};

/// The first member of a JOSE header in base64url, then the rest, part by part.
const JWT: Format = Format {
    name: "jwt",
    entity: "JWT",
    summary: "a JSON Web Token (a header that begins with one of JOSE's members)",
    usual: true,
    shapes: &[Shape {
        run: true,
        ..Shape::new(concat!(
            r"eyJ(?:hbGciOi|0eXAiOi|raWQiOi|lbmMiOi|jdHkiOi|qa3UiOi|qd2siOi|4NXQiOi|4NXUiOi|4NWMiOl|6aXAiOi)",
            r"[A-Za-z0-9_-]+(?:\.{1,2}[A-Za-z0-9_-]+)*"
        ))
    }],
};

const NOTHING: AsciiSet = AsciiSet::new("");
