//! When a task is due next, with its zone, its part of the day and the sun.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use minder_core::agenda::{DayTime, Due, Moment, Phase, Window};

use crate::cron::Cron;
use crate::face::Face;
use crate::text::{self, Misread, Once};
use crate::window::{self, Sight};
use crate::zone;

/// Intervals up to here go by what the clock shows as it goes; longer ones are times of the day, done once where summer time
/// begins or ends. Summer time is seldom more than an hour, so no pause is longer than the interval and an hour.
const FLOWING_MAX: Duration = Duration::from_secs(3600);
/// After so many due times in a row at which the window is closed nobody looks further: some years of one a day.
const CLOSED_MAX: u32 = 1500;
/// How many days are looked at for one on which the sun does what it must: more than a polar night lasts.
const DAYS_MAX: u32 = 400;

/// The due times of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    times: Times,
    between: Option<Window>,
    sight: Sight,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Times {
    /// Only the asked-for, and those of the monotonic clock, of which this knows nothing.
    Unplanned,
    Cron(Cron),
    Aligned(Aligned),
    Moments(Vec<Planned>),
    Paces(Paces),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Planned {
    Daily(DayTime),
    Once(Timestamp),
    /// Its date was left out by the zone.
    Never,
}

impl Schedule {
    /// The times of a [`Due`], in the part of the day in which it may begin. [`Due::OnDemand`] and [`Phase::Free`] have none:
    /// for those see [`Schedule::paces`].
    ///
    /// # Errors
    /// When an expression, a date or an interval cannot be read.
    pub fn new(due: &Due, between: Option<Window>, sight: Sight) -> Result<Self, Misread> {
        let times = match due {
            Due::OnDemand | Due::Every { phase: Phase::Free, .. } => Times::Unplanned,
            Due::Every { interval, phase: Phase::Aligned(later) } => {
                Times::Aligned(Aligned { interval: micros(*interval)?, later: micros_or_none(*later)? })
            }
            Due::Cron(expression) => Times::Cron(Cron::parse(expression)?),
            Due::At(moments) => Times::Moments(
                moments.iter().map(|moment| planned(moment, &sight)).collect::<Result<_, _>>()?,
            ),
        };
        Ok(Self { times, between, sight })
    }

    /// The times of an interval from a moment on, that one left out, whatever any clock shows.
    ///
    /// # Errors
    /// When the interval is less than a millisecond or more than 10,000 years.
    pub fn paces(
        interval: Duration,
        from: Timestamp,
        between: Option<Window>,
        sight: Sight,
    ) -> Result<Self, Misread> {
        let times = Times::Paces(Paces { interval: micros(interval)?, from: from.as_microsecond() });
        Ok(Self { times, between, sight })
    }

    /// Lets the paces of [`Schedule::paces`] go on from another moment, that one left out. It means nothing to other times.
    pub fn pace_from(&mut self, from: Timestamp) {
        if let Times::Paces(paces) = &mut self.times {
            paces.from = from.as_microsecond();
        }
    }

    /// The first due time that is later than this, in whole microseconds. `None`: there is none, or none that can be foreseen.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut after = after;
        for _ in 0..CLOSED_MAX {
            let time = self.next_of_all(after)?;
            let Some(window) = &self.between else {
                return Some(time);
            };
            if window::within(window, time, &self.sight) {
                return Some(time);
            }
            let opening = window::next_opening(window, time, &self.sight)?;
            after = Timestamp::from_nanosecond(opening.as_nanosecond() - 1).ok()?;
        }
        None
    }

    /// Whether it may begin now.
    pub fn within(&self, at: Timestamp) -> bool {
        self.between.as_ref().is_none_or(|window| window::within(window, at, &self.sight))
    }

    /// The moment from which on it may not begin any more, if now it may and there is one.
    pub fn closing(&self, at: Timestamp) -> Option<Timestamp> {
        window::open_at(self.between.as_ref()?, at, &self.sight).map(|open| open.end)
    }

    /// The next moment at which the part of the day in which it may begin does.
    pub fn opening(&self, after: Timestamp) -> Option<Timestamp> {
        window::next_opening(self.between.as_ref()?, after, &self.sight)
    }

    /// Whether the window is open or not.
    fn next_of_all(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.times {
            Times::Unplanned => None,
            Times::Cron(cron) => cron.next_after(after, &self.sight.zone),
            Times::Aligned(aligned) if aligned.interval <= FLOWING_MICROS => {
                aligned.next_flowing(after, &self.sight.zone)
            }
            Times::Aligned(aligned) => aligned.next_fixed(after, &self.sight.zone),
            Times::Moments(moments) => {
                moments.iter().filter_map(|moment| moment.next_after(after, &self.sight)).min()
            }
            Times::Paces(paces) => paces.next_after(after),
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "an hour fits")]
const FLOWING_MICROS: i64 = FLOWING_MAX.as_micros() as i64;

fn micros(interval: Duration) -> Result<i64, Misread> {
    let found = || Misread::new(&format!("{interval:?}"), "an interval of a millisecond or more");
    micros_or_none(interval).ok().filter(|micros| *micros >= 1000).ok_or_else(found)
}

fn micros_or_none(interval: Duration) -> Result<i64, Misread> {
    let found = || Misread::new(&format!("{interval:?}"), "an interval of less than 10,000 years");
    let most = Timestamp::MAX.as_microsecond();
    i64::try_from(interval.as_micros()).ok().filter(|micros| *micros < most).ok_or_else(found)
}

fn planned(moment: &Moment, sight: &Sight) -> Result<Planned, Misread> {
    let once = match moment {
        Moment::Daily(time) => return Ok(Planned::Daily(*time)),
        Moment::Once(once) => once,
    };
    let whole = |time: Timestamp| Timestamp::from_microsecond(time.as_microsecond()).ok();
    let planned = |time: Option<Timestamp>| time.and_then(whole).map_or(Planned::Never, Planned::Once);
    match text::once(once) {
        Some(Once::Exact(time)) => Ok(planned(Some(time))),
        Some(Once::Shown(shown)) => Ok(planned(zone::when(shown, &sight.zone))),
        None => Err(Misread::new(once, r#"a date and time such as "2027-03-01T06:30""#)),
    }
}

impl Planned {
    fn next_after(&self, after: Timestamp, sight: &Sight) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Once(time) => (*time > after).then_some(*time),
            Self::Daily(time) => {
                // Some hours after the sunset of the day before yesterday can still be to come.
                let mut date = sight.date(after).yesterday().and_then(Date::yesterday).ok()?;
                for _ in 0..DAYS_MAX {
                    match sight.when(date, time) {
                        Some(time) if time > after => return Some(time),
                        Some(_) | None => date = date.tomorrow().ok()?,
                    }
                }
                None
            }
        }
    }
}

/// Multiples of an interval since midnight of 1970 by the clock's face, and so much later. In microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Aligned {
    interval: i64,
    later: i64,
}

impl Face for Aligned {
    fn next_shown(&self, from: DateTime) -> Option<DateTime> {
        // The face is reckoned with as if it were that of UTC, which shows everything once.
        let nanoseconds = Offset::UTC.to_timestamp(from).ok()?.as_nanosecond();
        let from = i64::try_from(-(-nanoseconds).div_euclid(1000)).ok()?;
        let behind = (from - self.later).rem_euclid(self.interval);
        let shown = if behind == 0 { from } else { from.checked_add(self.interval - behind)? };
        Some(Offset::UTC.to_datetime(Timestamp::from_microsecond(shown).ok()?))
    }
}

/// Multiples of an interval from a moment on. In microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Paces {
    interval: i64,
    from: i64,
}

impl Paces {
    fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let done = (after.as_nanosecond().div_euclid(1000) - i128::from(self.from)).max(0)
            / i128::from(self.interval);
        let next = i128::from(self.from) + (done + 1) * i128::from(self.interval);
        Timestamp::from_microsecond(i64::try_from(next).ok()?).ok()
    }
}

#[cfg(test)]
mod tests;
