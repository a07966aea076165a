//! `admin` and `audit`: the operator's own port, and the decision log.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::Secret;
use super::problem::Problem;
use super::reader::{MapReader, not_available};
use super::tree::Node;
use super::value::{self, one_of};

/// The port for metrics, health and the scan API.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where it listens; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// Whether somebody chose the address: then it must be free.
    pub chosen: bool,
    /// What changes need, and beyond loopback everything but health. `None`: made at the start.
    pub token: Option<Secret>,
    /// Host names that clients may use for it, besides `localhost` and IP addresses.
    pub hosts: Vec<String>,
}

/// The decision log.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The file.
    pub file: PathBuf,
    /// What of the texts is kept beside it.
    pub text: AuditText,
    /// What happens to requests for which it has no room.
    pub on_full: OnFull,
}

/// What of the texts is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuditText {
    /// Nothing.
    #[default]
    None,
    /// All but what rules found.
    Redacted,
    /// All.
    Full,
}

/// What happens to a request whose record has no place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFull {
    /// It is refused (503).
    #[default]
    Block,
    /// Its record goes to a second file, `FILE.spill`; when that is full too, it is refused.
    Spill,
    /// It goes on without a record, which is counted.
    Drop,
}

impl Default for Admin {
    fn default() -> Admin {
        Admin { listen: Some(SocketAddr::from(([127, 0, 0, 1], 8081))), chosen: false, token: None, hosts: Vec::new() }
    }
}

/// Reads `admin`.
pub(super) fn read_admin(reader: &mut MapReader<'_>) -> Admin {
    let usual = Admin::default();
    let listen = reader.optional("listen", |node| match value::string(node) {
        Ok(text) if text == "none" => Ok(None),
        _ => value::address(node).map(Some),
    });
    if let Some(node) = reader.node("token") {
        reader.problems().hide(&node.at);
    }
    let token = reader.optional("token", value::secret);
    if let (Some(token), Some(node)) = (&token, reader.node("token"))
        && (token.expose().len() < MIN_TOKEN || !token.expose().iter().all(u8::is_ascii_graphic))
    {
        reader.problem(
            Problem::error(&node.at, "wrong admin token")
                .label(format!("expected at least {MIN_TOKEN} printable characters without spaces"))
                .help("make one with `openssl rand -hex 32`"),
        );
    }
    let hosts = reader.list("hosts", value::name(255)).unwrap_or_default();
    Admin { listen: listen.unwrap_or(usual.listen), chosen: listen.flatten().is_some(), token, hosts }
}

/// Reads `audit`.
pub(super) fn read_audit(reader: &mut MapReader<'_>, folder: &Path) -> Option<Audit> {
    let file = reader.required("store", |node| store(node, folder));
    let text = one_of(&[("none", AuditText::None), ("redacted", AuditText::Redacted), ("full", AuditText::Full)]);
    let text = reader.optional("text", text).unwrap_or_default();
    let on_full = one_of(&[("block", OnFull::Block), ("spill", OnFull::Spill), ("drop", OnFull::Drop)]);
    let on_full = reader.optional("on_full", on_full).unwrap_or_default();
    Some(Audit { file: file?, text, on_full })
}

fn store(node: &Node, folder: &Path) -> Result<PathBuf, Problem> {
    let text = value::filled(node)?;
    match text.split_once(':') {
        Some(("file", path)) if !path.is_empty() => Ok(folder.join(path)),
        Some((scheme @ ("sqlite" | "postgres" | "postgresql"), _)) => Err(not_available(&node.at, scheme)),
        _ => Err(value::wrong(node, "`file:` and a path").help("for example `file:decisions.jsonl`")),
    }
}

/// Fewer characters can be guessed.
const MIN_TOKEN: usize = 16;
