//! `palisade audit`: what became of the decision log.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::Outcome;
use crate::audit::chain::hex;
use crate::audit::verify::{NotWhole, Whole, verify};
use crate::config::{self, Config, Secret};

/// The decision log: whether it is whole, and its latest records.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check every line, every link and every text that is still there
    #[command(after_help = "\
Example: palisade audit verify decisions.jsonl

Exit code: 0 the log is whole, 1 it is not (the first bad line is named), 2 it cannot be checked.")]
    Verify(Which),
    /// Print the latest records
    #[command(after_help = "Example: palisade audit tail -n 20 decisions.jsonl")]
    Tail {
        #[command(flatten)]
        which: Which,
        /// How many
        #[arg(short = 'n', long, default_value_t = 10)]
        lines: usize,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The log; without it, the one that the configuration names
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The configuration, for the log's place and the `secret` that keys it; palisade.yaml if it is there
    #[arg(long, env = "PALISADE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Verify(which) => {
            let config = which.config()?;
            check(&which.file(config.as_ref())?, config.as_ref())
        }
        Command::Tail { which, lines } => tail(&which.file(which.config()?.as_ref())?, *lines),
    }
}

impl Which {
    fn config(&self) -> anyhow::Result<Option<Config>> {
        let usual = Path::new("palisade.yaml");
        let path = match &self.config {
            Some(path) => path,
            None if usual.exists() => usual,
            None => return Ok(None),
        };
        let loaded = config::load(path);
        let (config, _) = loaded.map_err(|problems| anyhow::anyhow!("the configuration is invalid\n{problems}"))?;
        Ok(Some(config))
    }

    fn file(&self, config: Option<&Config>) -> anyhow::Result<PathBuf> {
        let configured = config.and_then(|config| config.audit.as_ref()).map(|audit| audit.file.clone());
        match self.file.clone().or(configured) {
            Some(file) => Ok(file),
            None => bail!("no log: name its file, or a configuration that has `audit`"),
        }
    }
}

fn check(file: &Path, config: Option<&Config>) -> anyhow::Result<Outcome> {
    let secret = config.and_then(|config| config.secret.as_ref()).map(Secret::expose);
    let mut out = std::io::stdout();
    match verify(file, secret) {
        Ok(whole) => {
            writeln!(out, "{}: whole\n{}", file.display(), summary(&whole))?;
            Ok(Outcome::Yes)
        }
        Err(NotWhole::Unreadable(file, error)) => bail!("{file} cannot be read: {error}"),
        Err(NotWhole::Secret) => bail!("{}: {}", file.display(), NotWhole::Secret),
        Err(error) => {
            writeln!(out, "{error}")?;
            Ok(Outcome::No)
        }
    }
}

fn summary(whole: &Whole) -> String {
    let mut out = format!("  {} lines, {} verdicts", whole.lines, whole.verdicts);
    match whole.lines - whole.keyed {
        0 => out.push_str(", all keyed"),
        all if all == whole.lines => out.push_str(", not keyed: whoever can write the file could make it anew"),
        some => out.push_str(&format!(", the first {some} not keyed")),
    }
    if whole.texts + whole.erased > 0 {
        out.push_str(&format!("\n  {} texts, {} erased", whole.texts, whole.erased));
    }
    if whole.torn > 0 {
        out.push_str(&format!("\n  {} bytes of an unfinished line: still being written, or a crash", whole.torn));
    }
    out.push_str(&format!("\n  last hash {}", hex(&whole.last)));
    out
}

/// Prints the last lines; only the end of the file is read.
fn tail(path: &Path, lines: usize) -> anyhow::Result<Outcome> {
    let context = || format!("{} cannot be read", path.display());
    let mut file = File::open(path).with_context(context)?;
    let len = file.metadata().with_context(context)?.len();
    let mut start = len;
    let mut end = Vec::new();
    while start > 0 && end.split(|byte| *byte == b'\n').count() - 1 <= lines {
        let step = CHUNK.min(start);
        start -= step;
        file.seek(SeekFrom::Start(start)).with_context(context)?;
        let mut chunk = Vec::new();
        (&mut file).take(step).read_to_end(&mut chunk).with_context(context)?;
        chunk.extend_from_slice(&end);
        end = chunk;
    }
    let all: Vec<_> = BufReader::new(end.as_slice()).split(b'\n').collect::<Result<_, _>>()?;
    // Unless the whole file was read, the first is not whole.
    let whole = all.get(usize::from(start > 0)..).unwrap_or_default();
    let mut out = std::io::stdout();
    for line in whole.get(whole.len().saturating_sub(lines)..).unwrap_or_default() {
        out.write_all(line)?;
        out.write_all(b"\n")?;
    }
    Ok(Outcome::Yes)
}

/// How much is read at a time.
const CHUNK: u64 = 64 << 10;
