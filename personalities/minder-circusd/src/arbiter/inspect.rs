//! What of the state is shown: lists of watchers, and what processes use.

use std::rc::Rc;
use std::time::Duration;

use minder_core::ids::{GroupName, Pid};
use serde_json::Value;

use super::{Arbiter, Failed, Listing, Watcher};
use crate::hooks::Import;
use crate::options::WatcherOptions;
use crate::stats::info::{Kin, Sampler, Survey};

/// What is told of a process that has ended.
const VANISHED: &str = "No such process (stopped?)";
/// Over which time the daemon's own share of the processor is measured.
const DAEMON_INTERVAL: Duration = Duration::from_millis(10);

impl Arbiter {
    /// The daemon's pid.
    pub fn pid(&self) -> u32 {
        self.log.pid
    }

    /// Something of each watcher that clients see, in the order in which they came.
    pub fn listed<R>(&self, look: impl Fn(&Watcher) -> R) -> Vec<R> {
        let state = self.state.borrow();
        state.watchers.iter().filter(|watcher| watcher.listing == Listing::Listed).map(look).collect()
    }

    /// The watchers that clients see and what they are looked up by, larger priorities first.
    pub fn listed_by_priority(&self) -> Vec<(GroupName, String)> {
        let mut listed =
            self.listed(|watcher| (watcher.options.priority, watcher.group.clone(), watcher.key()));
        listed.sort_by_key(|(priority, ..)| std::cmp::Reverse(*priority));
        listed.into_iter().map(|(_, group, key)| (group, key)).collect()
    }

    /// What a worker uses. `survey` is one for all that are asked for together.
    pub fn worker_info(&self, survey: &Survey, pid: u32, wid: u32, started: f64) -> Value {
        let looked = Pid::new(pid).map(|pid| self.sampler.borrow_mut().look(survey, pid));
        match looked {
            Some(Ok(info)) => Value::Object(info.to_worker_json(wid, started, survey.now())),
            Some(Err(_)) | None => VANISHED.into(),
        }
    }

    /// What the daemon itself uses, without its children.
    pub async fn own_info(&self) -> Value {
        let Some(pid) = Pid::new(self.pid()) else { return VANISHED.into() };
        let looked = Sampler::new().look_over(Kin::Nobody, pid, DAEMON_INTERVAL).await;
        match looked {
            Ok(info) => Value::Object(info.to_json()),
            Err(_) => VANISHED.into(),
        }
    }

    /// Makes sure that a watcher's hooks can be called.
    ///
    /// # Errors
    /// Python's words when one cannot be imported.
    pub async fn check_hooks(self: &Rc<Self>, options: &WatcherOptions) -> Result<(), Failed> {
        let environment = options.environment();
        let path = environment.get("PYTHONPATH").unwrap_or_default();
        let path: Vec<String> = path.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        for (_, hook) in &options.hooks {
            let found = self.hooks.resolve(&hook.callable, &path, Import::Once).await;
            found.map_err(|error| Failed(error.to_string()))?;
        }
        Ok(())
    }
}
