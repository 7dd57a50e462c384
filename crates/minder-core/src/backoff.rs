//! How long to wait before the next attempt.

use core::time::Duration;

/// The attempts a program gets until it is given up, and the pauses between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// Attempts after the first one. Zero: the first failure is final.
    pub retries: u32,
    /// The pause after the n-th failure in a row is n times this.
    pub step: Duration,
    /// What becomes of the last attempt when the machine was short of something.
    pub shortage: Shortage,
}

/// Whether a process that could not be made, for want of memory, descriptors or processes, can be the end of it: the program
/// is not to blame, and the shortage passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shortage {
    /// Such an attempt counts like any other.
    Counts,
    /// After such an attempt there is always another one, at the latest after [`SHORTAGE_PAUSE_MAX`].
    Passes,
}

/// The longest pause before an attempt that there is only because of a shortage.
pub const SHORTAGE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// The shortest.
const SHORTAGE_PAUSE_MIN: Duration = Duration::from_secs(1);

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

    /// The same for an attempt that failed because the machine was short of something.
    pub fn after_shortage(self, failures: u32) -> Verdict {
        match (self.after(failures), self.shortage) {
            (Verdict::GiveUp, Shortage::Passes) => {
                let pause = self.step.saturating_mul(failures);
                Verdict::RetryAfter(pause.clamp(SHORTAGE_PAUSE_MIN, SHORTAGE_PAUSE_MAX))
            }
            (verdict, _) => verdict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_never_ends_it_where_shortages_pass() {
        let seconds = Duration::from_secs;
        let passes = Backoff { retries: 2, step: seconds(1), shortage: Shortage::Passes };
        for (failures, pause) in [(1, 1), (2, 2), (3, 3), (30, 30), (1000, 30)] {
            assert_eq!(passes.after_shortage(failures), Verdict::RetryAfter(seconds(pause)), "{failures}");
        }
        assert_eq!(passes.after(3), Verdict::GiveUp);
        let at_once = Backoff { step: Duration::ZERO, ..passes };
        assert_eq!(at_once.after_shortage(3), Verdict::RetryAfter(seconds(1)));
        let counts = Backoff { shortage: Shortage::Counts, ..passes };
        assert_eq!(counts.after_shortage(3), Verdict::GiveUp);
    }
}
