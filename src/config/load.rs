//! From the text of `palisade.yaml` to a [`Config`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::expand::{Expander, hide_defaults};
use super::problem::{Collector, Problem, Problems, quoted};
use super::reader::MapReader;
use super::route::{self, Known};
use super::source::Source;
use super::tree::{Node, Value};
use super::value::{self, boolean, count, duration, one_of, size};
use super::{Config, Secret, Server, Upstream, upstream};

/// Reads a configuration file and the environment. The second part is warnings alone.
pub fn load(path: &Path) -> Result<(Config, Problems), Problems> {
    let source = Source::read(path)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    load_source(&source, &folder, &|name| std::env::var(name).ok())
}

/// As [`load`], from text. Relative paths start from `folder`; `variable` stands for the environment.
pub fn load_source(
    source: &Arc<Source>,
    folder: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(Config, Problems), Problems> {
    let problems = Collector::default();
    hide_defaults(source, &problems);
    let root = Node::parse(source, &problems).map(|mut root| {
        Expander { variable, folder, problems: &problems }.expand(&mut root);
        root
    });
    let config = root
        .and_then(|root| MapReader::read(&root, "the configuration", &problems, |reader| read_config(reader, folder)));
    let problems = problems.finish();
    match config {
        Some(config) if problems.errors() == 0 => Ok((config, problems)),
        _ => Err(problems),
    }
}

fn read_config(reader: &mut MapReader<'_>, folder: &Path) -> Config {
    reader.later(&["admin", "tenants", "shared", "audit", "telemetry"]);
    reader.optional("version", one_of(&[("1", ())]));
    let secret = read_secret(reader);
    let server_at = reader.node("server").and_then(|node| node.child("listen")).map(|node| node.at.clone());
    let server = reader.map("server", read_server);
    let upstreams_node = reader.node("upstreams");
    let upstreams = reader.map("upstreams", read_upstreams);
    let policies = reader.optional("policies", value::filled);
    let models = reader.optional("models", value::filled).map(|path| folder.join(path));
    let policies = folder.join(policies.as_deref().unwrap_or("policies"));
    // By the keys: a route to an upstream that has a problem is no problem of its own.
    let names: Vec<&str> = match upstreams_node.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    };
    let routes = route::read_all(reader, &Known { upstreams: &names, policies: &policies, folder });
    let config = Config {
        secret,
        server: server.unwrap_or_default(),
        upstreams: upstreams.unwrap_or_default(),
        routes,
        policies,
        models,
    };
    if let (Some(exposed), Some(at)) = (config.exposed(), server_at.or(upstreams_node.map(|node| node.at.clone()))) {
        reader.problem(
            Problem::error(&at, "anyone who reaches this address could spend the provider's credentials")
                .label(format!("not loopback, and upstream {} injects a credential", quoted(&exposed.name)))
                .help("listen on 127.0.0.1, or say that it is meant with `open: true` under `server`"),
        );
    }
    config
}

fn read_secret(reader: &mut MapReader<'_>) -> Option<Secret> {
    if let Some(node) = reader.node("secret") {
        reader.problems().hide(&node.at);
    }
    let secret = reader.optional("secret", value::secret)?;
    let node = reader.node("secret")?;
    if secret.expose().len() < MIN_SECRET {
        reader.problem(
            Problem::error(&node.at, "the secret is too short")
                .label(format!("expected at least {MIN_SECRET} bytes"))
                .help("make one with `openssl rand -hex 32`"),
        );
    }
    Some(secret)
}

fn read_server(reader: &mut MapReader<'_>) -> Server {
    reader.later(&["tls", "keys", "max_buffered", "max_segments", "min_body_rate", "max_inflight_per_client"]);
    let default = Server::default();
    Server {
        listen: reader.optional("listen", value::address).unwrap_or(default.listen),
        max_body: reader.optional("max_body", size(1 << 10..=1 << 30)).unwrap_or(default.max_body),
        max_inflight: reader.optional("max_inflight", count(1..=1_000_000)).unwrap_or(default.max_inflight),
        drain: reader.optional("drain", duration(Duration::ZERO..=Duration::from_secs(3600))).unwrap_or(default.drain),
        open: reader.optional("open", boolean).unwrap_or(default.open),
    }
}

fn read_upstreams(reader: &mut MapReader<'_>) -> Vec<Upstream> {
    let problems = reader.problems();
    let entries = reader.entries();
    let read = entries.iter().filter_map(|entry| {
        let what = format!("upstream {}", quoted(&entry.key));
        MapReader::read(&entry.value, &what, problems, |reader| upstream::read(reader, &entry.key)).flatten()
    });
    read.collect()
}

/// Fewer bytes can be guessed.
const MIN_SECRET: usize = 16;

#[cfg(test)]
mod tests;
