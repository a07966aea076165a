//! The command line: one file per subcommand.

mod audit;
mod bench;
mod coverage;
mod deltas;
mod demo;
mod detectors;
mod scan;
mod serve;
mod standin;
mod style;
mod test;
pub mod validate;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A guardrails reverse proxy for LLM APIs: it blocks, rewrites or logs what does not comply, streams included.
#[derive(Debug, Parser)]
#[command(name = "palisade", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the proxy
    Serve(serve::Args),
    /// See it work: a short conversation through the proxy, with a stand-in LLM behind it
    Demo(demo::Args),
    /// Run a policy over text and print its verdict
    Scan(scan::Args),
    /// Run the tests that stand beside policies
    Test(test::Args),
    /// The decision log: whether it is whole, and its latest records
    Audit(audit::Args),
    /// Check configuration and policy files: every problem, where it is, and what was expected
    Validate(validate::ValidateArgs),
    /// Show what works with which API, and the test behind each cell
    Coverage(coverage::Args),
    /// Show what rules can look for, with examples and cost
    Detectors(detectors::Args),
    /// Measure a running proxy beside going direct
    Bench(bench::Args),
    /// Run the stand-in LLM that demo, tests and benches use
    #[command(hide = true)]
    Standin(standin::Args),
}

/// What a subcommand came to; its value is the process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Fine.
    Yes = 0,
    /// It worked, and the answer is no: blocked, failed, invalid.
    No = 1,
    /// Wrong usage, or something could not be set up.
    Unusable = 2,
}

impl Outcome {
    /// The outcome with this exit code.
    fn of(code: u8) -> Outcome {
        match code {
            0 => Outcome::Yes,
            1 => Outcome::No,
            _ => Outcome::Unusable,
        }
    }
}

impl Cli {
    /// Runs the subcommand. An error is one of usage or set-up.
    pub fn run(self) -> anyhow::Result<Outcome> {
        match self.command {
            Command::Serve(args) => serve::main(&args),
            Command::Demo(args) => demo::main(&args),
            Command::Scan(args) => scan::main(&args),
            Command::Test(args) => test::main(&args),
            Command::Audit(args) => audit::main(&args),
            Command::Validate(args) => Ok(Outcome::of(validate::run(&args))),
            Command::Coverage(args) => coverage::main(&args),
            Command::Detectors(args) => detectors::main(&args),
            Command::Bench(args) => bench::main(&args),
            Command::Standin(args) => standin::main(&args),
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(outcome as u8)
    }
}

/// Tells the person at the terminal. Where standard error is gone there is nobody left to tell.
fn tell(text: &str) {
    if !text.is_empty() {
        let _ = std::io::stderr().write_all(format!("{}\n", text.trim_end()).as_bytes());
    }
}
