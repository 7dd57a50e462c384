//! The life of one process slot, as a pure function.
//!
//! Facts are kept, not a state's name: a [`Phase`] with what is true in it, the attempts in a row that failed, the
//! last exit, and what went wrong. Every dialect's state is a function of these (`docs/decisions/0003-phases.md`).
//!
//! ```text
//!             start            Spawned          stayed up
//!   Down ───────────▶ Spawning ───────▶ Starting ───────▶ Up
//!    ▲ ▲                 │ NotSpawned      │ Exited        │ Exited ─▶ Down(Ended) ─▶ Spawning, if it restarts
//!    │ │ gave up         ▼                 ▼               │
//!    │ └───────────── Waiting ◀────────────┘               │ stop
//!    │    stop           │ due: Spawning                   ▼
//!    └───────────────────┘                              Stopping ──Exited──▶ Down(Asked)
//! ```
//!
//! A stop that arrives while a process is being made is carried out when it is there.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::backoff::Verdict;
use crate::effect::Effect;
use crate::event::{Event, Moved, Urgency};
use crate::ids::{Errno, ExitStatus, InstanceId, Pid, Signal};
use crate::mutation::{Mutation, Planted};
use crate::program::{CommandProblem, ProgramSpec, Readiness, Startup};
use crate::stop::{Reach, StopOrder};
use crate::time::{Instant, Now, WallTime};

/// Where a slot stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// There is no process and none is due.
    Down(Rest),
    /// A process has been ordered.
    Spawning,
    /// A process lives; whether it stays is not known yet.
    Starting {
        /// The process.
        pid: Pid,
        /// When it has shown that it stays.
        ready_at: Instant,
    },
    /// A process lives and counts as up.
    Up {
        /// The process.
        pid: Pid,
    },
    /// A process lives and was asked to end.
    Stopping {
        /// The process.
        pid: Pid,
        /// When it is killed.
        kill_at: Instant,
    },
    /// There is no process; the next attempt is due at a time.
    Waiting {
        /// When.
        until: Instant,
    },
    /// A process lives, but the kernel refuses to let us signal it.
    Lost {
        /// The process.
        pid: Pid,
    },
}

/// Why a slot is down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// Nobody has asked for it yet.
    Fresh,
    /// Somebody asked for it.
    Asked,
    /// The program ended by itself.
    Ended,
    /// Too many attempts failed.
    GaveUp,
}

/// Why there is no process, or not the one that was wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The command cannot be executed.
    Command(CommandProblem),
    /// Its pipes could not be made.
    Pipes(Errno),
    /// The kernel made no process.
    Fork(Errno),
    /// The listening socket of its group could not be opened.
    Socket(Errno),
    /// The process was made, but could not become the program.
    Unborn(UnbornStep, Errno),
    /// It ended before it counted as up.
    DiedYoung,
    /// It ended with a status that is not among those expected.
    BadExit(ExitStatus),
}

/// What a new process could not do on its way to its program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnbornStep {
    /// Lead a group or a session.
    Lead,
    /// Put its descriptors in place.
    Descriptors,
    /// Set its resource limits.
    Limits,
    /// Become its user.
    Identity,
    /// Enter its directory.
    Directory,
    /// Execute the file.
    Exec,
}

/// What is known of a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Where it stands.
    pub phase: Phase,
    /// Failed attempts in a row, up to and with the last.
    pub failures: u32,
    /// When the last attempt began. `None`: never.
    pub started: Option<Now>,
    /// When the last process ended. `None`: none has.
    pub stopped: Option<WallTime>,
    /// How the last attempt's process ended; `None` while it lives, or if there was none.
    pub last_exit: Option<ExitStatus>,
    /// What went wrong since the last attempt began.
    pub trouble: Option<Trouble>,
    /// A stop was asked for while the process was being made.
    pub stop_pending: StopPending,
}

/// Whether a stop waits for a process that is being made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopPending {
    /// No.
    No,
    /// It is carried out when the process is there.
    Yes,
}

impl Facts {
    /// Of a slot that nobody has asked for yet.
    pub const FRESH: Self = Self {
        phase: Phase::Down(Rest::Fresh),
        failures: 0,
        started: None,
        stopped: None,
        last_exit: None,
        trouble: None,
        stop_pending: StopPending::No,
    };

    /// The living process.
    pub fn pid(&self) -> Option<Pid> {
        match self.phase {
            Phase::Starting { pid, .. }
            | Phase::Up { pid }
            | Phase::Stopping { pid, .. }
            | Phase::Lost { pid } => Some(pid),
            Phase::Down(_) | Phase::Spawning | Phase::Waiting { .. } => None,
        }
    }

    /// Whether there is neither a process nor one to come.
    pub fn is_at_rest(&self) -> bool {
        match self.phase {
            Phase::Down(_) | Phase::Lost { .. } => true,
            Phase::Spawning
            | Phase::Starting { .. }
            | Phase::Up { .. }
            | Phase::Stopping { .. }
            | Phase::Waiting { .. } => false,
        }
    }

    /// Whether a process runs, comes, or is waited for, and nobody asked it to end.
    pub fn is_wanted(&self) -> bool {
        match self.phase {
            Phase::Spawning | Phase::Starting { .. } | Phase::Up { .. } | Phase::Waiting { .. } => true,
            Phase::Down(_) | Phase::Stopping { .. } | Phase::Lost { .. } => false,
        }
    }

    /// When the slot has to be looked at again.
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Starting { ready_at, .. } => Some(ready_at),
            Phase::Stopping { kill_at, .. } => Some(kill_at),
            Phase::Waiting { until } => Some(until),
            Phase::Down(_) | Phase::Spawning | Phase::Up { .. } | Phase::Lost { .. } => None,
        }
    }
}

/// What can happen to one slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stimulus {
    /// The whole supervision begins, or the group was added while it runs.
    Begin,
    /// Somebody wants it to run.
    Start,
    /// Somebody wants it to stop, by the policy or as ordered.
    Stop(Option<StopOrder>),
    /// Everything stops: what waits for another attempt is given up.
    GiveUp,
    /// A deadline may have passed.
    Due,
    /// A process is there.
    Spawned(Pid),
    /// None could be made.
    NotSpawned(Trouble),
    /// There is none, and nobody will say why.
    OrderLost,
    /// The process ended.
    Exited(ExitStatus),
    /// The process could not be signalled.
    SignalFailed(Errno),
}

/// Whether new processes may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// They may.
    Running,
    /// Everything is being stopped.
    Stopping,
}

/// One slot on its way through a step: what it is, what is known, and what is to be done.
pub(crate) struct Step<'a> {
    pub(crate) id: InstanceId,
    pub(crate) spec: &'a ProgramSpec,
    pub(crate) facts: &'a mut Facts,
    pub(crate) mood: Mood,
    pub(crate) now: Now,
    pub(crate) planted: Planted,
    pub(crate) effects: &'a mut Vec<Effect>,
}

impl Step<'_> {
    pub(crate) fn take(mut self, stimulus: Stimulus) {
        match stimulus {
            Stimulus::Begin => self.begin(),
            Stimulus::Start => self.start(),
            Stimulus::Stop(order) => self.stop(order),
            Stimulus::GiveUp => self.give_up_waiting(),
            Stimulus::Due => self.due(),
            Stimulus::Spawned(pid) => self.spawned(pid),
            Stimulus::NotSpawned(trouble) => self.not_spawned(trouble),
            Stimulus::OrderLost => self.order_lost(),
            Stimulus::Exited(status) => self.exited(status),
            Stimulus::SignalFailed(_) => self.signal_failed(),
        }
    }

    fn begin(&mut self) {
        if self.facts.phase == Phase::Down(Rest::Fresh) && self.spec.startup == Startup::Automatic {
            self.spawn();
        }
    }

    fn start(&mut self) {
        match self.facts.phase {
            Phase::Down(_) => self.spawn(),
            // Already on its way, or on its way down: a start does not cut a stop short.
            Phase::Spawning
            | Phase::Starting { .. }
            | Phase::Up { .. }
            | Phase::Stopping { .. }
            | Phase::Waiting { .. }
            | Phase::Lost { .. } => {}
        }
    }

    fn stop(&mut self, order: Option<StopOrder>) {
        match self.facts.phase {
            Phase::Waiting { .. } => self.go(Phase::Down(Rest::Asked)),
            Phase::Spawning => {
                self.facts.stop_pending = StopPending::Yes;
                self.effects.push(Effect::Keep(self.id));
            }
            Phase::Starting { pid, .. } | Phase::Up { pid } => self.ask_to_end(pid, order),
            Phase::Down(_) | Phase::Stopping { .. } | Phase::Lost { .. } => {}
        }
    }

    fn give_up_waiting(&mut self) {
        match self.facts.phase {
            Phase::Waiting { .. } => self.give_up(),
            Phase::Down(_)
            | Phase::Spawning
            | Phase::Starting { .. }
            | Phase::Up { .. }
            | Phase::Stopping { .. }
            | Phase::Lost { .. } => self.stop(None),
        }
    }

    fn due(&mut self) {
        let now = self.now.monotonic;
        match self.facts.phase {
            Phase::Starting { pid, ready_at } if ready_at <= now => self.came_up(pid),
            Phase::Stopping { pid, kill_at } if kill_at <= now => self.kill(pid),
            Phase::Waiting { until } if until <= now => match self.mood {
                Mood::Running => self.spawn(),
                Mood::Stopping if self.planted.is(Mutation::SpawnWhileStopping) => self.spawn(),
                // Its group's turn to stop has not come, but there will be no next attempt. Left as it is it would be
                // due for ever.
                Mood::Stopping => self.give_up(),
            },
            Phase::Down(_)
            | Phase::Spawning
            | Phase::Starting { .. }
            | Phase::Up { .. }
            | Phase::Stopping { .. }
            | Phase::Waiting { .. }
            | Phase::Lost { .. } => {}
        }
    }

    /// Orders a process; every attempt of a life passes here.
    fn spawn(&mut self) {
        if self.mood == Mood::Stopping && !self.planted.is(Mutation::SpawnWhileStopping) {
            return;
        }
        let before = self.facts.clone();
        self.facts.phase = Phase::Spawning;
        self.facts.started = Some(self.now);
        self.facts.trouble = None;
        self.facts.last_exit = None;
        self.facts.stop_pending = StopPending::No;
        self.moved(before);
        self.effects.push(Effect::Spawn(self.id));
    }

    fn spawned(&mut self, pid: Pid) {
        if self.facts.phase != Phase::Spawning {
            return;
        }
        let Readiness::StaysUp(needed) = self.spec.readiness;
        // Reckoned from the process, not from the order: it must have lived that long.
        self.go(Phase::Starting { pid, ready_at: self.now.monotonic + needed });
        if self.facts.stop_pending == StopPending::Yes && !self.planted.is(Mutation::ForgetPendingStop) {
            self.facts.stop_pending = StopPending::No;
            self.ask_to_end(pid, None);
        } else if needed.is_zero() {
            self.came_up(pid);
        }
    }

    fn not_spawned(&mut self, trouble: Trouble) {
        if self.facts.phase == Phase::Spawning {
            self.failed(trouble);
        }
    }

    /// Not a failed attempt: nothing is known of it.
    fn order_lost(&mut self) {
        if self.facts.phase != Phase::Spawning {
            return;
        }
        match (self.facts.stop_pending, self.mood) {
            (StopPending::No, Mood::Running) => self.effects.push(Effect::Spawn(self.id)),
            (StopPending::Yes, _) | (_, Mood::Stopping) => {
                let before = self.facts.clone();
                self.facts.stop_pending = StopPending::No;
                self.facts.phase = Phase::Down(Rest::Asked);
                self.moved(before);
            }
        }
    }

    fn came_up(&mut self, pid: Pid) {
        let before = self.facts.clone();
        self.facts.failures = 0;
        self.facts.phase = Phase::Up { pid };
        self.moved(before);
    }

    fn exited(&mut self, status: ExitStatus) {
        match self.facts.phase {
            Phase::Starting { pid, ready_at } if ready_at <= self.now.monotonic => {
                self.came_up(pid);
                self.ended(status);
            }
            Phase::Starting { .. } => {
                self.facts.stopped = Some(self.now.wall);
                self.facts.last_exit = Some(status);
                self.failed(Trouble::DiedYoung);
            }
            Phase::Up { .. } => self.ended(status),
            Phase::Stopping { .. } | Phase::Lost { .. } => {
                self.facts.stopped = Some(self.now.wall);
                self.facts.last_exit = Some(status);
                self.go(Phase::Down(Rest::Asked));
            }
            // The runtime reports an exit only of a process it reported before.
            Phase::Down(_) | Phase::Spawning | Phase::Waiting { .. } => {}
        }
    }

    /// A program that had been up ended by itself.
    fn ended(&mut self, status: ExitStatus) {
        let before = self.facts.clone();
        let expected = self.spec.expected_exits.includes(status);
        self.facts.failures = 0;
        self.facts.stopped = Some(self.now.wall);
        self.facts.last_exit = Some(status);
        self.facts.trouble = if expected { None } else { Some(Trouble::BadExit(status)) };
        self.facts.phase = Phase::Down(Rest::Ended);
        self.moved(before);
        if self.spec.restart.restarts(&self.spec.expected_exits, status)
            && !self.planted.is(Mutation::StayDown)
        {
            self.spawn();
        }
    }

    /// An attempt came to nothing.
    fn failed(&mut self, trouble: Trouble) {
        let before = self.facts.clone();
        let asked_to_stop = self.facts.stop_pending == StopPending::Yes;
        self.facts.stop_pending = StopPending::No;
        let times = if self.planted.is(Mutation::CountFailureTwice) { 2 } else { 1 };
        self.facts.failures = self.facts.failures.saturating_add(times);
        self.facts.trouble = Some(trouble);
        let verdict = self.facts.verdict(self.spec.backoff);
        let pause = match verdict {
            Verdict::RetryAfter(_) if self.planted.is(Mutation::SkipPause) => core::time::Duration::ZERO,
            Verdict::RetryAfter(pause) => pause,
            Verdict::GiveUp => core::time::Duration::ZERO,
        };
        // Listeners are told of the failure first, even where no other attempt follows.
        self.facts.phase = Phase::Waiting { until: self.now.monotonic + pause };
        self.moved(before);
        if verdict == Verdict::GiveUp || self.mood == Mood::Stopping {
            self.give_up();
        } else if asked_to_stop {
            self.go(Phase::Down(Rest::Asked));
        }
    }

    fn give_up(&mut self) {
        let before = self.facts.clone();
        self.facts.failures = 0;
        self.facts.phase = Phase::Down(Rest::GaveUp);
        self.moved(before);
    }

    fn ask_to_end(&mut self, pid: Pid, order: Option<StopOrder>) {
        let policy = self.spec.stop.ordered(order);
        self.go(Phase::Stopping { pid, kill_at: self.now.monotonic + policy.grace });
        self.signal(pid, policy.signal, policy.reach, Urgency::Asked);
    }

    fn kill(&mut self, pid: Pid) {
        let policy = self.spec.stop;
        // With no grace at all the kill would be repeated without a pause; once a second is enough for a
        // process that the kernel does not let go.
        let pause = policy.grace.max(core::time::Duration::from_secs(1));
        self.facts.phase = Phase::Stopping { pid, kill_at: self.now.monotonic + pause };
        self.effects.push(Effect::Keep(self.id));
        if self.planted.is(Mutation::NeverKill) {
            return;
        }
        self.signal(pid, Signal::KILL, policy.kill_reach, Urgency::Overdue);
    }

    fn signal(&mut self, pid: Pid, signal: Signal, reach: Reach, urgency: Urgency) {
        let event = Event::StopSignalled { id: self.id, pid, signal, reach, urgency };
        self.effects.push(Effect::Publish(event));
        self.effects.push(Effect::Signal(self.id, signal, reach));
    }

    fn signal_failed(&mut self) {
        if let Phase::Stopping { pid, .. } = self.facts.phase {
            self.go(Phase::Lost { pid });
        }
    }

    fn go(&mut self, phase: Phase) {
        let before = self.facts.clone();
        self.facts.phase = phase;
        self.moved(before);
    }

    fn moved(&mut self, before: Facts) {
        self.effects.push(Effect::Keep(self.id));
        let moved = Moved { id: self.id, before, after: self.facts.clone() };
        self.effects.push(Effect::Publish(Event::Moved(Box::new(moved))));
    }
}
