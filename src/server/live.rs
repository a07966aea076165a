//! What is served right now, and how it is replaced: whole, and only by what was checked.
//!
//! Each runtime has an [`App`] of its own, which never changes. A request takes the one that it finds when it begins and
//! keeps it to the end of its answer's stream; a reload puts new ones in their places.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;

use super::journey::{App, SetUpError};
use crate::audit::Log;
use crate::config::Config;
use crate::guard::Guard;
use crate::telemetry::metrics::METRICS;

/// The apps of all runtimes.
#[derive(Debug)]
pub struct Live {
    slots: Vec<Arc<ArcSwap<App>>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When what is served was loaded, in seconds since 1970.
    loaded: f64,
    /// What was wrong with the last attempt to reload.
    failed: Option<String>,
    draining: bool,
}

impl Live {
    pub(super) fn new(apps: impl IntoIterator<Item = App>) -> Live {
        Live {
            slots: apps.into_iter().map(|app| Arc::new(ArcSwap::from_pointee(app))).collect(),
            state: Mutex::new(State { loaded: now(), failed: None, draining: false }),
        }
    }

    /// Where each runtime finds its app.
    pub(super) fn slots(&self) -> &[Arc<ArcSwap<App>>] {
        &self.slots
    }

    /// What is served now, as one of the runtimes has it.
    pub fn app(&self) -> Option<Arc<App>> {
        self.slots.first().map(|slot| slot.load_full())
    }

    /// The decision log, if there is one.
    pub fn log(&self) -> Option<Log> {
        self.app().and_then(|app| app.recorder.log().cloned())
    }

    /// Serves something else from now on. `load` makes it, from the one that is served; if it fails, or what it gives
    /// does not hold together, nothing changes. One attempt at a time. Blocks: models are read.
    pub fn reload(&self, load: impl FnOnce(&App) -> Result<(Config, Guard), String>) -> Result<(), String> {
        let result = self.attempt(load);
        METRICS.reloads.inc(if result.is_ok() { "ok" } else { "failed" });
        let mut state = self.state();
        match &result {
            Ok(()) => {
                state.loaded = now();
                state.failed = None;
            }
            Err(error) => state.failed = Some(error.clone()),
        }
        result
    }

    fn attempt(&self, load: impl FnOnce(&App) -> Result<(Config, Guard), String>) -> Result<(), String> {
        let before = self.app().ok_or("nothing is served")?;
        let (mut config, guard) = load(&before)?;
        keep_addresses(&before.config, &mut config);
        let (config, guard) = (Arc::new(config), Arc::new(guard));
        // All of them first, so that either all runtimes change or none.
        let next: Result<Vec<App>, SetUpError> =
            self.slots.iter().map(|slot| slot.load().successor(&config, &guard)).collect();
        for (slot, app) in self.slots.iter().zip(next.map_err(|error| error.to_string())?) {
            slot.store(Arc::new(app));
        }
        Ok(())
    }

    /// Whether what is served is what the files say.
    pub fn reloaded(&self) -> Result<(), String> {
        self.state().failed.clone().map_or(Ok(()), Err)
    }

    /// When what is served was loaded, in seconds since 1970.
    pub fn loaded(&self) -> f64 {
        self.state().loaded
    }

    /// Says that nothing new is accepted any more.
    pub(super) fn drains(&self) {
        self.state().draining = true;
    }

    /// Why no more requests should be sent here, if so.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        let (draining, failed) = {
            let state = self.state();
            (state.draining, state.failed.is_some())
        };
        if draining {
            troubles.push("draining".to_owned());
        }
        if failed {
            troubles.push("the last reload failed: the version before it is served; the log says why".to_owned());
        }
        troubles.extend(self.log().and_then(|log| log.trouble()).map(str::to_owned));
        troubles
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is bound or open stays so until the next start.
fn keep_addresses(before: &Config, now: &mut Config) {
    if now.server.listen != before.server.listen {
        tracing::warn!(listen = %before.server.listen, "`server.listen` does not change at a reload");
        now.server.listen = before.server.listen;
    }
    if now.admin.listen != before.admin.listen {
        tracing::warn!("`admin.listen` does not change at a reload");
        now.admin.listen = before.admin.listen;
    }
    let store = |config: &Config| config.audit.as_ref().map(|audit| audit.file.clone());
    if store(now) != store(before) {
        tracing::warn!("`audit.store` does not change at a reload");
        now.audit.clone_from(&before.audit);
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
