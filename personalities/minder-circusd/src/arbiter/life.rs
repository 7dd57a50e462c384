//! A watcher starts, stops and restarts.

use std::collections::BTreeSet;
use std::rc::Rc;

use minder_core::ids::GroupName;
use serde_json::{Value, json};

use super::hook::{Consent, Moment};
use super::kill::Ended;
use super::log::Level;
use super::{Arbiter, Connection, Failed, Status};

/// The pids of a watcher before and after a change.
pub(crate) struct Pids {
    before: BTreeSet<u32>,
    after: BTreeSet<u32>,
}

impl Pids {
    /// What a start brought.
    pub(crate) fn of_start(&self) -> Value {
        json!({"started": minus(&self.after, &self.before), "kept": both(&self.after, &self.before)})
    }

    /// What a restart or reload brought.
    pub(crate) fn of_restart(&self) -> Value {
        json!({
            "stopped": minus(&self.before, &self.after),
            "started": minus(&self.after, &self.before),
            "kept": both(&self.after, &self.before),
        })
    }
}

fn minus(some: &BTreeSet<u32>, others: &BTreeSet<u32>) -> Vec<u32> {
    some.difference(others).copied().collect()
}

fn both(some: &BTreeSet<u32>, others: &BTreeSet<u32>) -> Vec<u32> {
    some.intersection(others).copied().collect()
}

impl Arbiter {
    /// Does something to a watcher, and tells its pids before and after.
    ///
    /// # Errors
    /// The error of what is done.
    pub(crate) async fn comparing_pids(
        &self,
        group: &GroupName,
        act: impl Future<Output = Result<(), Failed>>,
    ) -> Result<Pids, Failed> {
        let pids = |watcher: &mut super::Watcher| match watcher.status {
            Status::Stopped => BTreeSet::new(),
            Status::Starting | Status::Active | Status::Stopping => watcher.pids(),
        };
        let before = self.with(group, pids).unwrap_or_default();
        act.await?;
        let after = self.with(group, |watcher| watcher.pids()).unwrap_or_default();
        Ok(Pids { before, after })
    }

    /// Whether a watcher stands still until somebody connects.
    pub(crate) fn waits_for_connection(&self, group: &GroupName) -> bool {
        let on_demand = self.with(group, |watcher| watcher.options.on_demand).unwrap_or(false);
        on_demand && self.state.borrow().connection == Connection::None
    }

    /// Starts a watcher, or brings one that runs to its full number.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn start_now(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        if self.waits_for_connection(group) {
            return Ok(());
        }
        if self.status(group) != Status::Stopped {
            if self.with(group, |watcher| watcher.missing()).unwrap_or(0) > 0 {
                self.reap_ended(group, Ended::ByAnybody).await;
                self.spawn_processes(group).await?;
            }
            return Ok(());
        }
        if self.consult(group, Moment::BeforeStart, json!({})).await == Consent::Refused {
            return Ok(());
        }
        self.set_status(group, Status::Starting);
        self.spawn_processes(group).await?;
        // One for which the machine has no room at the moment is to run all the same.
        let none = self
            .with(group, |watcher| watcher.processes.is_empty() && watcher.short_of.is_none())
            .unwrap_or(true);
        if none || self.consult(group, Moment::AfterStart, json!({})).await == Consent::Refused {
            return self.stop_now(group).await;
        }
        self.set_status(group, Status::Active);
        self.say_of(group, Level::Info, |name| format!("{name} started"));
        self.announce_now(group, "start");
        self.look_again();
        Ok(())
    }

    /// Stops a watcher and all its processes.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub(crate) fn stop_now<'a>(
        self: &'a Rc<Self>,
        group: &'a GroupName,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Failed>> + 'a>> {
        // A stop can follow from a start that follows from a stop.
        Box::pin(async move {
            if self.status(group) == Status::Stopped {
                return Ok(());
            }
            self.set_status(group, Status::Stopping);
            self.consult(group, Moment::BeforeStop, json!({})).await;
            let alive =
                self.with(group, |watcher| watcher.alive().map(|process| process.pid.get()).collect());
            self.kill_processes(group, alive.unwrap_or_default(), None).await?;
            self.wait_for_ends(group).await;
            self.reap_ended(group, Ended::ByAnybody).await;
            self.announce_now(group, "stop");
            self.with(group, |watcher| watcher.short_of = None);
            self.set_status(group, Status::Stopped);
            self.consult(group, Moment::AfterStop, json!({})).await;
            self.say_of(group, Level::Info, |name| format!("{name} stopped"));
            Ok(())
        })
    }

    /// Waits for those that somebody else is ending.
    async fn wait_for_ends(&self, group: &GroupName) {
        loop {
            let ended = self.ended.notified();
            if self.with(group, |watcher| watcher.alive().next().is_none()).unwrap_or(true) {
                return;
            }
            ended.await;
        }
    }

    /// Stops, then starts.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn restart_now(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        self.stop_now(group).await?;
        self.start_now(group).await
    }
}
