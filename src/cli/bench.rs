//! `palisade bench`: a running proxy beside going direct, in one interleaved run.

mod load;
mod process;
mod report;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use self::load::{Load, Round};
use self::process::Process;
use self::report::Report;
use super::{Outcome, tell};

/// Measure a running proxy beside going direct: rate, latency, time to the first token, CPU, errors
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  palisade bench --url http://127.0.0.1:8080 --baseline http://127.0.0.1:9000
  palisade bench --url http://127.0.0.1:8080 --baseline http://127.0.0.1:9000 --stream --concurrency 8 --json
  palisade bench --concurrency 1 --duration 20 --header \"authorization: Bearer $OPENAI_API_KEY\"

Every request is sent for real: with a paid API behind the proxy, a long run costs money.

Exit code: 0 measured, 1 some requests failed, 2 nothing could be measured.")]
pub(super) struct Args {
    /// The proxy; without a path, /v1/chat/completions
    #[arg(long, env = "PALISADE_BENCH_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// What it stands in front of: measured in turn with it
    #[arg(long, env = "PALISADE_BENCH_BASELINE", value_name = "URL")]
    baseline: Option<String>,
    /// Requests under way at once
    #[arg(long, env = "PALISADE_BENCH_CONCURRENCY", value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Seconds of load on each side
    #[arg(long, env = "PALISADE_BENCH_DURATION", value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3600))]
    duration: u16,
    /// Ask for streams
    #[arg(long, env = "PALISADE_BENCH_STREAM")]
    stream: bool,
    /// The request's body, in place of a chat request of 1 KB
    #[arg(long, env = "PALISADE_BENCH_BODY", value_name = "FILE", conflicts_with = "stream")]
    body: Option<PathBuf>,
    /// A header of every request; repeat for several
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One address under load.
struct Side {
    name: &'static str,
    url: String,
    /// Who serves it, if that is a process on this machine.
    process: Option<Process>,
    rounds: Vec<Round>,
}

pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    let mut sides = vec![Side::new("proxy", &args.url)?];
    sides.extend(args.baseline.as_deref().map(|url| Side::new("direct", url)).transpose()?);
    let load = Load { body: args.body()?, headers: args.headers(), concurrency: usize::from(args.concurrency) };
    // The client gets one thread, so that it does not crowd out what it measures.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let share = Duration::from_secs(u64::from(args.duration)) / ROUNDS;
    runtime.block_on(async {
        for side in &sides {
            load.run(&side.url, WARM_UP).await.with_context(|| format!("cannot measure {}", side.url))?;
        }
        for round in 0..ROUNDS as usize {
            // Who goes first changes, so that a machine that speeds up or slows down favours neither.
            let count = sides.len();
            for turn in 0..count {
                let side = &mut sides[(round + turn) % count];
                let before = side.process.as_ref().and_then(Process::cpu);
                let mut measured = load.run(&side.url, share).await?;
                let after = side.process.as_ref().and_then(Process::cpu);
                measured.cpu = after.zip(before).map(|(after, before)| after.saturating_sub(before));
                side.rounds.push(measured);
            }
        }
        anyhow::Ok(())
    })?;
    let report = Report::new(&sides, args.concurrency, load.is_stream());
    let shown = if args.json { format!("{}\n", report.json()) } else { report.text() };
    std::io::stdout().write_all(shown.as_bytes())?;
    Ok(if report.failed() { Outcome::No } else { Outcome::Yes })
}

impl Side {
    fn new(name: &'static str, url: &str) -> anyhow::Result<Side> {
        let uri: Uri = url.parse().with_context(|| format!("{url} is not a URL"))?;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            bail!("{url}: only plain HTTP can be measured, for example http://127.0.0.1:8080");
        };
        let process = Process::listening(authority.host(), authority.port_u16().unwrap_or(80));
        if process.is_none() {
            tell(&format!("{url}: served by no process that can be seen from here, so its CPU is not measured"));
        }
        let url = if uri.path() == "/" { format!("{}{CHAT}", url.trim_end_matches('/')) } else { url.to_owned() };
        Ok(Side { name, url, process, rounds: Vec::new() })
    }
}

impl Args {
    fn body(&self) -> anyhow::Result<Vec<u8>> {
        if let Some(path) = &self.body {
            return std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        }
        let text = "Tell me what the weather is like in Paris. ".repeat(21);
        let stream = if self.stream { r#","stream":true"# } else { "" };
        Ok(format!(r#"{{"model":"gpt-4o-mini"{stream},"messages":[{{"role":"user","content":"{text}"}}]}}"#)
            .into_bytes())
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &self.header {
            headers.insert(name, value.clone());
        }
        headers
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written NAME: VALUE")?;
    let name = name.trim().parse().map_err(|_| "not a header's name")?;
    let mut value = HeaderValue::from_str(value.trim()).map_err(|_| "not a header's value")?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Where a URL without a path goes.
const CHAT: &str = "/v1/chat/completions";

/// How often the sides take turns.
const ROUNDS: u32 = 5;

/// Load on each side before anything counts: connections stand, caches are filled.
const WARM_UP: Duration = Duration::from_millis(500);
