//! Why the mind stops in the midst of what it does.

use std::fmt;

/// Carried up through the mind's glue by `?`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Halt {
    /// It was killed.
    Killed,
    /// Something happened that must not.
    Broken(Violation),
}

/// A promise that was not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// How.
    pub detail: String,
}

/// What must hold whatever happens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Invariant {
    /// Never two processes of one program at once.
    OneInstance,
    /// Each exit is counted once, with its status, before the keeper forgets it.
    ExitOnce,
    /// Nobody signals a process that is not ours.
    NoStranger,
    /// A stop ends in time: asked first, killed when its patience is over and not before.
    StopEnds,
    /// When a stop is over nothing of the process is left, and what was left by one that ended by itself is left alone.
    WholeTree,
    /// What somebody has stopped stays stopped, until somebody starts it.
    StopStays,
    /// Failed attempts are counted, the pauses after them kept, and not more made than allowed.
    Backoff,
    /// While everything stops nothing starts, and what stops last is asked last.
    WayDown,
    /// After a request to end, everything ends.
    Finish,
    /// Every deadline leads to something; nothing goes round in circles.
    Calm,
    /// When nothing bad happens any more, what should run runs, and all who wait are answered.
    Liveness,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneInstance => "never two processes of one program at once",
            Self::ExitOnce => "each exit is counted once, with its status",
            Self::NoStranger => "nobody signals a process that is not ours",
            Self::StopEnds => "a stop ends in time, by a kill if need be",
            Self::WholeTree => "a stop ends the whole tree, and nobody else",
            Self::StopStays => "what somebody has stopped stays stopped",
            Self::Backoff => "failed attempts are counted, and the pauses after them kept",
            Self::WayDown => "while everything stops nothing starts, and the last is asked last",
            Self::Finish => "after a request to end everything ends",
            Self::Calm => "every deadline leads to something",
            Self::Liveness => "what should run runs when nothing bad happens any more",
        })
    }
}

/// Holds a promise against what happened.
pub(crate) fn hold(
    invariant: Invariant,
    kept: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if kept { Ok(()) } else { Err(Violation { invariant, detail: detail() }) }
}

impl From<Violation> for Halt {
    fn from(violation: Violation) -> Self {
        Self::Broken(violation)
    }
}
