//! `palisade demo`: the proxy before a stand-in LLM, and a short conversation that shows what it does.

mod client;
mod tour;

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;

use self::client::Client;
use super::style::Paint;
use super::{Outcome, tell};
use crate::config::Config;
use crate::guard::Guard;
use crate::server::{App, Server};
use crate::standin;

/// See it work: a short conversation through the proxy, with a stand-in LLM behind it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: palisade demo --once

Exit code: 0 everything went as it should, 1 a step went wrong, 2 it could not be set up.")]
pub(super) struct Args {
    /// End after the tour instead of leaving the proxy running
    #[arg(long)]
    once: bool,
}

pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(args.once))
}

async fn run(once: bool) -> anyhow::Result<Outcome> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let standin = standin::spawn(any).await.context("cannot start the stand-in LLM")?;
    let app = app(standin.addr())?;
    let (decisions, about) = (app.decisions.clone(), about(&app));
    let server = Server::start(app, None).await?;
    let paint = Paint::of(&io::stdout());
    let client = Client { proxy: server.addr(), standin: standin.addr(), http: reqwest::Client::new(), decisions };
    writeln!(io::stdout(), "{}\n{}\n", paint.bold("Palisade in front of a stand-in LLM"), paint.dim(&about))?;
    let wrong = tour::run(&client, paint).await?;
    writeln!(io::stdout(), "{}", summary(wrong, paint))?;
    if !once {
        writeln!(io::stdout(), "\n{}", usage(server.addr(), paint))?;
        tokio::signal::ctrl_c().await.context("cannot listen for Ctrl-C")?;
    }
    server.drain().await;
    Ok(if wrong == 0 { Outcome::Yes } else { Outcome::No })
}

/// The proxy: everything goes to the stand-in, under the policy `demo`.
fn app(standin: SocketAddr) -> anyhow::Result<App> {
    let (mut config, _) = Config::from_upstreams(&[format!("http://{standin}")])?;
    for route in &mut config.routes {
        route.policy = vec!["demo".to_owned()];
    }
    // The usual port if it is free: then what the documentation says can be typed as it stands.
    if TcpListener::bind(config.server.listen).is_err() {
        config.server.listen.set_port(0);
    }
    let guard = Guard::load(&config, false, |warnings| tell(&warnings.to_string()))?;
    Ok(App::new(config, guard)?)
}

fn about(app: &App) -> String {
    let policies = app.guard.routes.iter().flatten().map(|context| context.rules.version().to_string());
    let models = app.guard.inference.iter().flat_map(|inference| inference.models());
    let models = models.map(|model| format!("model {}@{} (ONNX, on this machine)", model.name, model.hash8));
    policies.map(|policy| format!("policy {policy}")).chain(models).collect::<Vec<_>>().join(", ")
}

fn summary(wrong: usize, paint: Paint) -> String {
    match wrong {
        0 => paint.green("Everything went as it should."),
        1 => paint.red("1 step went wrong."),
        _ => paint.red(&format!("{wrong} steps went wrong.")),
    }
}

fn usage(addr: SocketAddr, paint: Paint) -> String {
    format!(
        "{}

  curl -s http://{addr}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{\"model\":\"stand-in\",\"messages\":[{{\"role\":\"user\",\"content\":\"When does Project Aurora start?\"}}]}}'

  client = openai.OpenAI(base_url=\"http://{addr}/v1\", api_key=\"any\")

In front of a real provider: palisade serve --upstream https://api.openai.com
Ctrl-C ends it.",
        paint.bold("The proxy keeps running. Talk to it:")
    )
}
