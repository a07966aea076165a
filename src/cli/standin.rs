//! `palisade standin`: the stand-in LLM by itself.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;

use super::Outcome;
use crate::standin;

/// Example: `palisade standin --listen 127.0.0.1:9999`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:9999")]
    listen: SocketAddr,
}

pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let handle = standin::spawn(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?;
        writeln!(std::io::stdout(), "stand-in LLM on http://{}", handle.addr())?;
        tokio::signal::ctrl_c().await?;
        Ok(Outcome::Yes)
    })
}
