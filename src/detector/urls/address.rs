//! An address as a browser reads it (WHATWG URL): white space inside is dropped, backslashes are slashes, the host is what
//! stands behind the last `@`, in whatever spelling.

use std::borrow::Cow;

use super::host::Host;

/// What an address leads to.
#[derive(Debug)]
pub(super) enum Address {
    /// A program that runs where the address is opened.
    Script,
    /// A host.
    Web {
        host: Host,
        /// Whether a name stands before the host.
        userinfo: bool,
        /// What stands behind the host, without the fragment: that is never sent.
        rest: String,
    },
}

/// How much data an address may carry, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// In one parameter, path segment or label.
    pub(super) one: usize,
    /// In all of them.
    pub(super) all: usize,
}

/// An image is fetched without anybody's doing.
pub(super) const IMAGE: Bounds = Bounds { one: 64, all: 192 };
/// A link is followed by somebody who sees it.
pub(super) const LINK: Bounds = Bounds { one: 256, all: 512 };
/// Carries nothing away by itself.
pub(super) const TEXT: Bounds = Bounds { one: usize::MAX, all: usize::MAX };

const SCHEMES: &[&str] = &["https:", "http:", "ftps:", "ftp:", "wss:", "ws:"];
const SCRIPTS: &[&str] = &["javascript:", "vbscript:"];
/// What an identifier or a slug takes in a path or a host's label.
const PLAIN: usize = 32;

impl Address {
    /// Reads an address. `None`: it leads nowhere else, or nowhere at all.
    pub(super) fn read(url: &str) -> Option<Address> {
        let url = without_breaks(url);
        let url = url.trim_matches(|char| char <= ' ');
        if let Some(program) = SCRIPTS.iter().find_map(|scheme| after(url, scheme)) {
            let does = |char| matches!(char, '(' | '=' | '%' | '/' | '.' | '`' | '[' | ';');
            return program.contains(does).then_some(Address::Script);
        }
        let (behind, relative) = match SCHEMES.iter().find_map(|scheme| after(url, scheme)) {
            Some(behind) => (behind.trim_start_matches(SLASHES), false),
            None if after(url, "www.").is_some() => (url, true),
            None => {
                let behind = url.trim_start_matches(SLASHES);
                if url.len() - behind.len() < 2 {
                    return None;
                }
                (behind, true)
            }
        };
        let (authority, rest) = behind.split_at(behind.find(['/', '\\', '?', '#']).unwrap_or(behind.len()));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let host = Host::of(without_port(host))?;
        if !host.is_whole(relative) {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default().to_owned();
        Some(Address::Web { host, userinfo: !user.is_empty(), rest })
    }

    /// Whether it carries more data than that.
    pub(super) fn carries(&self, bounds: Bounds) -> bool {
        let Address::Web { host, rest, .. } = self else { return false };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let values = query.split(['&', ';']).map(|pair| decoded_len(pair.split_once('=').map_or(pair, |pair| pair.1)));
        let segments = path.split(['/', '\\']).filter(|segment| is_made(segment)).map(decoded_len);
        let labels = host.labels().filter(|label| is_made(label)).map(str::len);
        let (most, all) =
            values.chain(segments).chain(labels).fold((0, 0_usize), |(most, all), len| (len.max(most), all + len));
        most > bounds.one || all > bounds.all
    }
}

/// Whether a part of a path or a host is no name that somebody has chosen: text with spaces, or long and in one piece.
fn is_made(part: &str) -> bool {
    let spaced = part.contains("%20") || part.contains('+') || part.contains("%0");
    let longest = part.split(['-', '.', ',', '_', ':', '~']).map(str::len).max().unwrap_or(0);
    (spaced && part.len() > PLAIN) || longest >= PLAIN
}

/// Bytes that a part stands for: three characters of an escape are one.
fn decoded_len(part: &str) -> usize {
    let bytes = part.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let escapes = (0..bytes.len()).filter(|&at| bytes[at] == b'%' && hex(at + 1) && hex(at + 2)).count();
    bytes.len() - 2 * escapes
}

/// The host without a port.
fn without_port(host: &str) -> &str {
    match host.find(']') {
        Some(end) if host.starts_with('[') => host.get(..=end).unwrap_or(host),
        _ => host.split(':').next().unwrap_or(host),
    }
}

/// Browsers drop tabs and line breaks wherever they stand.
fn without_breaks(url: &str) -> Cow<'_, str> {
    let breaks = ['\t', '\n', '\r'];
    if url.contains(breaks) { url.replace(breaks, "").into() } else { url.into() }
}

/// What stands behind a beginning, in either case.
fn after<'u>(url: &'u str, beginning: &str) -> Option<&'u str> {
    let (head, rest) = url.split_at_checked(beginning.len())?;
    head.eq_ignore_ascii_case(beginning).then_some(rest)
}

const SLASHES: [char; 2] = ['/', '\\'];
