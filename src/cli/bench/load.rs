//! The load: so many requests at once, each as soon as the one before has ended, for so long.

use std::time::{Duration, Instant};

use anyhow::bail;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::HeaderMap;

/// What is sent, and how many at once.
pub(super) struct Load {
    pub(super) body: Vec<u8>,
    pub(super) headers: HeaderMap,
    pub(super) concurrency: usize,
}

/// What one stretch of load measured.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// How long it took.
    pub(super) elapsed: Duration,
    /// From the request's first byte to the answer's last, of each that succeeded.
    pub(super) whole: Vec<Duration>,
    /// To the answer's first byte.
    pub(super) first: Vec<Duration>,
    /// Requests that failed: no answer, or one that is no success.
    pub(super) errors: u64,
    /// CPU of the process under load.
    pub(super) cpu: Option<Duration>,
}

impl Load {
    /// Sends for `duration`. An error only if not a single request succeeded.
    pub(super) async fn run(&self, url: &str, duration: Duration) -> anyhow::Result<Round> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .timeout(REQUEST_TIMEOUT)
            .build()?;
        let started = Instant::now();
        let lanes: FuturesUnordered<_> =
            (0..self.concurrency).map(|_| self.lane(&client, url, started + duration)).collect();
        let mut round = Round::default();
        let mut fault = None;
        let lanes: Vec<(Round, Option<String>)> = lanes.collect().await;
        for (lane, why) in lanes {
            round.whole.extend(lane.whole);
            round.first.extend(lane.first);
            round.errors += lane.errors;
            fault = fault.or(why);
        }
        round.elapsed = started.elapsed();
        match fault {
            Some(why) if round.whole.is_empty() => bail!("no request succeeded: {why}"),
            _ => Ok(round),
        }
    }

    /// Whether the body asks for a stream.
    pub(super) fn is_stream(&self) -> bool {
        serde_json::from_slice::<serde_json::Value>(&self.body).is_ok_and(|body| body["stream"] == true)
    }

    /// One request after the other. The second value says why one failed.
    async fn lane(&self, client: &reqwest::Client, url: &str, end: Instant) -> (Round, Option<String>) {
        let (mut round, mut fault) = (Round::default(), None);
        while Instant::now() < end {
            let started = Instant::now();
            match self.request(client, url).await {
                Ok(first) => {
                    round.first.push(first.duration_since(started));
                    round.whole.push(started.elapsed());
                }
                Err(why) => {
                    round.errors += 1;
                    fault = Some(why);
                    // Against a closed port a lane would spin.
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        (round, fault)
    }

    /// When the first byte of the answer's body was there. The answer is read to its end.
    async fn request(&self, client: &reqwest::Client, url: &str) -> Result<Instant, String> {
        let sent = client.post(url).headers(self.headers.clone()).body(self.body.clone()).send();
        let mut answer = sent.await.map_err(reason)?;
        if !answer.status().is_success() {
            return Err(format!("the answer was {}", answer.status()));
        }
        let mut first = None;
        while let Some(piece) = answer.chunk().await.map_err(reason)? {
            if !piece.is_empty() {
                first.get_or_insert_with(Instant::now);
            }
        }
        Ok(first.unwrap_or_else(Instant::now))
    }
}

/// The innermost reason. The outer ones name the URL, which may hold a key.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Longest that one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Rest after a request that failed.
const PAUSE: Duration = Duration::from_millis(10);
