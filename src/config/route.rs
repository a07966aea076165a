//! `routes`: which request goes where, and who watches it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::{Collector, Problem};
use super::reader::MapReader;
use super::source::At;
use super::tree::{Node, Value};
use super::value::{self, one_of, unknown};
use super::{Inspect, Route, Store, api};
use crate::policy::file::{self as policy_file, DEFAULT_POLICY};

/// What routes may refer to.
pub(super) struct Known<'a> {
    /// The names of all upstreams, in file order.
    pub(super) upstreams: &'a [&'a str],
    /// The folder with policies.
    pub(super) policies: &'a Path,
    /// The folder that relative paths start from.
    pub(super) folder: &'a Path,
}

/// Reads `routes`; without that key, a single upstream gets everything.
pub(super) fn read_all(reader: &mut MapReader<'_>, known: &Known<'_>) -> Vec<Route> {
    let problems = reader.problems();
    let Some(node) = reader.node("routes") else {
        // One upstream needs no table.
        return match known.upstreams {
            [] => Vec::new(),
            [_] => vec![Route::everything(0)],
            _ => {
                problems.push(
                    Problem::error(reader.head(), "there are several upstreams but no `routes`")
                        .label("expected `routes` to say which request goes where"),
                );
                Vec::new()
            }
        };
    };
    if !matches!(node.value, Value::Seq(_)) {
        problems.push(value::wrong(node, "a list of routes"));
    }
    let read_one = |item| MapReader::read(item, "the route", problems, |reader| read(reader, known)).flatten();
    let routes: Vec<Route> = node.items().iter().filter_map(read_one).collect();
    if routes.len() == node.items().len() {
        warn_of_hidden(node, &routes, problems);
    }
    routes
}

fn read(reader: &mut MapReader<'_>, known: &Known<'_>) -> Option<Route> {
    reader.later(&["shadow"]);
    let path = reader.required("path", route_path);
    let upstream = reader.required("upstream", |node| {
        let name = value::string(node)?;
        let found = known.upstreams.iter().position(|known| *known == name);
        found.ok_or_else(|| unknown(node, "upstream", &name, known.upstreams.iter().copied()))
    });
    let inspect = reader.optional("inspect", one_of(&[("full", Inspect::Full), ("none", Inspect::None)]));
    let inspect = inspect.unwrap_or(Inspect::Full);
    let policy = |node: &Node| policy_name(node, known);
    let store = reader.optional("store", one_of(&[("as_asked", Store::AsAsked), ("force_off", Store::ForceOff)]));
    let baseline = reader.list("baseline", policy);
    let chosen = reader.list("policy", policy);
    if inspect == Inspect::None {
        for key in ["baseline", "policy", "api"] {
            if let Some(node) = reader.node(key) {
                let what = if key == "api" { "an API" } else { "a policy" };
                reader.problem(
                    Problem::error(&node.at, format!("{what} on a route that is not inspected"))
                        .label("never used: the route says `inspect: none`")
                        .help("remove one of the two"),
                );
            }
        }
        if let (Some(Store::ForceOff), Some(node)) = (store, reader.node("store")) {
            reader.problem(
                Problem::error(&node.at, "`store: force_off` on a route that is not inspected")
                    .label("has no effect: the route says `inspect: none`, so no body is read")
                    .help("remove `inspect: none`, or this line"),
            );
        }
        return Some(Route {
            path: path?,
            upstream: upstream?,
            inspect,
            baseline: vec![],
            policy: vec![],
            api: None,
            store: Store::AsAsked,
        });
    }
    let store = store.unwrap_or_default();
    let policy = chosen.unwrap_or_else(|| vec![DEFAULT_POLICY.to_owned()]);
    let api = reader.map("api", api::read).map(Arc::new);
    let baseline = baseline.unwrap_or_default();
    Some(Route { path: path?, upstream: upstream?, inspect, baseline, policy, api, store })
}

/// A policy's name as it is, a policy's file with the folder of the configuration before it.
pub(super) fn policy_name(node: &Node, known: &Known<'_>) -> Result<String, Problem> {
    let name = value::filled(node)?;
    if policy_file::is_path(&name) {
        let path: PathBuf = known.folder.join(&name);
        if path.is_file() {
            return Ok(path.display().to_string());
        }
        let label = format!("expected a file, found {}", node.found());
        return Err(Problem::error(&node.at, "the policy's file does not exist").label(label));
    }
    let names = policy_file::names(known.policies);
    if names.contains(&name) {
        return Ok(name);
    }
    let problem = unknown(node, "policy", &name, names.iter().map(String::as_str));
    Err(problem.label(format!("no such file in {}, and no shipped policy of this name", known.policies.display())))
}

/// A pattern over request paths: `*` stands for one segment, `**` at the end for any number, none included.
fn route_path(node: &Node) -> Result<String, Problem> {
    let path = value::string(node)?;
    let fault = |label: &str| Err(Problem::error(&node.at, "wrong path pattern").label(label));
    let Some(rest) = path.strip_prefix('/') else { return fault("expected a path that starts with `/`") };
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\' | b'%');
    if !path.bytes().all(allowed) {
        return fault("expected letters, digits and punctuation without `?`, `#`, `\\` or `%`");
    }
    let segments: Vec<&str> = rest.split('/').collect();
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        match *segment {
            "**" if last => {}
            "**" => return fault("`**` can only be the last segment"),
            "*" => {}
            "." | ".." => return fault("dot segments never match: such requests are refused"),
            "" if !last => return fault("empty segments never match: such requests are refused"),
            name if name.contains('*') => return fault("`*` stands for a whole segment"),
            _ => {}
        }
    }
    Ok(path)
}

/// Warns of routes behind one that takes every path, and of patterns that come twice.
fn warn_of_hidden(node: &Node, routes: &[Route], problems: &Collector) {
    let mut seen: HashSet<&str> = HashSet::new();
    for (item, route) in node.items().iter().zip(routes) {
        let at: &At = item.child("path").map_or(&item.at, |path| &path.at);
        if seen.contains("/**") || !seen.insert(&route.path) {
            problems.push(
                Problem::warning(at, "this route never matches").label("an earlier route takes all of its requests"),
            );
        }
    }
}

impl Route {
    /// Every path, inspected with the default policy.
    pub(super) fn everything(upstream: usize) -> Route {
        Route::inspected("/**", upstream)
    }

    /// A path, inspected with the default policy.
    pub(super) fn inspected(path: &str, upstream: usize) -> Route {
        Route {
            path: path.to_owned(),
            upstream,
            inspect: Inspect::Full,
            baseline: Vec::new(),
            policy: vec![DEFAULT_POLICY.to_owned()],
            api: None,
            store: Store::AsAsked,
        }
    }
}
