//! What keeper and mind say to each other, as in `minder_keeper::wire`, without what the core knows nothing of: descriptors,
//! and all that a program is started with. What a message is about besides, such as whose process it is, is written beside
//! it for the witness; neither side looks at that.

use std::collections::VecDeque;
use std::fmt;

use minder_core::ids::{ExitStatus, InstanceId, Signal};
use minder_core::time::Instant;

use crate::kernel::Life;
use crate::moves::{Unit, ending};

/// The mind's name for one process. Zero is none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct ChildId(pub(crate) u32);

/// Where a process gave up before it became its program, if it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    Passed,
    Failed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ToKeeper {
    Spawn { child: ChildId, id: InstanceId, unit: Unit },
    Signal { child: ChildId, unit: Unit, signal: Signal },
    Noted { child: ChildId },
    Acknowledge { child: ChildId },
    Obeyed,
    Finish,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FromKeeper {
    Spawned { child: ChildId, pid: u32, stage: Stage, life: Life },
    NotSpawned { child: ChildId, errno: i32 },
    Exited { child: ChildId, status: ExitStatus, life: Life },
    SignalFailed { child: ChildId, errno: i32 },
    Asked,
}

/// One of the greeting's children.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    pub(crate) pid: u32,
    pub(crate) life: Life,
    pub(crate) stage: Stage,
    /// `None`: it lives.
    pub(crate) exit: Option<ExitStatus>,
    /// How many signals of the mind's were sent to it.
    pub(crate) signals: u32,
}

/// One direction: messages stay in their order, and each takes its time.
#[derive(Debug)]
pub(crate) struct Way<T>(VecDeque<(Instant, T)>);

impl<T> Default for Way<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Way<T> {
    pub(crate) fn send(&mut self, arrives: Instant, message: T) {
        let arrives = self.0.back().map_or(arrives, |(before, _)| arrives.max(*before));
        self.0.push_back((arrives, message));
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.0.front().map(|(at, _)| *at)
    }

    pub(crate) fn receive(&mut self) -> Option<T> {
        self.0.pop_front().map(|(_, message)| message)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Display for ToKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToKeeper::Spawn { child, unit, .. } => write!(f, "Spawn {} for {unit}", child.0),
            ToKeeper::Signal { child, unit, signal } => {
                write!(f, "Signal {} of {unit}: {}", child.0, signal.0)
            }
            ToKeeper::Noted { child } => write!(f, "Noted {}", child.0),
            ToKeeper::Acknowledge { child } => write!(f, "Acknowledge {}", child.0),
            ToKeeper::Obeyed => write!(f, "Obeyed TERM"),
            ToKeeper::Finish => write!(f, "Finish"),
        }
    }
}

impl fmt::Display for FromKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FromKeeper::Spawned { child, pid, stage: Stage::Passed, .. } => {
                write!(f, "Spawned {}, pid {pid}", child.0)
            }
            FromKeeper::Spawned { child, pid, stage: Stage::Failed, .. } => {
                write!(f, "Spawned {}, pid {pid}, not as far as its program", child.0)
            }
            FromKeeper::NotSpawned { child, errno } => write!(f, "NotSpawned {}, errno {errno}", child.0),
            FromKeeper::Exited { child, status, .. } => write!(f, "Exited {}, {}", child.0, ending(*status)),
            FromKeeper::SignalFailed { child, errno } => write!(f, "SignalFailed {}, errno {errno}", child.0),
            FromKeeper::Asked => write!(f, "Asked TERM"),
        }
    }
}
