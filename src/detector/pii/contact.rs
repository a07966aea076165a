//! Addresses on the internet: e-mail, URLs.

use crate::detector::format::{Format, Shape, WORD};
use crate::detector::pii::Example;
use crate::detector::{AsciiSet, Edges, Inner};

/// What is looked for.
pub(super) const FORMATS: &[&Format] = &[&EMAIL_ADDRESS, &URL];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("EMAIL_ADDRESS", "Write to ", "jane.doe+news@mail.example.co.uk"),
    ("URL", "See ", "https://example.com/a?b=c#d"),
];

const EMAIL_ADDRESS: Format = Format {
    name: "EMAIL_ADDRESS",
    entity: "EMAIL_ADDRESS",
    summary: "an e-mail address (RFC 5321 lengths, a domain with a dot that is no file's name)",
    usual: true,
    shapes: &[Shape {
        edges: Edges { before: LOCAL, after: AsciiSet::new("A-Za-z0-9") },
        inner: Some(Inner { byte: b'@', class: LOCAL, min: 1, max: 64 }),
        valid: |text| !FILES.iter().any(|end| text.ends_with(end)),
        ..Shape::new(
            r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}(?:[A-Za-z]{2,24}|[Xx][Nn]--[A-Za-z0-9-]{2,59})",
        )
    }],
};

const URL: Format = Format {
    name: "URL",
    entity: "URL",
    summary: "a web address with its scheme, or one that begins with www.",
    usual: false,
    shapes: &[Shape {
        score: 600,
        edges: Edges { before: WORD, after: AsciiSet::new("") },
        // Commas and semicolons belong to a path, but not to a host.
        ..Shape::new(concat!(
            r"(?i:https?://|ftp://|www\.)[%.0-9:@A-Z\[\]_a-z~-]*[a-zA-Z0-9\]]",
            r"(?:[/?#](?:[!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]*[a-zA-Z0-9/#=_&%~+-])?)?"
        ))
    }],
};

/// What a file's name ends with, as in `icon@2x.png`: no domain does.
const FILES: &[&str] = &[
    ".bmp", ".css", ".csv", ".dll", ".exe", ".gif", ".html", ".ico", ".jar", ".jpeg", ".jpg", ".js", ".json", ".pdf",
    ".png", ".svg", ".tiff", ".ts", ".tsx", ".txt", ".webp", ".xml", ".yaml", ".yml",
];
/// What stands before the `@`, quoted forms left aside.
const LOCAL: AsciiSet = AsciiSet::new("A-Za-z0-9._%+-");

#[cfg(test)]
pub(super) mod tests;
