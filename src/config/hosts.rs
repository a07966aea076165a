//! `serve --upstream URL…`: a configuration without a file.

use http::Uri;

use super::problem::{Collector, Problem, Problems, quoted};
use super::scalar::Scalar;
use super::source::{At, Source};
use super::tree::{Node, Value};
use super::{Config, Route, Timeouts, Upstream, upstream};

impl Config {
    /// One upstream for each URL. A single one gets every path. Of several, known hosts get the paths of their own
    /// protocol, and the first other one (`api.openai.com` included) gets the rest. All are inspected with the policy
    /// `default`.
    pub fn from_upstreams(urls: &[String]) -> Result<(Config, Problems), Problems> {
        let problems = Collector::default();
        let mut config = Config::default();
        let mut rest: Option<usize> = None;
        for text in urls {
            let node = argument(text);
            upstream::hide_userinfo(&node, &problems);
            let Some(url) = problems.keep(upstream::url(&node)) else { continue };
            if let Some(problem) = upstream::doubled_prefix(&url, &node.at) {
                problems.push(problem);
            }
            let index = config.upstreams.len();
            let known = KNOWN.iter().find(|known| known.is(&url)).filter(|_| urls.len() > 1);
            let name = match (KNOWN.iter().find(|known| known.is(&url)), url.host()) {
                (Some(known), _) => known.name.to_owned(),
                (None, Some("api.openai.com")) => "openai".to_owned(),
                (None, host) => host.unwrap_or_default().to_owned(),
            };
            let taken = match known {
                Some(_) => config.upstreams.iter().any(|upstream| upstream.name == name),
                None => rest.is_some(),
            };
            if taken {
                problems.push(
                    Problem::error(&node.at, "two upstreams want the same paths")
                        .label(format!("an earlier `--upstream` already has the paths of {}", quoted(&name)))
                        .help("write a palisade.yaml with `routes` that say which request goes where"),
                );
                continue;
            }
            match known {
                Some(known) => {
                    config.routes.extend(known.paths.iter().map(|path| Route::inspected(path, index)));
                }
                None => rest = Some(index),
            }
            config.upstreams.push(Upstream { name, url, headers: Vec::new(), timeouts: Timeouts::default() });
        }
        config.routes.extend(rest.map(Route::everything));
        let problems = problems.finish();
        if problems.errors() == 0 { Ok((config, problems)) } else { Err(problems) }
    }
}

/// A provider that is known by its host and has paths of its own.
struct Known {
    name: &'static str,
    /// With the port, unless it is the scheme's own.
    hosts: &'static [&'static str],
    paths: &'static [&'static str],
}

impl Known {
    fn is(&self, url: &Uri) -> bool {
        let host = url.host().unwrap_or_default().to_ascii_lowercase();
        let host = match url.port_u16() {
            Some(port) if Some(port) != usual_port(url) => format!("{host}:{port}"),
            _ => host,
        };
        self.hosts.contains(&host.as_str())
    }
}

fn usual_port(url: &Uri) -> Option<u16> {
    match url.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    }
}

/// A command line argument as a node, so that its problems look like those of a file.
fn argument(text: &str) -> Node {
    let source = Source::new("--upstream", text);
    let range = 0..source.text().len();
    let scalar = Scalar { text: source.text().to_owned(), plain: false, expanded: false };
    Node { at: At { source, range }, value: Value::Scalar(scalar) }
}

const KNOWN: &[Known] = &[
    Known { name: "anthropic", hosts: &["api.anthropic.com"], paths: &["/v1/messages/**"] },
    Known { name: "gemini", hosts: &["generativelanguage.googleapis.com"], paths: &["/v1beta/**"] },
    Known { name: "ollama", hosts: &["localhost:11434", "127.0.0.1:11434", "[::1]:11434"], paths: &["/api/**"] },
    Known { name: "cohere", hosts: &["api.cohere.com", "api.cohere.ai"], paths: &["/v2/**", "/v1/chat"] },
];

#[cfg(test)]
mod tests;
