//! Asking hooks: somebody else's code, called at moments of a watcher's life.

use minder_core::ids::GroupName;
use serde_json::{Value, json};

use super::announce::object;
use super::log::Level;
use super::{Arbiter, Watcher};
use crate::hooks::{HookReturn, WatcherView};

/// The moments at which a hook may be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Moment {
    BeforeStart,
    AfterStart,
    BeforeSpawn,
    AfterSpawn,
    BeforeStop,
    AfterStop,
    BeforeSignal,
    AfterSignal,
    BeforeReap,
    AfterReap,
    ExtendedStats,
}

impl Moment {
    /// The hook's name.
    pub fn word(self) -> &'static str {
        match self {
            Self::BeforeStart => "before_start",
            Self::AfterStart => "after_start",
            Self::BeforeSpawn => "before_spawn",
            Self::AfterSpawn => "after_spawn",
            Self::BeforeStop => "before_stop",
            Self::AfterStop => "after_stop",
            Self::BeforeSignal => "before_signal",
            Self::AfterSignal => "after_signal",
            Self::BeforeReap => "before_reap",
            Self::AfterReap => "after_reap",
            Self::ExtendedStats => "extended_stats",
        }
    }
}

/// What a hook says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consent {
    /// Go on. Also where there is no hook.
    Given,
    /// Do not.
    Refused,
}

impl Arbiter {
    /// Asks a watcher's hook of this moment, if it has one.
    pub(crate) async fn consult(&self, group: &GroupName, moment: Moment, extra: Value) -> Consent {
        let Some(Some((callable, ignored, view))) = self.with(group, |watcher| question(watcher, moment))
        else {
            return Consent::Given;
        };
        let name = moment.word();
        let answer = self.hooks.call(&callable, name, &view, &pairs(extra)).await;
        match answer {
            Ok(HookReturn { truth, .. }) => {
                self.announce(
                    group,
                    "hook_success",
                    object(json!({"name": name, "time": self.wall_seconds()})),
                );
                if truth { Consent::Given } else { Consent::Refused }
            }
            Err(error) => {
                self.say(Level::Error, &format!("Hook '{name}' failed\n{error}"));
                let payload = json!({"name": name, "time": self.wall_seconds(), "error": error.to_string()});
                self.announce(group, "hook_failure", object(payload));
                if ignored { Consent::Given } else { Consent::Refused }
            }
        }
    }

    /// Lets a watcher's hook change what is told of a process.
    pub(crate) async fn extend_stats(
        &self,
        group: &GroupName,
        pid: u32,
        stats: Value,
    ) -> Result<Value, String> {
        let Some(Some((callable, _, view))) =
            self.with(group, |watcher| question(watcher, Moment::ExtendedStats))
        else {
            return Ok(stats);
        };
        let extra = [("pid".to_owned(), pid.into()), ("stats".to_owned(), stats.clone())];
        let answer = self.hooks.call(&callable, Moment::ExtendedStats.word(), &view, &extra).await;
        answer.map(|answer| answer.stats.unwrap_or(stats)).map_err(|error| error.to_string())
    }
}

/// The hook's callable, whether its failure counts as consent, and the watcher as it sees it.
fn question(watcher: &mut Watcher, moment: Moment) -> Option<(String, bool, WatcherView)> {
    let name = moment.word();
    let hook = watcher.options.hook(name)?;
    let ignored = watcher.options.ignores_failure_of(name);
    let options = &watcher.options;
    let view = WatcherView {
        name: watcher.name.clone(),
        res_name: watcher.resource_name(),
        cmd: options.cmd.clone(),
        args: options.args.to_json(),
        env: variables(watcher),
        pids: watcher.processes.iter().map(|process| process.pid.get()).collect(),
        numprocesses: options.wanted(),
        working_dir: Some(options.working_dir.clone()),
        options: options.options(),
    };
    Some((hook.callable.clone(), ignored, view))
}

fn pairs(extra: Value) -> Vec<(String, Value)> {
    object(extra).into_iter().collect()
}

fn variables(watcher: &Watcher) -> Vec<(String, String)> {
    let environment = watcher.options.environment();
    environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Where a watcher's hooks are looked for.
pub(super) fn python_path(watcher: &Watcher) -> Vec<String> {
    let environment = watcher.options.environment();
    environment.get("PYTHONPATH").map(|path| path.split(':').map(str::to_owned).collect()).unwrap_or_default()
}
