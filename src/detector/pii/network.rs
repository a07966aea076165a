//! Names of machines and things: IP and MAC addresses, UUIDs.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::detector::format::{Format, Shape, WORD};
use crate::detector::pii::Example;
use crate::detector::{AsciiSet, Edges, Inner};

/// What is looked for.
pub(super) const FORMATS: &[&Format] = &[&IP_ADDRESS, &MAC_ADDRESS, &UUID];

/// Made up, or published as examples.
pub(in crate::detector::pii) const EXAMPLES: &[Example] = &[
    ("IP_ADDRESS", "Ping ", "203.0.113.42"),
    ("IP_ADDRESS", "Ping ", "2001:db8:85a3::8a2e:370:7334"),
    ("MAC_ADDRESS", "The card ", "00:1B:44:11:3A:B7"),
    ("UUID", "Id ", "123e4567-e89b-12d3-a456-426614174000"),
];

const IP_ADDRESS: Format = Format {
    name: "IP_ADDRESS",
    entity: "IP_ADDRESS",
    summary: "an IPv4 or IPv6 address (parsed; not loopback, unspecified or broadcast)",
    usual: true,
    shapes: &[
        Shape {
            joiners: AsciiSet::new("."),
            ..Shape::number(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}", is_v4, 600)
        },
        Shape {
            valid: is_v6,
            score: 600,
            edges: Edges { before: AsciiSet::new("A-Za-z0-9_:"), after: WORD },
            joiners: AsciiSet::new(":"),
            joined: HEX,
            inner: Some(Inner { byte: b':', class: HEX, min: 0, max: 4 }),
            ..Shape::new(r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:[0-9]{0,3}(?:\.[0-9]{1,3}){3})?")
        },
    ],
};

const MAC_ADDRESS: Format = Format {
    name: "MAC_ADDRESS",
    entity: "MAC_ADDRESS",
    summary: "a MAC address (six pairs; not all equal)",
    usual: true,
    shapes: &[mac(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}", b':'), mac(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}", b'-')],
};

const UUID: Format = Format {
    name: "UUID",
    entity: "UUID",
    summary: "a UUID (RFC 9562: form; not nil or all ones)",
    usual: false,
    shapes: &[Shape {
        valid: varied,
        edges: Edges { before: AsciiSet::new("A-Za-z0-9_-"), after: AsciiSet::new("A-Za-z0-9_-") },
        inner: Some(Inner { byte: b'-', class: HEX, min: 8, max: 8 }),
        ..Shape::new(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
    }],
};

const fn mac(pattern: &'static str, byte: u8) -> Shape {
    Shape {
        valid: varied,
        score: 700,
        edges: Edges { before: AsciiSet::new("A-Za-z0-9_:-"), after: WORD },
        // More pairs are a fingerprint or another kind of address.
        joiners: AsciiSet::new(":-"),
        joined: HEX,
        inner: Some(Inner { byte, class: HEX, min: 2, max: 2 }),
        ..Shape::new(pattern)
    }
}

fn is_v4(text: &str) -> bool {
    text.parse::<Ipv4Addr>()
        .is_ok_and(|address| !address.is_loopback() && !address.is_unspecified() && !address.is_broadcast())
}

/// Short forms such as `a::b` are names in many programming languages: at least three groups, one with a digit.
fn is_v6(text: &str) -> bool {
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    groups >= 3 && text.bytes().any(|byte| byte.is_ascii_digit()) && text.parse::<Ipv6Addr>().is_ok()
}

/// Whether there are different digits in it.
fn varied(text: &str) -> bool {
    let mut digits = text.bytes().filter(u8::is_ascii_hexdigit);
    let first = digits.next();
    digits.any(|digit| Some(digit) != first)
}

const HEX: AsciiSet = AsciiSet::new("0-9A-Fa-f");

#[cfg(test)]
pub(super) mod tests;
