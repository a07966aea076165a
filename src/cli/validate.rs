//! `palisade validate`: every problem of configuration and policy files, at once.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use crate::config::{self, Collector, Node, Problems, Source, Value};
use crate::policy::case::{self, CaseFile};
use crate::policy::file::{load_policy, load_policy_source};

/// Check configuration and policy files, and show every problem in them.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example: palisade validate palisade.yaml policies/support-bot.yaml")]
pub struct ValidateArgs {
    /// The files; configuration and policies are told apart by what is in them.
    #[arg(value_name = "FILE", env = "PALISADE_CONFIG", default_value = "palisade.yaml")]
    pub files: Vec<PathBuf>,
}

/// Runs the command. Exit code: 0 all fine (warnings included), 1 a file is invalid, 2 a file cannot be read.
pub fn run(args: &ValidateArgs) -> u8 {
    let variable = |name: &str| std::env::var(name).ok();
    let checked = Checked { now: Timestamp::now(), variable: &variable };
    // Nobody is left to tell when the terminal is gone; the exit code still says it.
    checked.files(&args.files, &mut io::stdout().lock(), &mut io::stderr().lock()).unwrap_or(2)
}

/// What a check depends on besides the files.
struct Checked<'a> {
    now: Timestamp,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Checked<'_> {
    fn files(&self, files: &[PathBuf], out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
        let mut code = 0;
        let mut all = Problems::default();
        for path in files {
            let source = match Source::read(path) {
                Ok(source) => source,
                Err(problem) => {
                    all.merge(problem.into());
                    code = 2;
                    continue;
                }
            };
            let folder = path.parent().unwrap_or(Path::new(""));
            let checked = if is_test(path) {
                test(&source)
            } else if is_config(&source, path) {
                self.config(&source, folder)
            } else {
                self.policy(&source, folder)
            };
            match checked {
                Ok((summary, warnings)) => {
                    let count = match warnings.warnings() {
                        0 => String::new(),
                        1 => ", 1 warning".to_owned(),
                        count => format!(", {count} warnings"),
                    };
                    writeln!(out, "{}: fine ({summary}{count})", source.name())?;
                    all.merge(warnings);
                }
                Err(problems) => {
                    all.merge(problems);
                    code = code.max(1);
                }
            }
        }
        write!(err, "{all}")?;
        Ok(code)
    }

    /// A configuration is fine when the policies that its routes name are.
    fn config(&self, source: &Arc<Source>, folder: &Path) -> Result<(String, Problems), Problems> {
        let (config, mut problems) = config::load_source(source, folder, self.variable)?;
        let mut names: Vec<&String> =
            config.routes.iter().flat_map(|route| route.baseline.iter().chain(&route.policy)).collect();
        names.extend(config.tenants.iter().flat_map(|tenants| &tenants.list).flat_map(|tenant| &tenant.policy));
        names.sort();
        names.dedup();
        for name in &names {
            match load_policy(name, &config.policies, self.now) {
                Ok((_, warnings)) => problems.merge(warnings),
                Err(errors) => problems.merge(errors),
            }
        }
        if problems.errors() > 0 {
            return Err(problems);
        }
        let [upstreams, routes, policies] = [
            (config.upstreams.len(), "upstream", "upstreams"),
            (config.routes.len(), "route", "routes"),
            (names.len(), "policy", "policies"),
        ]
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }));
        Ok((format!("configuration, {upstreams}, {routes}, {policies}"), problems))
    }

    fn policy(&self, source: &Arc<Source>, folder: &Path) -> Result<(String, Problems), Problems> {
        let (policy, warnings) = load_policy_source(source, folder, self.now)?;
        let rules = match policy.rules.len() {
            1 => "1 rule".to_owned(),
            count => format!("{count} rules"),
        };
        Ok((format!("policy {}, {rules}", policy.version()), warnings))
    }
}

/// Tests that stand beside a policy: read, not run.
fn test(source: &Arc<Source>) -> Result<(String, Problems), Problems> {
    let file = CaseFile::read(source)?;
    Ok((format!("policy tests, {} cases", file.cases.len()), Problems::default()))
}

fn is_test(path: &Path) -> bool {
    path.to_string_lossy().ends_with(case::ENDING)
}

/// Whether the file is a configuration rather than a policy: by its keys, and by its name when those do not tell.
fn is_config(source: &Arc<Source>, path: &Path) -> bool {
    let named = path.file_stem() == Some(OsStr::new("palisade"));
    let Some(Node { value: Value::Map(entries), .. }) = Node::parse(source, &Collector::default()) else {
        return named;
    };
    let count = |keys: &[&str]| entries.iter().filter(|entry| keys.contains(&entry.key.as_str())).count();
    match count(CONFIG_KEYS).cmp(&count(POLICY_KEYS)) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => named,
    }
}

const CONFIG_KEYS: &[&str] = &[
    "secret",
    "server",
    "admin",
    "upstreams",
    "routes",
    "tenants",
    "policies",
    "models",
    "shared",
    "audit",
    "telemetry",
];
const POLICY_KEYS: &[&str] = &[
    "name",
    "extends",
    "mode",
    "on_error",
    "unreadable",
    "over_limit",
    "unscannable",
    "unrewritable",
    "expose",
    "budget",
    "documents",
    "rules",
];

#[cfg(test)]
mod tests;
