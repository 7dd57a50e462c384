//! A time that comes again and again.

use std::time::{Duration, Instant};

/// Comes first after one period. When it was missed, it comes at the next multiple and is not made up for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    every: Duration,
    next: Option<Instant>,
}

impl Period {
    /// `every` is more than nothing. It does not run yet.
    pub(super) const fn new(every: Duration) -> Period {
        Period { every, next: None }
    }

    pub(super) const fn every(&self) -> Duration {
        self.every
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.next = now.checked_add(self.every);
    }

    /// `None` when it does not run, or comes after all time.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Whether it has come, and if so, sets the next time.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let Some(due) = self.next.filter(|next| *next <= now) else { return false };
        let late = now.duration_since(due).as_nanos() % self.every.as_nanos().max(1);
        let late = Duration::from_nanos(u64::try_from(late).unwrap_or(0));
        self.next = now.checked_add(self.every).and_then(|next| next.checked_sub(late));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Period;

    #[test]
    fn a_period_that_was_missed_comes_at_the_next_multiple() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        let mut period = Period::new(second);
        assert!(!period.is_due(start + second));
        period.begin(start);
        assert!(!period.is_due(start + second / 2));
        assert!(period.is_due(start + second * 7 / 2));
        assert_eq!(period.next(), Some(start + second * 4));
    }
}
