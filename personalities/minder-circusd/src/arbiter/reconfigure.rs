//! The file is read again, and what differs is applied: sockets first, then watchers.
//!
//! Where the original breaks off half-way, here nothing has been done: what cannot be applied is seen before anything is
//! touched, and sockets are opened before others are closed.

use std::rc::Rc;
use std::sync::Arc;

use minder_core::control::{Refusal, Request};
use minder_core::ids::{GroupName, SocketName};
use minder_core::socket::{Sharing, SocketSpec};

use super::log::Level;
use super::roster::Leftovers;
use super::{Arbiter, Failed, Stale, Turn};
use crate::daemon::reading;
use crate::ini::{self, Changes, RealMachine, Settings};
use crate::options::WatcherOptions;
use crate::sockets::{self, Socket};

impl Arbiter {
    /// Reads the file again and applies what differs.
    ///
    /// # Errors
    /// When it cannot be read or applied; then nothing has changed.
    pub(crate) async fn reconfigure(self: Rc<Self>, turn: Turn) -> Result<(), Failed> {
        let _turn = turn;
        let file = self.state.borrow().file.clone();
        let settings =
            ini::read(&file, &RealMachine).accepted().map_err(|error| Failed(error.to_string()))?;
        let baseline = settings.baseline(&RealMachine);
        let changes = self.state.borrow().baseline.changes(&baseline);
        if !changes.circus.is_empty() {
            // As the original does: what differs there takes effect only in a new daemon.
            self.stop_all_now(self.by_priority_upwards()).await?;
            return self.start_all_now(self.by_priority()).await;
        }
        self.check_users_of_removed(&settings, &changes)?;
        let affected = self.change_sockets(&settings, &changes).await?;
        self.change_watchers(&settings, &changes, &affected).await?;
        self.state.borrow_mut().baseline = baseline;
        self.stale.set(Stale::Yes);
        Ok(())
    }

    /// Watchers of the new file that use a socket which it has not.
    fn check_users_of_removed(&self, settings: &Settings, changes: &Changes) -> Result<(), Failed> {
        let users: Vec<&str> = settings
            .watchers
            .iter()
            .filter(|watcher| {
                // One that cannot be made uses nothing.
                let options = watcher.options(&RealMachine).ok();
                let uses =
                    |socket: &String| options.as_ref().is_some_and(|options| options.names_socket(socket));
                changes.sockets.removed.iter().any(uses)
            })
            .map(|watcher| watcher.name.as_str())
            .collect();
        if users.is_empty() {
            return Ok(());
        }
        let users = users.iter().map(|user| format!("'{user}'")).collect::<Vec<_>>().join(", ");
        Err(Failed(format!("Watchers {{{users}}} uses a socket which is deleted")))
    }

    /// Opens and closes sockets. Says which running watchers use one that is another now.
    async fn change_sockets(&self, settings: &Settings, changes: &Changes) -> Result<Vec<GroupName>, Failed> {
        let changed = &changes.sockets.changed;
        let wanted = |name: &String| -> Result<Arc<SocketSpec>, Failed> {
            let section = settings.sockets.iter().find(|socket| socket.name == *name);
            let section = section.ok_or_else(|| Failed(format!("socket {name} is not in the file")))?;
            let options = section.options(&RealMachine).map_err(|error| Failed(error.to_string()))?;
            Ok(Arc::new(sockets::lower(&options)))
        };
        let added = changes.sockets.added.iter().map(wanted).collect::<Result<Vec<_>, _>>()?;
        let replaced = changed.iter().map(wanted).collect::<Result<Vec<_>, _>>()?;
        for (n, spec) in added.iter().enumerate() {
            if let Err(error) = self.open_socket(spec).await {
                for opened in &added[..n] {
                    self.close_socket(&opened.name).await;
                }
                return Err(error);
            }
        }
        for spec in replaced {
            let before = self.close_socket(&spec.name).await;
            if let Err(error) = self.open_socket(&spec).await {
                if let Some(before) = before {
                    // It was open a moment ago.
                    let _ = self.open_socket(&before.spec).await;
                }
                return Err(error);
            }
        }
        for name in &changes.sockets.removed {
            self.close_socket(&SocketName::new(name.as_str())).await;
        }
        let state = self.state.borrow();
        let uses =
            |watcher: &&super::Watcher| changed.iter().any(|socket| watcher.options.names_socket(socket));
        Ok(state.watchers.iter().filter(uses).map(|watcher| watcher.group.clone()).collect())
    }

    async fn open_socket(&self, spec: &Arc<SocketSpec>) -> Result<(), Failed> {
        if spec.sharing == Sharing::Common {
            self.ask(Request::OpenSocket(spec.clone())).await.map_err(|refusal| match refusal {
                Refusal::NoSocket(_, errno) => Failed(crate::lower::os_error(errno)),
                other => other.into(),
            })?;
        }
        let mut state = self.state.borrow_mut();
        let descriptor = sockets::free_descriptor(state.lowering.sockets.values());
        state.lowering.sockets.insert(spec.name.to_string(), Socket { spec: spec.clone(), descriptor });
        Ok(())
    }

    /// Closes a socket; gives what it was.
    async fn close_socket(&self, name: &SocketName) -> Option<Socket> {
        let before = self.state.borrow_mut().lowering.sockets.remove(name.as_str());
        // Those that each process has for itself are not open here.
        let _ = self.ask(Request::CloseSocket(name.clone())).await;
        before
    }

    async fn change_watchers(
        self: &Rc<Self>,
        settings: &Settings,
        changes: &Changes,
        affected: &[GroupName],
    ) -> Result<(), Failed> {
        let wanted = self.wanted_watchers(settings);
        let is_wanted = |name: &str| wanted.iter().any(|options| options.name == name);
        let mut changed: Vec<&str> = Vec::new();
        changed.extend(changes.watchers.changed.iter().chain(&changes.plugins.changed).map(String::as_str));
        let present: Vec<(GroupName, String)> = {
            let state = self.state.borrow();
            let ours = state.watchers.iter().filter(|watcher| !reading::is_internal(&watcher.name));
            ours.map(|watcher| (watcher.group.clone(), watcher.name.clone())).collect()
        };
        for (name, number) in changes.watchers.resized.iter().chain(&changes.plugins.resized) {
            if let Some((group, _)) = present.iter().find(|(_, present)| present == name) {
                self.set_numprocesses(group, *number).await?;
            }
        }
        for (group, name) in &present {
            if !is_wanted(name) || changed.contains(&name.as_str()) || affected.contains(group) {
                self.stop_now(group).await?;
                self.delist(group).await;
            }
        }
        self.add_missing(wanted).await
    }

    /// Those of the file that are not there, larger priorities first.
    async fn add_missing(self: &Rc<Self>, mut wanted: Vec<WatcherOptions>) -> Result<(), Failed> {
        wanted.sort_by_key(|options| std::cmp::Reverse(options.priority));
        for options in wanted {
            let name = options.name.clone();
            let present = self.state.borrow().watchers.iter().any(|watcher| watcher.name == name);
            if present {
                continue;
            }
            if let Err(why) = self.check_hooks(&options).await {
                self.say(Level::Warning, &format!("Failed to create watcher\n{why}"));
            } else {
                let group = self.enlist(options);
                self.start_all_now(vec![group]).await?;
            }
        }
        Ok(())
    }

    fn wanted_watchers(&self, settings: &Settings) -> Vec<WatcherOptions> {
        let (watchers, refused) = reading::watchers(settings);
        for refused in refused {
            self.say(Level::Warning, &refused);
        }
        watchers
    }

    /// Removes a watcher for a client, in its turn.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub(crate) async fn remove_in_turn(
        self: Rc<Self>,
        turn: Turn,
        group: GroupName,
        leftovers: Leftovers,
    ) -> Result<(), Failed> {
        let _turn = turn;
        self.remove_now(&group, leftovers).await
    }
}
