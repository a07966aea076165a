//! JSON that two readers read differently, and text in other encodings.

use crate::rig::{MARKER, Proxy, chat, escaped, post, utf16};

const MIB: usize = 1 << 20;

/// A request with something at every level that the protocol defines; `@N` stands where a member may be put in.
const LEVELS: &str = r#"{@0"model":"m","stream_options":{@1"include_usage":true},"messages":[{@2"role":"user","content":[{@3"type":"text","text":"a"},{@4"type":"image_url","image_url":{@5"url":"https://a/b.png"}}]},{@6"role":"assistant","content":null,"tool_calls":[{@7"id":"c1","type":"function","function":{@8"name":"f","arguments":"{}"}}]},{@9"role":"tool","tool_call_id":"c1","content":"b"}],"tools":[{@10"type":"function","function":{@11"name":"f","parameters":{@12"type":"object","properties":{@13"q":{@14"type":"string"}}}}}],"tool_choice":{@15"type":"function","function":{@16"name":"f"}},"response_format":{@17"type":"json_object"},"metadata":{@18"a":"b"}}"#;

/// At each place a key that stands there already, exactly and in another spelling. No spelling: an author's own keys.
const KEYS: [(&str, Option<&str>); 19] = [
    ("model", Some("Model")),
    ("include_usage", Some("includeUsage")),
    ("role", Some("ROLE")),
    ("text", Some("Text")),
    ("image_url", Some("imageUrl")),
    ("url", Some("URL")),
    ("tool_calls", Some("toolCalls")),
    ("function", Some("Function")),
    ("arguments", Some("Arguments")),
    ("content", Some("con_tent")),
    ("function", Some("func-tion")),
    ("parameters", Some("PARAMETERS")),
    ("properties", None),
    ("q", None),
    ("type", None),
    ("function", Some("Function")),
    ("name", Some("Name")),
    ("type", Some("Type")),
    ("a", None),
];

fn with(place: usize, member: &str) -> String {
    let mut out = LEVELS.to_owned();
    for at in (0..KEYS.len()).rev() {
        out = out.replace(&format!("@{at}\""), &if at == place { format!("{member},\"") } else { "\"".to_owned() });
    }
    out
}

#[test]
fn exact_duplicate_keys_are_unreadable_at_every_level() {
    let proxy = Proxy::start();
    proxy.passes(post("", with(usize::MAX, "")));
    proxy.upstream.forget();
    for (place, (key, _)) in KEYS.into_iter().enumerate() {
        for spelling in [key.to_owned(), escaped(key)] {
            proxy.unreadable(post("", with(place, &format!("\"{spelling}\":\"{MARKER}\""))), "the same key twice");
        }
    }
    proxy.stands(16 * MIB);
}

#[test]
fn variant_keys_are_unreadable_at_every_level_of_the_protocol() {
    let proxy = Proxy::start();
    for (place, (_, variant)) in KEYS.into_iter().enumerate() {
        let Some(variant) = variant else { continue };
        for spelling in [variant.to_owned(), escaped(variant)] {
            proxy.unreadable(
                post("", with(place, &format!("\"{spelling}\":\"x\""))),
                "differ only by case or separators",
            );
        }
    }
    // Below those levels they are an author's own names.
    proxy.passes(post("", with(13, r#""Q":{"type":"string"}"#)));
    proxy.stands(16 * MIB);
}

#[test]
fn a_lone_variant_key_counts_as_that_key() {
    let proxy = Proxy::start();
    for body in [
        format!(r#"{{"Messages":[{{"Role":"user","Content":"{MARKER}"}}]}}"#),
        format!(r#"{{"messages":[{{"role":"user","{}":"{}"}}]}}"#, escaped("content"), escaped(MARKER)),
        format!(
            r#"{{"messages":[{{"role":"assistant","toolCalls":[{{"function":{{"arguments":"{{\"a\":\"{MARKER}\"}}"}}}}]}}]}}"#
        ),
    ] {
        proxy.refuses(post("", body), 400, "content_policy_violation");
    }
    proxy.stands(16 * MIB);
}

#[test]
fn duplicate_keys_in_tool_arguments_are_unreadable() {
    let proxy = Proxy::start();
    let call = |arguments: &str| {
        let arguments = serde_json::to_string(arguments).unwrap();
        format!(
            r#"{{"messages":[{{"role":"assistant","tool_calls":[{{"id":"c","type":"function","function":{{"name":"f","arguments":{arguments}}}}}]}}]}}"#
        )
    };
    for arguments in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#] {
        proxy.unreadable(post("", call(arguments)), "the same key twice in tool arguments");
    }
    proxy.refuses(
        post("", call(&format!(r#"{{"a":"{}","a":"x"}}"#, escaped(MARKER)))),
        400,
        "content_policy_violation",
    );
    // What a model makes is judged as it is: both values.
    for arguments in
        [format!(r#"{{"a":"x","a":"{}"}}"#, escaped(MARKER)), format!(r#"{{"a":"{}","a":"x"}}"#, escaped(MARKER))]
    {
        let arguments = serde_json::to_string(&arguments).unwrap();
        let answer = format!(
            r#"{{"choices":[{{"index":0,"message":{{"role":"assistant","tool_calls":[{{"id":"c","type":"function","function":{{"name":"f","arguments":{arguments}}}}}]}}}}]}}"#
        );
        proxy.upstream.answers(crate::rig::reply("Content-Type: application/json\r\n", answer));
        assert_eq!(proxy.send(post("", chat("call"))).status, 400);
    }
    proxy.stands(16 * MIB);
}

#[test]
fn utf16_is_unreadable() {
    let proxy = Proxy::start();
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        for body in [chat(MARKER), format!("\u{feff}{}", chat(MARKER))] {
            for headers in ["", "Content-Type: application/json; charset=utf-16\r\n"] {
                proxy.refuses(post(headers, utf16(&body, order)), 400, "content_policy_violation");
            }
        }
    }
    proxy.stands(16 * MIB);
}

#[test]
fn utf7_and_other_charsets_are_unreadable() {
    let proxy = Proxy::start();
    for charset in [
        "charset=utf-7",
        "charset=UTF-16",
        "charset=\"utf-7\"",
        "Charset = utf-7",
        "charset*=utf-7''",
        "charset=utf-8; charset=utf-7",
        "charset=iso-8859-1",
        "charset=",
    ] {
        let headers = format!("Content-Type: application/json; {charset}\r\n");
        proxy.unreadable(post(&headers, chat("+AHoAcQBt-")), "a charset other than UTF-8");
    }
    proxy.unreadable(
        post("Content-Type: application/json\r\nContent-Type: text/plain; charset=utf-7\r\n", chat("a")),
        "a charset",
    );
    for charset in ["charset=utf-8", "charset=\"UTF-8\"", "charset=us-ascii"] {
        proxy.passes(post(&format!("Content-Type: application/json; {charset}\r\n"), chat("a")));
    }
    proxy.stands(16 * MIB);
}

#[test]
fn a_byte_order_mark_is_unreadable() {
    let proxy = Proxy::start();
    proxy.unreadable(post("", format!("\u{feff}{}", chat(MARKER))), "expected a value at byte 0");
    proxy.stands(16 * MIB);
}

#[test]
fn nan_and_what_else_is_no_json_is_unreadable() {
    let proxy = Proxy::start();
    for value in [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "1.",
        ".5",
        "0x1",
        "+1",
        "'a'",
        "undefined",
        "tru",
        "[1,]",
        "/**/1",
        "1//",
        "{a:1}",
    ] {
        proxy.unreadable(post("", format!(r#"{{"temperature":{value},"messages":["{MARKER}"]}}"#)), " at byte ");
    }
    for more in ["{", "{}", ",", "\0", "null"] {
        proxy.unreadable(post("", format!("{}{more}", chat(MARKER))), "something after the value");
    }
    proxy.unreadable(post("", "  "), "the text ends early");
    proxy.stands(16 * MIB);
}

#[test]
fn invalid_utf8_is_unreadable() {
    let proxy = Proxy::start();
    for bytes in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\x80"] {
        let body = [b"{\"messages\":[{\"role\":\"user\",\"content\":\"", bytes, MARKER.as_bytes(), b"\"}]}"].concat();
        proxy.unreadable(post("", body), "not UTF-8 at byte");
    }
    proxy.stands(16 * MIB);
}

#[test]
fn lone_surrogates_hide_nothing_and_pass_as_they_came() {
    let proxy = Proxy::start();
    for lone in ["\\ud83d", "\\ude00", "\\ude00\\ud83d", "\\ud83d\\ud83d"] {
        proxy.refuses(post("", chat(&format!("{lone}{MARKER}"))), 400, "content_policy_violation");
        proxy.refuses(post("", chat(&format!("a{MARKER}{lone}"))), 400, "content_policy_violation");
        let body = chat(&format!("x{lone}y"));
        proxy.passes(post("", &body));
        assert!(proxy.upstream.text().ends_with(&body));
        proxy.upstream.forget();
        proxy.passes(post("", chat(&format!("x{lone} hideme"))));
        assert!(proxy.upstream.text().ends_with(&chat(&format!("x{lone} <hidden>"))));
        proxy.upstream.forget();
    }
    proxy.stands(16 * MIB);
}
