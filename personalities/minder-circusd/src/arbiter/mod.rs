//! What the daemon does with watchers: the workflows behind the commands, the pass that looks after them, and what is
//! told of it all.
//!
//! ```text
//!  commands ──▶ Turn ──▶ start · stop · reload · resize · add · reconfigure ──Request──▶ (the mind, through `Control`)
//!                              ▲        │                                                    │
//!                         manage (the pass)                                                  │ Event
//!                              ▲        └──▶ announce: pub/sub      log: the daemon's log    ▼
//!                              └────────────────────────────────────────────────────── observer
//! ```
//!
//! A watcher is a group of the mind, and each of its processes a program of that group, named after its `wid`. The mind
//! makes sure that there is one process in a slot, stops it and kills it in time, and keeps what is known of it. Which
//! slots there are, and when one is started again, is decided here, because Circus decides it for a watcher as a whole,
//! with hooks in between that may say no. `docs/decisions/0009-watchers.md` says why.
//!
//! Everything runs in the mind's one thread. The state is borrowed for a moment and never across an `await`.
//!
//! In reading order: [`watcher`] is what is known, [`exclusive`] lets one change happen at a time; [`spawn`] and [`kill`]
//! make and end one process; [`life`] starts, stops and restarts a watcher, [`reload`] replaces its processes, [`resize`]
//! changes their number, [`set`] their options, [`roster`] brings and removes watchers, [`reconfigure`] reads the file again, [`whole`] is what is
//! done with all of them; [`manage`] is the pass; [`observer`] hears the mind, [`wishes`] is what signals ask for, [`announce`] tells subscribers, [`hook`] asks
//! hooks, [`inspect`] shows what there is, [`log`] writes the daemon's log, [`remember`] keeps what a later mind must know.

pub mod announce;
pub mod exclusive;
pub mod hook;
pub mod inspect;
pub mod kill;
pub mod life;
pub mod log;
pub mod manage;
pub mod observer;
pub mod reconfigure;
pub mod reload;
pub mod remember;
pub mod resize;
pub mod roster;
pub mod set;
pub mod spawn;
pub mod watcher;
pub mod whole;
pub mod wishes;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use minder_core::control::{Control, Refusal, Reply, Request};
use minder_core::ids::{GroupName, InstanceId};
use minder_core::time::{Instant, WallTime};
use tokio::sync::Notify;

use crate::daemon::kept::{Kept, Logging};
use crate::hooks::Hooks;
use crate::ini::{Baseline, Circus};
use crate::lower::Lowering;
use crate::stats::info::Sampler;

pub use exclusive::{Change, Conflict, Turn};
pub use watcher::{Life, Listing, Process, Status, Watcher};
use wishes::Wishes;

/// Reads both clocks; the runtime's, handed in.
pub type Clock = fn() -> minder_core::time::Now;

/// The daemon as its clients see it.
pub struct Arbiter {
    control: Rc<dyn Control>,
    clock: Clock,
    log: log::Log,
    /// The same as it is kept.
    logging: Logging,
    pidfile: Option<String>,
    /// What the peers of the endpoints may take.
    bounds: minder_zmtp::Bounds,
    announcer: announce::Announcer,
    hooks: Hooks,
    pub(crate) state: RefCell<State>,
    /// Somebody's change is over.
    free: Notify,
    /// A process has ended.
    ended: Notify,
    /// Something may have to be managed.
    look: Notify,
    /// There may be other sockets to wait for.
    listen: Notify,
    /// Whether what is to be remembered has changed.
    stale: Cell<Stale>,
    /// What processes used when they were looked at last.
    sampler: RefCell<Sampler>,
    /// What signals have asked for.
    wishes: Cell<Wishes>,
    /// A signal has asked for something.
    wished: Notify,
}

/// Whether what a later mind would find is out of date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stale {
    No,
    Yes,
}

/// All that may change.
#[derive(Debug)]
pub struct State {
    /// In the order in which they came.
    pub watchers: Vec<Watcher>,
    /// The configuration file.
    pub file: String,
    /// What the file said of the daemon itself when it started.
    pub circus: Circus,
    /// What the file said when it was read last; `None` before there is anything to compare with.
    pub baseline: Baseline,
    /// What a process is made of beside its watcher.
    pub lowering: Lowering,
    /// Where the whole stands.
    pub course: Course,
    /// The change that is under way.
    busy: Option<Change>,
    /// Whether what waits for a connection may start now.
    connection: Connection,
    /// Passes happen at multiples of the check delay after this.
    began: Instant,
    /// The kills of processes whose hooks have to hear of the signal before subscribers hear of the kill.
    held_back: BTreeMap<InstanceId, Vec<u32>>,
    /// The names that groups have, also of those that belong to no watcher any more.
    used: BTreeSet<String>,
}

impl State {
    /// How long it is from one pass to the next. `None`: there are no passes.
    fn check_delay(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.circus.check_delay).ok().filter(|delay| !delay.is_zero())
    }
}

/// Where the daemon stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// Watchers are being started for the first time.
    Beginning,
    /// It runs.
    Running,
    /// Everything is being stopped, and then it ends.
    Quitting,
    /// Everything is being stopped, and then it begins afresh.
    Restarting,
}

/// Whether somebody has connected to a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Connection {
    None,
    Pending,
}

/// Something went wrong in a workflow in a way that the original raises an exception for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failed(pub String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(match refusal {
            Refusal::ShuttingDown => "arbiter is stopping".to_owned(),
            other => format!("{other:?}"),
        })
    }
}

/// What an arbiter is made of.
pub struct Parts {
    /// Through which the mind is asked.
    pub control: Rc<dyn Control>,
    /// Both clocks.
    pub clock: Clock,
    /// The daemon's log.
    pub log: log::Log,
    /// Whom it tells.
    pub announcer: announce::Announcer,
    /// What the front has read, or an earlier mind has kept.
    pub kept: Kept,
}

impl Arbiter {
    /// One that knows no watchers yet.
    pub fn new(parts: Parts) -> Rc<Self> {
        let began = (parts.clock)().monotonic;
        let kept = parts.kept;
        let sockets = kept.sockets.into_iter().map(|socket| (socket.spec.name.to_string(), socket)).collect();
        let state = State {
            watchers: Vec::new(),
            file: kept.file,
            circus: kept.circus,
            baseline: kept.baseline,
            lowering: Lowering { sockets },
            course: Course::Beginning,
            busy: None,
            connection: Connection::None,
            began,
            held_back: BTreeMap::new(),
            used: BTreeSet::new(),
        };
        let arbiter = Rc::new(Self {
            control: parts.control,
            clock: parts.clock,
            log: parts.log,
            logging: kept.log,
            pidfile: kept.pidfile,
            bounds: kept.bounds,
            announcer: parts.announcer,
            hooks: Hooks::new(),
            state: RefCell::new(state),
            free: Notify::new(),
            ended: Notify::new(),
            look: Notify::new(),
            listen: Notify::new(),
            stale: Cell::new(Stale::No),
            sampler: RefCell::new(Sampler::new()),
            wishes: Cell::new(Wishes::default()),
            wished: Notify::new(),
        });
        for watcher in kept.watchers {
            arbiter.enlist_again(watcher);
        }
        arbiter
    }

    /// Asks the mind.
    ///
    /// # Errors
    /// The mind's refusal.
    pub async fn ask(&self, request: Request) -> Result<Reply, Refusal> {
        self.control.ask(request).await
    }

    /// What of a watcher, if it is still there.
    pub(crate) fn with<R>(&self, group: &GroupName, look: impl FnOnce(&mut Watcher) -> R) -> Option<R> {
        let mut state = self.state.borrow_mut();
        state.watchers.iter_mut().find(|watcher| watcher.group == *group).map(look)
    }

    /// The watcher that clients mean by a name.
    pub fn find(&self, name: &str) -> Option<GroupName> {
        let key = name.to_lowercase();
        // Of two that differ only in case the later one counts, as in the original's table.
        let state = self.state.borrow();
        let mut listed = state.watchers.iter().rev().filter(|watcher| watcher.listing == Listing::Listed);
        listed.find(|watcher| watcher.key() == key).map(|watcher| watcher.group.clone())
    }

    /// All watchers, larger priorities first, those of one priority as they came.
    pub fn by_priority(&self) -> Vec<GroupName> {
        let state = self.state.borrow();
        let mut watchers: Vec<&Watcher> = state.watchers.iter().collect();
        watchers.sort_by_key(|watcher| std::cmp::Reverse(watcher.options.priority));
        watchers.into_iter().map(|watcher| watcher.group.clone()).collect()
    }

    /// Where a watcher stands; one that is gone has stopped.
    pub fn status(&self, group: &GroupName) -> Status {
        self.with(group, |watcher| watcher.status).unwrap_or(Status::Stopped)
    }

    pub(crate) fn set_status(&self, group: &GroupName, status: Status) {
        self.with(group, |watcher| watcher.status = status);
        self.stale.set(Stale::Yes);
    }

    pub(crate) fn now(&self) -> minder_core::time::Now {
        (self.clock)()
    }

    /// The time in events and replies: seconds since 1970.
    pub fn wall_seconds(&self) -> f64 {
        seconds(self.now().wall)
    }

    /// What is said in the daemon's log.
    pub fn say(&self, level: log::Level, text: &str) {
        self.log.say(&self.control, self.now(), level, text);
    }

    /// Whom events are told.
    pub fn announcer(&self) -> &announce::Announcer {
        &self.announcer
    }
}

/// Seconds since 1970 with their fraction.
#[expect(clippy::cast_precision_loss, reason = "microseconds of this century fit into 53 bits")]
pub(crate) fn seconds(wall: WallTime) -> f64 {
    wall.0 as f64 / 1e6
}

/// A pause between two processes. Nothing for one that is no pause at all.
pub(crate) async fn pause(length: Duration) {
    if length.is_zero() {
        // As the original's loop does, others get their turn.
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(length).await;
    }
}
