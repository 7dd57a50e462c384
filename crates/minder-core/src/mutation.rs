//! Mistakes that the simulation plants in the core, to prove that it would find them. Without the feature `mutations`, which only
//! its tests turn on, nothing of this is in the program: a [`Planted`] is then empty and never asks for anything.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutation {
    /// A failed attempt counts twice.
    CountFailureTwice,
    /// The next attempt follows without the pause.
    SkipPause,
    /// An attempt that is due is made although everything stops.
    SpawnWhileStopping,
    /// A stop that was asked for while the process was being made is forgotten.
    ForgetPendingStop,
    /// A process that outlasts its grace is not killed.
    NeverKill,
    /// All groups are asked to end at once.
    StopAllAtOnce,
    /// A program that ends with an unexpected status stays down.
    StayDown,
}

impl Mutation {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::CountFailureTwice,
        Self::SkipPause,
        Self::SpawnWhileStopping,
        Self::ForgetPendingStop,
        Self::NeverKill,
        Self::StopAllAtOnce,
        Self::StayDown,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CountFailureTwice => "count-failure-twice",
            Self::SkipPause => "skip-pause",
            Self::SpawnWhileStopping => "spawn-while-stopping",
            Self::ForgetPendingStop => "forget-pending-stop",
            Self::NeverKill => "never-kill",
            Self::StopAllAtOnce => "stop-all-at-once",
            Self::StayDown => "stay-down",
        }
    }
}

/// Which mistake is made, if any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planted(#[cfg(feature = "mutations")] Option<Mutation>);

impl Planted {
    /// This one.
    #[cfg(feature = "mutations")]
    pub const fn one(mutation: Mutation) -> Self {
        Self(Some(mutation))
    }

    /// Whether it is this one.
    #[cfg(feature = "mutations")]
    pub fn is(self, mutation: Mutation) -> bool {
        self.0 == Some(mutation)
    }

    /// Never.
    #[cfg(not(feature = "mutations"))]
    pub const fn is(self, _: Mutation) -> bool {
        false
    }
}
