//! What a request is judged with: the policies of its route, compiled, and the classifiers that they name. Made once at
//! start, shared by everything that judges: the proxy, `scan`, `test`, the demo.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::classifier::{Inference, InferenceError, Job, LoadError, ModelDirs, Priority, WindowScores};
use crate::config::{Config, Inspect, Problems, Route, Secret, Vars};
use crate::finding::Failure;
use crate::inspect::{Buffered, Ticket};
use crate::policy::compile::{CompileError, NO_LABEL, Shared};
use crate::policy::rule::PolicySpec;
use crate::policy::rule::UNKNOWN_TOKENS;
use crate::policy::{Answer, Books, Context, LabelInfo, RuleSet, Scored, load_policy, topics};
use crate::telemetry::metrics::METRICS;

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
#[derive(Default)]
pub struct Guard {
    /// For each route of the configuration; `None` where nothing is inspected.
    pub routes: Vec<Option<Context>>,
    /// The same for tenants that have a policy of their own.
    pub tenants: HashMap<Arc<str>, Vec<Option<Context>>>,
    /// The classifiers that any rule names.
    pub inference: Option<Arc<Inference>>,
    /// Keys hashes and the score cache.
    key: Arc<[u8]>,
    shadow: bool,
    /// What is compiled: a guard that takes this one's place compiles what is new, and no more.
    shared: Arc<Mutex<Shared>>,
    /// What tenants' files say for conditions.
    vars: HashMap<Arc<str>, Vars>,
    /// What callers took, for rules with a budget.
    books: Books,
    /// Some rule tells callers apart by their keys.
    counts_keys: bool,
}

impl Guard {
    /// Loads every policy of the configuration, and every model that they name. Warnings go to `warn`.
    pub fn load(config: &Config, shadow: bool, warn: impl FnMut(&Problems)) -> Result<Guard, GuardError> {
        Guard { shadow, ..Guard::default() }.reload(config, warn)
    }

    /// Loads everything anew, but for what would be the same: the models, if neither they nor their set have changed,
    /// a key that was made at the start, and what callers took of the budgets that are still there.
    pub fn reload(&self, config: &Config, mut warn: impl FnMut(&Problems)) -> Result<Guard, GuardError> {
        let mut specs: HashMap<&str, Arc<PolicySpec>> = HashMap::new();
        let routes = config.routes.iter().flat_map(|route| route.baseline.iter().chain(&route.policy));
        let tenants = config.tenants.iter().flat_map(|tenants| &tenants.list).flat_map(|tenant| &tenant.policy);
        for name in routes.chain(tenants) {
            if !specs.contains_key(name.as_str()) {
                specs.insert(name, Arc::new(load(name, &config.policies, &mut warn)?));
            }
        }
        let key = match &config.secret {
            None if !self.key.is_empty() => Arc::clone(&self.key),
            secret => key(secret.as_ref())?,
        };
        let before = self.inference.as_ref();
        let inference = inference(specs.values().map(AsRef::as_ref), config.models.as_deref(), &key, before)?;
        let tenants = config.tenants.iter().flat_map(|tenants| &tenants.list);
        let vars = tenants.map(|tenant| (Arc::clone(&tenant.name), tenant.vars.clone())).collect();
        let (shared, books) = (Arc::clone(&self.shared), self.books.again());
        let mut guard = Guard { inference, key, shadow: self.shadow, vars, shared, books, ..Guard::default() };
        guard.compile(config, &specs)?;
        guard.books.prune();
        Ok(guard)
    }

    /// Policies that are compiled already.
    pub fn of(routes: Vec<Option<Context>>, inference: Option<Arc<Inference>>) -> Guard {
        let counts_keys = routes.iter().flatten().any(Context::counts_keys);
        Guard { routes, inference, counts_keys, ..Guard::default() }
    }

    /// Compiles each set of policies that run together, once.
    fn compile(&mut self, config: &Config, specs: &HashMap<&str, Arc<PolicySpec>>) -> Result<(), GuardError> {
        let mut known: HashMap<Vec<&str>, Context> = HashMap::new();
        let mut books = std::mem::take(&mut self.books);
        let mut of_route = |guard: &Guard, route: &'_ Route, policy: &[String]| {
            if route.inspect == Inspect::None {
                return Ok(None);
            }
            let stack = route.baseline.iter().chain(policy).filter_map(|name| specs.get_key_value(name.as_str()));
            let (names, stack): (Vec<&str>, Vec<_>) = stack.map(|(name, spec)| (*name, Arc::clone(spec))).unzip();
            if let Some(context) = known.get(&names) {
                return Ok(Some(context.clone()));
            }
            let mut context = guard.stack(stack)?;
            context.keep_budgets(&mut books);
            known.insert(names, context.clone());
            Ok::<_, GuardError>(Some(context))
        };
        let routes = config.routes.iter().map(|route| of_route(self, route, &route.policy));
        let routes = routes.collect::<Result<_, _>>()?;
        let mut tenants = HashMap::new();
        for tenant in config.tenants.iter().flat_map(|tenants| &tenants.list).filter(|own| !own.policy.is_empty()) {
            let contexts = config.routes.iter().map(|route| of_route(self, route, &tenant.policy));
            tenants.insert(Arc::clone(&tenant.name), contexts.collect::<Result<_, _>>()?);
        }
        self.routes = routes;
        self.tenants = tenants;
        self.books = books;
        let counts_keys = self.contexts().any(Context::counts_keys);
        self.counts_keys = counts_keys;
        Ok(())
    }

    /// What a route's requests are under, those of a tenant with a policy of its own in particular.
    pub fn context(&self, route: usize, tenant: Option<&str>) -> Option<&Context> {
        let own = tenant.and_then(|tenant| self.tenants.get(tenant));
        own.unwrap_or(&self.routes).get(route).and_then(Option::as_ref)
    }

    /// Whether any rule tells callers apart by their keys.
    pub fn counts_keys(&self) -> bool {
        self.counts_keys
    }

    /// What a tenant's file says for conditions.
    pub fn vars(&self, tenant: &str) -> Option<&serde_json::Value> {
        self.vars.get(tenant).map(|vars| &vars.0)
    }

    /// Every set of policies that runs.
    pub fn contexts(&self) -> impl Iterator<Item = &Context> {
        self.tenants.values().chain([&self.routes]).flatten().flatten()
    }

    /// One more policy, for text that comes without a request. Its models must be loaded.
    pub fn add(&self, name: &str, folder: &Path) -> Result<Context, GuardError> {
        let policy = load(name, folder, &mut |_| {})?;
        self.stack(vec![Arc::new(policy)])
    }

    /// Policies that run together, baseline first.
    fn stack(&self, policies: Vec<Arc<PolicySpec>>) -> Result<Context, GuardError> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        compile(&mut shared, policies, self.inference.as_deref(), &self.key, self.shadow)
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
        let inference = inference([policy.as_ref()].into_iter(), config.models.as_deref(), &key, None)?;
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

/// Loads every model that a rule names, each once; or goes on with those that are loaded.
fn inference<'p>(
    policies: impl Iterator<Item = &'p PolicySpec>,
    models: Option<&Path>,
    key: &[u8],
    before: Option<&Arc<Inference>>,
) -> Result<Option<Arc<Inference>>, GuardError> {
    let mut names: Vec<&str> = policies
        .flat_map(|policy| &policy.rules)
        .flat_map(|rule| rule.plan.models().into_iter().map(|model| &**model))
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(None);
    }
    let dirs = models.map_or_else(ModelDirs::usual, ModelDirs::only);
    if let Some(before) = before.filter(|before| before.serves(&names, &dirs, key)) {
        return Ok(Some(Arc::clone(before)));
    }
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Some(Arc::new(Inference::load(&names, &dirs, key, workers)?)))
}

/// Compiles policies that run together, baseline first.
pub fn context(
    policies: Vec<Arc<PolicySpec>>,
    inference: Option<&Inference>,
    key: &Arc<[u8]>,
    shadow: bool,
) -> Result<Context, GuardError> {
    compile(&mut Shared::default(), policies, inference, key, shadow)
}

fn compile(
    shared: &mut Shared,
    policies: Vec<Arc<PolicySpec>>,
    inference: Option<&Inference>,
    key: &Arc<[u8]>,
    shadow: bool,
) -> Result<Context, GuardError> {
    let labels = |model: &str, label: &str| {
        let info = inference.and_then(|inference| inference.model(model));
        let info = info.ok_or_else(|| format!("model {model} is not loaded"))?;
        let version: Arc<str> = format!("{}@{}", info.name, info.hash8).into();
        if label == NO_LABEL {
            return Ok(LabelInfo { model: version, index: 0, calibration: None, entity: false });
        }
        let (of_text, of_words) = (info.label(label), info.entity(label));
        let index = of_text.or(of_words).ok_or_else(|| {
            let mut has: Vec<&str> = info.labels.iter().chain(&*info.entities).map(String::as_str).collect();
            has.sort_unstable();
            let what = match (info.labels.is_empty(), info.entities.is_empty()) {
                (true, false) => "tags words and has no entity",
                (false, true) => "judges whole texts and has no label",
                (true, true) => return format!("model {model} gives vectors, for `topic`, and has no label or entity"),
                _ => "has no label or entity",
            };
            format!("model {model} {what} {label}; it has {}", has.join(", "))
        })?;
        Ok(LabelInfo { model: version, index, calibration: info.calibration(label), entity: of_text.is_none() })
    };
    let vector = |model: &str, text: &str| {
        let inference = inference.filter(|inference| inference.model(model).is_some());
        inference.ok_or_else(|| format!("model {model} is not loaded"))?.vector(model, text)
    };
    let read = |policy| topics::read_examples(policy, &vector);
    let policies = policies.into_iter().map(read).collect::<Result<_, _>>()?;
    let rules = Arc::new(RuleSet::compile_with(shared, policies, &labels, shadow)?);
    Ok(Context::new(rules, Arc::clone(key)))
}

/// One question to a classifier under way: where the answer belongs, and the answer.
pub type Asked = std::pin::Pin<Box<dyn Future<Output = (Ticket, Answer)> + Send>>;

/// Whose text is judged.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Who pays for it in the queue's fairness.
    pub client: u64,
    /// Scores are remembered for each tenant apart.
    pub tenant: Option<Arc<str>>,
    /// The request's id, for the log.
    pub id: Arc<str>,
}

impl From<u64> for Caller {
    fn from(client: u64) -> Caller {
        Caller { client, ..Caller::default() }
    }
}

/// Takes a stretch of text to its classifier.
pub fn ask(inference: Option<&Inference>, ticket: Ticket, caller: &Caller, priority: Priority) -> Asked {
    let patience = match priority {
        Priority::Gate => CLASSIFIER_DEADLINE,
        Priority::Bulk => BULK_DEADLINE,
    };
    let pending = inference.map(|inference| {
        inference.submit(Job {
            model: Arc::clone(&ticket.job.model),
            text: Arc::clone(&ticket.job.text),
            question: ticket.job.question,
            kind: ticket.kind,
            client: caller.client,
            tenant: caller.tenant.clone(),
            priority,
            deadline: Instant::now() + patience,
        })
    });
    let id = Arc::clone(&caller.id);
    Box::pin(async move {
        let answer = match pending {
            None => Answer::Failed(Failure::Error),
            Some(Err(error)) => failed(&error, &id),
            Some(Ok(pending)) => match pending.scores().await {
                Err(error) => failed(&error, &id),
                Ok(scores) => {
                    METRICS.inference.observe(scores.elapsed);
                    if let Some(tokens) = scores.tokens {
                        return (ticket, Answer::Tokens(tokens));
                    }
                    let unread = scores.windows.iter().any(|window| window.unread);
                    let windows = scores.windows.into_iter();
                    let scored = |window: WindowScores| Scored {
                        range: window.range,
                        scores: window.scores,
                        words: window.words,
                        vector: window.vector,
                    };
                    let scores = windows.map(scored).collect();
                    if unread { Answer::Partly(scores, UNKNOWN_TOKENS) } else { Answer::Scores(scores) }
                }
            },
        };
        (ticket, answer)
    })
}

fn failed(error: &InferenceError, id: &str) -> Answer {
    METRICS.inference_failures.inc(match error {
        InferenceError::Overloaded => "overload",
        InferenceError::Timeout => "timeout",
        InferenceError::TooLong => "over_limit",
        InferenceError::Failed(_) | InferenceError::Gone => "error",
    });
    match error {
        InferenceError::Overloaded => Answer::Failed(Failure::Overload),
        InferenceError::Timeout => Answer::Failed(Failure::Timeout),
        InferenceError::TooLong => Answer::OverLimit("windows"),
        InferenceError::Failed(reason) => {
            tracing::error!(%id, %reason, "a classifier failed");
            Answer::Failed(Failure::Error)
        }
        InferenceError::Gone => Answer::Failed(Failure::Error),
    }
}

/// Drives the inspection of a whole body: scans in slices, asks the classifiers, hands the answers in.
pub async fn judge(
    buffered: &mut Buffered<'_>,
    inference: Option<&Inference>,
    caller: impl Into<Caller>,
    priority: Priority,
) {
    let caller = caller.into();
    buffered.set_tenant(caller.tenant.clone());
    let mut scanning = Duration::ZERO;
    loop {
        let started = Instant::now();
        let more = buffered.scan(SCAN_SLICE);
        scanning += started.elapsed();
        if !more {
            break;
        }
        tokio::task::yield_now().await;
    }
    METRICS.scan.observe(scanning);
    let tickets = buffered.take_tickets();
    // Most messages have none, and then there is nothing to set up.
    if tickets.is_empty() {
        return;
    }
    let mut tickets = tickets.into_iter();
    // A few at a time: a long conversation must not fill the queue that others wait in, nor its own share of it.
    let ask = |ticket| ask(inference, ticket, &caller, priority);
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
