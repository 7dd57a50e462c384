//! The time, handed in, so that a simulated night need not last one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Tells the time and waits.
pub trait Clock: Send + Sync {
    /// What a clock on the wall shows. It may jump.
    fn now(&self) -> Timestamp;

    /// How long ago this clock began. Never jumps.
    fn elapsed(&self) -> Duration;

    /// Comes back when [`Clock::elapsed`] is at least this.
    fn wait_until(&self, then: Duration);
}

/// The machine's.
#[derive(Debug)]
pub struct MachineClock {
    began: Instant,
}

impl MachineClock {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn wait_until(&self, then: Duration) {
        std::thread::sleep(then.saturating_sub(self.elapsed()));
    }
}

/// One on which it is later only because somebody waited: as fast as can be.
#[derive(Debug)]
pub struct LeapingClock {
    began: Timestamp,
    elapsed: Mutex<Duration>,
}

impl LeapingClock {
    /// Begins at a time.
    #[must_use]
    pub fn begin(began: Timestamp) -> Self {
        Self { began, elapsed: Mutex::default() }
    }

    /// Makes it later.
    pub fn leap(&self, by: Duration) {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for LeapingClock {
    fn now(&self) -> Timestamp {
        self.began.checked_add(self.elapsed()).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(&self, then: Duration) {
        let mut elapsed = self.elapsed.lock().unwrap_or_else(PoisonError::into_inner);
        *elapsed = (*elapsed).max(then);
    }
}
