//! What is found and what is not. All values are made up or published examples.

use crate::detector::format::tests::{Table, found};

#[test]
fn email_address() {
    Table {
        detect: "pii: { entities: [EMAIL_ADDRESS] }",
        written: "Write to {}",
        valid: &[
            "jane@example.com",
            "jane.doe+news@mail.example.co.uk",
            "j@x.io",
            "JANE_DOE@EXAMPLE.COM",
            "jane%doe@example.museum",
            "a-b@sub-domain.example.org",
            "user123@123.com",
            "first.last@xn--mller-kva.example",
            "x@y.xn--p1ai",
            "o.1.2.3@a.b.c.d.example.net",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@example.com",
        ],
        invalid: &[
            "jane@localhost",
            "@example.com",
            "jane@",
            "jane@example",
            "jane@.com",
            "jane@example..com",
            "jane@@example.com",
            "jane@example.c",
            "jane@example.123",
            "jane@exam_ple.com",
            "jane at example.com",
            "icon@2x.png",
            "logo@3x.webp",
            "react@18.2.0",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@example.com",
            "git@host:org/repo",
        ],
    }
    .check();
}

#[test]
fn url() {
    Table {
        detect: "pii: { entities: [URL] }",
        written: "See {}",
        valid: &[
            "https://example.com",
            "http://example.com",
            "HTTPS://EXAMPLE.COM",
            "ftp://files.example.org",
            "www.example.com",
            "https://example.com:8443",
            "https://user:secret@example.com",
            "http://203.0.113.7",
            "http://[2001:db8::1]:8080",
            "http://localhost",
        ],
        invalid: &[
            "http://",
            "https:// example.com",
            "http:/example.com",
            "htp://example.com",
            "example.com",
            "www.",
            "wwww.example.com",
            "xhttp://example.com",
            "file:///etc/passwd",
            "mailto:jane@example.com",
            "https",
            "//example.com",
            "https://.",
            "_www.example.com",
        ],
    }
    .check();
}

#[test]
fn paths_of_urls_belong_to_them_and_what_ends_a_sentence_does_not() {
    for (text, url) in [
        ("See https://example.com/a?b=c#d.", "https://example.com/a?b=c#d"),
        ("(https://example.com/a_b/)", "https://example.com/a_b/"),
        ("at https://maps.example.com/@52.51,13.40,15z, or", "https://maps.example.com/@52.51,13.40,15z"),
        ("<a href='www.example.com/x;y=1'>", "www.example.com/x;y=1"),
        ("really https://example.com?q=1?!", "https://example.com?q=1"),
        ("\u{300c}https://example.com/%E6%97%A5\u{300d}", "https://example.com/%E6%97%A5"),
    ] {
        assert_eq!(found("pii: { entities: [URL] }", text), [url], "{text}");
    }
}
