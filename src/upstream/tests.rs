#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn target(url: &str) -> Result<Target, UpstreamSetUpError> {
    let upstream = config::Upstream {
        name: "u".to_owned(),
        url: url.parse().unwrap(),
        headers: vec![(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer sk-planted"))],
        timeouts: Timeouts::default(),
    };
    Target::new(&upstream, &connect::tls_config().unwrap())
}

#[test]
fn the_clients_bytes_are_appended_as_they_are() {
    for (url, client, joined) in [
        ("https://api.openai.com", "/v1/chat/completions", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/", "/v1/models/a%2Fb?x=%41&&y", "https://api.openai.com/v1/models/a%2Fb?x=%41&&y"),
        ("http://localhost:9/base", "/v1", "http://localhost:9/base/v1"),
        ("http://localhost:9/base/", "/v1/", "http://localhost:9/base/v1/"),
        ("http://localhost:9", "http://elsewhere.example:1/v1?q", "http://localhost:9/v1?q"),
        ("http://[::1]:9", "/", "http://[::1]:9/"),
    ] {
        assert_eq!(target(url).unwrap().join(&client.parse().unwrap()).unwrap().to_string(), joined);
    }
}

#[test]
fn urls_that_name_no_upstream_are_refused() {
    for url in ["/v1", "ftp://host/", "http://host/?key=1"] {
        assert!(matches!(target(url), Err(UpstreamSetUpError::Url { .. })), "{url}");
    }
}

#[test]
fn configured_headers_replace_the_clients_and_are_never_shown() {
    let target = target("http://localhost:9").unwrap();
    let request =
        Request::builder().uri("/v1").header("Authorization", "Bearer theirs").body(Outgoing::full("x".into()));
    let request = target.prepare(request.unwrap()).unwrap();
    let all: Vec<_> = request.headers().get_all("authorization").iter().collect();
    assert_eq!(all, ["Bearer sk-planted"]);
    assert_eq!(request.headers()["content-length"], "1");
    assert!(!format!("{target:?}").contains("sk-planted"));
}
