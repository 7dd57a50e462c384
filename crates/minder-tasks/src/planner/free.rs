//! Due times by the monotonic clock: nothing that happens to the wall clock matters to them, but that they have a part of the
//! day in which they may begin, and that a beat that begins again goes on where the one before was.

use std::time::Duration;

use minder_core::agenda::Window;
use minder_core::time::{Instant, Now, WallTime};
use minder_schedule::schedule::Schedule;
use minder_schedule::text::Misread;
use minder_schedule::window::Sight;

use super::Wake;
use super::clock::{Belief, later};
use super::gap::{Gap, Reach, next, timestamp};
use super::times::{Progress, Said};

/// An interval that goes on.
#[derive(Debug)]
pub(super) struct Free {
    /// The paces as the wall clock would show them, laid anew at each look.
    schedule: Schedule,
    /// In whole microseconds.
    interval: Duration,
    began: Instant,
    next: Instant,
    /// How far it had come before the beat began, until the clock shows that it is later.
    resumed: Option<WallTime>,
}

impl Free {
    pub(super) fn new(
        interval: Duration,
        between: Option<Window>,
        sight: Sight,
        dealt_with: Option<WallTime>,
        now: Now,
    ) -> Result<Self, Misread> {
        let schedule = Schedule::paces(interval, timestamp(now.wall), between, sight)?;
        let interval = interval - Duration::from_nanos(u64::from(interval.subsec_nanos() % 1000));
        let (began, next) = (now.monotonic, now.monotonic + interval);
        Ok(Self { schedule, interval, began, next, resumed: dealt_with })
    }

    pub(super) fn step(
        &mut self,
        now: Now,
        belief: Belief,
        progress: &mut Progress,
        said: &mut Said<'_>,
    ) -> Wake {
        match belief {
            Belief::Doubted => {}
            Belief::Sound => {
                self.resume(now, progress, said);
                progress.begin(now.wall);
            }
            Belief::SetBack => {
                self.resumed = None;
                progress.set_back(now.wall);
                progress.begin(now.wall);
            }
        }
        let from = shown(now, self.next) - self.interval;
        self.schedule.pace_from(timestamp(from));
        if self.next <= now.monotonic {
            let gap =
                Gap::find(&self.schedule, Reach { after: from, until: now.wall }, None, said.policy.missed);
            said.tell(&gap, &self.schedule);
            if let (Some(last), Belief::Sound | Belief::SetBack) = (gap.last, belief) {
                progress.reach(last);
            }
            self.next = self.pace_after(now.monotonic);
        }
        let due = next(&self.schedule, now.wall);
        let monotonic = due.map(|due| now.monotonic + length(now.wall, due));
        // The part of a microsecond that the wall clock does not know.
        Wake { wall: None, monotonic: monotonic.map(|due| due.max(self.next)) }
    }

    /// Catches up with what was due while no beat was running, as soon as the clock is one by which that can be said.
    fn resume(&mut self, now: Now, progress: &mut Progress, said: &mut Said<'_>) {
        let Some(dealt_with) = self.resumed.filter(|time| *time <= now.wall) else {
            return;
        };
        self.resumed = None;
        let until = shown(now, self.began);
        if dealt_with > until {
            return;
        }
        self.schedule.pace_from(timestamp(dealt_with));
        let gap = Gap::find(&self.schedule, Reach { after: dealt_with, until }, None, said.policy.missed);
        said.tell(&gap, &self.schedule);
        progress.reach(gap.last.unwrap_or(dealt_with));
        if self.next == self.began + self.interval {
            let whole = length(dealt_with, until).as_micros() / self.interval.as_micros().max(1);
            let done =
                u64::try_from(whole * self.interval.as_micros()).map_or(Duration::MAX, Duration::from_micros);
            self.next = self.began + (self.interval - length(dealt_with, until).saturating_sub(done));
        }
    }

    fn pace_after(&self, now: Instant) -> Instant {
        let interval = self.interval.as_nanos().max(1);
        let paces = now.since(self.next).as_nanos() / interval + 1;
        let ahead = u64::try_from(paces * interval).unwrap_or(u64::MAX);
        self.next + Duration::from_nanos(ahead)
    }
}

impl Progress {
    /// It is seen for the first time by a clock that is believed.
    fn begin(&mut self, now: WallTime) {
        if self.mark.is_none() {
            self.reach(now);
        }
    }
}

/// What the wall clock shows at a time of the monotonic one, if nobody sets it.
fn shown(now: Now, at: Instant) -> WallTime {
    if at <= now.monotonic {
        now.wall - now.monotonic.since(at)
    } else {
        later(now.wall, at.since(now.monotonic))
    }
}

/// From one time of the wall clock to a later one.
fn length(from: WallTime, until: WallTime) -> Duration {
    Duration::from_micros(u64::try_from(until.0.saturating_sub(from.0)).unwrap_or(0))
}
