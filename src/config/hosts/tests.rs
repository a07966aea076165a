#![expect(clippy::panic, reason = "tests")]

use crate::config::{Config, Problems};

fn from(urls: &[&str]) -> Result<(Config, Problems), Problems> {
    Config::from_upstreams(&urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>())
}

fn table(urls: &[&str]) -> Vec<(String, String)> {
    match from(urls) {
        Ok((config, _)) => config
            .routes
            .iter()
            .map(|route| (route.path.clone(), config.upstreams[route.upstream].name.clone()))
            .collect(),
        Err(problems) => panic!("{problems}"),
    }
}

fn row(path: &str, upstream: &str) -> (String, String) {
    (path.to_owned(), upstream.to_owned())
}

#[test]
fn a_single_upstream_gets_everything() {
    assert_eq!(table(&["https://api.anthropic.com"]), [row("/**", "anthropic")]);
    assert_eq!(table(&["http://127.0.0.1:1234"]), [row("/**", "127.0.0.1")]);
}

#[test]
fn known_hosts_get_their_own_paths() {
    let urls = ["https://api.openai.com", "https://API.anthropic.com:443/", "http://localhost:11434"];
    assert_eq!(table(&urls), [row("/v1/messages/**", "anthropic"), row("/api/**", "ollama"), row("/**", "openai")]);
    // Another port is another server.
    assert_eq!(
        table(&["http://localhost:11435", "https://generativelanguage.googleapis.com"]),
        [row("/v1beta/**", "gemini"), row("/**", "localhost")]
    );
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let shown = from(&["https://api.openai.com", "https://example.com"]).err().map(|problems| problems.to_string());
    insta::assert_snapshot!(shown.unwrap_or_default(), @r"
        error: two upstreams want the same paths
         --> --upstream:1:1
          |
        1 | https://example.com
          | ^^^^^^^^^^^^^^^^^^^ an earlier `--upstream` already has the paths of `example.com`
          |
          = help: write a palisade.yaml with `routes` that say which request goes where
        ");
    assert!(from(&["https://api.anthropic.com", "https://api.anthropic.com/x"]).is_err());
    assert!(from(&["https://user:key@example.com"]).is_err_and(|problems| !problems.to_string().contains("key@")));
}
