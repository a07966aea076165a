//! Hosts as browsers read them (UTS 46, IPv4 in all its spellings), and lists of them.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;
use unicode_security::confusable_detection::skeleton;

use crate::config::value::{filled, wrong};
use crate::config::{Node, Problem};

/// A host.
#[derive(Clone, Debug)]
pub(super) enum Host {
    /// Small letters, Punycode where it has others than ASCII, no dot at the end.
    Name(String),
    /// An address, and whether it is written the usual way.
    Ip(IpAddr, bool),
}

impl Host {
    /// Reads a host without its port. `None`: there is none.
    pub(super) fn of(text: &str) -> Option<Host> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']')?;
            let address: Ipv6Addr = inner.split('%').next()?.parse().ok()?;
            return Some(Host::Ip(address.into(), true));
        }
        let text = unescaped(to_ending(text));
        let name = match idna::domain_to_ascii_cow(&text, AsciiDenyList::EMPTY) {
            Ok(name) => name.into_owned(),
            // No browser goes there, but who knows what does.
            Err(_) => String::from_utf8_lossy(&text).to_lowercase(),
        };
        let name = name.trim_end_matches('.');
        if name.is_empty() || name.starts_with('.') {
            return None;
        }
        match ipv4(name) {
            Some(address) => Some(Host::Ip(address.into(), *text == *address.to_string().as_bytes())),
            None => Some(Host::Name(name.to_owned())),
        }
    }

    /// Whether it is enough of a host: where anything may stand, a name has a dot; with a scheme at least no odd signs.
    pub(super) fn is_whole(&self, relative: bool) -> bool {
        let Host::Name(name) = self else { return true };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        name.contains('.') || (!relative && name.bytes().all(plain))
    }

    /// Whether it is a bare address. The machine itself, as it is usually written, is what programmers talk about.
    pub(super) fn is_odd_ip(&self) -> bool {
        matches!(self, Host::Ip(address, plain) if !(*plain && (address.is_loopback() || address.is_unspecified())))
    }

    /// Whether letters of it look like ASCII letters, so that it looks like an ASCII name.
    pub(super) fn looks_like_another(&self) -> bool {
        let Host::Name(name) = self else { return false };
        let (written, _) = idna::domain_to_unicode(name);
        if written.is_ascii() {
            return false;
        }
        let looks = |label: &str| label.chars().all(|char| char.is_ascii() || lookalike(char).is_some());
        let ending = written.rsplit('.').next().unwrap_or_default();
        // Under an ending in another script nobody expects ASCII names.
        looks(ending) && written.split('.').any(|label| !label.is_ascii() && looks(label))
    }

    /// Whether it shortens URLs.
    pub(super) fn shortens(&self) -> bool {
        let Host::Name(name) = self else { return false };
        SHORTENERS.contains(&name.strip_prefix("www.").unwrap_or(name))
    }

    /// The parts of its name.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        let name = if let Host::Name(name) = self { name.as_str() } else { "" };
        name.split('.')
    }

    fn same(&self, other: &Host) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(other)) => one == other,
            (Host::Ip(one, _), Host::Ip(other, _)) => one == other,
            _ => false,
        }
    }

    /// As the view that replaces look-alike letters shows it.
    fn replaced(&self) -> Option<Host> {
        let Host::Name(name) = self else { return None };
        let (written, _) = idna::domain_to_unicode(name);
        let shown: String = written.chars().map(|char| lookalike(char).unwrap_or(char)).collect();
        if shown == written { None } else { Host::of(&shown) }
    }
}

/// Hosts of a rule.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    exact: Vec<Host>,
    /// With the dot: whatever ends so.
    under: Vec<String>,
}

/// One entry of a list.
pub(super) struct Entry {
    host: Host,
    subdomains: bool,
}

/// Reads a host of a list: `acme.com`, or `*.acme.com` for everything below it.
pub(super) fn entry(node: &Node) -> Result<Entry, Problem> {
    let text = filled(node)?;
    let (name, subdomains) = text.strip_prefix("*.").map_or((text.as_str(), false), |name| (name, true));
    let odd = |char: char| matches!(char, '/' | '\\' | '@' | '?' | '#' | '*' | '%') || char.is_whitespace();
    let port = name.contains(':') && !name.starts_with('[');
    let host = if name.contains(odd) || port { None } else { Host::of(name) };
    host.filter(|host| !subdomains || matches!(host, Host::Name(_))).map(|host| Entry { host, subdomains }).ok_or_else(
        || {
            wrong(node, "a host such as `docs.acme.com`, or `*.acme.com` for all below it")
                .help("leave out scheme, port and path: a host is listed with every port")
        },
    )
}

impl Hosts {
    pub(super) fn of(entries: Vec<Entry>) -> Hosts {
        let mut hosts = Hosts::default();
        for Entry { host, subdomains } in entries {
            let shown = host.replaced();
            for host in [host].into_iter().chain(shown) {
                match host {
                    Host::Name(name) if subdomains => hosts.under.push(format!(".{name}")),
                    host => hosts.exact.push(host),
                }
            }
        }
        hosts
    }

    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.under.is_empty()
    }

    pub(super) fn have(&self, host: &Host) -> bool {
        let below = |name: &str| self.under.iter().any(|end| name.len() > end.len() && name.ends_with(end.as_str()));
        self.exact.iter().any(|own| own.same(host)) || matches!(host, Host::Name(name) if below(name))
    }
}

/// The ASCII letter or digit that a character passes for.
fn lookalike(char: char) -> Option<char> {
    if char.is_ascii() {
        return None;
    }
    let mut utf8 = [0; 4];
    let mut skeleton = skeleton(char.encode_utf8(&mut utf8));
    let first = skeleton.next().filter(char::is_ascii_alphanumeric)?;
    skeleton.next().is_none().then_some(first)
}

/// Without letters of another script behind an ASCII ending: they are the next word. No ending mixes them so.
fn to_ending(text: &str) -> &str {
    let last = text.rfind('.').map_or(text.len(), |at| at + 1);
    let ending = text.get(last..).unwrap_or_default();
    match ending.char_indices().find(|(_, char)| !char.is_ascii()) {
        Some((at, _)) if at > 0 => text.get(..last + at).unwrap_or(text),
        _ => text,
    }
}

/// An IPv4 address of one to four parts, each decimal, octal or hex (WHATWG URL, "IPv4 parser").
fn ipv4(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u64> = name.split('.').map(ipv4_part).collect::<Option<_>>()?;
    let (&last, head) = parts.split_last().filter(|_| parts.len() <= 4)?;
    if head.iter().any(|&part| part > 255) || last >> (8 * (4 - head.len())) > 0 {
        return None;
    }
    let head = head.iter().enumerate().map(|(place, &part)| part << (24 - 8 * place)).sum::<u64>();
    u32::try_from(head + last).ok().map(Ipv4Addr::from)
}

fn ipv4_part(part: &str) -> Option<u64> {
    if part.is_empty() || part.len() > 16 {
        return None;
    }
    match part.strip_prefix("0x") {
        Some("") => Some(0),
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if !part.bytes().all(|byte| byte.is_ascii_digit()) => None,
        None if part.len() > 1 && part.starts_with('0') => u64::from_str_radix(part, 8).ok(),
        None => part.parse().ok(),
    }
}

/// With `%41` undone.
fn unescaped(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return text.as_bytes().into();
    }
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let digit = |place: usize| bytes.get(at + place).and_then(|&digit| char::from(digit).to_digit(16));
        let escape = (byte == b'%').then(|| Some(digit(1)? * 16 + digit(2)?)).flatten();
        out.push(escape.map_or(byte, |byte| byte as u8));
        at += if escape.is_some() { 3 } else { 1 };
    }
    out.into()
}

/// Services that shorten URLs for everybody.
const SHORTENERS: &[&str] = &[
    "adf.ly",
    "b.link",
    "bit.do",
    "bit.ly",
    "bitly.com",
    "bl.ink",
    "buff.ly",
    "clck.ru",
    "cli.re",
    "cutt.ly",
    "cutt.us",
    "dlvr.it",
    "dub.sh",
    "gg.gg",
    "git.io",
    "goo.gl",
    "goo.su",
    "is.gd",
    "j.mp",
    "kutt.it",
    "lnkd.in",
    "mcaf.ee",
    "n9.cl",
    "ow.ly",
    "plu.sh",
    "ppt.cc",
    "qr.ae",
    "qr.net",
    "rb.gy",
    "rebrand.ly",
    "reurl.cc",
    "rotf.lol",
    "s.id",
    "s.yam.com",
    "short.gy",
    "short.io",
    "shorte.st",
    "shorturl.at",
    "shorturl.asia",
    "snip.ly",
    "soo.gd",
    "t.co",
    "t.ly",
    "t2m.io",
    "tiny.cc",
    "tiny.one",
    "tinyurl.com",
    "tny.im",
    "trib.al",
    "u.nu",
    "u.to",
    "urlz.fr",
    "v.gd",
    "vk.cc",
    "waa.ai",
    "wp.me",
    "x.co",
    "x.gd",
    "y2u.be",
    "zpr.io",
    "zws.im",
];
