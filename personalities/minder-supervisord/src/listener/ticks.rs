//! The ticks: an event each time the wall clock crosses a multiple of 5 seconds, a minute, an hour.

use std::time::Duration;

use minder_core::time::{Instant, Now};

use crate::events::EventType;

/// The ticks and their periods in seconds.
const PERIODS: [(EventType, i64); 3] =
    [(EventType::Tick5, 5), (EventType::Tick60, 60), (EventType::Tick3600, 3600)];

/// What the clock showed when it was last looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Ticks {
    seen: Option<Now>,
    /// Seconds since 1970 at the last look, kept beyond the life of one mind. `None`: there was none.
    pub(super) last: Option<i64>,
}

impl Ticks {
    pub(super) const fn recalled(last: Option<i64>) -> Self {
        Self { seen: None, last }
    }

    /// Looks at the clock: the ticks since the last look, each with its time. A clock that was set back ticks too.
    pub(super) fn look(&mut self, now: Now) -> Vec<(EventType, i64)> {
        let second = now.wall.seconds();
        let last = self.last.unwrap_or(second);
        self.seen = Some(now);
        self.last = Some(second);
        let slice = |at: i64, period: i64| at - at.rem_euclid(period);
        let crossed = PERIODS.iter().filter(|(_, period)| slice(last, *period) != slice(second, *period));
        crossed.map(|(kind, period)| (*kind, slice(second, *period))).collect()
    }

    /// When the next tick that is `wanted` is due.
    pub(super) fn deadline(&self, wanted: impl Fn(EventType) -> bool) -> Option<Instant> {
        let seen = self.seen?;
        let periods = PERIODS.iter().filter(|(kind, _)| wanted(*kind));
        let period = periods.map(|(_, period)| *period).min()?;
        let micros = period * 1_000_000 - seen.wall.0.rem_euclid(period * 1_000_000);
        // A millisecond more, so that the wall clock has crossed the mark for certain.
        let wait = Duration::from_micros(micros.unsigned_abs()) + Duration::from_millis(1);
        Some(seen.monotonic + wait)
    }
}
