//! From policy files to a [`PolicySpec`]: find the file, merge what it extends, read it, hash it, warn.

mod extends;
mod policy;
mod rate;
mod rule;
mod warn;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::rule::PolicySpec;
use super::shipped;
use crate::config::{Collector, Problem, Problems, Source, did_you_mean, quoted};

/// The policy of routes that name none.
pub const DEFAULT_POLICY: &str = "default";

/// Reads a policy with everything that it extends. A name with a slash or the ending `.yaml` or `.yml` is a file;
/// any other name is `NAME.yaml` in the folder, else a shipped policy. `now` tells which exemptions have ended. The
/// second part of the result is warnings alone.
pub fn load_policy(name: &str, folder: &Path, now: Timestamp) -> Result<(PolicySpec, Problems), Problems> {
    let source = match find(name, folder) {
        Some(Found::File(path)) => Source::read(&path)?,
        Some(Found::Shipped(source)) => source,
        None => {
            let names = names(folder);
            let problem = Problem::of_file(&folder.display().to_string(), format!("unknown policy {}", quoted(name)));
            return Err(match did_you_mean(name, names.iter().map(String::as_str)) {
                Some(help) => problem.help(help),
                None => problem.help(format!("known policies: {}", names.join(", "))),
            }
            .into());
        }
    };
    load_policy_source(&source, folder, now)
}

/// As [`load_policy`], from text that was already read.
pub fn load_policy_source(
    source: &Arc<Source>,
    folder: &Path,
    now: Timestamp,
) -> Result<(PolicySpec, Problems), Problems> {
    let problems = Collector::default();
    let today = now.to_zoned(TimeZone::UTC).date();
    let spec = extends::merged(source, folder, &problems)
        .and_then(|merged| policy::read(&merged, &stem(source.name()), today, &problems));
    let problems = problems.finish();
    match spec {
        Some(spec) if problems.errors() == 0 => Ok((spec, problems)),
        _ => Err(problems),
    }
}

/// Whether a policy is named by its file.
pub fn is_path(name: &str) -> bool {
    name.contains('/') || has_yaml_ending(Path::new(name))
}

/// The names of the policies in a folder and of those that are shipped.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| stem(&path.display().to_string()))
        // `NAME.test.yaml` holds a policy's tests.
        .filter(|name| Path::new(name).extension().is_none_or(|extension| extension != "test"))
        .chain(shipped::names().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

enum Found {
    File(PathBuf),
    Shipped(Arc<Source>),
}

fn find(name: &str, folder: &Path) -> Option<Found> {
    if is_path(name) {
        return Some(Found::File(PathBuf::from(name)));
    }
    let path = folder.join(format!("{name}.yaml"));
    if path.is_file() {
        return Some(Found::File(path));
    }
    shipped::source(name).map(Found::Shipped)
}

fn has_yaml_ending(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn stem(file: &str) -> String {
    Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
