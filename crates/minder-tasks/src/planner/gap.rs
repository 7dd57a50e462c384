//! What was due between two looks, and what of it was missed.
//!
//! ```text
//!      the mark            a minute ago      now
//!  ───────┼─────────────────────┼─────────────┼───▶
//!         └───── missed ────────┴── on time ──┘
//!          left out, once, each        each
//! ```

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use minder_core::agenda::Missed;
use minder_core::time::WallTime;
use minder_schedule::Timestamp;
use minder_schedule::schedule::Schedule;

use super::{Count, clock};

/// What is noticed no later than this is on time: a busy machine, a beat that was started again, a clock that was corrected.
pub(super) const ON_TIME: Duration = Duration::from_secs(60);
/// Of an interval of less than a second no more than so many are made up for; the others were missed.
const ON_TIME_MAX: usize = 60;
/// How many missed ones are done, whoever asks for more.
const CAUGHT_UP_MAX: usize = 1000;
/// How many missed ones are counted.
const COUNTED_MAX: u32 = 1000;

/// How far it is looked back at first, and how near it is looked in the end.
const NEAR: Duration = Duration::from_secs(60);
const NEAR_ENOUGH: Duration = Duration::from_secs(1);

/// What was due.
#[derive(Debug, Default)]
pub(super) struct Gap {
    /// Noticed in time.
    pub(super) on_time: Vec<WallTime>,
    /// Missed, and done all the same.
    pub(super) caught_up: Vec<WallTime>,
    /// What there is to tell of those that were missed.
    pub(super) missed: Vec<Span>,
    /// The last of all.
    pub(super) last: Option<WallTime>,
}

/// Due times that were missed.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) first: WallTime,
    pub(super) last: WallTime,
    pub(super) count: Count,
    pub(super) caught_up: u32,
}

/// Times from which on, and up to which, things are due: after the first, up to and with the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    pub(super) after: WallTime,
    pub(super) until: WallTime,
}

impl Gap {
    /// What was due in this reach, the end of which is now. Before `dealt_with` only what is on time counts.
    pub(super) fn find(
        schedule: &Schedule,
        reach: Reach,
        dealt_with: Option<WallTime>,
        missed: Missed,
    ) -> Self {
        let now = reach.until;
        let late = now - ON_TIME;
        let after = dealt_with.map_or(reach.after, |time| reach.after.max(time.min(late)));
        let mut gap = Self::default();
        let recent = Last::walk(schedule, Reach { after: after.max(late), until: now }, ON_TIME_MAX);
        if after < late {
            let older = Reach { after, until: late };
            gap.miss(schedule, older, wanted(schedule, now, missed, &recent));
        }
        if let Some((first, last)) = recent.dropped {
            let count = Count::Exactly(recent.count - u32::try_from(recent.kept.len()).unwrap_or(u32::MAX));
            gap.missed.push(Span { first, last, count, caught_up: 0 });
        }
        gap.last = recent.kept.back().copied().or(gap.last);
        gap.on_time = recent.kept.into();
        gap
    }

    fn miss(&mut self, schedule: &Schedule, reach: Reach, wanted: usize) {
        let Some(first) = next(schedule, reach.after).filter(|first| *first <= reach.until) else {
            return;
        };
        let count = count(schedule, first, reach.until);
        let mut kept = last_of(schedule, reach, wanted.max(1));
        let last = kept.back().copied().unwrap_or(first);
        if wanted == 0 {
            kept.clear();
        }
        let caught_up = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        self.missed.push(Span { first, last, count, caught_up });
        self.caught_up = kept.into();
        self.last = Some(last);
    }
}

/// How many of those that were missed are done. None where it may not begin now.
fn wanted(schedule: &Schedule, now: WallTime, missed: Missed, recent: &Last) -> usize {
    let most = match missed {
        Missed::Skip => 0,
        // One that is due now is the once.
        Missed::Once => usize::from(recent.kept.is_empty()),
        Missed::Each(most) => usize::try_from(NonZeroU32::get(most)).unwrap_or(CAUGHT_UP_MAX),
    };
    if schedule.within(timestamp(now)) { most.min(CAUGHT_UP_MAX) } else { 0 }
}

/// The last due times of a reach.
struct Last {
    kept: VecDeque<WallTime>,
    /// The first and the last of those before.
    dropped: Option<(WallTime, WallTime)>,
    count: u32,
}

impl Last {
    fn walk(schedule: &Schedule, reach: Reach, keep: usize) -> Self {
        let mut last = Self { kept: VecDeque::new(), dropped: None, count: 0 };
        let mut after = reach.after;
        while let Some(time) = next(schedule, after).filter(|time| *time <= reach.until) {
            last.kept.push_back(time);
            last.count = last.count.saturating_add(1);
            if last.kept.len() > keep
                && let Some(dropped) = last.kept.pop_front()
            {
                let (first, _) = last.dropped.unwrap_or((dropped, dropped));
                last.dropped = Some((first, dropped));
            }
            after = time;
        }
        last
    }
}

/// The last few of a reach of which nobody knows how much is due in it. From its end it is looked back ever further until there
/// are enough, and then nearer again: in a window that is open for hours there may be a great many more.
fn last_of(schedule: &Schedule, reach: Reach, keep: usize) -> VecDeque<WallTime> {
    let (mut from, mut too_few) = (reach.until - NEAR, reach.until);
    let mut back = NEAR;
    while from > reach.after && !holds(schedule, Reach { after: from, ..reach }, keep) {
        too_few = from;
        back *= 4;
        from = reach.until - back;
    }
    from = from.max(reach.after);
    while too_few.0.saturating_sub(from.0) > clock::micros(NEAR_ENOUGH) {
        let middle = WallTime(from.0.midpoint(too_few.0));
        if holds(schedule, Reach { after: middle, ..reach }, keep) {
            from = middle;
        } else {
            too_few = middle;
        }
    }
    Last::walk(schedule, Reach { after: from, ..reach }, keep).kept
}

/// Whether so many are due in a reach.
fn holds(schedule: &Schedule, reach: Reach, count: usize) -> bool {
    let mut after = reach.after;
    (0..count).all(|_| match next(schedule, after).filter(|time| *time <= reach.until) {
        Some(time) => {
            after = time;
            true
        }
        None => false,
    })
}

fn count(schedule: &Schedule, first: WallTime, until: WallTime) -> Count {
    let mut time = first;
    for counted in 1..=COUNTED_MAX {
        match next(schedule, time).filter(|time| *time <= until) {
            Some(next) => time = next,
            None => return Count::Exactly(counted),
        }
    }
    Count::MoreThan(COUNTED_MAX)
}

/// The next due time.
pub(super) fn next(schedule: &Schedule, after: WallTime) -> Option<WallTime> {
    schedule.next_after(timestamp(after)).map(wall)
}

/// Saturates where the years end that can be written.
pub(super) fn timestamp(time: WallTime) -> Timestamp {
    let least = if time.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(time.0).unwrap_or(least)
}

pub(super) fn wall(time: Timestamp) -> WallTime {
    WallTime(time.as_microsecond())
}

/// When a due time of now or before may begin: after a jitter, but before the window closes in which it may.
pub(super) fn jitter_max(schedule: &Schedule, begin: WallTime, jitter: Duration) -> Duration {
    let Some(closing) = schedule.closing(timestamp(begin)) else {
        return jitter;
    };
    let rest = wall(closing).0.saturating_sub(begin.0).saturating_sub(1);
    jitter.min(Duration::from_micros(u64::try_from(rest).unwrap_or(0)))
}
