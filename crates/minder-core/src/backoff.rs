//! How long to wait before the next attempt.

use core::time::Duration;

/// The attempts a program gets until it is given up, and the pauses between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// Attempts after the first one. Zero: the first failure is final.
    pub retries: u32,
    /// The pause after the n-th failure in a row is n times this.
    pub step: Duration,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Try again after this pause.
    RetryAfter(Duration),
    /// That was the last attempt.
    GiveUp,
}

impl Backoff {
    /// What to do after the `failures`-th failure in a row, counted from one.
    pub fn after(self, failures: u32) -> Verdict {
        if failures > self.retries {
            Verdict::GiveUp
        } else {
            Verdict::RetryAfter(self.step.saturating_mul(failures))
        }
    }
}
