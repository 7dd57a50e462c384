//! How long to wait before the next attempt.

use core::time::Duration;

/// The attempts a program gets until it is given up, and the pauses between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// Attempts after the first one. Zero: the first failure is final. [`u32::MAX`]: there is always another one.
    pub retries: u32,
    /// The pause after the n-th failure in a row is n times this; where there is always another attempt, no longer than
    /// [`ENDLESS_PAUSE_MAX`], or this once if that is more.
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

/// The longest pause before an attempt of which there is always another one. It would be a quarter of an hour after a day
/// without a network or with a full disk, and whatever was missing may be there again at any moment.
pub const ENDLESS_PAUSE_MAX: Duration = Duration::from_secs(30);

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
        let pause = self.step.saturating_mul(failures);
        if self.retries == u32::MAX {
            Verdict::RetryAfter(pause.min(ENDLESS_PAUSE_MAX.max(self.step)))
        } else if failures > self.retries {
            Verdict::GiveUp
        } else {
            Verdict::RetryAfter(pause)
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
    fn who_is_tried_for_ever_is_never_waited_for_longer_than_half_a_minute_or_one_step() {
        let seconds = Duration::from_secs;
        let endless = Backoff { retries: u32::MAX, step: seconds(3), shortage: Shortage::Passes };
        for (failures, pause) in [(1, 3), (2, 6), (10, 30), (11, 30), (u32::MAX, 30)] {
            assert_eq!(endless.after(failures), Verdict::RetryAfter(seconds(pause)), "{failures}");
        }
        let slow = Backoff { step: seconds(300), ..endless };
        assert_eq!(slow.after(7), Verdict::RetryAfter(seconds(300)));
        let bounded = Backoff { retries: u32::MAX - 1, ..endless };
        assert_eq!(bounded.after(100), Verdict::RetryAfter(seconds(300)));
    }

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
