//! `palisade coverage`: what works with which API, and the test that shows it.

use std::io::{self, Write as _};

use clap::Args as Arguments;

use super::Outcome;
use crate::protocol::coverage::{Cell, json, rows};

/// Show what works with which API, and the test behind each cell
#[derive(Arguments, Clone, Debug)]
#[command(after_help = "Example: palisade coverage --tests")]
pub(super) struct Args {
    /// Name the test behind each cell, and why a cell is empty.
    #[arg(long)]
    tests: bool,
    /// The same as JSON, as the admin port serves it.
    #[arg(long, conflicts_with = "tests")]
    json: bool,
}

/// Runs the command.
pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    let mut out = io::stdout().lock();
    let written = if args.json {
        writeln!(out, "{:#}", json())
    } else if args.tests {
        rows().flat_map(|row| Cell::ALL.map(|cell| (row, cell))).try_for_each(|(row, cell)| match row.cell(cell) {
            Ok(test) => writeln!(out, "{} {}: {test}", row.protocol, cell.name()),
            Err(why) => writeln!(out, "{} {}: none, {why}", row.protocol, cell.name()),
        })
    } else {
        show(&mut out)
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Outcome::Yes),
    }
}

fn show(out: &mut impl io::Write) -> io::Result<()> {
    let widest = rows().map(|row| row.protocol.len()).max().unwrap_or_default();
    write!(out, "{:widest$}", "")?;
    Cell::ALL.iter().try_for_each(|cell| write!(out, "  {}", cell.name()))?;
    writeln!(out)?;
    for row in rows() {
        write!(out, "{:widest$}", row.protocol)?;
        for cell in Cell::ALL {
            let mark = if row.cell(cell).is_ok() { "yes" } else { "-" };
            write!(out, "  {mark:width$}", width = cell.name().len())?;
        }
        writeln!(out)?;
    }
    Ok(())
}
