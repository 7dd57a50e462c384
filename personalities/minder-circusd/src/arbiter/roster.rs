//! Watchers come and go while the daemon runs.

use std::rc::Rc;

use minder_core::control::{Refusal, Request};
use minder_core::ids::GroupName;

use super::remember::KeptWatcher;
use super::{Arbiter, Failed, Listing, Stale, Status, Watcher};
use crate::options::WatcherOptions;

/// Whether the processes of a watcher that is removed are stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leftovers {
    /// They are.
    Stopped,
    /// They go on, and belong to nobody. They are stopped when minder ends.
    LeftAlone,
}

impl Arbiter {
    /// Puts a watcher on the list, without starting it.
    pub(crate) fn enlist(&self, options: WatcherOptions) -> GroupName {
        self.enlist_again(KeptWatcher {
            options,
            group: None,
            status: Status::Stopped,
            listing: Listing::Listed,
        })
    }

    /// Puts a watcher on the list as an earlier mind had it.
    pub(super) fn enlist_again(&self, kept: KeptWatcher) -> GroupName {
        let mut state = self.state.borrow_mut();
        let name = kept.options.name.clone();
        let group = kept.group.unwrap_or_else(|| {
            // A watcher that is gone may have left processes behind, and their group still has its name.
            let numbered = (2..).map(|number: u32| format!("{name}#{number}"));
            let mut candidates = std::iter::once(name.clone()).chain(numbered);
            candidates.find(|group| !state.used.contains(group)).unwrap_or_else(|| name.clone())
        });
        state.used.insert(group.clone());
        let group = GroupName::new(group);
        let watcher = Watcher::new(&name, kept.options, group.clone());
        state.watchers.push(Watcher { status: kept.status, listing: kept.listing, ..watcher });
        self.stale.set(Stale::Yes);
        group
    }

    /// Takes a watcher off the list.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub(crate) async fn remove_now(
        self: &Rc<Self>,
        group: &GroupName,
        leftovers: Leftovers,
    ) -> Result<(), Failed> {
        self.with(group, |watcher| watcher.clone())
            .iter()
            .for_each(|watcher| self.announce_of(watcher, "remove"));
        if leftovers == Leftovers::Stopped {
            // It stops under its name; for clients it is gone already.
            self.with(group, |watcher| watcher.listing = Listing::Leaving);
            self.stop_now(group).await?;
        }
        self.delist(group).await;
        Ok(())
    }

    /// Takes a watcher that has stopped off the list, and its group out of service.
    pub(crate) async fn delist(&self, group: &GroupName) {
        self.state.borrow_mut().watchers.retain(|watcher| watcher.group != *group);
        self.stale.set(Stale::Yes);
        match self.ask(Request::RemoveGroup(group.clone())).await {
            Ok(_) => {
                self.state.borrow_mut().used.remove(group.as_str());
            }
            // Never started, or left alone.
            Err(Refusal::NoSuchGroup) => {
                self.state.borrow_mut().used.remove(group.as_str());
            }
            Err(_) => {}
        }
    }
}
