//! What a request is judged with: the policies of its route, compiled, and the classifiers that they name. Made once at
//! start, shared by everything that judges: the proxy, `scan`, `test`, the demo.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::classifier::{Inference, InferenceError, Job, LoadError, ModelDirs, Priority};
use crate::config::{Config, Inspect, Problems, Secret};
use crate::detector::Plan;
use crate::finding::Failure;
use crate::inspect::{Buffered, Ticket};
use crate::policy::compile::CompileError;
use crate::policy::rule::PolicySpec;
use crate::policy::{Answer, Context, LabelInfo, RuleSet, Scored, load_policy};

/// How long a classifier may take over one text before the rule's `on_error` decides.
const CLASSIFIER_DEADLINE: Duration = Duration::from_secs(5);
/// The same for bulk work, which waits its turn: only a classifier that hangs is given up.
const BULK_DEADLINE: Duration = Duration::from_secs(600);
/// Pause before bulk work asks again for room in a full queue.
const BULK_PAUSE: Duration = Duration::from_millis(5);
/// How many of one message's texts are with the classifiers at a time.
const IN_FLIGHT: usize = 32;
/// How many bytes are scanned between two chances for other requests, on one thread.
pub const SCAN_SLICE: usize = 64 << 10;

/// Why nothing can be judged.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A policy file has problems; rendered.
    #[error("{0}")]
    Policy(Problems),
    /// The rules do not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A classifier cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The system gives no random bytes.
    #[error("no random bytes for the installation's key: {0}")]
    Random(getrandom::Error),
}

/// Policies and classifiers, ready.
pub struct Guard {
    /// For each route of the configuration; `None` where nothing is inspected.
    pub routes: Vec<Option<Context>>,
    /// The classifiers that any rule names.
    pub inference: Option<Arc<Inference>>,
}

impl Guard {
    /// Loads every policy of the configuration, and every model that they name. Warnings go to `warn`.
    pub fn load(config: &Config, shadow: bool, mut warn: impl FnMut(&Problems)) -> Result<Guard, GuardError> {
        let mut stacks = Vec::new();
        for route in &config.routes {
            if route.inspect == Inspect::None {
                stacks.push(None);
                continue;
            }
            let mut stack = Vec::new();
            for name in route.baseline.iter().chain(&route.policy) {
                stack.push(Arc::new(load(name, &config.policies, &mut warn)?));
            }
            stacks.push(Some(stack));
        }
        let all = stacks.iter().flatten().flatten();
        let key = key(config.secret.as_ref())?;
        let inference = inference(all.map(AsRef::as_ref), config.models.as_deref(), &key)?;
        let mut routes = Vec::new();
        for stack in stacks {
            let context = stack.map(|stack| context(stack, inference.as_deref(), &key, shadow)).transpose()?;
            routes.push(context);
        }
        Ok(Guard { routes, inference })
    }

    /// Loads one policy, for `scan` and `test`.
    pub fn single(
        name: &str,
        config: &Config,
        warn: impl FnMut(&Problems),
    ) -> Result<(Context, Option<Arc<Inference>>), GuardError> {
        let mut warn = warn;
        let policy = Arc::new(load(name, &config.policies, &mut warn)?);
        let key = key(config.secret.as_ref())?;
        let inference = inference([policy.as_ref()].into_iter(), config.models.as_deref(), &key)?;
        Ok((context(vec![policy], inference.as_deref(), &key, false)?, inference))
    }
}

fn load(name: &str, folder: &Path, warn: &mut impl FnMut(&Problems)) -> Result<PolicySpec, GuardError> {
    let (policy, warnings) = load_policy(name, folder, jiff::Timestamp::now()).map_err(GuardError::Policy)?;
    warn(&warnings);
    Ok(policy)
}

/// The configured secret, else a key that lives as long as the process.
fn key(secret: Option<&Secret>) -> Result<Arc<[u8]>, GuardError> {
    if let Some(secret) = secret {
        return Ok(secret.expose().into());
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(GuardError::Random)?;
    Ok(Arc::new(key))
}

/// Loads every model that a rule names, each once.
fn inference<'p>(
    policies: impl Iterator<Item = &'p PolicySpec>,
    models: Option<&Path>,
    key: &[u8],
) -> Result<Option<Arc<Inference>>, GuardError> {
    let mut names: Vec<&str> = policies
        .flat_map(|policy| &policy.rules)
        .filter_map(|rule| if let Plan::Classifier(plan) = &rule.plan { Some(&*plan.model) } else { None })
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(None);
    }
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Some(Arc::new(Inference::load(&names, &models.map_or_else(ModelDirs::usual, ModelDirs::only), key, workers)?)))
}

/// Compiles policies that run together, baseline first.
pub fn context(
    policies: Vec<Arc<PolicySpec>>,
    inference: Option<&Inference>,
    key: &Arc<[u8]>,
    shadow: bool,
) -> Result<Context, GuardError> {
    let labels = |model: &str, label: &str| {
        let info = inference.and_then(|inference| inference.model(model));
        let info = info.ok_or_else(|| format!("model {model} is not loaded"))?;
        let index = info
            .label(label)
            .ok_or_else(|| format!("model {model} has no label {label}; it has {}", info.labels.join(", ")))?;
        let version: Arc<str> = format!("{}@{}", info.name, info.hash8).into();
        Ok(LabelInfo { model: version, index, calibration: info.calibration(label) })
    };
    let rules = Arc::new(RuleSet::compile(policies, &labels, shadow)?);
    Ok(Context { rules, key: Arc::clone(key) })
}

/// One question to a classifier under way: where the answer belongs, and the answer.
pub type Asked = std::pin::Pin<Box<dyn Future<Output = (Ticket, Answer)> + Send>>;

/// Takes a stretch of text to its classifier. `client` is who pays for it in the queue's fairness.
pub fn ask(inference: Option<&Inference>, ticket: Ticket, client: u64, priority: Priority) -> Asked {
    let patience = match priority {
        Priority::Gate => CLASSIFIER_DEADLINE,
        Priority::Bulk => BULK_DEADLINE,
    };
    let pending = inference.map(|inference| {
        inference.submit(Job {
            model: Arc::clone(&ticket.job.model),
            text: Arc::clone(&ticket.job.text),
            kind: ticket.kind,
            client,
            priority,
            deadline: Instant::now() + patience,
        })
    });
    Box::pin(async move {
        let answer = match pending {
            None => Answer::Failed(Failure::Error),
            Some(Err(error)) => failed(&error),
            Some(Ok(pending)) => match pending.scores().await {
                Err(error) => failed(&error),
                Ok(scores) => Answer::Scores(
                    scores
                        .windows
                        .into_iter()
                        .map(|window| Scored { range: window.range, scores: window.scores })
                        .collect(),
                ),
            },
        };
        (ticket, answer)
    })
}

fn failed(error: &InferenceError) -> Answer {
    match error {
        InferenceError::Overloaded => Answer::Failed(Failure::Overload),
        InferenceError::Timeout => Answer::Failed(Failure::Timeout),
        InferenceError::TooLong => Answer::OverLimit("windows"),
        InferenceError::TooManyUnknown => Answer::OverLimit("unknown_tokens"),
        InferenceError::Failed(reason) => {
            tracing::error!(%reason, "a classifier failed");
            Answer::Failed(Failure::Error)
        }
        InferenceError::Gone => Answer::Failed(Failure::Error),
    }
}

/// Drives the inspection of a whole body: scans in slices, asks the classifiers, hands the answers in.
pub async fn judge(buffered: &mut Buffered<'_>, inference: Option<&Inference>, client: u64, priority: Priority) {
    while buffered.scan(SCAN_SLICE) {
        tokio::task::yield_now().await;
    }
    let mut tickets = buffered.take_tickets().into_iter();
    // A few at a time: a long conversation must not fill the queue that others wait in, nor its own share of it.
    let ask = |ticket| ask(inference, ticket, client, priority);
    let mut asked: FuturesUnordered<Asked> = tickets.by_ref().take(IN_FLIGHT).map(ask).collect();
    while let Some((ticket, answer)) = asked.next().await {
        if priority == Priority::Bulk && matches!(answer, Answer::Failed(Failure::Overload)) {
            // Nobody waits for it: a full queue is no reason to leave a text unjudged.
            tokio::time::sleep(BULK_PAUSE).await;
            asked.push(ask(ticket));
            continue;
        }
        buffered.answer(&ticket, &answer);
        asked.extend(tickets.next().map(ask));
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("routes", &self.routes.len()).finish_non_exhaustive()
    }
}
