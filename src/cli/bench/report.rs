//! What a run came to: medians over rounds, quantiles over all requests, and the proxy beside going direct.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::Side;
use super::load::Round;

/// All figures.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    concurrency: u16,
    stream: bool,
    sides: Vec<Figures>,
    /// The proxy against going direct.
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<Added>,
}

#[derive(Debug, Serialize)]
struct Figures {
    name: &'static str,
    url: String,
    requests: usize,
    errors: u64,
    /// Requests a second: median over the rounds.
    rps: f64,
    /// Of whole answers.
    latency_ms: Quantiles,
    /// Of their first bytes.
    first_byte_ms: Quantiles,
    /// CPU a request of the process that serves it.
    cpu_us: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Quantiles {
    p50: f64,
    p90: f64,
    p99: f64,
    p99_9: f64,
}

/// Medians over the rounds, each side's taken in the same round.
#[derive(Debug, Serialize)]
struct Added {
    p50_ms: f64,
    p99_ms: f64,
    first_byte_p50_ms: f64,
    /// The proxy's rate as a part of the direct one.
    rps_ratio: f64,
}

impl Report {
    pub(super) fn new(sides: &[Side], concurrency: u16, stream: bool) -> Report {
        let added = if let [proxy, direct] = sides { Some(Added::new(&proxy.rounds, &direct.rounds)) } else { None };
        Report { concurrency, stream, sides: sides.iter().map(Figures::new).collect(), added }
    }

    /// Whether any request failed.
    pub(super) fn failed(&self) -> bool {
        self.sides.iter().any(|side| side.errors > 0)
    }

    pub(super) fn json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    pub(super) fn text(&self) -> String {
        let what = if self.stream { "streams" } else { "requests" };
        let mut out = format!(
            "{} {what} at once; milliseconds\n{:8}{:>10}{:>9}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}\n",
            self.concurrency, "", "per s", "p50", "p90", "p99", "p99.9", "first p50", "CPU µs", "errors"
        );
        for side in &self.sides {
            let cpu = side.cpu_us.map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.0}"));
            let (all, first) = (&side.latency_ms, &side.first_byte_ms);
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "{:8}{:>10.0}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>11.2}{cpu:>9}{:>9}",
                side.name, side.rps, all.p50, all.p90, all.p99, all.p99_9, first.p50, side.errors
            );
        }
        if let Some(added) = &self.added {
            let _ = writeln!(
                out,
                "added   {:>10}{:>9.2}{:>9}{:>9.2}{:>9}{:>11.2}",
                format!("x {:.2}", added.rps_ratio),
                added.p50_ms,
                "",
                added.p99_ms,
                "",
                added.first_byte_p50_ms
            );
        }
        out
    }
}

impl Figures {
    fn new(side: &Side) -> Figures {
        let requests = side.rounds.iter().map(|round| round.whole.len()).sum();
        let cpu: Option<Duration> = side.rounds.iter().map(|round| round.cpu).sum();
        Figures {
            name: side.name,
            url: side.url.clone(),
            requests,
            errors: side.rounds.iter().map(|round| round.errors).sum(),
            rps: median(side.rounds.iter().map(rate).collect()),
            latency_ms: Quantiles::new(side.rounds.iter().flat_map(|round| &round.whole)),
            first_byte_ms: Quantiles::new(side.rounds.iter().flat_map(|round| &round.first)),
            cpu_us: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / requests.max(1) as f64),
        }
    }
}

impl Quantiles {
    fn new<'d>(all: impl Iterator<Item = &'d Duration>) -> Quantiles {
        let mut all: Vec<f64> = all.map(|each| each.as_secs_f64() * 1e3).collect();
        all.sort_by(f64::total_cmp);
        let at = |part| quantile(&all, part);
        Quantiles { p50: at(0.5), p90: at(0.9), p99: at(0.99), p99_9: at(0.999) }
    }
}

impl Added {
    fn new(proxy: &[Round], direct: &[Round]) -> Added {
        let pairs = || proxy.iter().zip(direct);
        let added = |of: fn(&Round) -> &Vec<Duration>, pick: fn(&Quantiles) -> f64| {
            let difference = |(proxy, direct)| {
                let [proxy, direct] = [of(proxy), of(direct)].map(|all| pick(&Quantiles::new(all.iter())));
                proxy - direct
            };
            median(pairs().map(difference).collect())
        };
        Added {
            p50_ms: added(|round| &round.whole, |all| all.p50),
            p99_ms: added(|round| &round.whole, |all| all.p99),
            first_byte_p50_ms: added(|round| &round.first, |all| all.p50),
            rps_ratio: median(
                pairs().map(|(proxy, direct)| rate(proxy) / rate(direct).max(f64::MIN_POSITIVE)).collect(),
            ),
        }
    }
}

fn rate(round: &Round) -> f64 {
    round.whole.len() as f64 / round.elapsed.as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}

/// The smallest value that at least this part of all is not above (nearest rank); 0 without values.
#[expect(clippy::cast_sign_loss, reason = "parts of a count")]
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(ms: &[u64], elapsed: u64) -> Round {
        let whole: Vec<Duration> = ms.iter().map(|&ms| Duration::from_millis(ms)).collect();
        Round { first: whole.clone(), whole, elapsed: Duration::from_secs(elapsed), ..Round::default() }
    }

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let hundred: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        let all = Quantiles::new(hundred.iter());
        let shown = format!("{:.0} {:.0} {:.0} {:.0}", all.p50, all.p90, all.p99, all.p99_9);
        assert_eq!(shown, "50 90 99 100");
        assert!(Quantiles::new([].iter()).p50.abs() < f64::EPSILON);
    }

    #[test]
    fn sides_are_compared_within_rounds() {
        // The machine slows down from round to round; the difference stays.
        let proxy = [round(&[3, 3], 1), round(&[13, 13], 2), round(&[103], 2)];
        let direct = [round(&[1, 1, 1, 1], 1), round(&[11, 11, 11, 11], 2), round(&[101, 101], 2)];
        let added = Added::new(&proxy, &direct);
        assert!((added.p50_ms - 2.0).abs() < 1e-6 && (added.rps_ratio - 0.5).abs() < 1e-6, "{added:?}");
    }
}
