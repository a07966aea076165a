#![expect(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::config::{Config, Inspect, Problems, Source, Store, load_source};

fn load_in(folder: &Path, text: &str) -> Result<(Config, Problems), Problems> {
    let variable = |name: &str| match name {
        "KEY" => Some("sk-planted-key".to_owned()),
        "PORT" => Some("9000".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    load_source(&Source::new("palisade.yaml", text), folder, &variable)
}

fn config(text: &str) -> Config {
    match load_in(Path::new(""), text) {
        Ok((config, warnings)) => {
            assert!(warnings.is_empty(), "{warnings}");
            config
        }
        Err(problems) => panic!("{problems}"),
    }
}

fn refused(text: &str) -> String {
    load_in(Path::new(""), text).unwrap_err().to_string()
}

#[test]
fn one_upstream_is_a_running_proxy() {
    let config = config("upstreams: { openai: { url: https://api.openai.com } }");
    assert_eq!(config.routes.len(), 1);
    assert_eq!(config.routes[0].path, "/**");
    assert_eq!(config.routes[0].policy, ["default"]);
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.policies, Path::new("policies"));
    assert!(config.secret.is_none());
}

#[test]
fn every_key_is_read() {
    let config = config(
        "
version: 1
secret: ${KEY}-0123456789
server: { listen: '127.0.0.1:${PORT}', max_body: 1MiB, max_inflight: 7, drain: 1m }
upstreams:
  openai: { url: https://api.openai.com/ }
  anthropic:
    url: http://[::1]:9999/prefix
    headers: { x-api-key: \"${KEY}\", anthropic-version: 2023-06-01 }
    timeouts: { connect: 200ms, header: 5s, idle: 2m, total: 1h }
routes:
  - { path: /v1/messages, upstream: anthropic, policy: [demo, default], baseline: default }
  - { path: /v1/audio/**, upstream: openai, inspect: none }
  - { path: /v1/*/x/, upstream: openai }
policies: more/policies
models: models
",
    );
    assert_eq!(config.secret.unwrap().expose(), b"sk-planted-key-0123456789");
    assert_eq!(config.server.listen.port(), 9000);
    assert_eq!((config.server.max_body, config.server.max_inflight), (1 << 20, 7));
    assert_eq!(config.server.drain, Duration::from_secs(60));
    let upstream = &config.upstreams[1];
    assert_eq!(upstream.url.to_string(), "http://[::1]:9999/prefix");
    assert_eq!(upstream.headers[0].1, "sk-planted-key");
    assert!(upstream.headers[0].1.is_sensitive() && !upstream.headers[1].1.is_sensitive());
    assert_eq!(upstream.timeouts.connect, Duration::from_millis(200));
    assert_eq!(upstream.timeouts.total, Duration::from_secs(3600));
    let [messages, audio, rest] = config.routes.as_slice() else { panic!("three routes") };
    assert_eq!((messages.upstream, audio.upstream), (1, 0));
    assert_eq!((messages.policy.len(), messages.baseline.len()), (2, 1));
    assert_eq!((audio.inspect, audio.policy.len()), (Inspect::None, 0));
    assert_eq!(rest.policy, ["default"]);
}

#[test]
fn all_problems_come_at_once() {
    insta::assert_snapshot!(refused(
        "
version: 2
server:
  listen: localhost:8080
  max_body: 16 megs
  max_inflght: 12
  tls: { cert: a }
  drain: 5
upstreams:
  a: { url: ftp://example.com, timeouts: { connect: 0s } }
  b: { headers: { host: x, x-a: [1] } }
routes:
  - { path: v1, upstream: c, inspect: ful }
  - { upstream: a, policy: defualt }
  - just text
telemetry: { otlp: x }
upstrems: {}
",
    ), @r"
        error: wrong value for `version`
         --> palisade.yaml:2:10
          |
        2 | version: 2
          |          ^ expected `1`, found the number `2`

        error: wrong value for `listen`
         --> palisade.yaml:4:11
          |
        4 |   listen: localhost:8080
          |           ^^^^^^^^^^^^^^ expected an IP address and a port, found the text `localhost:8080`
          |
          = help: for example `127.0.0.1:8080` or `0.0.0.0:8080`

        error: wrong value for `max_body`
         --> palisade.yaml:5:13
          |
        5 |   max_body: 16 megs
          |             ^^^^^^^ expected a size from 1 KiB to 1 GiB, such as `64KiB`, found the text `16 megs`

        error: unknown key `max_inflght` in `server`
         --> palisade.yaml:6:3
          |
        6 |   max_inflght: 12
          |   ^^^^^^^^^^^ expected `listen`, `max_body`, `max_buffered`, `max_segments`, `min_body_rate`, `max_head`, `max_inflight`, `max_inflight_per_client`, `http2`, `drain`, `keys`, `hosts`, `origins` or `open`
          |
          = help: did you mean `max_inflight`?

        error: `tls` is not available in this version
         --> palisade.yaml:7:3
          |
        7 |   tls: { cert: a }
          |   ^^^ part of the format, but not built yet

        error: wrong value for `drain`
         --> palisade.yaml:8:10
          |
        8 |   drain: 5
          |          ^ expected a time from 0s to 1h with its unit, such as `200ms` or `5s`, found the number `5`

        error: wrong upstream URL
          --> palisade.yaml:10:13
           |
        10 |   a: { url: ftp://example.com, timeouts: { connect: 0s } }
           |             ^^^^^^^^^^^^^^^^^ expected the scheme `http` or `https`

        error: wrong value for `connect`
          --> palisade.yaml:10:53
           |
        10 |   a: { url: ftp://example.com, timeouts: { connect: 0s } }
           |                                                     ^^ expected a time from 1ms to 1d with its unit, such as `200ms` or `5s`, found the text `0s`

        error: upstream `b` has no `url`
          --> palisade.yaml:11:8
           |
        11 |   b: { headers: { host: *, x-a: *** } }
           |        ^^^^^^^ expected `url` here

        error: wrong header name
          --> palisade.yaml:11:19
           |
        11 |   b: { headers: { host: *, x-a: *** } }
           |                   ^^^^ Palisade sets this header itself

        error: wrong header value
          --> palisade.yaml:11:33
           |
        11 |   b: { headers: { host: *, x-a: *** } }
           |                                 ^^^ expected one text

        error: wrong path pattern
          --> palisade.yaml:13:13
           |
        13 |   - { path: v1, upstream: c, inspect: ful }
           |             ^^ expected a path that starts with `/`

        error: unknown upstream `c`
          --> palisade.yaml:13:27
           |
        13 |   - { path: v1, upstream: c, inspect: ful }
           |                           ^ expected `a` or `b`

        error: wrong value for `inspect`
          --> palisade.yaml:13:39
           |
        13 |   - { path: v1, upstream: c, inspect: ful }
           |                                       ^^^ expected `full` or `none`, found the text `ful`
           |
           = help: did you mean `full`?

        error: the route has no `path`
          --> palisade.yaml:14:7
           |
        14 |   - { upstream: a, policy: defualt }
           |       ^^^^^^^^ expected `path` here

        error: unknown policy `defualt`
          --> palisade.yaml:14:28
           |
        14 |   - { upstream: a, policy: defualt }
           |                            ^^^^^^^ no such file in policies, and no shipped policy of this name
           |
           = help: did you mean `default`?

        error: wrong value
          --> palisade.yaml:15:5
           |
        15 |   - just text
           |     ^^^^^^^^^ expected a mapping (`key: value`), found the text `just text`

        error: `telemetry` is not available in this version
          --> palisade.yaml:16:1
           |
        16 | telemetry: { otlp: x }
           | ^^^^^^^^^ part of the format, but not built yet

        error: unknown key `upstrems` in the configuration
          --> palisade.yaml:17:1
           |
        17 | upstrems: {}
           | ^^^^^^^^ expected `version`, `secret`, `server`, `admin`, `audit`, `upstreams`, `policies`, `models`, `routes` or `tenants`
           |
           = help: did you mean `upstreams`?
        ");
}

#[test]
fn secrets_never_show() {
    let shown = refused(
        "
secret: [topsecret1]
server: { listen: \"${KEY}\", max_body: \"${NONE:-topsecret2}\", drain: \"${MISSING}\" }
upstreams:
  a: { url: 'https://me:topsecret3@host', headers: { x-api-key: topsecret4, bad name: topsecret5 } }
  b: { url: 'https://host', headers: { authorization: [topsecret6], x-other: topsecret7 }, nonsense: 1 }
routes: [ { path: \"${KEY}\", upstream: \"${KEY}\", policy: [\"${EMPTY:-default}\", \"${KEY}\", \"${KEY}/x\"] } ]
",
    );
    assert!(!shown.contains("topsecret") && !shown.contains("sk-planted"), "{shown}");
    insta::assert_snapshot!(shown, @r#"
        error: wrong value for `secret`
         --> palisade.yaml:2:9
          |
        2 | secret: ************
          |         ^^^^^^^^^^^^ expected some text (what was found is not shown)

        error: wrong value for `listen`
         --> palisade.yaml:3:19
          |
        3 | server: { listen: "${KEY}", max_body: "${NONE:-**********}", drain: "${MISSING}" }
          |                   ^^^^^^^^ expected an IP address and a port, found a value from `${…}`, not shown
          |
          = help: for example `127.0.0.1:8080` or `0.0.0.0:8080`

        error: wrong value for `max_body`
         --> palisade.yaml:3:39
          |
        3 | server: { listen: "${KEY}", max_body: "${NONE:-**********}", drain: "${MISSING}" }
          |                                       ^^^^^^^^^^^^^^^^^^^^^ expected a size from 1 KiB to 1 GiB, such as `64KiB`, found a value from `${…}`, not shown

        error: the environment variable `MISSING` is not set
         --> palisade.yaml:3:69
          |
        3 | server: { listen: "${KEY}", max_body: "${NONE:-**********}", drain: "${MISSING}" }
          |                                                                     ^^^^^^^^^^^^
          |
          = help: set it, or give a default: `${MISSING:-…}`

        error: wrong upstream URL
         --> palisade.yaml:5:13
          |
        5 |   a: { url: 'https://*************@host', headers: { x-api-key: **********, bad name: ********** } }
          |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected no user name or password before the host
          |
          = help: send credentials with `headers: { authorization: … }`

        error: wrong header name
         --> palisade.yaml:5:77
          |
        5 |   a: { url: 'https://*************@host', headers: { x-api-key: **********, bad name: ********** } }
          |                                                                             ^^^^^^^^ expected a header name

        error: wrong header value
         --> palisade.yaml:6:55
          |
        6 |   b: { url: 'https://host', headers: { authorization: ************, x-other: ********** }, nonsense: 1 }
          |                                                       ^^^^^^^^^^^^ expected one text

        error: unknown key `nonsense` in upstream `b`
         --> palisade.yaml:6:92
          |
        6 |   b: { url: 'https://host', headers: { authorization: ************, x-other: ********** }, nonsense: 1 }
          |                                                                                            ^^^^^^^^ expected `url`, `headers` or `timeouts`

        error: wrong path pattern
         --> palisade.yaml:7:19
          |
        7 | routes: [ { path: "${KEY}", upstream: "${KEY}", policy: ["${EMPTY:-*******}", "${KEY}", "${KEY}/x"] } ]
          |                   ^^^^^^^^ expected a path that starts with `/`

        error: unknown upstream
         --> palisade.yaml:7:39
          |
        7 | routes: [ { path: "${KEY}", upstream: "${KEY}", policy: ["${EMPTY:-*******}", "${KEY}", "${KEY}/x"] } ]
          |                                       ^^^^^^^^ expected `a` or `b`

        error: unknown policy
         --> palisade.yaml:7:79
          |
        7 | routes: [ { path: "${KEY}", upstream: "${KEY}", policy: ["${EMPTY:-*******}", "${KEY}", "${KEY}/x"] } ]
          |                                                                               ^^^^^^^^ no such file in policies, and no shipped policy of this name

        error: the policy's file does not exist
         --> palisade.yaml:7:89
          |
        7 | routes: [ { path: "${KEY}", upstream: "${KEY}", policy: ["${EMPTY:-*******}", "${KEY}", "${KEY}/x"] } ]
          |                                                                                         ^^^^^^^^^^ expected a file, found a value from `${…}`, not shown
        "#);
}

#[test]
fn defaults_stay_hidden_when_the_file_does_not_parse() {
    let shown = refused("secret: \"${X:-topsecret}\n");
    assert!(shown.contains("not valid YAML") && !shown.contains("topsecret"), "{shown}");
}

#[test]
fn credentials_are_not_offered_to_the_network() {
    let text = "
server: { listen: 0.0.0.0:8080 }
upstreams: { a: { url: https://host, headers: { authorization: Bearer x } } }
";
    insta::assert_snapshot!(refused(text), @r"
        error: anyone who reaches this address could spend the provider's credentials
         --> palisade.yaml:2:19
          |
        2 | server: { listen: 0.0.0.0:8080 }
          |                   ^^^^^^^^^^^^ not loopback, and upstream `a` injects a credential
          |
          = help: listen on 127.0.0.1, or let clients in by `keys` under `server`, or say that it is meant with `open: true`
        ");
    let config = config(&text.replace("8080 }", "8080, open: true }"));
    assert!(config.exposed().is_none());
    let hash = format!("8080, keys: [\"sha256:{}\"] }}", "0a".repeat(32));
    let config = super::tests::config(&text.replace("8080 }", &hash));
    assert_eq!((config.exposed().is_none(), config.server.keys), (true, vec![[0x0a; 32]]));
}

#[test]
fn the_bounds_of_the_data_port_are_read() {
    let config = config(
        "
server:
  max_buffered: 64MiB
  max_segments: 9
  min_body_rate: 4KiB
  max_head: 8KiB
  max_inflight_per_client: 3
  http2: { max_streams: 5, max_resets: 6 }
  hosts: [Palisade.internal]
  origins: ['https://chat.acme.com']
upstreams: { a: { url: https://host } }
",
    );
    let server = config.server;
    assert_eq!((server.max_buffered, server.max_segments, server.min_body_rate), (64 << 20, 9, 4 << 10));
    assert_eq!((server.max_head, server.max_inflight_per_client), (8 << 10, Some(3)));
    assert_eq!(server.http2, crate::config::Http2 { max_streams: 5, max_resets: 6 });
    assert_eq!(
        (server.hosts, server.origins),
        (vec!["palisade.internal".to_owned()], vec!["https://chat.acme.com".to_owned()])
    );
    let text = "server: { max_buffered: 8MiB, keys: [pk-planted], hosts: ['a:1'], origins: [chat.acme.com] }\nupstreams: { a: { url: https://host } }";
    let told = refused(text);
    for part in
        ["`max_buffered` is less than `max_body`", "expected `sha256:` and 64 hex digits", "wrong host", "wrong origin"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn upstream_urls_are_origins_with_a_plain_prefix() {
    let url = |url: &str| load_in(Path::new(""), &format!("upstreams: {{ a: {{ url: \"{url}\" }} }}"));
    for good in ["http://a", "https://a:1/x/y/", "http://127.0.0.1:11434", "https://[::1]", "https://a.b-c/openai"] {
        assert!(url(good).is_ok_and(|(_, warnings)| warnings.is_empty()), "{good}");
    }
    for bad in [
        "",
        "a",
        "//a",
        "https://",
        "https:///x",
        "https://:80",
        "https://a:",
        "https://a:0",
        "https://a:99999",
        "https://a:b",
        "https://u@a",
        "https://a?x",
        "https://a#x",
        "https://a/../b",
        "https://a//b",
        "https://a/%2e",
        "https://a b",
        "file:///etc",
        "https://a/\u{e9}",
        "http://[::1",
        "HTTPS//a",
    ] {
        assert!(url(bad).is_err(), "{bad}");
    }
    let (_, warnings) = url("https://api.openai.com/v1").unwrap();
    insta::assert_snapshot!(warnings, @r#"
        warning: the path ends in `/v1`, which clients send themselves
         --> palisade.yaml:1:24
          |
        1 | upstreams: { a: { url: "https://api.openai.com/v1" } }
          |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^ requests to `/v1/…` will go to `…/v1/v1/…`
          |
          = help: leave `/v1` out, unless clients leave it out of theirs
        "#);
}

#[test]
fn path_patterns() {
    let route = |path: &str| {
        let text = format!("upstreams: {{ a: {{ url: https://a }} }}\nroutes: [ {{ path: '{path}', upstream: a }} ]");
        load_in(Path::new(""), &text).is_ok()
    };
    for good in ["/", "/**", "/v1/audio/**", "/*/x", "/v1/models/", "/v1beta/models/gemini:generateContent"] {
        assert!(route(good), "{good}");
    }
    for bad in
        ["", "v1", "/**/x", "/a*", "/a**", "//", "/a//b", "/./a", "/a/..", "/a?b", "/%61", "/a\\\\b", "/ä", "/a b"]
    {
        assert!(!route(bad), "{bad}");
    }
}

#[test]
fn routes_that_never_match_are_warned_of() {
    let text = "
upstreams: { a: { url: https://a } }
routes:
  - { path: /v1/x, upstream: a }
  - { path: /v1/x, upstream: a }
  - { path: /**, upstream: a }
  - { path: /v1/y, upstream: a, inspect: none }
";
    let (_, warnings) = load_in(Path::new(""), text).unwrap();
    insta::assert_snapshot!(warnings, @r"
        warning: this route never matches
         --> palisade.yaml:5:13
          |
        5 |   - { path: /v1/x, upstream: a }
          |             ^^^^^ an earlier route takes all of its requests

        warning: this route never matches
         --> palisade.yaml:7:13
          |
        7 |   - { path: /v1/y, upstream: a, inspect: none }
          |             ^^^^^ an earlier route takes all of its requests
        ");
}

#[test]
fn several_upstreams_need_routes() {
    let shown = refused("upstreams: { a: { url: https://a }, b: { url: https://b } }");
    assert!(shown.contains("several upstreams but no `routes`"), "{shown}");
}

#[test]
fn an_uninspected_route_has_no_policy() {
    let shown = refused(
        "upstreams: { a: { url: https://a } }\nroutes: [ { path: /**, upstream: a, inspect: none, policy: default } ]",
    );
    assert!(shown.contains("a policy on a route that is not inspected"), "{shown}");
}

#[test]
fn a_route_may_forbid_storing() {
    let route = |rest: &str| {
        format!("upstreams: {{ a: {{ url: https://a }} }}\nroutes: [ {{ path: /**, upstream: a{rest} }} ]")
    };
    for (rest, store) in [
        ("", Store::AsAsked),
        (", store: as_asked", Store::AsAsked),
        (", store: as_asked, inspect: none", Store::AsAsked),
        (", store: force_off", Store::ForceOff),
    ] {
        let (config, _) = load_in(Path::new(""), &route(rest)).unwrap();
        assert_eq!(config.routes[0].store, store, "{rest}");
    }
    let shown = refused(&route(", store: force_of"));
    assert!(shown.contains("force_off"), "{shown}");
    let shown = refused(&route(", store: force_off, inspect: none"));
    assert!(shown.contains("on a route that is not inspected"), "{shown}");
}

#[test]
fn files_are_found_beside_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/mine.yaml"), "rules: []").unwrap();
    fs::write(folder.path().join("other.yaml"), "rules: []").unwrap();
    fs::write(folder.path().join("secret.txt"), "0123456789abcdef\n").unwrap();
    let text = "
secret: ${file:secret.txt}
upstreams: { a: { url: https://a } }
routes: [ { path: /**, upstream: a, policy: [mine, ./other.yaml] } ]
";
    let (config, _) = load_in(folder.path(), text).unwrap();
    assert_eq!(config.secret.unwrap().expose(), b"0123456789abcdef");
    assert_eq!(config.routes[0].policy[0], "mine");
    assert!(Path::new(&config.routes[0].policy[1]).is_file());
    assert_eq!(config.policies, folder.path().join("policies"));

    let shown = load_in(folder.path(), &text.replace("other.yaml", "othr.yaml").replace("mine", "mnie")).unwrap_err();
    let shown = shown.to_string();
    assert!(shown.contains("did you mean `mine`?") && shown.contains("the policy's file does not exist"), "{shown}");
}
