//! A watcher's options are changed while it lives.

use std::rc::Rc;

use minder_core::ids::GroupName;
use serde_json::{Map, Value};

use super::{Arbiter, Change, Failed, Stale, Status, Turn};
use crate::hooks::Import;
use crate::ini::RealMachine;
use crate::options::{Action, Effect, Exception};

/// Why options cannot be set.
#[derive(Clone, PartialEq, Debug)]
pub enum NotSet {
    /// Another change is under way.
    Conflict(super::Conflict),
    /// A value is refused. What was set before it stays.
    Refused(Exception),
}

impl Arbiter {
    /// Sets options one by one, and says what is to follow.
    ///
    /// # Errors
    /// At the first that cannot be set.
    pub(crate) fn set_options(
        self: &Rc<Self>,
        group: &GroupName,
        options: &Map<String, Value>,
    ) -> Result<(Turn, Vec<Effect>), NotSet> {
        let mut turn = self.take_turn(Change::SetOption).map_err(NotSet::Conflict)?;
        let mut effects = Vec::new();
        for (key, value) in each_option(options) {
            let set = self.with(group, |watcher| watcher.options.set(&key, &value, &RealMachine));
            effects.extend(set.transpose().map_err(NotSet::Refused)?);
            self.stale.set(Stale::Yes);
            self.announce_now(group, "updated");
        }
        turn.becomes(Change::DoAction);
        Ok((turn, effects))
    }

    /// Does what follows from options that were set.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn follow_up(
        self: &Rc<Self>,
        group: &GroupName,
        effects: Vec<Effect>,
    ) -> Result<(), Failed> {
        for effect in &effects {
            if let Effect::ReloadHook { moment } = effect {
                self.load_hook_again(group, moment).await?;
            }
        }
        // Stop signals, time-outs and streams of processes that live are changed in their slots.
        let wids = self.with(group, |watcher| watcher.slots.keys().copied().collect());
        self.shape(group, wids.unwrap_or_default()).await?;
        let reload = effects.iter().any(|effect| effect.action() == Action::Reload);
        if !reload {
            self.manage_now(group).await
        } else if self.status(group) == Status::Stopped {
            Ok(())
        } else {
            self.reload_now(group, super::reload::Manner::Graceful).await
        }
    }

    async fn load_hook_again(&self, group: &GroupName, moment: &str) -> Result<(), Failed> {
        let hook = self.with(group, |watcher| {
            let callable = watcher.options.hook(moment).map(|hook| hook.callable.clone());
            callable.map(|callable| (callable, super::hook::python_path(watcher)))
        });
        let Some(Some((callable, path))) = hook else { return Ok(()) };
        self.hooks.resolve(&callable, &path, Import::Again).await.map_err(|error| Failed(error.to_string()))
    }
}

/// Each option by itself; hooks come all in one object.
fn each_option(options: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut each = Vec::new();
    for (key, value) in options {
        match (key.as_str(), value.as_object()) {
            ("hooks", Some(hooks)) => {
                each.extend(hooks.iter().map(|(name, value)| (format!("hooks.{name}"), value.clone())));
            }
            _ => each.push((key.clone(), value.clone())),
        }
    }
    each
}
