//! `palisade serve`: the proxy.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use http::Uri;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, log_to_stderr};
use crate::config::{Config, Inspect, Route, Timeouts, Upstream};
use crate::server::{App, Server};

/// Example: `palisade serve --upstream https://api.openai.com`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An LLM API to stand in front of
    #[arg(long, env = "PALISADE_UPSTREAM", value_name = "URL", required = true)]
    upstream: Uri,
    /// Where clients connect
    #[arg(long, env = "PALISADE_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

pub(super) fn main(args: Args) -> anyhow::Result<Outcome> {
    log_to_stderr();
    run(args.config())
}

/// Serves until SIGTERM or SIGINT, then drains.
pub(super) fn run(config: Config) -> anyhow::Result<Outcome> {
    let unread: Vec<String> =
        config.routes.iter().filter(|route| route.inspect == Inspect::None).map(|route| route.path.clone()).collect();
    // Accepting and signals only: the work is done on the server's own threads.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let server = Server::start(App::new(config)?, None).await?;
        let mut out = std::io::stdout();
        writeln!(out, "palisade on http://{}", server.addr())?;
        for path in &unread {
            writeln!(out, "  passes unread: {path}")?;
        }
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("draining");
        tokio::select! {
            () = server.drain() => {}
            // Whoever asks twice does not want to wait.
            _ = interrupt.recv() => {}
        }
        Ok(Outcome::Yes)
    })
}

impl Args {
    /// The configuration that the flags alone make.
    fn config(self) -> Config {
        let mut config = Config {
            secret: None,
            server: crate::config::Server::default(),
            upstreams: vec![Upstream {
                name: "upstream".to_owned(),
                url: self.upstream,
                headers: Vec::new(),
                timeouts: Timeouts::default(),
            }],
            routes: vec![Route {
                path: "/**".to_owned(),
                upstream: 0,
                inspect: Inspect::Full,
                baseline: Vec::new(),
                policy: Vec::new(),
            }],
            policies: "policies".into(),
            models: None,
        };
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        config
    }
}
