//! Keys: cloud credentials, private keys, signed tokens.

use super::generic::{entropy, value_of};
use super::token::BASE64;
use crate::detector::Edges;
use crate::detector::format::{Format, Shape, WORD};

pub(super) const AWS: Format = Format {
    name: "aws",
    entity: "AWS_KEY",
    summary: "an AWS access key (AKIA…, ASIA…) or the secret that goes with it",
    usual: true,
    shapes: &[
        Shape { edges: Edges { before: WORD, after: WORD }, ..Shape::new(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}") },
        Shape {
            valid: is_aws_secret,
            edges: Edges { before: WORD, after: BASE64 },
            value: Some(value_of),
            ..Shape::new(concat!(
                r#"(?i:aws_?secret_?(?:access_?)?key|secret_?access_?key|aws secret(?: access)? key)["'`]?[ \t]{0,8}"#,
                r#"(?:=>|:=|=|:| is)[ \t]{0,8}["'`]?[A-Za-z0-9/+]{40}"#
            ))
        },
    ],
};

/// From the line that begins it to the line that ends it. Without an end it goes on as far as a key's text can.
pub(super) const PRIVATE_KEY: Format = Format {
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
pub(super) const JWT: Format = Format {
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

fn is_aws_secret(value: &str) -> bool {
    entropy(value) >= 3.5 && value.bytes().any(|byte| byte.is_ascii_digit())
}

const NOTHING: crate::detector::AsciiSet = crate::detector::AsciiSet::new("");
