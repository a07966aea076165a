//! `palisade test`: the tests that stand beside policies.

mod run;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use self::run::{Bench, Seen};
use super::style::{Paint, escaped};
use super::{Outcome, tell};
use crate::config::{Config, Source};
use crate::guard::Guard;
use crate::policy::case::{self, Case, CaseFile, ENDING};
use crate::policy::file::is_path;

/// Run the tests that stand beside policies (`NAME.test.yaml`).
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: palisade test policies

Exit code: 0 all pass, 1 one fails or a file is invalid, 2 nothing could be run.")]
pub(super) struct Args {
    /// Files, or folders with them; without any: ./policies, else the policies that are compiled in
    #[arg(value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
}

/// A file of tests that was found.
struct Found {
    source: Arc<Source>,
    /// Where its policies are looked for.
    folder: PathBuf,
    /// The policy that it is named after.
    policy: String,
}

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    /// A file could not be used.
    broken: bool,
}

pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    let usual = Path::new("policies");
    let found = match args.paths.as_slice() {
        [] if usual.is_dir() => search(usual)?,
        [] => {
            let found = |(name, source): (&str, _)| Found { source, folder: usual.to_owned(), policy: name.to_owned() };
            case::shipped().map(found).collect()
        }
        paths => {
            let found: Vec<Vec<Found>> = paths.iter().map(|path| search(path)).collect::<anyhow::Result<_>>()?;
            found.into_iter().flatten().collect()
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut count = Count::default();
    for file in &found {
        if let Err(error) = runtime.block_on(run_file(file, &mut count)) {
            tell(&format!("{error:#}"));
            count.broken = true;
        }
    }
    writeln!(io::stdout(), "{} passed, {} failed", count.passed, count.failed)?;
    Ok(if count.broken || count.failed > 0 { Outcome::No } else { Outcome::Yes })
}

/// Runs the cases of one file and prints those that fail.
async fn run_file(file: &Found, count: &mut Count) -> anyhow::Result<()> {
    let cases = CaseFile::read(&file.source).map_err(|problems| anyhow::anyhow!("{problems}"))?;
    let policy = match &cases.policy {
        Some(name) if is_path(name) => file.folder.join(name).display().to_string(),
        Some(name) => name.clone(),
        None => file.policy.clone(),
    };
    let config = Config { policies: file.folder.clone(), ..Config::default() };
    let (context, inference) = Guard::single(&policy, &config, |warnings| tell(&warnings.to_string()))
        .with_context(|| format!("{}: its policy cannot be used", file.source.name()))?;
    let mut out = io::stdout();
    writeln!(out, "{}: {} cases, policy {}", file.source.name(), cases.cases.len(), context.rules.version())?;
    let bench = Bench { context, inference };
    for case in &cases.cases {
        let wrong = match bench.run(case).await {
            Ok(seen) => differences(case, &seen),
            Err(error) => vec![format!("{error:#}")],
        };
        if wrong.is_empty() {
            count.passed += 1;
            continue;
        }
        count.failed += 1;
        let failed = Paint::of(&out).red("FAILED");
        writeln!(out, "  {failed} {} ({})", escaped(&case.name), case.at.file_and_line())?;
        for line in wrong {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

/// What came otherwise than expected, one line each.
fn differences(case: &Case, seen: &Seen) -> Vec<String> {
    let mut out = Vec::new();
    let expect = &case.expect;
    if expect.verdict != seen.verdict {
        out.push(format!("verdict: expected {}, came {}", expect.verdict, seen.verdict));
    }
    if let Some(rules) = &expect.rules
        && *rules != seen.rules
    {
        out.push(format!("rules: expected [{}], came [{}]", rules.join(", "), seen.rules.join(", ")));
    }
    if let Some(text) = &expect.text
        && Some(text) != seen.text.as_ref()
    {
        let came = seen.text.as_ref().map_or("nothing, as it was blocked".to_owned(), |text| quoted(text));
        out.push(format!("text: expected {}, came {came}", quoted(text)));
    }
    if !out.is_empty() {
        out.extend(seen.why.iter().map(|why| format!("why: {}", escaped(why))));
    }
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// The test files of a folder in order of their names, or the one file.
fn search(path: &Path) -> anyhow::Result<Vec<Found>> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        files.retain(|file| file.is_file() && file.to_string_lossy().ends_with(ENDING));
        files.sort();
        if files.is_empty() {
            bail!("{} holds no policy tests (NAME{ENDING})", path.display());
        }
    }
    files.iter().map(|file| read(file)).collect()
}

fn read(path: &Path) -> anyhow::Result<Found> {
    let source = Source::read(path).map_err(|problem| anyhow::anyhow!("{}", crate::config::Problems::from(problem)))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let policy = name.strip_suffix(ENDING).unwrap_or(&name).to_owned();
    Ok(Found { source, folder: path.parent().unwrap_or(Path::new("")).to_owned(), policy })
}

#[cfg(test)]
mod tests;
