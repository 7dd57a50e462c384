//! One change at a time: whoever comes while another is under way is refused, not queued, as clients expect.

use std::rc::Rc;

use super::Arbiter;

/// What changes something. The words are the original's, since clients read them in refusals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Change {
    AddWatcher,
    RemoveWatcher,
    StartWatchers,
    StopWatchers,
    RestartAll,
    ReloadAll,
    ReloadConfig,
    Quit,
    Manage,
    Start,
    Stop,
    Restart,
    Reload,
    Increase,
    Decrease,
    SetOption,
    DoAction,
}

impl Change {
    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::AddWatcher => "arbiter_add_watcher",
            Self::RemoveWatcher => "arbiter_rm_watcher",
            Self::StartWatchers => "arbiter_start_watchers",
            Self::StopWatchers => "arbiter_stop_watchers",
            Self::RestartAll => "arbiter_restart",
            Self::ReloadAll => "arbiter_reload",
            Self::ReloadConfig => "arbiter_reload_config",
            Self::Quit => "arbiter_stop",
            Self::Manage => "manage_watchers",
            Self::Start => "watcher_start",
            Self::Stop => "watcher_stop",
            Self::Restart => "watcher_restart",
            Self::Reload => "watcher_reload",
            Self::Increase => "watcher_incr",
            Self::Decrease => "watcher_decr",
            Self::SetOption => "watcher_set_opt",
            Self::DoAction => "watcher_do_action",
        }
    }
}

/// Why a change may not begin now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// Another is under way.
    Busy(Change),
    /// Everything is about to begin afresh.
    Restarting,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Busy(change) => write!(f, "arbiter is already running {} command", change.word()),
            Self::Restarting => f.write_str("arbiter is restarting..."),
        }
    }
}

/// Held while a change is under way; what waits for its end hears of it when this is dropped.
pub struct Turn {
    arbiter: Rc<Arbiter>,
}

impl Turn {
    /// Goes on as another part of the same change.
    pub fn becomes(&mut self, change: Change) {
        self.arbiter.state.borrow_mut().busy = Some(change);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.arbiter.state.borrow_mut().busy = None;
        self.arbiter.free.notify_waiters();
    }
}

impl Arbiter {
    /// Begins a change.
    ///
    /// # Errors
    /// When another is under way.
    pub fn take_turn(self: &Rc<Self>, change: Change) -> Result<Turn, Conflict> {
        let mut state = self.state.borrow_mut();
        if state.course == super::Course::Restarting {
            return Err(Conflict::Restarting);
        }
        if let Some(busy) = state.busy {
            return Err(Conflict::Busy(busy));
        }
        state.busy = Some(change);
        Ok(Turn { arbiter: self.clone() })
    }

    /// Begins a change as soon as there is no other. For what nobody could be refused: signals, and the daemon's own.
    ///
    /// # Errors
    /// When everything is about to begin afresh.
    pub async fn wait_for_turn(self: &Rc<Self>, change: Change) -> Result<Turn, Conflict> {
        loop {
            let freed = self.free.notified();
            match self.take_turn(change) {
                Err(Conflict::Busy(_)) => freed.await,
                turn => return turn,
            }
        }
    }
}
