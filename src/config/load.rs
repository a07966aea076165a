//! From the text of `palisade.yaml` to a [`Config`].

use std::path::Path;
use std::sync::Arc;

use super::expand::{Expander, hide_defaults};
use super::problem::{Collector, Problem, Problems, quoted};
use super::reader::MapReader;
use super::route::{self, Known};
use super::source::Source;
use super::tree::{Node, Value};
use super::value::{self, one_of};
use super::{Config, Secret, Upstream, admin, server, tenants, upstream};

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
    let config = root.and_then(|root| {
        MapReader::read(&root, "the configuration", &problems, |reader| read_config(reader, folder, variable))
    });
    let problems = problems.finish();
    match config {
        Some(config) if problems.errors() == 0 => Ok((config, problems)),
        _ => Err(problems),
    }
}

fn read_config(reader: &mut MapReader<'_>, folder: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Config {
    reader.later(&["shared", "telemetry"]);
    reader.optional("version", one_of(&[("1", ())]));
    let secret = read_secret(reader);
    let server_at = reader.node("server").and_then(|node| node.child("listen")).map(|node| node.at.clone());
    let server = reader.map("server", server::read);
    let admin = reader.map("admin", admin::read_admin);
    let audit = reader.map("audit", |reader| admin::read_audit(reader, folder)).flatten();
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
    let known = Known { upstreams: &names, policies: &policies, folder };
    let routes = route::read_all(reader, &known);
    let tenants = reader.map("tenants", |reader| tenants::read(reader, &known, variable)).flatten();
    let config = Config {
        secret,
        server: server.unwrap_or_default(),
        admin: admin.unwrap_or_default(),
        tenants,
        audit,
        upstreams: upstreams.unwrap_or_default(),
        routes,
        policies,
        models,
    };
    if let (Some(exposed), Some(at)) = (config.exposed(), server_at.or(upstreams_node.map(|node| node.at.clone()))) {
        reader.problem(
            Problem::error(&at, "anyone who reaches this address could spend the provider's credentials")
                .label(format!("not loopback, and upstream {} injects a credential", quoted(&exposed.name)))
                .help(
                    "listen on 127.0.0.1, or let clients in by `keys` under `server`, or say that it is meant with \
                     `open: true`",
                ),
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
