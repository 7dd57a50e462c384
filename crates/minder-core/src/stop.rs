//! How a process is asked to end, and what happens when it does not.

use core::time::Duration;

use crate::ids::Signal;

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

/// Whom a signal is meant for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// The process itself.
    Process,
    /// Its whole process group.
    Group,
}
