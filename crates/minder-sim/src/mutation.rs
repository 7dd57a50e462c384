//! Mistakes that are made on purpose. Whoever claims that the simulation would find a mistake can plant it and see.
//!
//! Most are made in the glue between the core and the world, where the runtime could make them; those of the core are in the
//! core itself, and only there when the feature `mutations` is on.

use std::fmt;

/// One mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutation {
    /// One exit in twenty is acknowledged, but not told to the supervision.
    IgnoreExit,
    /// One exit in twenty is told with another status.
    WrongStatus,
    /// An exit leaves its child in the ledger, so that the next mind counts it again.
    KeepDeadChild,
    /// The keeper may forget an exit before it is in the ledger.
    AcknowledgeFirst,
    /// A process is ordered before the ledger knows of the order.
    OrderFirst,
    /// The keeper signals a child's pid although the child has exited.
    SignalAfterExit,
    /// A later mind begins with no failed attempts.
    ForgetBackoff,
    /// A later mind takes what somebody has stopped for what nobody has started yet.
    LoseStop,
    /// A later mind forgets when it is to kill.
    DropKillDeadline,
    /// A later mind orders again what was ordered, without asking whether it is there.
    OrderAgain,
    /// A later mind takes over a stop of everything as if nothing were to stop.
    ForgetShutdown,
    /// A later mind orders what was ordered and not answered, whatever has been asked since.
    OrderWhatIsUnwanted,
    /// A slot that is gone leaves its process to whoever gets its number next.
    ConfuseSlots,
    /// A stop is over when the process itself has ended.
    ForgetLeftovers,
    /// What is left by processes that end by themselves is ended, too.
    EndWhatIsMeant,
    /// A later mind does not send what was ordered and not sent.
    ForgetOwed,
    /// A later mind does not look for what is left.
    LookForNothing,
    /// What is left is asked to end, but never killed.
    OnlyAskLeftovers,
    /// Deadlines are reckoned by the wall clock.
    WallClock,
    /// A mistake of the core.
    #[cfg(feature = "mutations")]
    Core(minder_core::mutation::Mutation),
}

impl Mutation {
    /// All there are.
    pub fn all() -> Vec<Self> {
        let glue = [
            Self::IgnoreExit,
            Self::WrongStatus,
            Self::KeepDeadChild,
            Self::AcknowledgeFirst,
            Self::OrderFirst,
            Self::SignalAfterExit,
            Self::ForgetBackoff,
            Self::LoseStop,
            Self::DropKillDeadline,
            Self::OrderAgain,
            Self::ForgetShutdown,
            Self::OrderWhatIsUnwanted,
            Self::ConfuseSlots,
            Self::ForgetLeftovers,
            Self::EndWhatIsMeant,
            Self::ForgetOwed,
            Self::LookForNothing,
            Self::OnlyAskLeftovers,
            Self::WallClock,
        ];
        #[cfg(feature = "mutations")]
        let glue = glue.into_iter().chain(minder_core::mutation::Mutation::ALL.into_iter().map(Self::Core));
        glue.into_iter().collect()
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|mutation| mutation.to_string() == name)
    }
}

/// Its name, as the command line takes it.
impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::IgnoreExit => "ignore-exit",
            Self::WrongStatus => "wrong-status",
            Self::KeepDeadChild => "keep-dead-child",
            Self::AcknowledgeFirst => "acknowledge-first",
            Self::OrderFirst => "order-first",
            Self::SignalAfterExit => "signal-after-exit",
            Self::ForgetBackoff => "forget-backoff",
            Self::LoseStop => "lose-stop",
            Self::DropKillDeadline => "drop-kill-deadline",
            Self::OrderAgain => "order-again",
            Self::ForgetShutdown => "forget-shutdown",
            Self::OrderWhatIsUnwanted => "order-what-is-unwanted",
            Self::ConfuseSlots => "confuse-slots",
            Self::ForgetLeftovers => "forget-leftovers",
            Self::EndWhatIsMeant => "end-what-is-meant",
            Self::ForgetOwed => "forget-owed",
            Self::LookForNothing => "look-for-nothing",
            Self::OnlyAskLeftovers => "only-ask-leftovers",
            Self::WallClock => "wall-clock",
            #[cfg(feature = "mutations")]
            Self::Core(mutation) => mutation.name(),
        };
        f.write_str(name)
    }
}
