//! `tenants`: who is calling, and what they are under. One file a tenant.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::HeaderName;

use super::expand::{Expander, hide_defaults};
use super::network::Network;
use super::problem::{Problem, quoted};
use super::reader::MapReader;
use super::route::Known;
use super::source::Source;
use super::tree::{Node, Value};
use super::value::{self, one_of};

/// Who is calling, and what they are under.
#[derive(Clone, Debug)]
pub struct Tenants {
    /// What tells tenants apart.
    pub from: TenantFrom,
    /// Whether requests of nobody's are refused.
    pub reject_unknown: bool,
    /// All of them, in order of their names.
    pub list: Vec<Tenant>,
}

/// What tells tenants apart.
#[derive(Clone, Debug)]
pub enum TenantFrom {
    /// A header that names the tenant, believed from these networks only.
    Header {
        /// Its name.
        name: HeaderName,
        /// Whom to believe.
        trusted: Vec<Network>,
    },
    /// The client's API key.
    Key,
}

/// One tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The file's name without `.yaml`; the header's value.
    pub name: Arc<str>,
    /// Names or files of policies in place of the routes' own; empty: the routes' own.
    pub policy: Vec<String>,
    /// What conditions may ask about it.
    pub vars: Vars,
    /// SHA-256 of each of its API keys.
    pub keys: Vec<[u8; 32]>,
}

/// A tenant's own values: a mapping. They may be secrets, and are never shown.
#[derive(Clone)]
pub struct Vars(pub serde_json::Value);

impl Default for Vars {
    fn default() -> Vars {
        Vars(serde_json::Value::Object(serde_json::Map::new()))
    }
}

impl std::fmt::Debug for Vars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vars").finish_non_exhaustive()
    }
}

/// Reads `tenants`.
pub(super) fn read(
    reader: &mut MapReader<'_>,
    known: &Known<'_>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<Tenants> {
    let from = reader.required_node("from");
    let problems = reader.problems();
    let from = from.and_then(|node| match &node.value {
        Value::Map(_) => MapReader::read(node, "`from`", problems, read_from).flatten(),
        _ => problems.keep(one_of(&[("key", ())])(node)).map(|()| TenantFrom::Key),
    });
    let reject = reader.optional("unknown", one_of(&[("default", false), ("reject", true)]));
    let node = reader.required_node("list")?;
    let folder = problems.keep(value::filled(node)).map(|folder| known.folder.join(folder))?;
    let list = read_list(node, &folder, reader, known, variable);
    let from = from?;
    check(node, &from, &list, reader);
    Some(Tenants { from, reject_unknown: reject.unwrap_or(false), list })
}

fn read_from(reader: &mut MapReader<'_>) -> Option<TenantFrom> {
    reader.later(&["jwt"]);
    if reader.node("key").is_some() && reader.node("header").is_none() {
        // `from: { key: }` says the same as `from: key`.
        return Some(TenantFrom::Key);
    }
    let name = reader.required("header", |node| {
        let text = value::filled(node)?;
        HeaderName::from_bytes(text.as_bytes()).map_err(|_| value::wrong(node, "a header name"))
    });
    let trusted = reader.required_node("trusted").map(|_| ());
    let trusted = trusted.and_then(|()| {
        reader.list("trusted", |node| {
            let text = value::filled(node)?;
            text.parse().map_err(|()| value::wrong(node, "a network such as `10.0.0.0/8`"))
        })
    });
    Some(TenantFrom::Header { name: name?, trusted: trusted? })
}

fn read_list(
    node: &Node,
    folder: &Path,
    reader: &mut MapReader<'_>,
    known: &Known<'_>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<Tenant> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let label = format!("expected a folder with one file for each tenant: {error}");
            reader.problem(Problem::error(&node.at, "cannot read the tenants").label(label));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"))
        .collect();
    files.sort();
    if files.len() > MAX_TENANTS {
        reader.problem(Problem::error(&node.at, format!("more than {MAX_TENANTS} tenants")));
        return Vec::new();
    }
    files.iter().filter_map(|path| read_file(path, reader, known, variable)).collect()
}

fn read_file(
    path: &Path,
    reader: &MapReader<'_>,
    known: &Known<'_>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<Tenant> {
    let problems = reader.problems();
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if name.len() > MAX_NAME || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        let file = path.display().to_string();
        problems.push(Problem::of_file(&file, "a tenant's file is named by letters, digits, `.`, `_` and `-`"));
        return None;
    }
    let source = problems.keep(Source::read(path))?;
    hide_defaults(&source, problems);
    let mut root = Node::parse(&source, problems)?;
    Expander { variable, folder: known.folder, problems }.expand(&mut root);
    MapReader::read(&root, &format!("tenant {}", quoted(&name)), problems, |reader| {
        let vars = reader.optional("vars", |node| match &node.value {
            Value::Map(_) => value::json(node).map(Vars),
            _ => Err(value::wrong(node, "a mapping of names and values")),
        });
        let policy = reader.list("policy", |node| super::route::policy_name(node, known)).unwrap_or_default();
        // Somebody may have written the keys themselves.
        if let Some(node) = reader.node("keys") {
            problems.hide(&node.at);
            node.items().iter().for_each(|item| problems.hide(&item.at));
        }
        let keys = reader.list("keys", value::sha256).unwrap_or_default();
        Tenant { name: name.as_str().into(), policy, vars: vars.unwrap_or_default(), keys }
    })
}

/// Two tenants with one key, and tenants that nothing tells apart.
fn check(node: &Node, from: &TenantFrom, list: &[Tenant], reader: &MapReader<'_>) {
    let mut seen: HashMap<[u8; 32], &str> = HashMap::new();
    for tenant in list {
        for key in &tenant.keys {
            if let Some(other) = seen.insert(*key, &tenant.name) {
                let title = format!("tenants {} and {} have the same key", quoted(other), quoted(&tenant.name));
                reader.problem(Problem::error(&node.at, title));
            }
        }
        if matches!(from, TenantFrom::Key) && tenant.keys.is_empty() {
            let title = format!("tenant {} has no `keys`", quoted(&tenant.name));
            reader.problem(Problem::warning(&node.at, title).label("`from: key` can never recognise it"));
        }
    }
}

/// Longest name of a tenant.
const MAX_NAME: usize = 64;
/// Most tenants.
const MAX_TENANTS: usize = 10_000;
