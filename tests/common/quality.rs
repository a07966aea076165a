//! What the measurements of detectors over labelled texts share: the data, and a rule or policy to run over it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use palisade::config::Source;
use palisade::policy::file::load_policy_source;
use palisade::policy::{Channel, Context, RuleSet};
use palisade::segment::{Direction, Kind, Scope};

/// The folder with labelled texts, which is not part of the repository. `None`: it is not there, and that was said.
pub(crate) fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.exists() {
        println!("skipped: no labelled texts in {}", folder.display());
        return None;
    }
    Some(folder)
}

/// A policy without classifiers, compiled.
pub(crate) fn context(policy: &str) -> Context {
    let source = Source::new("quality.yaml", policy);
    let loaded = load_policy_source(&source, Path::new("/nowhere"), Timestamp::UNIX_EPOCH);
    let policy = loaded.map_err(|problems| problems.to_string()).unwrap().0;
    let labels = |_: &str, _: &str| Err("no models here".to_owned());
    let rules = RuleSet::compile(vec![Arc::new(policy)], &labels, false).unwrap();
    Context::new(Arc::new(rules), Arc::new([0; 32]))
}

/// The rows of a packed file, by way of gzip.
pub(crate) fn rows(file: &Path) -> Vec<serde_json::Value> {
    let mut gzip = Command::new("gzip").arg("-dc").arg(file).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(gzip.stdout.take().unwrap()).lines();
    let rows = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert!(gzip.wait().unwrap().success());
    rows
}

/// A text of a request, read to its end.
pub(crate) fn read(context: &Context, kind: Kind, text: &str) -> Channel {
    let plan = Arc::clone(context.rules.plan_for(Scope::one(Direction::Request, kind)));
    let mut channel = Channel::new(context, plan);
    channel.feed(text);
    channel.finish();
    channel
}
