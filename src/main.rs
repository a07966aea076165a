//! The `palisade` command: parse the arguments, run one subcommand, turn what it came to into an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use palisade::cli::{Cli, Outcome};

/// A request is many small allocations that one thread makes and another may free; this serves them with less CPU than
/// the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match palisade::classifier::silence_telemetry().map_err(Into::into).and_then(|()| cli.run()) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            // Where standard error is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "palisade: {error:#}");
            Outcome::Unusable.into()
        }
    }
}
