//! Whether the wall clock is believed. A machine without a clock that lives through a power cut begins somewhere in the past,
//! and jumps when it first hears from others.

use std::time::Duration;

use minder_core::time::{Instant, Now, WallTime};

use super::Note;

/// A clock may be set back by so much without being doubted: what was due is not due again, it is waited for what comes after.
/// As with Vixie's cron, which takes more for a correction.
pub(super) const BACK_MAX: Duration = Duration::from_secs(3 * 3600);
/// A clock that is further back is believed after so long: by then it would have been set.
pub(super) const DOUBT: Duration = Duration::from_secs(15 * 60);
/// 2024-01-01. It was later than that when this was written.
const WRITTEN: WallTime = WallTime(1_704_067_200_000_000);
/// What a clock is slewed by is not told.
const TOLD: Duration = Duration::from_secs(60);

/// What both clocks have shown.
#[derive(Debug)]
pub(super) struct Clock {
    seen: Now,
    /// It has been so late.
    latest: WallTime,
    doubted_since: Option<Instant>,
}

/// What may be made of the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Belief {
    /// It is right, or set back by little.
    Sound,
    /// It is far back: nothing is due by it.
    Doubted,
    /// It is far back, and right from now on.
    SetBack,
}

impl Clock {
    /// `latest` is the latest time that is remembered.
    pub(super) fn new(latest: Option<WallTime>, now: Now) -> Self {
        let latest = latest.map_or(WRITTEN, |latest| latest.max(WRITTEN));
        Self { seen: now, latest, doubted_since: None }
    }

    /// Looks at both.
    pub(super) fn look(&mut self, now: Now, notes: &mut Vec<Note>) -> Belief {
        let expected = later(self.seen.wall, now.monotonic.since(self.seen.monotonic));
        if micros(TOLD) < now.wall.0.saturating_sub(expected.0).saturating_abs() {
            notes.push(Note::ClockSet(expected, now.wall));
        }
        self.seen = now;
        if now.wall >= self.latest - BACK_MAX {
            self.doubted_since = None;
            self.latest = self.latest.max(now.wall);
            return Belief::Sound;
        }
        match self.doubted_since {
            None => {
                self.doubted_since = Some(now.monotonic);
                notes.push(Note::ClockDoubted(now.wall));
                Belief::Doubted
            }
            Some(since) if now.monotonic.since(since) < DOUBT => Belief::Doubted,
            Some(_) => {
                self.doubted_since = None;
                self.latest = now.wall;
                notes.push(Note::ClockBelieved(now.wall));
                Belief::SetBack
            }
        }
    }

    /// When it will be believed if nothing changes.
    pub(super) fn decision(&self) -> Option<Instant> {
        self.doubted_since.map(|since| since + DOUBT)
    }
}

/// Saturates.
pub(super) fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// Saturates.
pub(super) fn later(time: WallTime, length: Duration) -> WallTime {
    WallTime(time.0.saturating_add(micros(length)))
}
