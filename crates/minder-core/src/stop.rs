//! How a process is asked to end, and what happens when it does not.

use core::time::Duration;

use crate::ids::{Pid, Signal};

/// Signal, grace, kill. The kill is repeated after each further grace until the process is gone: a process in
/// uninterruptible sleep dies when the kernel lets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopPolicy {
    /// What is sent first.
    pub signal: Signal,
    /// How long the process may take before `SIGKILL`. Zero: the kill follows at once.
    pub grace: Duration,
    /// Who gets the first signal.
    pub reach: Reach,
    /// Who gets `SIGKILL`.
    pub kill_reach: Reach,
}

/// What somebody wants otherwise than the policy has it, for one stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopOrder {
    /// What is sent first. Zero sends nothing, and the process has its grace to end by itself.
    pub signal: Signal,
    /// How long the process may take before `SIGKILL`.
    pub grace: Duration,
}

impl StopPolicy {
    /// The policy for a stop that was ordered otherwise.
    #[must_use]
    pub fn ordered(self, order: Option<StopOrder>) -> Self {
        order.map_or(self, |order| Self { signal: order.signal, grace: order.grace, ..self })
    }
}

/// Whom a signal is meant for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// The process itself.
    Process,
    /// Its whole process group.
    Group,
    /// The process, then the processes it has made.
    Family,
    /// The processes it has made, but not itself.
    Children,
    /// The process, then all that descend from it.
    Tree,
    /// All that descend from it, but not itself.
    Descendants,
    /// One process, if it descends from it.
    Descendant(Pid),
}
