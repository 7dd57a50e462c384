//! A watcher's processes are replaced by new ones.

use std::rc::Rc;

use minder_core::ids::{GroupName, Signal};
use minder_core::stop::Reach;

use super::log::Level;
use super::{Arbiter, Failed, Status};

/// How processes are replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// All are stopped, then as many are started.
    Abrupt,
    /// New ones are started first, then the old ones are stopped.
    Graceful,
    /// One is stopped and its successor started, then the next.
    Sequential,
}

const HUP: Signal = Signal(1);

impl Arbiter {
    /// Reloads a watcher; one that stands still is started.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn reload_now(self: &Rc<Self>, group: &GroupName, manner: Manner) -> Result<(), Failed> {
        if manner == Manner::Abrupt {
            return self.restart_now(group).await;
        }
        if self.status(group) == Status::Stopped {
            self.start_now(group).await?;
        } else if self.with(group, |watcher| watcher.options.send_hup).unwrap_or(false) {
            self.hang_up(group).await?;
        } else if manner == Manner::Sequential {
            self.replace_one_by_one(group).await?;
        } else {
            self.replace_all(group).await?;
        }
        self.announce_now(group, "reload");
        self.say_of(group, Level::Info, |name| format!("{name} reloaded"));
        Ok(())
    }

    async fn hang_up(&self, group: &GroupName) -> Result<(), Failed> {
        let all = self.with(group, |watcher| {
            watcher.alive().map(|process| (process.id, process.pid.get())).collect::<Vec<_>>()
        });
        for (id, pid) in all.unwrap_or_default() {
            self.say(Level::Info, &format!("SENDING HUP to {pid}"));
            self.send(id, HUP, Reach::Process).await?;
        }
        Ok(())
    }

    async fn replace_one_by_one(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        let pids =
            self.with(group, |watcher| watcher.alive().map(|process| process.pid.get()).collect::<Vec<_>>());
        for pid in pids.unwrap_or_default() {
            self.kill_process(group, pid, None).await?;
            self.reap(group, pid).await;
            self.spawn_process(group).await?;
            let delay = self.with(group, |watcher| watcher.options.warmup()).unwrap_or_default();
            super::pause(delay).await;
        }
        Ok(())
    }

    /// As many more as there should be; the pass then ends the oldest.
    async fn replace_all(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        let wanted = self.with(group, |watcher| watcher.wanted()).unwrap_or(0);
        self.make_room(group, wanted).await?;
        for _ in 0..wanted {
            self.spawn_process(group).await?;
        }
        self.manage_now(group).await
    }
}
