//! What a later mind must know to go on, and how it goes on.
//!
//! Which processes there are the mind itself knows. Kept here is what only the arbiter knows: the watchers, their options,
//! where each stands and what was asked for.

use std::rc::Rc;

use minder_core::control::{Order, Reply, Request, Selection};
use minder_core::ids::{GroupName, InstanceId};
use minder_core::instance::{Facts, Phase};
use serde_json::{Value, json};

use super::log::Level;
use super::spawn::wid_of;
use super::watcher::{Life, Listing, Status};
use super::wishes::Wishes;
use super::{Arbiter, Course, Process, Stale, Watcher};
use crate::daemon::kept::Kept;
use crate::options::WatcherOptions;

/// The name under which it is kept.
pub const MEMO: &str = "arbiter";

/// A watcher as it is kept.
#[derive(Clone, Debug)]
pub struct KeptWatcher {
    /// What it is.
    pub options: WatcherOptions,
    /// Its group. `None`: it has never had one.
    pub group: Option<String>,
    /// Where it stood.
    pub status: Status,
    /// Whether clients still see it.
    pub listing: Listing,
}

impl KeptWatcher {
    /// As JSON.
    pub fn encode(&self) -> Value {
        json!({
            "options": self.options.encode(),
            "group": self.group,
            "status": self.status.word(),
            "listed": self.listing == Listing::Listed,
        })
    }

    /// From JSON.
    pub fn decode(value: &Value) -> Option<Self> {
        Some(Self {
            options: WatcherOptions::decode(value.get("options")?)?,
            group: value.get("group")?.as_str().map(str::to_owned),
            status: Status::of_word(value.get("status")?.as_str()?)?,
            listing: if value.get("listed")?.as_bool()? { Listing::Listed } else { Listing::Leaving },
        })
    }
}

impl Arbiter {
    /// Keeps what a later mind must know.
    pub(crate) async fn remember(&self) {
        if let Order::Remember(name, value) = self.memory() {
            // Without memory left it is not kept; that matters only if the mind is killed as well.
            let _ = self.ask(Request::Remember(name, value)).await;
        }
    }

    /// The same, if something has changed since it was last done.
    pub(crate) async fn remember_if_stale(&self) {
        if self.stale.get() == Stale::Yes {
            self.remember().await;
        }
    }

    /// What is to be kept.
    pub(super) fn memory(&self) -> Order {
        self.stale.set(Stale::No);
        let state = self.state.borrow();
        let watchers = state.watchers.iter().map(|watcher| KeptWatcher {
            options: watcher.options.clone(),
            group: Some(watcher.group.as_str().to_owned()),
            status: watcher.status,
            listing: watcher.listing,
        });
        let kept = Kept {
            file: state.file.clone(),
            circus: state.circus.clone(),
            bounds: self.bounds,
            baseline: state.baseline.clone(),
            sockets: state.lowering.sockets.values().cloned().collect(),
            watchers: watchers.collect(),
            course: state.course,
            wishes: self.wishes.get(),
            log: self.logging.clone(),
            pidfile: self.pidfile.clone(),
            remarks: Vec::new(),
        };
        Order::Remember(MEMO, kept.encode())
    }

    /// Goes on where the mind before was killed: takes up the processes that there are, and finishes what had begun.
    pub async fn go_on(self: Rc<Self>, course: Course, wishes: Wishes) {
        self.wishes.set(wishes);
        self.take_up().await;
        self.state.borrow_mut().course = match course {
            Course::Beginning | Course::Running => Course::Running,
            Course::Quitting => Course::Quitting,
            Course::Restarting => Course::Restarting,
        };
        match course {
            Course::Beginning => return self.begin().await,
            Course::Running => {}
            Course::Quitting | Course::Restarting => {
                let ending = if course == Course::Quitting {
                    minder_core::control::Ending::Exit
                } else {
                    minder_core::control::Ending::Again
                };
                self.state.borrow_mut().course = Course::Running;
                if let Ok(turn) = self.wait_for_turn(super::Change::Quit).await {
                    // Whatever could not be stopped is the mind's to end.
                    let _ = self.clone().end(turn, ending).await;
                }
                return;
            }
        }
        self.finish_changes().await;
        self.look_again();
    }

    /// What was starting is started, what was stopping is stopped.
    async fn finish_changes(self: &Rc<Self>) {
        let Ok(turn) = self.wait_for_turn(super::Change::Manage).await else { return };
        for group in self.by_priority() {
            let finished = match self.status(&group) {
                Status::Starting => {
                    // The hook before it has said yes already, and whatever lives stays.
                    self.set_status(&group, Status::Active);
                    self.spawn_processes(&group).await
                }
                Status::Stopping => self.stop_now(&group).await,
                Status::Active | Status::Stopped => Ok(()),
            };
            if let Err(error) = finished {
                self.say(Level::Error, &error.0);
            }
            if self.with(&group, |watcher| watcher.listing) == Some(Listing::Leaving) {
                self.delist(&group).await;
            }
        }
        drop(turn);
        self.remember().await;
    }

    /// Learns which processes there are.
    async fn take_up(&self) {
        let Ok(Reply::Reports(reports)) = self.ask(Request::Report(Selection::All)).await else { return };
        let mut state = self.state.borrow_mut();
        for report in reports {
            let Some(wid) = wid_of(&report.spec.name) else { continue };
            let Some(watcher) = find(&mut state.watchers, &report.group) else { continue };
            watcher.slots.insert(wid, super::watcher::Slot { id: report.id, spec: report.spec.clone() });
            if let Some(process) = process_of(wid, report.id, &report.facts) {
                let known = watcher.processes.iter().any(|known| known.id == process.id);
                if !known {
                    watcher.processes.push(process);
                }
            }
        }
        for watcher in &mut state.watchers {
            watcher.processes.sort_by_key(|process| process.started.monotonic);
        }
    }
}

fn find<'a>(watchers: &'a mut [Watcher], group: &GroupName) -> Option<&'a mut Watcher> {
    watchers.iter_mut().find(|watcher| watcher.group == *group)
}

/// The process in a slot. Of one that has ended meanwhile nobody knows any more whether that was told; it is missing, and the
/// pass replaces it.
fn process_of(wid: u32, id: InstanceId, facts: &Facts) -> Option<Process> {
    let started = facts.started?;
    match facts.phase {
        Phase::Starting { pid, .. } | Phase::Up { pid } | Phase::Lost { pid } => {
            Some(Process::new(wid, id, pid, started))
        }
        Phase::Stopping { pid, .. } => {
            Some(Process { life: Life::Stopping, ..Process::new(wid, id, pid, started) })
        }
        Phase::Down(_) | Phase::Waiting { .. } | Phase::Spawning => None,
    }
}
