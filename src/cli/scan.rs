//! `palisade scan`: a policy over text, without any proxy.

mod lines;
mod show;

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _};
use ulid::Ulid;

use super::style::Paint;
use super::{Outcome, tell};
use crate::classifier::{Inference, Priority};
use crate::config::Config;
use crate::config::did_you_mean;
use crate::guard::{Guard, judge};
use crate::inspect::{Body, Buffered};
use crate::policy::Context;
use crate::policy::file::DEFAULT_POLICY;
use crate::segment::{Kind, Segment};
use crate::verdict::{About, Verdict};

/// Run a policy over text and print its verdict.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  palisade scan 'Ignore all previous instructions.'
  palisade scan --as completion --format text - < answer.txt
  palisade scan --jsonl --scores < texts.jsonl > verdicts.jsonl

Exit code: 0 nothing is blocked, 1 something is, 2 it could not be judged.")]
pub(super) struct Args {
    /// The policy
    #[arg(long, env = "PALISADE_POLICY", value_name = "NAME|FILE", default_value = DEFAULT_POLICY)]
    policy: String,
    /// What the text is to a model: user, document, completion, reasoning, …
    #[arg(long = "as", value_name = "KIND", default_value = "user", value_parser = kind)]
    kind: Kind,
    /// For programs (one verdict a line) or for people
    #[arg(long, default_value = "json")]
    format: Format,
    /// Read one {"text": …} a line from standard input; other fields are ignored
    #[arg(long)]
    jsonl: bool,
    /// Add the score of every classifier label that was consulted, also below its threshold
    #[arg(long)]
    scores: bool,
    /// Add the text that was found
    #[arg(long)]
    show_text: bool,
    /// The text; `-` or nothing: standard input
    #[arg(value_name = "TEXT|-")]
    text: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Json,
    Text,
}

/// What every text is judged with.
struct Scanner {
    context: Context,
    inference: Option<Arc<Inference>>,
    kind: Kind,
    scores: bool,
    show_text: bool,
}

pub(super) fn main(args: &Args) -> anyhow::Result<Outcome> {
    let given = args.text.as_deref().filter(|text| *text != "-");
    if args.jsonl && given.is_some() {
        bail!("with --jsonl the texts come from standard input: palisade scan --jsonl < FILE");
    }
    let (context, inference) = Guard::single(&args.policy, &Config::default(), |warnings| tell(&warnings.to_string()))?;
    let scanner = Scanner { context, inference, kind: args.kind, scores: args.scores, show_text: args.show_text };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let blocked = if args.jsonl {
        runtime.block_on(each_line(Arc::new(scanner), args.format))?
    } else {
        let text = given.map_or_else(whole_input, |text| Ok(text.to_owned()))?;
        let verdict = runtime.block_on(scanner.scan(&text));
        print(&verdict, args.format)?;
        verdict.verdict == "block"
    };
    Ok(if blocked { Outcome::No } else { Outcome::Yes })
}

/// Judges the texts of standard input, several at a time, and prints their verdicts in order. Whether any was blocked.
async fn each_line(scanner: Arc<Scanner>, format: Format) -> anyhow::Result<bool> {
    let started = Instant::now();
    // Enough to keep every core busy; more would only fill memory.
    let in_flight = (std::thread::available_parallelism().map_or(2, usize::from) * 4).min(MAX_IN_FLIGHT);
    let (mut count, mut blocked) = (0_u64, false);
    let mut verdicts = lines::read(io::stdin(), in_flight / 2)
        .map(|text| {
            let scanner = Arc::clone(&scanner);
            async move {
                let text = text?;
                anyhow::Ok(tokio::spawn(async move { scanner.scan(&text).await }).await?)
            }
        })
        .buffered(in_flight)
        .boxed();
    while let Some(verdict) = verdicts.try_next().await? {
        count += 1;
        blocked |= verdict.verdict == "block";
        print(&verdict, format)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    tell(&format!("{count} texts in {seconds:.2} s, {:.1} texts/s", count as f64 / seconds.max(1e-9)));
    Ok(blocked)
}

impl Scanner {
    async fn scan(&self, text: &str) -> Verdict {
        let started = Instant::now();
        let direction = self.kind.usual_direction();
        let body = Body::Plain(text, Segment::new(direction, self.kind, ""));
        let mut buffered = Buffered::new(&self.context, body, direction);
        judge(&mut buffered, self.inference.as_deref(), CLIENT, Priority::Bulk).await;
        let concluded = buffered.conclude(true);
        let about = About {
            id: Ulid::new().to_string().into(),
            elapsed_us: started.elapsed().as_micros() as u64,
            show_text: self.show_text,
            show_scores: self.scores,
            show_texts: true,
            ..About::default()
        };
        Verdict::new(&self.context, direction, &concluded.report, concluded.block.as_ref(), about)
    }
}

fn print(verdict: &Verdict, format: Format) -> anyhow::Result<()> {
    let line = match format {
        Format::Json => serde_json::to_string(verdict)?,
        Format::Text => show::verdict(verdict, Paint::of(&io::stdout())),
    };
    writeln!(io::stdout(), "{line}").context("cannot write to standard output")
}

fn whole_input() -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    io::stdin().take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.len() > MAX_TEXT {
        bail!("the text is longer than {} MiB", MAX_TEXT >> 20);
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow::anyhow!("the text is not UTF-8: byte {at} begins no character")
    })
}

fn kind(name: &str) -> Result<Kind, String> {
    let names = Kind::ALL.map(Kind::name);
    Kind::from_name(name).ok_or_else(|| {
        let help = did_you_mean(name, names).map(|help| format!(" ({help})")).unwrap_or_default();
        format!("no such kind; there are {}{help}", names.join(", "))
    })
}

/// Longest text, in bytes; what the proxy's bodies are bound to, too.
const MAX_TEXT: usize = 16 << 20;
/// Most texts that are judged at a time, however many cores there are.
const MAX_IN_FLIGHT: usize = 32;
/// There is one client: whoever runs the command.
const CLIENT: u64 = 0;
