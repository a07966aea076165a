//! The files of a model folder: bounded reads, digests, one hash over all that makes the scores.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::model::{ModelError, invalid};

/// Checks every digest that is given, and hashes the graph (with weights kept beside it) and the small files together.
pub(super) fn hash(
    dir: &Path,
    graph: &str,
    expected: &BTreeMap<String, String>,
    small: &[&[u8]],
) -> Result<[u8; 32], ModelError> {
    let mut all = Sha256::new();
    for bytes in small {
        all.update(Sha256::digest(bytes));
    }
    let path = dir.join(graph);
    for part in graph_files(&path)? {
        all.update(digest_file(&part)?);
    }
    for (file, expected) in expected {
        if file.starts_with('/') || file.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let problem = format!("palisade.yaml: `{}` is not a file of this folder", file.escape_debug());
            return Err(invalid(dir, problem));
        }
        let path = dir.join(file);
        let found = hex(&digest_file(&path)?);
        if found != *expected {
            return Err(ModelError::Digest { path, expected: expected.clone(), found });
        }
    }
    Ok(all.finalize().into())
}

/// The graph and files such as `model.onnx_data`, sorted.
fn graph_files(graph: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let failed = |source| ModelError::Read { path: graph.to_owned(), source };
    fs::metadata(graph).map_err(failed)?;
    let (Some(dir), Some(name)) = (graph.parent(), graph.file_name()) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().as_encoded_bytes().starts_with(name.as_encoded_bytes()) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn digest_file(path: &Path) -> Result<[u8; 32], ModelError> {
    let failed = |source| ModelError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher).map_err(failed)?;
    Ok(hasher.finalize().into())
}

/// The whole file, if it is not longer than `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let failed = |source| ModelError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(ModelError::TooLong { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
