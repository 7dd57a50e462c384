//! Whether a program that ended by itself is started again.

use alloc::vec::Vec;

use crate::ids::ExitStatus;

/// When a program that had been up and ended unasked starts again. There is no delay and no limit: a program
/// that once was up has shown that it can run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestartPolicy {
    /// It stays down.
    Never,
    /// Whatever its status was.
    Always,
    /// Only if the status is none of the [`ExpectedExits`].
    OnUnexpectedExit,
}

/// The exit codes that mean all is well. A signal is never expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpectedExits(pub Vec<u8>);

impl ExpectedExits {
    /// Whether the program was meant to end like this.
    pub fn includes(&self, status: ExitStatus) -> bool {
        match status {
            ExitStatus::Code(code) => self.0.contains(&code),
            ExitStatus::Signal { .. } | ExitStatus::Unknown => false,
        }
    }
}

impl RestartPolicy {
    /// Whether to start again after `status`.
    pub fn restarts(self, expected: &ExpectedExits, status: ExitStatus) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::OnUnexpectedExit => !expected.includes(status),
        }
    }
}
